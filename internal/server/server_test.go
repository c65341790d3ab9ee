package server

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
)

// open is a guard that lets everybody through.
func open(_ stagedoor.Role, next http.Handler) http.Handler { return next }

func nobody(_ stagedoor.Role, _ http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
}

// shown answers with what a part sees of a request.
func shown(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s base=%s host=%s from=%s forwarded=%q", name, r.RequestURI, Base(r), r.Host, r.RemoteAddr, r.Header.Values("X-Forwarded-For"))
	})
}

func parts() Parts {
	return Parts{
		OAuth: shown("oauth"), Gateway: shown("gateway"), Guard: open, Metrics: shown("metrics"),
		Debug: func(context.Context) (Debug, error) { return Debug{Version: "1.2.3"}, nil },
		Ready: func(context.Context) error { return nil },
	}
}

// started is a server that answers until the test ends.
func started(t *testing.T, o Options, p Parts) *Server {
	t.Helper()
	s, err := Listen(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Serve(p)
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		s.Stop(ctx)
	})
	return s
}

// raw sends a request byte for byte and returns its status and answer.
func raw(t *testing.T, s *Server, request string) (int, string, http.Header) {
	t.Helper()
	conn, err := net.Dial("tcp", s.doors[0].listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, strings.ReplaceAll(request, "\n", "\r\n")+"Connection: close\r\n\r\n")
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("%q: %v", request, err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text), answer.Header
}

func TestTargetsReachTheirPartAsTheyCame(t *testing.T) {
	s := started(t, Options{Listen: "127.0.0.1:0"}, parts())
	for _, c := range []struct {
		target string
		status int
		seen   string
	}{
		{"/to/acme/v2/users/a%2Fb//c/../d?x=%2e&y", 200, "gateway /to/acme/v2/users/a%2Fb//c/../d?x=%2e&y "},
		{"/to/", 200, "gateway /to/ "},
		{"/to", 404, ""},
		{"//to/acme", 404, ""},
		{"/x/../to/acme", 404, ""},
		{"/%74o/acme", 404, ""},
		{"/TO/acme", 404, ""},
		{"http://127.0.0.1/to/acme", 400, ""},
		{"*", 400, ""},
		{"/oauth/token?x", 200, "oauth /oauth/token?x "},
		{"/oauth/token/", 404, ""},
		{"/oauth/../oauth/token", 404, ""},
		{"/oauth/revoke", 200, "oauth"},
		{"/oauth/introspect", 200, "oauth"},
		{"/.well-known/oauth-authorization-server", 200, "oauth"},
		{"/.well-known/other", 404, ""},
		{"/metrics", 200, "metrics"},
		{"/debug", 200, "Stagedoor 1.2.3"},
		{"/debug/pprof/", 404, ""},
		{"/", 404, ""},
	} {
		method := "GET"
		if c.target == "*" {
			method = "OPTIONS"
		}
		status, text, header := raw(t, s, method+" "+c.target+" HTTP/1.1\nHost: 127.0.0.1\n")
		if status != c.status || !strings.Contains(text, c.seen) {
			t.Errorf("%s: %d %q, want %d and %q", c.target, status, text, c.status, c.seen)
		}
		if header.Get("Location") != "" {
			t.Errorf("%s is redirected", c.target)
		}
		if !strings.HasPrefix(c.target, "/to/") && c.target != "*" && header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: an answer of our own is without nosniff: %v", c.target, header)
		}
	}
}

func TestGuardsAndMethods(t *testing.T) {
	p := parts()
	p.Guard = nobody
	s := started(t, Options{Listen: "127.0.0.1:0"}, p)
	for _, target := range []string{"/metrics", "/debug", "/debug?format=json"} {
		if status, _, _ := raw(t, s, "GET "+target+" HTTP/1.1\nHost: localhost\n"); status != 401 {
			t.Errorf("%s is open: %d", target, status)
		}
	}
	for _, target := range []string{"/healthz", "/readyz"} {
		if status, _, _ := raw(t, s, "GET "+target+" HTTP/1.1\nHost: localhost\n"); status != 200 {
			t.Errorf("%s: %d", target, status)
		}
		if status, _, header := raw(t, s, "DELETE "+target+" HTTP/1.1\nHost: localhost\n"); status != 405 || header.Get("Allow") != "GET, HEAD" {
			t.Errorf("DELETE %s: %d, Allow %q", target, status, header.Get("Allow"))
		}
	}
}

