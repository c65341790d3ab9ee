package operator

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"strings"
	"sync/atomic"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Prefix begins every operator's token, so that people and secret scanners know
// what they have found.
const Prefix = "sdo_"

// Store keeps the tokens' hashes. A name that is taken is
// [stagedoor.KindExists], one that is not there [stagedoor.KindNotFound].
type Store interface {
	AddOperatorToken(ctx context.Context, t stagedoor.OperatorToken) error
	OperatorTokens(ctx context.Context) ([]stagedoor.OperatorToken, error)
	RemoveOperatorToken(ctx context.Context, name string) error
}

// Options are what may differ from the usual.
type Options struct {
	// Wall tells the time by which tokens end. If nil, time.Now.
	Wall func() time.Time
}

// Operators are the tokens of operators. Its methods may be called at the same
// time.
type Operators struct {
	store Store
	wall  func() time.Time
	// known is what Verify answers from; nil until it was first read. A change
	// replaces the map and never touches it.
	known atomic.Pointer[map[[sha256.Size]byte]stagedoor.OperatorToken]
}

// Open returns the operators that the store knows. Nothing is read yet.
func Open(store Store, o Options) *Operators {
	if o.Wall == nil {
		o.Wall = time.Now
	}
	return &Operators{store: store, wall: o.Wall}
}

// Add makes a token from t's Name, Role, ExpiresAt (zero: it does not end) and
// CreatedBy, and returns what is kept of it and the token itself, which nobody
// can ask for again.
func (o *Operators) Add(ctx context.Context, t stagedoor.OperatorToken) (stagedoor.OperatorToken, stagedoor.Secret, error) {
	t.CreatedAt = o.wall().UTC().Truncate(time.Microsecond)
	if err := check(t); err != nil {
		return t, stagedoor.Secret{}, err
	}
	secret := stagedoor.MakeSecret(Prefix)
	hash := secret.Hash()
	t.ID, t.Hash = strings.ToLower(rand.Text()), hash[:] // at least 128 random bits, in Base32
	if err := o.store.AddOperatorToken(ctx, t); err != nil {
		return t, stagedoor.Secret{}, err
	}
	return t, secret, nil
}

// List returns all tokens in the order of their names, also those that ended.
func (o *Operators) List(ctx context.Context) ([]stagedoor.OperatorToken, error) {
	return o.store.OperatorTokens(ctx)
}

// Remove makes a token useless, and forgets it.
func (o *Operators) Remove(ctx context.Context, name string) error {
	return o.store.RemoveOperatorToken(ctx, name)
}

// Reload reads the tokens anew. While it fails, Verify goes on with what was
// read before.
func (o *Operators) Reload(ctx context.Context) error {
	list, err := o.store.OperatorTokens(ctx)
	if err != nil {
		return err
	}
	known := make(map[[sha256.Size]byte]stagedoor.OperatorToken, len(list))
	for _, t := range list {
		if len(t.Hash) == sha256.Size {
			known[[sha256.Size]byte(t.Hash)] = t
		}
	}
	o.known.Store(&known)
	return nil
}

// Verify returns whose token this is; [stagedoor.KindUnauthenticated] where it is
// nobody's or has ended. It reads the database only where nothing was ever
// [Operators.Reload]ed. A token is looked up by its hash, and from how long that
// takes nobody learns one that fits.
func (o *Operators) Verify(ctx context.Context, bearer stagedoor.Secret) (stagedoor.OperatorToken, error) {
	known := o.known.Load()
	if known == nil {
		if err := o.Reload(ctx); err != nil {
			return stagedoor.OperatorToken{}, err
		}
		known = o.known.Load()
	}
	t, ok := (*known)[bearer.Hash()]
	refused := &stagedoor.Error{
		Op: "let an operator in", Kind: stagedoor.KindUnauthenticated,
		Fix: "Make a token with `stagedoor operator token NAME --role " + string(stagedoor.RoleViewer) + "` and send it as `Authorization: Bearer TOKEN`.",
	}
	switch {
	case bearer.IsZero():
		refused.Cause = "no operator token was sent"
	case !ok && !strings.HasPrefix(bearer.Reveal(), Prefix):
		refused.Cause = "this is no operator token: those begin with " + Prefix
	case !ok:
		refused.Cause = "the operator token is not known: it was removed, or was never made here"
	case t.Ended(o.wall()):
		refused.Cause = "the operator token " + t.Name + " has ended"
	default:
		return t, nil
	}
	return stagedoor.OperatorToken{}, refused
}

// check holds what a new token must be.
func check(t stagedoor.OperatorToken) error {
	wrong := &stagedoor.Error{Op: "make an operator token", Subject: "operator token " + t.Name, Kind: stagedoor.KindUsage}
	switch {
	case t.Name == "" || t.Name != stagedoor.Slugify(t.Name) || len(t.Name) > 64:
		wrong.Cause, wrong.Fix = "a name is of small letters, digits and hyphens, 64 at most", "Name it after the program that will use it, grafana for example."
		if near := stagedoor.Slugify(t.Name); near != "" && len(near) <= 64 {
			wrong.Fix = "Call it " + near + "."
		}
	case !t.Role.Includes(stagedoor.RoleViewer):
		wrong.Cause = "there is no role \"" + string(t.Role) + "\""
		wrong.Fix = "Use viewer (sees states and figures), operator (sees everything but secrets, and acts on runs) or admin (changes credentials, callers and operators)."
	case t.Ended(t.CreatedAt):
		wrong.Cause, wrong.Fix = "it would have ended before it began", "Give it a time that is to come."
	default:
		return nil
	}
	return wrong
}
