package gateway

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/zoom"
	"github.com/stagedoor/stagedoor/token"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	callersToken = "caller-token-that-stays-here"
	cookie       = "cookie-of-the-caller"
)

// world is a gateway on a real socket, in front of an upstream on another.
type world struct {
	t        testing.TB
	gate     *httptest.Server
	upstream *httptest.Server
	source   *token.Source
	options  Options

	mu     sync.Mutex
	events []stagedoor.Event
	seen   []Observation
	minted int
	dead   map[string]bool // tokens that the upstream rejects

	permit func(c stagedoor.Caller, base, method, path string) (stagedoor.Operation, error)
	caller stagedoor.Caller
	admit  func(context.Context, stagedoor.Call) (stagedoor.Turn, error)
	turns  struct{ asked, done int }
	last   stagedoor.Call
	mint   func() (*http.Response, error) // nil: a new token
	base   http.RoundTripper              // to the upstream
	left   *Left
	old    bool // HTTP/1.1
}

func newWorld(t testing.TB, upstream http.HandlerFunc, change func(*world)) *world {
	t.Helper()
	w := &world{
		t: t, dead: map[string]bool{},
		caller: stagedoor.Caller{ID: "caller_1", Name: "reports", Credential: "acme", AllowToken: true},
		permit: func(_ stagedoor.Caller, base, method, path string) (stagedoor.Operation, error) {
			below, ok := strings.CutPrefix(path, base+"/")
			if !ok {
				return stagedoor.Operation{}, &stagedoor.Error{Subject: path, Kind: stagedoor.KindNotFound, Cause: "all operations lie below " + base + "/"}
			}
			if strings.HasPrefix(below, "secret") {
				return stagedoor.Operation{}, &stagedoor.Error{Subject: method + " /secret", Kind: stagedoor.KindForbidden, Cause: "the rule deny /secret decides"}
			}
			return stagedoor.Operation{Method: method, Path: "/" + below, Label: stagedoor.Heavy}, nil
		},
	}
	w.upstream = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("X-Zm-Trackingid", "v=2.0;rid=WEB_1")
		w.mu.Lock()
		dead := w.dead[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
		w.mu.Unlock()
		if dead {
			rw.WriteHeader(http.StatusUnauthorized)
			io.WriteString(rw, `{"code":124,"message":"Invalid access token."}`)
			return
		}
		upstream(rw, r)
	}))
	w.base = &http.Transport{ExpectContinueTimeout: time.Second}
	t.Cleanup(func() {
		w.upstream.Close()
		w.base.(*http.Transport).CloseIdleConnections()
	})
	if change != nil {
		change(w)
	}
	p := stagedoor.Provider{
		Name: "zoom", Title: "Zoom", APIBase: "/v2", TokenURL: "https://zoom.us/oauth/token", Flow: "request", Hosts: []string{"zoom.us"},
		Token: stagedoor.TokenRequest{Grant: "account_credentials"},
		Response: stagedoor.TokenResponse{
			AccessToken: []string{"access_token"}, ExpiresIn: []string{"expires_in"}, TokenType: []string{"token_type"},
		},
		Errors: []stagedoor.ErrorRule{
			{ID: "token", At: stagedoor.AtAPI, Code: []string{"124"}, Kind: stagedoor.KindTokenRejected, Cause: "Zoom refused the token", Fix: "Check the credential."},
			{ID: "client", At: stagedoor.AtToken, Error: []string{"invalid_client"}, Kind: stagedoor.KindInvalidClient, Cause: "Zoom does not know this client id with this client secret", Fix: "Copy it anew, then run `stagedoor credential set-secret NAME`."},
		},
		ObjectLimits: []stagedoor.ObjectLimit{{Name: "registrations", Operations: []string{"POST /registrants"}, Object: "email", PerDay: 3}},
	}
	var err error
	w.source, err = token.NewSource(t.Context(), token.Config{
		Provider: p, NoRenewAhead: true, Tries: 1,
		Credential: stagedoor.Credential{Slug: "acme", Provider: "zoom", AccountID: "a", ClientID: "c", ClientSecrets: []stagedoor.Secret{stagedoor.NewSecret("s")}},
		HTTP:       tripper(w.tokens),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.source.Close)
	w.options.Callers, w.options.Credentials = w, w
	w.options.Record = func(e stagedoor.Event) { w.mu.Lock(); defer w.mu.Unlock(); w.events = append(w.events, e) }
	w.options.Observer = w
	client, err := zoom.New(zoom.Config{
		HTTP: &token.Transport{Source: w.source, Base: w.base, Allow: func(*url.URL) error { return nil }}, APIURL: w.upstream.URL + "/v2", Provider: p, Quota: w,
	})
	if err != nil {
		t.Fatal(err)
	}
	bare, err := zoom.New(zoom.Config{HTTP: w.base, APIURL: w.upstream.URL, Provider: p})
	if err != nil {
		t.Fatal(err)
	}
	clients[w] = [2]*zoom.Client{client, bare}
	t.Cleanup(func() { delete(clients, w) })
	w.gate = httptest.NewUnstartedServer(door(New(w.options)))
	w.gate.EnableHTTP2 = !w.old
	w.gate.Config.ErrorLog = log.New(io.Discard, "", 0)
	w.upstream.Config.ErrorLog = w.gate.Config.ErrorLog
	w.gate.StartTLS()
	t.Cleanup(w.gate.Close)
	t.Cleanup(w.gate.Client().CloseIdleConnections)
	return w
}

