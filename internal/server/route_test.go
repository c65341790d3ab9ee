package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// isProblem holds an answer to the form of our problem documents.
func isProblem(t *testing.T, what string, a got, status int) {
	t.Helper()
	var document struct {
		Title, Detail, Kind string
		Status              int
	}
	if err := json.Unmarshal([]byte(a.body), &document); err != nil || a.StatusCode != status || document.Status != status ||
		a.Header.Get("Content-Type") != "application/problem+json" || document.Title == "" || document.Kind == "" {
		t.Errorf("%s: want a problem document of %d, got %s %v %s", what, status, a.Status, a.Header, a.body)
	}
	if a.Header.Get("Location") != "" {
		t.Errorf("%s: it redirects", what)
	}
}

// hasOwnHeaders holds an answer of our own to what keeps browsers from making
// anything of it.
func hasOwnHeaders(t *testing.T, what string, a got) {
	t.Helper()
	for name, value := range map[string]string{
		"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
		"Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	} {
		if a.Header.Get(name) != value {
			t.Errorf("%s: %s is %q", what, name, a.Header.Get(name))
		}
	}
}

// TestRoutes asks every listener of every exposure for every path by every
// method, with and without an operator's token.
func TestRoutes(t *testing.T) {
	type door struct {
		name   string
		at     string
		narrow bool
	}
	all := newWorld(t, Options{})
	alone := newWorld(t, Options{Expose: ExposeGateway})
	both := newWorld(t, Options{Expose: ExposeGateway, OperatorListen: "127.0.0.1:0"})
	doors := []door{
		{"all", all.address(0), false},
		{"gateway", alone.address(0), true},
		{"gateway, public", both.address(0), true},
		{"gateway, operators", both.address(1), false},
	}
	open := map[string]string{ // by which part each is answered
		"/oauth/token": "oauth", "/.well-known/oauth-authorization-server": "oauth", "/healthz": "ok", "/readyz": "ok",
		"/to/acme/v2/users": "gateway", "/to/": "gateway", "/to/acme/v2/../../../debug": "gateway", "/to//oauth/token": "gateway",
	}
	operators := map[string]string{"/oauth/revoke": "oauth", "/oauth/introspect": "oauth", "/metrics": "metrics", "/debug": "debug"}
	nowhere := []string{
		"/", "/to", "/debug/", "/debug/pprof/", "/metrics/", "//metrics", "/./metrics", "/x/../metrics", "/x/../debug", "/%6detrics", "/METRICS", "/Debug",
		"/healthz/", "//healthz", "/oauth", "/oauth/token/", "/oauth//token", "/oauth/./token", "/oauth/x/../introspect", "/oauth/%69ntrospect", "/.well-known/",
		"/.well-known/openid-configuration", "/favicon.ico", "/%74o/acme/v2/users", "/TO/acme/v2/users", "/x/../to/acme/v2/users", "//to/acme/v2/users",
		"/./to/acme/v2/users", "/\\to/acme", "/debug;x", "/metrics%00", "/debug%3Fformat=json",
	}
	methods := []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"}
	asked := 0
	for _, d := range doors {
		for _, method := range methods {
			reads := method == "GET" || method == "HEAD"
			ask := func(path string, headers ...string) (got, string) {
				asked++
				return raw(t, d.at, method+" "+path, headers...), d.name + ": " + method + " " + path
			}
			answers := func(path, part string, headers ...string) {
				a, what := ask(path, headers...)
				switch {
				case method != "HEAD" && a.StatusCode != 200,
					part == "oauth" && method != "HEAD" && !strings.HasPrefix(a.body, "part=oauth uri="+path+" "),
					part == "gateway" && method != "HEAD" && !strings.HasPrefix(a.body, "part=gateway uri="+path+" "),
					part == "ok" && method == "GET" && a.body != "ok\n":
					t.Errorf("%s: %s %s", what, a.Status, a.body)
				}
				if narrow := fmt.Sprintf(" narrow=%v ", d.narrow); strings.HasPrefix(a.body, "part=") && part != "metrics" && !strings.Contains(a.body, narrow) {
					t.Errorf("%s: not%sin %s", what, narrow, a.body)
				}
				if part != "gateway" {
					hasOwnHeaders(t, what, a)
				}
			}
			for path, part := range open {
				if part == "ok" && !reads {
					a, what := ask(path)
					isProblem(t, what, a, 405)
					if a.Header.Get("Allow") != "GET, HEAD" {
						t.Errorf("%s: Allow is %q", what, a.Header.Get("Allow"))
					}
					continue
				}
				answers(path, part)
			}
			for path, part := range operators {
				a, what := ask(path)
				guarded := part != "oauth" // that guards introspection by itself
				switch {
				case d.narrow && method != "HEAD":
					isProblem(t, what, a, 404)
				case d.narrow && a.StatusCode != 404, guarded && !d.narrow && a.StatusCode != 401:
					t.Errorf("%s: %s", what, a.Status)
				}
				hasOwnHeaders(t, what, a)
				a, what = ask(path, "Authorization: Bearer operator")
				switch {
				case d.narrow && a.StatusCode == 404:
				case !d.narrow && guarded && !reads:
					isProblem(t, what, a, 405)
				case d.narrow || a.StatusCode != 200 || guarded && part != "debug" && method == "GET" && !strings.HasPrefix(a.body, "part="+part):
					t.Errorf("%s: %s %s", what, a.Status, a.body)
				}
			}
			for _, path := range nowhere {
				a, what := ask(path, "Authorization: Bearer operator")
				if method != "HEAD" {
					isProblem(t, what, a, 404)
				} else if a.StatusCode != 404 {
					t.Errorf("%s: %s", what, a.Status)
				}
				hasOwnHeaders(t, what, a)
			}
			// Targets of other forms than a path.
			for _, target := range []string{"http://HOST/to/acme/v2/users", "http://user:s3cret@HOST/debug", "*"} {
				a, what := ask(target)
				if a.StatusCode != 400 {
					t.Errorf("%s: %s %s", what, a.Status, a.body)
				}
			}
		}
	}
	for _, w := range []*world{all, alone, both} {
		if strings.Contains(w.log.String(), "s3cret") {
			t.Error("a password of a target is in the log")
		}
	}
	t.Logf("%d requests", asked)
}

