package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
)

func TestWhoMayCome(t *testing.T) {
	w := newWorld(t, func(rw http.ResponseWriter, _ *http.Request) { io.WriteString(rw, "through") }, nil)
	for _, test := range []struct {
		authorization []string
		path          string
		status        int
		challenge     string
	}{
		{nil, "/to/acme/v2/x", 401, `Bearer realm="stagedoor"`},
		{[]string{"Basic Zm9vOmJhcg=="}, "/to/acme/v2/x", 401, `Bearer realm="stagedoor"`},
		{[]string{"Bearer"}, "/to/acme/v2/x", 401, `Bearer realm="stagedoor"`},
		{[]string{"Bearer wrong"}, "/to/acme/v2/x", 401, `error="invalid_token"`},
		{[]string{"Bearer wrong"}, "/to/nobody/v2/x", 401, `error="invalid_token"`},
		{[]string{"Bearer a", "Bearer b"}, "/to/acme/v2/x", 400, `error="invalid_request"`},
		{[]string{"bearer " + callersToken}, "/to/acme/v2/x", 200, ""},
		{[]string{"Bearer " + callersToken}, "/to/other/v2/x", 404, ""},
		{[]string{"Bearer " + callersToken}, "/to/ACME/v2/x", 404, ""},
		{[]string{"Bearer " + callersToken}, "/to/%61cme/v2/x", 404, ""},
		{[]string{"Bearer " + callersToken}, "/to/acme", 404, ""},
		{[]string{"Bearer " + callersToken}, "/to/", 404, ""},
		{[]string{"Bearer " + callersToken}, "/to/acme/", 404, ""},
		{[]string{"Bearer " + callersToken}, "/to/acme/-/other", 404, ""},
		{[]string{"Bearer " + callersToken}, "/to/acme/v2/secret", 403, ""},
		{[]string{"Bearer " + callersToken}, "/to/acme/v2/x?access_token=abc", 400, ""},
		{[]string{"Bearer " + callersToken}, "/to/acme/v2/x?a=b&Access%5FToken=abc", 400, ""},
		{[]string{"Bearer " + callersToken}, "/other", 418, ""},
	} {
		r := w.request("GET", test.path, nil)
		delete(r.Header, "Authorization")
		if test.authorization != nil {
			r.Header["Authorization"] = test.authorization
		}
		a := w.do(r)
		if challenge := a.Header.Get("WWW-Authenticate"); a.StatusCode != test.status || !strings.Contains(challenge, test.challenge) || (test.challenge == "") != (challenge == "") {
			t.Errorf("%v %s: %d %q %s", test.authorization, test.path, a.StatusCode, challenge, a.body)
		}
		if test.status >= 400 && test.status != 418 && a.problem.Kind == "" {
			t.Errorf("%v %s: no problem document: %s", test.authorization, test.path, a.body)
		}
	}
	// What is somebody else's looks like what is not there.
	if one, other := w.get("/to/other/v2/x").body, w.get("/to/nobody-has-this/v2/x").body; one != other {
		t.Errorf("%s\n%s", one, other)
	}
	// Each says on what it failed, and where the caller's own paths are.
	for path, says := range map[string][]string{
		"/to/other/v2/x":     {"This caller's paths start with /to/acme/: /to/acme/v2/users/me."},
		"/to/acme":           {"This caller's paths start with /to/acme/: /to/acme/v2/users/me."},
		"/to/acme/x":         {"/x: all operations lie below /v2/"},
		"/to/acme/v2/secret": {"GET /secret: "},
	} {
		if a := w.get(path); !holds(a.problem.Detail+" "+a.problem.Fix, says...) || !holds(a.problem.Message, says...) {
			t.Errorf("%s: %s", path, a.body)
		}
	}
	for _, method := range []string{"TRACE", "get", "PROPFIND"} {
		c := dial(t, w.plain())
		fmt.Fprintf(c, "%s /to/acme/v2/x HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", method, callersToken)
		if resp := c.response(t, method); resp.StatusCode != 405 {
			t.Errorf("%s: %d", method, resp.StatusCode)
		}
	}
	r := "GET /to/acme/v2/x HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + callersToken + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
	c := dial(t, w.plain())
	io.WriteString(c, r)
	if resp := c.response(t, "GET"); resp.StatusCode != 501 {
		t.Errorf("websocket: %d", resp.StatusCode)
	}
}

