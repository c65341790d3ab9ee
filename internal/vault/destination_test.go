package vault_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/vault"
)

// TestDestinationsAreSealed holds that a URL opens by its own row alone.
func TestDestinationsAreSealed(t *testing.T) {
	_, v := newHome(t).vault(vault.Options{})
	const canary = "postgres://zoom:hunter2canary@db/zoom"
	one, err := v.SealDestination(stagedoor.SavedDestination{Name: "warehouse"}, stagedoor.NewSecret(canary))
	if err != nil {
		t.Fatal(err)
	}
	two, err := v.SealDestination(stagedoor.SavedDestination{Name: "other"}, stagedoor.NewSecret(canary))
	if err != nil {
		t.Fatal(err)
	}
	if one.ID == "" || one.ID == two.ID || bytes.Equal(one.URL, two.URL) || bytes.Equal(one.DataKey, two.DataKey) || bytes.Contains(one.URL, []byte("hunter2")) {
		t.Errorf("two that are sealed: %+v and %+v", one, two)
	}
	if url, err := v.OpenDestination(one); err != nil || url.Reveal() != canary {
		t.Errorf("it opens as %v, %v", url, err)
	}
	for name, spoil := range map[string]func(*stagedoor.SealedDestination){
		"another's id":  func(d *stagedoor.SealedDestination) { d.ID = two.ID },
		"another's URL": func(d *stagedoor.SealedDestination) { d.URL = two.URL },
		"another's key": func(d *stagedoor.SealedDestination) { d.DataKey = two.DataKey },
		"a changed bit": func(d *stagedoor.SealedDestination) { d.URL = bytes.Clone(d.URL); d.URL[len(d.URL)-1] ^= 1 },
		"no URL":        func(d *stagedoor.SealedDestination) { d.URL = nil },
	} {
		spoiled := one
		spoil(&spoiled)
		_, err := v.OpenDestination(spoiled)
		if stagedoor.KindOf(err) != stagedoor.KindKey || !strings.Contains(err.Error(), "destination warehouse") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("with %s it says %v", name, err)
		}
	}
}
