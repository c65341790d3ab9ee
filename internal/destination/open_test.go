package destination

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stagedoor/stagedoor"
)

func TestStdoutIsTheDefault(t *testing.T) {
	for _, url := range []string{"", "-"} {
		d, err := Open(context.Background(), url, Options{Out: &bytes.Buffer{}})
		if err != nil || d.Name() != "stdout" {
			t.Errorf("Open(%q) = %v, %v", url, d, err)
		}
	}
}

func TestFormsOfASQLiteURL(t *testing.T) {
	folder := t.TempDir()
	t.Chdir(folder)
	for url, path := range map[string]string{
		"sqlite:a.db":         "a.db",
		"sqlite:./b.db":       "b.db",
		"SQLite:c d?%20#é.db": "c d?%20#é.db",
		"sqlite:" + filepath.Join(folder, "e.db"):   "e.db",
		"sqlite://" + filepath.Join(folder, "f.db"): "f.db",
	} {
		d, err := Open(context.Background(), url, Options{})
		if err != nil {
			t.Errorf("Open(%q): %v", url, err)
			continue
		}
		if want := "sqlite:" + filepath.Join(folder, path); d.Name() != want {
			t.Errorf("Open(%q) is called %s, want %s", url, d.Name(), want)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		if info, err := os.Stat(filepath.Join(folder, path)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("Open(%q) made %v, %v; want a file of mode 0600", url, info, err)
		}
	}
}

func TestRefusedURLs(t *testing.T) {
	for url, parts := range map[string][]string{
		"jsonl:":                           {"without a path"},
		"users.db":                         {"neither a saved destination nor a URL", "write sqlite:users.db."},
		"out/Users.CSV.gz":                 {"write csv:out/Users.CSV.gz."},
		"out/users.parquet":                {"write parquet:out/users.parquet."},
		"csv:out?x=1":                      {"an option that it does not have", "?compress=gzip"},
		"parquet:out?compress=zstd":        {"an option that it does not have", "parquet:PATH takes none"},
		"csv:out.jsonl":                    {"ends as jsonl files do", "Write jsonl:PATH"},
		"parquet:out.parquet.gz":           {"compresses by itself"},
		"jsonl:out.jsonl?compress=zstd":    {"the name tells how it is compressed", ".jsonl.zst"},
		"jsonl://host/out":                 {"three slashes"},
		"postgres://db.example.com:x/zoom": {"not a URL that can be read", "?schema=zoom"},
		"postgresql://db/zoom?sslmode=on":  {"sslmode is invalid", "verify-full"},
		"s3://bucket/zoom":                 {"reserved for a later version and not built yet", "sqlite:PATH"},
		"gs://bucket":                      {"reserved for a later version"},
		"az://bucket":                      {"reserved for a later version"},
		"salesforce:org":                   {"reserved for a later version"},
		"warehouse":                        {"neither a saved destination nor a URL", "env:VAR"},
		"./zoom.db":                        {"neither a saved destination nor a URL", "sqlite:PATH"},
		"mysql://host/zoom":                {"does not start with a kind of destination", "sqlite:PATH"},
		"sqlite:":                          {"without a path"},
		"sqlite://":                        {"three slashes"},
		"sqlite://zoom.db":                 {"three slashes"},
		"sqlite::memory:":                  {"gone when the command ends"},
	} {
		d, err := Open(context.Background(), url, Options{})
		if d != nil {
			t.Errorf("Open(%q) gave a destination", url)
		}
		wantUsage(t, url, err, parts...)
	}
}

func wantUsage(t *testing.T, url string, err error, parts ...string) {
	t.Helper()
	e, ok := errors.AsType[*stagedoor.Error](err)
	if !ok || e.Kind != stagedoor.KindUsage || e.Fix == "" {
		t.Errorf("Open(%q): %v, want a usage error with its fix", url, err)
		return
	}
	for _, part := range parts {
		if !strings.Contains(e.Error(), part) {
			t.Errorf("Open(%q): %q does not tell %q", url, e, part)
		}
	}
}

func TestAPasswordIsRefusedAndNeverRepeated(t *testing.T) {
	for _, url := range []string{
		"postgres://me:hunter2@db/zoom", "postgres://me:hun:ter2@x@db/zoom", "postgres://db/zoom?user=me&password=hunter2",
		"mysql://me:hunter2@db/zoom", "POSTGRES://db/zoom?sslPassword=hunter2", "sqlite://me:hunter2@/zoom.db",
		"host=db.example.com user=me password=hunter2 dbname=zoom", "host=db.example.com user=me password = hunter2",
		"postgres://me@db:x/zoom?pass%77ord=hunter2", "postgres://me:1/hunter2@db/zoom",
	} {
		_, err := Open(context.Background(), url, Options{})
		wantUsage(t, url, err, "holds a password", "--into env:VAR")
		_, private := Open(context.Background(), url, Options{Private: true})
		for _, err := range []error{err, private} {
			if err == nil || strings.Contains(err.Error(), "hun") || strings.Contains(err.Error(), "ter2") {
				t.Errorf("the error for a URL with a password is %v", err)
			}
		}
		if strings.Contains(private.Error(), "env:VAR") && strings.Contains(private.Error(), "holds a password") {
			t.Errorf("a URL that others cannot see was refused for its password: %v", private)
		}
	}
	// Other texts may be secrets too.
	for _, text := range []string{"hunter2", "hunter2:x", "hunter2://x", "a b:hunter2", "host=db.example.com pass hunter2", "me/hunter2@db.example.com"} {
		_, err := Open(context.Background(), text, Options{})
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error for an unknown text is %v", err)
		}
	}
}

func TestTheProgramsOwnDatabaseIsRefused(t *testing.T) {
	folder := t.TempDir()
	t.Chdir(folder)
	own := filepath.Join(folder, "stagedoor.db")
	ask := func(url string) {
		t.Helper()
		_, err := Open(context.Background(), url, Options{Own: own})
		wantUsage(t, url, err, "Stagedoor's own database")
	}
	ask("sqlite:stagedoor.db") // before it is there
	const content = "sealed"
	if err := os.WriteFile(own, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(own, "hard.db"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(own, "soft.db"); err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{"sqlite:" + own, "sqlite://" + own, "sqlite:./x/../stagedoor.db", "sqlite:hard.db", "sqlite:soft.db", "sqlite:stagedoor.db-wal"} {
		ask(url)
	}
	if now, err := os.ReadFile(own); err != nil || string(now) != content {
		t.Errorf("the own database holds %q, %v", now, err)
	}
}

func TestAPlaceThatCannotBeOpenedIsNoDestination(t *testing.T) {
	d, err := Open(context.Background(), "sqlite:"+filepath.Join(t.TempDir(), "none", "zoom.db"), Options{})
	if d != nil || stagedoor.KindOf(err) != stagedoor.KindDestination {
		t.Errorf("Open = %v, %v; want nil and kind destination", d, err)
	}
}

func TestAbsent(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir("there", 0o700); err != nil {
		t.Fatal(err)
	}
	for url, want := range map[string]bool{
		"jsonl:none": true, "csv:none?compress=zstd": true, "parquet:none.parquet": true, "sqlite:none.db": true,
		"JSONL:there": false, "sqlite:": false, "-": false, "": false, "postgres://none/zoom": false, "env:X": false,
	} {
		if got := Absent(url); got != want {
			t.Errorf("Absent(%q) = %t, want %t", url, got, want)
		}
	}
}