// TestUntouched holds that what is below /to/ reaches the gateway as it came, and
// is never answered by a redirect.
func TestUntouched(t *testing.T) {
	w := newWorld(t, Options{})
	for _, target := range []string{
		"/to/acme/v2/users/../me", "/to/acme//v2///users", "/to/acme/v2/%2e%2e/users", "/to/acme/v2/a%2Fb%252F", "/to/./acme/v2", "/to/acme/v2/users/.",
		"/to/acme/v2/users?x=%zz&y=a;b", "/to/acme/v2/%E2%82%AC/users?", "/to/../debug", "/to/%2e%2e/debug", "/to/acme/v2/users;v=1", "/to/acme\\v2",
	} {
		a := raw(t, w.address(0), "GET "+target)
		if !strings.HasPrefix(a.body, "part=gateway uri="+target+" ") || a.StatusCode != 200 || a.Header.Get("Location") != "" {
			t.Errorf("%s: %s %s", target, a.Status, a.body)
		}
	}
}

// TestHost holds that only names of the daemon are answered, so that no page can
// reach it by a name of its own.
func TestHost(t *testing.T) {
	at := func(o Options) string { return newWorld(t, o).address(0) }
	plain := at(Options{})
	named := at(Options{PublicURL: "https://gate.example.com:8443", AllowedHosts: []string{"other.example.com"}})
	_, port, _ := net.SplitHostPort(plain)
	everywhere := newWorld(t, Options{Listen: "0.0.0.0:0", BehindProxy: true})
	listed := newWorld(t, Options{Listen: "0.0.0.0:0", BehindProxy: true, PublicURL: "https://gate.example.com"})
	local := func(w *world) string {
		_, port, _ := net.SplitHostPort(w.address(0))
		return "127.0.0.1:" + port
	}
	for _, c := range []struct {
		at, host string
		ok       bool
	}{
		{plain, "127.0.0.1:" + port, true},
		{plain, "localhost", true},
		{plain, "LocalHost.:" + port, true},
		{plain, "[::1]:" + port, true},
		{plain, "evil.example", false},
		{plain, "127.0.0.1.evil.example", false},
		{plain, "localhost.evil.example", false},
		{plain, "10.0.0.5", false},
		{plain, "", false},
		{plain, "gate.example.com", false},
		{named, "gate.example.com", true},
		{named, "Gate.Example.com.:1", true},
		{named, "other.example.com:8700", true},
		{named, "sub.gate.example.com", false},
		{named, "evil.example", false},
		{local(everywhere), "evil.example", true}, // it can not know its name
		{local(everywhere), "10.0.0.5", true},
		{local(everywhere), "", false},
		{local(listed), "gate.example.com", true},
		{local(listed), "10.0.0.5:80", true}, // a load balancer that looks after its health
		{local(listed), "evil.example", false},
	} {
		for _, path := range []string{"/healthz", "/to/acme/v2/users", "/oauth/token", "/debug"} {
			a := raw(t, c.at, "GET "+path, "Host: "+c.host, "Authorization: Bearer operator")
			if c.ok && a.StatusCode != 200 {
				t.Errorf("Host %q: %s: %s %s", c.host, path, a.Status, a.body)
			}
			if !c.ok {
				isProblem(t, "Host "+c.host+": "+path, a, 421)
				hasOwnHeaders(t, "Host "+c.host, a)
				if !strings.Contains(a.body, "--allowed-host") {
					t.Errorf("it says no fix: %s", a.body)
				}
			}
		}
	}
}