// holds reports whether a text says all of that.
func holds(text string, says ...string) bool {
	for _, one := range says {
		if !strings.Contains(text, one) {
			return false
		}
	}
	return true
}

func TestHeadersOnTheWay(t *testing.T) {
	var got http.Header
	var target, host string
	w := newWorld(t, func(rw http.ResponseWriter, r *http.Request) {
		got, target, host = r.Header, r.RequestURI, r.Host
		h := rw.Header()
		h.Set("Set-Cookie", "a=b")
		h.Set("Strict-Transport-Security", "max-age=1")
		h.Set("Connection", "X-Hop")
		h.Set("X-Hop", "1")
		h.Set("Keep-Alive", "timeout=5")
		h.Set("Server-Timing", "zoom;dur=5")
		h.Set("Content-Encoding", "gzip")
		h.Set("X-Kept", "yes")
		io.WriteString(rw, "not really gzip")
	}, func(w *world) { w.options.Version, w.options.Instance = "1.2", "stagedoor-test" })
	c := dial(t, w.plain())
	io.WriteString(c, "GET /to/acme/v2/users/a%2Fb%20?x=%zz&&y=a+b;c HTTP/1.1\r\nHost: gate.example\r\nAuthorization: Bearer "+callersToken+"\r\n"+
		"Cookie: "+cookie+"\r\nForwarded: for=1.2.3.4\r\nX-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Anything: x\r\nX-Real-IP: 1.2.3.4\r\nTE: gzip\r\n"+
		"Connection: X-Mine, keep-alive\r\nX-Mine: 1\r\nProxy-Authorization: Basic eA==\r\nKeep-Alive: 5\r\nX-HTTP-Method-Override: DELETE\r\nX-Original-URL: /v2/secret\r\n"+
		"Via: 1.0 before\r\nX-Passed: yes\r\nAccept: text/plain\r\n\r\n")
	resp := c.response(t, "GET")
	if text, _ := io.ReadAll(resp.Body); string(text) != "not really gzip" {
		t.Errorf("%q", text)
	}
	if target != "/v2/users/a%2Fb%20?x=%zz&&y=a+b;c" {
		t.Errorf("the upstream was asked for %s", target)
	}
	if host != w.upstream.Listener.Addr().String() {
		t.Errorf("host %s", host)
	}
	want := http.Header{
		"Authorization": {"Bearer zoom-token-a"}, "Via": {"1.0 before, 1.1 stagedoor-test"}, "X-Passed": {"yes"},
		"Accept": {"text/plain"}, "Accept-Encoding": {"identity"}, "User-Agent": {"stagedoor/1.2"},
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the upstream got %v,\nnot %v", got, want)
	}
	for _, name := range []string{"Set-Cookie", "Strict-Transport-Security", "X-Hop", "Keep-Alive"} {
		if value := resp.Header.Get(name); value != "" {
			t.Errorf("%s came through: %s", name, value)
		}
	}
	timing := strings.Join(resp.Header.Values("Server-Timing"), ", ")
	if resp.Header.Get("X-Kept") != "yes" || resp.Header.Get("X-Zm-Trackingid") != "v=2.0;rid=WEB_1" ||
		!strings.HasPrefix(timing, "zoom;dur=5, stagedoor;dur=") || !strings.Contains(timing, "stagedoor-upstream;dur=") {
		t.Errorf("%v", resp.Header)
	}
	e := w.event()
	text, _ := json.Marshal(e)
	if e.Actor != "caller reports" || e.Subject != "/v2/users/a%2Fb%20" || e.Tracking == "" || e.Status != 200 || e.From == "" {
		t.Errorf("%s", text)
	}
	for _, secret := range []string{callersToken, "zoom-token", cookie, "y=a"} {
		if strings.Contains(string(text), secret) {
			t.Errorf("the event holds %s: %s", secret, text)
		}
	}
}

