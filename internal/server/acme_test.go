package server

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// certifier is an ACME authority (RFC 8555) with as much of it as an order takes:
// it proves a name by TLS-ALPN-01 (RFC 8737), with a real handshake at a fixed
// address, and certifies it. It does not look at signatures, which are the
// business of the library under test.
type certifier struct {
	t      *testing.T
	ca     *authority
	dial   string // where names lead
	server *httptest.Server

	mu      sync.Mutex // guards what follows
	names   []string   // that were ordered
	jwk     []byte     // of the account
	proven  bool
	issued  []byte
	account int // requests for one
}

// oid of the extension acmeIdentifier (RFC 8737 section 3).
var acmeIdentifier = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 31}

func newCertifier(t *testing.T, ca *authority) *certifier {
	c := &certifier{t: t, ca: ca}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /directory", func(w http.ResponseWriter, _ *http.Request) {
		c.answer(w, 200, map[string]any{
			"newNonce": c.server.URL + "/nonce", "newAccount": c.server.URL + "/account", "newOrder": c.server.URL + "/order",
			"revokeCert": c.server.URL + "/revoke", "keyChange": c.server.URL + "/key",
		})
	})
	mux.HandleFunc("/nonce", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Replay-Nonce", "n") })
	mux.HandleFunc("POST /account", func(w http.ResponseWriter, r *http.Request) {
		protected, _ := c.read(r)
		var header struct {
			JWK json.RawMessage `json:"jwk"`
		}
		json.Unmarshal(protected, &header)
		c.mu.Lock()
		c.jwk, c.account = header.JWK, c.account+1
		c.mu.Unlock()
		w.Header().Set("Location", c.server.URL+"/account/1")
		c.answer(w, 201, map[string]any{"status": "valid"})
	})
	mux.HandleFunc("POST /order", func(w http.ResponseWriter, r *http.Request) {
		_, payload := c.read(r)
		var order struct {
			Identifiers []struct{ Value string }
		}
		json.Unmarshal(payload, &order)
		c.mu.Lock()
		c.names = append(c.names, order.Identifiers[0].Value)
		c.mu.Unlock()
		w.Header().Set("Location", c.server.URL+"/order/1")
		c.answer(w, 201, c.order())
	})
	mux.HandleFunc("POST /order/1", func(w http.ResponseWriter, _ *http.Request) { c.answer(w, 200, c.order()) })
	mux.HandleFunc("POST /authorization", func(w http.ResponseWriter, _ *http.Request) { c.answer(w, 200, c.authorization()) })
	mux.HandleFunc("POST /challenge", func(w http.ResponseWriter, _ *http.Request) {
		c.prove()
		c.answer(w, 200, c.challenge())
	})
	mux.HandleFunc("POST /finalize", func(w http.ResponseWriter, r *http.Request) {
		_, payload := c.read(r)
		var with struct{ CSR string }
		json.Unmarshal(payload, &with)
		der, _ := base64.RawURLEncoding.DecodeString(with.CSR)
		request, err := x509.ParseCertificateRequest(der)
		if err != nil || !slices.Equal(request.DNSNames, c.names) {
			t.Errorf("certify %v for %v: %v", request, c.names, err)
			return
		}
		c.mu.Lock()
		c.issued, err = c.ca.issue(99, request.PublicKey, request.DNSNames...)
		c.mu.Unlock()
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Location", c.server.URL+"/order/1")
		c.answer(w, 200, c.order())
	})
	mux.HandleFunc("POST /certificate", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Replay-Nonce", "n")
		w.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.issued}))
	})
	c.server = httptest.NewServer(mux)
	t.Cleanup(c.server.Close)
	return c
}

func (c *certifier) read(r *http.Request) (protected, payload []byte) {
	var signed struct{ Protected, Payload string }
	if err := json.NewDecoder(r.Body).Decode(&signed); err != nil {
		c.t.Error(err)
	}
	protected, _ = base64.RawURLEncoding.DecodeString(signed.Protected)
	payload, _ = base64.RawURLEncoding.DecodeString(signed.Payload)
	return protected, payload
}

func (c *certifier) answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Replay-Nonce", "n")
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}

