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
	width   int
	mu      sync.Mutex // guards what follows
	free    int
	waiting []*waiter // in order of their turns
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

func (l *lane) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) == 0 {
		l.free++
		return
	}
	close(l.waiting[0].let)
	l.waiting = slices.Delete(l.waiting, 0, 1)
}
