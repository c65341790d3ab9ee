package destinationtest

import (
	"testing"

	"github.com/stagedoor/stagedoor"
)

func testCheckpoints(t *testing.T, kind Kind) {
	place := kind.New(t)
	d := open(t, kind, place)
	wantCheckpoints(t, d, people(), "")
	other := people()
	other.Name = "others"
	records := []stagedoor.Record{person("2026-01-01 a", 1), person("2026-01-01 a", 2)}
	for i, r := range []reading{
		{stream: people(), days: days(11, 20)},
		{stream: people(), days: days(1, 10)},
		{stream: people(), days: days(1, 10), params: `{"page":"a b"}`},
		{stream: people()},
		{stream: other, days: days(1, 1)},
		{stream: people(), days: days(11, 20)}, // again
	} {
		r.run, r.at, r.records = "run-"+string(rune('a'+i)), readAt(i), records
		commit(t, d, r)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	d = open(t, kind, place)
	of := func(stream, params string, days stagedoor.Days, i int) stagedoor.Checkpoint {
		return stagedoor.Checkpoint{
			Slice: stagedoor.Slice{Stream: stream, Params: params, Days: days},
			Run:   "run-" + string(rune('a'+i)), ReadAt: readAt(i), Returned: 2, Written: 1,
		}
	}
	wantCheckpoints(t, d, people(), "", of("people", "", stagedoor.Days{}, 3), of("people", "", days(1, 10), 1), of("people", "", days(11, 20), 5))
	wantCheckpoints(t, d, people(), `{"page":"a b"}`, of("people", `{"page":"a b"}`, days(1, 10), 2))
	wantCheckpoints(t, d, other, "", of("others", "", days(1, 1), 4))
	wantCheckpoints(t, d, other, "x")
}

func testStay(t *testing.T, kind Kind) {
	place := kind.New(t)
	d := open(t, kind, place)
	a, b := person("2026-01-01 a", 1), person("2026-01-01 b", 1)
	commit(t, d, reading{stream: people(), days: days(1, 1), records: []stagedoor.Record{a, b}})
	commit(t, d, reading{stream: people(), days: days(1, 1), run: "run-2", at: readAt(2), records: []stagedoor.Record{a}})
	wantRows(t, kind, place, people(), map[string]Row{a.Key: rowOf(a, "run-2", readAt(2)), b.Key: rowOf(b, "run-1", readAt(1))})
}

func testGone(t *testing.T, kind Kind) {
	place := kind.New(t)
	d := open(t, kind, place)
	a, b, c := person("a", 1), person("b", 1), person("c", 1)
	write := func(hour, gone int, records ...stagedoor.Record) {
		t.Helper()
		written := commit(t, d, reading{stream: people(), run: "run-" + string(rune('0'+hour)), at: readAt(hour), gone: true, records: records})
		if want := (stagedoor.Written{Rows: len(records), Gone: gone}); written != want {
			t.Errorf("Written = %+v, want %+v", written, want)
		}
	}
	write(1, 0, a, b, c)
	write(2, 2, a)
	rowB := rowOf(b, "run-1", readAt(1)) // all else of a row that is gone stays as it was
	rowB.Deleted = readAt(2)
	rowC := rowOf(c, "run-1", readAt(1))
	rowC.Deleted = readAt(2)
	wantRows(t, kind, place, people(), map[string]Row{"a": rowOf(a, "run-2", readAt(2)), "b": rowB, "c": rowC})
	write(3, 0, a, b) // c was marked before: it keeps the time at which it was missed first
	wantRows(t, kind, place, people(), map[string]Row{"a": rowOf(a, "run-3", readAt(3)), "b": rowOf(b, "run-3", readAt(3)), "c": rowC})
}

func testGoneEmpty(t *testing.T, kind Kind) {
	place := kind.New(t)
	d := open(t, kind, place)
	commit(t, d, reading{stream: people(), gone: true, records: []stagedoor.Record{person("a", 1)}})
	if written := commit(t, d, reading{stream: people(), run: "run-2", at: readAt(2)}); written != (stagedoor.Written{}) {
		t.Errorf("without gone: Written = %+v, want nothing", written)
	}
	wantMarked(t, kind, place, people())
	written := commit(t, d, reading{stream: people(), run: "run-2", at: readAt(2), gone: true})
	if written != (stagedoor.Written{Gone: 1}) {
		t.Errorf("with gone: Written = %+v, want a row that is gone", written)
	}
	wantMarked(t, kind, place, people(), "a")
	wantCheckpoints(t, d, people(), "", stagedoor.Checkpoint{Slice: stagedoor.Slice{Stream: "people"}, Run: "run-2", ReadAt: readAt(2)})
}

func testGoneDays(t *testing.T, kind Kind) {
	place := kind.New(t)
	d := open(t, kind, place)
	keys := []string{"2025-12-31 z", "2026-01-09 z", "2026-01-10", "2026-01-10 a", "2026-01-11 a", "2026-01-12 zz", "2026-01-13", "2026-01-13 a", "no day"}
	var all []stagedoor.Record
	for _, key := range keys {
		all = append(all, person(key, 1))
	}
	commit(t, d, reading{stream: people(), records: all})
	again := reading{stream: people(), days: days(10, 12), run: "run-2", at: readAt(2), gone: true, records: []stagedoor.Record{person("2026-01-11 a", 2)}}
	dayless := people()
	dayless.Day = nil
	byID := again
	byID.stream = dayless
	commit(t, d, byID)
	wantMarked(t, kind, place, people()) // keys without days do not tell
	commit(t, d, again)
	wantMarked(t, kind, place, people(), "2026-01-10", "2026-01-10 a", "2026-01-12 zz")
}

func testGoneParams(t *testing.T, kind Kind) {
	place := kind.New(t)
	d := open(t, kind, place)
	hour := 0
	write := func(params string, keys ...string) {
		t.Helper()
		hour++
		r := reading{stream: people(), params: params, at: readAt(hour), gone: true}
		for _, key := range keys {
			r.records = append(r.records, person(key, hour))
		}
		commit(t, d, r)
	}
	write("", "a", "b")
	write("x", "b", "c")
	write("y", "c", "d")
	wantMarked(t, kind, place, people())
	write("x", "e") // b is in the care of the reading without parameters, c now in that of y
	wantMarked(t, kind, place, people())
	write("y", "d")
	wantMarked(t, kind, place, people(), "c")
	write("", "a")
	wantMarked(t, kind, place, people(), "b", "c")
	write("x", "e", "b") // shown again, whoever shows it
	wantMarked(t, kind, place, people(), "c")
}

func testGoneRace(t *testing.T, kind Kind) {
	place := kind.New(t)
	d := open(t, kind, place)
	commit(t, d, reading{stream: people(), at: readAt(1), records: []stagedoor.Record{person("a", 1), person("b", 1), person("c", 1)}})
	commit(t, d, reading{stream: people(), at: readAt(3), run: "run-2", records: []stagedoor.Record{person("b", 2)}})
	// A slower run, which began to read before the other.
	commit(t, d, reading{stream: people(), at: readAt(2), run: "run-3", gone: true, records: []stagedoor.Record{person("a", 3)}})
	wantMarked(t, kind, place, people(), "c")
}
