package stdout

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
)

func activities() stagedoor.Stream {
	return stagedoor.Stream{Name: "meeting_activities", Columns: []stagedoor.Column{
		{Name: "meeting_number", Type: stagedoor.Digits},
		{Name: "activity_time", Type: stagedoor.ActivityTime},
		{Name: "operator", Type: stagedoor.Text},
		{Name: "count", Type: stagedoor.Integer},
		{Name: "external", Type: stagedoor.Boolean},
		{Name: "score", Type: stagedoor.Real},
		{Name: "fields", Type: stagedoor.JSON},
	}}
}

func activity(key, operator string, count int64) stagedoor.Record {
	at := time.Date(2024, 3, 21, 7, 9, 3, 216e6, time.UTC)
	return stagedoor.Record{Key: key, Values: []any{"982 610 0285", at, operator, count, true, 0.5, "{\n \"a\": [1, 9007199254740993]\n}"}, Raw: []byte(`{}`)}
}

func nothing(key string) stagedoor.Record {
	return stagedoor.Record{Key: key, Values: make([]any, 7), Raw: []byte(`{}`)}
}

func printer(t *testing.T, o Options) *Destination {
	t.Helper()
	d, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// write prints one slice.
func write(t *testing.T, d *Destination, stream stagedoor.Stream, records ...stagedoor.Record) {
	t.Helper()
	w := stage(t, d, stream, records...)
	if _, err := w.Commit(context.Background(), stagedoor.Checkpoint{}, false); err != nil {
		t.Fatal(err)
	}
}

func stage(t *testing.T, d *Destination, stream stagedoor.Stream, records ...stagedoor.Record) stagedoor.SliceWriter {
	t.Helper()
	w, err := d.Begin(context.Background(), stream, stagedoor.Slice{Stream: stream.Name}, "run-1")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if err := w.Write(context.Background(), r); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func wantOut(t *testing.T, out fmt.Stringer, want string) {
	t.Helper()
	if got := out.String(); got != want {
		t.Errorf("printed\n%s\nwant\n%s", got, want)
	}
}

func TestNDJSONIsAnObjectALine(t *testing.T) {
	var out bytes.Buffer
	d := printer(t, Options{Out: &out}) // what a pipe gets without --format
	write(t, d, activities(), activity("a", "Zoë <z@x.example>", math.MaxInt64), nothing("b"))
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	wantOut(t, &out, `{"meeting_number":"982 610 0285","activity_time":"2024-03-21T07:09:03.216Z","operator":"Zoë <z@x.example>","count":9223372036854775807,"external":true,"score":0.5,"fields":{"a":[1,9007199254740993]}}
{"meeting_number":null,"activity_time":null,"operator":null,"count":null,"external":null,"score":null,"fields":null}
`)
}

func TestAJSONColumnThatIsNotJSONIsText(t *testing.T) {
	var out bytes.Buffer
	d := printer(t, Options{Out: &out})
	stream := stagedoor.Stream{Name: "s", Columns: []stagedoor.Column{{Name: "j", Type: stagedoor.JSON}, {Name: "r", Type: stagedoor.Real}}}
	for _, text := range []string{"{broken", "", "1 2", `"\ud800"`} {
		write(t, d, stream, stagedoor.Record{Key: text, Values: []any{text, math.NaN()}})
	}
	wantOut(t, &out, `{"j":"{broken","r":null}
{"j":"","r":null}
{"j":"1 2","r":null}
{"j":"\ud800","r":null}
`)
}

func TestJSONIsOneArrayOverAllSlices(t *testing.T) {
	for slices, want := range []int{0, 1, 2, 3} {
		var out bytes.Buffer
		d := printer(t, Options{Out: &out, Format: JSON})
		for i := range slices {
			write(t, d, activities(), activity("a", fmt.Sprint(i), 1))
			write(t, d, activities()) // without rows
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		var rows []map[string]any
		if err := json.Unmarshal(out.Bytes(), &rows); err != nil || rows == nil || len(rows) != want {
			t.Errorf("%d slices gave %d rows, %v, want %d:\n%s", slices, len(rows), err, want, &out)
		}
	}
}

func TestObjectsOfSeveralStreamsNameTheirs(t *testing.T) {
	for _, format := range []string{NDJSON, JSON} {
		var out bytes.Buffer
		d := printer(t, Options{Out: &out, Format: format, Streams: 2})
		stream := stagedoor.Stream{Name: "order", Columns: []stagedoor.Column{{Name: "id", Type: stagedoor.Text}}}
		write(t, d, stream, stagedoor.Record{Key: "a", Values: []any{"1"}})
		if want := `{"_stream":"order","id":"1"}`; !strings.Contains(out.String(), want) {
			t.Errorf("%s: printed %s, want %s", format, &out, want)
		}
	}
}

func TestCSVHasOneHeaderAndExactText(t *testing.T) {
	var out bytes.Buffer
	d := printer(t, Options{Out: &out, Format: CSV, Streams: 1})
	text := "=1+1, \"q\"\nnext\tline"
	write(t, d, activities(), activity("a", text, math.MinInt64))
	write(t, d, activities(), nothing("b"))
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	const header = "meeting_number,activity_time,operator,count,external,score,fields\n"
	if !strings.HasPrefix(out.String(), header) || strings.Count(out.String(), "meeting_number") != 1 {
		t.Errorf("printed\n%s", &out)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil || len(rows) != 3 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	want := []string{"982 610 0285", "2024-03-21T07:09:03.216Z", text, "-9223372036854775808", "true", "0.5", "{\n \"a\": [1, 9007199254740993]\n}"}
	if strings.Join(rows[1], "|") != strings.Join(want, "|") {
		t.Errorf("row = %q, want %q", rows[1], want)
	}
	if strings.Join(rows[2], "") != "" {
		t.Errorf("null prints %q, want nothing", rows[2])
	}
}

func TestCSVOfAnEmptySliceHasAHeader(t *testing.T) {
	var out bytes.Buffer
	d := printer(t, Options{Out: &out, Format: CSV})
	write(t, d, activities())
	wantOut(t, &out, "meeting_number,activity_time,operator,count,external,score,fields\n")
}

func TestWhatCannotBePrintedIsAUsageError(t *testing.T) {
	for _, o := range []Options{{Format: CSV, Streams: 2}, {Format: "yaml"}} {
		_, err := New(o)
		if e, ok := errors.AsType[*stagedoor.Error](err); !ok || e.Kind != stagedoor.KindUsage || e.Fix == "" {
			t.Errorf("New(%+v) = %v, want a usage error with its fix", o, err)
		}
	}
}

func TestNothingIsPrintedBeforeCommit(t *testing.T) {
	for _, format := range []string{Table, JSON, NDJSON, CSV} {
		var out bytes.Buffer
		d := printer(t, Options{Out: &out, Format: format})
		w := stage(t, d, activities(), activity("a", "aborted", 1))
		wantOut(t, &out, "")
		if err := w.Abort(); err != nil {
			t.Fatal(err)
		}
		write(t, d, activities(), activity("a", "again", 1))
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		if s := out.String(); strings.Contains(s, "aborted") || strings.Count(s, "again") != 1 {
			t.Errorf("%s: printed\n%s", format, s)
		}
	}
}

func TestAKeyThatComesTwiceInASliceIsPrintedOnce(t *testing.T) {
	var out bytes.Buffer
	d := printer(t, Options{Out: &out})
	w := stage(t, d, activities(), activity("a", "first", 1), activity("b", "other", 1), activity("a", "second", 1), activity("a", "third", 1))
	written, err := w.Commit(context.Background(), stagedoor.Checkpoint{}, true)
	if err != nil || written != (stagedoor.Written{Rows: 2}) {
		t.Errorf("Commit = %+v, %v; want 2 rows", written, err)
	}
	s := out.String()
	if strings.Contains(s, "first") || strings.Contains(s, "second") || strings.Count(s, "\n") != 2 {
		t.Errorf("printed\n%s", s)
	}
	if err := w.Abort(); err != nil {
		t.Errorf("Abort after Commit: %v", err)
	}
	if _, err := w.Commit(context.Background(), stagedoor.Checkpoint{}, false); stagedoor.KindOf(err) != stagedoor.KindInternal {
		t.Errorf("a second Commit: %v", err)
	}
}

func TestALongSliceIsSpooledToAFileWithoutAName(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	out := &counter{}
	d := printer(t, Options{Out: out})
	const rows = 20_000
	w := stage(t, d, activities())
	for i := range rows {
		r := activity(fmt.Sprint(i), strings.Repeat("x", 1000), int64(i))
		if i%2 == 1 {
			r.Key = fmt.Sprint(i - 1) // every row is replaced by the next
		}
		if err := w.Write(context.Background(), r); err != nil {
			t.Fatal(err)
		}
	}
	if kept := w.(*slice).spool.buffer.Len(); kept > inMemory {
		t.Errorf("%d bytes are in memory, want at most %d", kept, inMemory)
	}
	if w.(*slice).spool.file == nil {
		t.Fatal("nothing was spooled to a file")
	}
	if names, err := os.ReadDir(folder); err != nil || len(names) != 0 {
		t.Errorf("rows lie in %v, %v", names, err)
	}
	written, err := w.Commit(context.Background(), stagedoor.Checkpoint{}, false)
	if err != nil || written.Rows != rows/2 || out.lines != rows/2 {
		t.Errorf("Commit = %+v, %v, and %d lines, want %d", written, err, out.lines, rows/2)
	}
}

// counter counts lines.
type counter struct{ lines int }

func (c *counter) Write(b []byte) (int, error) {
	c.lines += bytes.Count(b, []byte("\n"))
	return len(b), nil
}

func TestAReaderThatHasGoneEndsTheRunQuietly(t *testing.T) {
	read, written, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer written.Close()
	if err := read.Close(); err != nil {
		t.Fatal(err)
	}
	d := printer(t, Options{Out: written})
	w := stage(t, d, activities(), activity("a", "x", 1))
	_, err = w.Commit(context.Background(), stagedoor.Checkpoint{}, false)
	if stagedoor.KindOf(err) != stagedoor.KindInterrupted || !errors.Is(err, syscall.EPIPE) {
		t.Errorf("Commit = %v, want kind interrupted and EPIPE", err)
	}
	if err := d.Close(); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("Close = %v, want EPIPE", err)
	}
}

func TestOtherTroubleWithTheOutputIsExplained(t *testing.T) {
	for cause, want := range map[error]string{syscall.ENOSPC: "the disk is full", io.ErrShortWrite: "could not be written"} {
		d := printer(t, Options{Out: failing{cause}})
		w := stage(t, d, activities(), activity("a", "x", 1))
		_, err := w.Commit(context.Background(), stagedoor.Checkpoint{}, false)
		if stagedoor.KindOf(err) != stagedoor.KindDestination || !strings.Contains(err.Error(), want) {
			t.Errorf("Commit = %v, want kind destination and %q", err, want)
		}
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestACancelledSlicePrintsNothing(t *testing.T) {
	var out bytes.Buffer
	d := printer(t, Options{Out: &out})
	w := stage(t, d, activities(), activity("a", "x", 1))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := w.Write(ctx, nothing("b")); stagedoor.KindOf(err) != stagedoor.KindInterrupted {
		t.Errorf("Write = %v, want kind interrupted", err)
	}
	if _, err := w.Commit(ctx, stagedoor.Checkpoint{}, false); stagedoor.KindOf(err) != stagedoor.KindInterrupted {
		t.Errorf("Commit = %v, want kind interrupted", err)
	}
	wantOut(t, &out, "")
}

func TestPrintingKeepsNoCheckpoints(t *testing.T) {
	d := printer(t, Options{Out: io.Discard})
	write(t, d, activities(), nothing("a"))
	if c, err := d.Checkpoints(context.Background(), activities(), "", ""); err != nil || len(c) != 0 {
		t.Errorf("Checkpoints = %v, %v", c, err)
	}
}