// A credential whose API is the gateway itself is told so, at once.
func TestCircles(t *testing.T) {
	var w *world
	requests := 0
	w = newWorld(t, func(rw http.ResponseWriter, r *http.Request) {
		if requests++; requests > 3 {
			t.Error("it spins")
			return
		}
		// What the API URL http://gateway/to/acme does.
		again := r.Clone(r.Context())
		again.RequestURI = "/to/acme" + r.RequestURI
		w.gate.Config.Handler.ServeHTTP(rw, again)
	}, nil)
	if a := w.get("/to/acme/v2/x"); a.StatusCode != 508 || !strings.Contains(a.problem.Detail, "circle") || requests != 1 {
		t.Errorf("%d %s after %d requests", a.StatusCode, a.body, requests)
	}
}

func TestRejectedTokensAreHealed(t *testing.T) {
	both(t, func(t *testing.T, change func(*world)) {
		w := newWorld(t, echo, change)
		w.get("/to/acme/v2/x")
		small := strings.Repeat("x", 64<<10)
		for _, test := range []struct {
			method, body string
			length       int64
		}{{"GET", "", 0}, {"POST", "small", 5}, {"POST", small, int64(len(small))}, {"POST", small, -1}} {
			w.kill()
			r := w.request(test.method, "/to/acme/v2/x", struct{ io.Reader }{strings.NewReader(test.body)})
			r.ContentLength = test.length
			if test.body == "" {
				r.Body = nil
			}
			if a := w.do(r); a.StatusCode != 200 || a.body != test.body {
				t.Errorf("%s of %d bytes: %d %.200s", test.method, len(test.body), a.StatusCode, a.body)
			}
		}
	})
}

// echo answers with the body, after all of it came.
func echo(rw http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	_, _ = rw.Write(body)
}

// What was not kept can not be sent again, and the caller is told to.
func TestLongBodiesAreNotSentTwice(t *testing.T) {
	var reading bool
	w := newWorld(t, echo, nil)
	w.get("/to/acme/v2/x")
	w.kill()
	// The upstream reads it all before it refuses.
	inner := w.upstream.Config.Handler
	w.upstream.Config.Handler = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		reading = len(body) > 64<<10
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		inner.ServeHTTP(rw, r)
	})
	long := strings.Repeat("x", 64<<10+1)
	a := w.do(w.request("POST", "/to/acme/v2/x", strings.NewReader(long)))
	if a.StatusCode != 502 || a.problem.Kind != stagedoor.KindTokenRejected || !strings.Contains(a.problem.Fix, "Send the request again") || !reading {
		t.Fatalf("%d %s", a.StatusCode, a.body)
	}
	if a := w.do(w.request("POST", "/to/acme/v2/x", strings.NewReader(long))); a.StatusCode != 200 || a.body != long {
		t.Errorf("sent again: %d %.200s", a.StatusCode, a.body)
	}
}

