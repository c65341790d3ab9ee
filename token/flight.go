package token

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/stagedoor/stagedoor"
)

const (
	// refusalKept is how long a refusal that will not pass by itself is
	// remembered, so that nobody hammers the token endpoint.
	refusalKept = 5 * time.Second
	// attemptEvery is how often the endpoint is asked at most while callers wait
	// for it to come back, from the start of one request to the start of the
	// next. It does not grow soon: whoever waits wants the token as soon as there is
	// one, and however many wait, there is one request at a time.
	attemptEvery = 200 * time.Millisecond
	// After more failures in a row than one caller's patience has room for, new
	// callers keep coming, and the endpoint is asked less often.
	manyFailures     = 200
	lateAttemptEvery = time.Second
	// Pauses between failed renewals in the background, for which nobody waits.
	firstRest, lastRest               = 5 * time.Second, time.Minute
	longestRetryAfter                 = time.Minute // what is honoured at most
	soonest                           = time.Second // between a token and its renewal
	idleLifetimes       time.Duration = 2           // unused for so many lifetimes: renewal stops
)

// flight is one attempt to get a token. There is one at a time; who needs its
// result waits on done.
type flight struct {
	want  want
	began time.Duration // monotonic
	done  chan struct{}

	// Set before done is closed:
	held    *held
	minted  bool // the token is new, not taken from the shared row
	failure *stagedoor.Error
}

// copyFailure returns an error of the caller's own, since many share a flight.
func (f *flight) copyFailure() *stagedoor.Error {
	e := *f.failure
	return &e
}

// join returns the flight to wait for. If there is none because the last one
// failed a moment ago, it returns that failure and how long to pause; if there
// is none because the last one brought what is wanted, it returns nothing.
func (s *Source) join(w want) (*flight, time.Duration, *stagedoor.Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.flight != nil {
		return s.flight, 0, nil
	}
	// A flight may have landed since the caller looked.
	if h, left, _ := s.current(); h.lasts(left, w.minTTL) {
		return nil, 0, nil
	}
	if pause := s.resume - time.Since(s.started); pause > 0 && s.failure != nil {
		failure := *s.failure
		return nil, pause, &failure
	}
	if !s.launchLocked(w) {
		return nil, 0, s.interrupted(s.ctx)
	}
	return s.flight, 0, nil
}

// joinForced returns a flight that brings a newly minted token, or the one to
// wait for first.
func (s *Source) joinForced() (*flight, *stagedoor.Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.flight == nil && !s.launchLocked(want{force: true}) {
		return nil, s.interrupted(s.ctx)
	}
	return s.flight, nil
}

// renewAhead starts the renewal of a token that is still served.
func (s *Source) renewAhead() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.staleLocked() && int64(time.Since(s.started)) >= s.kick.Load() {
		s.launchLocked(want{ahead: true})
	}
}

// tick is the renewal that nobody asked for. It ends itself when nobody asks.
func (s *Source) tick() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.staleLocked() {
		return
	}
	s.next = time.Time{}
	if !s.idleLocked(s.held.Load()) {
		s.launchLocked(want{ahead: true})
	}
}

// staleLocked reports whether there is a token that nobody has renewed or is
// renewing yet: a flight may have landed since the caller looked.
func (s *Source) staleLocked() bool {
	h, left, _ := s.current()
	return s.flight == nil && h != nil && left <= h.margin
}

func (s *Source) idleLocked(h *held) bool {
	return time.Since(s.started)-time.Duration(s.used.Load()) >= idleLifetimes*max(h.life, h.atMost)
}

// launchLocked starts a flight, unless the Source has ended. The flight stands
// in the Source before its goroutine runs, so that there is never a second.
func (s *Source) launchLocked(w want) bool {
	if s.ctx.Err() != nil {
		return false
	}
	f := &flight{want: w, began: time.Since(s.started), done: make(chan struct{})}
	s.flight = f
	s.kick.Store(math.MaxInt64)
	s.running.Go(func() {
		f.held, f.minted, f.failure = s.obtain(s.ctx, f.want)
		s.land(f)
	})
	return true
}

// land makes a flight's result the Source's, tells it, and lets waiters go.
func (s *Source) land(f *flight) {
	wall, mono := s.now()
	now := mono.Sub(s.started)
	event := Event{Kind: EventFailed, Err: f.failure}

	s.mu.Lock()
	s.flight, s.next = nil, time.Time{}
	if f.failure == nil {
		event = Event{Kind: EventAdopted, Expiry: f.held.token.Expiry}
		if f.minted {
			event.Kind = EventMinted
		}
		s.failure, s.failures, s.failedAt, s.resume = nil, 0, time.Time{}, 0
		s.held.Store(f.held)
		s.kick.Store(0)
		s.scheduleLocked(wall, max(f.held.left(wall, mono)-f.held.margin, soonest))
	} else if s.ctx.Err() == nil {
		s.failure, s.failedAt = f.copyFailure(), wall.Round(0).UTC()
		s.failures++
		s.resume = s.resumeLocked(max(f.began, s.grant.asked.Sub(s.started)), now, wall)
		rest, again := s.restLocked(wall, mono)
		s.kick.Store(int64(now + rest))
		if again {
			s.scheduleLocked(wall, rest)
		}
	}
	event.NextTry = s.next
	ended := s.ctx.Err() != nil
	s.mu.Unlock()

	if f.failure == nil || !ended {
		s.tell(event)
	}
	close(f.done)
}

// resumeLocked returns the monotonic instant before which no caller's need
// starts another attempt after the failed one that began at began.
func (s *Source) resumeLocked(began, now time.Duration, wall time.Time) time.Duration {
	if !s.failure.Kind.Row().Retry {
		return now + refusalKept
	}
	return max(began+s.grant.every(), now+min(s.failure.RetryAt.Sub(wall), longestRetryAfter))
}

// restLocked returns how long the background waits before the next attempt
// after a failed one, and whether it makes one at all. While a token is served
// there is time, but the next attempt comes before its end. After that callers
// make the attempts that they wait for; the background goes on only where the
// failure may pass.
func (s *Source) restLocked(wall, mono time.Time) (rest time.Duration, again bool) {
	h := s.held.Load()
	rest = jitter(min(firstRest<<min(s.failures-1, 8), lastRest))
	rest = max(rest, min(s.failure.RetryAt.Sub(wall), longestRetryAfter))
	if h == nil {
		return rest, false
	}
	left := h.left(wall, mono)
	switch {
	case left <= 0:
		return rest, !s.failure.Kind.Row().Person
	case left > h.margin: // somebody wanted more than the token at hand
		return left - h.margin, true
	}
	return min(rest, max(left/2, soonest)), true
}

// scheduleLocked arranges the next renewal in the background.
func (s *Source) scheduleLocked(wall time.Time, d time.Duration) {
	if s.noRenewAhead || s.ctx.Err() != nil {
		return
	}
	s.next = wall.Add(d).Round(0).UTC()
	if s.timer == nil {
		s.timer = time.AfterFunc(d, s.tick)
		return
	}
	s.timer.Reset(d)
}

func (s *Source) stopTimer() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next = time.Time{}
	if s.timer != nil {
		s.timer.Stop()
	}
}

// lessJitter takes up to a tenth off d.
func lessJitter(d time.Duration) time.Duration {
	return d - rand.N(d/10+1)
}
