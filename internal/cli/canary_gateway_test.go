package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor/zoomsim"
)

// playGateway runs the daemon at log level debug and asks it all that callers,
// operators and others ask, with all that can go wrong. Kept, to be searched, are
// its log, its answers, and what the commands print; the database with the audit
// is searched with all files. An answer that holds a token on purpose is not kept.
func (s *stage) playGateway() {
	s.t.Helper()
	s.play(0, "credential", "edit", "acme", "--api-url", s.info.APIURL)
	reports := s.guestOf("caller", "add", "reports", "--credential", "acme", "--allow", "GET /report/**", "--allow", "GET /users/*", "--json")
	handed := s.guestOf("caller", "add", "handed", "--credential", "acme", "--allow-token", "--json")
	rotated := s.guestOf("caller", "rotate-secret", "reports", "--json")
	operator := strings.TrimSpace(s.run(append([]string{"operator", "token", "checks", "--role", "admin"}, s.flags...)...).stdout)
	s.secret("an operator's token", operator)
	wrong := "wR0ng-secret-of-a-caller-0123456789abcdef"
	s.secret("a caller's wrong secret", wrong)

	d := s.serve(s.at(), s.flags...)
	api := d.url + "/to/acme"
	bearer := func(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }
	grant := url.Values{"grant_type": {"client_credentials"}}

	// Tokens by the ways there are, and refusals of them.
	token := s.tokenOf(d, reports.ClientID, rotated.ClientSecret)
	s.tokenOf(d, reports.ClientID, reports.ClientSecret) // two live
	raw := s.tokenOf(d, handed.ClientID, handed.ClientSecret)
	basic := func(secret string) http.Header {
		r := http.Request{Header: http.Header{}}
		r.SetBasicAuth(reports.ClientID, secret)
		return r.Header
	}
	s.ask(400, d.url+"/oauth/token", basic(rotated.ClientSecret), url.Values{"grant_type": {"password"}, "password": {rotated.ClientSecret}})
	s.ask(401, d.url+"/oauth/token", basic(wrong), grant)
	s.ask(401, d.url+"/oauth/token", nil, url.Values{"grant_type": {"client_credentials"}, "client_id": {reports.ClientID}, "client_secret": {wrong}})
	s.ask(0, d.url+"/oauth/token?client_id="+reports.ClientID+"&client_secret="+rotated.ClientSecret, nil, grant)
	s.ask(401, d.url+"/oauth/token", nil, url.Values{
		"grant_type": {"client_credentials"}, "client_assertion": {rotated.ClientSecret + "." + token},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
	})

	// Calls that are let through and calls that are not.
	s.ask(200, api+"/v2/users/me", bearer(token), nil)
	s.ask(404, api+"/v2/users/nobody@example.com", bearer(token), nil)
	s.ask(403, api+"/v2/groups", bearer(token), nil)
	s.ask(400, api+"/v2/report/../users", bearer(token), nil)
	s.ask(401, api+"/v2/users/me", bearer(token+"x"), nil)
	s.ask(401, api+"/v2/users/me", bearer(wrong), nil)
	s.ask(401, api+"/v2/users/me", bearer(rotated.ClientSecret), nil)
	s.ask(401, api+"/v2/users/me", basic(rotated.ClientSecret), nil)
	s.ask(0, api+"/v2/users/me?access_token="+token, bearer(token), nil)
	s.ask(401, api+"/v2/users/me?access_token="+token, nil, nil)
	s.ask(200, api+"/openapi.json", bearer(token), nil)
	s.ask(403, api+"/-/token", bearer(token), nil)
	s.ask(0, api+"/-/download?url="+url.QueryEscape("https://example.com/x?access_token="+token), bearer(token), nil)

	// The provider's token, to the one who may have it: nothing of it is kept but in
	// the daemon's own writings.
	r, err := s.send(api+"/-/token", bearer(raw), nil)
	if err != nil || r.StatusCode != http.StatusOK {
		s.t.Errorf("-/token: %v %v", r, err)
	} else {
		r.Body.Close()
	}

	// Zoom fails in the ways that make a gateway speak: a token that is dead, an app
	// that is off, a token endpoint that is down, and one that answers with what it
	// was sent.
	faults := []zoomsim.Fault{{Kind: zoomsim.TokenRevoked}, {Kind: zoomsim.HTML503, Count: 2}, {Kind: zoomsim.Reset, Count: 2}}
	if err := s.sim.AddFaults(faults...); err != nil {
		s.t.Fatal(err)
	}
	for range 4 {
		s.ask(0, api+"/v2/users/me", bearer(token), nil)
	}
	inactive, active := false, true
	s.sim.SetCredential(zoomsim.CredentialChange{Active: &inactive})
	s.ask(502, api+"/v2/users/me", bearer(token), nil)
	s.sim.SetCredential(zoomsim.CredentialChange{Active: &active})
	root := strings.TrimSuffix(s.info.APIURL, "/v2")
	for _, form := range []string{"json", "html"} {
		name := "echo-" + form
		s.play(0, append(append([]string{"credential", "add", name, "--no-check", "--client-secret-file", s.give("echo.txt", s.info.ClientSecret)}, s.atSim()...),
			"--token-url", root+"/echo/"+form)...)
		g := s.guestOf("caller", "add", "on-"+name, "--credential", name, "--allow", "GET /users/*", "--json")
		s.waitUntil(func() bool { return s.granted(d, g.ClientID, g.ClientSecret) != "" }) // the daemon learns of it within a second
		s.ask(502, d.url+"/to/"+name+"/v2/users/me", bearer(s.tokenOf(d, g.ClientID, g.ClientSecret)), nil)
	}

	// What operators see.
	for _, path := range []string{"/metrics", "/debug", "/healthz", "/readyz", "/.well-known/oauth-authorization-server"} {
		s.ask(200, d.url+path, bearer(operator), nil)
	}
	s.ask(401, d.url+"/metrics", bearer(operator+"x"), nil)
	s.ask(0, d.url+"/metrics", bearer(token), nil)
	s.ask(0, d.url+"/debug?token="+operator, nil, nil)
	s.ask(200, d.url+"/oauth/introspect", bearer(operator), url.Values{"token": {token}})
	s.ask(200, d.url+"/oauth/introspect", bearer(operator), url.Values{"token": {rotated.ClientSecret}})
	s.ask(401, d.url+"/oauth/introspect", bearer(token), url.Values{"token": {token}})
	s.ask(200, d.url+"/oauth/revoke", basic(rotated.ClientSecret), url.Values{"token": {token}})
	s.ask(401, api+"/v2/users/me", bearer(token), nil)

	s.files("while the daemon runs")
	s.play(0, "caller", "show", "reports", "--json")
	s.play(0, "caller", "list")
	s.play(0, "salesforce", "scaffold", "sfdx", "--caller", "reports", "--url", "https://stagedoor.example.com")
	s.play(0, "caller", "revoke", "reports", "--yes")
	s.play(0, "operator", "token", "list", "--json")
	s.play(0, "audit", "--json")
	s.play(0, "audit", "verify")
	s.play(0, "audit", "head")
	d.stop()
	s.written["the log of the daemon"] = []byte(d.said())
	if !strings.Contains(d.said(), "level=DEBUG") && !strings.Contains(d.said(), `"level":"DEBUG"`) {
		s.t.Error("the daemon logged nothing at level debug, so nothing is proven of its log")
	}
}

