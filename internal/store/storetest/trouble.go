package storetest

import (
	"context"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
)

func troublesKept(t *testing.T, fresh Fresh) {
	ctx, s := context.Background(), open(t, fresh, nil)
	must(t, s.AddCredential(ctx, small("one", "one")))
	must(t, s.AddCredential(ctx, small("two", "two")))
	at := time.Date(2026, 11, 25, 8, 0, 0, 123000, time.UTC)
	trouble := func(minute int, cause string) stagedoor.Trouble {
		when := at.Add(time.Duration(minute) * time.Minute)
		return stagedoor.Trouble{
			At: when, LastAt: when, Count: 1, Op: "GET /users", Kind: stagedoor.KindScopeMissing, Cause: cause, Fix: fmt.Sprint("fix of ", minute),
			By: "caller ü", Tracking: "v=2.0",
		}
	}
	must(t, s.AddTroubles(ctx, "one", []stagedoor.Trouble{trouble(1, "a"), trouble(2, "b")}))
	must(t, s.AddTroubles(ctx, "one", []stagedoor.Trouble{trouble(3, "a"), trouble(0, "a")}))
	list, err := s.Troubles(ctx, "one")
	must(t, err)
	again := trouble(3, "a")
	again.At, again.Count = at, 3
	if want := []stagedoor.Trouble{again, trouble(2, "b")}; !reflect.DeepEqual(list, want) {
		t.Errorf("they came back as %+v, want %+v", list, want)
	}
	if list, err := s.Troubles(ctx, "two"); err != nil || len(list) != 0 {
		t.Errorf("another credential has %v, %v", list, err)
	}
	must(t, s.AddTroubles(ctx, "gone", []stagedoor.Trouble{trouble(1, "a")})) // of no use, and no error
	for i := range stagedoor.TroublesKept + 5 {
		must(t, s.AddTroubles(ctx, "two", []stagedoor.Trouble{trouble(i, fmt.Sprint(i))}))
	}
	list, err = s.Troubles(ctx, "two")
	must(t, err)
	if len(list) != stagedoor.TroublesKept || list[0].Cause != fmt.Sprint(stagedoor.TroublesKept+4) {
		t.Errorf("%d are kept, the newest is %+v", len(list), list[0])
	}
	must(t, s.RemoveCredential(ctx, "one"))
	if list, err := s.Troubles(ctx, "one"); err != nil || len(list) != 0 {
		t.Errorf("a removed credential has %v, %v", list, err)
	}
}

func lastUses(t *testing.T, fresh Fresh) {
	ctx, s := context.Background(), open(t, fresh, nil)
	threeChains(t, s)
	broken := auditLine(3, 1, 9, "eve")
	broken.Line = "not JSON"
	appendAudit(t, s, broken)
	for slug, want := range map[string]string{"acme": "2/1 1/1 ", "other": ""} {
		rows, err := s.LastUses(ctx, slug, 2)
		must(t, err)
		if got := places(rows); got != want {
			t.Errorf("%s: %s, want %s", slug, got, want)
		}
	}
	for actor, want := range map[string]string{"ada": "1/1 2/2 ", "nobody": ""} {
		rows, err := s.LastActs(ctx, actor, 2)
		must(t, err)
		if got := places(rows); got != want {
			t.Errorf("%s: %s, want %s", actor, got, want)
		}
	}
}
