package caller

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"hash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Store is where callers are kept; package store fulfils it. All methods may be
// called at the same time by any number of processes.
type Store interface {
	RowStore
	EndedStore
}

// RowStore keeps callers. What is not there is [stagedoor.KindNotFound], a name
// that is taken [stagedoor.KindExists]; that of a revoked caller is free.
type RowStore interface {
	AddCaller(ctx context.Context, c stagedoor.Caller) error
	Callers(ctx context.Context) ([]stagedoor.Caller, error)
	// UpdateCaller lets nobody else's change come between reading and writing.
	UpdateCaller(ctx context.Context, id string, edit func(*stagedoor.Caller) error) error
}

// EndedStore keeps what counts no more though its time has not come. It forgets
// it when that has.
type EndedStore interface {
	RevokeToken(ctx context.Context, id string, expires time.Time) error
	RevokedTokens(ctx context.Context) ([]string, error)
	// UseAssertion reports whether this is its first use.
	UseAssertion(ctx context.Context, id string, expires time.Time) (first bool, err error)
}

// DefaultLifetime is how long an access token lasts.
const DefaultLifetime = time.Hour

// Options are what the callers of a database need beside it.
type Options struct {
	// Operations returns what is known of a provider's API, by the provider's
	// name; nil where nothing is. If nil, nothing is known of any, and there are
	// no rules by scope.
	Operations func(provider string) []stagedoor.Operation
	// Base returns the path that all operations of a provider lie below, "/v2",
	// which a person may write in front of a rule. If nil, there is none.
	Base func(provider string) string
	// Wall tells the time. If nil, time.Now.
	Wall func() time.Time
	// Lifetime of access tokens. Zero: [DefaultLifetime].
	Lifetime time.Duration
}

// Callers are the callers of a database. The methods may be called at the same
// time. Every error is a [stagedoor.Error].
type Callers struct {
	store    Store
	options  Options
	wall     func() time.Time
	lifetime time.Duration

	checks   sync.Pool // of *check
	snapshot atomic.Pointer[snapshot]
	loading  sync.Mutex // one reads the database at a time
	tables   sync.Map   // provider → *table
}

// snapshot is all that a request needs. It is never changed.
type snapshot struct {
	callers map[string]*known // by client id
	revoked map[string]bool   // raw ids of tokens
}

// known is a caller with its rules made ready.
type known struct {
	caller stagedoor.Caller
	rules  rules
}

// check is what verifying one token works with.
type check struct {
	mac  hash.Hash
	text [longestToken]byte
	raw  [longestToken]byte
	sum  [sha256.Size]byte
}

// Open returns the callers that are kept in a store. tokenKey, at least 32 bytes,
// makes their access tokens; all processes of a database use the same. Nothing is
// read before it is needed.
func Open(store Store, tokenKey []byte, o Options) *Callers {
	c := &Callers{store: store, options: o, wall: o.Wall, lifetime: o.Lifetime}
	if c.wall == nil {
		c.wall = time.Now
	}
	if c.lifetime == 0 {
		c.lifetime = DefaultLifetime
	}
	key := append([]byte(nil), tokenKey...)
	c.checks.New = func() any { return &check{mac: hmac.New(sha256.New, key)} }
	return c
}

// now is the time as rows keep it: UTC, in microseconds.
func (c *Callers) now() time.Time { return c.wall().UTC().Truncate(time.Microsecond) }

// Reload reads callers and revoked tokens again. Until it has done so, and where
// it fails, what was read before holds.
func (c *Callers) Reload(ctx context.Context) error {
	c.loading.Lock()
	defer c.loading.Unlock()
	list, err := c.store.Callers(ctx)
	if err != nil {
		return err
	}
	revoked, err := c.store.RevokedTokens(ctx)
	if err != nil {
		return err
	}
	now := &snapshot{callers: make(map[string]*known, len(list)), revoked: make(map[string]bool, len(revoked))}
	for _, row := range list {
		now.callers[row.ID] = &known{caller: row, rules: c.ready(row)}
	}
	for _, id := range revoked {
		now.revoked[rawID(id)] = true
	}
	c.snapshot.Store(now)
	return nil
}

// current returns what is in memory, after reading it the first time.
func (c *Callers) current(ctx context.Context) (*snapshot, error) {
	if now := c.snapshot.Load(); now != nil {
		return now, nil
	}
	if err := c.Reload(ctx); err != nil {
		return nil, err
	}
	return c.snapshot.Load(), nil
}

// changed brings what is in memory up to date after a change of our own.
func (c *Callers) changed(ctx context.Context) error {
	if c.snapshot.Load() == nil {
		return nil
	}
	return c.Reload(ctx)
}
