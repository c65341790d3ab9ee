package audit

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Store is where a [Log] writes its lines.
type Store interface {
	// AppendAudit writes what compose returns, in one transaction that lets
	// nobody else's rows come between and is on the disk when it returns.
	AppendAudit(ctx context.Context, chain int64, compose func(stagedoor.AuditState) ([]stagedoor.AuditRow, error)) error
}

// Options of a [Log]. The zero value is what a process uses.
type Options struct {
	// Process names the process in the line that opens its chain, for example
	// "stagedoor serve". If empty, "stagedoor".
	Process string
	// Version is the program's.
	Version string
	// Batch is how long a line may wait for others to be written with it. If 0,
	// 100 ms.
	Batch time.Duration
	// Lines is how many lines are written at once at most. If 0, 1,000.
	Lines int
	// Hold is how many lines are kept while the store takes none. If 0, 10,000.
	Hold int
	// Wall tells the time of events that bring none. If nil, time.Now.
	Wall func() time.Time
	// Log is told when the store takes no lines, and when it does again. If nil,
	// nobody is.
	Log *slog.Logger
}

const (
	// patience is how long Record waits for room when Hold is reached.
	patience = 250 * time.Millisecond
	// writing is how long one batch may take. The store itself waits 10 s for
	// other processes.
	writing = 12 * time.Second
	// resting is how long the writer waits after the store refused, at first and
	// at most.
	restingFirst, restingMost = 200 * time.Millisecond, 5 * time.Second
)

// Log is the chain of one process. Its methods may be called at the same time.
type Log struct {
	store Store
	key   seal
	o     Options

	some    chan struct{} // there is something to write
	urge    chan struct{} // write it now
	closing chan struct{}
	closed  chan struct{} // the writer has ended
	stop    context.CancelFunc

	mu      sync.Mutex    // guards what follows
	held    []entry       // not written yet, oldest first
	room    chan struct{} // closed, and made anew, when lines were written
	running bool          // the writer was started
	ending  bool          // Close was called
	gap     gap
	failing error // what the store said last; nil if it wrote

	chain // the writer's alone
}

// entry is a line that waits, and who waits for it.
type entry struct {
	line line
	done chan error // nil: nobody
}

// gap counts lines that were lost since the store took none for too long.
type gap struct {
	lines int64
	since time.Time
}

// Open returns the log of this process. Nothing is written, and no goroutine
// starts, before the first event.
func Open(store Store, key []byte, o Options) *Log {
	if o.Process == "" {
		o.Process = "stagedoor"
	}
	if o.Batch == 0 {
		o.Batch = 100 * time.Millisecond
	}
	if o.Lines == 0 {
		o.Lines = 1000
	}
	if o.Hold == 0 {
		o.Hold = 10000
	}
	if o.Wall == nil {
		o.Wall = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Log{
		store: store, key: key, o: o, room: make(chan struct{}),
		some: make(chan struct{}, 1), urge: make(chan struct{}, 1), closing: make(chan struct{}), closed: make(chan struct{}),
		chain: chain{key: key, process: fmt.Sprintf("%s (process %d)", o.Process, os.Getpid()), version: o.Version},
	}
}

// Record takes an event, which is on the disk within [Options.Batch] if all is
// well, and within a moment after [Log.Close]. An event without a time gets the
// current one. Where the store takes no lines Record keeps [Options.Hold] of them,
// then waits for a quarter of a second, and then counts what it loses: a line that
// says how many follows as soon as the store writes again.
func (l *Log) Record(e stagedoor.Event) { _ = l.take(e, nil) }

// Commit takes an event and returns when it is on the disk. After an error it is
// kept and tried again, as Record would.
func (l *Log) Commit(ctx context.Context, e stagedoor.Event) error {
	done := make(chan error, 1)
	if err := l.take(e, done); err != nil {
		return err
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return &stagedoor.Error{
			Op: "write the audit", Kind: stagedoor.KindInterrupted, Err: ctx.Err(),
			Cause: "it was stopped before the line was written; the line is still kept for writing",
		}
	}
}

func (l *Log) take(e stagedoor.Event, done chan error) error {
	if e.At.IsZero() {
		e.At = l.o.Wall()
	}
	e = normal(e)
	l.waitForRoom()
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.ending:
		l.o.Log.Error("an event came after the audit was closed", "action", e.Action, "actor", e.Actor)
		return &stagedoor.Error{Op: "write the audit", Kind: stagedoor.KindInternal, Cause: "it is closed already"}
	case len(l.held) >= l.o.Hold:
		if l.gap.lines == 0 {
			l.gap.since = e.At
		}
		l.gap.lines++
		return &stagedoor.Error{
			Op: "write the audit", Kind: stagedoor.KindStore, Err: l.failing,
			Cause: fmt.Sprintf("the database takes no lines, and %d wait already; this one is lost, and counted", len(l.held)),
			Fix:   "See why the database can not be written: `stagedoor doctor`.",
		}
	}
	l.held = append(l.held, entry{line{Event: e}, done})
	if !l.running {
		l.running = true
		ctx, stop := context.WithCancel(context.Background())
		l.stop = stop
		go l.write(ctx)
	}
	wake(l.some)
	if done != nil || len(l.held) >= l.o.Lines {
		wake(l.urge)
	}
	return nil
}

// waitForRoom waits for a moment where as many lines are held as may be. Once
// some were lost nobody waits any more: the store is away for longer.
func (l *Log) waitForRoom() {
	l.mu.Lock()
	full, room := len(l.held) >= l.o.Hold && l.gap.lines == 0 && !l.ending, l.room
	l.mu.Unlock()
	if !full {
		return
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-room:
	case <-timer.C:
	}
}

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