func TestExposeGateway(t *testing.T) {
	s := started(t, Options{Listen: "127.0.0.1:0", OperatorListen: "127.0.0.1:0", Expose: ExposeGateway}, parts())
	for target, status := range map[string]int{
		"/to/acme/v2/x": 200, "/oauth/token": 200, "/.well-known/oauth-authorization-server": 200, "/healthz": 200, "/readyz": 200,
		"/oauth/revoke": 404, "/oauth/introspect": 404, "/metrics": 404, "/debug": 404, "/": 404,
	} {
		if got, _, _ := raw(t, s, "GET "+target+" HTTP/1.1\nHost: localhost\n"); got != status {
			t.Errorf("public %s: %d, want %d", target, got, status)
		}
	}
	for _, target := range []string{"/metrics", "/debug", "/oauth/introspect", "/to/acme/v2/x"} {
		answer, err := http.Get(s.OperatorURL() + target)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != 200 {
			t.Errorf("operators' %s: %s", target, answer.Status)
		}
	}
}

func TestHosts(t *testing.T) {
	for _, c := range []struct {
		o        Options
		loopback bool
		yes, no  []string
	}{
		{Options{}, true, []string{"localhost", "LOCALHOST.", "127.0.0.1:8700", "127.9.9.9", "[::1]:8700"}, []string{"", "attacker.example", "10.0.0.1", "localhost.attacker.example", "0.0.0.0"}},
		{Options{PublicURL: "https://gate.example.com"}, true, []string{"gate.example.com", "Gate.Example.Com.:443", "localhost"}, []string{"other.example.com"}},
		{Options{AllowedHosts: []string{"inside"}}, false, []string{"inside", "10.0.0.1", "localhost"}, []string{"attacker.example"}},
		{Options{ACME: &ACME{Hosts: []string{"gate.example.com"}}}, false, []string{"gate.example.com"}, []string{"attacker.example"}},
		{Options{}, false, []string{"whatever.example"}, []string{""}},
	} {
		n := c.o.names(c.loopback)
		for _, host := range c.yes {
			if !n.allow(host) {
				t.Errorf("%+v: %q is refused", c.o, host)
			}
		}
		for _, host := range c.no {
			if n.allow(host) {
				t.Errorf("%+v: %q is allowed", c.o, host)
			}
		}
	}
}

func TestOrigins(t *testing.T) {
	s := started(t, Options{Listen: "127.0.0.1:0"}, parts())
	const cross = "Host: localhost\nOrigin: https://attacker.example\nSec-Fetch-Site: cross-site\nContent-Length: 0\n"
	if status, text, _ := raw(t, s, "POST /oauth/revoke HTTP/1.1\n"+cross); status != 403 || !strings.Contains(text, "page of another site") {
		t.Errorf("a page of another site posts: %d %s", status, text)
	}
	if status, _, _ := raw(t, s, "POST /oauth/revoke HTTP/1.1\nHost: localhost\nContent-Length: 0\n"); status != 200 {
		t.Errorf("a program's request: %d", status)
	}
}

