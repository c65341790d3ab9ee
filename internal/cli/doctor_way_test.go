package cli_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor/zoomsim"
)

// An authority signs certificates, and is trusted where its file is given.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  string
}

func newAuthority(t *testing.T, until time.Time) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Example Company CA"},
		NotBefore: time.Now().AddDate(-2, 0, 0), NotAfter: until, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return authority{cert, key, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))}
}

// certificate is one for the names and for 127.0.0.1 (unless other is set).
func (a authority) certificate(t *testing.T, from, until time.Time, loopback bool, names ...string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "a server"}, DNSNames: names, NotBefore: from, NotAfter: until,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if loopback {
		template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der, a.cert.Raw}, PrivateKey: key}
}

// secure serves the simulator over TLS and returns the variables of the
// credential env that lead there.
func (w *world) secure(cert tls.Certificate, handler http.Handler) []string {
	w.t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // refused handshakes are what is tested
	server.StartTLS()
	w.t.Cleanup(server.Close)
	return w.fromEnv("ZOOM_TOKEN_URL="+server.URL+"/oauth/token", "ZOOM_API_URL="+server.URL+"/v2")
}

func TestDoctorOfCertificates(t *testing.T) {
	w := newWorld(t, zoomsim.Options{Meetings: 60})
	past, soon, later := time.Now().AddDate(0, 0, -10), time.Now().AddDate(0, 0, 5), time.Now().AddDate(1, 0, 0)
	old := time.Now().AddDate(-1, 0, 0)
	ca := newAuthority(t, later)
	file := w.give("ca.pem", ca.pem)

	own := w.secure(ca.certificate(t, old, later, true), w.sim.Handler())
	v := w.doctor(1, own, []string{"env"}, finding{"tls", "fail", "unreachable", `signed by an authority that this machine does not trust: "Example Company CA"`, "--ca-file FILE"})
	if v.TokenCalls != 0 || v.result("token-endpoint") != "skip" {
		t.Error("a token was asked for over a connection that is not trusted")
	}
	w.doctor(0, own, []string{"env", "--ca-file", file})

	expired := w.secure(ca.certificate(t, old, past, true), w.sim.Handler())
	w.doctor(1, expired, []string{"env", "--ca-file", file}, finding{"tls", "fail", "unreachable", "expired on " + past.UTC().Format(time.DateOnly), "must renew the certificate"})
	ending := w.secure(ca.certificate(t, old, soon, true), w.sim.Handler())
	w.doctor(0, ending, []string{"env", "--ca-file", file}, finding{"tls", "warn", "", "ends in [45] days", "must renew it"})
	early := w.secure(ca.certificate(t, soon, later, true), w.sim.Handler())
	w.doctor(1, early, []string{"env", "--ca-file", file}, finding{"tls", "fail", "unreachable", "valid from .* on, and this machine's clock says", "Set this machine's clock"})
	other := w.secure(ca.certificate(t, old, later, false, "other.example"), w.sim.Handler())
	w.doctor(1, other, []string{"env", "--ca-file", file}, finding{"tls", "fail", "unreachable", "is for another name: other.example", "name that is in the certificate"})

	plain := w.fromEnv("ZOOM_TOKEN_URL=" + strings.Replace(w.info.TokenURL, "http:", "https:", 1))
	w.doctor(1, plain, []string{"env"}, finding{"tls", "fail", "unreachable", "does not speak TLS", "https://"})

	// Other commands say the same, and do not try again what will not pass.
	r := w.startWith(nil, own, "token", "env").wait()
	if r.status != 1 || !strings.Contains(r.stderr, "does not trust") || !strings.Contains(r.stderr, "unreachable") || strings.Contains(r.stderr, "waiting") {
		t.Errorf("token: %d %s", r.status, r.stderr)
	}

	// The file of authorities itself.
	w.doctor(1, nil, []string{"--ca-file", w.path("none.pem")}, finding{"ca-file", "fail", "usage", "can not be read: no such file", "readable file of PEM"})
	w.doctor(1, nil, []string{"--ca-file", w.give("empty.pem", "nothing")}, finding{"ca-file", "fail", "usage", "there is no certificate in", "openssl x509"})
	w.doctor(0, nil, []string{"--ca-file", w.give("old.pem", newAuthority(t, past).pem)}, finding{"ca-file", "warn", "usage", "1 of 1 certificates in .* expired: Example Company CA", "new CA certificate"})
}

