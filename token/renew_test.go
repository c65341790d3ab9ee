package token

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stagedoor/stagedoor"
)

func TestOverADayATokenIsRenewedJustAheadOfItsExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{}
		s := open(t, e)
		for began := time.Now(); time.Since(began) < 24*time.Hour; time.Sleep(time.Minute) {
			before := time.Now()
			got, err := s.Get(t.Context(), 4*time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			if !time.Now().Equal(before) {
				t.Fatalf("a caller waited %s", time.Since(before))
			}
			if left := time.Until(got.Expiry); left < 4*time.Minute || left > time.Hour {
				t.Fatalf("handed out a token with %s left", left)
			}
		}
		if n := len(e.minted); n < 26 || n > 27 {
			t.Errorf("minted %d tokens in a day, want 26 or 27", n)
		}
		for i := 1; i < len(e.minted); i++ {
			if gap := e.minted[i].Sub(e.minted[i-1]); gap < 3300*time.Second || gap > 3331*time.Second {
				t.Errorf("mint %d came %s after the one before, want 55 min and up to 30 s", i, gap)
			}
		}
	})
}

func TestLifetimesAreFollowedNotAssumed(t *testing.T) {
	for lifetime, margin := range map[time.Duration]time.Duration{
		10 * time.Second: 5 * time.Second, 7 * time.Minute: 210 * time.Second, 24 * time.Hour: 300 * time.Second,
	} {
		synctest.Test(t, func(t *testing.T) {
			e := &endpoint{lifetime: lifetime}
			s := open(t, e)
			get(t, s)
			if st := s.State(); st.Token != stagedoor.TokenFresh || time.Until(st.Expiry) != lifetime {
				t.Errorf("lifetime %s: a new token is %s and has %s left", lifetime, st.Token, time.Until(st.Expiry))
			}
			time.Sleep(lifetime - margin - time.Millisecond)
			synctest.Wait()
			if e.mints() != 1 {
				t.Errorf("lifetime %s: renewed earlier than %s ahead", lifetime, margin)
			}
			time.Sleep(margin/10 + 2*time.Millisecond)
			synctest.Wait()
			if e.mints() != 2 {
				t.Errorf("lifetime %s: not renewed %s ahead", lifetime, margin)
			}
		})
	}
}

// crowd lets n callers ask at once and returns how many waited or failed.
func crowd(t *testing.T, s *Source, n int) (waited, failed int) {
	t.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			began := time.Now()
			_, err := s.Get(t.Context(), 0)
			mu.Lock()
			defer mu.Unlock()
			if !time.Now().Equal(began) {
				waited++
			}
			if err != nil {
				failed++
			}
		})
	}
	all.Wait()
	return waited, failed
}

func TestTenThousandCallersAcrossARenewal(t *testing.T) {
	const callers = 10_000
	t.Run("busy", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			e := &endpoint{}
			s := open(t, e)
			get(t, s)
			time.Sleep(54 * time.Minute)
			e.latency = 3 * time.Second
			var all sync.WaitGroup
			for range callers {
				all.Go(func() {
					for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); time.Sleep(10 * time.Second) {
						began := time.Now()
						if _, err := s.Get(t.Context(), 0); err != nil {
							t.Error(err)
						}
						if !time.Now().Equal(began) {
							t.Errorf("a caller waited %s", time.Since(began))
						}
					}
				})
			}
			all.Wait()
			if e.mints() != 2 {
				t.Errorf("minted %d times, want once at first and once for all", e.mints())
			}
		})
	})
	t.Run("idle past it", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			e := &endpoint{}
			s := open(t, e)
			get(t, s)
			time.Sleep(58 * time.Minute)
			if waited, failed := crowd(t, s, callers); waited+failed != 0 || e.mints() != 2 {
				t.Errorf("%d waited, %d failed, %d mints; want none, none, 2", waited, failed, e.mints())
			}
		})
	})
	t.Run("endpoint down inside the window", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			e, told := &endpoint{}, &journal{}
			s := open(t, e, func(c *Config) { c.Notify = told.add })
			get(t, s)
			time.Sleep(54 * time.Minute)
			e.setTrouble(failAll)
			time.Sleep(3 * time.Minute)
			if waited, failed := crowd(t, s, callers); waited+failed != 0 {
				t.Errorf("%d waited, %d failed; want none", waited, failed)
			}
			failures := told.of(EventFailed)
			if len(failures) < 2 || len(failures) > 9 {
				t.Errorf("%d failed renewals in two minutes, want a few", len(failures))
			}
			for _, f := range failures {
				if f.Person() || f.Err.Kind != stagedoor.KindUnavailable || f.NextTry.IsZero() || f.NextTry.Sub(f.At) > 72*time.Second {
					t.Errorf("failure told as %s, person %t, next try %s later", f.Err.Kind, f.Person(), f.NextTry.Sub(f.At))
				}
			}
			if st := s.State(); st.Failure == nil || st.Token != stagedoor.TokenStale {
				t.Errorf("state is %s with failure %v, want stale and the failure", st.Token, st.Failure)
			}
			e.setTrouble(nil)
			time.Sleep(2*time.Minute - time.Second)
			synctest.Wait()
			if e.mints() != 2 {
				t.Errorf("minted %d times by the time of expiry, want 2: the endpoint was back", e.mints())
			}
			if s.State().Failure != nil {
				t.Error("the failure is still told after a token came")
			}
		})
	})
}

