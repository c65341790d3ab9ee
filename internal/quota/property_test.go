package quota_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/quota"
)

// story is one random afternoon of an account.
type story struct {
	counting  string
	perSecond int
	perDay    int
	latency   time.Duration
	jitter    time.Duration
	until     time.Duration // midnight, from when it begins
	processes []process
	seed      uint64
}

// process calls for a while and ends, or is killed.
type process struct {
	begins, calls time.Duration
	killed        bool
	callers       []stagedoor.Use
	width         int // calls at once for each caller
}

func stories(t *rapid.T) story {
	s := story{
		counting:  rapid.SampledFrom([]string{"fixed", "sliding", "bucket"}).Draw(t, "counting"),
		perSecond: rapid.IntRange(1, 60).Draw(t, "requests a second"),
		perDay:    rapid.SampledFrom([]int{0, 30, 300, 3000}).Draw(t, "requests a day"),
		latency:   time.Duration(rapid.IntRange(1, 400).Draw(t, "latency ms")) * time.Millisecond,
		jitter:    time.Duration(rapid.IntRange(0, 30).Draw(t, "jitter ms")) * time.Millisecond,
		until:     time.Duration(rapid.IntRange(1, 60).Draw(t, "seconds until midnight")) * time.Second,
		seed:      rapid.Uint64().Draw(t, "seed"),
	}
	shares := 1.0
	for i := range rapid.IntRange(1, 4).Draw(t, "processes") {
		p := process{
			begins: time.Duration(rapid.IntRange(0, 10_000).Draw(t, "begins ms")) * time.Millisecond,
			calls:  time.Duration(rapid.IntRange(1, 25_000).Draw(t, "calls for ms")) * time.Millisecond,
			killed: rapid.Bool().Draw(t, "killed"),
			width:  rapid.IntRange(1, 40).Draw(t, "calls at once"),
		}
		for j := range rapid.IntRange(1, 3).Draw(t, "callers") {
			use := stagedoor.Use{Caller: fmt.Sprintf("caller %d of %d", j, i), Class: stagedoor.Backfill}
			if rapid.Bool().Draw(t, "interactive") {
				use.Class = stagedoor.Interactive
			}
			if rapid.Bool().Draw(t, "has a share") {
				use.Share = shares / 4
				shares -= use.Share
			}
			p.callers = append(p.callers, use)
		}
		s.processes = append(s.processes, p)
	}
	return s
}

// TestNeverTooMuch holds for random plans, loads, shares, kills and days: the
// server refuses nothing, no caller with a share starves, and the ledger says
// what the server counted, or more by what the killed had taken ahead.
func TestNeverTooMuch(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := stories(rt)
		var wrong []string
		synctest.Test(t, func(t *testing.T) { wrong = s.play(t) })
		for _, what := range wrong {
			rt.Error(what)
		}
	})
}

func (s story) play(t *testing.T) []string {
	limits := provider(stagedoor.RateLimit{Label: stagedoor.Heavy, Plan: stagedoor.PlanBusiness, PerSecond: s.perSecond, PerDay: s.perDay})
	zoom := newServer(s.counting, s.perSecond, time.Second, s.seed)
	zoom.latency, zoom.jitter, zoom.daily = s.latency, s.jitter, s.perDay
	store := &shelf{}
	time.Sleep(time.Until(stagedoor.DayOf(time.Now()).AddDate(0, 0, 1)) - s.until)
	var mu sync.Mutex
	turns := map[string]int{}
	var wrong []string
	var wg sync.WaitGroup
	for _, p := range s.processes {
		wg.Go(func() {
			time.Sleep(p.begins)
			own := &mortal{shelf: store}
			a := quota.Open(quota.Options{Provider: limits, Plan: stagedoor.PlanBusiness, Store: own})
			ctx, cancel := context.WithCancel(context.Background())
			var calls sync.WaitGroup
			for _, use := range p.callers {
				for range p.width {
					calls.Go(func() {
						for ctx.Err() == nil {
							turn, err := a.Admit(ctx, call(), use)
							switch stagedoor.KindOf(err) {
							case stagedoor.KindRateLimited:
								continue
							case stagedoor.KindDailyQuota:
								return
							}
							if err != nil {
								return
							}
							turn.Sent()
							out := zoom.call()
							turn.Done(out)
							mu.Lock()
							turns[use.Caller]++
							mu.Unlock()
						}
					})
				}
			}
			time.Sleep(p.calls)
			if p.killed {
				own.dead.Store(true)
				a.Kill()
				cancel()
				calls.Wait()
				return
			}
			cancel()
			calls.Wait()
			if err := a.Close(context.Background()); err != nil {
				mu.Lock()
				wrong = append(wrong, err.Error())
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if zoom.refused > 0 || zoom.daysOut > 0 {
		wrong = append(wrong, fmt.Sprintf("the server refused %d by the second and %d by the day", zoom.refused, zoom.daysOut))
	}
	time.Sleep(10 * time.Second) // leases end
	judge := quota.Open(quota.Options{Provider: limits, Plan: stagedoor.PlanBusiness, Store: store})
	ledger, err := judge.Ledger(context.Background())
	if err != nil {
		return append(wrong, err.Error())
	}
	for date, counted := range zoom.byDay {
		l := ledger[date]
		// Calls under way at midnight count on both days, and what the killed
		// had out counts in full.
		if s.perDay > 0 && l.Used < counted {
			wrong = append(wrong, fmt.Sprintf("%s: the ledger has %d, the server counted %d", date, l.Used, counted))
		}
		killed := false
		for _, p := range s.processes {
			killed = killed || p.killed
		}
		if !killed && len(zoom.byDay) == 1 && l.Used != counted {
			wrong = append(wrong, fmt.Sprintf("%s: the ledger has %d, the server counted %d, and nobody was killed", date, l.Used, counted))
		}
	}
	return wrong
}

// mortal is a store that a process can not reach any more after it was killed.
type mortal struct {
	*shelf
	dead atomic.Bool
}

func (m *mortal) UpdateQuota(ctx context.Context, account string, change func([]byte) ([]byte, error)) error {
	if m.dead.Load() {
		return context.Canceled
	}
	return m.shelf.UpdateQuota(ctx, account, change)
}
