package quota_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/quota"
)

// asleep is a store that a process can not reach for a while.
type asleep struct {
	*shelf
	away atomic.Bool
}

func (s *asleep) UpdateQuota(ctx context.Context, account string, change func([]byte) ([]byte, error)) error {
	if !s.away.Load() {
		return s.shelf.UpdateQuota(ctx, account, change)
	}
	return s.shelf.UpdateQuota(ctx, account, func(text []byte) ([]byte, error) {
		if _, err := change(text); err != nil {
			return nil, err
		}
		return nil, errors.New("the disk is full")
	})
}

func (s *asleep) Quota(ctx context.Context, account string) ([]byte, error) {
	if s.away.Load() {
		return nil, errors.New("the disk is full")
	}
	return s.shelf.Quota(ctx, account)
}

// TestLapsed holds that a process whose lease ran out while it could not reach
// the store does not go on with slots that are another's by then, and says once
// that it waits.
func TestLapsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer("sliding", 40, time.Second, 7)
		s.latency = 150 * time.Millisecond
		store := &shelf{}
		own := &asleep{shelf: store}
		said := 0
		a := quota.Open(quota.Options{
			Provider: perSecond(40), Plan: stagedoor.PlanBusiness, Store: own,
			Notify: func(quota.Event) { said++ },
		})
		b := quota.Open(quota.Options{Provider: perSecond(40), Plan: stagedoor.PlanBusiness, Store: store})
		done := make(chan struct{})
		go func() {
			defer close(done)
			var wg sync.WaitGroup
			for range 100 {
				wg.Go(func() {
					for n := 0; n < 6; {
						turn, err := a.Admit(context.Background(), call(), stagedoor.Use{Class: stagedoor.Backfill})
						if err != nil { // the store is away
							time.Sleep(time.Second)
							continue
						}
						turn.Sent()
						turn.Done(s.call())
						n++
					}
				})
			}
			wg.Wait()
		}()
		time.Sleep(5 * time.Second)
		own.away.Store(true)
		time.Sleep(8 * time.Second)
		other := make(chan struct{})
		go func() {
			defer close(other)
			chains(t, b, s, stagedoor.Use{Class: stagedoor.Backfill}, 100, 600)
		}()
		time.Sleep(5 * time.Second)
		own.away.Store(false)
		<-done
		<-other
		for _, x := range []*quota.Account{a, b} {
			if err := x.Close(context.Background()); err != nil {
				t.Error(err)
			}
		}
		if s.refused > 0 || said != 1 {
			t.Errorf("%d refused, said %d times that the store is away", s.refused, said)
		}
	})
}

// TestFailedExchange holds that slots which were given up in an exchange that
// failed still rest for whoever gets them.
func TestFailedExchange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer("sliding", 40, time.Second, 7)
		s.latency = 150 * time.Millisecond
		store := &shelf{}
		own := &asleep{shelf: store}
		a := quota.Open(quota.Options{Provider: perSecond(40), Plan: stagedoor.PlanBusiness, Store: own})
		b := quota.Open(quota.Options{Provider: perSecond(40), Plan: stagedoor.PlanBusiness, Store: store})
		done := make(chan struct{})
		go func() {
			defer close(done)
			chains(t, a, s, stagedoor.Use{Class: stagedoor.Backfill}, 100, 800)
		}()
		time.Sleep(3 * time.Second)
		other := make(chan struct{})
		go func() {
			defer close(other)
			chains(t, b, s, stagedoor.Use{Class: stagedoor.Backfill}, 100, 400)
		}()
		for range 20 { // now and then, and shorter than a lease
			own.away.Store(true)
			time.Sleep(900 * time.Millisecond)
			own.away.Store(false)
			time.Sleep(300 * time.Millisecond)
		}
		<-done
		<-other
		if err := errors.Join(a.Close(context.Background()), b.Close(context.Background())); err != nil {
			t.Error(err)
		}
		if s.refused > 0 {
			t.Errorf("%d refused", s.refused)
		}
	})
}

// TestClockSetBack holds that a killed process does not keep its part until the
// clock has caught up again.
func TestClockSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &shelf{}
		clock := time.Duration(0)
		open := func() *quota.Account {
			return quota.Open(quota.Options{
				Provider: perSecond(1), Plan: stagedoor.PlanBusiness, Store: store,
				Wall: func() time.Time { return time.Now().Add(clock) },
			})
		}
		a := open()
		turn, err := a.Admit(context.Background(), call(), stagedoor.Use{Class: stagedoor.Backfill})
		if err != nil {
			t.Fatal(err)
		}
		turn.Sent()
		a.Kill()
		clock = -3 * time.Hour
		began := time.Now()
		b := open()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		turn, err = b.Admit(ctx, call(), stagedoor.Use{Class: stagedoor.Backfill})
		if err != nil {
			t.Fatalf("after %s: %v", time.Since(began), err)
		}
		turn.Sent()
		turn.Done(stagedoor.Outcome{})
		if err := b.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
	})
}

