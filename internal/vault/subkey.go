package vault

import (
	"context"
	"crypto/rand"

	"github.com/stagedoor/stagedoor"
)

// Subkey returns 32 random bytes that serve one purpose ("access tokens",
// "audit") and lie sealed in the database. They are made when they are first
// asked for; all processes of the database get the same.
func (v *Vault) Subkey(ctx context.Context, purpose string) ([]byte, error) {
	name := "key of " + purpose
	sealed, err := v.store.Meta(ctx, name)
	if err != nil {
		return nil, err
	}
	if sealed == nil {
		raw := make([]byte, 32)
		rand.Read(raw) // never fails
		if sealed, err = v.keys.Encrypt(raw, bind("subkey", purpose)); err != nil {
			return nil, broken("make the "+name, err)
		}
		if sealed, err = v.store.InitMeta(ctx, name, sealed); err != nil {
			return nil, err
		}
	}
	raw, err := v.keys.Decrypt(sealed, bind("subkey", purpose))
	if err != nil || len(raw) != 32 {
		return nil, &stagedoor.Error{
			Op: "open the " + name, Subject: "the vault", Kind: stagedoor.KindKey,
			Cause: "it does not open: its row was changed since it was sealed", Fix: "Restore the database from a backup.",
		}
	}
	return raw, nil
}
