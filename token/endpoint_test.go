package token

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// zoom is a provider as Zoom is one, cut down to what these tests need.
func zoom() stagedoor.Provider {
	return stagedoor.Provider{
		Name: "zoom", Title: "Zoom", Flow: "request",
		TokenURL: "https://zoom.us/oauth/token", APIURL: "https://api.zoom.us", APIBase: "/v2",
		Token: stagedoor.TokenRequest{Grant: "account_credentials", Params: map[string]string{"account_id": "{account_id}"}},
		Response: stagedoor.TokenResponse{
			AccessToken: []string{"access_token"}, TokenType: []string{"token_type"},
			ExpiresIn: []string{"expires_in", "expire_in"}, Scope: []string{"scope"}, APIURL: []string{"api_url"},
			Lifetime: time.Hour,
		},
		Hosts: []string{"zoom.us", "*.zoom.us"},
		Errors: []stagedoor.ErrorRule{
			{At: stagedoor.AtToken, Error: []string{"invalid_client"}, Kind: stagedoor.KindInvalidClient, Cause: "Zoom does not know this client id with this client secret.", Fix: "Copy both anew."},
			{At: stagedoor.AtToken, Error: []string{"invalid_request"}, Message: "(?i)^bad request$|account does not exist", Kind: stagedoor.KindAccountUnknown, Cause: "Zoom does not know this account id.", Fix: "Copy it anew."},
			{At: stagedoor.AtToken, Error: []string{"unsupported_grant_type"}, Kind: stagedoor.KindGrantUnsupported, Cause: "The app is not a Server-to-Server OAuth app.", Fix: "Make one."},
			{At: stagedoor.AtToken, Message: "app has been disabled", Kind: stagedoor.KindAppInactive, Cause: "The app is deactivated.", Fix: "Activate it."},
			{At: stagedoor.AtAPI, Code: []string{"4700", "4711"}, Message: `scopes:\s*\[(?P<scopes>[^\]]*)\]`, Kind: stagedoor.KindScopeMissing, Cause: "The scope {scopes} is missing.", Fix: "Add it."},
			{At: stagedoor.AtAPI, Status: []int{400, 401}, Code: []string{"124"}, Kind: stagedoor.KindTokenRejected, Cause: "The API refused the token.", Fix: "Nothing."},
			{At: stagedoor.AtAPI, Code: []string{"200"}, Kind: stagedoor.KindPlanTooSmall, Cause: "The plan does not include this.", Fix: "Upgrade."},
		},
	}
}

const (
	goodSecret = "0123456789abcdefABCDEF0123456789"
	newSecret  = "newer0123456789abcdefABCDEF01234"
)

func acme(secrets ...string) stagedoor.Credential {
	if len(secrets) == 0 {
		secrets = []string{goodSecret}
	}
	c := stagedoor.Credential{Slug: "acme", AccountID: "account-1", ClientID: "client-1"}
	for _, secret := range secrets {
		c.ClientSecrets = append(c.ClientSecrets, stagedoor.NewSecret(secret))
	}
	return c
}

// endpoint is a token endpoint in memory. Token n is "token-n".
type endpoint struct {
	mu       sync.Mutex
	lifetime time.Duration // default one hour
	latency  time.Duration
	secret   string                                                 // the one that works; default goodSecret
	trouble  func(n int, req *http.Request) (*http.Response, error) // if it answers, that is the answer; n counts from 1
	requests []*http.Request
	minted   []time.Time
}

func (e *endpoint) RoundTrip(req *http.Request) (*http.Response, error) {
	var form []byte
	if req.Body != nil {
		form, _ = io.ReadAll(req.Body)
		req.Body.Close()
	}
	seen := req.Clone(context.Background())
	seen.Body = io.NopCloser(strings.NewReader(string(form)))
	e.mu.Lock()
	e.requests = append(e.requests, seen)
	n, trouble, latency := len(e.requests), e.trouble, e.latency
	e.mu.Unlock()
	if latency > 0 && !sleep(req.Context(), latency) {
		return nil, req.Context().Err()
	}
	if trouble != nil {
		if resp, err := trouble(n, req); resp != nil || err != nil {
			return resp, err
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	works, lifetime := e.secret, e.lifetime
	if works == "" {
		works = goodSecret
	}
	if lifetime == 0 {
		lifetime = time.Hour
	}
	if _, secret, _ := req.BasicAuth(); secret != works {
		return reply(400, `{"reason":"Invalid client_id or client_secret","error":"invalid_client"}`), nil
	}
	e.minted = append(e.minted, time.Now())
	body, err := json.Marshal(map[string]any{
		"access_token": fmt.Sprintf("token-%d", len(e.minted)), "token_type": "bearer",
		"expires_in": lifetime.Seconds(), "scope": "user:read:admin report:read:admin", "api_url": "https://api.zoom.us",
	})
	return reply(200, string(body)), err
}

func (e *endpoint) setTrouble(trouble func(n int, req *http.Request) (*http.Response, error)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.trouble = trouble
}

func (e *endpoint) mints() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.minted)
}

func (e *endpoint) asked() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.requests)
}

func reply(status int, body string) *http.Response {
	return &http.Response{
		Status: http.StatusText(status), StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
}

func refuseAll(int, *http.Request) (*http.Response, error) {
	return reply(400, `{"reason":"Invalid client_id or client_secret","error":"invalid_client"}`), nil
}

func failAll(int, *http.Request) (*http.Response, error) {
	return reply(503, "<html>maintenance</html>"), nil
}

func down(int, *http.Request) (*http.Response, error) {
	return nil, errors.New("broken, and I repeat what you sent: " + goodSecret)
}

// journal collects events.
type journal struct {
	mu     sync.Mutex
	events []Event
}

func (j *journal) add(e Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.events = append(j.events, e)
}

func (j *journal) of(kind EventKind) []Event {
	j.mu.Lock()
	defer j.mu.Unlock()
	var found []Event
	for _, e := range j.events {
		if e.Kind == kind {
			found = append(found, e)
		}
	}
	return found
}

// open makes a Source over the endpoint, which ends with the test.
func open(t testing.TB, e http.RoundTripper, change ...func(*Config)) *Source {
	t.Helper()
	c := Config{Provider: zoom(), Credential: acme(), HTTP: e}
	for _, f := range change {
		f(&c)
	}
	s, err := NewSource(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// get wants a token and returns it as text.
func get(t testing.TB, s *Source) string {
	t.Helper()
	got, err := s.Get(t.Context(), 0)
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	return got.Value.Reveal()
}

// refusal wants a *stagedoor.Error of the kind and returns it.
func refusal(t testing.TB, err error, kind stagedoor.Kind) *stagedoor.Error {
	t.Helper()
	e, ok := errors.AsType[*stagedoor.Error](err)
	if !ok || e.Kind != kind {
		t.Fatalf("got error %v of kind %s, want kind %s", err, stagedoor.KindOf(err), kind)
	}
	return e
}
