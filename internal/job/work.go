package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Attempt is one go at a run, by the process that claimed it.
type Attempt struct {
	Engine Follower
	Run    stagedoor.Run // as it was claimed
	// Progress says how far it is, as JSON; nil or nothing: not known yet. It is
	// asked every now and then, from another goroutine.
	Progress func() json.RawMessage
	// Foreground tells that a person waits for it: an end by a signal is theirs, and
	// an error is not tried again.
	Foreground bool
	Log        *slog.Logger // nil: nobody
}

// cancelled is why the context of a run ended that somebody cancelled.
type cancelled struct{ by string }

func (c cancelled) Error() string { return "the run was cancelled by " + c.by }

// errTaken is why the context of a run ended that another process took up, since
// this one gave no sign of life for long.
var errTaken = errors.New("another process has taken the run up")

// keepEvery is how often slices that ended are written down, and keepMost how many
// of them in one transaction.
const (
	keepEvery = 500 * time.Millisecond
	keepMost  = 200
)

// Work does the run: it gives signs of life while do works, has do's context end
// when somebody cancels the run or has taken it up, and notes how it ended. do
// tells of each slice, after the destination's commit, through its second argument.
// The error is do's, in the words of what happened to the run.
func (a Attempt) Work(ctx context.Context, do func(context.Context, func(stream string, slice stagedoor.SliceReport)) (stagedoor.Receipt, error)) (stagedoor.Receipt, error) {
	if a.Log == nil {
		a.Log = slog.New(slog.DiscardHandler)
	}
	working, end := context.WithCancelCause(ctx)
	defer end(nil)
	done := make(chan struct{})
	kept := &keeper{attempt: a}
	var beside sync.WaitGroup
	beside.Go(func() { a.watch(working, end, done) })
	beside.Go(func() { kept.keep(done) })
	receipt, err := func() (stagedoor.Receipt, error) {
		defer beside.Wait()
		defer close(done) // also where do breaks: a run that nobody works on gives no sign of life
		return do(working, kept.add)
	}()
	return a.finish(ctx, working, receipt, err)
}

// watch gives signs of life, and ends the work where it should end.
func (a Attempt) watch(ctx context.Context, end context.CancelCauseFunc, done <-chan struct{}) {
	ticks := time.NewTicker(lookEvery)
	defer ticks.Stop()
	// A context that has ended is no reason to give no sign of life: what is being
	// written is brought to its end.
	ctx = context.WithoutCancel(ctx)
	for beat := time.Duration(0); ; {
		select {
		case <-done:
			return
		case <-ticks.C:
		}
		lease, err := a.Engine.Lease(ctx, a.Run.ID)
		switch {
		case err != nil:
			a.Log.Warn("the run could not be looked after", "run", a.Run.ID, "error", err)
		case lease.Attempts != a.Run.Attempts:
			end(errTaken)
			return
		case !lease.CancelAt.IsZero():
			end(cancelled{lease.CancelBy})
		}
		if beat += lookEvery; beat < HeartbeatEvery {
			continue
		}
		beat = 0
		if err := a.Engine.Beat(ctx, a.Run, a.progress()); err != nil {
			a.Log.Warn("a sign of life of the run could not be written", "run", a.Run.ID, "error", err)
		}
	}
}

func (a Attempt) progress() json.RawMessage {
	if a.Progress == nil {
		return nil
	}
	return a.Progress()
}

// finishing is how long the last word on a run may take.
const finishing = 15 * time.Second

