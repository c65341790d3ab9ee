package vault

import (
	"context"
	"crypto/rand"
	"encoding/json"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"golang.org/x/crypto/argon2"

	"github.com/stagedoor/stagedoor"
)

// passphraseKey names the sealed keyset among the store's facts.
const passphraseKey = "vault.passphrase"

// wrapped is a keyset that a passphrase opens, with how the passphrase is
// turned into a key (argon2id).
type wrapped struct {
	Salt    []byte `json:"salt"`
	Passes  uint32 `json:"passes"`
	Memory  uint32 `json:"memory"` // KiB
	Threads uint8  `json:"threads"`
	Keyset  []byte `json:"keyset"` // sealed
}

// passphrase is a keyset in the database, sealed by a passphrase.
type passphrase struct {
	store MetaStore
	ask   func(first bool) (stagedoor.Secret, error)
}

func (p passphrase) name() string { return "passphrase" }

func (p passphrase) keyset(ctx context.Context, known *fingerprint) (keyset, error) {
	text, err := p.store.Meta(ctx, passphraseKey)
	if err != nil {
		return keyset{}, err
	}
	if text == nil && known != nil {
		return keyset{}, known.lost(p.name(), "the database was not made with a passphrase", "")
	}
	words, err := p.words(text == nil)
	if err != nil {
		return keyset{}, err
	}
	if text == nil {
		if text, err = wrapNew(words); err != nil {
			return keyset{}, err
		}
		// Another process may have been first; then its keyset is opened, for
		// which this process needs to have been told the same passphrase.
		if text, err = p.store.InitMeta(ctx, passphraseKey, text); err != nil {
			return keyset{}, err
		}
	}
	return p.open(text, words)
}

func (p passphrase) words(first bool) (stagedoor.Secret, error) {
	fail := func(cause string) (stagedoor.Secret, error) {
		return stagedoor.Secret{}, &stagedoor.Error{
			Op: "open the vault", Subject: p.name(), Kind: stagedoor.KindKey, Cause: cause,
			Fix: "Type it at the prompt, or set STAGEDOOR_PASSPHRASE.",
		}
	}
	if p.ask == nil {
		return fail("there is nobody to ask for the passphrase")
	}
	words, err := p.ask(first)
	if err != nil {
		return stagedoor.Secret{}, err
	}
	if words.IsZero() {
		return fail("the passphrase is empty")
	}
	return words, nil
}

// wrapNew seals a new keyset. The parameters are the second choice of RFC 9106
// (section 4): 64 MiB, three passes; about a tenth of a second.
func wrapNew(words stagedoor.Secret) ([]byte, error) {
	const op = "make the key"
	keys, err := newKeyset()
	if err != nil {
		return nil, err
	}
	w := wrapped{Salt: make([]byte, 16), Passes: 3, Memory: 64 << 10, Threads: 4}
	rand.Read(w.Salt) // never fails
	seal, err := w.cipher(words)
	if err != nil {
		return nil, broken(op, err)
	}
	if w.Keyset, err = seal.Encrypt(keys.text, bind("keyset", "passphrase")); err != nil {
		return nil, broken(op, err)
	}
	text, err := json.Marshal(w)
	if err != nil {
		return nil, broken(op, err)
	}
	return text, nil
}

func (p passphrase) open(text []byte, words stagedoor.Secret) (keyset, error) {
	var w wrapped
	// The bounds keep a damaged row from taking all memory, or from panicking.
	if err := json.Unmarshal(text, &w); err != nil || w.Passes < 1 || w.Passes > 1000 || w.Memory > 4<<20 || w.Threads < 1 {
		return keyset{}, &stagedoor.Error{
			Op: "open the vault", Subject: p.name(), Kind: stagedoor.KindKey,
			Cause: "the sealed key in the database is damaged", Fix: "Restore the database from a backup.",
		}
	}
	seal, err := w.cipher(words)
	if err != nil {
		return keyset{}, broken("open the vault", err)
	}
	clear, err := seal.Decrypt(w.Keyset, bind("keyset", "passphrase"))
	if err != nil {
		return keyset{}, &stagedoor.Error{
			Op: "open the vault", Subject: p.name(), Kind: stagedoor.KindKey,
			Cause: "the passphrase does not open the key of this database",
			Fix:   "Try again; upper and lower case and blanks count. Check STAGEDOOR_PASSPHRASE if it is set.",
		}
	}
	return parseKeyset(clear, p.name())
}

func (w wrapped) cipher(words stagedoor.Secret) (*subtle.AESGCM, error) {
	return subtle.NewAESGCM(argon2.IDKey([]byte(words.Reveal()), w.Salt, w.Passes, w.Memory, w.Threads, 32))
}