func TestForwarded(t *testing.T) {
	proxies, err := ParseProxies([]string{"127.0.0.1", "10.1.0.0/16", "::1"})
	if err != nil {
		t.Fatal(err)
	}
	request := func(remote string, headers ...string) *http.Request {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr, r.Host = remote, "asked.example"
		for i := 0; i < len(headers); i += 2 {
			r.Header.Add(headers[i], headers[i+1])
		}
		return r
	}
	const direct = "192.0.2.7:999"
	for name, c := range map[string]struct {
		o    Options
		r    *http.Request
		want origin
	}{
		"without --behind-proxy nothing is believed": {Options{}, request(direct, "X-Forwarded-For", "1.2.3.4", "X-Forwarded-Proto", "https", "X-Forwarded-Host", "evil.example"), origin{direct, "asked.example", "http"}},
		"the peer is believed":                       {Options{BehindProxy: true}, request(direct, "X-Forwarded-For", "6.6.6.6, 1.2.3.4", "X-Forwarded-Proto", "https", "X-Forwarded-Host", "gate.example"), origin{"1.2.3.4:0", "gate.example", "https"}},
		"what came before the peer's word is not":    {Options{BehindProxy: true}, request(direct, "X-Forwarded-For", "6.6.6.6", "X-Forwarded-For", "1.2.3.4", "X-Forwarded-Proto", "http", "X-Forwarded-Proto", "https"), origin{"1.2.3.4:0", "asked.example", "https"}},
		"a stranger is not":                          {Options{BehindProxy: true, Proxies: proxies}, request(direct, "X-Forwarded-For", "1.2.3.4", "X-Forwarded-Proto", "https"), origin{direct, "asked.example", "http"}},
		"a chain of known proxies is walked":         {Options{BehindProxy: true, Proxies: proxies}, request("127.0.0.1:5", "X-Forwarded-For", "6.6.6.6, 1.2.3.4, 10.1.2.3"), origin{"1.2.3.4:0", "asked.example", "http"}},
		"a known proxy that calls by itself":         {Options{BehindProxy: true, Proxies: proxies}, request("127.0.0.1:5", "X-Forwarded-For", "10.1.2.3"), origin{"10.1.2.3:0", "asked.example", "http"}},
		"nonsense is left":                           {Options{BehindProxy: true}, request(direct, "X-Forwarded-For", "unknown", "X-Forwarded-Proto", "gopher"), origin{direct, "asked.example", "http"}},
		"IPv6":                                       {Options{BehindProxy: true, Proxies: proxies}, request("[::1]:5", "X-Forwarded-For", "[2001:db8::9]"), origin{"[2001:db8::9]:0", "asked.example", "http"}},
	} {
		if got := c.o.originOf(c.r); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func TestBehindProxy(t *testing.T) {
	s := started(t, Options{Listen: "127.0.0.1:0", BehindProxy: true, AllowedHosts: []string{"gate.example"}}, parts())
	status, text, header := raw(t, s, "GET /to/acme/v2/x HTTP/1.1\nHost: 127.0.0.1\nX-Forwarded-For: 1.2.3.4\nX-Forwarded-Proto: https\nX-Forwarded-Host: gate.example\nX-Real-IP: 5.5.5.5\n")
	if want := `base=https://gate.example host=gate.example from=1.2.3.4:0 forwarded=[]`; status != 200 || !strings.Contains(text, want) {
		t.Errorf("%d %s, want %s", status, text, want)
	}
	if header.Get("Strict-Transport-Security") == "" {
		t.Error("over https there is no Strict-Transport-Security")
	}
	if status, _, _ := raw(t, s, "GET /healthz HTTP/1.1\nHost: 127.0.0.1\nX-Forwarded-Host: attacker.example\n"); status != http.StatusMisdirectedRequest {
		t.Errorf("a proxied name that is not ours: %d", status)
	}
}

func TestPanicsAreAnsweredAndTellNoSecret(t *testing.T) {
	var log bytes.Buffer
	var mu sync.Mutex
	p := parts()
	p.OAuth = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Query().Get("how") {
		case "text":
			panic("hunter2 is the secret")
		case "error":
			panic(fmt.Errorf("refused hunter2"))
		case "half":
			io.WriteString(w, strings.Repeat("x", 8<<10))
			panic("hunter2")
		default:
			var none []int
			_ = none[5]
		}
	})
	s := started(t, Options{Listen: "127.0.0.1:0", Log: slog.New(slog.NewTextHandler(&locked{w: &log, mu: &mu}, nil))}, p)
	for _, how := range []string{"text", "error", "index"} {
		answer, err := http.Get(s.URL() + "/oauth/token?how=" + how)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		if answer.StatusCode != 500 || !json.Valid(text) || answer.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %s %s", how, answer.Status, text)
		}
	}
	answer, err := http.Get(s.URL() + "/oauth/token?how=half")
	if err == nil {
		if _, err = io.ReadAll(answer.Body); err == nil {
			t.Error("half an answer looks like a whole one")
		}
		answer.Body.Close()
	}
	mu.Lock()
	defer mu.Unlock()
	if said := log.String(); strings.Contains(said, "hunter2") || !strings.Contains(said, "index out of range") || strings.Count(said, "a request met a defect") != 4 {
		t.Errorf("the log says\n%s", said)
	}
}

