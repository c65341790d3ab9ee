package sync

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/stagedoor/stagedoor"
)

// shelf is a place that keeps rows by the rules of package destinationtest.
type shelf struct {
	mu     sync.Mutex
	rows   map[string]map[string]*kept // by stream and key
	points []stagedoor.Checkpoint
	fail   func(c stagedoor.Checkpoint) (before, after error) // of a commit
	slow   time.Duration
	open   int
	most   int
	ended  []string
	done   int // times that Finish came
}

type kept struct {
	raw     string
	part    any
	pulled  time.Time
	deleted bool
}

func (p *shelf) Name() string                 { return "shelf" }
func (p *shelf) Close() error                 { return nil }
func (p *shelf) Finish(context.Context) error { p.done++; return nil }

func (p *shelf) Checkpoints(_ context.Context, s stagedoor.Stream, params, part string) (list []stagedoor.Checkpoint, _ error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.points {
		if c.Stream == s.Name && c.Params == params && c.Partition == part {
			list = append(list, c)
		}
	}
	return list, nil
}

func (p *shelf) Parts(_ context.Context, s stagedoor.Stream, params string) (parts []string, _ error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.points {
		if c.Stream == s.Name && c.Params == params && c.Partition != "" && !slices.Contains(parts, c.Partition) {
			parts = append(parts, c.Partition)
		}
	}
	slices.Sort(parts)
	return parts, nil
}

func (p *shelf) Begin(_ context.Context, s stagedoor.Stream, slice stagedoor.Slice, _ string) (stagedoor.SliceWriter, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open++
	p.most = max(p.most, p.open)
	return &shelving{place: p, stream: s, slice: slice, rows: map[string]*kept{}}, nil
}

type shelving struct {
	place  *shelf
	stream stagedoor.Stream
	slice  stagedoor.Slice
	rows   map[string]*kept
	busy   sync.Mutex // held by whoever uses the writer; nobody may wait for it
	closed bool
}

func (w *shelving) alone() func() {
	if !w.busy.TryLock() {
		panic("two goroutines use one slice at the same time")
	}
	return w.busy.Unlock
}

func (w *shelving) Write(_ context.Context, r stagedoor.Record) error {
	defer w.alone()()
	k := &kept{raw: string(r.Raw)}
	if p := w.stream.Partition; p != nil {
		k.part = r.Values[columnOf(w.stream, p.Into)]
	}
	w.rows[r.Key] = k
	return nil
}

func (w *shelving) Commit(_ context.Context, c stagedoor.Checkpoint, gone bool) (stagedoor.Written, error) {
	defer w.alone()()
	p := w.place
	time.Sleep(p.slow)
	p.mu.Lock()
	defer p.mu.Unlock()
	var before, after error
	if p.fail != nil {
		if before, after = p.fail(c); before != nil {
			return stagedoor.Written{}, before
		}
	}
	if p.rows == nil {
		p.rows = map[string]map[string]*kept{}
	}
	held := p.rows[w.stream.Name]
	if held == nil {
		held = map[string]*kept{}
		p.rows[w.stream.Name] = held
	}
	written := stagedoor.Written{Rows: len(w.rows)}
	for key, row := range held {
		inside := c.Ended || w.slice.Days.Since.IsZero() || key[:10] >= w.slice.Days.Since.Format(time.DateOnly) && key[:10] <= w.slice.Days.Until.Format(time.DateOnly)
		ofPart := w.slice.Partition == "" || row.part == any(w.slice.Partition)
		if (gone || c.Ended) && w.rows[key] == nil && inside && ofPart && !row.pulled.After(c.ReadAt) && !row.deleted {
			row.deleted = true
			written.Gone++
		}
	}
	for key, row := range w.rows {
		row.pulled = c.ReadAt
		held[key] = row
	}
	p.points = slices.DeleteFunc(p.points, func(old stagedoor.Checkpoint) bool {
		return old.Stream == c.Stream && old.Params == c.Params && (old.ID() == c.ID() || c.Ended && old.Partition == c.Partition)
	})
	switch {
	case c.Ended:
		p.ended = append(p.ended, c.Stream+" "+c.Partition)
	case !c.Cut:
		p.points = append(p.points, c)
	}
	return written, after
}

func (w *shelving) Abort() error {
	defer w.alone()()
	w.place.mu.Lock()
	defer w.place.mu.Unlock()
	if !w.closed {
		w.place.open--
	}
	w.closed = true
	return nil
}

// held are the rows of a stream that are not gone.
func (p *shelf) held(stream string) map[string]string {
	held := map[string]string{}
	for key, row := range p.rows[stream] {
		if !row.deleted {
			held[key] = row.raw
		}
	}
	return held
}