// To callers, 401 means their own token and nothing else.
func TestProblemsOfTheCredential(t *testing.T) {
	w := newWorld(t, func(rw http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v2/401":
			rw.Header().Set("WWW-Authenticate", "Bearer")
			rw.WriteHeader(401)
			io.WriteString(rw, `{"code":124,"message":"Invalid access token."}`)
		case "/v2/404":
			rw.Header().Set("Content-Type", "application/json")
			rw.WriteHeader(404)
			io.WriteString(rw, `{"code":1001,"message":"User does not exist."}`)
		case "/v2/503":
			rw.Header().Set("Retry-After", time.Now().Add(9500*time.Millisecond).UTC().Format(time.RFC3339))
			rw.WriteHeader(503)
			io.WriteString(rw, `<html>busy</html>`)
		}
	}, nil)
	if a := w.get("/to/acme/v2/401"); a.StatusCode != 502 || a.problem.Kind != stagedoor.KindTokenRejected || a.problem.Tracking == "" ||
		a.Header.Get("WWW-Authenticate") != "" || a.problem.Who != "operator" {
		t.Errorf("401: %d %v %s", a.StatusCode, a.Header, a.body)
	}
	if a := w.get("/to/acme/v2/404"); a.StatusCode != 404 || a.body != `{"code":1001,"message":"User does not exist."}` {
		t.Errorf("404: %d %s", a.StatusCode, a.body)
	}
	if a := w.get("/to/acme/v2/503"); a.StatusCode != 503 || a.body != `<html>busy</html>` || !strings.Contains("8 9 10", a.Header.Get("Retry-After")) {
		t.Errorf("503: %d %s %v", a.StatusCode, a.body, a.Header)
	}
	w.mu.Lock()
	w.mint = func() (*http.Response, error) {
		return reply(400, `{"reason":"Invalid client_id or client_secret","error":"invalid_client"}`), nil
	}
	w.mu.Unlock()
	w.kill()
	a := w.get("/to/acme/v2/x")
	if a.StatusCode != 502 || a.problem.Kind != stagedoor.KindInvalidClient || a.problem.Detail == "" || !strings.Contains(a.problem.Fix, "Copy it anew, then run `stagedoor credential set-secret acme`.") || strings.Contains(a.body, "NAME") || a.problem.Who != "operator" {
		t.Errorf("refused: %d %s", a.StatusCode, a.body)
	}
}

func TestLimitsAreRelayed(t *testing.T) {
	w := newWorld(t, func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "application/json")
		message := "You have reached the maximum per-second rate limit for this API. Try again later."
		if r.URL.Path == "/v2/day" {
			rw.Header().Set("Retry-After", time.Now().Add(time.Hour).UTC().Format("2006-01-02T15:04:05Z"))
			rw.Header().Set("X-RateLimit-Type", "Daily-limit")
			rw.Header().Set("X-RateLimit-Remaining", "0")
			message = "You have reached the maximum daily rate limit for this API."
		}
		rw.WriteHeader(429)
		fmt.Fprintf(rw, `{"code":429,"message":%q}`, message)
	}, func(w *world) { w.left = &Left{Limit: 10, Remaining: 3} })
	a := w.get("/to/acme/v2/second")
	if a.StatusCode != 429 || !strings.HasPrefix(a.body, `{"code":429,"message":"You have reached the maximum per-second`) || a.Header.Get("Retry-After") != "1" ||
		a.Header.Get("X-RateLimit-Type") != "QPS" || a.Header.Get("X-RateLimit-Category") != "Heavy" || a.Header.Get("X-RateLimit-Limit") != "10" || a.Header.Get("X-RateLimit-Remaining") != "3" {
		t.Errorf("%d %v %s", a.StatusCode, a.Header, a.body)
	}
	a = w.get("/to/acme/v2/day")
	var seconds int
	fmt.Sscan(a.Header.Get("Retry-After"), &seconds)
	if a.StatusCode != 429 || seconds < 3500 || seconds > 3600 || a.Header.Get("X-RateLimit-Type") != "Daily-limit" || a.Header.Get("X-RateLimit-Remaining") != "0" {
		t.Errorf("%d %v %s", a.StatusCode, a.Header, a.body)
	}
	w.mu.Lock()
	w.admit = func(context.Context, stagedoor.Call) (stagedoor.Turn, error) {
		return stagedoor.Turn{}, &stagedoor.Error{Op: "GET /x", Kind: stagedoor.KindRateLimited, Cause: "no turn came within 2s", Fix: "Try again in a moment.", RetryAt: time.Now().Add(1500 * time.Millisecond)}
	}
	w.mu.Unlock()
	a = w.get("/to/acme/v2/own")
	if a.StatusCode != 429 || a.problem.Kind != stagedoor.KindRateLimited || !strings.HasPrefix(a.problem.Message, "No turn came") || a.problem.Who != "nobody" ||
		a.Header.Get("Retry-After") != "2" || a.Header.Get("X-RateLimit-Type") != "QPS" || a.Header.Get("X-RateLimit-Category") != "Heavy" || a.Header.Get("X-RateLimit-Limit") != "10" {
		t.Errorf("%d %v %s", a.StatusCode, a.Header, a.body)
	}
	w.mu.Lock()
	w.admit = func(context.Context, stagedoor.Call) (stagedoor.Turn, error) {
		return stagedoor.Turn{}, &stagedoor.Error{Op: "GET /x", Kind: stagedoor.KindDailyQuota, Cause: "the day is used up", Fix: "The same command goes on there.", RetryAt: time.Now().Add(time.Hour)}
	}
	w.mu.Unlock()
	a = w.get("/to/acme/v2/own")
	if a.StatusCode != 429 || a.problem.Detail != "the day is used up" || !strings.HasPrefix(a.problem.Fix, "Send the request again when Retry-After has passed.") {
		t.Errorf("%d %v %s", a.StatusCode, a.Header, a.body)
	}
}