func (c *certifier) order() map[string]any {
	c.mu.Lock()
	defer c.mu.Unlock()
	order := map[string]any{"authorizations": []string{c.server.URL + "/authorization"}, "finalize": c.server.URL + "/finalize", "status": "pending"}
	switch {
	case c.issued != nil:
		order["status"], order["certificate"] = "valid", c.server.URL+"/certificate"
	case c.proven:
		order["status"] = "ready"
	}
	return order
}

func (c *certifier) status() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return map[bool]string{true: "valid", false: "pending"}[c.proven]
}

func (c *certifier) challenge() map[string]any {
	return map[string]any{"type": "tls-alpn-01", "url": c.server.URL + "/challenge", "token": "a-token", "status": c.status()}
}

func (c *certifier) authorization() map[string]any {
	return map[string]any{
		"identifier": map[string]string{"type": "dns", "value": c.names[0]}, "status": c.status(), "challenges": []any{c.challenge()},
	}
}

// prove shakes hands with the name as an authority does.
func (c *certifier) prove() {
	conn, err := tls.Dial("tcp", c.dial, &tls.Config{ServerName: c.names[0], NextProtos: []string{"acme-tls/1"}, InsecureSkipVerify: true})
	if err != nil {
		c.t.Errorf("no handshake for the challenge: %v", err)
		return
	}
	defer conn.Close()
	// The key's thumbprint (RFC 7638): its members in the order of the alphabet.
	var key struct{ Crv, Kty, X, Y string }
	json.Unmarshal(c.jwk, &key)
	print := sha256.Sum256([]byte(fmt.Sprintf(`{"crv":%q,"kty":%q,"x":%q,"y":%q}`, key.Crv, key.Kty, key.X, key.Y)))
	authorized := sha256.Sum256([]byte("a-token." + base64.RawURLEncoding.EncodeToString(print[:])))
	want, _ := asn1.Marshal(authorized[:])
	for _, extension := range conn.ConnectionState().PeerCertificates[0].Extensions {
		if extension.Id.Equal(acmeIdentifier) && bytes.Equal(extension.Value, want) {
			c.mu.Lock()
			c.proven = true
			c.mu.Unlock()
			return
		}
	}
	c.t.Error("the certificate of the challenge proves nothing")
}

func TestCertificatesComeByACME(t *testing.T) {
	ca := newAuthority(t)
	c := newCertifier(t, ca)
	path := filepath.Join(t.TempDir(), "acme")
	o := func() Options {
		cache, err := NewSealedFolder(path, bytes.Repeat([]byte{7}, 32))
		if err != nil {
			t.Fatal(err)
		}
		return Options{Listen: "127.0.0.1:0", ACME: &ACME{
			Hosts: []string{"gate.example.com"}, Email: "ops@example.com", Directory: c.server.URL + "/directory", Cache: cache, HTTP: c.server.Client(),
		}}
	}
	s := started(t, o(), parts())
	c.dial = s.doors[0].listener.Addr().String()
	if got := serial(t, s, ca.pool); got != 99 {
		t.Errorf("certificate %d, want the authority's 99", got)
	}
	// No certificate is asked for names that nobody listed.
	if conn, err := tls.Dial("tcp", c.dial, &tls.Config{ServerName: "attacker.example", InsecureSkipVerify: true}); err == nil {
		conn.Close()
		t.Error("there is a certificate for a name that was not listed")
	}
	if !slices.Equal(c.names, []string{"gate.example.com"}) {
		t.Errorf("ordered: %v", c.names)
	}
	files, err := os.ReadDir(path)
	if err != nil || len(files) == 0 {
		t.Fatalf("nothing is cached: %v", err)
	}
	for _, file := range files {
		text, _ := os.ReadFile(filepath.Join(path, file.Name()))
		if bytes.Contains(text, []byte("PRIVATE KEY")) || bytes.Contains(text, []byte("BEGIN")) || strings.Contains(file.Name(), "gate") {
			t.Errorf("%s lies unsealed", file.Name())
		}
	}
	// After a restart the certificate is that of the cache.
	again := started(t, o(), parts())
	c.issued = nil
	if got := serial(t, again, ca.pool); got != 99 || len(c.names) != 1 {
		t.Errorf("after a restart: certificate %d, %d orders", got, len(c.names))
	}
}
