package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/stagedoor/stagedoor"
)

// RunStore keeps the rows of [Rows]; package store fulfils it.
type RunStore interface {
	AddRun(ctx context.Context, r stagedoor.Run) error
	Runs(ctx context.Context, q stagedoor.RunQuery) ([]stagedoor.Run, error)
	// UpdateRun lets nobody else's change come between reading and writing.
	UpdateRun(ctx context.Context, id string, edit func(*stagedoor.Run) error) (stagedoor.Run, error)
	RunLease(ctx context.Context, id string) (stagedoor.RunLease, error)
	AddRunSlices(ctx context.Context, id string, slices []stagedoor.RunSlice) error
}

// Rows is the engine of one machine.
type Rows struct {
	Store RunStore
	Self  stagedoor.Process
	Began time.Time          // when Self did
	Now   func() time.Time   // nil: the clock
	Alive func(pid int) bool // whether there is such a process; nil: asks the system
}

var (
	_ Queue    = (*Rows)(nil)
	_ Follower = (*Rows)(nil)
)

// giveUpAfter is how many attempts in a row that wrote no slice end the taking up.
const giveUpAfter = 3

// pauses are how long a run that was left behind waits, by how many attempts in a
// row wrote no slice: what kills its process may kill the next.
var pauses = [giveUpAfter]time.Duration{0, time.Second, time.Minute}

// errOther ends an edit of a row that is not, or no more, what it was taken for.
var errOther = errors.New("the run is another's, or waits no more")

func (q *Rows) now() time.Time {
	if q.Now != nil {
		return q.Now().UTC().Truncate(time.Microsecond)
	}
	return time.Now().UTC().Truncate(time.Microsecond)
}

func (q *Rows) alive(pid int) bool {
	if q.Alive != nil {
		return q.Alive(pid)
	}
	return alive(pid)
}

// Enqueue puts in a run.
func (q *Rows) Enqueue(ctx context.Context, run stagedoor.Run) error {
	run.State = stagedoor.RunQueued
	if run.CreatedAt.IsZero() {
		run.CreatedAt = q.now()
	}
	if run.Process.ID != "" {
		q.begin(&run, run.Process)
	}
	return q.Store.AddRun(ctx, run)
}

// begin makes a run the process's.
func (q *Rows) begin(run *stagedoor.Run, process stagedoor.Process) {
	run.State, run.Process = stagedoor.RunRunning, process
	run.StartedAt = q.now()
	run.Heartbeat, run.EndedAt, run.NotBefore = run.StartedAt, time.Time{}, time.Time{}
	run.CancelAt, run.CancelBy = time.Time{}, ""
	run.Held, run.Note, run.Error, run.Progress = false, "", nil, nil
	run.Attempts++
	run.Idle++ // until it writes a slice
}

// claimable reports whether somebody may take a run up.
func claimable(run stagedoor.Run) bool {
	return run.State == stagedoor.RunQueued || run.State == stagedoor.RunInterrupted && !run.Held
}

// Claim makes a run that waits the process's.
func (q *Rows) Claim(ctx context.Context, run stagedoor.Run, process stagedoor.Process) (stagedoor.Run, bool, error) {
	claimed, err := q.Store.UpdateRun(ctx, run.ID, func(r *stagedoor.Run) error {
		if !claimable(*r) || r.Attempts != run.Attempts {
			return errOther
		}
		q.begin(r, process)
		return nil
	})
	return claimed, err == nil, other(err)
}

// Beat gives a sign of life.
func (q *Rows) Beat(ctx context.Context, run stagedoor.Run, progress json.RawMessage) error {
	_, err := q.Store.UpdateRun(ctx, run.ID, func(r *stagedoor.Run) error {
		if !own(*r, run) {
			return errOther
		}
		r.Heartbeat, r.Progress = q.now(), progress
		return nil
	})
	return other(err)
}

// own reports whether a row is still that of the attempt.
func own(row, attempt stagedoor.Run) bool {
	return row.State == stagedoor.RunRunning && row.Attempts == attempt.Attempts && row.Process.ID == attempt.Process.ID
}

// Finish says how an attempt ended.
func (q *Rows) Finish(ctx context.Context, run stagedoor.Run) (bool, error) {
	_, err := q.Store.UpdateRun(ctx, run.ID, func(r *stagedoor.Run) error {
		if !own(*r, run) {
			return errOther
		}
		r.State, r.Receipt, r.Error, r.NotBefore, r.Held, r.Note = run.State, run.Receipt, run.Error, run.NotBefore, run.Held, run.Note
		r.EndedAt = q.now()
		r.Heartbeat = r.EndedAt
		if run.Progress != nil {
			r.Progress = run.Progress
		}
		return nil
	})
	return err == nil, other(err)
}

