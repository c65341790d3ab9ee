package server

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// An authority is the least of an ACME server (RFC 8555) that a client needs, with
// a real validation of TLS-ALPN-01 (RFC 8737). It does not look at signatures.
type authority struct {
	*httptest.Server
	t    *testing.T
	key  *ecdsa.PrivateKey
	cert *x509.Certificate

	mu        sync.Mutex
	validates string // where the names that it certifies lead to
	name      string // of the order
	valid     bool
	issued    []byte
	orders    int
	refuse    bool
	contact   []string
}

func newAuthority(t *testing.T) *authority {
	a := &authority{t: t, key: newKey(t)}
	var err error
	if a.cert, err = x509.ParseCertificate(certified(t, &a.key.PublicKey, nil, a.key, "authority")); err != nil {
		t.Fatal(err)
	}
	a.Server = httptest.NewServer(http.HandlerFunc(a.answer))
	t.Cleanup(a.Close)
	return a
}

func (a *authority) answer(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var envelope struct{ Payload string }
	_ = json.NewDecoder(r.Body).Decode(&envelope)
	payload, _ := base64.RawURLEncoding.DecodeString(envelope.Payload)
	w.Header().Set("Replay-Nonce", fmt.Sprintf("nonce-%d", serial.Add(1)))
	say := func(status int, location string, document any) {
		if location != "" {
			w.Header().Set("Location", a.URL+location)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(document)
	}
	status := map[bool]string{false: "pending", true: "valid"}[a.valid]
	identifier := map[string]string{"type": "dns", "value": a.name}
	challenge := map[string]string{"type": "tls-alpn-01", "url": a.URL + "/challenge", "token": "a-token", "status": status}
	order := map[string]any{"status": "pending", "identifiers": []any{identifier}, "authorizations": []string{a.URL + "/authorization"}, "finalize": a.URL + "/finalize"}
	if a.valid {
		order["status"] = "ready"
	}
	if a.issued != nil {
		order["status"], order["certificate"] = "valid", a.URL+"/certificate"
	}
	switch r.URL.Path {
	case "/directory":
		say(200, "", map[string]string{
			"newNonce": a.URL + "/nonce", "newAccount": a.URL + "/account", "newOrder": a.URL + "/order",
			"revokeCert": a.URL + "/revoke", "keyChange": a.URL + "/change",
		})
	case "/nonce":
	case "/account":
		var account struct{ Contact []string }
		_ = json.Unmarshal(payload, &account)
		a.contact = append(a.contact, account.Contact...)
		say(201, "/account/1", map[string]string{"status": "valid"})
	case "/order":
		var wanted struct{ Identifiers []struct{ Value string } }
		_ = json.Unmarshal(payload, &wanted)
		a.orders++
		if a.refuse || len(wanted.Identifiers) != 1 {
			say(403, "", map[string]string{"type": "urn:ietf:params:acme:error:rejectedIdentifier", "detail": "too many certificates"})
			return
		}
		a.name, a.valid, a.issued = wanted.Identifiers[0].Value, false, nil
		order["identifiers"] = []any{map[string]string{"type": "dns", "value": a.name}}
		order["status"] = "pending"
		delete(order, "certificate")
		say(201, "/order/1", order)
	case "/order/1":
		say(200, "/order/1", order)
	case "/authorization":
		say(200, "", map[string]any{"status": status, "identifier": identifier, "challenges": []any{challenge}})
	case "/challenge":
		a.valid = a.proves()
		say(200, "", challenge)
	case "/finalize":
		var finalize struct{ CSR string }
		_ = json.Unmarshal(payload, &finalize)
		der, _ := base64.RawURLEncoding.DecodeString(finalize.CSR)
		request, err := x509.ParseCertificateRequest(der)
		if err != nil || !a.valid || len(request.DNSNames) != 1 || request.DNSNames[0] != a.name {
			a.t.Errorf("the daemon asks for another certificate than it ordered: %v", err)
			say(403, "", map[string]string{"type": "urn:ietf:params:acme:error:unauthorized"})
			return
		}
		leaf := certified(a.t, request.PublicKey, a.cert, a.key, a.name)
		a.issued = append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})...)
		order["status"], order["certificate"] = "valid", a.URL+"/certificate"
		say(200, "/order/1", order)
	case "/certificate":
		_, _ = w.Write(a.issued)
	default:
		a.t.Errorf("the authority was asked for %s", r.URL.Path)
		w.WriteHeader(404)
	}
}

