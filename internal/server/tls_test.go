package server

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/acme/autocert"
)

var serial atomic.Int64

// certified makes a certificate for the names, by an authority or by itself.
func certified(t *testing.T, public any, by *x509.Certificate, signer *ecdsa.PrivateKey, names ...string) []byte {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial.Add(1)), Subject: pkix.Name{CommonName: names[0]}, DNSNames: names,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(90 * 24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: by == nil,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if by == nil {
		by = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by, public, signer)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// pair is a certificate for a name and its key, as PEM.
func pair(t *testing.T, name string) (cert, key []byte) {
	t.Helper()
	k := newKey(t)
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certified(t, &k.PublicKey, nil, k, name)}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// TestCertificateFiles changes the files of a running daemon as agents do: the
// next connection has the new certificate; what is broken or half written changes
// nothing, and is said once.
func TestCertificateFiles(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	put := func(file string, text []byte) {
		t.Helper()
		if err := os.WriteFile(file+".new", text, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(file+".new", file); err != nil {
			t.Fatal(err)
		}
	}
	firstCert, firstKey := pair(t, "first.example.com")
	secondCert, secondKey := pair(t, "second.example.com")
	put(certFile, firstCert)
	put(keyFile, firstKey)
	w := newWorld(t, Options{Listen: "0.0.0.0:0", CertFile: certFile, KeyFile: keyFile})
	if !strings.HasPrefix(w.URL(), "https://") {
		t.Errorf("URL %s", w.URL())
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true, ForceAttemptHTTP2: true}}
	has := func(when, name string) {
		t.Helper()
		resp, err := client.Get(strings.Replace(w.URL(), "[::]", "127.0.0.1", 1) + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if got := resp.TLS.PeerCertificates[0].DNSNames[0]; got != name || resp.ProtoMajor != 2 || resp.Header.Get("Strict-Transport-Security") == "" {
			t.Errorf("%s: %s %v over %s, want %s", when, got, resp.Header, resp.Proto, name)
		}
	}
	times := func(what string) int { return strings.Count(w.log.String(), what) }
	has("at first", "first.example.com")
	put(certFile, secondCert)
	has("half written", "first.example.com")
	has("half written", "first.example.com")
	if n := times("the former stays"); n != 1 {
		t.Errorf("said %d times that the files do not fit, want once\n%s", n, w.log.String())
	}
	put(keyFile, secondKey)
	has("renewed", "second.example.com")
	put(certFile, []byte("no certificate"))
	has("broken", "second.example.com")
	if err := os.Remove(keyFile); err != nil {
		t.Fatal(err)
	}
	has("gone", "second.example.com")
	has("gone", "second.example.com")
	if n := times("the former stays"); n != 3 {
		t.Errorf("said %d times that the former stays, want 3\n%s", n, w.log.String())
	}
	put(certFile, firstCert)
	put(keyFile, firstKey)
	has("back", "first.example.com")
	if n := times("was read again"); n != 2 {
		t.Errorf("read again %d times, want 2", n)
	}
	if strings.Contains(w.log.String(), "PRIVATE") {
		t.Error("the log shows a key")
	}
	// Old protocols are refused.
	if conn, err := tls.Dial("tcp", strings.Replace(w.address(0), "[::]", "127.0.0.1", 1), &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11}); err == nil {
		_ = conn.Close()
		t.Error("TLS 1.1 is spoken")
	}
}

// TestSealedFolder holds that nothing is readable at rest, and that a file opens
// under its own name and with its own key only.
func TestSealedFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "acme")
	key := bytes.Repeat([]byte{7}, 32)
	folder, err := NewSealedFolder(dir, key)
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	miss := func(f *SealedFolder, name string) {
		t.Helper()
		if text, err := f.Get(ctx, name); err != autocert.ErrCacheMiss {
			t.Errorf("%s: %q %v, want a miss", name, text, err)
		}
	}
	miss(folder, "gate.example.com")
	text := []byte("-----BEGIN EC PRIVATE KEY-----")
	for _, name := range []string{"gate.example.com", "../../outside", "acme_account+key", ""} {
		if err := folder.Put(ctx, name, text); err != nil {
			t.Fatal(err)
		}
		if got, err := folder.Get(ctx, name); err != nil || !bytes.Equal(got, text) {
			t.Errorf("%q: %q %v", name, got, err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 4 {
		t.Fatalf("%d files, %v", len(entries), err)
	}
	for _, entry := range entries {
		raw, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		info, _ := entry.Info()
		if err != nil || bytes.Contains(raw, []byte("PRIVATE")) || info.Mode().Perm() != 0o600 || strings.Contains(entry.Name(), "gate") {
			t.Errorf("%s is not sealed: %v %v", entry.Name(), info.Mode(), err)
		}
	}
	// A file under another's name, and one that somebody changed.
	raw, _ := os.ReadFile(folder.file("gate.example.com"))
	if err := os.WriteFile(folder.file("evil.example"), raw, 0o600); err != nil {
		t.Fatal(err)
	}
	miss(folder, "evil.example")
	raw[len(raw)-1] ^= 1
	if err := os.WriteFile(folder.file("gate.example.com"), raw, 0o600); err != nil {
		t.Fatal(err)
	}
	miss(folder, "gate.example.com")
	other, err := NewSealedFolder(dir, bytes.Repeat([]byte{8}, 32))
	if err != nil {
		t.Fatal(err)
	}
	miss(other, "acme_account+key")
	for range 2 {
		if err := folder.Delete(ctx, "acme_account+key"); err != nil {
			t.Fatal(err)
		}
	}
	miss(folder, "acme_account+key")
	if _, err := NewSealedFolder(dir, key[:7]); err == nil {
		t.Error("a short key is taken")
	}
}
