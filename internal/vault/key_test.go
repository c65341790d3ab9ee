package vault_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/store"
	"github.com/stagedoor/stagedoor/internal/vault"
)

// saying answers the question for the passphrase.
func saying(text string) func(bool) (stagedoor.Secret, error) {
	return func(bool) (stagedoor.Secret, error) { return stagedoor.NewSecret(text), nil }
}

// with is the environment with one variable.
func with(name, value string) func(string) string {
	return func(asked string) string {
		if asked == name {
			return value
		}
		return ""
	}
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	must(t, err)
	return content
}

func TestKeyFileIsMadeOnceAndOnlyForItsOwner(t *testing.T) {
	h := newHome(t)
	_, v := h.vault(vault.Options{Wall: steps()})
	info, err := os.Stat(h.key())
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the key file has mode %04o", info.Mode().Perm())
	}
	key := readFile(t, h.key())
	_, other := h.vault(vault.Options{})
	if string(readFile(t, h.key())) != string(key) {
		t.Error("the second start changed the key")
	}
	status := v.Status()
	if status != other.Status() {
		t.Errorf("two processes see %+v and %+v", status, other.Status())
	}
	want := vault.Status{
		Source: "file:" + h.key(), Path: h.key(), Mode: "-rw-------", Algorithm: "AES256-GCM",
		KeyID: status.KeyID, CreatedAt: status.CreatedAt,
	}
	if status != want || status.KeyID == 0 || status.CreatedAt.IsZero() {
		t.Errorf("the status is %+v, want %+v", status, want)
	}
	if text := fmt.Sprintf("%+v", status); strings.Contains(string(key), `"value":""`) || strings.Contains(text, "value") {
		t.Error("the status holds key material")
	}
}

func TestSealedRowsWithoutTheirKeyFile(t *testing.T) {
	for _, rows := range []bool{true, false} {
		h := newHome(t)
		_, v := h.vault(vault.Options{})
		if rows {
			added(t, v)
		}
		must(t, os.Remove(h.key()))
		h.refuses(vault.Options{}, stagedoor.KindKey, h.key(), "missing", "Restore the key", "start anew")
		h.refuses(vault.Options{Key: "env:KEY"}, stagedoor.KindKey, "KEY", "--key file:"+h.key())
		h.refuses(vault.Options{Key: "passphrase", Passphrase: saying("x")}, stagedoor.KindKey, "not made with a passphrase", "--key file:"+h.key())
	}
}

func TestRowsWhoseProofIsGone(t *testing.T) {
	h := newHome(t)
	s, v := h.vault(vault.Options{})
	added(t, v)
	rows, err := s.Credentials(t.Context())
	must(t, err)
	// A database that somebody put together from rows alone.
	stolen := newHome(t)
	s, _, err = stolen.open(vault.Options{Key: "env:NONE"})
	wantError(t, err, stagedoor.KindKey)
	must(t, s.AddCredential(t.Context(), rows[0]))
	stolen.refuses(vault.Options{}, stagedoor.KindKey, "sealed credentials", "backup")
}

func TestWrongKey(t *testing.T) {
	h, other := newHome(t), newHome(t)
	_, v := h.vault(vault.Options{})
	added(t, v)
	other.vault(vault.Options{})
	h.refuses(vault.Options{Key: "file:" + other.key()}, stagedoor.KindKey, other.key(), "not the one", h.key(), fmt.Sprint(v.Status().KeyID))
	_, v = h.vault(vault.Options{})
	if _, err := v.Credential(t.Context(), "acme"); err != nil {
		t.Errorf("after the wrong key the right one does not open: %v", err)
	}
}

func TestKeyThatOthersCanReadIsRefused(t *testing.T) {
	h := newHome(t)
	h.vault(vault.Options{})
	for _, mode := range []os.FileMode{0o644, 0o640, 0o604, 0o620, 0o601} {
		must(t, os.Chmod(h.key(), mode))
		h.refuses(vault.Options{}, stagedoor.KindKey, h.key(), fmt.Sprintf("%04o", mode), "chmod 600 "+h.key())
	}
	must(t, os.Chmod(h.key(), 0o400))
	h.vault(vault.Options{})
}

// systemd's copy of a key looks as if its group could read it, where the access
// list that lets the service in has no other place for its mask.
func TestKeyThatSystemdHandsOver(t *testing.T) {
	h := newHome(t)
	h.vault(vault.Options{})
	of := func(folder string) vault.Options {
		return vault.Options{Key: "file:" + h.key(), Getenv: with("CREDENTIALS_DIRECTORY", folder)}
	}
	must(t, os.Chmod(h.key(), 0o440))
	h.vault(of(filepath.Dir(h.key())))
	for _, folder := range []string{"", ".", "/", t.TempDir()} {
		h.refuses(of(folder), stagedoor.KindKey, h.key(), "0440")
	}
	for _, mode := range []os.FileMode{0o444, 0o460, 0o450} {
		must(t, os.Chmod(h.key(), mode))
		h.refuses(of(filepath.Dir(h.key())), stagedoor.KindKey, h.key(), fmt.Sprintf("%04o", mode))
	}
}