// TestReportWhileRunning holds that a report of the running process counts each
// call once, that a call upon objects is one call, and that a list counts for
// each of its objects.
func TestReportWhileRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := perSecond(40)
		limits.ObjectLimits = []stagedoor.ObjectLimit{
			{Name: "changes", Operations: []string{"PUT /x"}, Object: "list.email", PerDay: 2},
			{Name: "groups", Operations: []string{"POST /groups"}, PerDay: 1},
			{Name: "groups", Operations: []string{"POST /groups"}, PerDay: 9, Plan: stagedoor.PlanFree},
		}
		store := &shelf{}
		ctx := context.Background()
		a := quota.Open(quota.Options{Provider: limits, Plan: stagedoor.PlanBusiness, Store: store})
		do := func(method, path, limit string, objects ...string) error {
			turn, err := a.Admit(ctx, stagedoor.Call{
				Operation: stagedoor.Operation{Method: method, Path: path, Label: stagedoor.Heavy},
				Objects:   map[string][]string{limit: objects},
			}, stagedoor.Use{Caller: "api"})
			if err == nil {
				turn.Sent()
				turn.Done(stagedoor.Outcome{})
			}
			return err
		}
		for i, c := range []struct {
			err error
			ok  bool
		}{
			{do("PUT", "/x", "changes", "ada", "bob"), true},
			{do("PUT", "/x", "changes", "ada"), true},
			{do("PUT", "/x", "changes", "cleo", "ada"), false},
			{do("PUT", "/x", "changes", "cleo", "bob"), true},
			{do("POST", "/groups", "groups", ""), true},
			{do("POST", "/groups", "groups", ""), false},
		} {
			if (c.err == nil) != c.ok || !c.ok && stagedoor.KindOf(c.err) != stagedoor.KindDailyQuota {
				t.Errorf("call %d: %v", i+1, c.err)
			}
		}
		check := func(when string) {
			r, err := a.Report(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Lines) != 1 || r.Lines[0].Calls != 4 {
				t.Errorf("%s: %+v, want one line of 4 calls", when, r.Lines)
			}
			for _, d := range r.Days {
				if d.Ahead < 0 {
					t.Errorf("%s: %+v", when, d)
				}
			}
		}
		check("running")
		if err := a.Close(ctx); err != nil {
			t.Fatal(err)
		}
		check("closed")
	})
}

// TestObjectsDoNotPileUp holds that neither the process nor the document keeps
// the days of objects for ever.
func TestObjectsDoNotPileUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := perSecond(40)
		limits.ObjectLimits = []stagedoor.ObjectLimit{{Name: "hosts", Operations: []string{"POST /x"}, Object: "id", PerDay: 9}}
		store := &shelf{}
		ctx := context.Background()
		a := quota.Open(quota.Options{Provider: limits, Plan: stagedoor.PlanBusiness, Store: store})
		for day := range 3 {
			for i := range 100 {
				turn, err := a.Admit(ctx, stagedoor.Call{
					Operation: stagedoor.Operation{Method: "POST", Path: "/x", Label: stagedoor.Heavy},
					Objects:   map[string][]string{"hosts": {fmt.Sprint(day, i)}},
				}, stagedoor.Use{Class: stagedoor.Backfill})
				if err != nil {
					t.Fatal(err)
				}
				turn.Sent()
				turn.Done(stagedoor.Outcome{})
			}
			time.Sleep(24 * time.Hour)
		}
		turn, err := a.Admit(ctx, call(), stagedoor.Use{Class: stagedoor.Backfill})
		if err != nil {
			t.Fatal(err)
		}
		turn.Sent()
		turn.Done(stagedoor.Outcome{})
		time.Sleep(4 * time.Second)
		if n := a.KnownDays(); n > 2 {
			t.Errorf("the process keeps %d days", n)
		}
		if text, _ := store.Quota(ctx, ""); strings.Count(string(text), "hosts") > 100 {
			t.Errorf("the document holds %d days of objects", strings.Count(string(text), "hosts"))
		}
		if err := a.Close(ctx); err != nil {
			t.Fatal(err)
		}
	})
}

