package vault

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor"
)

// fingerprintKey names the fingerprint among the store's facts.
const fingerprintKey = "vault.fingerprint"

// fingerprint is how a database recognises its key: a constant that the key sealed
// when the database was new.
type fingerprint struct {
	Sealed    []byte    `json:"sealed"`
	KeyID     uint32    `json:"key_id"`
	Source    string    `json:"source"` // where the key was then
	CreatedAt time.Time `json:"created_at"`
}

// readFingerprint returns nil for a database that has none yet.
func readFingerprint(ctx context.Context, store MetaStore) (*fingerprint, error) {
	text, err := store.Meta(ctx, fingerprintKey)
	if err != nil || text == nil {
		return nil, err
	}
	return parseFingerprint(text)
}

func parseFingerprint(text []byte) (*fingerprint, error) {
	var f fingerprint
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, &stagedoor.Error{
			Op: "open the vault", Subject: "the database", Kind: stagedoor.KindKey, Err: err,
			Cause: "its note of which key it is sealed with is damaged",
			Fix:   "Restore the database from a backup.",
		}
	}
	return &f, nil
}

// expectNoRows looks again at a database that had no fingerprint. Rows without
// one mean that somebody has taken rows apart, and a new key would hide that;
// but another process may have set the fingerprint, and then added a row, just
// now.
func expectNoRows(ctx context.Context, store Store) (*fingerprint, error) {
	rows, err := store.Credentials(ctx)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	known, err := readFingerprint(ctx, store)
	if err != nil || known != nil {
		return known, err
	}
	return nil, &stagedoor.Error{
		Op: "open the vault", Subject: "the database", Kind: stagedoor.KindKey,
		Cause: "it has sealed credentials, but its note of which key they are sealed with is gone",
		Fix:   "Restore the database from a backup.",
	}
}

// recognise checks that the database knows this key, or tells it if it knows none.
// When two processes tell it different keys, one of them gets the error.
func (k keyset) recognise(ctx context.Context, store MetaStore, source string, now time.Time) (*fingerprint, error) {
	known, err := readFingerprint(ctx, store)
	if err != nil {
		return nil, err
	}
	if known == nil {
		sealed, err := k.Encrypt([]byte("stagedoor"), bind("fingerprint"))
		if err != nil {
			return nil, broken("open the vault", err)
		}
		text, err := json.Marshal(fingerprint{Sealed: sealed, KeyID: k.id, Source: source, CreatedAt: now})
		if err != nil {
			return nil, broken("open the vault", err)
		}
		if text, err = store.InitMeta(ctx, fingerprintKey, text); err != nil {
			return nil, err
		}
		if known, err = parseFingerprint(text); err != nil {
			return nil, err
		}
	}
	if _, err := k.Decrypt(known.Sealed, bind("fingerprint")); err != nil {
		return nil, &stagedoor.Error{
			Op: "open the vault", Subject: source, Kind: stagedoor.KindKey,
			Cause: fmt.Sprintf("this key (id %d) is not the one that the database is sealed with (id %d, first read from %s)", k.id, known.KeyID, known.Source),
			Fix:   "Restore that key, or name the place where it is with --key; nothing was changed.",
		}
	}
	return known, nil
}

// lost is the error for a database whose key is not where it is looked for.
func (f *fingerprint) lost(source, cause, elsewhere string) error {
	fix := "Restore the key from a backup" + elsewhere + ". Without it the credentials cannot be read by anybody: to start anew, move the database away and add the credentials again."
	if f.Source != source {
		hint := f.Source
		if strings.HasPrefix(hint, "passphrase") {
			hint = "passphrase"
		}
		fix = "The database was made with --key " + hint + ": use that. " + fix
	}
	return &stagedoor.Error{Op: "open the vault", Subject: source, Kind: stagedoor.KindKey, Cause: cause, Fix: fix}
}
