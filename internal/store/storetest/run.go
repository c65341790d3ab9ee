package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
)

var morning = time.Date(2026, 11, 22, 9, 30, 15, 123456000, time.UTC)

// fullRun has something in every field.
func fullRun(id string) stagedoor.Run {
	return stagedoor.Run{
		ID: id, CredentialID: "id-1", Credential: "acme", By: "schedule nightly", Schedule: "nightly", Due: morning.Add(-time.Hour),
		Spec: stagedoor.RunSpec{
			Streams: []string{"users", "meeting_activities"}, Since: stagedoor.DayOf(morning), Until: stagedoor.DayOf(morning),
			Params: map[string]string{"activity_type": "-1"}, FullRefresh: true, Limit: 7, Into: "env:DEST",
		},
		State: stagedoor.RunInterrupted, CreatedAt: morning, NotBefore: morning.Add(time.Minute), StartedAt: morning.Add(time.Second), EndedAt: morning.Add(2 * time.Second),
		Process: stagedoor.Process{ID: "p-1", Host: "ada", PID: 42, Daemon: true}, Heartbeat: morning.Add(2 * time.Second),
		Attempts: 3, Idle: 2, CancelAt: morning.Add(3 * time.Second), CancelBy: "person ben", Held: true, Note: "it waits", Times: 4, Slices: 5, Rows: 600,
		Progress: json.RawMessage(`{"done":1}`),
		Receipt: &stagedoor.Receipt{
			Run: id, Credential: "acme", Destination: "sqlite:zoom.db", Started: morning, Ended: morning, State: "interrupted",
			Streams: []stagedoor.StreamReport{{Stream: "users", Returned: 3, Drift: map[string]int{"new": 1}}},
		},
		Error: &stagedoor.Notice{Kind: stagedoor.KindNetwork, Cause: "the wire broke", Fix: "mend it"},
	}
}

func smallRun(id string, state stagedoor.RunState, created time.Time) stagedoor.Run {
	return stagedoor.Run{
		ID: id, CredentialID: "id-1", Credential: "acme", By: "person ann", State: state, CreatedAt: created,
		Spec: stagedoor.RunSpec{Streams: []string{"users"}, Into: "sqlite:/zoom.db"},
	}
}

func runRoundTrip(t *testing.T, fresh Fresh) {
	ctx := context.Background()
	again := fresh(t)
	s := opened(t, again, nil)
	full, empty := fullRun("20261122T093015Z-aaaaaa"), smallRun("20261122T093016Z-bbbbbb", stagedoor.RunQueued, morning.Add(time.Second))
	must(t, s.AddRun(ctx, full))
	must(t, s.AddRun(ctx, empty))
	wantKind(t, s.AddRun(ctx, empty), stagedoor.KindExists)
	for _, from := range []Store{s, opened(t, again, nil)} {
		list, err := from.Runs(ctx, stagedoor.RunQuery{})
		must(t, err)
		if want := []stagedoor.Run{empty, full}; !reflect.DeepEqual(list, want) {
			t.Errorf("they came back as\n%+v, want\n%+v", list, want)
		}
	}
	// By id, and by a beginning that tells.
	for _, id := range []string{full.ID, "20261122T093015Z"} {
		r, err := s.Run(ctx, id)
		must(t, err)
		if r.ID != full.ID {
			t.Errorf("%s found %s", id, r.ID)
		}
	}
	for _, id := range []string{"20261122T", "20261122T093017Z", "", "%", "~", "bbbbbb"} {
		_, err := s.Run(ctx, id)
		wantKind(t, err, stagedoor.KindNotFound)
	}
}

func runsListed(t *testing.T, fresh Fresh) {
	ctx := context.Background()
	s := open(t, fresh, nil)
	for i, r := range []stagedoor.Run{
		smallRun("a", stagedoor.RunDone, morning), smallRun("b", stagedoor.RunQueued, morning.Add(time.Hour)),
		smallRun("c", stagedoor.RunRunning, morning.Add(2*time.Hour)), smallRun("d", stagedoor.RunDone, morning.Add(2*time.Hour)),
	} {
		if i == 1 {
			r.Credential, r.Schedule = "other", "nightly"
		}
		r.Held = i == 3
		must(t, s.AddRun(ctx, r))
	}
	for _, c := range []struct {
		query stagedoor.RunQuery
		want  []string
	}{
		{stagedoor.RunQuery{}, []string{"d", "c", "b", "a"}},
		{stagedoor.RunQuery{Limit: 2}, []string{"d", "c"}},
		{stagedoor.RunQuery{States: []stagedoor.RunState{stagedoor.RunQueued, stagedoor.RunRunning}}, []string{"c", "b"}},
		{stagedoor.RunQuery{Credential: "other"}, []string{"b"}},
		{stagedoor.RunQuery{Unheld: true, Limit: 2}, []string{"c", "b"}},
		{stagedoor.RunQuery{Schedule: "nightly", States: []stagedoor.RunState{stagedoor.RunDone}}, nil},
	} {
		list, err := s.Runs(ctx, c.query)
		must(t, err)
		var got []string
		for _, r := range list {
			got = append(got, r.ID)
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%+v lists %v, want %v", c.query, got, c.want)
		}
	}
	counts, err := s.CountRuns(ctx)
	must(t, err)
	if want := map[stagedoor.RunState]int{stagedoor.RunDone: 2, stagedoor.RunQueued: 1, stagedoor.RunRunning: 1}; !reflect.DeepEqual(counts, want) {
		t.Errorf("counted %v, want %v", counts, want)
	}
}