// Cancel asks for a run's end.
func (q *Rows) Cancel(ctx context.Context, id, by string) (stagedoor.Run, error) {
	return q.Store.UpdateRun(ctx, id, func(r *stagedoor.Run) error {
		if r.Ended() && !(r.State == stagedoor.RunInterrupted) {
			return &stagedoor.Error{
				Op: "cancel a run", Subject: "run " + r.ID, Kind: stagedoor.KindConflict,
				Cause: "it has ended already: " + string(r.State), Fix: "See `stagedoor run show " + r.ID + "`.",
			}
		}
		r.CancelAt, r.CancelBy = q.now(), by
		if claimable(*r) || r.State == stagedoor.RunInterrupted || q.lost(*r, q.now()) {
			r.State, r.EndedAt, r.NotBefore, r.Held, r.Note = stagedoor.RunCancelled, r.CancelAt, time.Time{}, false, "cancelled by "+by
		}
		return nil
	})
}

// Resume lets a run that ended before it was done wait again, for whoever claims
// it, also one that a person stopped. With here it is this process's at once, also
// one that waits already.
func (q *Rows) Resume(ctx context.Context, id string, here bool) (stagedoor.Run, error) {
	return q.Store.UpdateRun(ctx, id, func(r *stagedoor.Run) error {
		if q.lost(*r, q.now()) {
			q.leave(r)
		}
		switch {
		case r.State == stagedoor.RunRunning, r.State == stagedoor.RunDone, r.State == stagedoor.RunQueued && !here:
			return &stagedoor.Error{
				Op: "resume a run", Subject: "run " + r.ID, Kind: stagedoor.KindConflict,
				Cause: "there is nothing to resume: it is " + string(r.State), Fix: "See `stagedoor run show " + r.ID + "`.",
			}
		}
		r.State, r.NotBefore, r.EndedAt, r.Held, r.Idle = stagedoor.RunQueued, time.Time{}, time.Time{}, false, 0
		r.CancelAt, r.CancelBy, r.Note, r.Times = time.Time{}, "", "", 0
		if here {
			q.begin(r, q.Self)
		}
		return nil
	})
}

// leave notes a run that its process left behind as interrupted, and when it may
// be taken up.
func (q *Rows) leave(r *stagedoor.Run) {
	r.State, r.EndedAt = stagedoor.RunInterrupted, r.Heartbeat
	r.Note = fmt.Sprintf("the %s ended without a word; its last sign of life was at %s UTC", who(r.Process), r.Heartbeat.Format(time.DateTime))
	switch {
	case r.Spec.Into == "":
		r.Held = true
		r.Note += ". Its rows went to a screen or a pipe, so that nobody can go on with it: run the command again"
	case r.Idle >= giveUpAfter:
		r.Held = true
		r.Note += fmt.Sprintf(". The last %d attempts wrote no slice, so that nobody takes it up by itself any more", r.Idle)
	default:
		r.NotBefore = q.now().Add(pauses[r.Idle])
	}
}

// Waiting returns the runs that somebody may claim now, the oldest first.
func (q *Rows) Waiting(ctx context.Context) ([]stagedoor.Run, error) {
	list, err := q.Store.Runs(ctx, stagedoor.RunQuery{Unheld: true, States: []stagedoor.RunState{stagedoor.RunQueued, stagedoor.RunRunning, stagedoor.RunInterrupted}})
	if err != nil {
		return nil, err
	}
	now := q.now()
	var waiting []stagedoor.Run
	for _, run := range list {
		if q.lost(run, now) {
			run, err = q.Store.UpdateRun(ctx, run.ID, func(r *stagedoor.Run) error {
				if r.CancelAt.IsZero() && r.Process == run.Process && q.lost(*r, now) {
					q.leave(r)
					return nil
				}
				if q.lost(*r, now) { // whoever was asked to end it is gone
					r.State, r.EndedAt, r.Note = stagedoor.RunCancelled, q.now(), "cancelled by "+r.CancelBy
					return nil
				}
				return errOther
			})
			if errors.Is(err, errOther) {
				continue
			}
			if err != nil {
				return nil, err
			}
		}
		if claimable(run) && run.Spec.Into != "" && !run.NotBefore.After(now) {
			waiting = append(waiting, run)
		}
	}
	slices.Reverse(waiting)
	return waiting, nil
}

// Explain keeps why a run that waits is not taken up here.
func (q *Rows) Explain(ctx context.Context, id, note string) error {
	_, err := q.Store.UpdateRun(ctx, id, func(r *stagedoor.Run) error {
		if !claimable(*r) {
			return errOther
		}
		r.Note = note
		return nil
	})
	return other(err)
}

// Lease tells whether the run is still the process's.
func (q *Rows) Lease(ctx context.Context, id string) (stagedoor.RunLease, error) {
	return q.Store.RunLease(ctx, id)
}

// KeepSlices keeps how slices ended.
func (q *Rows) KeepSlices(ctx context.Context, id string, slices []stagedoor.RunSlice) error {
	return q.Store.AddRunSlices(ctx, id, slices)
}

// Shown is a run as it is, where its row only says what its process said last.
func (q *Rows) Shown(run stagedoor.Run) stagedoor.Run {
	if q.lost(run, q.now()) {
		q.leave(&run)
	}
	return run
}

// other takes away the error that says a row was another's: the result says it.
func other(err error) error {
	if errors.Is(err, errOther) {
		return nil
	}
	return err
}
