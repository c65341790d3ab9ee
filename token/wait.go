package token

import (
	"context"
	"errors"
	"time"

	"github.com/stagedoor/stagedoor"
)

// DefaultPatience is how long a caller whose context has no deadline waits while
// no usable token exists and the token endpoint fails or does not answer: a
// little longer than the lease of a process that died while it minted.
const DefaultPatience = 35 * time.Second

// await is for callers for whom the token at hand does not do.
func (s *Source) await(ctx context.Context, minTTL time.Duration) (*held, error) {
	if _, ok := ctx.Deadline(); !ok {
		patient, cancel := context.WithTimeout(ctx, s.patience)
		defer cancel()
		ctx = patient
	}
	var last *stagedoor.Error
	for {
		h, left, _ := s.current()
		if h.lasts(left, minTTL) {
			return h, nil
		}
		if h != nil && left > 0 && h.atMost < minTTL {
			return nil, s.tooLong(h, minTTL)
		}
		f, pause, failure := s.join(want{minTTL: minTTL})
		if f == nil && failure == nil {
			continue
		}
		if f == nil {
			if !s.worthWaiting(ctx, pause, failure) {
				return nil, failure
			}
			s.tellRetrying(failure, pause)
			if !sleep(ctx, pause) {
				return nil, s.gaveUp(ctx, failure)
			}
			continue
		}
		select {
		case <-f.done:
		case <-ctx.Done():
			return nil, s.gaveUp(ctx, last)
		}
		if f.failure != nil {
			last = f.copyFailure()
			if !s.worthWaiting(ctx, 0, last) {
				return nil, last
			}
			continue
		}
		if f.held.lasts(s.leftOf(f.held), minTTL) {
			return f.held, nil
		}
		if f.minted {
			return nil, s.tooLong(f.held, minTTL)
		}
	}
}

// worthWaiting reports whether another try, after pause, may help a caller
// that waits until ctx ends.
func (s *Source) worthWaiting(ctx context.Context, pause time.Duration, failure *stagedoor.Error) bool {
	if !failure.Kind.Row().Retry || s.ctx.Err() != nil {
		return false
	}
	deadline, _ := ctx.Deadline() // await sees to it that there is one
	return time.Now().Add(pause).Before(deadline)
}

// tellRetrying says that somebody waits, and for what: a wait in silence looks
// like a program that hangs.
func (s *Source) tellRetrying(failure *stagedoor.Error, pause time.Duration) {
	wall, _ := s.now()
	s.tell(Event{Kind: EventRetrying, Err: failure, NextTry: wall.Add(pause).Round(0).UTC()})
}

// tooLong explains that a new token does not live as long as somebody wants.
func (s *Source) tooLong(h *held, minTTL time.Duration) error {
	if h.atMost <= 0 {
		return &stagedoor.Error{
			Op: "mint a token", Subject: s.subject, Kind: stagedoor.KindBadAnswer,
			Cause: "the new token had expired before it arrived", Fix: "Try again; if it stays so, look at the clock of this machine and the lifetime of tokens.",
		}
	}
	lives := h.atMost.Round(time.Millisecond).String()
	return &stagedoor.Error{
		Op: "get a token that lives for " + minTTL.String(), Subject: s.subject, Kind: stagedoor.KindUsage,
		Cause: "even a new token lives for " + lives + " only", Fix: "Ask for a shorter time than " + lives + ".",
	}
}

// gaveUp explains that a caller's context ended: by the last failure if there
// was one, since that says why it took so long.
func (s *Source) gaveUp(ctx context.Context, last *stagedoor.Error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		if last != nil {
			return last
		}
		return &stagedoor.Error{
			Op: "mint a token", Subject: s.subject, Kind: stagedoor.KindNetwork,
			Cause: "the token endpoint did not answer in the time allowed", Fix: "Try again, or allow more time.", Err: ctx.Err(),
		}
	}
	return s.interrupted(ctx)
}

func (s *Source) interrupted(ctx context.Context) *stagedoor.Error {
	return &stagedoor.Error{
		Op: "mint a token", Subject: s.subject, Kind: stagedoor.KindInterrupted,
		Cause: "it was interrupted", Err: ctx.Err(),
	}
}
