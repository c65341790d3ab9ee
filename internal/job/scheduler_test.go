package job_test

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/job"
	"github.com/stagedoor/stagedoor/internal/job/jobtest"
)

// TestSchedules lets a scheduler live through what days bring.
func TestSchedules(t *testing.T) {
	const nightly = "0 2 * * *"
	type event struct {
		state stagedoor.RunState
		due   string
		times int
	}
	queued := func(due string) event { return event{stagedoor.RunQueued, due, 0} }
	for _, c := range []struct {
		name    string
		cron    string
		catchUp stagedoor.CatchUp
		// away is when no daemon runs, and busy how long a run takes: both from the
		// first time on.
		away, busy time.Duration
		life       time.Duration
		want       []event
		missed     int
		skipped    int
	}{
		{"each night", nightly, stagedoor.CatchUpOnce, 0, 0, 72 * time.Hour, []event{
			queued("2000-01-01 02:00"), queued("2000-01-02 02:00"), queued("2000-01-03 02:00"),
		}, 0, 0},
		{"away for three nights, made up for once", nightly, stagedoor.CatchUpOnce, 60 * time.Hour, 0, 84 * time.Hour, []event{
			{stagedoor.RunMissed, "2000-01-02 02:00", 2}, queued("2000-01-03 02:00"), queued("2000-01-04 02:00"),
		}, 2, 0},
		{"away for three nights, made up for one by one", nightly, stagedoor.CatchUpAll, 60 * time.Hour, 0, 84 * time.Hour, []event{
			queued("2000-01-01 02:00"), queued("2000-01-02 02:00"), queued("2000-01-03 02:00"), queued("2000-01-04 02:00"),
		}, 0, 0},
		{"away for three nights, which are missed", nightly, stagedoor.CatchUpNone, 60 * time.Hour, 0, 84 * time.Hour, []event{
			{stagedoor.RunMissed, "2000-01-03 02:00", 3}, queued("2000-01-04 02:00"),
		}, 3, 0},
		{"away for a moment: that is no miss", nightly, stagedoor.CatchUpNone, 2*time.Hour + 30*time.Second, 0, 12 * time.Hour, []event{
			queued("2000-01-01 02:00"),
		}, 0, 0},
		{"no run beside itself", "0 * * * *", stagedoor.CatchUpOnce, 0, 150 * time.Minute, 4*time.Hour + time.Minute, []event{
			queued("2000-01-01 01:00"), {stagedoor.RunSkipped, "2000-01-01 03:00", 2}, queued("2000-01-01 04:00"),
		}, 0, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := &jobtest.Memory{}
				times, err := job.ParseTimes(c.cron, "UTC")
				if err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				m.AddSchedule(stagedoor.Schedule{
					ID: "id", Name: "nightly", Credential: "acme", Cron: c.cron, Zone: "UTC", CatchUp: c.catchUp, Next: times.Next(began),
					Spec: stagedoor.RunSpec{Streams: []string{"users"}, Into: "warehouse"},
				})
				n := 0
				s := &job.Scheduler{Store: m, Log: slog.New(slog.DiscardHandler), NewID: func() string { n++; return fmt.Sprintf("r-%02d", n) }}
				time.Sleep(c.away)
				for time.Since(began) < c.life {
					if err := s.Tick(t.Context()); err != nil {
						t.Fatal(err)
					}
					list, _ := m.Runs(t.Context(), stagedoor.RunQuery{States: []stagedoor.RunState{stagedoor.RunQueued}})
					for _, r := range list {
						if time.Since(r.CreatedAt) >= c.busy {
							_, _ = m.UpdateRun(t.Context(), r.ID, func(r *stagedoor.Run) error { r.State = stagedoor.RunDone; return nil })
						}
					}
					time.Sleep(time.Second * 10)
				}
				list, _ := m.Runs(t.Context(), stagedoor.RunQuery{})
				slices.SortFunc(list, func(a, b stagedoor.Run) int {
					if c := a.Due.Compare(b.Due); c != 0 {
						return c
					}
					return strings.Compare(a.ID, b.ID)
				})
				var got []event
				for _, r := range list {
					state := r.State
					if state == stagedoor.RunDone {
						state = stagedoor.RunQueued
					}
					got = append(got, event{state, r.Due.Format("2006-01-02 15:04"), r.Times})
				}
				if !slices.Equal(got, c.want) {
					t.Errorf("the runs are %v, want %v", got, c.want)
				}
				all, _ := m.Schedules(t.Context())
				if all[0].Missed != c.missed || all[0].Skipped != c.skipped {
					t.Errorf("%d missed and %d skipped, want %d and %d", all[0].Missed, all[0].Skipped, c.missed, c.skipped)
				}
			})
		})
	}
}

// TestJitter holds that a schedule's delay is always the same, within its bounds,
// and spreads schedules.
func TestJitter(t *testing.T) {
	seen := map[time.Duration]bool{}
	for i := range 100 {
		s := stagedoor.Schedule{ID: fmt.Sprint(i), Jitter: 5 * time.Minute}
		d := job.Delay(s)
		if d < 0 || d > s.Jitter || d != job.Delay(s) {
			t.Errorf("a delay of %s", d)
		}
		seen[d] = true
	}
	if len(seen) < 50 {
		t.Errorf("a hundred schedules have %d delays", len(seen))
	}
	if d := job.Delay(stagedoor.Schedule{ID: "a"}); d != 0 {
		t.Errorf("without jitter the delay is %s", d)
	}
}
