package egress

import (
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stagedoor/stagedoor"
)

// newTransport returns one that no proxy of the machine gets in the way of.
func newTransport(t *testing.T, o Options) *Transport {
	t.Helper()
	transport, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	transport.proxyFor = func(*http.Request) (*url.URL, error) { return nil, nil }
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

// server counts the requests that reach it.
func server(t *testing.T) (*httptest.Server, *atomic.Int32) {
	t.Helper()
	var count atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		count.Add(1)
		io.WriteString(w, "here")
	}))
	t.Cleanup(s.Close)
	return s, &count
}

func get(t *testing.T, rt http.RoundTripper, address string) (string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := rt.RoundTrip(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return string(body), err
}

func TestAllowedLoopbackIsReached(t *testing.T) {
	s, count := server(t)
	host := s.Listener.Addr().String()
	body, err := get(t, newTransport(t, Options{Allow: []string{host}}), s.URL)
	if err != nil || body != "here" || count.Load() != 1 {
		t.Errorf("got %q, %v", body, err)
	}
}

// A name on the list that resolves to a private address is refused when it is
// dialed, since DNS is not ours.
func TestListedNameThatResolvesToLoopbackIsRefused(t *testing.T) {
	s, count := server(t)
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())

	transport := newTransport(t, Options{Hosts: []string{"localhost"}})
	_, err := transport.dial(t.Context(), "tcp", "localhost:"+port)
	e, ok := errors.AsType[*stagedoor.Error](err)
	if !ok || e.Kind != stagedoor.KindHostRefused || !strings.Contains(e.Cause, "loopback") || !strings.Contains(e.Fix, "--allow-host localhost:"+port) {
		t.Errorf("got %v", err)
	}

	_, err = get(t, transport, "https://localhost/")
	if e, ok := err.(*stagedoor.Error); !ok || e.Kind != stagedoor.KindHostRefused {
		t.Errorf("the whole request gave %v, want the refusal itself", err)
	}
	if count.Load() != 0 {
		t.Error("the server was reached")
	}

	allowed := newTransport(t, Options{Allow: []string{"localhost:" + port}})
	if body, err := get(t, allowed, "http://localhost:"+port); err != nil || body != "here" {
		t.Errorf("named by --allow-host it gave %q, %v", body, err)
	}
	if _, err := allowed.dial(t.Context(), "tcp", "localhost:1"); stagedoor.KindOf(err) != stagedoor.KindHostRefused {
		t.Errorf("another port than the allowed gave %v", err)
	}
}

// The proxy resolves and dials, and its own address is nobody's business. The
// list of names still holds.
func TestBehindAProxyTheNameIsChecked(t *testing.T) {
	var asked atomic.Value
	asked.Store("")
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r.Host)
		http.Error(w, "no tunnel today", http.StatusForbidden)
	}))
	t.Cleanup(proxy.Close)
	address, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	transport := newTransport(t, Options{Hosts: []string{"*.zoom.us"}})
	transport.proxyFor = func(*http.Request) (*url.URL, error) { return address, nil }

	if _, err := get(t, transport, "https://api.zoom.us/v2"); err == nil || stagedoor.KindOf(err) == stagedoor.KindHostRefused {
		t.Errorf("got %v, want the proxy's own answer", err)
	}
	if got := asked.Load(); got != "api.zoom.us:443" {
		t.Errorf("the proxy was asked for %q", got)
	}
	asked.Store("")
	if _, err := get(t, transport, "https://evil.example/"); stagedoor.KindOf(err) != stagedoor.KindHostRefused {
		t.Errorf("got %v, want a refusal", err)
	}
	if got := asked.Load(); got != "" {
		t.Errorf("the proxy was asked for %q", got)
	}
}

func TestProxySettingsErrorHidesItsPassword(t *testing.T) {
	transport := newTransport(t, Options{Hosts: []string{"*.zoom.us"}})
	transport.proxyFor = func(*http.Request) (*url.URL, error) {
		return nil, errors.New(`invalid proxy address "http://me:canary@:x"`)
	}
	_, err := get(t, transport, "https://api.zoom.us/v2")
	if err == nil || strings.Contains(err.Error(), "canary") || !strings.Contains(err.Error(), "HTTPS_PROXY") {
		t.Errorf("got %v", err)
	}
}

func TestRedirectIsARequestOfItsOwn(t *testing.T) {
	elsewhere, reached := server(t)
	s := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusFound))
	t.Cleanup(s.Close)
	transport := newTransport(t, Options{Allow: []string{s.Listener.Addr().String()}})

	following := &http.Client{Transport: transport}
	if _, err := following.Get(s.URL); stagedoor.KindOf(err) != stagedoor.KindHostRefused {
		t.Errorf("a client that follows got %v, want a refusal", err)
	}
	if reached.Load() != 0 {
		t.Error("the other host was reached")
	}
}

func TestCertificateAuthorityFile(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "here") }))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	allow := []string{s.Listener.Addr().String()}
	file := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(file, block, 0o600); err != nil {
		t.Fatal(err)
	}

	if body, err := get(t, newTransport(t, Options{Allow: allow, CAFile: file}), s.URL); err != nil || body != "here" {
		t.Errorf("with the file: %q, %v", body, err)
	}

	if _, err := get(t, newTransport(t, Options{Allow: allow}), s.URL); err == nil {
		t.Error("a stranger's certificate was trusted without the file")
	}

	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{empty, filepath.Join(t.TempDir(), "missing.pem")} {
		_, err := New(Options{CAFile: bad})
		if stagedoor.KindOf(err) != stagedoor.KindUsage || !strings.Contains(err.Error(), bad) || !strings.Contains(err.Error(), "--ca-file") {
			t.Errorf("%s gave %v, want an explained error", bad, err)
		}
	}
}

// A redirect of a download may lead to any public host over https, and nowhere
// else.
func TestAnywhereIsPublicAndOverHTTPS(t *testing.T) {
	s, count := server(t)
	transport := newTransport(t, Options{Anywhere: true})
	for address, want := range map[string]string{
		"https://cdn.example/file":           "",
		"https://cdn.example:8443/file":      "",
		"http://cdn.example/file":            "not on the credential's list",
		"https://10.0.0.1/file":              "a private address",
		"https://[::1]/file":                 "a loopback address",
		"https://169.254.169.254/latest":     "a link-local address",
		"https://user:word@cdn.example/file": "user name or password",
		"https://2130706433/file":            "some programs read as an address",
		"https://0x7f000001/file":            "some programs read as an address",
		"https://127.1/file":                 "some programs read as an address",
		"https://0177.0.0.1/file":            "some programs read as an address",
		"https://cdn.0x7f./file":             "some programs read as an address",
		"https://[::ffff:10.0.0.1]/file":     "a private address",
		"https://1.example/file":             "",
		s.URL:                                "not on the credential's list",
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		err = transport.Check(u)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", address, err)
		}
	}
	// A name is resolved when it is dialed.
	if _, err := get(t, transport, "https://localhost:"+port(t, s.URL)); err == nil || !strings.Contains(err.Error(), "a loopback address") {
		t.Errorf("localhost: %v", err)
	}
	if count.Load() != 0 {
		t.Error("the server was reached")
	}
}

func port(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Port()
}
