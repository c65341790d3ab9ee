// Package postgrestest starts a PostgreSQL server for tests: one for each test
// process, with fresh data in a folder of its own, on 127.0.0.1 at a free port.
// It ends with the process, however that ends. It never touches a server that
// somebody else runs.
package postgrestest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Password is what every role of the server signs in with.
const Password = "a/pass@word:of&tests"

// Cluster is a running server.
type Cluster struct {
	Port   int
	Folder string // its socket and its log lie there
}

var start = sync.OnceValues(func() (*Cluster, error) {
	var err error
	for range 3 { // somebody may take the port before the server does
		var c *Cluster
		if c, err = Boot(); err == nil {
			return c, nil
		}
	}
	return nil, err
})

// ErrMissing tells that there is no server to start here.
var ErrMissing = errors.New("missing here: PostgreSQL's server, initdb and postgres (scripts/postgres.sh installs what Debian has)")

// Start returns the server of this test process, and starts it if nobody did
// yet. Where PostgreSQL is not installed the test is skipped and says so.
func Start(t testing.TB) *Cluster {
	t.Helper()
	c, err := start()
	if errors.Is(err, ErrMissing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Run is Start for those who have no testing.TB, as the scripts of internal/cli.
func Run() (*Cluster, error) { return start() }

// Installed reports whether a server can be started here.
func Installed() bool {
	return find("initdb") != "" && find("postgres") != "" && runtime.GOOS != "windows"
}

// Admin is the role that may do everything.
const Admin = "admin"

// URL names a database of the server, as role, with the password. Pairs are
// names and values of further parameters.
func (c *Cluster) URL(role, database string, pairs ...string) string {
	return c.address(url.UserPassword(role, Password), database, pairs)
}

// Public is URL without the role and the password, as it may be shown.
func (c *Cluster) Public(database string, pairs ...string) string {
	return c.address(nil, database, pairs)
}

func (c *Cluster) address(who *url.Userinfo, database string, pairs []string) string {
	query := url.Values{}
	for pair := range slices.Chunk(pairs, 2) {
		query.Set(pair[0], pair[1])
	}
	u := url.URL{Scheme: "postgres", User: who, Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(c.Port)), Path: "/" + database, RawQuery: query.Encode()}
	return u.String()
}

// Role makes a role that may sign in with the password and may do nothing more
// than anybody, and returns its name.
func (c *Cluster) Role(t testing.TB, options string) string {
	t.Helper()
	name := fmt.Sprintf("role_%d", roles.Add(1))
	if err := c.Exec("postgres", "CREATE ROLE "+name+" LOGIN "+options+" PASSWORD '"+Password+"'"); err != nil {
		t.Fatal(err)
	}
	return name
}

var roles atomic.Int64

// Exec runs statements as the role that may do everything.
func (c *Cluster) Exec(database string, statements ...string) error {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, c.URL(Admin, database))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

// Give puts a file of mode 0600 below Folder that is the server's own.
func (c *Cluster) Give(name string, text []byte) error {
	path := filepath.Join(c.Folder, name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return err
	}
	_, err := unprivileged(path)
	return err
}

// find looks for a program of the server, on PATH or where Debian and Homebrew
// put it; the newest version first.
func find(program string) string {
	if path, err := exec.LookPath(program); err == nil {
		return path
	}
	best, version := "", 0
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin/", "/opt/homebrew/opt/postgresql@*/bin/", "/usr/local/opt/postgresql@*/bin/", "/usr/pgsql-*/bin/"} {
		list, _ := filepath.Glob(pattern + program)
		for _, path := range list {
			number := strings.Map(func(r rune) rune {
				if r < '0' || r > '9' {
					return -1
				}
				return r
			}, path)
			if n, _ := strconv.Atoi(number); n >= version {
				best, version = path, n
			}
		}
	}
	return best
}

// Boot starts a further server, with settings ("fsync=on") in place of those by
// which tests are fast.
func Boot(settings ...string) (*Cluster, error) {
	if !Installed() {
		return nil, ErrMissing
	}
	// A socket's path has room for some 100 bytes, and TMPDIR may be longer.
	folder, err := os.MkdirTemp("/tmp", "stagedoor-postgres-")
	if err != nil {
		return nil, err
	}
	c := &Cluster{Folder: folder}
	if err := c.boot(find("initdb"), find("postgres"), settings); err != nil {
		_ = os.RemoveAll(folder) // err is what happened
		return nil, err
	}
	return c, nil
}

func (c *Cluster) boot(initdb, postgres string, settings []string) error {
	data, secret := filepath.Join(c.Folder, "data"), filepath.Join(c.Folder, "password")
	if err := os.WriteFile(secret, []byte(Password+"\n"), 0o600); err != nil {
		return err
	}
	as, err := unprivileged(c.Folder, secret) // PostgreSQL refuses to run as root
	if err != nil {
		return err
	}
	setup := exec.Command(initdb, "-D", data, "-U", Admin, "--pwfile", secret, "-A", "scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
	setup.SysProcAttr, setup.Dir = as, c.Folder
	if said, err := setup.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, said)
	}
	if c.Port, err = freePort(); err != nil {
		return err
	}
	// The shell ends the server, and takes its folder away, when this process is
	// gone: then nobody holds the other end of its input any more.
	server := exec.Command("/bin/sh", "-c", `"$@" >log 2>&1 & server=$!
cat >/dev/null
kill -QUIT $server; wait $server; cd /; rm -rf "$0"`, c.Folder, postgres, "-D", data,
		"-c", "port="+strconv.Itoa(c.Port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="+c.Folder,
		"-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off", "-c", "max_connections=60", "-c", "shared_buffers=128MB",
		"-c", "max_wal_size=4GB", "-c", "log_statement=none")
	for _, setting := range settings {
		server.Args = append(server.Args, "-c", setting) // the last one counts
	}
	server.SysProcAttr, server.Dir = as, c.Folder
	hold, err := server.StdinPipe()
	if err != nil {
		return err
	}
	if err := server.Start(); err != nil {
		return err
	}
	err = c.wait()
	if err != nil {
		log, _ := os.ReadFile(filepath.Join(c.Folder, "log"))
		err = fmt.Errorf("%w\n%s", err, log)
		_ = hold.Close() // ends it
		_ = server.Wait()
		return err
	}
	held = append(held, hold)
	return nil
}

// held keeps the inputs of servers from being closed while the process lives.
var held []interface{ Close() error }

// wait waits until the server answers.
func (c *Cluster) wait() error {
	var err error
	for give := time.Now().Add(60 * time.Second); time.Now().Before(give); time.Sleep(20 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		var conn *pgx.Conn
		if conn, err = pgx.Connect(ctx, c.URL(Admin, "postgres")); err == nil {
			err = conn.Close(ctx)
		}
		cancel()
		if err == nil {
			return nil
		}
		if log, _ := os.ReadFile(filepath.Join(c.Folder, "log")); strings.Contains(string(log), "FATAL:  could not") {
			break
		}
	}
	return fmt.Errorf("the server did not start: %w", err)
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
