package operator

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"sync/atomic"
	"time"

	"github.com/stagedoor/stagedoor"
)

const (
	// SessionIdle is how long a session lasts unused, and SessionLife however much it
	// is used.
	SessionIdle = 12 * time.Hour
	SessionLife = 7 * 24 * time.Hour
	// CookiePrefix begins the secret of every session.
	CookiePrefix = "sds_"
	// browserLength is how much, in bytes, is kept of what a browser says of itself.
	browserLength = 200
)

// SignIn lets in who knows an operator's password; [stagedoor.KindUnauthenticated]
// where the name or the password is wrong, which of the two is not told, and
// [stagedoor.KindRateLimited] with RetryAt where too many failures came before. The
// session is always a new one, whatever cookie the browser had.
//
// The operator in the answer is there also with an error, if there is one by that
// name: for the audit.
func (p *People) SignIn(ctx context.Context, s stagedoor.SignIn) (stagedoor.SignedIn, error) {
	name := strings.ToLower(strings.TrimSpace(s.Name))
	o, there, err := p.find(ctx, name)
	if err != nil {
		return stagedoor.SignedIn{}, err
	}
	in := stagedoor.SignedIn{Operator: o}
	now := p.now()
	seed, known := p.knows(s.Known, o)
	counted := []counter{{nameKey(name), perName, there}, {addressKey(s.From), perAddress, false}}
	if known {
		counted = []counter{{browserKey(seed), perBrowser, true}}
	}
	if until := p.delays.try(now, counted); !until.IsZero() {
		return in, tooSoon(now, until)
	}
	if len(s.Password.Reveal()) > PasswordBytes {
		return in, wrongPassword()
	}
	right, err := p.hasher.matches(ctx, o.Password, s.Password, known)
	if err != nil {
		p.delays.undo(counted) // it was not tried
		return in, err
	}
	if !right {
		return in, wrongPassword()
	}
	p.delays.undo(counted)
	p.delays.forget(counted[0].key)
	in.Cookie = stagedoor.MakeSecret(CookiePrefix)
	hash := in.Cookie.Hash()
	in.Session = stagedoor.Session{
		ID: newID(), OperatorID: o.ID, Hash: hash[:], CreatedAt: p.now(), ExpiresAt: p.now().Add(SessionLife),
		From: s.From, Browser: stagedoor.Outside(s.Browser, browserLength),
	}
	in.Session.SeenAt = in.Session.CreatedAt
	if err := p.store.AddSession(ctx, in.Session, o.Password); err != nil {
		return in, err
	}
	if !known {
		seed = rand.Text()
	}
	in.Known = p.voucher(seed, o)
	return in, p.changed(ctx)
}

func wrongPassword() error {
	return &stagedoor.Error{
		Op: "sign in", Kind: stagedoor.KindUnauthenticated, Cause: "the name or the password is wrong",
		Fix: "Try again. Who forgot the password asks an admin for a new link: `stagedoor operator reset NAME`.",
	}
}

func (p *People) find(ctx context.Context, name string) (stagedoor.Operator, bool, error) {
	list, err := p.store.Operators(ctx)
	for _, o := range list {
		if o.Name == name {
			return o, true, nil
		}
	}
	return stagedoor.Operator{}, false, err
}

// knows reports whether a browser shows that this operator signed in from it, and by
// what it is counted.
func (p *People) knows(shown stagedoor.Secret, o stagedoor.Operator) (seed string, known bool) {
	seed, _, found := strings.Cut(shown.Reveal(), ".")
	return seed, found && o.ID != "" && shown.Equal(p.voucher(seed, o))
}

func (p *People) voucher(seed string, o stagedoor.Operator) stagedoor.Secret {
	mac := hmac.New(sha256.New, p.key)
	mac.Write([]byte(seed + "." + o.ID)) // an id has no dot
	return stagedoor.NewSecret(seed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)))
}

