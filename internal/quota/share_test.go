package quota_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/quota"
)

// shelf is a store in memory that several accounts of a test share, as the
// processes of a machine do. It counts what each statement would be.
type shelf struct {
	mu         sync.Mutex
	text       []byte
	statements int
	broken     error
}

func (s *shelf) Quota(context.Context, string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.statements++
	return s.text, s.broken
}

func (s *shelf) UpdateQuota(_ context.Context, _ string, change func([]byte) ([]byte, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.statements += 2
	if s.broken != nil {
		return s.broken
	}
	text, err := change(s.text)
	if err == nil {
		s.text = text
	}
	return err
}

// TestProcessesShare holds that four processes together use the account's rate
// and no more, and talk to the store no more than is promised.
func TestProcessesShare(t *testing.T) {
	for _, counting := range []string{"fixed", "sliding", "bucket"} {
		t.Run(counting, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(counting, 40, time.Second, 7)
				s.latency = 150 * time.Millisecond
				store := &shelf{}
				began := time.Now()
				var wg sync.WaitGroup
				for range 4 {
					wg.Go(func() {
						a := quota.Open(quota.Options{Provider: perSecond(40), Plan: stagedoor.PlanBusiness, Store: store})
						chains(t, a, s, stagedoor.Use{Class: stagedoor.Backfill}, 100, 500)
						if err := a.Close(context.Background()); err != nil {
							t.Error(err)
						}
					})
				}
				wg.Wait()
				took := time.Since(began).Seconds()
				rate := 2000 / took / 40
				perSecond := float64(store.statements) / took / 4
				t.Logf("%.1f %% of the rate, %d refused, %.2f statements a second each", 100*rate, s.refused, perSecond)
				if rate < 0.95 || s.refused > 0 || perSecond > 2.5 {
					t.Errorf("%.1f %% of the rate, %d refused, %.2f statements a second each", 100*rate, s.refused, perSecond)
				}
			})
		})
	}
}

// TestInteractiveBesideBackfill holds that a person's call has its turn within
// two seconds, in the process that backfills and in one of its own.
func TestInteractiveBesideBackfill(t *testing.T) {
	for _, own := range []bool{false, true} {
		t.Run(fmt.Sprintf("own process %v", own), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer("sliding", 40, time.Second, 7)
				s.latency = 150 * time.Millisecond
				store := &shelf{}
				a := quota.Open(quota.Options{Provider: perSecond(40), Plan: stagedoor.PlanBusiness, Store: store})
				var wg sync.WaitGroup
				wg.Go(func() { chains(t, a, s, stagedoor.Use{Caller: "sync", Class: stagedoor.Backfill}, 400, 1200) })
				time.Sleep(3 * time.Second)
				for range 10 {
					b := a
					if own {
						b = quota.Open(quota.Options{Provider: perSecond(40), Plan: stagedoor.PlanBusiness, Store: store})
					}
					began := time.Now()
					turn, err := b.Admit(context.Background(), call(), stagedoor.Use{Caller: "api"})
					if err != nil {
						t.Fatal(err)
					}
					t.Logf("had its turn after %s", time.Since(began))
					turn.Sent()
					turn.Done(s.call())
					if own {
						if err := b.Close(context.Background()); err != nil {
							t.Fatal(err)
						}
					}
					time.Sleep(700 * time.Millisecond)
				}
				wg.Wait()
				if err := a.Close(context.Background()); err != nil {
					t.Fatal(err)
				}
				if s.refused > 0 {
					t.Errorf("%d refused", s.refused)
				}
			})
		})
	}
}

// TestKilled holds that what a killed process held comes back after its lease,
// and that what it had taken out of the day counts as used.
func TestKilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer("sliding", 40, time.Second, 7)
		s.latency = 150 * time.Millisecond
		store := &shelf{}
		limits := provider(stagedoor.RateLimit{Label: stagedoor.Heavy, Plan: stagedoor.PlanBusiness, PerSecond: 40, PerDay: 60000})
		open := func() *quota.Account {
			return quota.Open(quota.Options{Provider: limits, Plan: stagedoor.PlanBusiness, Store: store})
		}
		a := open()
		chains(t, a, s, stagedoor.Use{Caller: "a", Class: stagedoor.Backfill}, 400, 200)
		a.Kill()
		b := open()
		began := time.Now()
		chains(t, b, s, stagedoor.Use{Caller: "b", Class: stagedoor.Backfill}, 400, 400)
		if took := time.Since(began); took > 18*time.Second {
			t.Errorf("400 calls took %s after another process was killed", took)
		}
		if err := b.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		if s.refused > 0 {
			t.Errorf("%d refused", s.refused)
		}
		report, err := b.Report(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		day := report.Days[0]
		if day.Used < s.passed || day.Used > s.passed+200 || day.Used-day.Lost > s.passed {
			t.Errorf("the ledger has %d, of which %d lost; the server counted %d", day.Used, day.Lost, s.passed)
		}
	})
}

// TestShares holds that with others waiting a caller with a share gets that, no
// less and no more, and that alone it gets everything.
func TestShares(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer("sliding", 40, time.Second, 7)
		a := quota.Open(quota.Options{Provider: perSecond(40), Plan: stagedoor.PlanBusiness})
		ctx, cancel := context.WithCancel(context.Background())
		var mu sync.Mutex
		got := map[string]int{}
		var wg sync.WaitGroup
		flood := func(ctx context.Context, use stagedoor.Use) {
			for range 50 {
				wg.Go(func() {
					for {
						turn, err := a.Admit(ctx, call(), use)
						if ctx.Err() != nil {
							return
						}
						if err != nil {
							continue // an interactive call that waited its two seconds
						}
						turn.Sent()
						turn.Done(s.call())
						mu.Lock()
						got[use.Caller]++
						mu.Unlock()
					}
				})
			}
		}
		flood(ctx, stagedoor.Use{Caller: "twenty", Share: 0.2, Class: stagedoor.Backfill})
		time.Sleep(20 * time.Second)
		mu.Lock()
		if got["twenty"] < 20*39 {
			t.Errorf("alone it had %d turns in 20 s, want all 800", got["twenty"])
		}
		clear(got)
		mu.Unlock()
		flood(ctx, stagedoor.Use{Caller: "people", Class: stagedoor.Interactive})
		flood(ctx, stagedoor.Use{Caller: "thirty", Share: 0.3, Class: stagedoor.Interactive})
		flood(ctx, stagedoor.Use{Caller: "backfill", Class: stagedoor.Backfill})
		time.Sleep(50 * time.Second)
		cancel()
		wg.Wait()
		if err := a.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		t.Log(got)
		for caller, want := range map[string]int{"twenty": 400, "thirty": 600, "people": 1000} {
			if n := got[caller]; n < want*95/100 || n > want*105/100 {
				t.Errorf("%s had %d turns, want about %d", caller, n, want)
			}
		}
		if got["backfill"] > 0 {
			t.Errorf("backfill without a share had %d turns beside people's calls that used all", got["backfill"])
		}
	})
}
