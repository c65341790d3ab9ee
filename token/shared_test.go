package token

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stagedoor/stagedoor"
)

// row is a Shared in memory, with the rules of the real one.
type row struct {
	mu     sync.Mutex
	row    stagedoor.TokenRow
	broken error // if set, every call fails with it
	saves  int
}

var _ Shared = (*row)(nil)

func (r *row) Load(context.Context) (stagedoor.TokenRow, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.row, r.broken
}

func (r *row) Lease(_ context.Context, d time.Duration) (stagedoor.TokenRow, bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.broken != nil || time.Now().Before(r.row.LeaseUntil) {
		return r.row, false, r.broken
	}
	r.row.Fence++
	r.row.LeaseUntil = time.Now().Add(d)
	return r.row, true, nil
}

func (r *row) Save(ctx context.Context, row stagedoor.TokenRow) (bool, error) {
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.broken != nil {
		return false, r.broken
	}
	r.saves++
	if row.Fence != r.row.Fence {
		return false, nil
	}
	r.row = row
	return true, nil
}

func (r *row) Drop(_ context.Context, rejected stagedoor.Secret) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.broken == nil && r.row.Token.Value.Equal(rejected) {
		r.row.Token = stagedoor.Token{}
	}
	return r.broken
}

func (r *row) edit(change func(*row)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(r)
}

func (r *row) now() stagedoor.TokenRow {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.row
}

func sharing(r *row) func(*Config) { return func(c *Config) { c.Shared = r } }

// fleet opens n sources, as many processes have them, over one row.
func fleet(t *testing.T, n int, e http.RoundTripper, r *row) []*Source {
	t.Helper()
	var all []*Source
	for range n {
		all = append(all, open(t, e, sharing(r)))
	}
	return all
}

func TestFiftyProcessesMintOnceAndRenewOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, r := &endpoint{latency: time.Second}, &row{}
		processes := fleet(t, 50, e, r)
		use := func() {
			t.Helper()
			var all sync.WaitGroup
			for _, s := range processes {
				all.Go(func() { get(t, s) })
			}
			all.Wait()
		}
		use()
		if e.asked() != 1 {
			t.Errorf("%d requests for the first token, want 1", e.asked())
		}
		for hour := 2; hour <= 4; hour++ {
			time.Sleep(56 * time.Minute)
			began := time.Now()
			use()
			if e.asked() != hour || !time.Now().Equal(began) {
				t.Errorf("renewal %d: %d requests, callers waited %s; want %d and 0", hour-1, e.asked(), time.Since(began), hour)
			}
		}
		for _, s := range processes {
			if st := s.State(); st.Token != stagedoor.TokenFresh {
				t.Errorf("a process was left with a token that is %s", st.Token)
			}
		}
	})
}

func TestAProcessTakesOverTheTokenThatIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, r := &endpoint{}, &row{}
		get(t, open(t, e, sharing(r)))
		time.Sleep(50 * time.Minute)
		told := &journal{}
		s := open(t, e, sharing(r), func(c *Config) { c.Notify = told.add })
		if get(t, s) != "token-1" || len(told.of(EventAdopted)) != 1 {
			t.Error("the token in the row was not taken over")
		}
		got, err := s.Get(t.Context(), 11*time.Minute)
		if err != nil || got.Value.Reveal() != "token-2" || !r.now().Token.Value.Equal(got.Value) {
			t.Errorf("error %v; want a new token, in the row too, since the old one dies too soon", err)
		}
	})
}

func TestMintReplacesTheTokenInTheRow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, r := &endpoint{}, &row{}
		get(t, open(t, e, sharing(r)))
		got, err := open(t, e, sharing(r)).Mint(t.Context())
		if err != nil || got.Value.Reveal() != "token-2" || !r.now().Token.Value.Equal(got.Value) {
			t.Errorf("error %v, %d mints; want a second token, in the row too", err, e.mints())
		}
	})
}

