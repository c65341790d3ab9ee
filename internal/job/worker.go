package job

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Worker takes up runs that wait, some at a time. Its fields are set before the
// first use.
type Worker struct {
	Queue Queue
	Self  stagedoor.Process
	// Do works on a run that was claimed until it ends, is cancelled, or ctx ends,
	// and has noted how (see [Attempt]).
	Do func(ctx context.Context, run stagedoor.Run)
	// Can says why a run can not be taken up here; "" where it can.
	Can   func(ctx context.Context, run stagedoor.Run) string
	Most  int                             // runs at once
	Tick  func(ctx context.Context) error // what else is to be done every now and then; nil: nothing
	Log   *slog.Logger
	woken chan struct{}

	mu      sync.Mutex
	running map[string]stagedoor.Run // guarded by mu
	failed  error                    // of the last look; guarded by mu
	once    sync.Once
}

func (w *Worker) prepare() {
	w.once.Do(func() { w.woken, w.running = make(chan struct{}, 1), map[string]stagedoor.Run{} })
}

// Wake has the worker look at once.
func (w *Worker) Wake() {
	w.prepare()
	select {
	case w.woken <- struct{}{}:
	default: // it is about to look
	}
}

// Failed returns why the last look at the queue failed; nil if it did not.
func (w *Worker) Failed() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.failed
}

// Run works until ctx ends, and returns when the runs have ended that it began:
// their contexts end with it, and each stops where nothing is half done.
func (w *Worker) Run(ctx context.Context) {
	w.prepare()
	var busy sync.WaitGroup
	defer busy.Wait()
	ticks := time.NewTicker(lookEvery)
	defer ticks.Stop()
	for ctx.Err() == nil {
		err := w.look(ctx, &busy)
		if ctx.Err() != nil {
			return
		}
		w.note(err)
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		case <-w.woken:
		}
	}
}

// note keeps the error of a look, and logs the first of several.
func (w *Worker) note(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil && w.failed == nil {
		w.Log.Warn("runs and schedules could not be looked through", "error", err)
	}
	w.failed = err
}

// look takes up what waits, as far as there is room.
func (w *Worker) look(ctx context.Context, busy *sync.WaitGroup) error {
	if w.Tick != nil {
		if err := w.Tick(ctx); err != nil {
			return err
		}
	}
	waiting, err := w.Queue.Waiting(ctx)
	if err != nil {
		return err
	}
	for _, run := range waiting {
		if ctx.Err() != nil {
			return nil // what this worker has just let go is the next one's
		}
		if !w.room(run) {
			continue
		}
		if why := w.Can(ctx, run); why != "" {
			if why != run.Note {
				if err := w.Queue.Explain(ctx, run.ID, why); err != nil {
					return err
				}
			}
			continue
		}
		claimed, ok, err := w.Queue.Claim(ctx, run, w.Self)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		w.mu.Lock()
		w.running[claimed.ID] = claimed
		w.mu.Unlock()
		busy.Go(func() {
			defer w.Wake() // there is room now
			defer w.ended(claimed)
			defer func() {
				if broken := recover(); broken != nil {
					w.broke(ctx, claimed, broken)
				}
			}()
			w.Do(ctx, claimed)
		})
	}
	return nil
}

// broke notes a defect: the daemon lives on, for it has other things to do.
func (w *Worker) broke(ctx context.Context, run stagedoor.Run, defect any) {
	w.Log.Error("a run broke", "run", run.ID, "error", fmt.Sprint(defect), "stack", string(debug.Stack()))
	run.State = stagedoor.RunFailed
	run.Error = &stagedoor.Notice{
		Kind: stagedoor.KindInternal, Cause: "a defect of Stagedoor ended it: " + fmt.Sprint(defect),
		Fix: "The daemon's log has the place. `stagedoor run resume " + run.ID + "` tries it again; what was done is kept.",
	}
	if _, err := w.Queue.Finish(context.WithoutCancel(ctx), run); err != nil {
		w.Log.Warn("how the run ended could not be noted", "run", run.ID, "error", err)
	}
}

func (w *Worker) ended(run stagedoor.Run) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.running, run.ID)
}

// room reports whether a run may begin now: there are not too many, and none of
// its own schedule's.
func (w *Worker) room(run stagedoor.Run) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.running) >= w.Most {
		return false
	}
	for _, other := range w.running {
		if run.Schedule != "" && other.Schedule == run.Schedule {
			return false
		}
	}
	return true
}