// TestDamagedDocument holds that what somebody else wrote is an error or is
// passed over, and never a panic.
func TestDamagedDocument(t *testing.T) {
	for _, text := range []string{`{"parts":{"x":null},"days":{"2000-01-01":null},"later":[1]}`, `{"parts":7}`, `[`, `null`} {
		synctest.Test(t, func(t *testing.T) {
			a := quota.Open(quota.Options{Provider: perSecond(40), Plan: stagedoor.PlanBusiness, Store: &shelf{text: []byte(text)}})
			turn, err := a.Admit(context.Background(), call(), stagedoor.Use{})
			if err == nil {
				turn.Sent()
				turn.Done(stagedoor.Outcome{})
			} else if stagedoor.KindOf(err) != stagedoor.KindStore {
				t.Errorf("%s gave %v", text, err)
			}
			if _, report := a.Report(context.Background()); (report == nil) != (err == nil) {
				t.Errorf("%s: a report gives %v, a call %v", text, report, err)
			}
			_ = a.Close(context.Background())
		})
	}
}

// TestTakingTurns holds that of several processes at one call a second none
// starves, and nothing is refused.
func TestTakingTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer("sliding", 1, time.Second, 7)
		s.latency = 150 * time.Millisecond
		store := &shelf{}
		ctx, cancel := context.WithCancel(context.Background())
		var turns [3]atomic.Int64
		var wg sync.WaitGroup
		for i := range turns {
			wg.Go(func() {
				a := quota.Open(quota.Options{Provider: perSecond(1), Plan: stagedoor.PlanBusiness, Store: store})
				for ctx.Err() == nil {
					turn, err := a.Admit(ctx, call(), stagedoor.Use{Class: stagedoor.Backfill})
					if err != nil {
						continue
					}
					turn.Sent()
					turn.Done(s.call())
					turns[i].Add(1)
				}
				if err := a.Close(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		time.Sleep(3 * time.Minute)
		cancel()
		wg.Wait()
		sum := int64(0)
		for i := range turns {
			n := turns[i].Load()
			sum += n
			if n < 30 { // an even share is 60
				t.Errorf("process %d had %d turns in three minutes", i+1, n)
			}
		}
		t.Logf("%d turns in 180 s, %d refused", sum, s.refused)
		if sum < 120 || s.refused > 0 {
			t.Errorf("%d turns in 180 s, %d refused", sum, s.refused)
		}
	})
}

// TestUnderWayAtMidnight holds that a call which left before midnight and came
// there after it finds room in the new day, whoever takes the rest of it, and
// whether or not the process that made it lives to tell.
func TestUnderWayAtMidnight(t *testing.T) {
	for _, killed := range []bool{true, false} {
		t.Run(fmt.Sprintf("killed %t", killed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				limits := provider(stagedoor.RateLimit{Label: stagedoor.Heavy, Plan: stagedoor.PlanBusiness, PerSecond: 60, PerDay: 20})
				s := newServer("sliding", 60, time.Second, 7)
				s.latency, s.daily = 200*time.Millisecond, 20
				store := &shelf{}
				open := func() *quota.Account {
					return quota.Open(quota.Options{Provider: limits, Plan: stagedoor.PlanBusiness, Store: store})
				}
				late, next := open(), open()
				time.Sleep(time.Until(stagedoor.DayOf(time.Now()).AddDate(0, 0, 1)) - 10*time.Millisecond)
				turn, err := late.Admit(t.Context(), call(), stagedoor.Use{})
				if err != nil {
					t.Fatal(err)
				}
				turn.Sent()
				var wg sync.WaitGroup
				wg.Go(func() {
					if out := s.call(); !killed {
						turn.Done(out)
					}
				})
				if killed {
					late.Kill()
				}
				time.Sleep(20 * time.Millisecond)
				for range 30 {
					wg.Go(func() {
						turn, err := next.Admit(t.Context(), call(), stagedoor.Use{Class: stagedoor.Backfill})
						if err == nil {
							turn.Sent()
							turn.Done(s.call())
						}
					})
				}
				wg.Wait()
				if err := next.Close(t.Context()); err != nil {
					t.Error(err)
				}
				if !killed {
					if err := late.Close(t.Context()); err != nil {
						t.Error(err)
					}
				}
				if s.daysOut > 0 || s.refused > 0 {
					t.Errorf("the server refused %d by the day and %d by the second", s.daysOut, s.refused)
				}
			})
		})
	}
}