var clients = map[*world][2]*zoom.Client{}

func (w *world) tokens(*http.Request) (*http.Response, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.mint != nil {
		return w.mint()
	}
	w.minted++
	return reply(200, `{"access_token":"zoom-token-`+string(rune('a'+w.minted-1))+`","token_type":"bearer","expires_in":3600}`), nil
}

func reply(status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body))}
}

// kill has the upstream reject the tokens minted so far.
func (w *world) kill() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.minted {
		w.dead["zoom-token-"+string(rune('a'+i))] = true
	}
}

func (w *world) Verify(_ context.Context, t stagedoor.Secret) (stagedoor.Caller, error) {
	if t.Reveal() != callersToken {
		return stagedoor.Caller{}, &stagedoor.Error{Kind: stagedoor.KindUnauthenticated, Cause: "the token is not known"}
	}
	return w.caller, nil
}

func (w *world) Permit(c stagedoor.Caller, base, method, path string) (stagedoor.Operation, error) {
	return w.permit(c, base, method, path)
}

func (w *world) Open(context.Context, string) (Connection, error) { return w, nil }
func (w *world) Base() string                                     { return "/v2" }
func (w *world) Close()                                           {}

func (w *world) Send(r *http.Request, s Sending) (Sent, error) {
	client := clients[w][0]
	var quota zoom.Quota
	if s.Bare {
		client = clients[w][1]
	} else {
		quota = w
	}
	w.mu.Lock()
	before := w.minted
	w.mu.Unlock()
	a, err := client.Relay(r, zoom.Relaying{Operation: s.Operation, Body: s.Body, Quota: quota})
	w.mu.Lock()
	defer w.mu.Unlock()
	return Sent{Response: a.Response, Refused: a.Refused, Waited: a.Waited, Upstream: a.Upstream, Left: w.left, Healed: before > 0 && w.minted > before}, err
}

func (w *world) Token(ctx context.Context, minTTL time.Duration) ([]byte, error) {
	t, err := w.source.Get(ctx, max(minTTL, 0))
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]string{"access_token": t.Value.Reveal()})
}

func (w *world) Admit(ctx context.Context, call stagedoor.Call) (stagedoor.Turn, error) {
	w.mu.Lock()
	admit := w.admit
	w.turns.asked++
	w.last = call
	w.mu.Unlock()
	if admit != nil {
		return admit(ctx, call)
	}
	return stagedoor.Turn{Sent: func() {}, Done: func(stagedoor.Outcome) { w.mu.Lock(); defer w.mu.Unlock(); w.turns.done++ }}, nil
}

func (w *world) Began()              {}
func (w *world) Ended(o Observation) { w.mu.Lock(); defer w.mu.Unlock(); w.seen = append(w.seen, o) }

// event waits for the one event of a call, which is recorded when it is over.
func (w *world) event() stagedoor.Event {
	w.t.Helper()
	for {
		w.mu.Lock()
		if n := len(w.events); n > 0 {
			e := w.events[n-1]
			w.mu.Unlock()
			return e
		}
		w.mu.Unlock()
		select {
		case <-w.t.Context().Done():
			w.t.Fatal("no event")
		case <-time.After(time.Millisecond):
		}
	}
}

// request makes a request with the caller's token.
func (w *world) request(method, path string, body io.Reader) *http.Request {
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.gate.URL+path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+callersToken)
	return r
}

type answer struct {
	*http.Response
	body    string
	problem stagedoor.Problem
}

func (w *world) do(r *http.Request) answer {
	w.t.Helper()
	client := *w.gate.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	a := answer{Response: resp, body: string(text)}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "application/problem+json") {
		if err := json.Unmarshal(text, &a.problem); err != nil {
			w.t.Fatal(err)
		}
		if a.problem.Status != resp.StatusCode || a.problem.Code != resp.StatusCode || a.problem.Message == "" || a.problem.Title == "" || a.problem.Type == "" {
			w.t.Errorf("the problem is not whole: %s", text)
		}
	}
	return a
}

func (w *world) get(path string) answer { w.t.Helper(); return w.do(w.request("GET", path, nil)) }

// restSays is what the rest of the daemon answers in these tests.
const restSays = http.StatusTeapot

// door hands requests out as package server does, by the target as it came.
func door(gateway http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.RequestURI, Prefix) {
			gateway.ServeHTTP(w, r)
			return
		}
		http.Error(w, "the rest", restSays)
	})
}

// raw writes bytes to a plain socket of the gateway and returns what comes back.
type raw struct {
	net.Conn
	*bufio.Reader
}

func (w *world) plain() string {
	w.t.Helper()
	server := httptest.NewServer(w.gate.Config.Handler)
	w.t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

func dial(t *testing.T, address string) raw {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return raw{conn, bufio.NewReader(conn)}
}

func (r raw) response(t *testing.T, method string) *http.Response {
	t.Helper()
	resp, err := http.ReadResponse(r.Reader, &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	return resp
}
