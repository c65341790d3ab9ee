package storetest

import (
	"context"
	"errors"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
)

func schedule(id, name string) stagedoor.Schedule {
	return stagedoor.Schedule{
		ID: id, Name: name, CredentialID: "id-1", Credential: "acme", Cron: "0 2 * * *", Zone: "Europe/Berlin", CatchUp: stagedoor.CatchUpOnce,
		Spec:   stagedoor.RunSpec{Streams: []string{"users"}, Into: "warehouse", Params: map[string]string{"a": "b"}},
		Jitter: 5 * time.Minute, Next: morning.Add(time.Hour), LastRun: "r-1", LastDue: morning, Missed: 2, Skipped: 3,
		PausedAt: morning, PausedBy: "ben", CreatedAt: morning, CreatedBy: "ann",
	}
}

func scheduleRoundTrip(t *testing.T, fresh Fresh) {
	ctx := context.Background()
	again := fresh(t)
	s := opened(t, again, nil)
	wantKind(t, s.AddSchedule(ctx, schedule("id-1", "nightly")), stagedoor.KindNotFound) // without its credential
	must(t, s.AddCredential(ctx, small("id-1", "acme")))
	second, first := schedule("id-2", "nightly"), schedule("id-3", "hourly")
	first.PausedAt, first.PausedBy = time.Time{}, ""
	must(t, s.AddSchedule(ctx, second))
	must(t, s.AddSchedule(ctx, first))
	wantKind(t, s.AddSchedule(ctx, schedule("id-4", "nightly")), stagedoor.KindExists)
	// What its runs say of it.
	done, last := smallRun("r-0", stagedoor.RunDone, morning), smallRun("r-1", stagedoor.RunFailed, morning)
	done.Schedule, done.EndedAt, last.Schedule = "hourly", morning.Add(time.Minute), "hourly"
	must(t, s.AddRun(ctx, done))
	must(t, s.AddRun(ctx, last))
	first.LastState, first.LastDone, second.LastState = stagedoor.RunFailed, morning.Add(time.Minute), stagedoor.RunFailed
	for _, from := range []Store{s, opened(t, again, nil)} {
		list, err := from.Schedules(ctx)
		must(t, err)
		if want := []stagedoor.Schedule{first, second}; !reflect.DeepEqual(list, want) {
			t.Errorf("they came back as\n%+v, want\n%+v", list, want)
		}
	}
	must(t, s.RemoveSchedule(ctx, "hourly"))
	wantKind(t, s.RemoveSchedule(ctx, "hourly"), stagedoor.KindNotFound)
	wantKind(t, s.RemoveSchedule(ctx, "id-2"), stagedoor.KindNotFound) // an id is no name
	if _, err := s.Run(ctx, "r-0"); err != nil {
		t.Errorf("a run went with its schedule: %v", err)
	}
	must(t, s.RemoveCredential(ctx, "id-1"))
	if list, err := s.Schedules(ctx); err != nil || len(list) != 0 {
		t.Errorf("without their credential there are %+v %v", list, err)
	}
	if _, err := s.Run(ctx, "r-0"); err != nil {
		t.Errorf("a run went with its credential: %v", err)
	}
}

func scheduleUpdateWhole(t *testing.T, fresh Fresh) {
	ctx := context.Background()
	s := open(t, fresh, nil)
	must(t, s.AddCredential(ctx, small("id-1", "acme")))
	must(t, s.AddSchedule(ctx, schedule("id-2", "nightly")))
	broken := errors.New("no")
	if _, err := s.UpdateSchedule(ctx, "nightly", func(c *stagedoor.Schedule) error { c.Missed = 99; return broken }); !errors.Is(err, broken) {
		t.Errorf("the edit's own error came back as %v", err)
	}
	after, err := s.UpdateSchedule(ctx, "nightly", func(c *stagedoor.Schedule) error {
		if c.Missed != 2 {
			t.Error("what a failed edit did was kept")
		}
		c.Name, c.ID, c.PausedAt, c.PausedBy = "another", "other", time.Time{}, ""
		return nil
	})
	must(t, err)
	list, err := s.Schedules(ctx)
	must(t, err)
	if len(list) != 1 || list[0].Name != "nightly" || list[0].ID != "id-2" || !list[0].PausedAt.IsZero() || !reflect.DeepEqual(after, list[0]) {
		t.Errorf("stored %+v, returned %+v", list, after)
	}
	_, err = s.UpdateSchedule(ctx, "none", func(*stagedoor.Schedule) error { return nil })
	wantKind(t, err, stagedoor.KindNotFound)
}

