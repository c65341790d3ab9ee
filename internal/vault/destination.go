package vault

import (
	"crypto/rand"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"

	"github.com/stagedoor/stagedoor"
)

// SealDestination seals a destination's URL with a new key of its own and gives it
// an id. Removing the row destroys the only copy of that key.
func (v *Vault) SealDestination(d stagedoor.SavedDestination, url stagedoor.Secret) (stagedoor.SealedDestination, error) {
	const op = "seal a destination"
	d.ID = strings.ToLower(rand.Text())
	d.CreatedAt = v.now()
	sealed := stagedoor.SealedDestination{SavedDestination: d}
	raw := make([]byte, 32)
	rand.Read(raw) // never fails
	var err error
	if sealed.DataKey, err = v.keys.Encrypt(raw, bind("destination", d.ID, "data key")); err != nil {
		return sealed, broken(op, err)
	}
	cipher, err := subtle.NewAESGCM(raw)
	if err != nil {
		return sealed, broken(op, err)
	}
	if sealed.URL, err = cipher.Encrypt([]byte(url.Reveal()), bind("destination", d.ID, "url")); err != nil {
		return sealed, broken(op, err)
	}
	return sealed, nil
}

// OpenDestination returns the URL of a saved destination.
func (v *Vault) OpenDestination(d stagedoor.SealedDestination) (stagedoor.Secret, error) {
	raw, err := v.keys.Decrypt(d.DataKey, bind("destination", d.ID, "data key"))
	if err == nil {
		var cipher *subtle.AESGCM
		if cipher, err = subtle.NewAESGCM(raw); err == nil {
			raw, err = cipher.Decrypt(d.URL, bind("destination", d.ID, "url"))
		}
	}
	if err != nil {
		return stagedoor.Secret{}, &stagedoor.Error{
			Op: "open a destination", Subject: "destination " + d.Name, Kind: stagedoor.KindKey,
			Cause: "its URL does not open: the row is damaged, or was moved here from another destination or database",
			Fix:   "Restore the database from a backup, or remove it with `stagedoor destination remove " + d.Name + "` and add it again.",
		}
	}
	return stagedoor.NewSecret(string(raw)), nil
}
