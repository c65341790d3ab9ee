package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/store/storetest"
)

func TestSQLiteIsAStore(t *testing.T) {
	storetest.Test(t, func(t *testing.T) func(func() time.Time) (storetest.Store, error) {
		path := filepath.Join(t.TempDir(), "stagedoor.db")
		return func(wall func() time.Time) (storetest.Store, error) {
			s, err := Open(context.Background(), Options{Database: "sqlite:" + path, Wall: wall})
			if err != nil {
				return nil, err
			}
			return s, nil
		}
	})
}

// childVariable makes this test program open the database that it names, say
// whether it made it, and leave: the processes of the test below.
const childVariable = "STAGEDOOR_STORE_TEST_OPEN"

func TestMain(m *testing.M) {
	path := os.Getenv(childVariable)
	if path == "" {
		os.Exit(m.Run())
	}
	s, err := Open(context.Background(), Options{Database: "sqlite:" + path})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Print(s.Created())
	if err := s.Close(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func TestProcessesOpenAnEmptyDatabaseAtOnce(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		path := filepath.Join(t.TempDir(), "stagedoor.db")
		var processes [6]*exec.Cmd
		var said [6]bytes.Buffer
		for i := range processes {
			processes[i] = exec.Command(self)
			processes[i].Env = append(os.Environ(), childVariable+"="+path)
			processes[i].Stdout = &said[i]
			if err := processes[i].Start(); err != nil {
				t.Fatal(err)
			}
		}
		created := 0
		for i, process := range processes {
			if err := process.Wait(); err != nil {
				t.Errorf("a process failed: %v: %s", err, &said[i])
			}
			if said[i].String() == "true" {
				created++
			}
		}
		if created != 1 {
			t.Errorf("%d processes say that they made the database", created)
		}
	}
}

// open opens a new database in a folder of the test.
func open(t *testing.T) *Store {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "stagedoor.db"))
}

