package postgres

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/postgrestest"
)

// wantError wants an explained error of kind destination that holds all of the
// parts, and no password.
func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	e, ok := err.(*stagedoor.Error) // itself, since that is what is promised
	if !ok {
		t.Errorf("error = %v, want a *stagedoor.Error with %q", err, parts)
		return
	}
	if e.Kind != stagedoor.KindDestination || e.Fix == "" || !strings.HasPrefix(e.Subject, "postgres://") {
		t.Errorf("error %v has kind %s, subject %q and fix %q", e, e.Kind, e.Subject, e.Fix)
	}
	for _, part := range parts {
		if !strings.Contains(e.Error(), part) {
			t.Errorf("error %q does not tell %q", e, part)
		}
	}
	for err := error(e); err != nil; err = unwrap(err) {
		for _, secret := range []string{postgrestest.Password, "a%2Fpass", "wrong-secret"} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("error %q shows a password", err)
			}
		}
	}
}

func unwrap(err error) error {
	if u, ok := err.(interface{ Unwrap() error }); ok {
		return u.Unwrap()
	}
	return nil
}

func TestURLs(t *testing.T) {
	for url, name := range map[string]string{
		"postgres://me:secret@db.example.com/zoom?schema=rows":         "postgres://db.example.com:5432/zoom?schema=rows",
		"postgresql://db.example.com:5433/zoom?sslmode=require":        "postgres://db.example.com:5433/zoom?schema=public",
		"postgres://me:secret@/zoom?host=/run/pg&schema=A b":           "postgres:///zoom?host=/run/pg&schema=A+b",
		"postgres://me:p%40ss@h1:1,h2:2/zoom?target_session_attrs=any": "postgres://h1:1/zoom?schema=public",
		"postgres://me@[::1]:1/zoom":                                   "postgres://[::1]:1/zoom?schema=public",
	} {
		config, schema, err := parse(url)
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		if got := nameOf(config.ConnConfig, schema); got != name {
			t.Errorf("%s is called %s, want %s", url, got, name)
		}
		if got := config.ConnConfig.RuntimeParams; got["application_name"] != "stagedoor" || got["schema"] != "" || config.MaxConns != connections {
			t.Errorf("%s: parameters %v, %d connections", url, got, config.MaxConns)
		}
	}
	config, _, err := parse("postgres://h/d?application_name=mine&pool_max_conns=9&connect_timeout=3")
	if err != nil || config.ConnConfig.RuntimeParams["application_name"] != "mine" || config.MaxConns != 9 || config.ConnConfig.ConnectTimeout != 3*time.Second {
		t.Errorf("what the URL says does not count: %v, %v", config, err)
	}
}

func TestURLsThatAreRefused(t *testing.T) {
	for url, part := range map[string]string{
		"postgres:zoom": "not a URL that can be read",
		"POSTGRES://me@h/zoom?password=wrong-secret&sslmode=wrong-secret":           "sslmode",
		"postgres://me:1/wrong-secret@h/zoom":                                       "an @ stands where",
		"postgres:///me:wrong-secret@h/zoom":                                        "an @ stands where",
		"postgres:/me:wrong-secret@h/zoom":                                          "an @ stands where",
		"postgres://me:wrong-secret@h:x/zoom":                                       "not a URL that can be read",
		"postgres://me:wrong-secret%@h/zoom":                                        "written %40",
		"postgres://me:wrong-secret@h/zoom?a=%zz":                                   "behind its ?",
		"postgres://me:wrong-secret@h/zoom?sslmode=maybe":                           "sslmode is invalid",
		"postgres://me:wrong-secret@h/zoom?sslrootcert=/none.pem&sslmode=verify-ca": "PostgreSQL's rules",
		"postgres://me:wrong-secret@h/zoom?pool_max_conns=none":                     "PostgreSQL's rules",
		"postgres://me:wrong-secret@h/zoom?schema=":                                 "without a name",
		"postgres://me:wrong-secret@h/zoom?schema=a&schema=b":                       "two schemas",
		"postgres://me:wrong-secret@h/zoom?schema=pg_catalog":                       "PostgreSQL's own",
		"postgres://me:wrong-secret@h/zoom?schema=Information_Schema":               "PostgreSQL's own",
	} {
		d, err := Open(context.Background(), url)
		if d != nil || stagedoor.KindOf(err) != stagedoor.KindUsage || !strings.Contains(err.Error(), part) || strings.Contains(err.Error(), "wrong-secret") {
			t.Errorf("%s: %v, want a usage error with %q", url, err, part)
		}
	}
}