func runUpdateWhole(t *testing.T, fresh Fresh) {
	ctx := context.Background()
	s := open(t, fresh, nil)
	must(t, s.AddRun(ctx, smallRun("a", stagedoor.RunQueued, morning)))
	broken := errors.New("no")
	if _, err := s.UpdateRun(ctx, "a", func(r *stagedoor.Run) error { r.Note = "half"; return broken }); !errors.Is(err, broken) {
		t.Errorf("the edit's own error came back as %v", err)
	}
	_, err := s.UpdateRun(ctx, "none", func(*stagedoor.Run) error { return nil })
	wantKind(t, err, stagedoor.KindNotFound)
	want := fullRun("a")
	want.CredentialID, want.Credential, want.Spec = "id-1", "acme", smallRun("a", "", morning).Spec // these stay
	after, err := s.UpdateRun(ctx, "a", func(r *stagedoor.Run) error {
		if r.Note != "" {
			t.Error("what a failed edit did was kept")
		}
		*r = fullRun("another")
		return nil
	})
	must(t, err)
	want.Receipt.Run = "another"
	stored, err := s.Run(ctx, "a")
	must(t, err)
	if !reflect.DeepEqual(stored, want) || !reflect.DeepEqual(after, stored) {
		t.Errorf("stored\n%+v, returned\n%+v, want\n%+v", stored, after, want)
	}
	lease, err := s.RunLease(ctx, "a")
	must(t, err)
	if lease != (stagedoor.RunLease{Attempts: 3, Idle: 2, CancelAt: morning.Add(3 * time.Second), CancelBy: "person ben"}) {
		t.Errorf("the lease is %+v", lease)
	}
	_, err = s.RunLease(ctx, "none")
	wantKind(t, err, stagedoor.KindNotFound)
}

func runUpdateConcurrent(t *testing.T, fresh Fresh) {
	ctx := context.Background()
	again := fresh(t)
	stores := []Store{opened(t, again, nil), opened(t, again, nil)}
	must(t, stores[0].AddRun(ctx, smallRun("a", stagedoor.RunQueued, morning)))
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			_, err := stores[i%2].UpdateRun(ctx, "a", func(r *stagedoor.Run) error { r.Attempts++; return nil })
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	r, err := stores[0].Run(ctx, "a")
	must(t, err)
	if r.Attempts != 20 {
		t.Errorf("%d of 20 changes were kept", r.Attempts)
	}
}

func runSlicesKept(t *testing.T, fresh Fresh) {
	ctx := context.Background()
	s := open(t, fresh, nil)
	first := smallRun("a", stagedoor.RunRunning, morning)
	first.Idle = 2
	must(t, s.AddRun(ctx, first))
	must(t, s.AddRun(ctx, smallRun("b", stagedoor.RunRunning, morning)))
	slice := func(stream, id, state string, written int) stagedoor.RunSlice {
		total := written
		return stagedoor.RunSlice{At: morning, Stream: stream, SliceReport: stagedoor.SliceReport{
			Slice: id, State: state, Asked: []string{"GET /users?status=active"}, Returned: written, Written: written, Total: &total,
		}}
	}
	failed, written, other := slice("users", "all", stagedoor.SliceFailed, 0), slice("users", "all", stagedoor.SliceWritten, 20), slice("groups", "all", stagedoor.SliceWritten, 3)
	must(t, s.AddRunSlices(ctx, "a", []stagedoor.RunSlice{failed}))
	if r, err := s.Run(ctx, "a"); err != nil || r.Slices != 0 || r.Idle != 2 {
		t.Errorf("a slice that failed counted: %+v %v", r, err)
	}
	must(t, s.AddRunSlices(ctx, "a", []stagedoor.RunSlice{written, other}))
	list, err := s.RunSlices(ctx, "a", 0)
	must(t, err)
	if want := []stagedoor.RunSlice{other, written}; !reflect.DeepEqual(list, want) {
		t.Errorf("kept %+v, want %+v", list, want)
	}
	if list, err = s.RunSlices(ctx, "a", 1); err != nil || len(list) != 1 {
		t.Errorf("with a limit: %+v %v", list, err)
	}
	if list, err = s.RunSlices(ctx, "b", 0); err != nil || len(list) != 0 {
		t.Errorf("another run has %+v %v", list, err)
	}
	if r, err := s.Run(ctx, "a"); err != nil || r.Slices != 2 || r.Rows != 23 || r.Idle != 0 {
		t.Errorf("two slices with 23 rows counted as %+v %v", r, err)
	}
	wantKind(t, s.AddRunSlices(ctx, "none", []stagedoor.RunSlice{written}), stagedoor.KindNotFound)
}

