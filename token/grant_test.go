package token

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stagedoor/stagedoor"
)

func TestTheRequestIsWhatTheProviderAsksFor(t *testing.T) {
	const id, secret = "client 1:x", "p+s/w=" + goodSecret
	for name, test := range map[string]struct {
		request stagedoor.TokenRequest
		form    string
		query   string
		header  bool
	}{
		"renamed":        {stagedoor.TokenRequest{GrantParam: "grant"}, "account_id=account%2F1&grant=account_credentials", "", true},
		"renamed, query": {stagedoor.TokenRequest{GrantParam: "grant", In: "query"}, "", "tenant=7&account_id=account%2F1&grant=account_credentials", true},
		"renamed, body":  {stagedoor.TokenRequest{GrantParam: "grant", Auth: "body"}, "account_id=account%2F1&client_id=client+1%3Ax&client_secret=" + url.QueryEscape(secret) + "&grant=account_credentials", "", false},
		"get":            {stagedoor.TokenRequest{Method: "GET", In: "query"}, "", "tenant=7&account_id=account%2F1&grant_type=account_credentials", true},

		"form, header": {stagedoor.TokenRequest{}, "account_id=account%2F1&grant_type=account_credentials", "", true},
		"by name":      {stagedoor.TokenRequest{In: "form", Auth: "header"}, "account_id=account%2F1&grant_type=account_credentials", "", true},
		"query":        {stagedoor.TokenRequest{In: "query"}, "", "tenant=7&account_id=account%2F1&grant_type=account_credentials", true},
		"body":         {stagedoor.TokenRequest{Auth: "body"}, "account_id=account%2F1&client_id=client+1%3Ax&client_secret=" + url.QueryEscape(secret) + "&grant_type=account_credentials", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			e := &endpoint{trouble: func(int, *http.Request) (*http.Response, error) {
				return reply(200, `{"access_token":"token-1","expires_in":3600}`), nil
			}}
			s := open(t, e, func(c *Config) {
				test.request.Grant, test.request.Params = c.Provider.Token.Grant, c.Provider.Token.Params
				c.Provider.Token = test.request
				c.Credential = acme(secret)
				c.Credential.ClientID, c.Credential.AccountID = id, "account/1"
				if test.query != "" {
					c.Credential.TokenURL = "https://zoom.us/oauth/token?tenant=7"
				}
			})
			get(t, s)
			req := e.requests[0]
			form, err := io.ReadAll(req.Body)
			if err != nil {
				t.Fatal(err)
			}
			method := test.request.Method
			if method == "" {
				method = "POST"
			}
			if req.Method != method || req.ContentLength != int64(len(form)) || (req.Header.Get("Content-Type") == "") != (test.form == "") {
				t.Error("method, length or type of the body are not what the provider asks for")
			}
			if string(form) != test.form || req.URL.RawQuery != test.query {
				t.Error("form or query are not what the provider asks for")
			}
			// RFC 6749 section 2.3.1: both are form-encoded before Basic joins them.
			user, password, ok := req.BasicAuth()
			if ok != test.header || ok && (user != url.QueryEscape(id) || password != url.QueryEscape(secret)) {
				t.Error("id and secret are not where the provider wants them")
			}
			if strings.Contains(req.URL.String(), goodSecret) {
				t.Error("the secret stands in the URL")
			}
		})
	}
}

func TestTheCredentialsAPIURLWins(t *testing.T) {
	for given, want := range map[string]string{
		"https://eu.zoom.us": "https://eu.zoom.us", "https://eu.zoom.us/v2": "https://eu.zoom.us", "https://eu.zoom.us/v2/": "https://eu.zoom.us",
		"https://eu.zoom.us/proxy/v2": "https://eu.zoom.us/proxy", "": "https://api.zoom.us",
	} {
		s := open(t, &endpoint{}, func(c *Config) { c.Credential.APIURL = given })
		got, err := s.Get(t.Context(), 0)
		if err != nil || got.APIURL != want || s.State().APIURL != want {
			t.Errorf("API URL %q became %q, want %q; error %v", given, got.APIURL, want, err)
		}
	}
}

func TestHosts(t *testing.T) {
	list := hostList{patterns: []string{"zoom.us", "*.zoom.us"}, extra: []string{"proxy.example.com", "127.0.0.1:8700", "[::1]:9", "[fd00::1]"}}
	for address, allowed := range map[string]bool{
		"https://zoom.us/": true, "https://API.Zoom.US./v2": true, "https://a.b.zoom.us": true, "https://zoom.us:443": true,
		"https://xzoom.us": false, "https://zoom.us.evil.com": false, "https://.zoom.us": false, "http://zoom.us": false, "https://zoom.us:444": false,
		"https://me@zoom.us": false, "ftp://zoom.us": false, "https://": false, "https://evil.com/zoom.us": false,
		"http://proxy.example.com": true, "https://proxy.example.com:1234": true, "https://sub.proxy.example.com": false,
		"http://127.0.0.1:8700": true, "http://127.0.0.1:8701": false, "http://127.0.0.1": false, "http://localhost:8700": false,
		"http://[::1]:9": true, "http://[::1]:10": false, "https://[fd00::1]/": true,
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if err := list.check(u); (err == nil) != allowed {
			t.Errorf("%s: got %v, want allowed to be %t", address, err, allowed)
		}
	}
}

