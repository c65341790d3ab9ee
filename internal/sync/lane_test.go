package sync

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestLane holds that who stands first in the plan goes first, that nobody who
// leaves the queue takes a turn with them, and that a lane which grows lets more in.
func TestLane(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wide := 1
		l := newLane(func() int { return wide })
		if err := l.enter(t.Context(), turn{}); err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		var went []turn
		var all sync.WaitGroup
		wait := func(ctx context.Context, at turn) {
			all.Go(func() {
				if l.enter(ctx, at) == nil {
					mu.Lock()
					went = append(went, at)
					mu.Unlock()
					time.Sleep(time.Second)
					l.leave()
				}
			})
			synctest.Wait()
		}
		gone, leave := context.WithCancel(t.Context())
		wait(t.Context(), turn{2, 0})
		wait(gone, turn{0, 0})
		wait(t.Context(), turn{1, 7})
		wait(t.Context(), turn{1, 2})
		wait(t.Context(), turn{2, 1})
		leave()
		synctest.Wait()
		l.leave()
		all.Wait()
		if want := []turn{{1, 2}, {1, 7}, {2, 0}, {2, 1}}; !slices.Equal(went, want) {
			t.Errorf("they went in the order %v, want %v", went, want)
		}
		_ = l.enter(t.Context(), turn{})
		began := time.Now()
		for i := range 4 {
			wait(t.Context(), turn{0, i})
		}
		wide = 4
		l.leave()
		all.Wait()
		if took := time.Since(began); took != time.Second || l.free != 4 {
			t.Errorf("four in a lane that is four wide took %s; %d places are free", took, l.free)
		}
	})
}