func openAt(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), Options{Database: "sqlite:" + path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// refused opens what must not open, and checks how that is explained.
func refused(t *testing.T, database string, kind stagedoor.Kind, words ...string) {
	t.Helper()
	s, err := Open(t.Context(), Options{Database: database})
	if err == nil {
		_ = s.Close()
	}
	wantExplained(t, err, kind, words...)
}

// wantExplained checks the kind, that a fix is given, and words of the text.
func wantExplained(t *testing.T, err error, kind stagedoor.Kind, words ...string) {
	t.Helper()
	e, ok := errors.AsType[*stagedoor.Error](err)
	if !ok || e.Kind != kind || e.Fix == "" {
		t.Fatalf("got %v, want an error of kind %s with a fix", err, kind)
	}
	for _, word := range words {
		if !strings.Contains(e.Error(), word) {
			t.Errorf("the error does not say %q: %v", word, e)
		}
	}
}

func TestNewestMigrationIsTheCurrentSchema(t *testing.T) {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != currentSchema {
		t.Fatalf("%d migrations, and currentSchema is %d", len(files), currentSchema)
	}
	for i, file := range files {
		if want := fmt.Sprintf("migrations/%05d_", i+1); !strings.HasPrefix(file, want) {
			t.Errorf("migration %s does not start with %s", file, want)
		}
	}
}

func TestOnlyTheOwnerReadsTheFiles(t *testing.T) {
	s := open(t)
	check := func() {
		t.Helper()
		if err := s.SetMeta(t.Context(), "key", []byte("value")); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{s.Path(), s.Path() + "-wal", s.Path() + "-shm"} {
			info, err := os.Stat(name)
			if err != nil {
				t.Fatal(err)
			}
			if info.Mode().Perm() != 0o600 {
				t.Errorf("%s has mode %04o", filepath.Base(name), info.Mode().Perm())
			}
		}
	}
	check()
	// A copy that was restored with other modes.
	for _, name := range []string{s.Path(), s.Path() + "-wal", s.Path() + "-shm"} {
		if err := os.Chmod(name, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s = openAt(t, s.Path())
	check()
}

func TestPathsThatAreNoPlainURLs(t *testing.T) {
	for _, name := range []string{"a b", "a?b#c", "100%", "a%20b", "会議", "c:d", "file:x", "a&_pragma=query_only(1)"} {
		s := openAt(t, filepath.Join(t.TempDir(), name))
		if err := s.SetMeta(t.Context(), "key", []byte(name)); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(s.Path() + "-wal"); err != nil {
			t.Errorf("the database %q lies somewhere else: %v", name, err)
		}
	}
}

func TestNewerSchemaIsLeftAsItIs(t *testing.T) {
	s := open(t)
	if _, err := s.write.ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (?, 1)`, currentSchema+41); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(s.Path())
	if err != nil {
		t.Fatal(err)
	}
	refused(t, "sqlite:"+s.Path(), stagedoor.KindSchemaNewer, s.Path(), fmt.Sprint(currentSchema+41), fmt.Sprintf("up to %d", currentSchema))
	after, err := os.ReadFile(s.Path())
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(before, after) {
		t.Error("the database was changed")
	}
}

func TestOtherFilesAreRefused(t *testing.T) {
	text := filepath.Join(t.TempDir(), "notes.txt")
	content := strings.Repeat("this is no database\n", 100)
	if err := os.WriteFile(text, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, "sqlite:"+text, stagedoor.KindStore, text, "not a SQLite database")
	if after, err := os.ReadFile(text); err != nil || string(after) != content {
		t.Errorf("the file was changed (%v)", err)
	}

	foreign := filepath.Join(t.TempDir(), "warehouse.db")
	db, err := sql.Open("sqlite", foreign)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), `CREATE TABLE users (id text)`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	refused(t, "sqlite:"+foreign, stagedoor.KindStore, foreign, "another program")

	refused(t, "sqlite:"+filepath.Join(t.TempDir(), "no", "folder.db"), stagedoor.KindStore, "folder does not exist", "mkdir")
	refused(t, "sqlite:"+t.TempDir(), stagedoor.KindStore)
}

func TestDatabaseSettings(t *testing.T) {
	for database, words := range map[string]string{
		"":                          "does not name a kind",
		"/var/lib/stagedoor.db":     "does not name a kind",
		"sqlite:":                   "without a path",
		"mysql://host/db":           `"mysql"`,
		"postgres://host/stagedoor": "not built yet",
	} {
		refused(t, database, stagedoor.KindUsage, words)
	}
	for _, database := range []string{
		"postgres://ann:hunter2@host/stagedoor",
		"postgresql://ann:hunter2%zz@host/db", // which a URL parser would trip over, and quote
		"postgres://ann:hun/ter2@host/db",
		"postgres://host/db?user=ann&Password=hunter2",
		"host=h user=ann password=hunter2",
		"hunter2@host:5432/db",
	} {
		_, err := Open(t.Context(), Options{Database: database})
		wantExplained(t, err, stagedoor.KindUsage)
		if strings.Contains(fmt.Sprintf("%v %+v", err, err), "ter2") {
			t.Error("the error repeats the password")
		}
	}
}

func TestFullDiskIsExplainedAndNothingIsHalfWritten(t *testing.T) {
	s := open(t)
	if err := s.SetMeta(t.Context(), "key", []byte("before")); err != nil {
		t.Fatal(err)
	}
	// SQLite answers the same when a file may not grow as when the disk is full.
	if _, err := s.write.ExecContext(t.Context(), `PRAGMA max_page_count = 1`); err != nil {
		t.Fatal(err)
	}
	err := s.SetMeta(t.Context(), "key", make([]byte, 1<<20))
	wantExplained(t, err, stagedoor.KindStore, s.Path(), "disk is full")
	if value, err := s.Meta(t.Context(), "key"); err != nil || string(value) != "before" {
		t.Errorf("the row is %q, %v", value, err)
	}
	if _, err := s.write.ExecContext(t.Context(), `PRAGMA max_page_count = 100000`); err != nil {
		t.Fatal(err)
	}
	if err := s.SetMeta(t.Context(), "key", []byte("after")); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

func TestLockedDatabaseIsExplained(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for the busy timeout, 10 s")
	}
	s := open(t)
	tx, err := s.write.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	other := openAt(t, s.Path())
	if _, err := other.Meta(t.Context(), "key"); err != nil {
		t.Errorf("a writer kept a reader waiting: %v", err)
	}
	began := time.Now()
	err = other.SetMeta(t.Context(), "key", []byte("value"))
	wantExplained(t, err, stagedoor.KindStore, s.Path(), "locked")
	if waited := time.Since(began); waited < busyTimeout {
		t.Errorf("gave up after %v", waited)
	}
}

func TestStoppedWhileItWaits(t *testing.T) {
	s := open(t)
	tx, err := s.write.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	err = openAt(t, s.Path()).SetMeta(ctx, "key", []byte("value"))
	wantExplained(t, err, stagedoor.KindInterrupted)
	if waited := time.Since(began); waited > 5*time.Second {
		t.Errorf("it took %v to stop", waited)
	}
}

func TestUpgradeWaitsForTheOlderProgramThenRefuses(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for the busy timeout, 10 s")
	}
	s := open(t)
	if _, err := s.write.ExecContext(t.Context(), `DELETE FROM goose_db_version WHERE version_id = ?`, currentSchema); err != nil {
		t.Fatal(err)
	}
	refused(t, "sqlite:"+s.Path(), stagedoor.KindStore, "serve", "stopped for an upgrade")
}

func TestRemovedBytesAreGone(t *testing.T) {
	s := open(t)
	key := []byte("the-sealed-data-key-of-acme")
	token := []byte("the-sealed-token-of-acme")
	acme := stagedoor.SealedCredential{
		Credential: stagedoor.Credential{ID: "id-1", Slug: "acme"}, DataKey: key,
	}
	if err := s.AddCredential(t.Context(), acme); err != nil {
		t.Fatal(err)
	}
	row, _, err := s.LeaseToken(t.Context(), "id-1", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	row.Sealed = token
	if _, err := s.SaveToken(t.Context(), row); err != nil {
		t.Fatal(err)
	}
	found := func(what []byte) bool {
		for _, name := range []string{s.Path(), s.Path() + "-wal"} {
			content, err := os.ReadFile(name)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
			if bytes.Contains(content, what) {
				return true
			}
		}
		return false
	}
	if !found(key) || !found(token) {
		t.Fatal("the search does not find what is there")
	}
	if err := s.RemoveCredential(t.Context(), "id-1"); err != nil {
		t.Fatal(err)
	}
	if found(key) || found(token) {
		t.Error("what was removed is still in the files")
	}
}

// BenchmarkOpen is what every command pays before it does anything.
func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "stagedoor.db")
	for b.Loop() {
		s, err := Open(b.Context(), Options{Database: "sqlite:" + path})
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