// scheduleFiresOnce has many daemons come at the same time of a schedule.
func scheduleFiresOnce(t *testing.T, fresh Fresh) {
	ctx := context.Background()
	again := fresh(t)
	stores := []Store{opened(t, again, nil), opened(t, again, nil)}
	must(t, stores[0].AddCredential(ctx, small("id-1", "acme")))
	c := schedule("id-2", "nightly")
	c.PausedAt = time.Time{}
	must(t, stores[0].AddSchedule(ctx, c))
	var all sync.WaitGroup
	var mu sync.Mutex
	fired := 0
	for i := range 8 {
		all.Go(func() {
			ok, err := stores[i%2].FireSchedule(ctx, "nightly", c.Next, func(c *stagedoor.Schedule) []stagedoor.Run {
				c.Next = c.Next.Add(24 * time.Hour)
				return []stagedoor.Run{smallRun(string(rune('a'+i)), stagedoor.RunQueued, morning)}
			})
			if err != nil {
				t.Error(err)
			}
			if ok {
				mu.Lock()
				fired++
				mu.Unlock()
			}
		})
	}
	all.Wait()
	list, err := stores[0].Runs(ctx, stagedoor.RunQuery{})
	must(t, err)
	if fired != 1 || len(list) != 1 {
		t.Errorf("%d of 8 fired, and there are %d runs", fired, len(list))
	}
	// A run that never ran grows; a schedule that is paused fires no more.
	next := c.Next.Add(24 * time.Hour)
	for range 2 {
		ok, err := stores[0].FireSchedule(ctx, "nightly", next, func(c *stagedoor.Schedule) []stagedoor.Run {
			next = next.Add(24 * time.Hour)
			c.Next = next
			skipped := smallRun("z-skipped", stagedoor.RunSkipped, morning)
			skipped.Times = 1
			return []stagedoor.Run{skipped}
		})
		must(t, err)
		if !ok {
			t.Error("the next time did not fire")
		}
	}
	if r, err := stores[1].Run(ctx, "z-skipped"); err != nil || r.Times != 2 {
		t.Errorf("what was skipped twice is %+v %v", r, err)
	}
	_, err = stores[0].UpdateSchedule(ctx, "nightly", func(c *stagedoor.Schedule) error { c.PausedAt = morning; return nil })
	must(t, err)
	if ok, err := stores[0].FireSchedule(ctx, "nightly", next, func(*stagedoor.Schedule) []stagedoor.Run { return nil }); ok || err != nil {
		t.Errorf("a paused schedule fired: %v %v", ok, err)
	}
}

func savedDestination(id, name string) stagedoor.SealedDestination {
	return stagedoor.SealedDestination{
		SavedDestination: stagedoor.SavedDestination{
			ID: id, Name: name, Description: "for finance", Kind: "postgres", Place: "postgres://db/zoom?schema=zoom", CreatedAt: morning, CreatedBy: "ann",
			CheckedAt: morning, Error: &stagedoor.Notice{Kind: stagedoor.KindDestination, Cause: "it is away"},
		},
		DataKey: []byte("\x00key of " + id + "\xff"), URL: []byte("\x00sealed url\xff"),
	}
}

func destinationRoundTrip(t *testing.T, fresh Fresh) {
	ctx := context.Background()
	again := fresh(t)
	s := opened(t, again, nil)
	second, first := savedDestination("id-1", "warehouse"), savedDestination("id-2", "files")
	must(t, s.AddDestination(ctx, second))
	must(t, s.AddDestination(ctx, first))
	wantKind(t, s.AddDestination(ctx, savedDestination("id-3", "files")), stagedoor.KindExists)
	first.Error, first.CheckedAt = nil, morning.Add(time.Hour)
	noted := first.SavedDestination
	noted.Description = "a check changes nothing else"
	must(t, s.NoteDestination(ctx, noted))
	for _, from := range []Store{s, opened(t, again, nil)} {
		list, err := from.Destinations(ctx)
		must(t, err)
		if want := []stagedoor.SealedDestination{first, second}; !reflect.DeepEqual(list, want) {
			t.Errorf("they came back as\n%+v, want\n%+v", list, want)
		}
	}
	if d, err := s.Destination(ctx, "warehouse"); err != nil || !reflect.DeepEqual(d, second) {
		t.Errorf("by name: %+v %v", d, err)
	}
	must(t, s.RemoveDestination(ctx, "warehouse"))
	_, err := s.Destination(ctx, "warehouse")
	wantKind(t, err, stagedoor.KindNotFound)
	wantKind(t, s.RemoveDestination(ctx, "warehouse"), stagedoor.KindNotFound)
}
