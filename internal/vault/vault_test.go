package vault_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/store"
	"github.com/stagedoor/stagedoor/internal/vault"
)

// The canaries are what no file, error or log may hold. They have characters
// that each encoding writes in its own way.
const (
	canaryAccount = "canary/account+1=ÄÖ?&"
	canaryClient  = "canary/client+2=ßé?&"
	canarySecret  = "canary/secret+3=<>\"?&"
	canaryToken   = "canary/token+4=~^ ?&"
)

// home is one Stagedoor folder.
type home struct {
	t      *testing.T
	folder string
}

func newHome(t *testing.T) home { return home{t: t, folder: t.TempDir()} }

func (h home) key() string      { return filepath.Join(h.folder, "key") }
func (h home) database() string { return filepath.Join(h.folder, "stagedoor.db") }

// open opens database and vault as one process would.
func (h home) open(o vault.Options) (*store.Store, *vault.Vault, error) {
	s, err := store.Open(context.Background(), store.Options{Database: "sqlite:" + h.database(), Wall: o.Wall})
	if err != nil {
		return nil, nil, err
	}
	h.t.Cleanup(func() { _ = s.Close() })
	if o.KeyFile == "" {
		o.KeyFile = h.key()
	}
	v, err := vault.Open(context.Background(), s, o)
	return s, v, err
}

// vault opens a home that must open.
func (h home) vault(o vault.Options) (*store.Store, *vault.Vault) {
	h.t.Helper()
	s, v, err := h.open(o)
	if err != nil {
		h.t.Fatal(err)
	}
	return s, v
}

// refuses opens a home that must not open, checks the explanation, and that
// nothing was made.
func (h home) refuses(o vault.Options, kind stagedoor.Kind, words ...string) {
	h.t.Helper()
	list := func() (names []string) {
		entries, err := os.ReadDir(h.folder)
		if err != nil {
			h.t.Fatal(err)
		}
		for _, entry := range entries {
			if name := entry.Name(); !strings.HasPrefix(name, "stagedoor.db") {
				names = append(names, name)
			}
		}
		return names
	}
	before := list()
	_, _, err := h.open(o)
	wantError(h.t, err, kind, words...)
	if after := list(); !slices.Equal(before, after) {
		h.t.Errorf("the folder held %v, and holds %v", before, after)
	}
}

// wantError checks kind and words, that a fix is given, and that no canary is
// in it.
func wantError(t *testing.T, err error, kind stagedoor.Kind, words ...string) {
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
	if strings.Contains(e.Error(), "canary") {
		t.Error("the error holds a canary")
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// acme is a credential as a person enters it.
func acme() stagedoor.Credential {
	return stagedoor.Credential{
		Slug: "acme", Name: "Acme Inc.", Provider: "zoom", AccountID: canaryAccount, ClientID: canaryClient,
		ClientSecrets: []stagedoor.Secret{stagedoor.NewSecret(canarySecret)}, CreatedBy: "ann",
	}
}

// added is acme in the vault.
func added(t *testing.T, v *vault.Vault) stagedoor.Credential {
	t.Helper()
	c, err := v.Add(t.Context(), acme())
	must(t, err)
	return c
}

// steps is a wall clock that goes on a minute with each look.
func steps() func() time.Time {
	now := time.Date(2026, 11, 22, 9, 0, 0, 123456789, time.UTC)
	return func() time.Time {
		now = now.Add(time.Minute)
		return now
	}
}

// journal collects log lines.
type journal struct{ strings.Builder }

func (j *journal) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(j, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// BenchmarkOpen is what every command pays, beside opening the database,
// before it knows a credential.
func BenchmarkOpen(b *testing.B) {
	s, err := store.Open(b.Context(), store.Options{Database: "sqlite:" + filepath.Join(b.TempDir(), "stagedoor.db")})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	for b.Loop() {
		v, err := vault.Open(b.Context(), s, vault.Options{KeyFile: filepath.Join(filepath.Dir(s.Path()), "key")})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := v.List(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
