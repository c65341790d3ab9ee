package token

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stagedoor/stagedoor"
)

const (
	expired  = `{"code":124,"message":"Access token is expired."}`
	noScope  = `{"code":4711,"message":"Invalid access token, does not contain scopes:[user:read:admin]."}`
	oldScope = `{"code":4700,"message":"Invalid access token, does not contain scopes: [user:read:admin]."}`
	noPlan   = `{"code":200,"message":"No permission."}`
)

// api is an API in memory that rejects some tokens.
type api struct {
	mu       sync.Mutex
	rejects  map[string]bool // Authorization headers
	reject   func() *http.Response
	latency  time.Duration
	bodies   []string
	requests []*http.Request
}

func (a *api) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		body, _ = io.ReadAll(req.Body)
		req.Body.Close()
	}
	if a.latency > 0 {
		time.Sleep(a.latency)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.requests, a.bodies = append(a.requests, req), append(a.bodies, string(body))
	resp := reply(200, `{"ok":true}`)
	if a.rejects[req.Header.Get("Authorization")] {
		resp = a.reject()
	}
	resp.Request = req
	return resp, nil
}

func rejecting(status int, body string, tokens ...string) *api {
	a := &api{rejects: map[string]bool{}, reject: func() *http.Response { return reply(status, body) }}
	for _, token := range tokens {
		a.rejects["Bearer "+token] = true
	}
	return a
}

// tracked is a body that knows whether it was closed.
type tracked struct {
	io.Reader
	closed int
}

func (b *tracked) Close() error { b.closed++; return nil }

func request(t testing.TB, method, address string, body io.Reader) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, body)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func TestWhichAnswersReject(t *testing.T) {
	const page = "<html>blocked</html>"
	for name, test := range map[string]struct {
		status int
		body   string
		again  bool
	}{
		"401/124":                {401, expired, true},
		"400/124":                {400, expired, true},
		"401 without a body":     {401, "", true},
		"401 without a code":     {401, `{"status":false,"errorCode":401}`, true},
		"code as text":           {401, `{"code":"124","message":"Invalid access token."}`, true},
		"scope, 4711":            {400, noScope, false},
		"scope, 4711 as 401":     {401, noScope, false},
		"scope, 4700":            {401, oldScope, false},
		"plan":                   {400, noPlan, false},
		"plan as 403":            {403, noPlan, false},
		"124 as 404":             {404, expired, false},
		"400 without a body":     {400, "", false},
		"a proxy's page":         {401, page, false},
		"a body beyond the peek": {401, `{"code":124,"message":"` + strings.Repeat("x", maxPeek) + `"}`, false},
		"124 with success":       {200, expired, false},
		"124 with a 5xx":         {500, expired, false},
	} {
		t.Run(name, func(t *testing.T) {
			e, a := &endpoint{}, rejecting(test.status, test.body, "token-1")
			s := open(t, e)
			resp, err := (&Transport{Source: s, Base: a}).RoundTrip(request(t, "GET", "https://api.zoom.us/v2/users/me", nil))
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			wantMints, wantStatus, wantBody := 1, test.status, test.body
			if test.again {
				wantMints, wantStatus, wantBody = 2, 200, `{"ok":true}`
			}
			if e.mints() != wantMints || len(a.requests) != wantMints || resp.StatusCode != wantStatus || string(body) != wantBody {
				t.Errorf("%d mints, %d requests, status %d, %d bytes; want %d, %d, %d, %d", e.mints(), len(a.requests), resp.StatusCode, len(body), wantMints, wantMints, wantStatus, len(wantBody))
			}
		})
	}
}

func TestCompressedAnswersAreUnderstoodAndHandedOnAsTheyCame(t *testing.T) {
	packed := func(text string) string {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		io.WriteString(w, text)
		w.Close()
		return b.String()
	}
	for name, test := range map[string]struct {
		encoding, body string
		requests       int
	}{
		"rejected":         {"gzip", packed(expired), 2}, // once more, not for ever
		"scope":            {"gzip", packed(noScope), 1},
		"not readable":     {"br", "\x0b\x02\x80", 2},
		"not what it says": {"gzip", expired, 2},
	} {
		t.Run(name, func(t *testing.T) {
			e, a := &endpoint{}, rejecting(401, "", "token-1", "token-2")
			a.reject = func() *http.Response {
				resp := reply(401, test.body)
				resp.Header.Set("Content-Encoding", test.encoding)
				return resp
			}
			resp, err := (&Transport{Source: open(t, e), Base: a}).RoundTrip(request(t, "GET", "https://api.zoom.us/v2/users/me", nil))
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			if err != nil || string(body) != test.body {
				t.Errorf("the body changed on its way: error %v", err)
			}
			if e.mints() != test.requests || len(a.requests) != test.requests {
				t.Errorf("%d mints and %d requests, want %d of both", e.mints(), len(a.requests), test.requests)
			}
		})
	}
}

