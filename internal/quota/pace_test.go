package quota_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/quota"
)

func heavy() stagedoor.Operation {
	return stagedoor.Operation{Method: "GET", Path: "/report/users/{userId}/meetings", Label: stagedoor.Heavy}
}

func call() stagedoor.Call { return stagedoor.Call{Operation: heavy()} }

func provider(limits ...stagedoor.RateLimit) stagedoor.Provider {
	return stagedoor.Provider{Name: "zoom", Limits: limits}
}

// perSecond is a provider with one limit.
func perSecond(n int) stagedoor.Provider {
	return provider(stagedoor.RateLimit{Label: stagedoor.Heavy, Plan: stagedoor.PlanBusiness, PerSecond: n})
}

// chains calls the server in so many chains at once, each a call after the
// other, until calls are made; it returns how long that took.
func chains(t *testing.T, a *quota.Account, s *server, use stagedoor.Use, n, calls int) time.Duration {
	t.Helper()
	began := time.Now()
	var left sync.Mutex
	more := func() bool {
		left.Lock()
		defer left.Unlock()
		calls--
		return calls >= 0
	}
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			for more() {
				for {
					turn, err := a.Admit(context.Background(), call(), use)
					if err != nil {
						t.Error(err)
						return
					}
					turn.Sent()
					out := s.call()
					turn.Done(out)
					if !out.Refused {
						break
					}
				}
			}
		})
	}
	wg.Wait()
	return time.Since(began)
}

// TestFullRate holds that all that is permitted is used, and nothing is refused,
// whichever way the server counts.
func TestFullRate(t *testing.T) {
	for _, counting := range []string{"fixed", "sliding", "bucket"} {
		for _, jitter := range []time.Duration{0, 15 * time.Millisecond, 30 * time.Millisecond} {
			t.Run(fmt.Sprintf("%s/%s", counting, jitter), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newServer(counting, 40, time.Second, 7)
					s.latency, s.jitter = 150*time.Millisecond, jitter
					a := quota.Open(quota.Options{Provider: perSecond(40), Plan: stagedoor.PlanBusiness})
					took := chains(t, a, s, stagedoor.Use{Class: stagedoor.Backfill}, 400, 2000)
					if err := a.Close(context.Background()); err != nil {
						t.Fatal(err)
					}
					rate := 2000 / took.Seconds() / 40
					t.Logf("%.1f %% of the rate, %d refused", 100*rate, s.refused)
					least := map[time.Duration]float64{0: 0.98, 15 * time.Millisecond: 0.96, 30 * time.Millisecond: 0.95}[jitter] // each way
					if rate < least || s.refused > 0 {
						t.Errorf("%.1f %% of the rate, %d refused", 100*rate, s.refused)
					}
				})
			})
		}
	}
}

// TestOtherApps holds that at least 90 % of what other apps leave is used, and
// that the whole rate comes back when they are gone.
func TestOtherApps(t *testing.T) {
	for _, counting := range []string{"fixed", "sliding", "bucket"} {
		t.Run(counting, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(counting, 40, time.Second, 7)
				s.latency = 150 * time.Millisecond
				var says []string
				var mu sync.Mutex
				a := quota.Open(quota.Options{Provider: perSecond(40), Plan: stagedoor.PlanBusiness, Notify: func(e quota.Event) {
					mu.Lock()
					defer mu.Unlock()
					says = append(says, e.Says)
				}})
				stop := s.others(40.0 / 3)
				passed := func() int { s.mu.Lock(); defer s.mu.Unlock(); return s.passed }
				took := chains(t, a, s, stagedoor.Use{Class: stagedoor.Backfill}, 400, 2000)
				left := 40 - float64(passed()-2000)/took.Seconds()
				rate := 2000 / took.Seconds() / left
				t.Logf("%.1f %% of the %.1f/s that is left, %d refused, took %s", 100*rate, left, s.refused, took)
				if rate < 0.9 || s.refused > 120 {
					t.Errorf("%.1f %% of what is left, %d refused", 100*rate, s.refused)
				}
				stop()
				chains(t, a, s, stagedoor.Use{Class: stagedoor.Backfill}, 400, 3000)
				before := s.refused
				took = chains(t, a, s, stagedoor.Use{Class: stagedoor.Backfill}, 400, 400)
				if rate := 400 / took.Seconds() / 40; rate < 0.95 || s.refused != before {
					t.Errorf("after they left: %.1f %% of the rate, %d refused", 100*rate, s.refused-before)
				}
				if len(says) < 2 || !strings.Contains(says[0], "other apps") || !strings.Contains(says[len(says)-1], "is there again") {
					t.Errorf("it said %q", says)
				}
				if err := a.Close(context.Background()); err != nil {
					t.Fatal(err)
				}
			})
		})
	}
}

// TestBeyondReach holds that a rate which nobody reaches makes nobody wait, not
// for a part of it either: calls that all come at once leave at once.
func TestBeyondReach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := quota.Open(quota.Options{Provider: perSecond(1_000_000), Plan: stagedoor.PlanBusiness})
		began := time.Now()
		var wg sync.WaitGroup
		for range 64 {
			wg.Go(func() {
				for range 100 {
					turn, err := a.Admit(t.Context(), call(), stagedoor.Use{Class: stagedoor.Interactive})
					if err != nil {
						t.Error(err)
						return
					}
					turn.Sent()
					turn.Done(stagedoor.Outcome{})
				}
			})
		}
		wg.Wait()
		if took := time.Since(began); took > 0 {
			t.Errorf("6,400 calls waited for %s", took)
		}
		if err := a.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}