func TestServersThatCanNotBeUsed(t *testing.T) {
	c := postgrestest.Start(t)
	plain, limited, standby := c.Role(t, ""), c.Role(t, "CONNECTION LIMIT 0"), c.Role(t, "")
	if err := c.Exec("postgres", "ALTER ROLE "+standby+" SET default_transaction_read_only = on", "CREATE SCHEMA closed",
		"CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0", "CREATE DATABASE nostage", "REVOKE TEMPORARY ON DATABASE nostage FROM PUBLIC"); err != nil {
		t.Fatal(err)
	}
	wrong := strings.Replace(c.URL(plain, "postgres"), "a%2Fpass", "wrong-secret", 1)
	nobody := &postgrestest.Cluster{Port: 1}
	for url, parts := range map[string][]string{
		wrong:                                          {"refused the password of the role " + plain, "written %40"},
		c.URL("who", "postgres"):                       {"refused the password of the role who"}, // nobody learns which roles there are
		c.URL(plain, "none"):                           {"there is no database none", "CREATE DATABASE"},
		nobody.URL(plain, "postgres"):                  {"nothing listens", "localhost"},
		c.URL(limited, "postgres"):                     {"no connection left", "CONNECTION LIMIT", "pool_max_conns=1"},
		c.URL(standby, "postgres"):                     {"takes no writes", "target_session_attrs=read-write"},
		c.URL(plain, "postgres", "sslmode", "require"): {"no trusted TLS connection"},
		c.URL(postgrestest.Admin, "latin"):             {"encoding is LATIN1", "ENCODING 'UTF8'"},
		c.URL(plain, "postgres", "schema", "fresh"):    {`may not make one`, `CREATE SCHEMA "fresh" AUTHORIZATION "` + plain + `"`},
		c.URL(plain, "postgres", "schema", "closed"):   {"may not use the schema closed", `GRANT USAGE, CREATE ON SCHEMA "closed"`},
		c.URL(plain, "nostage"):                        {"may not make temporary tables", `GRANT TEMPORARY ON DATABASE "nostage"`},
		"postgres://" + plain + "@/zoom?host=/none":    {"no server's socket"},
	} {
		d, err := Open(context.Background(), url)
		if d != nil {
			t.Errorf("%v was opened", parts)
			_ = d.Close()
			continue
		}
		wantError(t, err, parts...)
	}
}

// TestAServerThatGoesWhileItIsGreeted holds that a server which speaks no TLS and goes
// down in the midst of the greeting is one that is away, and not one that is not
// trusted: the same may work a moment later.
func TestAServerThatGoesWhileItIsGreeted(t *testing.T) {
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	greeted := atomic.Int32{}
	go func() {
		for {
			conn, err := server.Accept()
			if err != nil {
				return
			}
			first := make([]byte, 8)
			if _, err := io.ReadFull(conn, first); err == nil && binary.BigEndian.Uint32(first[4:]) == 80877103 { // it asks for TLS
				_, _ = conn.Write([]byte("N"))
				_, _ = conn.Read(make([]byte, 1024))
			}
			greeted.Add(1)
			_, _ = conn.Write([]byte("R\x00\x00\x00\x17\x00\x00\x00\x0aSCRAM-SHA-256\x00\x00"))
			_, _ = conn.Read(make([]byte, 1024))
			_ = conn.Close()
		}
	}()
	_, err = Open(t.Context(), "postgres://somebody:wrong-secret@"+server.Addr().String()+"/zoom?connect_timeout=3")
	wantError(t, err, "the connection to the server was lost", "Run the command again")
	if greeted.Load() == 0 {
		t.Error("nobody came to the greeting")
	}
}

// TestRightsThatAreMissing follows the errors' own advice until it works.
func TestRightsThatAreMissing(t *testing.T) {
	c := postgrestest.Start(t)
	role := c.Role(t, "")
	if err := c.Exec("postgres", "CREATE SCHEMA narrow", "GRANT USAGE ON SCHEMA narrow TO "+role); err != nil {
		t.Fatal(err)
	}
	attempt := func() error {
		d, err := Open(context.Background(), c.URL(role, "postgres", "schema", "narrow"))
		if err != nil {
			return err
		}
		defer d.Close()
		_, err = writeUsers(d, 1, 3)
		return err
	}
	follow := func(parts ...string) {
		t.Helper()
		err := attempt()
		wantError(t, err, parts...)
		_, statement, _ := strings.Cut(err.Error(), "may run: ")
		if err := c.Exec("postgres", statement); err != nil {
			t.Fatal(err)
		}
	}
	follow("may not make tables in the schema narrow", "GRANT USAGE, CREATE")
	if err := attempt(); err != nil {
		t.Fatal(err)
	}
	// Tables that somebody else made in the very form, with no rights on them.
	if err := c.Exec("postgres", "ALTER TABLE narrow.users OWNER TO admin", "ALTER TABLE narrow._stagedoor_slices OWNER TO admin",
		"REVOKE ALL ON narrow.users, narrow._stagedoor_slices FROM "+role); err != nil {
		t.Fatal(err)
	}
	follow("may not write the table _stagedoor_slices", "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES")
	if err := attempt(); err != nil {
		t.Fatal(err)
	}
	if err := c.Exec("postgres", "ALTER TABLE narrow.users DROP COLUMN id"); err != nil {
		t.Fatal(err)
	}
	follow("may not make or change the table users", `ADD COLUMN "id" text`)
	if err := attempt(); err != nil {
		t.Fatal(err)
	}
	if err := c.Exec("postgres", "REVOKE UPDATE ON narrow.users FROM "+role); err != nil {
		t.Fatal(err)
	}
	follow("may not read and write the table users", "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES")
	if err := attempt(); err != nil {
		t.Fatal(err)
	}
}

