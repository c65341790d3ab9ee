package operator

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stagedoor/stagedoor"
)

const (
	// InvitationPrefix begins the secret of every one-time link.
	InvitationPrefix = "sdi_"
	// InvitationLife is how long a one-time link counts.
	InvitationLife = 24 * time.Hour

	nameBytes = 64 // that an operator's name may have
)

// PeopleStore keeps operators, their invitations and sessions. What each method
// does stands at package store's; names that are not there are
// [stagedoor.KindNotFound].
type PeopleStore interface {
	AddOperator(ctx context.Context, o stagedoor.Operator, i stagedoor.Invitation) error
	Operators(ctx context.Context) ([]stagedoor.Operator, error)
	UpdateOperator(ctx context.Context, name string, end bool, edit func(o *stagedoor.Operator, others []stagedoor.Operator) error) (stagedoor.Operator, error)
	ResetOperator(ctx context.Context, name string, i stagedoor.Invitation) (stagedoor.Operator, error)
	RemoveOperator(ctx context.Context, name string, may func(o stagedoor.Operator, others []stagedoor.Operator) error) (stagedoor.Operator, error)
	SetPassword(ctx context.Context, operatorID, former, password string, at time.Time, keep string) error

	Invitation(ctx context.Context, hash []byte) (stagedoor.Invitation, stagedoor.Operator, error)
	AcceptInvitation(ctx context.Context, id, password string, at time.Time) (accepted bool, err error)

	AddSession(ctx context.Context, n stagedoor.Session, password string) error
	Sessions(ctx context.Context) ([]stagedoor.Session, error)
	SeenSessions(ctx context.Context, seen map[string]time.Time) error
	RemoveSession(ctx context.Context, operatorID, id string) error
}

// PeopleOptions are what may differ from the usual.
type PeopleOptions struct {
	// Wall tells the time by which invitations, sessions and delays end. If nil,
	// time.Now.
	Wall func() time.Time
	// Key is what vouches for the browsers that somebody signed in from before. It
	// must be the same after a restart, and secret. If empty, a random one.
	Key []byte
	// Work is what a password costs; the zero value is [UsualWork]. Tests take less.
	Work Work
}

// People are the operators who sign in. Its methods may be called at the same
// time.
type People struct {
	store  PeopleStore
	wall   func() time.Time
	key    []byte
	hasher *hasher
	delays *delays

	// reloading is held while the memory is brought up to date, so that what is read
	// later is never overwritten by what was read before.
	reloading sync.Mutex
	known     atomic.Pointer[roster] // nil until it was first read; never changed, but replaced
}

// roster is what [People.Session] answers from.
type roster struct {
	sessions map[[sha256.Size]byte]*live
	changed  chan struct{} // closed when another takes this one's place
	people   int
}

// live is a session in memory.
type live struct {
	session  stagedoor.Session
	operator stagedoor.Operator
	seen     *atomic.Int64 // when it was last used, microseconds since 1970; shared with its former selves
}

// OpenPeople returns the people that the store knows. Nothing is read yet.
func OpenPeople(store PeopleStore, o PeopleOptions) *People {
	if o.Wall == nil {
		o.Wall = time.Now
	}
	if len(o.Key) == 0 {
		o.Key = make([]byte, 32)
		rand.Read(o.Key) // never fails
	}
	if o.Work == (Work{}) {
		o.Work = UsualWork()
	}
	return &People{store: store, wall: o.Wall, key: o.Key, hasher: newHasher(o.Work), delays: newDelays()}
}

func (p *People) now() time.Time { return p.wall().UTC().Truncate(time.Microsecond) }

// Invite makes an operator by its name and role, and returns the secret of the
// one-time link with which they set their password. Nobody can ask for it again.
func (p *People) Invite(ctx context.Context, name string, role stagedoor.Role, by string) (stagedoor.Operator, stagedoor.Secret, error) {
	o := stagedoor.Operator{ID: newID(), Name: name, Role: role, CreatedAt: p.now(), CreatedBy: by}
	if err := errorsOf("invite an operator", "operator "+name, name, role); err != nil {
		return o, stagedoor.Secret{}, err
	}
	i, secret := p.invitation(by)
	if err := p.store.AddOperator(ctx, o, i); err != nil {
		return o, stagedoor.Secret{}, err
	}
	return o, secret, p.changed(ctx)
}

// Reset takes an operator's password and sessions away, and returns the secret of a
// new one-time link, which takes the place of any before.
func (p *People) Reset(ctx context.Context, name, by string) (stagedoor.Operator, stagedoor.Secret, error) {
	i, secret := p.invitation(by)
	o, err := p.store.ResetOperator(ctx, name, i)
	if err != nil {
		return o, stagedoor.Secret{}, err
	}
	return o, secret, p.changed(ctx)
}

// Remove ends an operator's access and sessions. The last admin stays.
func (p *People) Remove(ctx context.Context, name string) (stagedoor.Operator, error) {
	o, err := p.store.RemoveOperator(ctx, name, func(o stagedoor.Operator, others []stagedoor.Operator) error {
		return lastAdmin("remove an operator", o, others)
	})
	if err != nil {
		return o, err
	}
	return o, p.changed(ctx)
}