// Session returns whose session a cookie is of, which is a use of it;
// [stagedoor.KindUnauthenticated] where it is nobody's, or has ended. It reads the
// database only where nothing was ever [People.Reload]ed.
func (p *People) Session(ctx context.Context, cookie stagedoor.Secret) (stagedoor.Operator, stagedoor.Session, error) {
	return p.session(ctx, cookie, true)
}

// LookAtSession is [People.Session] for what an open page asks by itself: it is no
// use, so that a page which somebody left open does not keep their session going.
func (p *People) LookAtSession(ctx context.Context, cookie stagedoor.Secret) (stagedoor.Operator, stagedoor.Session, error) {
	return p.session(ctx, cookie, false)
}

func (p *People) session(ctx context.Context, cookie stagedoor.Secret, used bool) (stagedoor.Operator, stagedoor.Session, error) {
	known, err := p.memory(ctx)
	if err != nil {
		return stagedoor.Operator{}, stagedoor.Session{}, err
	}
	now := p.now()
	l, ok := known.sessions[cookie.Hash()]
	if !ok || cookie.IsZero() || ended(l, now) {
		return stagedoor.Operator{}, stagedoor.Session{}, &stagedoor.Error{
			Op: "let an operator in", Kind: stagedoor.KindUnauthenticated, Cause: "nobody is signed in, or the session has ended", Fix: "Sign in.",
		}
	}
	if used {
		l.seen.Store(max(l.seen.Load(), now.UnixMicro()))
	}
	n := l.session
	n.SeenAt = time.UnixMicro(l.seen.Load()).UTC()
	return l.operator, n, nil
}

func ended(l *live, now time.Time) bool {
	return !now.Before(l.session.ExpiresAt) || now.Sub(time.UnixMicro(l.seen.Load())) >= SessionIdle
}

// Anybody reports whether there is an operator at all.
func (p *People) Anybody(ctx context.Context) (bool, error) {
	known, err := p.memory(ctx)
	return err == nil && known.people > 0, err
}

// Changed is closed when anything of operators or sessions has changed: whoever
// keeps an answer open asks [People.Session] again then. Ask for it before the first
// time.
func (p *People) Changed(ctx context.Context) (<-chan struct{}, error) {
	known, err := p.memory(ctx)
	if err != nil {
		return nil, err
	}
	return known.changed, nil
}

func (p *People) memory(ctx context.Context) (*roster, error) {
	if p.known.Load() == nil {
		if err := p.Reload(ctx); err != nil {
			return nil, err
		}
	}
	return p.known.Load(), nil
}

// Reload reads operators and sessions anew. While it fails, what was read before
// holds.
func (p *People) Reload(ctx context.Context) error {
	p.reloading.Lock()
	defer p.reloading.Unlock()
	operators, err := p.store.Operators(ctx)
	if err != nil {
		return err
	}
	sessions, err := p.store.Sessions(ctx)
	if err != nil {
		return err
	}
	before := p.known.Load()
	byID := make(map[string]stagedoor.Operator, len(operators))
	for _, o := range operators {
		o.Password = "" // nobody who asks for a session needs it
		byID[o.ID] = o
	}
	after := &roster{sessions: make(map[[sha256.Size]byte]*live, len(sessions)), changed: make(chan struct{}), people: len(operators)}
	for _, n := range sessions {
		o, there := byID[n.OperatorID]
		if !there || len(n.Hash) != sha256.Size {
			continue
		}
		l := &live{session: n, operator: o, seen: new(atomic.Int64)}
		l.seen.Store(n.SeenAt.UnixMicro())
		if before != nil {
			if former, there := before.sessions[[sha256.Size]byte(n.Hash)]; there {
				l.seen = former.seen
			}
		}
		after.sessions[[sha256.Size]byte(n.Hash)] = l
	}
	p.known.Store(after)
	if before != nil {
		close(before.changed)
	}
	return nil
}