func runsPruned(t *testing.T, fresh Fresh) {
	ctx := context.Background()
	s := open(t, fresh, nil)
	for _, state := range stagedoor.RunStates() {
		r := smallRun("old-"+string(state), state, morning)
		must(t, s.AddRun(ctx, r))
		must(t, s.AddRunSlices(ctx, r.ID, []stagedoor.RunSlice{{At: morning, Stream: "users", SliceReport: stagedoor.SliceReport{Slice: "all", State: stagedoor.SliceFailed}}}))
	}
	held := smallRun("old-held", stagedoor.RunInterrupted, morning)
	held.Held = true
	must(t, s.AddRun(ctx, held))
	late := smallRun("old-ended-late", stagedoor.RunDone, morning)
	late.EndedAt = morning.AddDate(0, 0, 90)
	must(t, s.AddRun(ctx, late))
	must(t, s.AddRun(ctx, smallRun("new", stagedoor.RunDone, morning.AddDate(0, 0, 90))))
	n, err := s.PruneRuns(ctx, morning.AddDate(0, 0, 1), 2)
	must(t, err)
	if n != 2 {
		t.Errorf("%d runs were removed, want the 2 of the limit", n)
	}
	n, err = s.PruneRuns(ctx, morning.AddDate(0, 0, 1), 100)
	must(t, err)
	list, err := s.Runs(ctx, stagedoor.RunQuery{})
	must(t, err)
	left := map[string]bool{}
	for _, r := range list {
		left[r.ID] = true
	}
	if want := (map[string]bool{"old-queued": true, "old-running": true, "old-interrupted": true, "old-ended-late": true, "new": true}); n != 5 || !reflect.DeepEqual(left, want) {
		t.Errorf("%d more were removed, and left are %v, want %v", n, left, want)
	}
	if slices, err := s.RunSlices(ctx, "old-done", 0); err != nil || len(slices) != 0 {
		t.Errorf("of a removed run these slices are left: %+v %v", slices, err)
	}
}

// runsMoveRevision holds that a daemon is told of what another process asks of a
// run, and not of signs of life.
func runsMoveRevision(t *testing.T, fresh Fresh) {
	ctx := context.Background()
	s := open(t, fresh, nil)
	moves := func(what string, want bool, act func() error) {
		t.Helper()
		before, err := s.Revision(ctx)
		must(t, err)
		must(t, act())
		after, err := s.Revision(ctx)
		must(t, err)
		if (after > before) != want {
			t.Errorf("%s moved the revision from %d to %d", what, before, after)
		}
	}
	edit := func(change func(*stagedoor.Run)) func() error {
		return func() error {
			_, err := s.UpdateRun(ctx, "a", func(r *stagedoor.Run) error { change(r); return nil })
			return err
		}
	}
	moves("a new run", true, func() error { return s.AddRun(ctx, smallRun("a", stagedoor.RunQueued, morning)) })
	moves("a sign of life", false, edit(func(r *stagedoor.Run) { r.Heartbeat, r.Progress = morning, json.RawMessage("1") }))
	moves("a cancel", true, edit(func(r *stagedoor.Run) { r.CancelAt = morning }))
	moves("a time to wait for", true, edit(func(r *stagedoor.Run) { r.NotBefore = morning }))
	must(t, s.AddCredential(ctx, small("id-1", "acme")))
	moves("a new schedule", true, func() error { return s.AddSchedule(ctx, schedule("id-s", "nightly")) })
	moves("a schedule that is removed", true, func() error { return s.RemoveSchedule(ctx, "nightly") })
	moves("a new destination", true, func() error { return s.AddDestination(ctx, savedDestination("id-d", "warehouse")) })
	moves("a destination that is removed", true, func() error { return s.RemoveDestination(ctx, "warehouse") })
}