func TestDamagedKeyIsExplainedWithoutQuotingIt(t *testing.T) {
	h := newHome(t)
	h.vault(vault.Options{})
	key := readFile(t, h.key())
	for _, content := range []string{"", string(key[:len(key)/2]), "canary", `{"primaryKeyId":1,"key":["canary"]}`, `{"canary":1}`} {
		must(t, os.WriteFile(h.key(), []byte(content), 0o600))
		h.refuses(vault.Options{}, stagedoor.KindKey, h.key(), "not a key")
		h.refuses(vault.Options{Key: "env:KEY", Getenv: with("KEY", base64.StdEncoding.EncodeToString([]byte(content)))}, stagedoor.KindKey, "KEY")
	}
	h.refuses(vault.Options{Key: "env:KEY", Getenv: with("KEY", "canary!")}, stagedoor.KindKey, "not Base64")
}

func TestKeySettings(t *testing.T) {
	h := newHome(t)
	for _, setting := range []string{"file:", "env:", "canary", "passphrase:canary", "kms:canary"} {
		h.refuses(vault.Options{Key: setting}, stagedoor.KindUsage, "file:PATH, env:NAME or passphrase")
	}
	h.refuses(vault.Options{Key: "file:" + filepath.Join(h.folder, "no", "key")}, stagedoor.KindKey, "does not exist", "mkdir")
	h.refuses(vault.Options{Key: "env:KEY", Getenv: with("OTHER", "x")}, stagedoor.KindKey, "KEY", "not set", "Base64")
}

func TestKeyInAVariable(t *testing.T) {
	h := newHome(t)
	_, v := h.vault(vault.Options{})
	stored := added(t, v)
	encoded := base64.StdEncoding.EncodeToString(readFile(t, h.key()))
	must(t, os.Remove(h.key()))
	// The program base64 breaks its lines.
	_, v = h.vault(vault.Options{Key: "env:KEY", Getenv: with("KEY", encoded[:76]+"\n"+encoded[76:]+"\n")})
	got, err := v.Credential(t.Context(), "acme")
	must(t, err)
	same(t, got, stored)
	if status := v.Status(); status.Source != "env:KEY" || status.Path != "" || status.Mode != "" {
		t.Errorf("the status is %+v", status)
	}
	if _, err := os.Stat(h.key()); err == nil {
		t.Error("a key file was made beside the variable")
	}
}

func TestPassphrase(t *testing.T) {
	h := newHome(t)
	asked := []bool{}
	ask := func(first bool) (stagedoor.Secret, error) {
		asked = append(asked, first)
		return stagedoor.NewSecret("correct horse"), nil
	}
	_, v := h.vault(vault.Options{Key: "passphrase", Passphrase: ask})
	stored := added(t, v)
	_, v = h.vault(vault.Options{Key: "passphrase", Passphrase: ask})
	got, err := v.Credential(t.Context(), "acme")
	must(t, err)
	same(t, got, stored)
	if len(asked) != 2 || !asked[0] || asked[1] {
		t.Errorf("was asked %v, want first true, then false", asked)
	}
	if v.Status().Source != "passphrase" {
		t.Errorf("the source is %q", v.Status().Source)
	}

	h.refuses(vault.Options{Key: "passphrase", Passphrase: saying("Correct horse")}, stagedoor.KindKey, "does not open")
	h.refuses(vault.Options{Key: "passphrase", Passphrase: saying("")}, stagedoor.KindKey, "empty", "STAGEDOOR_PASSPHRASE")
	h.refuses(vault.Options{Key: "passphrase"}, stagedoor.KindKey, "STAGEDOOR_PASSPHRASE")
	h.refuses(vault.Options{}, stagedoor.KindKey, h.key(), "--key passphrase")
}

// together is a store that lets a first start go on when all of them have seen
// that there is no key yet.
type together struct {
	*store.Store
	once *sync.Once
	all  *sync.WaitGroup
}

func (m together) Credentials(ctx context.Context) ([]stagedoor.SealedCredential, error) {
	rows, err := m.Store.Credentials(ctx)
	m.once.Do(func() {
		m.all.Done()
		m.all.Wait()
	})
	return rows, err
}