// changed brings the memory up to date after a change of our own, where there is a
// memory: a command that ends has none.
func (p *People) changed(ctx context.Context) error {
	if p.known.Load() == nil {
		return nil
	}
	// The change is made; whoever goes away now must not leave the memory behind it.
	return p.Reload(context.WithoutCancel(ctx))
}

// SignOut ends a session of which its cookie is shown. One that is not there is
// none to end.
func (p *People) SignOut(ctx context.Context, cookie stagedoor.Secret) (stagedoor.Operator, error) {
	o, n, err := p.Session(ctx, cookie)
	if err != nil {
		return o, err
	}
	return o, p.EndSession(ctx, o.ID, n.ID)
}

// EndSession ends one session of an operator.
func (p *People) EndSession(ctx context.Context, operatorID, id string) error {
	if err := p.store.RemoveSession(ctx, operatorID, id); err != nil {
		return err
	}
	return p.changed(ctx)
}

// Sessions returns an operator's sessions that have not ended, the newest first.
func (p *People) Sessions(ctx context.Context, operatorID string) ([]stagedoor.Session, error) {
	list, err := p.store.Sessions(ctx)
	if err != nil {
		return nil, err
	}
	known, err := p.memory(ctx)
	if err != nil {
		return nil, err
	}
	now := p.now()
	var own []stagedoor.Session
	for _, n := range list {
		if n.OperatorID != operatorID || !now.Before(n.ExpiresAt) {
			continue
		}
		if l, there := known.sessions[[sha256.Size]byte(n.Hash)]; there {
			n.SeenAt = time.UnixMicro(l.seen.Load()).UTC()
		}
		if now.Sub(n.SeenAt) < SessionIdle {
			own = append(own, n)
		}
	}
	return own, nil
}

// ChangePassword sets an operator's password who shows the one that they have, and
// ends all their sessions but the one to keep.
func (p *People) ChangePassword(ctx context.Context, operatorID, keep string, former, password stagedoor.Secret) error {
	list, err := p.store.Operators(ctx)
	if err != nil {
		return err
	}
	var o stagedoor.Operator
	for _, other := range list {
		if other.ID == operatorID {
			o = other
		}
	}
	now := p.now()
	counted := []counter{{browserKey("session " + keep), perBrowser, true}}
	if until := p.delays.try(now, counted); !until.IsZero() {
		return tooSoon(now, until)
	}
	right := false
	if len(former.Reveal()) <= PasswordBytes {
		if right, err = p.hasher.matches(ctx, o.Password, former, true); err != nil {
			return err
		}
	}
	if !right {
		return &stagedoor.Error{Op: "set a password", Kind: stagedoor.KindForbidden, Cause: "the present password is wrong", Fix: "Type the one with which you signed in."}
	}
	p.delays.forget(counted[0].key)
	if err := CheckPassword(o.Name, password); err != nil {
		return err
	}
	kept, err := p.hasher.hash(ctx, password, true)
	if err != nil {
		return err
	}
	if err := p.store.SetPassword(ctx, o.ID, o.Password, kept, p.now(), keep); err != nil {
		return err
	}
	return p.changed(ctx)
}

// WriteSeen writes down when sessions were last used, those that were used a minute
// or more after what is written.
func (p *People) WriteSeen(ctx context.Context) error {
	known := p.known.Load()
	if known == nil {
		return nil
	}
	stored, err := p.store.Sessions(ctx)
	if err != nil {
		return err
	}
	seen := map[string]time.Time{}
	for _, n := range stored {
		if len(n.Hash) != sha256.Size {
			continue
		}
		if l, there := known.sessions[[sha256.Size]byte(n.Hash)]; there {
			if at := time.UnixMicro(l.seen.Load()).UTC(); at.Sub(n.SeenAt) >= time.Minute {
				seen[n.ID] = at
			}
		}
	}
	if len(seen) == 0 {
		return nil
	}
	return p.store.SeenSessions(ctx, seen)
}
