package destinationtest

import (
	"context"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/stagedoor/stagedoor"
)

// model is what a destination should hold, by the rules of the package comment.
type model struct {
	rows        map[string]Row
	care        map[string]string                          // key → the parameters in whose care it is
	checkpoints map[string]map[string]stagedoor.Checkpoint // by parameters, then by slice
}

// ofPart reports whether a row belongs to the part that was read.
func (r reading) ofPart(row Row) bool {
	return r.stream.Partition == nil || row.Values[len(row.Values)-1] == r.part
}

func (m *model) commit(r reading) stagedoor.Written {
	came := map[string]bool{}
	for _, record := range r.records {
		came[record.Key] = true
		if care, ok := m.care[record.Key]; !ok || care != "" {
			m.care[record.Key] = r.params
		}
		m.rows[record.Key] = rowOf(record, r.run, r.at)
	}
	written := stagedoor.Written{Rows: len(came)}
	for key, row := range m.rows {
		inside := r.days.Since.IsZero() ||
			len(r.stream.Day) > 0 && key >= r.days.Since.Format(time.DateOnly) && key < r.days.Until.AddDate(0, 0, 1).Format(time.DateOnly)
		if r.gone && !came[key] && inside && r.ofPart(row) && m.care[key] == r.params && row.Deleted.IsZero() && !row.Pulled.After(r.at) {
			row.Deleted = r.at
			m.rows[key] = row
			written.Gone++
		}
	}
	if m.checkpoints[r.params] == nil {
		m.checkpoints[r.params] = map[string]stagedoor.Checkpoint{}
	}
	m.checkpoints[r.params][r.slice().ID()] = stagedoor.Checkpoint{
		Slice: r.slice(), Run: r.run, ReadAt: r.at, Returned: len(r.records), Written: written.Rows,
	}
	return written
}

// testModel writes random slices and compares the place with the model.
func testModel(t *testing.T, kind Kind) { compareWithModel(t, kind, people()) }

func testPartModel(t *testing.T, kind Kind) { compareWithModel(t, kind, members()) }

func compareWithModel(t *testing.T, kind Kind, stream stagedoor.Stream) {
	rapid.Check(t, func(rt *rapid.T) {
		place := kind.New(t)
		m := &model{rows: map[string]Row{}, care: map[string]string{}, checkpoints: map[string]map[string]stagedoor.Checkpoint{}}
		d, err := kind.Open(place)
		if err != nil {
			rt.Fatal(err)
		}
		defer func() { _ = d.Close() }()
		for step := range rapid.IntRange(1, 12).Draw(rt, "steps") {
			r := drawReading(rt, stream, step)
			switch fate := rapid.SampledFrom([]string{"commit", "commit", "commit", "abort", "crash"}).Draw(rt, "fate"); fate {
			case "commit":
				got, err := r.commit(d)
				if err != nil {
					rt.Fatal(err)
				}
				if want := m.commit(r); got != want {
					rt.Fatalf("Written = %+v, want %+v", got, want)
				}
			default:
				w, err := r.stage(d)
				if err != nil {
					rt.Fatal(err)
				}
				if fate == "crash" {
					_ = d.Close() // with the slice open
					if d, err = kind.Open(place); err != nil {
						rt.Fatal(err)
					}
				}
				if err := w.Abort(); err != nil {
					rt.Fatal(err)
				}
			}
			m.compare(rt, stream, kind.Rows(t, place, stream), d)
		}
	})
}

func (m *model) compare(rt *rapid.T, stream stagedoor.Stream, rows map[string]Row, d stagedoor.Destination) {
	if diff := cmp.Diff(m.rows, rows); diff != "" {
		rt.Fatalf("rows (-model +place):\n%s", diff)
	}
	for _, params := range []string{"", "x", "y"} {
		var list []stagedoor.Checkpoint
		for _, part := range []string{"", "red", "blue"} {
			ofPart, err := d.Checkpoints(context.Background(), stream, params, part)
			if err != nil {
				rt.Fatal(err)
			}
			list = append(list, ofPart...)
		}
		got := maps.Collect(func(yield func(string, stagedoor.Checkpoint) bool) {
			for _, c := range list {
				if !yield(c.ID(), c) {
					return
				}
			}
		})
		want := m.checkpoints[params]
		if want == nil {
			want = map[string]stagedoor.Checkpoint{}
		}
		if diff := cmp.Diff(want, got); diff != "" || len(list) != len(got) {
			rt.Fatalf("checkpoints under %q (-model +place):\n%s", params, diff)
		}
	}
}

func drawReading(rt *rapid.T, stream stagedoor.Stream, step int) reading {
	r := reading{
		stream: stream,
		params: rapid.SampledFrom([]string{"", "x", "y"}).Draw(rt, "params"),
		run:    fmt.Sprintf("run-%d", step),
		// A slow run may have begun before one that was written already.
		at:   readAt(step - rapid.IntRange(0, 3).Draw(rt, "late")),
		gone: rapid.Bool().Draw(rt, "gone"),
	}
	if stream.Partition != nil {
		r.part = rapid.SampledFrom([]string{"red", "blue"}).Draw(rt, "part")
	}
	if since := rapid.IntRange(0, 4).Draw(rt, "since"); since > 0 {
		r.days = days(since, since+rapid.IntRange(0, 2).Draw(rt, "more days"))
	}
	for range rapid.IntRange(0, 6).Draw(rt, "records") {
		key := fmt.Sprintf("2026-01-%02d %s", rapid.IntRange(1, 6).Draw(rt, "day"), rapid.SampledFrom([]string{"a", "b", "é"}).Draw(rt, "id"))
		age := rapid.IntRange(0, 9).Draw(rt, "age")
		if stream.Partition == nil {
			r.records = append(r.records, person(key, age))
		} else {
			r.records = append(r.records, member(key, age, r.part))
		}
	}
	return r
}