// SetRole gives an operator another role, which counts from the next request on.
// The last admin stays one.
func (p *People) SetRole(ctx context.Context, name string, role stagedoor.Role) (before, after stagedoor.Operator, err error) {
	const op = "set the role of an operator"
	if err := checkRole(op, "operator "+name, role); err != nil {
		return before, after, err
	}
	after, err = p.store.UpdateOperator(ctx, name, false, func(o *stagedoor.Operator, others []stagedoor.Operator) error {
		before = *o
		if role != stagedoor.RoleAdmin {
			if err := lastAdmin(op, *o, others); err != nil {
				return err
			}
		}
		o.Role = role
		return nil
	})
	if err != nil {
		return before, after, err
	}
	return before, after, p.changed(ctx)
}

// lastAdmin refuses what would leave nobody who may change things: no other admin,
// or none who can sign in where this one can.
func lastAdmin(op string, o stagedoor.Operator, others []stagedoor.Operator) error {
	if o.Role != stagedoor.RoleAdmin {
		return nil
	}
	for _, other := range others {
		if other.Role == stagedoor.RoleAdmin && (other.Password != "" || o.Password == "") {
			return nil
		}
	}
	return &stagedoor.Error{
		Op: op, Subject: "operator " + o.Name, Kind: stagedoor.KindConflict,
		Cause: "it is the last admin who can sign in: nobody could change anything in the page",
		Fix: "Invite another admin first, with `stagedoor operator invite NAME --role admin`, and do this when the link was used. If " + o.Name +
			" must not come in any more, `stagedoor operator reset " + o.Name + "` ends password and sessions now.",
	}
}

// List returns all operators in the order of their names.
func (p *People) List(ctx context.Context) ([]stagedoor.Operator, error) {
	return p.store.Operators(ctx)
}

// invitation makes an invitation and the secret of its link.
func (p *People) invitation(by string) (stagedoor.Invitation, stagedoor.Secret) {
	secret := stagedoor.MakeSecret(InvitationPrefix)
	hash := secret.Hash()
	now := p.now()
	return stagedoor.Invitation{ID: newID(), Hash: hash[:], CreatedAt: now, CreatedBy: by, ExpiresAt: now.Add(InvitationLife)}, secret
}

// Invited returns whom the secret of a one-time link invites;
// [stagedoor.KindUnauthenticated] where it counts no more.
func (p *People) Invited(ctx context.Context, link stagedoor.Secret) (stagedoor.Operator, error) {
	_, o, err := p.invited(ctx, link)
	return o, err
}

func (p *People) invited(ctx context.Context, link stagedoor.Secret) (stagedoor.Invitation, stagedoor.Operator, error) {
	hash := link.Hash()
	i, o, err := p.store.Invitation(ctx, hash[:])
	if err == nil && (i.ID == "" || link.IsZero() || !p.now().Before(i.ExpiresAt)) {
		return stagedoor.Invitation{}, stagedoor.Operator{}, unknownLink()
	}
	return i, o, err
}

func unknownLink() error {
	return &stagedoor.Error{
		Op: "accept an invitation", Kind: stagedoor.KindUnauthenticated,
		Cause: "the link counts no more: each works once and for 24 hours, and a newer one ends those before it",
		Fix:   "Ask an admin for a new one: `stagedoor operator reset NAME` makes it.",
	}
}

// Accept sets the password of whom the link invites, and uses the link up.
func (p *People) Accept(ctx context.Context, link, password stagedoor.Secret) (stagedoor.Operator, error) {
	i, o, err := p.invited(ctx, link)
	if err != nil {
		return o, err
	}
	if err := CheckPassword(o.Name, password); err != nil {
		return o, err
	}
	kept, err := p.hasher.hash(ctx, password, false)
	if err != nil {
		return o, err
	}
	accepted, err := p.store.AcceptInvitation(ctx, i.ID, kept, p.now())
	if err == nil && !accepted {
		err = unknownLink()
	}
	if err != nil {
		return o, err
	}
	p.delays.forget(nameKey(o.Name))
	return o, p.changed(ctx)
}

// errorsOf holds what a new operator must be.
func errorsOf(op, subject, name string, role stagedoor.Role) error {
	if name == "" || name != stagedoor.Slugify(name) || len(name) > nameBytes {
		wrong := &stagedoor.Error{
			Op: op, Subject: subject, Kind: stagedoor.KindUsage,
			Cause: "a name is of small letters, digits and hyphens, 64 at most", Fix: "Take what they are called, anna for example.",
		}
		if near := stagedoor.Slugify(name); near != "" && len(near) <= nameBytes {
			wrong.Fix = "Call it " + near + "."
		}
		return wrong
	}
	return checkRole(op, subject, role)
}

func checkRole(op, subject string, role stagedoor.Role) error {
	if role.Includes(stagedoor.RoleViewer) {
		return nil
	}
	return &stagedoor.Error{
		Op: op, Subject: subject, Kind: stagedoor.KindUsage, Cause: "there is no role \"" + stagedoor.Outside(string(role), 40) + "\"", Fix: aboutRoles,
	}
}

const aboutRoles = "Use viewer (sees states and figures), operator (sees everything but secrets, and acts on runs) or admin (changes credentials, callers and operators)."

// newID is of at least 128 random bits, in Base32.
func newID() string { return strings.ToLower(rand.Text()) }
