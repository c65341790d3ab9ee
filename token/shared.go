package token

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Shared is where the processes that use one credential keep its current
// token. Its methods are safe for concurrent use.
//
// Who wants to mint takes the lease first. Every lease that is taken raises the
// row's fence, and a write under an older fence is dropped, so that a process
// that slept through its lease cannot overwrite what came after it.
type Shared interface {
	// Load returns the row; the zero row if there is none.
	Load(ctx context.Context) (stagedoor.TokenRow, error)
	// Lease takes the lease for d, unless another holds it. The row is the one
	// after that: its Fence is the new one if the lease was taken.
	Lease(ctx context.Context, d time.Duration) (row stagedoor.TokenRow, taken bool, err error)
	// Save writes the token, or the refusal, under row.Fence and ends the lease.
	// False means that the lease was lost, and nothing was written.
	Save(ctx context.Context, row stagedoor.TokenRow) (saved bool, err error)
	// Drop forgets the row's token if it is still the rejected one.
	Drop(ctx context.Context, rejected stagedoor.Secret) error
}

const (
	leaseFor = 30 * time.Second
	// pollFor is how long others' leases are waited for: one that its holder
	// died with, and some more.
	pollFor = 45 * time.Second
	// refusalRests is how old a refusal that another process met must be before
	// the endpoint is asked again.
	refusalRests = 2 * time.Second
	// saveFor bounds the write of what was minted, which an interruption does
	// not stop: a token that nobody knows of is minted twice.
	saveFor = 5 * time.Second
	// clockSkew is by how much the clocks of two machines may differ.
	clockSkew = time.Minute
)

// want is what a flight is to bring.
type want struct {
	minTTL time.Duration
	ahead  bool // renewal ahead of expiry: only a fresh token will do
	force  bool // only a token minted now will do
}

// obtain gets a token from the shared row or the token endpoint.
func (s *Source) obtain(ctx context.Context, w want) (h *held, minted bool, failure *stagedoor.Error) {
	if s.shared == nil {
		return s.mintAlone(ctx)
	}
	wall, began := s.now()
	for {
		row, err := s.shared.Load(ctx)
		if err != nil {
			return s.withoutShared(ctx, w, err)
		}
		if h := s.adopt(row, w); h != nil {
			return h, false, nil
		}
		if refusal := s.refusalIn(row, w, wall); refusal != nil {
			return nil, false, refusal
		}
		if !s.restAfterRefusal(ctx, row, w) {
			return nil, false, s.interrupted(ctx)
		}
		row, taken, err := s.shared.Lease(ctx, leaseFor)
		if err != nil {
			return s.withoutShared(ctx, w, err)
		}
		if taken {
			h, minted, lost, failure := s.mintLeased(ctx, w, row, wall)
			if !lost {
				return h, minted, failure
			}
			w.force = false // whoever took over has minted since
			continue
		}
		if _, now := s.now(); now.Sub(began) > pollFor {
			return nil, false, &stagedoor.Error{
				Op: "mint a token", Subject: s.subject, Kind: stagedoor.KindUnavailable,
				Cause: "other processes have been asking for this credential's token for a while, without success",
				Fix:   "Try again later, or look at their logs.",
			}
		}
		if !sleep(ctx, 50*time.Millisecond+rand.N(200*time.Millisecond)) {
			return nil, false, s.interrupted(ctx)
		}
	}
}

// mintAlone mints without sharing.
func (s *Source) mintAlone(ctx context.Context) (*held, bool, *stagedoor.Error) {
	got, failure := s.grant.mint(ctx)
	if failure != nil {
		return nil, false, failure
	}
	s.tell(got.events...)
	return s.holdGranted(got), true, nil
}