// proves asks the daemon for what shows that it has the name.
// Source: RFC 8737 section 3, read 2026-11.
func (a *authority) proves() bool {
	conn, err := tls.Dial("tcp", a.validates, &tls.Config{ServerName: a.name, NextProtos: []string{"acme-tls/1"}, InsecureSkipVerify: true})
	if err != nil {
		a.t.Errorf("the daemon does not answer the authority: %v", err)
		return false
	}
	defer conn.Close()
	state := conn.ConnectionState()
	leaf := state.PeerCertificates[0]
	identifier := asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 31}
	for _, e := range leaf.Extensions {
		if e.Id.Equal(identifier) && e.Critical && len(leaf.DNSNames) == 1 && leaf.DNSNames[0] == a.name && state.NegotiatedProtocol == "acme-tls/1" {
			return true
		}
	}
	a.t.Error("what the daemon shows the authority proves nothing")
	return false
}

// TestACME gets a certificate by ACME with the first connection, keeps it sealed,
// and has it again after a restart; nobody gets one for another name.
func TestACME(t *testing.T) {
	ca := newAuthority(t)
	key, dir := bytes.Repeat([]byte{7}, 32), filepath.Join(t.TempDir(), "acme")
	roots := x509.NewCertPool()
	roots.AddCert(ca.cert)
	start := func() *world {
		cache, err := NewSealedFolder(dir, key)
		if err != nil {
			t.Fatal(err)
		}
		w := newWorld(t, Options{Listen: "0.0.0.0:0", ACME: &ACME{
			Hosts: []string{"gate.example.com"}, Email: "ada@example.com", Directory: ca.URL + "/directory", Cache: cache, HTTP: ca.Client(),
		}})
		ca.mu.Lock()
		ca.validates = strings.Replace(w.address(0), "[::]", "127.0.0.1", 1)
		ca.mu.Unlock()
		return w
	}
	connect := func(name string) (*tls.Conn, error) {
		return tls.Dial("tcp", ca.validates, &tls.Config{ServerName: name, RootCAs: roots, NextProtos: []string{"h2", "http/1.1"}})
	}
	w := start()
	conn, err := connect("evil.example")
	if err == nil {
		_ = conn.Close()
		t.Error("a certificate for another name")
	}
	if ca.orders != 0 || !strings.Contains(w.log.String(), "no certificate") || !strings.Contains(w.log.String(), "evil.example") {
		t.Errorf("%d orders for another name\n%s", ca.orders, w.log.String())
	}
	if conn, err = connect(""); err == nil {
		_ = conn.Close()
		t.Error("a certificate for no name")
	}
	for range 2 {
		conn, err = connect("gate.example.com")
		if err != nil {
			t.Fatalf("%v\n%s", err, w.log.String())
		}
		if got := conn.ConnectionState().NegotiatedProtocol; got != "h2" {
			t.Errorf("it speaks %q", got)
		}
		_ = conn.Close()
	}
	if ca.orders != 1 || len(ca.contact) != 1 || ca.contact[0] != "mailto:ada@example.com" {
		t.Errorf("%d orders, contact %v", ca.orders, ca.contact)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) < 2 { // the certificate and the account's key
		t.Errorf("%v are kept, %v", files, err)
	}

	stopped := t.Context()
	w.Stop(stopped)
	ca.mu.Lock()
	ca.refuse = true
	ca.mu.Unlock()
	again := start()
	if conn, err = connect("gate.example.com"); err != nil {
		t.Fatalf("after a restart: %v\n%s", err, again.log.String())
	}
	_ = conn.Close()
	if ca.orders != 1 {
		t.Errorf("a restart orders again: %d orders", ca.orders)
	}
	for _, log := range []string{w.log.String(), again.log.String()} {
		if strings.Contains(log, "PRIVATE") {
			t.Error("the log shows a key")
		}
	}
}

// TestACMERefused holds that an authority's refusal is told in the log.
func TestACMERefused(t *testing.T) {
	ca := newAuthority(t)
	ca.refuse = true
	cache, err := NewSealedFolder(t.TempDir(), bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, Options{ACME: &ACME{Hosts: []string{"gate.example.com"}, Directory: ca.URL + "/directory", Cache: cache, HTTP: ca.Client()}})
	if _, err := tls.Dial("tcp", w.address(0), &tls.Config{ServerName: "gate.example.com", InsecureSkipVerify: true}); err == nil {
		t.Fatal("there is a certificate")
	}
	if log := w.log.String(); !strings.Contains(log, "no certificate") || !strings.Contains(log, "too many certificates") {
		t.Errorf("%s", log)
	}
}
