package vault_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/vault"
)

// A subkey is the same for every process, differs by purpose, lies sealed, and
// one that was changed is refused.
func TestSubkey(t *testing.T) {
	ctx, h := context.Background(), newHome(t)
	_, first := h.vault(vault.Options{})
	made, err := first.Subkey(ctx, "audit")
	if err != nil {
		t.Fatal(err)
	}
	s, second := h.vault(vault.Options{})
	same, err := second.Subkey(ctx, "audit")
	if err != nil || !bytes.Equal(made, same) || len(made) != 32 {
		t.Errorf("another process got another key, or none: %v", err)
	}
	other, err := second.Subkey(ctx, "access tokens")
	if err != nil || bytes.Equal(made, other) {
		t.Errorf("two purposes have one key: %v", err)
	}
	stored, err := s.Meta(ctx, "key of audit")
	if err != nil || bytes.Contains(stored, made) {
		t.Errorf("the key lies unsealed: %v", err)
	}
	// What was sealed for one purpose opens for no other.
	if _, err := s.InitMeta(ctx, "key of stolen", stored); err != nil {
		t.Fatal(err)
	}
	if _, err := second.Subkey(ctx, "stolen"); stagedoor.KindOf(err) != stagedoor.KindKey {
		t.Errorf("a moved key: %v", err)
	}
}