func TestBodiesAreSentAgainOnlyIfTheyCanBe(t *testing.T) {
	t.Run("can", func(t *testing.T) {
		e, a := &endpoint{}, rejecting(401, expired, "token-1")
		resp, err := (&Transport{Source: open(t, e), Base: a}).RoundTrip(request(t, "POST", "https://api.zoom.us/v2/users", strings.NewReader("hello")))
		if err != nil || resp.StatusCode != 200 || len(a.bodies) != 2 || a.bodies[0] != "hello" || a.bodies[1] != "hello" {
			t.Errorf("error %v, bodies %q; want the same body twice", err, a.bodies)
		}
	})
	t.Run("cannot", func(t *testing.T) {
		e, a := &endpoint{}, rejecting(401, expired, "token-1")
		s := open(t, e)
		body := &tracked{Reader: strings.NewReader("hello")}
		resp, err := (&Transport{Source: s, Base: a}).RoundTrip(request(t, "POST", "https://api.zoom.us/v2/users", body))
		if err != nil || resp.StatusCode != 401 || len(a.bodies) != 1 || body.closed == 0 {
			t.Errorf("error %v, %d requests, closed %d times; want the 401 handed on", err, len(a.bodies), body.closed)
		}
		if said, _ := io.ReadAll(resp.Body); string(said) != expired {
			t.Error("the answer's body is not intact")
		}
		if get(t, s) != "token-2" {
			t.Error("the rejected token is still in use")
		}
	})
}

func TestTheRequestIsNotChangedAndItsBodyIsClosed(t *testing.T) {
	broken := errors.New("no route")
	for name, test := range map[string]struct {
		address string
		trouble func(int, *http.Request) (*http.Response, error)
		allow   func(*url.URL) error
		want    func(error) bool
	}{
		"sent":         {address: "https://api.zoom.us/v2/users"},
		"foreign host": {address: "https://api.zoom.us.example.com/", want: func(err error) bool { return stagedoor.KindOf(err) == stagedoor.KindHostRefused }},
		"plain http":   {address: "http://api.zoom.us/", want: func(err error) bool { return stagedoor.KindOf(err) == stagedoor.KindHostRefused }},
		"not allowed":  {address: "https://api.zoom.us/", allow: func(*url.URL) error { return broken }, want: func(err error) bool { return errors.Is(err, broken) }},
		"allowed":      {address: "https://files.example.com/", allow: func(*url.URL) error { return nil }},
		"no token":     {address: "https://api.zoom.us/", trouble: refuseAll, want: func(err error) bool { return stagedoor.KindOf(err) == stagedoor.KindInvalidClient }},
	} {
		t.Run(name, func(t *testing.T) {
			e, a := &endpoint{trouble: test.trouble}, rejecting(0, "")
			body := &tracked{Reader: strings.NewReader("hello")}
			req := request(t, "POST", test.address, body)
			req.Header.Set("Authorization", "caller's own")
			resp, err := (&Transport{Source: open(t, e), Base: a, Allow: test.allow}).RoundTrip(req)
			if test.want == nil && err != nil || test.want != nil && !test.want(err) {
				t.Errorf("got error %v", err)
			}
			if body.closed == 0 {
				t.Error("the body was not closed")
			}
			if req.Header.Get("Authorization") != "caller's own" {
				t.Error("the caller's request was changed")
			}
			if test.want != nil && len(a.requests) != 0 {
				t.Error("a request went out")
			}
			if resp != nil {
				if a.requests[0].Header.Get("Authorization") != "Bearer token-1" {
					t.Error("the request went out without the token")
				}
				if resp.Request != req {
					t.Error("the answer leads back to a request that holds the token")
				}
			}
		})
	}
}

func TestWithoutAnotherTokenTheReasonIsTold(t *testing.T) {
	e, a := &endpoint{}, rejecting(401, expired, "token-1")
	s := open(t, e)
	get(t, s)
	e.setTrouble(refuseAll)
	answer := &tracked{Reader: strings.NewReader(expired)}
	a.reject = func() *http.Response {
		resp := reply(401, "")
		resp.Body = answer
		return resp
	}
	_, err := (&Transport{Source: s, Base: a}).RoundTrip(request(t, "GET", "https://api.zoom.us/v2/users/me", nil))
	refusal(t, err, stagedoor.KindInvalidClient)
	if answer.closed == 0 {
		t.Error("the first answer's body was not closed")
	}
}

