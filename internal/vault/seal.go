package vault

import (
	"crypto/rand"
	"encoding/json"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"

	"github.com/stagedoor/stagedoor"
)

// The fields of a credential that are sealed.
const (
	fieldAccountID     = "account_id"
	fieldClientID      = "client_id"
	fieldClientSecrets = "client_secrets" // JSON list, newest first
	fieldToken         = "token"          // in the token row, not in Fields
)

// dataKey is a credential's own key, open.
type dataKey struct {
	credentialID string
	cipher       *subtle.AESGCM
	sealed       []byte // as the store keeps it
}

// newDataKey makes a random data key for the credential.
func (k keyset) newDataKey(credentialID string) (dataKey, error) {
	const op = "seal a credential"
	raw := make([]byte, 32)
	rand.Read(raw) // never fails
	sealed, err := k.Encrypt(raw, bind("credential", credentialID, "data key"))
	if err != nil {
		return dataKey{}, broken(op, err)
	}
	cipher, err := subtle.NewAESGCM(raw)
	if err != nil {
		return dataKey{}, broken(op, err)
	}
	return dataKey{credentialID: credentialID, cipher: cipher, sealed: sealed}, nil
}

// openDataKey opens the data key in a credential's row.
func (k keyset) openDataKey(c stagedoor.SealedCredential) (dataKey, error) {
	raw, err := k.Decrypt(c.DataKey, bind("credential", c.ID, "data key"))
	if err != nil {
		return dataKey{}, tampered(c.Slug, "data key")
	}
	cipher, err := subtle.NewAESGCM(raw)
	if err != nil {
		return dataKey{}, tampered(c.Slug, "data key")
	}
	return dataKey{credentialID: c.ID, cipher: cipher, sealed: c.DataKey}, nil
}

func (d dataKey) seal(field string, clear []byte) ([]byte, error) {
	sealed, err := d.cipher.Encrypt(clear, bind("credential", d.credentialID, field))
	if err != nil {
		return nil, broken("seal a credential", err)
	}
	return sealed, nil
}

// open's error says nothing, since there is nothing to say: the seal is
// broken, or was made for something else.
func (d dataKey) open(field string, sealed []byte) ([]byte, error) {
	return d.cipher.Decrypt(sealed, bind("credential", d.credentialID, field))
}

// sealCredential is c as the store keeps it.
func (d dataKey) sealCredential(c stagedoor.Credential) (stagedoor.SealedCredential, error) {
	secrets := make([]string, len(c.ClientSecrets))
	for i, secret := range c.ClientSecrets {
		secrets[i] = secret.Reveal()
	}
	list, err := json.Marshal(secrets)
	if err != nil {
		return stagedoor.SealedCredential{}, broken("seal a credential", err)
	}
	fields := map[string][]byte{}
	for field, clear := range map[string][]byte{
		fieldAccountID: []byte(c.AccountID), fieldClientID: []byte(c.ClientID), fieldClientSecrets: list,
	} {
		if fields[field], err = d.seal(field, clear); err != nil {
			return stagedoor.SealedCredential{}, err
		}
	}
	c.AccountID, c.ClientID, c.ClientSecrets = "", "", nil
	return stagedoor.SealedCredential{Credential: c, DataKey: d.sealed, Fields: fields}, nil
}

// openCredential is the credential in the row.
func (d dataKey) openCredential(sealed stagedoor.SealedCredential) (stagedoor.Credential, error) {
	c := sealed.Credential
	clear := map[string][]byte{}
	for _, field := range []string{fieldAccountID, fieldClientID, fieldClientSecrets} {
		var err error
		if clear[field], err = d.open(field, sealed.Fields[field]); err != nil {
			return stagedoor.Credential{}, tampered(c.Slug, field)
		}
	}
	c.AccountID, c.ClientID = string(clear[fieldAccountID]), string(clear[fieldClientID])
	var secrets []string
	if err := json.Unmarshal(clear[fieldClientSecrets], &secrets); err != nil {
		return stagedoor.Credential{}, tampered(c.Slug, fieldClientSecrets)
	}
	c.ClientSecrets = nil
	for _, secret := range secrets {
		c.ClientSecrets = append(c.ClientSecrets, stagedoor.NewSecret(secret))
	}
	c.SecretUnproven = len(secrets) > 1
	return c, nil
}

// tampered is for a row that the right key does not open.
func tampered(slug, field string) error {
	return &stagedoor.Error{
		Op: "open a credential", Subject: "credential " + slug, Kind: stagedoor.KindKey,
		Cause: "its " + field + " does not open: the row is damaged, or was moved here from another credential or database",
		Fix:   "Restore the database from a backup, or remove the credential with `stagedoor credential remove " + slug + "` and add it again.",
	}
}
