package postgrestest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Bouncer starts PgBouncer before the server, in transaction mode with a single
// connection for all, which ends with the test; where PgBouncer is not installed
// the test is skipped. The cluster that it returns has URL only.
func (c *Cluster) Bouncer(t testing.TB, role string) *Cluster {
	t.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		if program = "/usr/sbin/pgbouncer"; !isFile(program) {
			t.Skip("missing here: pgbouncer (scripts/postgres.sh installs what Debian has)")
		}
	}
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	users, config := filepath.Join(c.Folder, "bouncer.users"), filepath.Join(c.Folder, "bouncer.ini")
	for path, text := range map[string]string{
		users: fmt.Sprintf("%q %q\n", role, Password),
		config: fmt.Sprintf("[databases]\n* = host=127.0.0.1 port=%d\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = %d\nunix_socket_dir =\n"+
			"auth_type = plain\nauth_file = %s\npool_mode = transaction\ndefault_pool_size = 1\n", c.Port, port, users),
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(program, config)
	if cmd.SysProcAttr, err = unprivileged(users, config); err != nil { // it refuses to run as root
		t.Fatal(err)
	}
	cmd.Dir = c.Folder
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // "signal: killed"
	})
	through := &Cluster{Port: port}
	for give := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		var conn *pgx.Conn
		if conn, err = pgx.Connect(ctx, through.URL(role, "postgres")); err == nil {
			err = conn.Close(ctx)
		}
		cancel()
		if err == nil {
			return through
		}
		if time.Now().After(give) {
			t.Fatalf("pgbouncer did not start: %v", err)
		}
	}
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