// What is limited by itself is read out of bodies, chunked ones too.
func TestObjectsAreReadFromBodies(t *testing.T) {
	w := newWorld(t, echo, nil)
	for _, length := range []int64{-1, 27} {
		r := w.request("POST", "/to/acme/v2/registrants", struct{ io.Reader }{strings.NewReader(`{"email":"jo@example.com"} `)})
		r.ContentLength = length
		if a := w.do(r); a.body != `{"email":"jo@example.com"} ` {
			t.Errorf("%d %s", a.StatusCode, a.body)
		}
		w.mu.Lock()
		if got := fmt.Sprint(w.last.Objects); got != "map[registrations:[jo@example.com]]" {
			t.Errorf("length %d: %s", length, got)
		}
		w.last = stagedoor.Call{}
		w.mu.Unlock()
	}
}

func TestTheTokenItself(t *testing.T) {
	w := newWorld(t, nil, nil)
	if a := w.get("/to/acme/-/token"); a.StatusCode != 200 || a.body != `{"access_token":"zoom-token-a"}` || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	if a := w.get("/to/acme/-/token?min_ttl=soon"); a.StatusCode != 400 {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	if a := w.get("/to/acme/-/token?min_ttl=200h"); a.StatusCode != 400 || a.problem.Kind != stagedoor.KindUsage {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	if a := w.do(w.request("POST", "/to/acme/-/token", nil)); a.StatusCode != 405 {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	w.caller.AllowToken = false
	if a := w.get("/to/acme/-/token"); a.StatusCode != 403 || a.problem.Kind != stagedoor.KindForbidden || strings.Contains(a.body, "zoom-token") {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
}

func TestDocument(t *testing.T) {
	w := newWorld(t, nil, func(w *world) {
		w.options.PublicURL = func(*http.Request) string { return "https://gate.example/" }
		w.options.Document = func(_ context.Context, c stagedoor.Caller, server string) ([]byte, error) {
			return json.Marshal([]string{c.Name, server})
		}
	})
	if a := w.get("/to/acme/openapi.json"); a.body != `["reports","https://gate.example/to/acme"]` || a.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
}

func TestNoOtherTargetLeadsHere(t *testing.T) {
	w := newWorld(t, func(http.ResponseWriter, *http.Request) { t.Error("it was sent") }, nil)
	server := httptest.NewServer(New(w.options)) // and nothing in front
	defer server.Close()
	for target, status := range map[string]int{
		"//to/acme/v2/x": 404, "/x/../to/acme/v2/x": 404, "/%74o/acme/v2/x": 404, "/TO/acme/v2/x": 404, "http://x/to/acme/v2/x": 400,
		"/./to/acme/v2/x": 404, "/to/../oauth/token": 404, "/oauth/token": 404,
	} {
		c := dial(t, server.Listener.Addr().String())
		fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", target, callersToken)
		if resp := c.response(t, "GET"); resp.StatusCode != status {
			t.Errorf("%s: %d", target, resp.StatusCode)
		}
	}
}