// guestOf runs a command that shows a caller's secret on purpose, once.
func (s *stage) guestOf(args ...string) (g guest) {
	s.t.Helper()
	r := s.run(append(args, s.flags...)...)
	if err := json.Unmarshal([]byte(r.stdout), &g); err != nil || r.status != 0 || g.ClientSecret == "" {
		s.t.Fatalf("%v: exit status %d, %v\n%s", args, r.status, err, r.stderr)
	}
	s.secret("a caller's secret", g.ClientSecret)
	s.keep(strings.Join(args[:3], " "), r, false)
	return g
}

// tokenOf is a caller's access token, which is noted as a secret.
func (s *stage) tokenOf(d *daemon, id, secret string) string {
	s.t.Helper()
	token := s.granted(d, id, secret)
	if token == "" {
		s.t.Fatal("the daemon granted no token")
	}
	return token
}

func (s *stage) granted(d *daemon, id, secret string) string {
	answer, err := s.send(d.url+"/oauth/token", nil, url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret}})
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	var granted struct {
		AccessToken string `json:"access_token"`
	}
	_ = json.NewDecoder(answer.Body).Decode(&granted)
	s.secret("a caller's token", granted.AccessToken)
	return granted.AccessToken
}

// ask sends a request (a form makes it a POST), asserts the status unless it is 0,
// and keeps the answer.
func (s *stage) ask(status int, address string, header http.Header, form url.Values) {
	s.t.Helper()
	answer, err := s.send(address, header, form)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := httputil.DumpResponse(answer, true)
	if err != nil {
		s.t.Fatal(err)
	}
	u, _ := url.Parse(address)
	s.written["answer "+answer.Status+" to "+u.Path+" of request "+fmt.Sprint(len(s.written))] = text
	if status != 0 && answer.StatusCode != status {
		s.t.Errorf("%s: status %d, want %d\n%s", u.Path, answer.StatusCode, status, text)
	}
}

// waitUntil looks again and again until something is so.
func (s *stage) waitUntil(so func() bool) {
	s.t.Helper()
	for end := time.Now().Add(time.Minute); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatal("a minute has passed, and it is not so")
		}
	}
}

func (s *stage) send(address string, header http.Header, form url.Values) (*http.Response, error) {
	method, body := http.MethodGet, io.Reader(nil)
	if form != nil {
		method, body = http.MethodPost, bytes.NewReader([]byte(form.Encode()))
	}
	r, err := http.NewRequest(method, address, body)
	if err != nil {
		return nil, err
	}
	for name, values := range header {
		r.Header[name] = values
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return http.DefaultTransport.RoundTrip(r) // which follows no redirect
}
