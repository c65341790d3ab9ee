package destinationtest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stagedoor/stagedoor"
)

// Kind is a kind of destination under test. A place is whatever text Open
// needs to find the rows again, from another process too.
type Kind struct {
	// New returns an empty place.
	New func(t *testing.T) (place string)
	// Open opens a place. It may be open more than once.
	Open func(place string) (stagedoor.Destination, error)
	// Rows reads all rows of a stream without the destination's help, by key;
	// none where the stream was never written.
	Rows func(t *testing.T, place string, stream stagedoor.Stream) map[string]Row
	// Occupy puts something of another program where the stream's rows would
	// lie, and returns a check that it is still as it was. Nil where nothing
	// can lie there.
	Occupy func(t *testing.T, place string, stream stagedoor.Stream) (untouched func(t *testing.T))

	// Local tells that a place is the path of a file or folder of this machine.
	// The suite then makes its disk full, and takes the rights on it away,
	// itself; otherwise with the hooks below, and a case whose hook is nil is
	// skipped.
	Local bool
	// Full makes the place take no more than a little, until relieve.
	Full func(t *testing.T, place string) (relieve func())
	// Forbidden returns a place where this user may create nothing.
	Forbidden func(t *testing.T) (place string)
	// Remove takes the stream's table away, or what else holds all of its rows.
	Remove func(t *testing.T, place string, stream stagedoor.Stream)
	// Lose breaks every connection to the place that is open; new ones work.
	Lose func(t *testing.T, place string)
}

// Row is a row as it lies in the place.
type Row struct {
	Values  []any // of the types that stagedoor.Record.Values has
	Raw     string
	Run     string
	Pulled  time.Time
	Deleted time.Time // zero if not
}

// Test runs the suite.
func Test(t *testing.T, kind Kind) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, kind Kind)
	}{
		{"every value comes back exactly", testExact},
		{"every type may be null", testNull},
		{"any text comes back exactly", testText},
		{"any bytes come back as the raw record", testRaw},
		{"SQL keywords are names like others", testKeywords},
		{"a second run replaces and does not double", testReplace},
		{"a key that comes twice in a slice is one row", testKeyTwice},
		{"a new column joins a table that is there", testNewColumn},
		{"a changed type is refused, and nothing is lost", testChangedType},
		{"nested values come back exactly", testNested},
		{"a thousand unknown fields stay in the raw record", testUnknown},
		{"a row of five megabytes comes back exactly", testHuge},
		{"what another program made is left alone", testOccupied},

		{"checkpoints are kept for each stream, parameters and slice", testCheckpoints},
		{"rows that are left out stay, unless the commit looks for them", testStay},
		{"rows that are left out are marked, and unmarked when they return", testGone},
		{"an empty reading marks what was there", testGoneEmpty},
		{"a reading marks only the days that it read", testGoneDays},
		{"a reading marks only rows in the care of its parameters", testGoneParams},
		{"a row pulled after the reading began is not marked", testGoneRace},
		{"checkpoints of one part are not those of another", testPartCheckpoints},
		{"a reading of one part marks no row of another", testPartGone},
		{"a part that ended is marked whole and has no checkpoints", testPartEnded},
		{"a table that was taken away is read anew", testRemoved},

		{"an aborted slice leaves nothing", testAbort},
		{"a slice without Commit leaves nothing", testCrash},
		{"a cancelled slice leaves nothing", testCancelled},
		{"a slice takes nothing after its end", testEnded},
		{"slices of one run may be open side by side", testSideBySide},
		{"two writers keep each other's slices whole", testTwoWriters},
		{"two processes keep each other's slices whole", testTwoProcesses},
		{"a full disk leaves what was there", testFull},
		{"a place without rights is refused", testForbidden},
		{"a lost connection leaves what was there", testLost},
		{"memory stays flat", testVolume},
		{"any sequence of slices equals the model", testModel},
		{"any sequence of slices of parts equals the model", testPartModel},
		{"killed at any moment", testKilled},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, kind) })
	}
}

// readAt is when readings begin in these tests, some hours apart.
func readAt(hour int) time.Time {
	return time.Date(2026, 3, 10, 0, 0, 0, 123e6, time.UTC).Add(time.Duration(hour) * time.Hour)
}

// day returns a day of January 2026.
func day(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }

func days(since, until int) stagedoor.Days {
	return stagedoor.Days{Since: day(since), Until: day(until)}
}

// people is a small stream; its slices have days and its keys too.
func people() stagedoor.Stream {
	return stagedoor.Stream{
		Name: "people", Window: &stagedoor.Window{From: "from", To: "to"}, Day: []string{"seen"}, ID: [][]string{{"name"}},
		Columns: []stagedoor.Column{{Name: "name", Type: stagedoor.Text}, {Name: "age", Type: stagedoor.Integer}},
	}
}

