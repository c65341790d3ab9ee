package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestLicencesAreWhole(t *testing.T) {
	dir := t.TempDir()
	text := "Permission is hereby granted, to whoever reads this test."
	if err := os.WriteFile(filepath.Join(dir, "LICENSE.md"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := thirdParty([]mod{{path: "example.com/m", version: "v1.2.3", dir: dir}})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(got, []byte(text)) || !bytes.Contains(got, []byte("example.com/m v1.2.3: LICENSE.md")) || !bytes.Contains(got, []byte("The Go Authors")) {
		t.Errorf("the licence of the module, or Go's, is not in\n%s", got)
	}
	_, err = thirdParty([]mod{{path: "example.com/none", version: "v1.0.0", dir: t.TempDir()}})
	if err == nil || !strings.Contains(err.Error(), "example.com/none v1.0.0 has no licence file") {
		t.Errorf("a module without a licence: %v", err)
	}
}

func TestArchivesDependOnTheirContentsOnly(t *testing.T) {
	at := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	entries := []entry{{"stagedoor", 0o755, []byte("program")}, {"man/man1/x.1", 0o644, []byte("page")}}
	for name, pack := range map[string]func(string, string, time.Time, []entry) error{"tar": packTar, "zip": packZip} {
		var made [2][]byte
		for i := range made {
			to := filepath.Join(t.TempDir(), "archive")
			if err := pack(to, "folder", at, entries); err != nil {
				t.Fatal(err)
			}
			made[i], _ = os.ReadFile(to)
		}
		if len(made[0]) == 0 || !bytes.Equal(made[0], made[1]) {
			t.Errorf("%s: two archives of the same differ", name)
		}
	}
}