func TestNothingThatIsToldHoldsASecret(t *testing.T) {
	e, told := &endpoint{}, &journal{}
	s := open(t, e, func(c *Config) { c.Credential, c.Notify = acme(newSecret, goodSecret), told.add })
	token, err := s.Get(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	e.setTrouble(refuseAll)
	if _, err := s.Mint(t.Context()); err == nil {
		t.Fatal("no refusal")
	}
	state := s.State()
	if state.Failure == nil || state.FailedAt.IsZero() || state.Token != stagedoor.TokenFresh || len(state.Scopes) != 2 {
		t.Error("the state lacks the failure, the token's state or its scopes")
	}
	written, err := json.Marshal(state)
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("%+v %#v %s %+v %+v", told.events, state, written, state.Failure, token)
	for _, e := range told.events {
		text += fmt.Sprintf(" %+v %+v", e, e.Err)
		if e.At.IsZero() || time.Since(e.At) > time.Minute {
			t.Errorf("event %s has no time", e.Kind)
		}
	}
	if len(told.events) < 3 {
		t.Errorf("%d events told, want three at least", len(told.events))
	}
	mustNotHold(t, text, goodSecret, newSecret)
}

// Package token is public: who imports it gets golang.org/x/oauth2 and the
// nouns, and nothing that those who only want a token would have to audit.
func TestDependencies(t *testing.T) {
	list, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	const module = "github.com/stagedoor/stagedoor"
	paths := strings.Fields(string(list))
	if len(paths) < 3 {
		t.Fatalf("go list names only %q", paths)
	}
	for _, path := range paths {
		if path != module && path != module+"/token" && path != "golang.org/x/oauth2" && !strings.HasPrefix(path, "golang.org/x/oauth2/") {
			t.Errorf("package token depends on %s", path)
		}
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{trouble: func(n int, _ *http.Request) (*http.Response, error) {
			if n > 1 {
				return nil, nil
			}
			resp := reply(429, `{"reason":"slow down","error":"rate_limited"}`)
			resp.Header.Set("Retry-After", "4")
			return resp, nil
		}}
		s := open(t, e)
		began := time.Now()
		get(t, s)
		if took := time.Since(began); took != 4*time.Second {
			t.Errorf("asked again after %s, want 4s", took)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{trouble: func(int, *http.Request) (*http.Response, error) {
			resp := reply(429, "")
			resp.Header.Set("Retry-After", "3600")
			return resp, nil
		}}
		s := open(t, e)
		for range 10 {
			_, err := s.Get(t.Context(), 0)
			if got := refusal(t, err, stagedoor.KindRateLimited); time.Until(got.RetryAt) != time.Hour {
				t.Errorf("may work again in %s, want 1h", time.Until(got.RetryAt))
			}
		}
		if e.asked() != 1 {
			t.Errorf("%d requests, want 1", e.asked())
		}
	})
}

func TestFailuresThatPassAreRetriedInsideOneMint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{trouble: failAll}
		s := open(t, e)
		_, err := s.Mint(t.Context())
		refusal(t, err, stagedoor.KindUnavailable)
		if e.asked() != tries {
			t.Errorf("%d requests for one mint, want %d", e.asked(), tries)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{latency: time.Hour}
		s := open(t, e)
		began := time.Now()
		_, err := s.Mint(t.Context())
		refusal(t, err, stagedoor.KindNetwork)
		if took := time.Since(began); took > leaseFor {
			t.Errorf("an endpoint that hangs held a mint for %s, longer than a lease", took)
		}
	})
}

func TestSecretRotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, told := &endpoint{}, &journal{}
		s := open(t, e, func(c *Config) { c.Credential, c.Notify = acme(newSecret, goodSecret), told.add })
		get(t, s)
		if e.asked() != 2 || len(told.of(EventSecretOld)) != 1 || len(told.of(EventSecretProven)) != 0 {
			t.Errorf("%d requests, old secret told %d times; want 2 and once", e.asked(), len(told.of(EventSecretOld)))
		}
		e.secret = newSecret
		for range 2 {
			if _, err := s.Mint(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if e.asked() != 4 || len(told.of(EventSecretProven)) != 1 {
			t.Errorf("%d requests, new secret told %d times; want 4 and once", e.asked(), len(told.of(EventSecretProven)))
		}
		e.secret = goodSecret
		_, err := s.Mint(t.Context())
		refusal(t, err, stagedoor.KindInvalidClient)
		if e.asked() != 5 {
			t.Error("the old secret was tried after the new one had worked")
		}
	})
}