// mintLeased mints under the lease that row was returned with. It looks at the
// row again first: it may have changed since it was loaded.
func (s *Source) mintLeased(ctx context.Context, w want, row stagedoor.TokenRow, began time.Time) (h *held, minted, lost bool, failure *stagedoor.Error) {
	row.LeaseUntil = time.Time{}
	save := func() (saved bool, err error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveFor)
		defer cancel()
		saved, err = s.shared.Save(ctx, row)
		if err != nil {
			s.tellSharedFailed(err)
		}
		return saved, err
	}
	if h := s.adopt(row, w); h != nil {
		save()
		return h, false, false, nil
	}
	if refusal := s.refusalIn(row, w, began); refusal != nil {
		save()
		return nil, false, false, refusal
	}
	got, failure := s.grant.mint(ctx)
	if failure != nil {
		if failure.Kind.Row().Person {
			told := *failure
			told.Err = nil
			wall, _ := s.now()
			row.Refused, row.RefusedAt = &told, wall.Round(0).UTC()
		}
		save()
		return nil, false, false, failure
	}
	row.Token, row.Refused, row.RefusedAt = got.token, nil, time.Time{}
	// A token that could not be written is still good: it serves this process,
	// and the others mint their own when the lease ends.
	if saved, err := save(); err == nil && !saved {
		s.tell(Event{Kind: EventLeaseLost, Detail: "The lease ended while the token was minted, so that token was thrown away."})
		return nil, false, true, nil
	}
	s.tell(got.events...)
	return s.holdGranted(got), true, false, nil
}

// withoutShared goes on while the shared row cannot be used. A renewal that
// has time waits for the row to come back; otherwise a token of one's own is
// better than none.
func (s *Source) withoutShared(ctx context.Context, w want, err error) (*held, bool, *stagedoor.Error) {
	if ctx.Err() != nil {
		return nil, false, s.interrupted(ctx)
	}
	if h, left, _ := s.current(); w.ahead && h != nil && left > h.margin/2 {
		return nil, false, s.sharedFailed(err)
	}
	s.tellSharedFailed(err)
	return s.mintAlone(ctx)
}

func (s *Source) sharedFailed(err error) *stagedoor.Error {
	if own, ok := errors.AsType[*stagedoor.Error](err); ok {
		return own
	}
	return &stagedoor.Error{
		Op: "share the token", Subject: s.subject, Kind: stagedoor.KindStore,
		Cause: "the place where processes share it could not be read or written",
		Fix:   "Look at the database; tokens go on, but each process mints its own.", Err: err,
	}
}

func (s *Source) tellSharedFailed(err error) {
	s.tell(Event{Kind: EventSharedFailed, Err: s.sharedFailed(err)})
}

// adopt returns the row's token if it is what is wanted.
func (s *Source) adopt(row stagedoor.TokenRow, w want) *held {
	t := row.Token
	if w.force || t.Value.IsZero() || s.wasRejected(t.Value) {
		return nil
	}
	wall, mono := s.now()
	// A token from the future was minted before the clock was set back: how
	// long it lives cannot be known.
	if t.Minted.After(wall.Add(clockSkew)) {
		return nil
	}
	left, lifetime := t.Expiry.Sub(wall), t.Expiry.Sub(t.Minted)
	if left <= 0 || left < w.minTTL || w.ahead && left <= min(s.margin, lifetime/2) {
		return nil
	}
	t.APIURL, _ = s.grant.chooseAPIURL(t.APIURL)
	return s.hold(t, mono, left, lifetime)
}

// refusalIn returns the row's refusal if it was met after began: then it
// answers this very question.
func (s *Source) refusalIn(row stagedoor.TokenRow, w want, began time.Time) *stagedoor.Error {
	wall, _ := s.now()
	if w.force || row.Refused == nil || row.RefusedAt.Before(began) || row.RefusedAt.After(wall.Add(clockSkew)) {
		return nil
	}
	refusal := *row.Refused
	refusal.Op, refusal.Subject = "mint a token", s.subject
	return &refusal
}

// restAfterRefusal waits until an older refusal has rested, and reports
// whether ctx lasted as long.
func (s *Source) restAfterRefusal(ctx context.Context, row stagedoor.TokenRow, w want) bool {
	wall, _ := s.now()
	age := wall.Sub(row.RefusedAt)
	if w.force || row.Refused == nil || age < -clockSkew || age >= refusalRests {
		return true
	}
	return sleep(ctx, min(refusalRests-age, refusalRests))
}
