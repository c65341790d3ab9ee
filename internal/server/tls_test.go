package server

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// authority is a certificate authority of a test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "an authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{key: key, pool: x509.NewCertPool()}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.pool.AddCert(a.cert)
	return a
}

// issue certifies a key for names.
func (a *authority) issue(serial int64, key crypto.PublicKey, names ...string) ([]byte, error) {
	return x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: names[0]}, DNSNames: names,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(90 * 24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, a.cert, key, a.key)
}

// write puts a new certificate and its key into files.
func (a *authority) write(t *testing.T, serial int64, certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := a.issue(serial, key.Public(), "gate.example.com")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(
		os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600),
		os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}), 0o600),
	); err != nil {
		t.Fatal(err)
	}
}

// serial is the number of the certificate that a new connection is shown.
func serial(t *testing.T, s *Server, pool *x509.CertPool) int64 {
	t.Helper()
	conn, err := tls.Dial("tcp", s.doors[0].listener.Addr().String(), &tls.Config{RootCAs: pool, ServerName: "gate.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

func TestCertificateFilesAreReadAgain(t *testing.T) {
	dir, ca := t.TempDir(), newAuthority(t)
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	ca.write(t, 7, certFile, keyFile)
	s := started(t, Options{Listen: "127.0.0.1:0", CertFile: certFile, KeyFile: keyFile, AllowedHosts: []string{"gate.example.com"}}, parts())

	client := &http.Client{Transport: &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: ca.pool, ServerName: "gate.example.com"}}}
	defer client.CloseIdleConnections()
	answer, err := client.Get(s.URL() + "/to/acme/v2/a%2Fb")
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(answer.Body)
	answer.Body.Close()
	if answer.ProtoMajor != 2 || answer.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("HTTP/%d, %v", answer.ProtoMajor, answer.Header)
	}
	if want := "gateway /to/acme/v2/a%2Fb base=https://127.0.0.1:"; len(text) < len(want) || string(text[:len(want)]) != want {
		t.Errorf("over HTTP/2: %s", text)
	}

	if got := serial(t, s, ca.pool); got != 7 {
		t.Errorf("certificate %d, want 7", got)
	}
	// Half of a renewal, or nonsense: the former stays.
	if err := os.WriteFile(keyFile, []byte("not a key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := serial(t, s, ca.pool); got != 7 {
		t.Errorf("with a broken file: certificate %d, want 7", got)
	}
	ca.write(t, 8, certFile, keyFile)
	if got := serial(t, s, ca.pool); got != 8 {
		t.Errorf("after the renewal: certificate %d, want 8", got)
	}
	if err := os.Remove(certFile); err != nil {
		t.Fatal(err)
	}
	if got := serial(t, s, ca.pool); got != 8 {
		t.Errorf("with a file that is gone: certificate %d, want 8", got)
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	dir, ca := t.TempDir(), newAuthority(t)
	ca.write(t, 1, filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"))
	s := started(t, Options{Listen: "127.0.0.1:0", CertFile: filepath.Join(dir, "cert.pem"), KeyFile: filepath.Join(dir, "key.pem")}, parts())
	conn, err := tls.Dial("tcp", s.doors[0].listener.Addr().String(), &tls.Config{RootCAs: ca.pool, ServerName: "gate.example.com", MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10})
	if err == nil {
		conn.Close()
		t.Error("TLS 1.1 is taken")
	}
}