// TestFirstStartsAtOnce has many processes start on an empty home: there is
// one key afterwards, and everybody opens what everybody sealed. A key file is
// tried many times, since the moment at which two can collide is short.
func TestFirstStartsAtOnce(t *testing.T) {
	t.Run("file", func(t *testing.T) {
		rounds := 20
		if testing.Short() {
			rounds = 5
		}
		for range rounds {
			h := newHome(t)
			h.startAtOnce(4, vault.Options{KeyFile: h.key()})
			h.wantOnlyKey(true)
		}
	})
	t.Run("passphrase", func(t *testing.T) {
		h := newHome(t)
		h.startAtOnce(2, vault.Options{Key: "passphrase", Passphrase: saying("correct horse")})
		h.wantOnlyKey(false)
	})
}

func (h home) startAtOnce(starts int, o vault.Options) {
	h.t.Helper()
	vaults := make([]*vault.Vault, starts)
	stores := make([]*store.Store, starts)
	for i := range stores {
		var err error
		stores[i], err = store.Open(context.Background(), store.Options{Database: "sqlite:" + h.database()})
		must(h.t, err)
		defer stores[i].Close()
	}
	var seen, all sync.WaitGroup
	seen.Add(starts)
	for i, s := range stores {
		all.Go(func() {
			v, err := vault.Open(context.Background(), together{s, new(sync.Once), &seen}, o)
			if err != nil {
				h.t.Error(err)
				return
			}
			c := acme()
			c.Slug = fmt.Sprint("acme-", i)
			if _, err := v.Add(context.Background(), c); err != nil {
				h.t.Error(err)
			}
			vaults[i] = v
		})
	}
	all.Wait()
	if h.t.Failed() {
		h.t.FailNow()
	}
	_, later := h.vault(o)
	for _, v := range append(vaults, later) {
		list, err := v.List(context.Background())
		must(h.t, err)
		if len(list) != starts || v.Status() != later.Status() {
			h.t.Errorf("a process sees %d credentials, and the key %+v", len(list), v.Status())
		}
	}
}

// TestFirstStartBesideOneThatIsReady has another process make the key, and add
// a credential, just after this one saw that there is none.
func TestFirstStartBesideOneThatIsReady(t *testing.T) {
	h := newHome(t)
	s, err := store.Open(t.Context(), store.Options{Database: "sqlite:" + h.database()})
	must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	_, err = vault.Open(t.Context(), slow{s, func() {
		_, v := h.vault(vault.Options{})
		added(t, v)
	}}, vault.Options{KeyFile: h.key()})
	must(t, err)
}

// slow is a store where something happens before the credentials are listed.
type slow struct {
	*store.Store
	happens func()
}

func (m slow) Credentials(ctx context.Context) ([]stagedoor.SealedCredential, error) {
	m.happens()
	return m.Store.Credentials(ctx)
}

// wantOnlyKey checks that no draft of the key was left.
func (h home) wantOnlyKey(there bool) {
	h.t.Helper()
	entries, err := os.ReadDir(h.folder)
	must(h.t, err)
	found := false
	for _, entry := range entries {
		switch name := entry.Name(); {
		case name == "key":
			found = true
		case !strings.HasPrefix(name, "stagedoor.db"):
			h.t.Errorf("the file %s was left", name)
		}
	}
	if found != there {
		h.t.Errorf("a key file is there: %v, want %v", found, there)
	}
}

// TestKilledWhileTheKeyWasMade starts again after each moment at which the
// first start can have been killed.
func TestKilledWhileTheKeyWasMade(t *testing.T) {
	draft := func(h home) string { return filepath.Join(h.folder, ".key.stagedoor-draft-OLD") }
	whole := newHome(t)
	whole.vault(vault.Options{})
	key := readFile(t, whole.key())
	for moment, leave := range map[string]func(home) error{
		"draft is empty":      func(h home) error { return os.WriteFile(draft(h), nil, 0o600) },
		"draft is half":       func(h home) error { return os.WriteFile(draft(h), key[:20], 0o600) },
		"draft is whole":      func(h home) error { return os.WriteFile(draft(h), key, 0o600) },
		"key without a proof": func(h home) error { return os.WriteFile(h.key(), key, 0o600) },
		"draft is the key": func(h home) error {
			if err := os.WriteFile(h.key(), key, 0o600); err != nil {
				return err
			}
			return os.Link(h.key(), draft(h))
		},
	} {
		t.Run(moment, func(t *testing.T) {
			h := newHome(t)
			must(t, leave(h))
			_, v := h.vault(vault.Options{})
			stored := added(t, v)
			_, v = h.vault(vault.Options{})
			got, err := v.Credential(t.Context(), "acme")
			must(t, err)
			same(t, got, stored)
			h.wantOnlyKey(true)
		})
	}
}