// TestOrigin holds pages of other sites off what changes something.
func TestOrigin(t *testing.T) {
	w := newWorld(t, Options{})
	for _, c := range []struct {
		line   string
		header string
		status int
	}{
		{"POST /oauth/token", "X: y", 200}, // a program
		{"POST /oauth/token", "Origin: http://HOST", 200},
		{"POST /oauth/token", "Sec-Fetch-Site: same-origin", 200},
		{"POST /oauth/token", "Origin: https://evil.example", 403},
		{"POST /oauth/token", "Origin: null", 403},
		{"POST /oauth/token", "Sec-Fetch-Site: cross-site", 403},
		{"POST /oauth/introspect", "Sec-Fetch-Site: same-site", 403},
		{"POST /nowhere", "Origin: https://evil.example", 403},
		{"GET /healthz", "Origin: https://evil.example", 200},
	} {
		a := raw(t, w.address(0), c.line, c.header)
		if a.StatusCode != c.status || a.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s with %s: %s %s", c.line, c.header, a.Status, a.body)
		}
		if c.status == 403 {
			isProblem(t, c.line, a, 403)
		}
	}
}

// TestPanics holds that a defect is a problem document without what the panic
// said, that half an answer is not made a whole one, and that the daemon goes on.
func TestPanics(t *testing.T) {
	w := newWorld(t, Options{})
	for _, path := range []string{"/to/panic", "/to/error"} {
		a := raw(t, w.address(0), "GET "+path+"?key=s3cret")
		isProblem(t, path, a, 500)
		hasOwnHeaders(t, path, a)
		if strings.Contains(a.body, "s3cret") {
			t.Errorf("%s: %s", path, a.body)
		}
	}
	resp, err := http.Get(w.URL() + "/to/half")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, err := io.ReadAll(resp.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("half an answer looks like a whole one: %q %v", text, err)
	}
	if raw(t, w.address(0), "GET /healthz").StatusCode != 200 {
		t.Error("it does not go on")
	}
	log := w.log.String()
	for _, word := range []string{"a request met a defect", "panic=string", "index out of range", "world_test.go"} {
		if !strings.Contains(log, word) {
			t.Errorf("the log lacks %q:\n%s", word, log)
		}
	}
	if strings.Contains(log, "s3cret") {
		t.Errorf("the log shows what a panic said, or a query:\n%s", log)
	}
	if w.Running() != 0 {
		t.Errorf("%d requests are said to run", w.Running())
	}
}

// TestLargeHeaders holds headers to 64 KiB.
func TestLargeHeaders(t *testing.T) {
	w := newWorld(t, Options{})
	if a := raw(t, w.address(0), "GET /to/acme", "X: "+strings.Repeat("x", 60<<10)); a.StatusCode != 200 {
		t.Errorf("60 KiB: %s", a.Status)
	}
	if a := raw(t, w.address(0), "GET /to/acme", "X: "+strings.Repeat("x", 70<<10)); a.StatusCode != 431 {
		t.Errorf("70 KiB: %s", a.Status)
	}
}

// TestSlowSenders holds that nobody keeps a connection by sending little: neither
// of a header nor of a body of ours. What is relayed has its own times.
func TestSlowSenders(t *testing.T) {
	w := newWorld(t, Options{headerTime: 20 * time.Millisecond, bodyTime: 20 * time.Millisecond})
	for _, begun := range []string{"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX", ""} {
		conn := dial(t, w.address(0))
		if _, err := io.WriteString(conn, begun); err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(conn) // ends when the daemon closes it, or after a minute
		if err != nil || strings.Contains(string(text), "200") {
			t.Errorf("%q: %q %v", begun, text, err)
		}
	}
	conn := dial(t, w.address(0))
	if _, err := io.WriteString(conn, "POST /oauth/token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\ngrant"); err != nil {
		t.Fatal(err)
	}
	if a := read(t, conn, "POST"); a.StatusCode != http.StatusRequestTimeout {
		t.Errorf("a body that does not come: %s %s", a.Status, a.body)
	}
	conn = dial(t, w.address(0))
	if _, err := io.WriteString(conn, "POST /to/acme HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 10\r\n\r\nfirst"); err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond) // longer than our own bodies may take
	if _, err := io.WriteString(conn, "later"); err != nil {
		t.Fatal(err)
	}
	if a := read(t, conn, "POST"); a.StatusCode != 200 || !strings.Contains(a.body, "body=firstlater") {
		t.Errorf("a body that is relayed: %s %s", a.Status, a.body)
	}
}

// TestHealth holds what anybody may ask to saying nothing of the inside.
func TestHealth(t *testing.T) {
	w := newWorld(t, Options{})
	w.ready = errors.New("the disk at /secret/place is full")
	a := raw(t, w.address(0), "GET /readyz")
	isProblem(t, "/readyz", a, 503)
	if strings.Contains(a.body, "place") || !strings.Contains(w.log.String(), "/secret/place") {
		t.Errorf("the cause belongs in the log: %s", a.body)
	}
	if raw(t, w.address(0), "GET /healthz").StatusCode != 200 {
		t.Error("a daemon without its database is not dead")
	}
}
