package destinationtest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stagedoor/stagedoor"
)

// The tests of this file hold that a slice is seen whole or not at all.

// standing returns a place with one row, and a check that nothing changed.
func standing(t *testing.T, kind Kind) (place string, d stagedoor.Destination, unchanged func()) {
	place = kind.New(t)
	d = open(t, kind, place)
	a := person("2026-01-01 a", 1)
	commit(t, d, reading{stream: people(), days: days(1, 1), records: []stagedoor.Record{a}})
	return place, d, func() {
		t.Helper()
		wantRows(t, kind, place, people(), map[string]Row{a.Key: rowOf(a, "run-1", readAt(1))})
		wantCheckpoints(t, open(t, kind, place), people(), "", stagedoor.Checkpoint{
			Slice: stagedoor.Slice{Stream: "people", Days: days(1, 1)}, Run: "run-1", ReadAt: readAt(1), Returned: 1, Written: 1,
		})
	}
}

// another is a reading that would change all that stands, and widen the table.
func another() reading {
	stream := people()
	stream.Columns = append(stream.Columns, stagedoor.Column{Name: "more", Type: stagedoor.Text})
	var records []stagedoor.Record
	for i := range 500 {
		r := person(fmt.Sprintf("2026-01-01 %c%d", 'a'+i%3, i/3), 2)
		r.Values = append(r.Values, "more")
		records = append(records, r)
	}
	return reading{stream: stream, days: days(1, 1), run: "run-2", at: readAt(2), gone: true, records: records}
}

func testAbort(t *testing.T, kind Kind) {
	_, d, unchanged := standing(t, kind)
	w, err := another().stage(d)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // once more does nothing
		if err := w.Abort(); err != nil {
			t.Fatal(err)
		}
	}
	unchanged()
	commit(t, d, another()) // the next slice is not disturbed
}

func testCrash(t *testing.T, kind Kind) {
	_, d, unchanged := standing(t, kind)
	w, err := another().stage(d)
	if err != nil {
		t.Fatal(err)
	}
	unchanged()
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	unchanged()
	if err := w.Abort(); err != nil {
		t.Fatal(err)
	}
}

func testCancelled(t *testing.T, kind Kind) {
	_, d, unchanged := standing(t, kind)
	r := another()
	ctx, cancel := context.WithCancel(context.Background())
	w, err := d.Begin(ctx, r.stream, r.slice(), r.run)
	if err != nil {
		t.Fatal(err)
	}
	for _, record := range r.records[:250] {
		if err := w.Write(ctx, record); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	wantKind(t, w.Write(ctx, r.records[250]), stagedoor.KindInterrupted)
	_, err = w.Commit(ctx, stagedoor.Checkpoint{Slice: r.slice(), Run: r.run, ReadAt: r.at}, false)
	wantKind(t, err, stagedoor.KindInterrupted)
	if err := w.Abort(); err != nil {
		t.Fatal(err)
	}
	unchanged()
	commit(t, d, another())
}

func testEnded(t *testing.T, kind Kind) {
	place := kind.New(t)
	d := open(t, kind, place)
	r := reading{stream: people(), run: "run-1", records: []stagedoor.Record{person("a", 1)}}
	c := stagedoor.Checkpoint{Slice: r.slice(), Run: r.run, ReadAt: readAt(1), Returned: 1}
	w, err := r.stage(d)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Commit(context.Background(), c, false); err != nil {
		t.Fatal(err)
	}
	if err := w.Abort(); err != nil {
		t.Errorf("Abort after Commit: %v", err)
	}
	wantKind(t, w.Write(context.Background(), person("b", 1)), stagedoor.KindInternal)
	_, err = w.Commit(context.Background(), c, false)
	wantKind(t, err, stagedoor.KindInternal)
	wantRows(t, kind, place, people(), map[string]Row{"a": rowOf(r.records[0], "run-1", readAt(1))})
}

func testSideBySide(t *testing.T, kind Kind) {
	place := kind.New(t)
	d := open(t, kind, place)
	first := reading{stream: people(), days: days(1, 1), run: "run-1", at: readAt(1), records: []stagedoor.Record{person("2026-01-01 a", 1)}}
	second := reading{stream: people(), days: days(2, 2), run: "run-1", at: readAt(1), records: []stagedoor.Record{person("2026-01-02 b", 1)}}
	w, err := first.stage(d)
	if err != nil {
		t.Fatal(err)
	}
	commit(t, d, second)
	if _, err := w.Commit(context.Background(), stagedoor.Checkpoint{Slice: first.slice(), ReadAt: first.at}, false); err != nil {
		t.Fatal(err)
	}
	if n := len(kind.Rows(t, place, people())); n != 2 {
		t.Errorf("%d rows, want 2", n)
	}
}

// testTwoWriters has runs that open a new place at once, and write the same
// slices and slices of their own.
func testTwoWriters(t *testing.T, kind Kind) {
	place := kind.New(t)
	const runs, rounds, rows = 3, 5, 100
	var wait sync.WaitGroup
	for run := range runs {
		wait.Go(func() {
			d, err := kind.Open(place)
			if err != nil {
				t.Error(err)
				return
			}
			defer d.Close()
			own := people()
			own.Name = fmt.Sprintf("own_%d", run)
			for round := range rounds {
				for _, stream := range []stagedoor.Stream{people(), own} {
					r := reading{stream: stream, days: days(1, 1), run: fmt.Sprintf("run-%d-%d", run, round), at: readAt(round), gone: true}
					for i := range rows {
						r.records = append(r.records, person(fmt.Sprintf("2026-01-01 %03d", i), run))
					}
					if _, err := r.commit(d); err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	wait.Wait()
	wantWhole(t, kind, place, people(), days(1, 1), rows)
	for run := range runs {
		own := people()
		own.Name = fmt.Sprintf("own_%d", run)
		wantWhole(t, kind, place, own, days(1, 1), rows)
	}
}

// wantWhole wants that all rows of a slice come from the run which its
// checkpoint names; and returns that run.
func wantWhole(t *testing.T, kind Kind, place string, stream stagedoor.Stream, of stagedoor.Days, rows int) string {
	t.Helper()
	d := open(t, kind, place)
	checkpoints, err := d.Checkpoints(context.Background(), stream, "", "")
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil { // nothing of ours keeps the place alive over the next kill
		t.Fatal(err)
	}
	run := ""
	for _, c := range checkpoints {
		if c.Days == of {
			run = c.Run
		}
	}
	first, last := of.Since.Format("2006-01-02"), of.Until.AddDate(0, 0, 1).Format("2006-01-02")
	found := 0
	for key, row := range kind.Rows(t, place, stream) {
		if key < first || key >= last || !row.Deleted.IsZero() {
			continue
		}
		found++
		if row.Run != run {
			t.Fatalf("row %q is of run %q, and the checkpoint of %q", key, row.Run, run)
		}
	}
	if run != "" && found != rows || run == "" && found != 0 {
		t.Fatalf("%d rows of run %q, want %d", found, run, rows)
	}
	return run
}
