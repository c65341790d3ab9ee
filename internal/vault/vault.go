package vault

import (
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Store is where the vault keeps its rows; package store fulfils it. All
// methods may be called at the same time by any number of processes.
type Store interface {
	CredentialStore
	TokenStore
	MetaStore
}

// CredentialStore keeps sealed credentials. What is not there is
// [stagedoor.KindNotFound], a slug that is taken [stagedoor.KindExists].
type CredentialStore interface {
	AddCredential(ctx context.Context, c stagedoor.SealedCredential) error
	Credential(ctx context.Context, slugOrID string) (stagedoor.SealedCredential, error)
	Credentials(ctx context.Context) ([]stagedoor.SealedCredential, error)
	// UpdateCredential lets nobody else's change come between reading and
	// writing, and resets the token row when edit leaves another data key.
	UpdateCredential(ctx context.Context, id string, edit func(*stagedoor.SealedCredential) error) error
	RemoveCredential(ctx context.Context, id string) error
}

// TokenStore keeps the sealed token row of each credential.
type TokenStore interface {
	TokenRow(ctx context.Context, credentialID string) (stagedoor.SealedTokenRow, error)
	LeaseToken(ctx context.Context, credentialID string, d time.Duration) (stagedoor.SealedTokenRow, bool, error)
	SaveToken(ctx context.Context, row stagedoor.SealedTokenRow) (bool, error)
	DropToken(ctx context.Context, credentialID string, fence int64) error
}

// MetaStore keeps facts about the whole database.
type MetaStore interface {
	Meta(ctx context.Context, key string) ([]byte, error) // nil if never set
	InitMeta(ctx context.Context, key string, value []byte) (stored []byte, err error)
}

// Options say where the key is.
type Options struct {
	// Key is the --key setting: "file:PATH", "env:NAME" or "passphrase". If
	// empty, the file at KeyFile.
	Key string
	// KeyFile is the default place of the key, home/key. Required where Key is
	// empty.
	KeyFile string
	// Getenv reads the variable of "env:NAME". If nil, os.Getenv.
	Getenv func(string) string
	// Passphrase asks for the passphrase; first says that it is being set for
	// a new database, so that a prompt may ask twice. If nil, a passphrase
	// cannot be used.
	Passphrase func(first bool) (stagedoor.Secret, error)
	// Wall tells the time that is written on rows. If nil, time.Now.
	Wall func() time.Time
	// Log is told, at debug level, of token rows that do not open. If nil,
	// nobody is.
	Log *slog.Logger
}

// Vault seals and opens credentials. Its methods may be called at the same
// time. Every error is a [stagedoor.Error].
type Vault struct {
	store  Store
	keys   keyset
	status Status
	wall   func() time.Time
	log    *slog.Logger
}

// Open finds the key and proves that it is the one of this database. For a
// database without any sealed row a key is made, once, also when several
// processes open it at the same time. A key that is missing, wrong, or open to
// other users is [stagedoor.KindKey], and nothing is made or changed.
func Open(ctx context.Context, store Store, o Options) (*Vault, error) {
	v := &Vault{store: store, wall: o.Wall, log: o.Log}
	if v.wall == nil {
		v.wall = time.Now
	}
	if v.log == nil {
		v.log = slog.New(slog.DiscardHandler)
	}
	if o.Getenv == nil {
		o.Getenv = os.Getenv
	}
	from, err := keySource(store, o)
	if err != nil {
		return nil, err
	}
	known, err := readFingerprint(ctx, store)
	if err != nil {
		return nil, err
	}
	if known == nil {
		if known, err = expectNoRows(ctx, store); err != nil {
			return nil, err
		}
	}
	if v.keys, err = from.keyset(ctx, known); err != nil {
		return nil, err
	}
	known, err = v.keys.recognise(ctx, store, from.name(), v.now())
	if err != nil {
		return nil, err
	}
	v.status = Status{
		Source: from.name(), KeyID: v.keys.id, Algorithm: v.keys.algorithm, CreatedAt: known.CreatedAt,
	}
	if file, ok := from.(keyFile); ok {
		v.status.Path, v.status.Mode = file.path, file.mode()
	}
	return v, nil
}

// Status is what may be known of the key in use; no key material is in it.
type Status struct {
	Source    string    `json:"source"`         // file:PATH, env:NAME or passphrase
	Path      string    `json:"path,omitempty"` // of a key file
	Mode      string    `json:"mode,omitempty"` // of a key file: "-rw-------"
	KeyID     uint32    `json:"key_id"`         // Tink's number of the key that seals
	Algorithm string    `json:"algorithm"`
	CreatedAt time.Time `json:"created_at"` // since when this database is sealed with it
}

// Status returns what `key status` shows.
func (v *Vault) Status() Status { return v.status }

// now is the time as rows keep it: UTC, in microseconds.
func (v *Vault) now() time.Time { return v.wall().UTC().Truncate(time.Microsecond) }
