package cli_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor/zoomsim"
)

// eventually waits until what another process does has come about.
func (w *world) eventually(is func() bool) {
	w.t.Helper()
	for end := time.Now().Add(time.Minute); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			w.t.Fatal("it has not come about after a minute")
		}
	}
}

// grant gets a caller's token at base.
func (w *world) grant(base string, g guest, client *http.Client) string {
	w.t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {g.ClientID}, "client_secret": {g.ClientSecret}}
	answer, err := client.PostForm(base+"/oauth/token", form)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	var granted struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&granted); err != nil || granted.Token == "" {
		w.t.Fatalf("token: status %d, %v", answer.StatusCode, err)
	}
	return granted.Token
}

// through sends a GET of a caller through the gateway at base.
func (w *world) through(base string, g guest, client *http.Client, path string) (status int, body string) {
	w.t.Helper()
	request, err := http.NewRequest(http.MethodGet, base+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+w.grant(base, g, client))
	answer, err := client.Do(request)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// TestNginx runs the nginx that docs/serve.md shows in front of a daemon.
func TestNginx(t *testing.T) {
	t.Parallel()
	nginx, err := exec.LookPath("nginx")
	if err != nil {
		t.Skip("nginx is missing here (scripts/shells.sh installs it on Debian, where no service manager would start it)")
	}
	const name, from = "gateway.example.com", "127.0.0.2"
	w := newWorld(t, zoomsim.Options{Users: 3, Meetings: 5})
	goOn, uploaded := make(chan struct{}), make(chan string, 1)
	w.inFront(func(rw http.ResponseWriter, r *http.Request, zoom http.Handler) {
		switch r.URL.Path {
		case "/v2/events":
			rw.Header().Set("Content-Type", "text/event-stream")
			io.WriteString(rw, "data: first\n\n")
			_ = http.NewResponseController(rw).Flush()
			<-goOn
			io.WriteString(rw, "data: last\n\n")
		case "/v2/upload":
			first := make([]byte, 5)
			io.ReadFull(r.Body, first)
			uploaded <- string(first)
			rest, _ := io.ReadAll(r.Body)
			fmt.Fprintf(rw, `{"bytes":%d}`, len(first)+len(rest))
		case "/v2/echo/a%20b/c", "/v2/echo/a b/c":
			io.WriteString(rw, `"`+r.RequestURI+`"`)
		default:
			zoom.ServeHTTP(rw, r)
		}
	})
	w.addCredential()
	behind, front := freeAddress(t), freeAddress(t)
	public := "https://" + name
	d := w.serve(behind, "--behind-proxy", "--proxy", "127.0.0.1", "--public-url", public)
	pool := w.startNginx(nginx, behind, front)
	client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: name},
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}).DialContext(ctx, "tcp", front)
		},
	}}
	t.Cleanup(client.CloseIdleConnections)
	g := w.addCaller("reports", "--allow", "GET /users/**", "--allow", "GET /events", "--allow", "POST /upload", "--allow", "GET /echo/**")

	w.eventually(func() bool {
		answer, err := client.Get(public + "/healthz")
		if err != nil {
			return false
		}
		defer answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	})
	if status, body := w.through(public, g, client, "/to/acme/v2/users/me"); status != http.StatusOK || !strings.Contains(body, `"email"`) {
		t.Errorf("GET /users/me: %d %s", status, body)
	}
	// What was escaped goes on escaped, and no path is cleaned on the way.
	if status, body := w.through(public, g, client, "/to/acme/v2/echo/a%20b/c"); status != http.StatusOK || body != `"/v2/echo/a%20b/c"` {
		t.Errorf("an escaped path: %d %s", status, body)
	}
	for _, path := range []string{"/to/acme/v2/users//me", "/to/acme/v2/users/x%2f..%2fme", "/to/acme/v2/users/%2e%2e/report/daily"} {
		if status, body := w.through(public, g, client, path); status != http.StatusBadRequest && status != http.StatusForbidden && status != http.StatusNotFound {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	for _, path := range []string{"/metrics", "/debug", "/debug?format=json"} {
		answer, err := client.Get(public + path)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusNotFound {
			t.Errorf("%s: status %d", path, answer.StatusCode)
		}
	}
	// The metadata names the public address.
	answer, err := client.Get(public + "/.well-known/oauth-authorization-server")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(answer.Body)
	answer.Body.Close()
	if !strings.Contains(string(body), `"`+public+`/oauth/token"`) {
		t.Errorf("metadata: %s", body)
	}
	w.streams(client, public, g, goOn, uploaded)
	client.CloseIdleConnections()
	d.stop()
	// The audit knows the caller's address, as nginx saw it.
	if said := w.succeeds("audit", "--caller", "reports", "--json").stdout; !strings.Contains(said, `"from":"`+from+`"`) {
		t.Errorf("the audit has no address of the caller:\n%s", said)
	}
}

// streams holds that neither direction waits for the whole.
func (w *world) streams(client *http.Client, public string, g guest, goOn chan struct{}, uploaded chan string) {
	w.t.Helper()
	token := w.grant(public, g, client)
	ask := func(method, path string, body io.Reader) *http.Response {
		request, err := http.NewRequest(method, public+path, body)
		if err != nil {
			w.t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+token)
		answer, err := client.Do(request)
		if err != nil {
			w.t.Fatal(err)
		}
		return answer
	}
	events := ask(http.MethodGet, "/to/acme/v2/events", nil)
	defer events.Body.Close()
	first := make([]byte, len("data: first\n\n"))
	if _, err := io.ReadFull(events.Body, first); err != nil || string(first) != "data: first\n\n" {
		w.t.Errorf("the first event: %q, %v", first, err)
	}
	close(goOn) // only now does Zoom send the rest
	if rest, err := io.ReadAll(events.Body); err != nil || string(rest) != "data: last\n\n" {
		w.t.Errorf("the last event: %q, %v", rest, err)
	}

	read, write := io.Pipe()
	go func() {
		io.WriteString(write, "begin")
		select {
		case <-uploaded: // Zoom has the beginning before the end is sent
		case <-time.After(30 * time.Second):
			write.CloseWithError(fmt.Errorf("the upload's beginning was kept back"))
			return
		}
		write.Write(bytes.Repeat([]byte("x"), 2<<20))
		write.Close()
	}()
	answer := ask(http.MethodPost, "/to/acme/v2/upload", read)
	defer answer.Body.Close()
	if body, _ := io.ReadAll(answer.Body); string(body) != fmt.Sprintf(`{"bytes":%d}`, 5+(2<<20)) {
		w.t.Errorf("the upload: %d %s", answer.StatusCode, body)
	}
}

// startNginx starts the nginx of docs/serve.md at front, before the daemon at
// behind, and returns whom its certificate is signed by.
func (w *world) startNginx(nginx, behind, front string) *x509.CertPool {
	w.t.Helper()
	var config string
	for _, b := range blocksOf(w.t, servePage) {
		if strings.Contains(b.text, "proxy_pass http://stagedoor;") {
			config = b.text
		}
	}
	certificate, key, pool := selfSigned(w.t, "gateway.example.com")
	for _, change := range [][2]string{
		{"127.0.0.1:8700;", behind + ";"},
		{"listen 443 ssl;", "listen " + front + " ssl;"},
		{"/etc/ssl/gateway/fullchain.pem", w.give("fullchain.pem", certificate)},
		{"/etc/ssl/gateway/key.pem", w.give("nginx-key.pem", key)},
	} {
		if strings.Count(config, change[0]) != 1 {
			w.t.Fatalf("docs/serve.md's nginx has %q %d times", change[0], strings.Count(config, change[0]))
		}
		config = strings.Replace(config, change[0], change[1], 1)
	}
	dir := w.asked
	temporary := ""
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		temporary += fmt.Sprintf("%s_temp_path %s/nginx-%s;\n", kind, dir, kind)
	}
	user := ""
	if os.Getuid() == 0 {
		user = "user root;\n" // the test's folder is nobody else's
	}
	file := w.give("nginx.conf", user+"daemon off;\nworker_processes 1;\npid "+dir+"/nginx.pid;\nerror_log stderr warn;\nevents {}\nhttp {\naccess_log off;\n"+temporary+config+"\n}\n")
	cmd := exec.Command(nginx, "-p", dir, "-e", "stderr", "-c", file)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
		if w.t.Failed() {
			w.t.Logf("nginx: %s", said.String())
		}
	})
	return pool
}

// selfSigned is a certificate of a name and its key, both PEM.
func selfSigned(t *testing.T, name string) (certificate, key string, pool *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(signed)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	pool = x509.NewCertPool()
	pool.AddCert(parsed)
	encode := func(kind string, bytes []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes}))
	}
	return encode("CERTIFICATE", signed), encode("PRIVATE KEY", encoded), pool
}