// locked is a writer of many.
type locked struct {
	w  io.Writer
	mu *sync.Mutex
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func TestStopLetsAnswersFinish(t *testing.T) {
	began, finish := make(chan struct{}), make(chan struct{})
	p := parts()
	p.Gateway = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "first ")
		http.NewResponseController(w).Flush()
		close(began)
		<-finish
		io.WriteString(w, "last")
	})
	s, err := Listen(Options{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	s.Serve(p)
	got := make(chan string)
	go func() {
		answer, err := http.Get(s.URL() + "/to/acme/v2/slow")
		if err != nil {
			got <- err.Error()
			return
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		got <- fmt.Sprint(string(text), err)
	}()
	<-began
	stopped := make(chan int64)
	go func() { stopped <- s.Stop(context.Background()) }()
	for !s.draining.Load() {
		time.Sleep(time.Millisecond)
	}
	for refused := false; !refused; time.Sleep(time.Millisecond) {
		conn, err := net.Dial("tcp", s.doors[0].listener.Addr().String())
		refused = err != nil
		if !refused {
			conn.Close()
		}
	}
	close(finish)
	if text := <-got; text != "first last<nil>" {
		t.Errorf("the answer that was under way: %s", text)
	}
	if cut := <-stopped; cut != 0 {
		t.Errorf("%d answers are said to be cut off", cut)
	}
}

func TestStopIsBounded(t *testing.T) {
	began := make(chan struct{})
	p := parts()
	p.Gateway = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(began)
		<-r.Context().Done() // as an event stream, which has no end
	})
	s, err := Listen(Options{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	s.Serve(p)
	gone := make(chan error)
	go func() {
		answer, err := http.Get(s.URL() + "/to/acme/v2/events")
		if err == nil {
			answer.Body.Close()
		}
		gone <- err
	}()
	<-began
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if cut := s.Stop(ctx); cut != 1 {
		t.Errorf("%d answers cut off, want 1", cut)
	}
	if s.Running() != 0 {
		t.Error("a handler still runs after Stop")
	}
	<-gone
}

func TestReadiness(t *testing.T) {
	p := parts()
	p.Ready = func(context.Context) error { return errors.New("database at /secret/place is gone") }
	s := started(t, Options{Listen: "127.0.0.1:0"}, p)
	if status, text, _ := raw(t, s, "GET /readyz HTTP/1.1\nHost: localhost\n"); status != 503 || strings.Contains(text, "/secret/place") {
		t.Errorf("%d %s", status, text)
	}
	s.draining.Store(true)
	if status, text, _ := raw(t, s, "GET /readyz HTTP/1.1\nHost: localhost\n"); status != 503 || !strings.Contains(text, "stopping") {
		t.Errorf("while stopping: %d %s", status, text)
	}
	if status, _, _ := raw(t, s, "GET /healthz HTTP/1.1\nHost: localhost\n"); status != 200 {
		t.Errorf("health while stopping: %d", status)
	}
}

func TestURL(t *testing.T) {
	for given, pattern := range map[string]string{
		"127.0.0.1:0": `^http://127\.0\.0\.1:[1-9]\d*$`, "localhost:0": `^http://(127\.0\.0\.1|\[::1\]):[1-9]\d*$`,
		"0.0.0.0:0": `^http://0\.0\.0\.0:[1-9]\d*$`, ":0": `^http://0\.0\.0\.0:[1-9]\d*$`,
	} {
		s, err := Listen(Options{Listen: given, BehindProxy: true})
		if err != nil {
			t.Fatal(err)
		}
		if !regexp.MustCompile(pattern).MatchString(s.URL()) {
			t.Errorf("%s is said to be %s", given, s.URL())
		}
		stopped, cancel := context.WithCancel(t.Context())
		cancel()
		s.Stop(stopped)
	}
}

func TestHeadersAreBounded(t *testing.T) {
	s := started(t, Options{Listen: "127.0.0.1:0"}, parts())
	if status, _, _ := raw(t, s, "GET /healthz HTTP/1.1\nHost: localhost\nX-Long: "+strings.Repeat("x", 80<<10)+"\n"); status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("80 KiB of headers: %d", status)
	}
}

func TestOneDaemonAHome(t *testing.T) {
	home := t.TempDir()
	first, err := LockHome(home)
	if err != nil {
		t.Fatal(err)
	}
	_, err = LockHome(home)
	if stagedoor.KindOf(err) != stagedoor.KindExists || !strings.Contains(err.Error(), fmt.Sprintf("process %d on ", os.Getpid())) {
		t.Errorf("a second lock: %v", err)
	}
	if err := first.Release(); err != nil {
		t.Fatal(err)
	}
	again, err := LockHome(home)
	if err != nil {
		t.Fatalf("after the first was released: %v", err)
	}
	again.Release()
}

func TestSealedFolder(t *testing.T) {
	ctx, path := t.Context(), filepath.Join(t.TempDir(), "acme")
	folder, err := NewSealedFolder(path, bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := folder.Get(ctx, "gate.example.com"); err == nil {
		t.Error("there is something before anything was put")
	}
	const secret = "-----BEGIN EC PRIVATE KEY-----"
	for _, name := range []string{"gate.example.com", "acme_account+key"} {
		if err := folder.Put(ctx, name, []byte(secret+name)); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := folder.Get(ctx, "gate.example.com"); err != nil || string(got) != secret+"gate.example.com" {
		t.Errorf("%q, %v", got, err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder: %v, %v", info.Mode(), err)
	}
	files, err := os.ReadDir(path)
	if err != nil || len(files) != 2 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join(path, file.Name()))
		if err != nil || bytes.Contains(text, []byte("PRIVATE")) || strings.Contains(file.Name(), "gate") {
			t.Errorf("%s is not sealed (%v)", file.Name(), err)
		}
	}
	// A file under another's name does not open.
	from, _ := os.ReadFile(folder.file("acme_account+key"))
	if err := os.WriteFile(folder.file("gate.example.com"), from, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := folder.Get(ctx, "gate.example.com"); err == nil {
		t.Errorf("a swapped file opens: %q", got)
	}
	if err := folder.Delete(ctx, "acme_account+key"); err != nil {
		t.Fatal(err)
	}
	if _, err := folder.Get(ctx, "acme_account+key"); err == nil {
		t.Error("what was deleted is there")
	}
}
