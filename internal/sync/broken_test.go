package sync

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/stagedoor/stagedoor"
)

// faulty is a place of which one call, by its number, breaks or ends the run.
type faulty struct {
	*shelf
	calls *atomic.Int64
	at    int64
	fault func() error
}

func (f *faulty) call() error {
	if f.calls.Add(1) == f.at {
		return f.fault()
	}
	return nil
}

func (f *faulty) Begin(ctx context.Context, s stagedoor.Stream, slice stagedoor.Slice, run string) (stagedoor.SliceWriter, error) {
	if err := f.call(); err != nil {
		return nil, err
	}
	w, err := f.shelf.Begin(ctx, s, slice, run)
	return faultyWriter{w, f}, err
}

func (f *faulty) Parts(ctx context.Context, s stagedoor.Stream, params string) ([]string, error) {
	if err := f.call(); err != nil {
		return nil, err
	}
	return f.shelf.Parts(ctx, s, params)
}

type faultyWriter struct {
	stagedoor.SliceWriter
	place *faulty
}

func (w faultyWriter) Write(ctx context.Context, r stagedoor.Record) error {
	if err := w.place.call(); err != nil {
		return err
	}
	return w.SliceWriter.Write(ctx, r)
}

func (w faultyWriter) Commit(ctx context.Context, c stagedoor.Checkpoint, gone bool) (stagedoor.Written, error) {
	if err := w.place.call(); err != nil {
		return stagedoor.Written{}, err
	}
	return w.SliceWriter.Commit(ctx, c, gone)
}

// TestEachCallBreaks holds that a run comes to its end whichever call at the
// place fails or stops it, and leaves no slice open: slices wait for those with
// earlier days, and for parents that may never come. A goroutine that waits for
// ever is what a bubble panics of.
func TestEachCallBreaks(t *testing.T) {
	lists := [][]stagedoor.Stream{{attendance, people}, {members, badges, groups}, {people}, world}
	for i, streams := range lists {
		for kind, fault := range map[string]error{
			"place": &stagedoor.Error{Kind: stagedoor.KindDestination, Cause: "full"},
			"odd":   errors.New("odd"),
			"stop":  nil,
		} {
			for at := int64(1); at < 10_000; at += 1 + at/12 {
				over := false
				inBubble(t, func(t *testing.T, p *provider, place *shelf, e *Engine) {
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					f := &faulty{shelf: place, calls: &atomic.Int64{}, at: at, fault: func() error { cancel(); return fault }}
					if kind != "stop" {
						f.fault = func() error { return fault }
					}
					made := plan(t, e, Job{Run: "r", Streams: streams})
					e.Destination = f
					_, err := e.Run(ctx, made)
					over = f.calls.Load() < at
					if over == (err != nil) && kind != "stop" || place.open != 0 {
						t.Errorf("list %d, %s at call %d of %d: %v, %d open", i, kind, at, f.calls.Load(), err, place.open)
					}
				})
				if over {
					break
				}
			}
		}
	}
}