// brokenOff answers with the status and a body that ends with err.
func brokenOff(status int, err error) func() *http.Response {
	return func() *http.Response {
		resp := reply(status, "")
		resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"code":12`), failing{err}))
		return resp
	}
}

func TestAnErrorWhilePeekingReachesTheReader(t *testing.T) {
	broken := errors.New("connection reset")
	e, a := &endpoint{}, rejecting(400, "", "token-1")
	a.reject = brokenOff(400, broken)
	resp, err := (&Transport{Source: open(t, e), Base: a}).RoundTrip(request(t, "GET", "https://api.zoom.us/v2/users/me", nil))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if string(body) != `{"code":12` || !errors.Is(err, broken) {
		t.Errorf("read %d bytes and error %v, want what came and the connection's error", len(body), err)
	}
}

func TestA401ThatBrokeOffRejectsTheToken(t *testing.T) {
	e, a := &endpoint{}, rejecting(401, "", "token-1")
	a.reject = brokenOff(401, io.ErrUnexpectedEOF)
	resp, err := (&Transport{Source: open(t, e), Base: a}).RoundTrip(request(t, "GET", "https://api.zoom.us/v2/users/me", nil))
	if err != nil || resp.StatusCode != 200 || e.mints() != 2 {
		t.Errorf("%v, %d mints; want a second request with a new token", err, e.mints())
	}
}

// A second rejection is handed on, but its token is as dead as the first: the
// next request begins with a new one.
func TestASecondRejectedTokenIsNotUsedAgain(t *testing.T) {
	e, a := &endpoint{}, rejecting(401, expired, "token-1", "token-2")
	transport := &Transport{Source: open(t, e), Base: a}
	resp, err := transport.RoundTrip(request(t, "GET", "https://api.zoom.us/v2/users/me", nil))
	if err != nil || resp.StatusCode != 401 || e.mints() != 2 {
		t.Fatalf("%v, %d mints; want the second rejection after 2", err, e.mints())
	}
	resp, err = transport.RoundTrip(request(t, "GET", "https://api.zoom.us/v2/users/me", nil))
	if err != nil || resp.StatusCode != 200 || e.mints() != 3 || len(a.requests) != 3 {
		t.Errorf("%v, %d mints, %d requests; want one more of each, with the third token", err, e.mints(), len(a.requests))
	}
}

func TestAnswersAreStreamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, a := &endpoint{}, rejecting(200, "", "token-1")
		r, w := io.Pipe()
		a.reject = func() *http.Response {
			resp := reply(200, "")
			resp.Body = r
			return resp
		}
		resp, err := (&Transport{Source: open(t, e), Base: a}).RoundTrip(request(t, "GET", "https://api.zoom.us/v2/users/me", nil))
		if err != nil {
			t.Fatal(err)
		}
		go w.Write([]byte("first line\n")) // and more to come, some day
		line := make([]byte, 11)
		if _, err := io.ReadFull(resp.Body, line); err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	})
}

func TestManyConcurrentRejectionsMintOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, r := &endpoint{latency: time.Second}, &row{}
		a := rejecting(401, expired, "token-1")
		a.latency = 100 * time.Millisecond
		s := open(t, e, sharing(r))
		client := &http.Client{Transport: &Transport{Source: s, Base: a}}
		var all sync.WaitGroup
		for i := range 1000 {
			all.Go(func() {
				time.Sleep(time.Duration(i) * 2 * time.Millisecond) // some are late with their rejection
				resp, err := client.Get("https://api.zoom.us/v2/users/me")
				if err != nil || resp.StatusCode != 200 {
					t.Errorf("error %v", err)
					return
				}
				resp.Body.Close()
			})
		}
		all.Wait()
		if e.mints() != 2 || get(t, s) != "token-2" {
			t.Errorf("%d mints, want 2", e.mints())
		}
	})
}

func TestOnlyTheRejectedTokenIsInvalidated(t *testing.T) {
	e := &endpoint{}
	s := open(t, e)
	first, err := s.Get(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	s.Invalidate(stagedoor.Token{})
	s.Invalidate(stagedoor.Token{Value: stagedoor.NewSecret("another")})
	if get(t, s) != "token-1" {
		t.Error("a token was thrown away that nobody rejected")
	}
	s.Invalidate(first)
	get(t, s)
	s.Invalidate(first)
	if get(t, s) != "token-2" || e.mints() != 2 {
		t.Errorf("%d mints, want 2: a late rejection says nothing of the newer token", e.mints())
	}
}
