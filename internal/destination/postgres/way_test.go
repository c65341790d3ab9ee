package postgres

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor/internal/postgrestest"
)

// TestThroughPgBouncer writes slices side by side where every transaction may
// come to another connection, and where there is only one for all.
func TestThroughPgBouncer(t *testing.T) {
	c := postgrestest.Start(t)
	place := newPlace(t)
	d, err := Open(context.Background(), c.Bouncer(t, postgrestest.Admin).URL(postgrestest.Admin, "postgres", "schema", schemaOf(t, place)))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var wait sync.WaitGroup
	for range 6 {
		wait.Go(func() {
			for range 3 {
				if _, err := writeUsers(d, 1, 200); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	if _, err := writeUsers(d, 2, 150); err != nil {
		t.Fatal(err)
	}
	wantUsers(t, place, 2, 150, 50)
}

func TestTLS(t *testing.T) {
	c := postgrestest.Start(t)
	authority := certify(t, c)
	role := c.Role(t, "")
	hba := filepath.Join(c.Folder, "data", "pg_hba.conf")
	before, err := os.ReadFile(hba)
	if err != nil {
		t.Fatal(err)
	}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(hba, []byte(text), 0o600); err != nil { // whose it is stays
			t.Fatal(err)
		}
		if err := c.Exec("postgres", "SELECT pg_reload_conf()"); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		write(string(before))
		if err := c.Exec("postgres", "ALTER SYSTEM RESET ssl", "SELECT pg_reload_conf()"); err != nil {
			t.Error(err)
		}
	})
	if err := c.Exec("postgres", "ALTER SYSTEM SET ssl = on"); err != nil {
		t.Fatal(err)
	}
	write("hostssl all " + role + " 127.0.0.1/32 scram-sha-256\nhostnossl all " + role + " 127.0.0.1/32 reject\n" + string(before))
	attempt := func(pairs ...string) error {
		d, err := Open(context.Background(), c.URL(role, "postgres", pairs...))
		if err == nil {
			err = d.Close()
		}
		return err
	}
	// The server reads its files anew a moment later.
	for give := time.Now().Add(30 * time.Second); attempt("sslmode", "require") != nil && time.Now().Before(give); time.Sleep(20 * time.Millisecond) {
	}
	for _, pairs := range [][]string{{"sslmode", "require"}, {}, {"sslmode", "verify-full", "sslrootcert", authority}} {
		if err := attempt(pairs...); err != nil {
			t.Errorf("%v: %v", pairs, err)
		}
	}
	wantError(t, attempt("sslmode", "disable"), "no encryption", "sslmode=require")
	wantError(t, attempt("sslmode", "verify-full"), "no trusted TLS connection", "sslrootcert=FILE")
}

// certify gives the server a certificate for 127.0.0.1, and returns the file of
// its authority.
func certify(t *testing.T, c *postgrestest.Cluster) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	cert, err := x509.CreateCertificate(rand.Reader, form, form, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})
	if err := c.Give("data/server.crt", certPEM); err != nil {
		t.Fatal(err)
	}
	if err := c.Give("data/server.key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "authority.pem")
	if err := os.WriteFile(file, certPEM, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
