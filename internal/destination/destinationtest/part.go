package destinationtest

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stagedoor/stagedoor"
)

func testPartCheckpoints(t *testing.T, kind Kind) {
	place := kind.New(t)
	d := open(t, kind, place)
	commit(t, d, reading{stream: members(), part: "red", days: days(1, 10), records: []stagedoor.Record{member("2026-01-01 a", 1, "red")}})
	commit(t, d, reading{stream: members(), part: "blue/2", days: days(1, 10), at: readAt(2)})
	commit(t, d, reading{stream: members(), part: "red", days: days(11, 20), at: readAt(3)})
	commit(t, d, reading{stream: members(), part: "red", at: readAt(4)}) // without days
	commit(t, d, reading{stream: members(), part: "red", params: "x", days: days(1, 10), at: readAt(5)})
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	d = open(t, kind, place)
	of := func(part, params string, days stagedoor.Days, hour, rows int) stagedoor.Checkpoint {
		return stagedoor.Checkpoint{
			Slice: stagedoor.Slice{Stream: "members", Params: params, Partition: part, Days: days},
			Run:   "run-1", ReadAt: readAt(hour), Returned: rows, Written: rows,
		}
	}
	wantPartCheckpoints(t, d, members(), "", "red", of("red", "", stagedoor.Days{}, 4, 0), of("red", "", days(1, 10), 1, 1), of("red", "", days(11, 20), 3, 0))
	wantPartCheckpoints(t, d, members(), "", "blue/2", of("blue/2", "", days(1, 10), 2, 0))
	wantPartCheckpoints(t, d, members(), "x", "red", of("red", "x", days(1, 10), 5, 0))
	wantPartCheckpoints(t, d, members(), "", "green")
	wantCheckpoints(t, d, members(), "") // nothing was read as one
}

func testPartGone(t *testing.T, kind Kind) {
	place := kind.New(t)
	d := open(t, kind, place)
	of := func(part string, hour int, days stagedoor.Days, keys ...string) reading {
		r := reading{stream: members(), part: part, days: days, gone: true, at: readAt(hour), run: "run-" + string(rune('0'+hour))}
		for _, key := range keys {
			r.records = append(r.records, member(key, hour, part))
		}
		return r
	}
	commit(t, d, of("red", 1, days(1, 31), "2026-01-01 a", "2026-01-02 b"))
	commit(t, d, of("blue", 2, days(1, 31), "2026-01-01 c", "2026-01-02 d"))
	wantMarked(t, kind, place, members())
	commit(t, d, of("blue", 3, days(1, 1), "2026-01-01 e")) // c was left out; d lies on another day, a and b are red
	wantMarked(t, kind, place, members(), "2026-01-01 c")
	commit(t, d, of("red", 4, stagedoor.Days{}, "2026-01-02 b"))
	wantMarked(t, kind, place, members(), "2026-01-01 c", "2026-01-01 a")
	commit(t, d, of("blue", 5, days(1, 31), "2026-01-02 b", "2026-01-01 e")) // b went over to the blue ones
	wantMarked(t, kind, place, members(), "2026-01-01 c", "2026-01-01 a", "2026-01-02 d")
	commit(t, d, of("red", 6, days(1, 31), "2026-01-01 a"))
	wantMarked(t, kind, place, members(), "2026-01-01 c", "2026-01-02 d")
}

func testPartEnded(t *testing.T, kind Kind) {
	place := kind.New(t)
	d := open(t, kind, place)
	commit(t, d, reading{stream: members(), part: "red", days: days(1, 10), records: []stagedoor.Record{member("2026-01-01 a", 1, "red")}})
	commit(t, d, reading{stream: members(), part: "red", days: days(11, 20), records: []stagedoor.Record{member("2026-01-11 b", 1, "red")}})
	commit(t, d, reading{stream: members(), part: "red", params: "x", days: days(11, 20), records: []stagedoor.Record{member("2026-01-12 c", 1, "red")}})
	commit(t, d, reading{stream: members(), part: "blue", days: days(1, 10), records: []stagedoor.Record{member("2026-01-01 d", 1, "blue")}})
	wantParts(t, d, "", "blue", "red")

	slice := stagedoor.Slice{Stream: "members", Partition: "red"}
	w, err := d.Begin(context.Background(), members(), slice, "run-2")
	if err != nil {
		t.Fatal(err)
	}
	written, err := w.Commit(context.Background(), stagedoor.Checkpoint{Slice: slice, Run: "run-2", ReadAt: readAt(2), Ended: true}, false)
	if want := (stagedoor.Written{Gone: 2}); err != nil || written != want {
		t.Fatalf("Commit: %+v, %v, want %+v", written, err, want)
	}
	wantMarked(t, kind, place, members(), "2026-01-01 a", "2026-01-11 b")
	wantParts(t, d, "", "blue")
	wantParts(t, d, "x", "red")
}

func wantParts(t *testing.T, d stagedoor.Destination, params string, want ...string) {
	t.Helper()
	got, err := d.Parts(context.Background(), members(), params)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("parts under %q (-want +got):\n%s", params, diff)
	}
}