// members is people, read one team at a time.
func members() stagedoor.Stream {
	s := people()
	s.Name = "members"
	s.Columns = append(s.Columns, stagedoor.Column{Name: "team", Type: stagedoor.Text})
	s.Partition = &stagedoor.Partition{Stream: "teams", Column: "id", Param: "team", Into: "team"}
	return s
}

// member returns a record of members.
func member(key string, age int, team string) stagedoor.Record {
	r := person(key, age)
	r.Values = append(r.Values, team)
	return r
}

// person returns a record of people.
func person(key string, age int) stagedoor.Record {
	return stagedoor.Record{
		Key: key, Values: []any{"name of " + key, int64(age)},
		Raw: fmt.Appendf(nil, `{"name":"name of %s","age":%d}`, key, age),
	}
}

func open(t *testing.T, kind Kind, place string) stagedoor.Destination {
	t.Helper()
	d, err := kind.Open(place)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() }) // again, after what the test itself closes
	return d
}

// reading is one reading of a slice, as the tests write it.
type reading struct {
	stream  stagedoor.Stream
	params  string
	part    string
	days    stagedoor.Days
	run     string
	at      time.Time
	gone    bool
	records []stagedoor.Record
}

func (r reading) slice() stagedoor.Slice {
	return stagedoor.Slice{Stream: r.stream.Name, Params: r.params, Partition: r.part, Days: r.days}
}

// stage begins a slice and writes the records.
func (r reading) stage(d stagedoor.Destination) (stagedoor.SliceWriter, error) {
	w, err := d.Begin(context.Background(), r.stream, r.slice(), r.run)
	if err != nil {
		return nil, err
	}
	for _, record := range r.records {
		if err := w.Write(context.Background(), record); err != nil {
			_ = w.Abort() // err is what happened
			return nil, err
		}
	}
	return w, nil
}

// commit writes the whole slice.
func (r reading) commit(d stagedoor.Destination) (stagedoor.Written, error) {
	w, err := r.stage(d)
	if err != nil {
		return stagedoor.Written{}, err
	}
	c := stagedoor.Checkpoint{Slice: r.slice(), Run: r.run, ReadAt: r.at, Returned: len(r.records)}
	written, err := w.Commit(context.Background(), c, r.gone)
	if err != nil {
		_ = w.Abort() // err is what happened
	}
	return written, err
}

func commit(t *testing.T, d stagedoor.Destination, r reading) stagedoor.Written {
	t.Helper()
	if r.run == "" {
		r.run = "run-1"
	}
	if r.at.IsZero() {
		r.at = readAt(1)
	}
	written, err := r.commit(d)
	if err != nil {
		t.Fatal(err)
	}
	return written
}

// wantRows compares the rows of a stream with what should lie there.
func wantRows(t *testing.T, kind Kind, place string, stream stagedoor.Stream, want map[string]Row) {
	t.Helper()
	if diff := cmp.Diff(want, kind.Rows(t, place, stream)); diff != "" {
		t.Fatalf("rows of %s (-want +got):\n%s", stream.Name, diff)
	}
}

// rowOf is the row that a record becomes.
func rowOf(r stagedoor.Record, run string, at time.Time) Row {
	return Row{Values: r.Values, Raw: string(r.Raw), Run: run, Pulled: at}
}

// marked returns the keys of rows with a _deleted_at.
func marked(t *testing.T, kind Kind, place string, stream stagedoor.Stream) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for key, row := range kind.Rows(t, place, stream) {
		if !row.Deleted.IsZero() {
			found[key] = true
		}
	}
	return found
}

func wantMarked(t *testing.T, kind Kind, place string, stream stagedoor.Stream, keys ...string) {
	t.Helper()
	want := map[string]bool{}
	for _, key := range keys {
		want[key] = true
	}
	if diff := cmp.Diff(want, marked(t, kind, place, stream)); diff != "" {
		t.Fatalf("rows marked as gone (-want +got):\n%s", diff)
	}
}

func wantCheckpoints(t *testing.T, d stagedoor.Destination, stream stagedoor.Stream, params string, want ...stagedoor.Checkpoint) {
	t.Helper()
	wantPartCheckpoints(t, d, stream, params, "", want...)
}

func wantPartCheckpoints(t *testing.T, d stagedoor.Destination, stream stagedoor.Stream, params, part string, want ...stagedoor.Checkpoint) {
	t.Helper()
	got, err := d.Checkpoints(context.Background(), stream, params, part)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("checkpoints (-want +got):\n%s", diff)
	}
}
