package job_test

import (
	"context"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/job"
	"github.com/stagedoor/stagedoor/internal/job/jobtest"
	"github.com/stagedoor/stagedoor/internal/store"
)

func TestRowsInTheStore(t *testing.T) {
	jobtest.Test(t, func(t *testing.T) jobtest.World {
		s, err := store.Open(t.Context(), store.Options{Database: "sqlite:" + filepath.Join(t.TempDir(), "stagedoor.db")})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return newWorld(t, s)
	})
}

func TestRowsInMemory(t *testing.T) {
	jobtest.Test(t, func(t *testing.T) jobtest.World { return newWorld(t, &jobtest.Memory{}) })
}

// world is the suite's, over rows.
type world struct {
	t     *testing.T
	store job.RunStore

	mu     sync.Mutex
	now    time.Time
	killed map[int]bool
	began  map[string]time.Time
}

func newWorld(t *testing.T, s job.RunStore) *world {
	return &world{t: t, store: s, now: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC), killed: map[int]bool{}, began: map[string]time.Time{}}
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) Pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) Kill(p stagedoor.Process) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.killed[p.PID] = true
}

func (w *world) alive(pid int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.killed[pid]
}

func (w *world) As(p stagedoor.Process) jobtest.Engine {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.began[p.ID].IsZero() {
		w.began[p.ID] = w.now
	}
	return &job.Rows{Store: w.store, Self: p, Began: w.began[p.ID], Now: w.clock, Alive: w.alive}
}

func (w *world) Run(id string) stagedoor.Run {
	w.t.Helper()
	list, err := w.store.Runs(context.Background(), stagedoor.RunQuery{})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, r := range list {
		if r.ID == id {
			return r
		}
	}
	w.t.Fatalf("there is no run %s", id)
	return stagedoor.Run{}
}