func TestTheNextTryComesBeforeTheTokenDies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, told := &endpoint{lifetime: time.Minute}, &journal{}
		s := open(t, e, func(c *Config) { c.Notify = told.add })
		get(t, s)
		expiry := s.State().Expiry
		e.setTrouble(failAll)
		time.Sleep(time.Minute)
		failures := told.of(EventFailed)
		if len(failures) < 3 {
			t.Errorf("%d tries in half a minute, want some", len(failures))
		}
		for _, f := range failures {
			if expiry.Sub(f.At) > soonest && !f.NextTry.Before(expiry) {
				t.Errorf("%s before expiry the next try was planned for %s after it", expiry.Sub(f.At), f.NextTry.Sub(expiry))
			}
		}
	})
}

func TestRenewalStopsWhenNobodyAsksAndStartsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{}
		s := open(t, e)
		get(t, s)
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		if n := e.mints(); n != 3 {
			t.Errorf("%d mints for one use, want 3: renewal goes on for two lifetimes", n)
		}
		if !s.State().NextRenewal.IsZero() {
			t.Error("a renewal is still planned")
		}
		get(t, s)
		time.Sleep(56 * time.Minute)
		synctest.Wait()
		if n := e.mints(); n != 5 {
			t.Errorf("%d mints after a later use, want 5: one for it and one renewal", n)
		}
	})
}

func TestOneShotProgramsRenewNothingInTheBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{}
		s := open(t, e, func(c *Config) { c.NoRenewAhead = true })
		get(t, s)
		time.Sleep(58 * time.Minute)
		get(t, s)
		time.Sleep(time.Minute)
		synctest.Wait()
		if e.mints() != 1 {
			t.Errorf("%d mints, want 1", e.mints())
		}
		time.Sleep(2 * time.Minute)
		if get(t, s) != "token-2" {
			t.Error("an expired token was handed out")
		}
	})
}

func TestRenewalEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		e := &endpoint{}
		s, err := NewSource(ctx, Config{Provider: zoom(), Credential: acme(), HTTP: e})
		if err != nil {
			t.Fatal(err)
		}
		get(t, s)
		cancel()
		if _, err := s.Token(); err != nil {
			t.Errorf("a token that still lives was refused: %v", err)
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		_, err = s.Token()
		refusal(t, err, stagedoor.KindInterrupted)
		_, err = s.Get(t.Context(), 0)
		refusal(t, err, stagedoor.KindInterrupted)
		_, err = s.Mint(t.Context())
		refusal(t, err, stagedoor.KindInterrupted)
		if e.asked() != 1 {
			t.Errorf("%d requests, want none after the end", e.asked())
		}
		s.Close()
		s.Close()
	})
}

func TestARefusalAheadOfExpiryLeavesTheTokenInService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{}
		s := open(t, e)
		get(t, s)
		e.setTrouble(refuseAll)
		time.Sleep(59 * time.Minute)
		if get(t, s) != "token-1" {
			t.Error("the token at hand is not served any more")
		}
		if f := s.State().Failure; f == nil || !f.Kind.Row().Person {
			t.Errorf("the failure is %v, want one that a person must act on", f)
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		asked := e.asked()
		time.Sleep(time.Hour)
		synctest.Wait()
		if e.asked() != asked {
			t.Errorf("%d more requests with a refused secret and nobody asking", e.asked()-asked)
		}
	})
}

func TestAFailedMintLeavesTheRenewalInPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &endpoint{}
		s := open(t, e)
		get(t, s)
		time.Sleep(10 * time.Minute)
		e.setTrouble(refuseAll)
		_, err := s.Mint(t.Context())
		refusal(t, err, stagedoor.KindInvalidClient)
		if next := s.State().NextRenewal; time.Until(next) < 45*time.Minute || time.Until(next) > 46*time.Minute {
			t.Errorf("the next renewal is in %s, want just ahead of expiry as before", time.Until(next))
		}
		e.setTrouble(nil)
		time.Sleep(46 * time.Minute)
		synctest.Wait()
		if e.mints() != 2 {
			t.Errorf("%d mints, want the renewal too", e.mints())
		}
	})
}
