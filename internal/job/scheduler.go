package job

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"time"

	"github.com/stagedoor/stagedoor"
)

// ScheduleStore keeps schedules; package store fulfils it.
type ScheduleStore interface {
	Schedules(ctx context.Context) ([]stagedoor.Schedule, error)
	// FireSchedule moves a schedule on and adds runs, both or neither, if due is
	// still its next time.
	FireSchedule(ctx context.Context, name string, due time.Time, edit func(*stagedoor.Schedule) []stagedoor.Run) (bool, error)
	Runs(ctx context.Context, q stagedoor.RunQuery) ([]stagedoor.Run, error)
}

// Scheduler asks for the runs that schedules name.
type Scheduler struct {
	Store ScheduleStore
	NewID func() string    // of a run
	Now   func() time.Time // nil: the clock
	Log   *slog.Logger
	told  map[string]string // by schedule, what was logged last
}

// late is from when a time counts as missed: nobody looked when it came.
const late = time.Minute

// most bounds how many times that passed are counted, and most runs how many are
// asked for to make up for them.
const (
	mostTimes = 100_000
	mostRuns  = 100
)

// Delay is by how much a schedule's runs begin later than its times: always the
// same, so that it can be shown, and spread over the schedules.
func Delay(s stagedoor.Schedule) time.Duration {
	if s.Jitter < time.Second {
		return 0
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(s.ID)) // never fails
	return time.Duration(h.Sum64()%uint64(s.Jitter/time.Second+1)) * time.Second
}

// Tick asks for what is due. A schedule that can not be read any more is logged,
// once, and keeps none of the others from theirs.
func (s *Scheduler) Tick(ctx context.Context) error {
	list, err := s.Store.Schedules(ctx)
	if err != nil {
		return err
	}
	now := time.Now().UTC()
	if s.Now != nil {
		now = s.Now().UTC()
	}
	var errs []error
	for _, c := range list {
		if !c.PausedAt.IsZero() || c.Next.IsZero() || now.Before(c.Next.Add(Delay(c))) {
			continue
		}
		times, err := ParseTimes(c.Cron, c.Zone)
		if err != nil {
			s.tell(c.Name, err)
			continue
		}
		errs = append(errs, s.fire(ctx, c, times, now))
	}
	return errors.Join(errs...)
}

func (s *Scheduler) tell(name string, err error) {
	if s.told == nil {
		s.told = map[string]string{}
	}
	if s.told[name] != err.Error() {
		s.Log.Error("a schedule can not be read", "schedule", name, "error", err)
		s.told[name] = err.Error()
	}
}

// fire asks for the runs of a schedule whose time has come.
func (s *Scheduler) fire(ctx context.Context, c stagedoor.Schedule, times Times, now time.Time) error {
	delay := Delay(c)
	dues := []time.Time{c.Next}
	next := times.Next(c.Next)
	for !next.IsZero() && !next.Add(delay).After(now) {
		if dues = append(dues, next); len(dues) > mostTimes {
			next = times.Next(now)
			break
		}
		next = times.Next(next)
	}
	unfinished, err := s.Store.Runs(ctx, stagedoor.RunQuery{Schedule: c.Name, Unheld: true, Limit: 1, States: []stagedoor.RunState{
		stagedoor.RunQueued, stagedoor.RunRunning, stagedoor.RunInterrupted,
	}})
	if err != nil {
		return err
	}
	_, err = s.Store.FireSchedule(ctx, c.Name, c.Next, func(c *stagedoor.Schedule) []stagedoor.Run {
		c.Next = next
		return s.runs(c, dues, unfinished, delay, now)
	})
	return err
}

// runs are those that a schedule asks for at the times that have come, and those
// that tell of the times without one.
func (s *Scheduler) runs(c *stagedoor.Schedule, dues []time.Time, unfinished []stagedoor.Run, delay time.Duration, now time.Time) []stagedoor.Run {
	newest := dues[len(dues)-1]
	onTime := now.Sub(newest.Add(delay)) <= late
	var ask, missed []time.Time
	switch {
	case c.CatchUp == stagedoor.CatchUpAll:
		ask = dues[max(0, len(dues)-mostRuns):]
		missed = dues[:len(dues)-len(ask)]
	case onTime || c.CatchUp != stagedoor.CatchUpNone:
		ask, missed = dues[len(dues)-1:], dues[:len(dues)-1]
	default:
		missed = dues
	}
	var runs []stagedoor.Run
	if len(missed) > 0 {
		runs = append(runs, s.missed(c, missed, len(ask) > 0, now))
		c.Missed += len(missed)
	}
	if len(unfinished) > 0 && len(ask) == 1 {
		skipped := s.run(c, newest, now)
		before := unfinished[0]
		skipped.ID, skipped.State, skipped.Times = before.ID+"-skipped", stagedoor.RunSkipped, 1
		skipped.EndedAt = now
		skipped.Note = fmt.Sprintf("run %s of the same schedule had not ended (%s)", before.ID, before.State)
		c.Skipped++
		return append(runs, skipped)
	}
	for _, due := range ask {
		run := s.run(c, due, now)
		c.LastRun, c.LastDue = run.ID, due
		runs = append(runs, run)
	}
	return runs
}

func (s *Scheduler) run(c *stagedoor.Schedule, due, now time.Time) stagedoor.Run {
	return stagedoor.Run{
		ID: s.NewID(), CredentialID: c.CredentialID, Credential: c.Credential, Spec: c.Spec, State: stagedoor.RunQueued,
		By: "schedule " + c.Name, Schedule: c.Name, Due: due, CreatedAt: now.Truncate(time.Microsecond),
	}
}

// missed tells of times at which nobody was there.
func (s *Scheduler) missed(c *stagedoor.Schedule, dues []time.Time, caughtUp bool, now time.Time) stagedoor.Run {
	run := s.run(c, dues[len(dues)-1], now)
	run.ID, run.State, run.Times, run.EndedAt = run.ID+"-missed", stagedoor.RunMissed, len(dues), run.CreatedAt
	when := dues[0].Format(time.DateTime)
	if len(dues) > 1 {
		when += " to " + dues[len(dues)-1].Format(time.DateTime)
	}
	run.Note = "no daemon ran, or the machine was asleep, at " + when + " UTC"
	if caughtUp {
		run.Note += "; the run that follows makes up for it"
	}
	return run
}
