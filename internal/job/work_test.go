package job_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/job"
	"github.com/stagedoor/stagedoor/internal/job/jobtest"
)

// In these tests hours pass in no time: rows lie in memory, and the clock is that
// of a bubble.

var self = stagedoor.Process{ID: "p-1", Host: "ada", PID: 100}

func rowsOf(m *jobtest.Memory) *job.Rows {
	return &job.Rows{Store: m, Self: self, Began: time.Now(), Alive: func(int) bool { return true }}
}

func begun(t *testing.T, rows *job.Rows) stagedoor.Run {
	t.Helper()
	r := stagedoor.Run{ID: "a", Credential: "acme", Process: self, Spec: stagedoor.RunSpec{Streams: []string{"users"}, Into: "sqlite:/zoom.db"}}
	if err := rows.Enqueue(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	return row(t, rows, "a")
}

func row(t *testing.T, rows *job.Rows, id string) stagedoor.Run {
	t.Helper()
	list, err := rows.Store.Runs(context.Background(), stagedoor.RunQuery{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range list {
		if r.ID == id {
			return r
		}
	}
	t.Fatalf("there is no run %s", id)
	return stagedoor.Run{}
}

func TestSignsOfLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rows := rowsOf(&jobtest.Memory{})
		r := begun(t, rows)
		began := time.Now()
		attempt := job.Attempt{Engine: rows, Run: r, Progress: func() json.RawMessage { return json.RawMessage(fmt.Sprint(int(time.Since(began).Seconds()))) }}
		_, err := attempt.Work(t.Context(), func(context.Context, func(string, stagedoor.SliceReport)) (stagedoor.Receipt, error) {
			for range 360 { // an hour
				time.Sleep(10*time.Second + time.Millisecond)
				if silent := time.Since(row(t, rows, "a").Heartbeat); silent > job.HeartbeatEvery+time.Second {
					t.Fatalf("no sign of life for %s", silent)
				}
			}
			return stagedoor.Receipt{State: "done"}, nil
		})
		if r := row(t, rows, "a"); err != nil || r.State != stagedoor.RunDone || string(r.Progress) != "3600" || r.EndedAt.Sub(r.StartedAt).Round(time.Second) != time.Hour {
			t.Errorf("it ended as %+v (%v)", r, err)
		}
	})
}

func TestEndsOfRuns(t *testing.T) {
	network := &stagedoor.Error{Op: "sync", Kind: stagedoor.KindNetwork, Cause: "the wire broke"}
	day := &stagedoor.Error{Op: "sync", Kind: stagedoor.KindDailyQuota, Cause: "used up", RetryAt: time.Date(2000, 1, 2, 0, 0, 0, 0, time.UTC)} // the bubble begins on 1 January 2000
	scope := &stagedoor.Error{Op: "sync", Kind: stagedoor.KindScopeMissing, Cause: "no scope"}
	for _, c := range []struct {
		name       string
		err        error
		foreground bool
		state      stagedoor.RunState
		held       bool
		after      time.Duration // when it goes on
	}{
		{"done", nil, true, stagedoor.RunDone, false, 0},
		{"in part", &stagedoor.Error{Kind: stagedoor.KindPartial, Cause: "some are left out"}, false, stagedoor.RunPartial, false, 0},
		{"failed, and a person sees it", network, true, stagedoor.RunFailed, false, 0},
		{"failed, and nobody waits", network, false, stagedoor.RunInterrupted, false, time.Minute},
		{"the day is used up", day, false, stagedoor.RunInterrupted, false, 24 * time.Hour},
		{"failed for good", scope, false, stagedoor.RunFailed, false, 0},
		{"whoever read the rows has gone", &stagedoor.Error{Kind: stagedoor.KindInterrupted, Cause: "gone"}, true, stagedoor.RunInterrupted, true, 0},
		{"an error of another kind", errors.New("odd"), false, stagedoor.RunFailed, false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rows := rowsOf(&jobtest.Memory{})
				attempt := job.Attempt{Engine: rows, Run: begun(t, rows), Foreground: c.foreground}
				receipt, err := attempt.Work(t.Context(), func(context.Context, func(string, stagedoor.SliceReport)) (stagedoor.Receipt, error) {
					return stagedoor.Receipt{Streams: []stagedoor.StreamReport{{Stream: "users", Slices: make([]stagedoor.SliceReport, 3)}}}, c.err
				})
				if !errors.Is(err, c.err) || receipt.State != string(c.state) || len(receipt.Streams[0].Slices) != 3 {
					t.Errorf("returned %+v, %v", receipt, err)
				}
				r := row(t, rows, "a")
				var after time.Duration
				if !r.NotBefore.IsZero() {
					after = time.Until(r.NotBefore)
				}
				if r.State != c.state || r.Held != c.held || after != c.after || (r.Error != nil) != (c.err != nil) || r.Receipt == nil || len(r.Receipt.Streams[0].Slices) != 0 {
					t.Errorf("noted %+v, goes on after %s", r, after)
				}
			})
		})
	}
}

func TestCancelledWithinASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rows := rowsOf(&jobtest.Memory{})
		attempt := job.Attempt{Engine: rows, Run: begun(t, rows), Foreground: true}
		var asked time.Time
		go func() {
			time.Sleep(25*time.Second + 300*time.Millisecond)
			asked = time.Now()
			if _, err := rows.Cancel(context.Background(), "a", "person ben"); err != nil {
				t.Error(err)
			}
		}()
		_, err := attempt.Work(t.Context(), func(ctx context.Context, keep func(string, stagedoor.SliceReport)) (stagedoor.Receipt, error) {
			<-ctx.Done()
			keep("users", stagedoor.SliceReport{Slice: "all", State: stagedoor.SliceWritten, Written: 3}) // what was under way is brought to its end
			return stagedoor.Receipt{}, &stagedoor.Error{Kind: stagedoor.KindInterrupted, Cause: "stopped", Err: ctx.Err()}
		})
		if took := time.Since(asked); took > time.Second {
			t.Errorf("it ended %s after it was cancelled", took)
		}
		if stagedoor.ExitStatus(err) != 130 || !strings.Contains(err.Error(), "it was cancelled by person ben") || !strings.Contains(err.Error(), "stagedoor run resume a") {
			t.Errorf("whoever waits is told %v", err)
		}
		if r := row(t, rows, "a"); r.State != stagedoor.RunCancelled || r.Slices != 1 || r.Rows != 3 {
			t.Errorf("it is %+v", r)
		}
	})
}

// TestTakenUp has a machine sleep so long that another process takes its run up.
func TestTakenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &jobtest.Memory{}
		rows := rowsOf(m)
		attempt := job.Attempt{Engine: rows, Run: begun(t, rows), Foreground: true}
		other := &job.Rows{Store: m, Self: stagedoor.Process{ID: "p-2", Host: "ada", PID: 101}, Alive: func(int) bool { return false }, Now: func() time.Time { return time.Now().Add(time.Minute) }}
		_, err := attempt.Work(t.Context(), func(ctx context.Context, _ func(string, stagedoor.SliceReport)) (stagedoor.Receipt, error) {
			if _, err := other.Waiting(ctx); err != nil { // notes it as left behind
				t.Fatal(err)
			}
			left := row(t, rows, "a")
			if _, ok, err := other.Claim(ctx, left, other.Self); !ok || err != nil {
				t.Fatalf("it was not taken up: %v %v", ok, err)
			}
			<-ctx.Done()
			return stagedoor.Receipt{}, ctx.Err()
		})
		if stagedoor.KindOf(err) != stagedoor.KindConflict || !strings.Contains(err.Error(), "another process has taken the run up") {
			t.Errorf("whoever slept is told %v", err)
		}
		if r := row(t, rows, "a"); r.State != stagedoor.RunRunning || r.Process.ID != "p-2" {
			t.Errorf("it is %+v", r)
		}
	})
}

// TestACopyThatFails holds that a store which can not be written hinders no run.
func TestACopyThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &jobtest.Memory{}
		rows := rowsOf(m)
		attempt := job.Attempt{Engine: rows, Run: begun(t, rows)}
		_, err := attempt.Work(t.Context(), func(ctx context.Context, keep func(string, stagedoor.SliceReport)) (stagedoor.Receipt, error) {
			m.Break(&stagedoor.Error{Kind: stagedoor.KindStore, Cause: "the disk is full"})
			for range 1000 {
				keep("users", stagedoor.SliceReport{Slice: "all", State: stagedoor.SliceWritten})
				time.Sleep(time.Second)
			}
			m.Break(nil)
			keep("users", stagedoor.SliceReport{Slice: "last", State: stagedoor.SliceWritten})
			return stagedoor.Receipt{}, ctx.Err()
		})
		if r := row(t, rows, "a"); err != nil || r.State != stagedoor.RunDone || len(m.Slices("a")) == 0 {
			t.Errorf("it ended as %+v (%v), with %d slices", r, err, len(m.Slices("a")))
		}
	})
}

// crew is a worker in a bubble, and what it did.
type crew struct {
	*job.Worker
	rows    *job.Rows
	running atomic.Int32
	most    atomic.Int32
}

func newCrew(m *jobtest.Memory, most int, do func(ctx context.Context, r stagedoor.Run) error) *crew {
	c := &crew{rows: rowsOf(m)}
	c.Worker = &job.Worker{
		Queue: c.rows, Self: self, Most: most, Log: slog.New(slog.DiscardHandler),
		Can: func(_ context.Context, r stagedoor.Run) string {
			if strings.HasPrefix(r.Spec.Into, "env:") {
				return "there is no such variable here"
			}
			return ""
		},
		Do: func(ctx context.Context, r stagedoor.Run) {
			now := c.running.Add(1)
			defer c.running.Add(-1)
			if now > c.most.Load() {
				c.most.Store(now)
			}
			_, _ = job.Attempt{Engine: c.rows, Run: r}.Work(ctx, func(ctx context.Context, _ func(string, stagedoor.SliceReport)) (stagedoor.Receipt, error) {
				return stagedoor.Receipt{}, do(ctx, r)
			})
		},
	}
	return c
}