// finish notes how the attempt ended.
func (a Attempt) finish(ctx, working context.Context, receipt stagedoor.Receipt, err error) (stagedoor.Receipt, error) {
	run := a.Run
	run.Progress = a.progress()
	cause := context.Cause(working)
	by, isCancelled := errors.AsType[cancelled](cause)
	switch {
	case errors.Is(cause, errTaken):
		return receipt, &stagedoor.Error{
			Op: "sync", Subject: "run " + run.ID, Kind: stagedoor.KindConflict, Err: err,
			Cause: "another process has taken the run up, since this one gave no sign of life for long (was the machine asleep?); what was done is kept",
			Fix:   "See how it goes on with `stagedoor run show " + run.ID + "`.",
		}
	case err == nil:
		run.State = stagedoor.RunDone
	case isCancelled:
		run.State, run.Note = stagedoor.RunCancelled, "cancelled by "+by.by
		err = &stagedoor.Error{
			Op: "sync", Subject: "run " + run.ID, Kind: stagedoor.KindInterrupted, Err: err,
			Cause: "it was cancelled by " + by.by + "; what was done is kept",
			Fix:   "`stagedoor run resume " + run.ID + "` goes on after the last slice that was written.",
		}
	case stagedoor.KindOf(err) == stagedoor.KindPartial:
		run.State = stagedoor.RunPartial
	case ctx.Err() != nil || stagedoor.KindOf(err) == stagedoor.KindInterrupted:
		run.State, run.Held = stagedoor.RunInterrupted, a.Foreground
		run.Note = "the daemon was stopped; the next one goes on with it"
		if a.Foreground {
			run.Note = "whoever began it stopped it"
		}
	default:
		run.State = stagedoor.RunFailed
		a.again(&run, err)
	}
	if err != nil {
		notice := stagedoor.NoticeOf(err)
		run.Error = &notice
	}
	receipt.State = string(run.State)
	run.Receipt = short(receipt)
	noting, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishing)
	defer cancel()
	if _, failed := a.Engine.Finish(noting, run); failed != nil {
		a.Log.Warn("how the run ended could not be noted; it will be shown as interrupted", "run", run.ID, "error", failed)
	}
	return receipt, err
}

// retries are how long a run in the daemon waits after an error that may pass by
// itself, by how many attempts in a row wrote no slice.
var retries = [giveUpAfter]time.Duration{time.Minute, time.Minute, 5 * time.Minute}

// again has a run wait that failed for a reason which may pass by itself.
func (a Attempt) again(run *stagedoor.Run, err error) {
	if a.Foreground || !stagedoor.KindOf(err).Row().Retry {
		return
	}
	lease, reading := a.Engine.Lease(context.Background(), run.ID)
	if reading != nil || lease.Idle >= giveUpAfter {
		return
	}
	run.State, run.NotBefore = stagedoor.RunInterrupted, time.Now().UTC().Add(retries[lease.Idle])
	if e, ok := errors.AsType[*stagedoor.Error](err); ok && e.RetryAt.After(run.NotBefore) {
		run.NotBefore = e.RetryAt.UTC()
	}
	run.Note = fmt.Sprintf("what it fell on may pass by itself: it goes on at %s UTC", run.NotBefore.Format(time.DateTime))
}

// short is a receipt without its slices, which are kept one by one.
func short(receipt stagedoor.Receipt) *stagedoor.Receipt {
	streams := make([]stagedoor.StreamReport, len(receipt.Streams))
	copy(streams, receipt.Streams)
	for i := range streams {
		streams[i].Slices = nil
	}
	receipt.Streams = streams
	return &receipt
}

// keeper writes down how slices ended, some at a time: a run has thousands of
// them, and each write waits for the disk.
type keeper struct {
	attempt Attempt
	mu      sync.Mutex
	waiting []stagedoor.RunSlice // guarded by mu
}

func (k *keeper) add(stream string, report stagedoor.SliceReport) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.waiting = append(k.waiting, stagedoor.RunSlice{At: time.Now().UTC(), Stream: stream, SliceReport: report})
}

// keep writes until the work is done, and then what is left.
func (k *keeper) keep(done <-chan struct{}) {
	ticks := time.NewTicker(keepEvery)
	defer ticks.Stop()
	for {
		select {
		case <-done:
			k.write()
			return
		case <-ticks.C:
			k.write()
		}
	}
}

func (k *keeper) write() {
	k.mu.Lock()
	slices := k.waiting
	k.waiting = nil
	k.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), finishing)
	defer cancel()
	for len(slices) > 0 {
		some := slices[:min(len(slices), keepMost)]
		slices = slices[len(some):]
		if err := k.attempt.Engine.KeepSlices(ctx, k.attempt.Run.ID, some); err != nil {
			// The copy is for show; the destination has the checkpoints.
			k.attempt.Log.Warn("how slices ended could not be kept", "run", k.attempt.Run.ID, "slices", len(some), "error", err)
		}
	}
}