func TestARejectedTokenIsNotTakenFromTheRowAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, r := &endpoint{}, &row{}
		first, second := open(t, e, sharing(r)), open(t, e, sharing(r))
		rejected, err := first.Get(t.Context(), 0)
		if err != nil || get(t, second) != "token-1" {
			t.Fatalf("the two do not share: %v", err)
		}
		first.Invalidate(rejected)
		if !r.now().Token.Value.IsZero() {
			t.Error("the rejected token is still in the row")
		}
		if get(t, first) != "token-2" {
			t.Error("no new token was minted")
		}
		second.Invalidate(rejected)
		if get(t, second) != "token-2" || e.mints() != 2 {
			t.Errorf("%d mints, want 2: the second process found the new token in the row", e.mints())
		}
		second.Invalidate(rejected)
		if get(t, second) != "token-2" || r.now().Token.Value.IsZero() {
			t.Error("an old rejection took a newer token away")
		}
	})
	t.Run("even if the row cannot forget it", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			e, r, told := &endpoint{}, &row{}, &journal{}
			s := open(t, e, sharing(r), func(c *Config) { c.Notify = told.add })
			rejected, err := s.Get(t.Context(), 0)
			if err != nil {
				t.Fatal(err)
			}
			r.edit(func(r *row) { r.broken = errors.New("locked") })
			s.Invalidate(rejected)
			r.edit(func(r *row) { r.broken = nil })
			if get(t, s) != "token-2" || len(told.of(EventSharedFailed)) != 1 {
				t.Error("the rejected token came back from the row, or nothing was told")
			}
		})
	})
}

func TestWhoLostTheLeaseThrowsItsTokenAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, told := &row{}, &journal{}
		e := &endpoint{trouble: func(int, *http.Request) (*http.Response, error) {
			// Another process took over while this one slept.
			r.edit(func(r *row) {
				r.row.Fence++
				r.row.LeaseUntil = time.Time{}
				r.row.Token = stagedoor.Token{Value: stagedoor.NewSecret("theirs"), Minted: time.Now(), Expiry: time.Now().Add(time.Hour)}
			})
			return nil, nil
		}}
		s := open(t, e, sharing(r), func(c *Config) { c.Notify = told.add })
		if get(t, s) != "theirs" {
			t.Error("the token that was minted without the lease is in use")
		}
		if len(told.of(EventLeaseLost)) != 1 || len(told.of(EventMinted)) != 0 {
			t.Error("the lost lease was not told")
		}
		e.setTrouble(nil)
		if got, err := s.Mint(t.Context()); err != nil || got.Value.Reveal() != "token-2" {
			t.Errorf("the next mint failed: %v", err)
		}
	})
}

func TestADeadLeaseholderIsTakenOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, r := &endpoint{}, &row{}
		if _, taken, err := r.Lease(t.Context(), leaseFor); !taken || err != nil {
			t.Fatal("no lease")
		}
		began := time.Now()
		get(t, open(t, e, sharing(r)))
		if took := time.Since(began); took < leaseFor || took > leaseFor+time.Second {
			t.Errorf("took over after %s, want at the end of the lease (%s)", took, leaseFor)
		}
	})
}

func TestALeaseEndsWithEveryOutcome(t *testing.T) {
	for name, trouble := range map[string]func(int, *http.Request) (*http.Response, error){
		"granted": nil, "refused": refuseAll, "failing": failAll,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &row{}
				s := open(t, &endpoint{trouble: trouble}, sharing(r))
				s.Mint(t.Context())
				if got := r.now(); !got.LeaseUntil.IsZero() || got.Fence == 0 {
					t.Errorf("the lease runs on until %s, fence %d", got.LeaseUntil, got.Fence)
				}
			})
		})
	}
	t.Run("interrupted", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := &row{}
			s := open(t, &endpoint{latency: time.Hour}, sharing(r))
			var all sync.WaitGroup
			all.Go(func() { s.Get(t.Context(), 0) })
			time.Sleep(time.Second)
			s.Close()
			all.Wait()
			if got := r.now(); !got.LeaseUntil.IsZero() || got.Fence == 0 {
				t.Errorf("the lease runs on until %s, fence %d", got.LeaseUntil, got.Fence)
			}
		})
	})
}

func TestARefusalIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, r := &endpoint{trouble: refuseAll, latency: time.Second}, &row{}
		var all sync.WaitGroup
		for _, s := range fleet(t, 50, e, r) {
			all.Go(func() {
				_, err := s.Get(t.Context(), 0)
				if got := refusal(t, err, stagedoor.KindInvalidClient); got.Subject != "credential acme" {
					t.Errorf("the subject is %q", got.Subject)
				}
			})
		}
		all.Wait()
		if e.asked() != 1 {
			t.Errorf("%d requests, want 1 for all fifty", e.asked())
		}
		// Who comes a moment later waits until the refusal has rested.
		time.Sleep(time.Second / 2)
		e.setTrouble(nil)
		age := time.Since(r.now().RefusedAt)
		began := time.Now()
		get(t, open(t, e, sharing(r)))
		if took := time.Since(began); took != refusalRests-age+time.Second {
			t.Errorf("a refusal %s old let the next process through after %s", age, took)
		}
		if r.now().Refused != nil {
			t.Error("the refusal is still in the row after a token was granted")
		}
	})
}

func TestARefusalKeepsTheTokenInTheRow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, r := &endpoint{}, &row{}
		s := open(t, e, sharing(r))
		get(t, s)
		e.setTrouble(refuseAll)
		_, err := s.Mint(t.Context())
		refusal(t, err, stagedoor.KindInvalidClient)
		if got := r.now(); got.Token.Value.IsZero() || got.Refused == nil || got.RefusedAt.IsZero() {
			t.Error("the row lost its token, or has no refusal")
		}
		if get(t, open(t, e, sharing(r))) != "token-1" {
			t.Error("another process cannot use the token any more")
		}
	})
}

func TestABrokenRowLosesNoToken(t *testing.T) {
	locked := errors.New("database is locked")
	t.Run("from the start", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			told := &journal{}
			s := open(t, &endpoint{}, sharing(&row{broken: locked}), func(c *Config) { c.Notify = told.add })
			if get(t, s) != "token-1" {
				t.Error("no token")
			}
			if f := told.of(EventSharedFailed); len(f) != 1 || !errors.Is(f[0].Err, locked) || f[0].Err.Kind != stagedoor.KindStore {
				t.Errorf("%d failures told, want one with its cause", len(f))
			}
		})
	})
	t.Run("while minting", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r := &row{}
			e := &endpoint{trouble: func(int, *http.Request) (*http.Response, error) {
				r.edit(func(r *row) { r.broken = locked })
				return nil, nil
			}}
			if get(t, open(t, e, sharing(r))) != "token-1" || e.asked() != 1 {
				t.Errorf("%d requests; want one, and its token served", e.asked())
			}
		})
	})
	t.Run("for a minute, ahead of expiry", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			e, r := &endpoint{}, &row{}
			processes := fleet(t, 20, e, r)
			for _, s := range processes {
				get(t, s)
			}
			time.Sleep(54 * time.Minute)
			r.edit(func(r *row) { r.broken = locked })
			time.Sleep(2 * time.Minute)
			r.edit(func(r *row) { r.broken = nil })
			time.Sleep(2 * time.Minute)
			synctest.Wait()
			if e.mints() != 2 {
				t.Errorf("%d mints, want 2: there was time to wait for the row", e.mints())
			}
		})
	})
	t.Run("for good", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			e, r := &endpoint{}, &row{}
			s := open(t, e, sharing(r))
			get(t, s)
			r.edit(func(r *row) { r.broken = locked })
			time.Sleep(59*time.Minute + 30*time.Second)
			synctest.Wait()
			if e.mints() != 2 {
				t.Errorf("%d mints, want 2: a token of one's own before the old one dies", e.mints())
			}
		})
	})
}

func TestATokenFromBeforeTheClockWasSetBackIsNotTakenOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, r, clock := &endpoint{}, &row{}, &wallClock{}
		get(t, open(t, e, sharing(r)))
		clock.jump(-2 * time.Hour)
		s := open(t, e, sharing(r), func(c *Config) { c.Wall = clock.now })
		if get(t, s) != "token-2" {
			t.Error("a token of unknown age was taken over")
		}
	})
}