func enqueue(t *testing.T, rows *job.Rows, id string, change ...func(*stagedoor.Run)) {
	t.Helper()
	r := stagedoor.Run{ID: id, Credential: "acme", Spec: stagedoor.RunSpec{Streams: []string{"users"}, Into: "sqlite:/zoom.db"}}
	for _, c := range change {
		c(&r)
	}
	if err := rows.Enqueue(context.Background(), r); err != nil {
		t.Fatal(err)
	}
}

func TestWorkerTakesUpSomeAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &jobtest.Memory{}
		c := newCrew(m, 2, func(context.Context, stagedoor.Run) error { time.Sleep(time.Minute); return nil })
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { c.Run(ctx); close(ended) }()
		for i := range 6 {
			enqueue(t, c.rows, string(rune('a'+i)), func(r *stagedoor.Run) {
				switch i {
				case 0, 1, 2:
					r.Schedule = "nightly" // one after another
				case 3:
					r.Spec.Into = "env:DEST" // not here
				case 4:
					r.Spec.Into = "" // nowhere
				}
			})
			time.Sleep(time.Millisecond)
		}
		time.Sleep(4 * time.Minute)
		stop()
		<-ended
		var nightly []time.Time
		for _, id := range []string{"a", "b", "c", "f"} {
			r := row(t, c.rows, id)
			if r.State != stagedoor.RunDone {
				t.Errorf("run %s is %s", id, r.State)
			}
			if r.Schedule != "" {
				nightly = append(nightly, r.StartedAt)
			}
		}
		if len(nightly) != 3 || nightly[1].Sub(nightly[0]) < time.Minute || nightly[2].Sub(nightly[1]) < time.Minute {
			t.Errorf("the runs of one schedule began at %v: they overlap", nightly)
		}
		if r := row(t, c.rows, "d"); r.State != stagedoor.RunQueued || r.Note != "there is no such variable here" {
			t.Errorf("the run without its variable is %+v", r)
		}
		if r := row(t, c.rows, "e"); r.State != stagedoor.RunQueued {
			t.Errorf("the run without a place is %+v", r)
		}
		if c.most.Load() != 2 {
			t.Errorf("%d runs side by side, want 2", c.most.Load())
		}
	})
}

// TestWorkerStopsAndTheNextGoesOn stops a daemon that works, and starts the next.
func TestWorkerStopsAndTheNextGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &jobtest.Memory{}
		attempts := 0
		do := func(ctx context.Context, r stagedoor.Run) error {
			if attempts++; attempts > 1 {
				return nil
			}
			<-ctx.Done()
			return &stagedoor.Error{Kind: stagedoor.KindInterrupted, Cause: "stopped", Err: ctx.Err()}
		}
		first := newCrew(m, 2, do)
		enqueue(t, first.rows, "a")
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		first.Run(ctx)
		if r := row(t, first.rows, "a"); r.State != stagedoor.RunInterrupted || r.Held || !strings.Contains(r.Note, "the next one goes on with it") {
			t.Fatalf("after the first daemon it is %+v", r)
		}
		next := newCrew(m, 2, do)
		ctx, stop = context.WithTimeout(t.Context(), 2*time.Second)
		defer stop()
		next.Run(ctx)
		if r := row(t, next.rows, "a"); r.State != stagedoor.RunDone || r.Attempts != 2 {
			t.Errorf("after the next it is %+v", r)
		}
	})
}

// TestWorkerLivesOn holds what must not end a worker: a run that breaks, and a
// store that is away for a while, which it says as long as it lasts.
func TestWorkerLivesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &jobtest.Memory{}
		c := newCrew(m, 1, func(_ context.Context, r stagedoor.Run) error {
			if r.ID == "a" {
				panic("a defect")
			}
			return nil
		})
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { c.Run(ctx); close(ended) }()
		enqueue(t, c.rows, "a")
		time.Sleep(2 * time.Second)
		if r := row(t, c.rows, "a"); r.State != stagedoor.RunFailed || r.Error == nil || !strings.Contains(r.Error.Cause, "a defect") {
			t.Errorf("a run that broke is %+v", r)
		}
		m.Break(&stagedoor.Error{Kind: stagedoor.KindStore, Cause: "the disk is away"})
		time.Sleep(2 * time.Second)
		if err := c.Failed(); err == nil {
			t.Error("the worker says nothing of a store that is away")
		}
		m.Break(nil)
		enqueue(t, c.rows, "b")
		time.Sleep(2 * time.Second)
		if err := c.Failed(); err != nil || row(t, c.rows, "b").State != stagedoor.RunDone {
			t.Errorf("when the store is there again: %v, %+v", err, row(t, c.rows, "b"))
		}
		stop()
		<-ended
	})
}