func TestWhatStandsInTheWayIsExplained(t *testing.T) {
	ctx := context.Background()
	place := newPlace(t)
	d, err := Open(ctx, place)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := writeUsers(d, 1, 3); err != nil {
		t.Fatal(err)
	}
	schema := quote(schemaOf(t, place))

	d.lockPatience = 50 * time.Millisecond
	conn := beside(t, place)
	defer conn.Close(ctx)
	tx, err := conn.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(ctx, "LOCK TABLE "+schema+".users IN SHARE MODE"); err != nil {
		t.Fatal(err)
	}
	_, err = writeUsers(d, 2, 3)
	wantError(t, err, "another session kept the table locked", "pg_stat_activity")
	if err := tx.Rollback(ctx); err != nil {
		t.Fatal(err)
	}
	d.lockPatience = lockPatience

	for statement, parts := range map[string][]string{
		"ALTER TABLE " + schema + ".users ADD CONSTRAINT theirs CHECK (id <> '000002') NOT VALID": {"rule that somebody added", "theirs"},
		"CREATE UNIQUE INDEX theirs ON " + schema + ".users (_run, (id < '1'))":                   {"rule that somebody added", "theirs"},
		raising(schema, "53100", "could not extend file"):                                         {"server's disk is full: could not extend file", "nothing was half written"},
		raising(schema, "53200", "out of memory"):                                                 {"out of memory", "server's log"},
		raising(schema, "57014", "canceling statement due to statement timeout"):                  {"statement timeout", "SET statement_timeout = 0"},
		raising(schema, "XX000", "odd"):                                                           {"odd (SQLSTATE XX000)", "server's log"},
	} {
		run(t, place, "DELETE FROM "+schema+".users", statement)
		_, err := writeUsers(d, 2, 3)
		wantError(t, err, parts...)
		if got := value(t, place, "SELECT concat(count(*), (SELECT run FROM "+schema+"._stagedoor_slices)) FROM "+schema+".users"); got != "0run-1" {
			t.Errorf("after %v there are rows and a checkpoint: %s", parts, got)
		}
		run(t, place, "ALTER TABLE "+schema+".users DROP CONSTRAINT IF EXISTS theirs", "DROP INDEX IF EXISTS "+schema+".theirs", "DROP TRIGGER IF EXISTS theirs ON "+schema+".users")
	}
	if _, err := writeUsers(d, 2, 3); err != nil {
		t.Error(err)
	}
}

// raising makes a trigger that fails as the server does.
func raising(schema, code, message string) string {
	return "CREATE OR REPLACE FUNCTION " + schema + ".fail() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION USING ERRCODE = '" + code + "', MESSAGE = '" + message + "'; END$$; " +
		"CREATE TRIGGER theirs BEFORE INSERT ON " + schema + ".users FOR EACH ROW EXECUTE FUNCTION " + schema + ".fail()"
}

func TestATemporaryFolderThatCanNotBeUsed(t *testing.T) {
	d, err := Open(context.Background(), newPlace(t))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "none"))
	d.memory.held.Store(spoolMemory) // other slices have it all
	_, err = writeUsers(d, 1, 20_000)
	d.memory.held.Store(0)
	wantError(t, err, "kept in a temporary file", "--tmpfs /tmp", "emptyDir")
	if _, err := writeUsers(d, 1, 100); err != nil { // which memory holds
		t.Error(err)
	}
	full, err := os.OpenFile("/dev/full", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no /dev/full here")
	}
	s := &spool{memory: newMemory(), file: full, chunks: [][]byte{[]byte("x")}}
	wantError(t, d.explain("write users", s.flush()), "is full", "TMPDIR")
}

func TestInterruptionIsExplained(t *testing.T) {
	c := postgrestest.Start(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Open(ctx, c.URL(postgrestest.Admin, "postgres")); stagedoor.KindOf(err) != stagedoor.KindInterrupted {
		t.Errorf("error = %v, want kind interrupted", err)
	}
}
