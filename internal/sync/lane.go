package sync

import (
	"cmp"
	"context"
	"slices"
	"sync"
)

// lane is how many lists are read side by side of all streams that share a
// label. Who comes first in the plan has the first turn, so that the oldest days
// are done first, and what comes later fills what is left.
type lane struct {
	wide func() int // how many there may be now; it never shrinks

	mu      sync.Mutex // guards what follows
	width   int
	free    int
	waiting []*waiter // in order of their turns
}

func newLane(wide func() int) *lane {
	width := wide()
	return &lane{wide: wide, width: width, free: width}
}

// turn is a place in the plan: a stream and one of its slices.
type turn struct{ stream, slice int }

func (t turn) compare(u turn) int {
	return cmp.Or(cmp.Compare(t.stream, u.stream), cmp.Compare(t.slice, u.slice))
}

type waiter struct {
	turn
	let chan struct{} // closed when it may go on
}

// enter waits for a turn. Each enter that returns nil is followed by a leave.
func (l *lane) enter(ctx context.Context, at turn) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l.mu.Lock()
	if l.free > 0 {
		l.free--
		l.mu.Unlock()
		return nil
	}
	w := &waiter{at, make(chan struct{})}
	after, _ := slices.BinarySearchFunc(l.waiting, w, func(other, w *waiter) int {
		return cmp.Or(other.compare(w.turn), -1) // of the same turn the first to come goes first
	})
	l.waiting = slices.Insert(l.waiting, after, w)
	l.mu.Unlock()
	select {
	case <-w.let:
		return nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	i := slices.Index(l.waiting, w)
	if i >= 0 {
		l.waiting = slices.Delete(l.waiting, i, i+1)
	}
	l.mu.Unlock()
	if i < 0 { // it was let go on at the same moment
		l.leave()
	}
	return ctx.Err()
}

func (l *lane) widthNow() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.width
}

// leave lets the next go on, and more of them where the lane has become wider.
func (l *lane) leave() {
	wide := l.wide()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.free += 1 + max(0, wide-l.width)
	l.width = max(l.width, wide)
	for l.free > 0 && len(l.waiting) > 0 {
		close(l.waiting[0].let)
		l.waiting = slices.Delete(l.waiting, 0, 1)
		l.free--
	}
}
