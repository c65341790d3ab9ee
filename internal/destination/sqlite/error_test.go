package sqlite

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
)

// wantError wants an explained error that names the file, of kind destination,
// whose text holds all of the parts.
func wantError(t *testing.T, err error, path string, parts ...string) {
	t.Helper()
	e, ok := err.(*stagedoor.Error) // itself, since that is what Open promises
	if !ok {
		t.Fatalf("error = %v, want a *stagedoor.Error", err)
	}
	if e.Kind != stagedoor.KindDestination || e.Fix == "" {
		t.Errorf("error %v has kind %s and fix %q", e, e.Kind, e.Fix)
	}
	for _, part := range append(parts, path) {
		if !strings.Contains(e.Error(), part) {
			t.Errorf("error %q does not tell %q", e, part)
		}
	}
}

func TestPathsThatCannotBeUsed(t *testing.T) {
	folder := t.TempDir()
	text := filepath.Join(folder, "notes.txt")
	const notes = "these are not tables, and there are more than a hundred bytes of them, so that nobody takes them for an empty database file"
	if err := os.WriteFile(text, []byte(notes), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, cause := range map[string]string{
		filepath.Join(folder, "none", "zoom.db"): "does not exist. Fix: Make it with `mkdir",
		folder:                                   "there is a folder or a device of that name",
		filepath.Join(text, "zoom.db"):           "is not a folder",
		text:                                     "is not a SQLite database; it was left as it is",
	} {
		d, err := Open(context.Background(), path)
		if err == nil {
			t.Errorf("%s was opened", path)
			_ = d.Close()
			continue
		}
		wantError(t, err, path, cause)
	}
	if now, err := os.ReadFile(text); err != nil || string(now) != notes {
		t.Errorf("the file that is not a database holds %q, %v", now, err)
	}
	if _, err := os.Stat(filepath.Join(folder, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder that was missing: %v", err)
	}
}

func TestAFileThatMayNotBeWrittenIsRefusedAtOnce(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may write everything")
	}
	d, path := opened(t)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o400); err != nil {
		t.Fatal(err)
	}
	_, err := Open(context.Background(), path)
	wantError(t, err, path, "may not be written by this user")
}

func TestAReadOnlyDatabaseIsExplained(t *testing.T) {
	d, path := opened(t)
	if _, err := d.look.ExecContext(context.Background(), "PRAGMA query_only = 1"); err != nil {
		t.Fatal(err)
	}
	err := d.change(context.Background(), d.look, func() error {
		return saveCheckpoint(context.Background(), d.look, stagedoor.Checkpoint{})
	})
	wantError(t, d.explain("write", err), path, "may not be written by this user")
}

func TestALockedFileIsExplained(t *testing.T) {
	d, path := opened(t)
	db := beside(t, path)
	conn, err := db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(context.Background(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.look.ExecContext(context.Background(), "PRAGMA busy_timeout = 1"); err != nil {
		t.Fatal(err)
	}
	err = d.change(context.Background(), d.look, func() error { return nil })
	wantError(t, d.explain("write", err), path, "locked for 10 seconds", "fuser "+path)
}

func TestAFullDiskLeavesWhatWasThere(t *testing.T) {
	d, path := opened(t)
	if err := write(d, activities(), activity()); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	w, err := d.Begin(ctx, activities(), stagedoor.Slice{Stream: activities().Name}, "run-2")
	if err != nil {
		t.Fatal(err)
	}
	big := activity()
	big.Raw = []byte(`"` + strings.Repeat("x", 1<<20) + `"`)
	if err := w.Write(ctx, big); err != nil {
		t.Fatal(err)
	}
	// SQLite gives the error of a full disk at this many pages.
	if _, err := d.writer.ExecContext(ctx, "PRAGMA main.max_page_count = 20"); err != nil {
		t.Fatal(err)
	}
	_, err = w.Commit(ctx, stagedoor.Checkpoint{ReadAt: time.Now()}, true)
	wantError(t, err, path, "the disk is full", "nothing was half written")
	var raw string
	if err := beside(t, path).QueryRow(`SELECT _raw || _run || (SELECT run FROM _stagedoor_slices) FROM meeting_activities`).Scan(&raw); err != nil || raw != `{"a":1}run-1run-1` {
		t.Errorf("after the full disk: %q, %v", raw, err)
	}
	if err := write(d, activities(), activity()); err != nil {
		t.Errorf("with space again: %v", err)
	}
}

func TestInterruptionIsExplained(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := Open(ctx, filepath.Join(t.TempDir(), "zoom.db"))
	if stagedoor.KindOf(err) != stagedoor.KindInterrupted {
		t.Errorf("error = %v, want kind interrupted", err)
	}
}
