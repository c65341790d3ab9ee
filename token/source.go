package token

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stagedoor/stagedoor"
	"golang.org/x/oauth2"
)

// Source keeps one credential's token alive. Its methods are safe for
// concurrent use. It is made by [NewSource].
type Source struct {
	grant        grant // used by the flight alone
	margin       time.Duration
	patience     time.Duration
	noRenewAhead bool
	wall         func() time.Time // nil: time.Now
	notify       func(Event)
	shared       Shared // may be nil
	subject      string
	provider     stagedoor.Provider
	hosts        hostList
	own          *http.Transport // nil if the caller gave one

	ctx     context.Context // of NewSource: ends renewal
	cancel  context.CancelFunc
	running sync.WaitGroup
	started time.Time // monotonic instants below count from here

	held atomic.Pointer[held]
	used atomic.Int64 // last use, to the second; monotonic
	kick atomic.Int64 // from when a caller that meets a stale token starts its renewal; monotonic

	mu       sync.Mutex // guards what follows; never held over a wait
	flight   *flight    // nil if no request is under way
	timer    *time.Timer
	next     time.Time // wall time of the next renewal
	resume   time.Duration
	failure  *stagedoor.Error // of the last flight; nil if it brought a token
	failedAt time.Time
	failures int // in a row
	rejected stagedoor.Secret
}

var _ oauth2.TokenSource = (*Source)(nil)

// Token returns a token for golang.org/x/oauth2, as [Source.Get] does with the
// context of [NewSource]. All callers get the same pointer: do not modify it.
func (s *Source) Token() (*oauth2.Token, error) {
	// As in Get: written out, for a call of a method here is a tenth of the time.
	if h, now := s.held.Load(), time.Now(); h != nil && h.quiet(now.Sub(h.since), now.Unix()) {
		return h.oauth, nil
	}
	h, err := s.get(s.ctx, 0)
	if err != nil {
		return nil, err
	}
	return h.oauth, nil
}

// Get returns a token that lives for minTTL at least; zero asks for one that
// has not expired. While there is one it returns at once. Otherwise it waits
// for a new one as long as ctx allows, or as long as the Source's patience if
// ctx has no deadline, trying again while the failure is one that may pass.
//
// Errors are *[stagedoor.Error]. A minTTL that even a new token does not reach
// is [stagedoor.KindUsage].
func (s *Source) Get(ctx context.Context, minTTL time.Duration) (stagedoor.Token, error) {
	if h, now := s.held.Load(), time.Now(); h != nil && minTTL <= h.margin && h.quiet(now.Sub(h.since), now.Unix()) {
		return h.token, nil
	}
	h, err := s.get(ctx, minTTL)
	if err != nil {
		return stagedoor.Token{}, err
	}
	return h.token, nil
}

// get is the read path outside the quiet time of a token: as long as a token
// will do, it takes no lock and allocates nothing.
func (s *Source) get(ctx context.Context, minTTL time.Duration) (*held, error) {
	h, left, now := s.current()
	s.touch(now)
	if !h.lasts(left, minTTL) {
		return s.await(ctx, minTTL)
	}
	switch {
	case left > h.margin:
		s.keepQuiet(h, now)
	case !s.noRenewAhead && int64(now) >= s.kick.Load():
		s.renewAhead()
	}
	return h, nil
}

// current returns the token at hand, if any, how long it has left, and the
// monotonic instant.
func (s *Source) current() (h *held, left, now time.Duration) {
	h = s.held.Load()
	wall, mono := s.now()
	if h != nil {
		left = h.left(wall, mono)
	}
	return h, left, mono.Sub(s.started)
}

// touch notes a use. It writes at most once a second, so that many callers do
// not fight over one word of memory.
func (s *Source) touch(now time.Duration) {
	if int64(now)-s.used.Load() >= int64(time.Second) {
		s.used.Store(int64(now))
	}
}

// keepQuiet lets the callers of the next second take a fresh token without
// more than looking at the clock: until the next use is to be noted, or the
// token is stale. A wall clock of one's own is asked every time.
func (s *Source) keepQuiet(h *held, now time.Duration) {
	if s.wall != nil {
		return
	}
	age := now - h.since.Sub(s.started)
	h.quietUntil.Store(int64(min(age+time.Second, h.life-h.margin)))
}

// Mint gets a new token from the token endpoint, whatever is at hand here or
// in the shared row: a check proves the credential by it. The token is kept
// and shared like any other.
func (s *Source) Mint(ctx context.Context) (stagedoor.Token, error) {
	_, _, now := s.current()
	s.touch(now)
	for {
		f, failure := s.joinForced()
		if f == nil {
			return stagedoor.Token{}, failure
		}
		select {
		case <-f.done:
		case <-ctx.Done():
			return stagedoor.Token{}, s.gaveUp(ctx, nil)
		}
		switch {
		case !f.want.force:
		case f.failure != nil:
			return stagedoor.Token{}, f.copyFailure()
		default:
			return f.held.token, nil
		}
	}
}

// Invalidate forgets the token that a service rejected, here and in the shared
// row, if it is still the current one. Any number of callers may report the
// same token; a newer one stays.
func (s *Source) Invalidate(rejected stagedoor.Token) {
	for {
		h := s.held.Load()
		if h == nil || !h.token.Value.Equal(rejected.Value) {
			return
		}
		s.mu.Lock()
		s.rejected = rejected.Value
		s.mu.Unlock()
		if s.held.CompareAndSwap(h, nil) {
			break
		}
	}
	if s.shared == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), saveFor)
	defer cancel()
	if err := s.shared.Drop(ctx, rejected.Value); err != nil {
		s.tellSharedFailed(err)
	}
}

func (s *Source) wasRejected(value stagedoor.Secret) bool {
	s.mu.Lock()
	rejected := s.rejected
	s.mu.Unlock()
	return !rejected.IsZero() && rejected.Equal(value)
}

// State returns what the Source knows of itself.
func (s *Source) State() State {
	h, left, _ := s.current()
	s.mu.Lock()
	defer s.mu.Unlock()
	st := State{Token: stagedoor.TokenExpired, Minting: s.flight != nil, FailedAt: s.failedAt}
	if s.failure != nil {
		failure := *s.failure
		st.Failure = &failure
	}
	if h != nil {
		st.Token, st.Minted, st.Expiry = h.state(left), h.token.Minted, h.token.Expiry
		st.Scopes, st.APIURL, st.NextRenewal = h.token.Scopes, h.token.APIURL, s.next
	}
	return st
}

// Close stops renewal and waits for a request that is under way to end. It may
// be called more than once.
func (s *Source) Close() {
	s.mu.Lock()
	s.cancel() // under the lock: no flight starts after it
	s.mu.Unlock()
	s.stopTimer()
	s.running.Wait()
	if s.own != nil {
		s.own.CloseIdleConnections()
	}
}

// now reads the clocks: once, unless a wall clock of its own was given.
func (s *Source) now() (wall, mono time.Time) {
	mono = time.Now()
	if s.wall == nil {
		return mono, mono
	}
	return s.wall(), mono
}

func (s *Source) leftOf(h *held) time.Duration {
	wall, mono := s.now()
	return h.left(wall, mono)
}

// tell completes events and hands them on.
func (s *Source) tell(events ...Event) {
	wall, _ := s.now()
	for _, e := range events {
		e.At = wall.Round(0).UTC()
		s.notify(e)
	}
}