func TestDoctorOfTheWay(t *testing.T) {
	w := newWorld(t, zoomsim.Options{Meetings: 60})
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := closed.Addr().String()
	closed.Close()

	w.doctor(1, w.fromEnv("ZOOM_TOKEN_URL=http://"+nobody+"/oauth/token"), []string{"env"}, finding{"tcp", "fail", "network", "refused the connection: nothing listens on port", "ZOOM_TOKEN_URL"})
	// Machines without DNS say otherwise than those with: both are explained.
	env := w.fromEnv("ZOOM_TOKEN_URL=https://nothere.invalid/oauth/token")
	w.t.Run("dns", func(t *testing.T) {
		r := w.startWith(nil, env, "doctor", "env").wait()
		if r.status != 1 || !strings.Contains(r.stdout, "there is no host by the name nothere.invalid") && !strings.Contains(r.stdout, "nothere.invalid could not be looked up") || !strings.Contains(r.stdout, "nslookup nothere.invalid") {
			t.Errorf("%d %s", r.status, r.stdout)
		}
	})
	w.addCredential()
	secret := w.give("other.txt", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n")
	w.succeeds("credential", "add", "elsewhere", "--no-check", "--account-id", "a", "--client-id", "b", "--client-secret-file", secret, "--token-url", "https://token.example.com/token")
	w.doctor(1, nil, []string{"elsewhere"}, finding{"host", "fail", "host_not_allowed", "not on the credential's list", "--allow-host token.example.com"})

	// A clock that is off, by the server's Date.
	for _, tt := range []struct {
		off    time.Duration
		status int
		want   []finding
	}{
		{-time.Hour, 1, []finding{{"clock", "fail", "", "is (1h0m|59m).* ahead of that of", "timedatectl set-ntp true"}}},
		{time.Hour, 1, []finding{{"clock", "fail", "", "behind that of", "w32tm"}}},
		{-2 * time.Minute, 0, []finding{{"clock", "warn", "", "ahead of that of", "chronyc"}}},
		{0, 0, nil},
	} {
		w.inFront(func(rw http.ResponseWriter, r *http.Request, zoom http.Handler) {
			rw.Header().Set("Date", time.Now().Add(tt.off).UTC().Format(http.TimeFormat))
			zoom.ServeHTTP(rw, r)
		})
		w.doctor(tt.status, nil, []string{"acme"}, tt.want...)
	}
	// A sign-in page in the place of the token endpoint, and in that of the API.
	page := func(prefix string) {
		w.inFront(func(rw http.ResponseWriter, r *http.Request, zoom http.Handler) {
			if strings.HasPrefix(r.URL.Path, prefix) {
				io.WriteString(rw, "<html><title>Sign in</title></html>")
				return
			}
			zoom.ServeHTTP(rw, r)
		})
	}
	page("/oauth")
	w.doctor(1, nil, []string{"acme"}, finding{"token-endpoint", "fail", "bad_answer", "not a JSON object", "token URL is the provider's token endpoint"})
	page("/v2/users/me")
	w.doctor(1, nil, []string{"acme"}, finding{"call", "fail", "bad_answer", "did not answer with a JSON object", "sign-in page"})
}

// proxy is an HTTPS proxy; through is what it does with a connection that it
// was asked to take somewhere.
func (w *world) proxy(answer func(*http.Request) int, through func(net.Conn)) string {
	w.t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		status := answer(r)
		if status != http.StatusOK {
			rw.Header().Set("Proxy-Authenticate", `Basic realm="the company"`)
			rw.WriteHeader(status)
			return
		}
		conn, _, err := http.NewResponseController(rw).Hijack()
		if err != nil {
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 200 Connection established\r\n\r\n")
		through(conn)
	}))
	w.t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// TestDoctorOfProxies uses Zoom's own names: whatever is sent goes to a proxy
// of the test.
func TestDoctorOfProxies(t *testing.T) {
	w := newWorld(t, zoomsim.Options{Meetings: 60})
	env := func(proxy string) []string {
		return append(w.fromEnv("ZOOM_TOKEN_URL=", "ZOOM_API_URL="), "HTTPS_PROXY=http://"+proxy)
	}
	refusing := func(status int) string {
		return w.proxy(func(*http.Request) int { return status }, nil)
	}
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	dead := closed.Addr().String()
	w.doctor(1, env(dead), []string{"env"}, finding{"tcp", "fail", "network", "the proxy " + dead + " refused the connection", "HTTPS_PROXY"})
	w.doctor(1, env(refusing(407)), []string{"env"}, finding{"proxy", "fail", "unreachable", "wants a user name and a password .status 407", "HTTPS_PROXY in the environment"})
	w.doctor(1, env("me:proxy-password@"+refusing(407)), []string{"env"}, finding{"proxy", "fail", "unreachable", "does not take the user name and password", "NTLM or Kerberos"})
	w.doctor(1, env(refusing(403)), []string{"env"}, finding{"proxy", "fail", "unreachable", "does not let us through to zoom.us:443 .status 403", "Ask who runs the proxy"})
	w.doctor(1, env(refusing(502)), []string{"env"}, finding{"proxy", "fail", "network", "could not reach zoom.us:443", "whether it can reach"})
	r := w.startWith(nil, env("me:proxy-password@"+refusing(407)), "token", "env").wait()
	if r.status != 1 || !strings.Contains(r.stderr, "status 407") || strings.Contains(r.stderr, "proxy-password") {
		t.Errorf("token: %d %s", r.status, r.stderr)
	}

	// A proxy that reads along: it answers for zoom.us with a certificate of its
	// own. With its authority all works, and is told.
	ca := newAuthority(t, time.Now().AddDate(1, 0, 0))
	cert := ca.certificate(t, time.Now().AddDate(0, 0, -1), time.Now().AddDate(0, 6, 0), false, "zoom.us", "api.zoom.us")
	inside := &listener{conns: make(chan net.Conn), done: make(chan struct{})}
	server := &http.Server{Handler: w.sim.Handler(), ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = server.Serve(tls.NewListener(inside, &tls.Config{Certificates: []tls.Certificate{cert}})) }()
	t.Cleanup(func() {
		close(inside.done)
		server.Close()
	})
	reading := w.proxy(func(*http.Request) int { return http.StatusOK }, func(c net.Conn) { inside.conns <- c })
	w.doctor(1, env(reading), []string{"env"}, finding{"tls", "fail", "unreachable", "does not trust", "--ca-file"})
	v := w.doctor(0, env(reading), []string{"env", "--ca-file", w.give("ca.pem", ca.pem)}, finding{"tls", "warn", "", "is answered by somebody in between", "set-secret"})
	if v.TokenCalls != 1 || v.APICalls != 2 {
		t.Errorf("%d token calls and %d API calls", v.TokenCalls, v.APICalls)
	}
}

// A listener whose connections come from elsewhere.
type listener struct {
	conns chan net.Conn
	done  chan struct{}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error   { return nil }
func (l *listener) Addr() net.Addr { return &net.TCPAddr{} }
