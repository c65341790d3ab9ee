package destinationtest

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stagedoor/stagedoor"
)

// everyType is a stream with a column of each type.
func everyType() stagedoor.Stream {
	s := stagedoor.Stream{Name: "every_type"}
	for _, t := range []stagedoor.ColumnType{
		stagedoor.Text, stagedoor.Integer, stagedoor.Real, stagedoor.Boolean,
		stagedoor.Timestamp, stagedoor.ActivityTime, stagedoor.Digits, stagedoor.JSON, stagedoor.MinuteTime,
	} {
		s.Columns = append(s.Columns, stagedoor.Column{Name: "a_" + string(t), Type: t})
	}
	return s
}

// testRecords writes the records, opens the place again, and wants them back.
func testRecords(t *testing.T, kind Kind, stream stagedoor.Stream, records ...stagedoor.Record) {
	t.Helper()
	place := kind.New(t)
	d := open(t, kind, place)
	written := commit(t, d, reading{stream: stream, records: records})
	if written.Rows != len(records) {
		t.Errorf("Written.Rows = %d, want %d", written.Rows, len(records))
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	want := map[string]Row{}
	for _, r := range records {
		want[r.Key] = rowOf(r, "run-1", readAt(1))
	}
	wantRows(t, kind, place, stream, want)
}

func testExact(t *testing.T, kind Kind) {
	at := time.Date(2024, 3, 21, 7, 9, 3, 216e6, time.UTC)
	long := time.Date(1969, 12, 31, 23, 59, 59, 999e6, time.UTC)
	testRecords(
		t, kind, everyType(),
		stagedoor.Record{Key: "2024-03-21 a", Raw: []byte(`{"n":1}`), Values: []any{"text", int64(math.MaxInt64), 0.1, true, at, at, "982 610 0285", `[1,{"a":null}]`, at}},
		stagedoor.Record{Key: "2024-03-21 b", Raw: []byte(`{"n":2}`), Values: []any{"", int64(math.MinInt64), -0.5, false, long, long, "0012", `{}`, long}},
		stagedoor.Record{Key: "2024-03-21 c", Raw: []byte(`{}`), Values: []any{"7", int64(0), 3.0, true, at, long, "7", `9007199254740993`, at}},
		stagedoor.Record{Key: "2024-03-21 d", Raw: []byte(` { "spaces" : "stay" } `), Values: []any{"1e3", int64(1 << 53), math.MaxFloat64, false, at, at, "-1", `"text"`, at}},
	)
}

func testNull(t *testing.T, kind Kind) {
	stream := everyType()
	testRecords(t, kind, stream, stagedoor.Record{Key: "k", Raw: []byte(`{}`), Values: make([]any, len(stream.Columns))})
}

func testText(t *testing.T, kind Kind) {
	var records []stagedoor.Record
	for i, text := range []string{
		"plain", `'; DROP TABLE people; --`, `"quoted" and \back`, "two\nlines\r\nand\ttabs", "👩‍👩‍👧 ünï 漢字 \u202eright to left\u202c",
		" blanks around ", "null", "a\x1b[31mred", "\u2028\u2029\ufeff", strings.Repeat("long ", 300_000), "=1+1",
	} {
		r := person(fmt.Sprintf("2026-01-01 %d %.40s", i, text), i)
		r.Values[0] = text
		r.Raw = []byte(text)
		records = append(records, r)
	}
	testRecords(t, kind, people(), records...)
}

func testRaw(t *testing.T, kind Kind) {
	var records []stagedoor.Record
	for i, raw := range []string{"a\x00b", "\xff\xfe", `{"lone":"\ud800","nul":"\u0000"}`, "", "\x00"} {
		r := person(fmt.Sprintf("2026-01-01 %d", i), i)
		r.Raw = []byte(raw)
		records = append(records, r)
	}
	testRecords(t, kind, people(), records...)
}

func testKeywords(t *testing.T, kind Kind) {
	for _, name := range []string{"order", "select", "table", "group", "stage", "target", "excluded", "values", "_x"} {
		stream := stagedoor.Stream{Name: name}
		var values []any
		for _, column := range []string{"select", "group", "from", "key", "order", "k", "r", "c0", "rowid", "target", "excluded", `a "b" c`, "über"} {
			stream.Columns = append(stream.Columns, stagedoor.Column{Name: column, Type: stagedoor.Text})
			values = append(values, "value of "+column)
		}
		t.Run(name, func(t *testing.T) {
			testRecords(t, kind, stream, stagedoor.Record{Key: "k", Raw: []byte(`{}`), Values: values})
		})
	}
}

func testReplace(t *testing.T, kind Kind) {
	place := kind.New(t)
	d := open(t, kind, place)
	a, b, c := person("2026-01-01 a", 1), person("2026-01-01 b", 1), person("2026-01-02 c", 1)
	commit(t, d, reading{stream: people(), days: days(1, 31), records: []stagedoor.Record{a, b}})
	b2 := person("2026-01-01 b", 2)
	written := commit(t, d, reading{stream: people(), days: days(1, 31), run: "run-2", at: readAt(2), records: []stagedoor.Record{a, b2, c}})
	if want := (stagedoor.Written{Rows: 3}); written != want {
		t.Errorf("Written = %+v, want %+v", written, want)
	}
	wantRows(t, kind, place, people(), map[string]Row{
		a.Key: rowOf(a, "run-2", readAt(2)), b.Key: rowOf(b2, "run-2", readAt(2)), c.Key: rowOf(c, "run-2", readAt(2)),
	})
}

func testKeyTwice(t *testing.T, kind Kind) {
	place := kind.New(t)
	d := open(t, kind, place)
	last := person("2026-01-01 a", 3)
	written := commit(t, d, reading{stream: people(), records: []stagedoor.Record{person(last.Key, 1), person("2026-01-01 b", 2), last}})
	if written.Rows != 2 {
		t.Errorf("Written.Rows = %d, want 2", written.Rows)
	}
	if diff := cmp.Diff(rowOf(last, "run-1", readAt(1)), kind.Rows(t, place, people())[last.Key]); diff != "" {
		t.Errorf("the last of two does not stand (-want +got):\n%s", diff)
	}
}

func testNewColumn(t *testing.T, kind Kind) {
	place := kind.New(t)
	d := open(t, kind, place)
	a, b := person("2026-01-01 a", 1), person("2026-01-01 b", 2)
	commit(t, d, reading{stream: people(), records: []stagedoor.Record{a, b}})
	wider := people()
	wider.Columns = append([]stagedoor.Column{{Name: "score", Type: stagedoor.Real}}, wider.Columns...)
	b.Values = append([]any{1.5}, b.Values...)
	commit(t, d, reading{stream: wider, run: "run-2", at: readAt(2), records: []stagedoor.Record{b}})
	a.Values = append([]any{nil}, a.Values...)
	wantRows(t, kind, place, wider, map[string]Row{a.Key: rowOf(a, "run-1", readAt(1)), b.Key: rowOf(b, "run-2", readAt(2))})
	// An older program that does not know the column still writes.
	c := person("2026-01-01 c", 3)
	commit(t, d, reading{stream: people(), run: "run-3", at: readAt(3), records: []stagedoor.Record{c}})
	if len(kind.Rows(t, place, wider)) != 3 {
		t.Error("a stream without the column could not be written any more")
	}
}

// testChangedType writes a stream whose column has become of another type.
func testChangedType(t *testing.T, kind Kind) {
	_, d, unchanged := standing(t, kind)
	changed := people()
	changed.Columns[1].Type = stagedoor.Text
	r := person("2026-01-01 a", 1)
	r.Values[1] = "many"
	_, err := reading{stream: changed, days: days(1, 1), run: "run-2", at: readAt(2), records: []stagedoor.Record{r}}.commit(d)
	wantKind(t, err, stagedoor.KindDestination)
	unchanged()
	commit(t, d, another())
}

func testNested(t *testing.T, kind Kind) {
	stream := people()
	stream.Columns = append(stream.Columns, stagedoor.Column{Name: "more", Type: stagedoor.JSON})
	var records []stagedoor.Record
	for i, text := range []string{
		`[]`, `[[],{},[{}]]`, `{"a":{"b":[1,2.50,-0.0,1e5,true,false,null,"ü \u2028 \\ \" </script>"]},"":{"":""}}`,
		`[12345678901234567890,9007199254740993,0.1]`, `"only text"`, `"null"`, `17`, `true`, `[null]`, `["[1]","{}","\"x\""]`,
		strings.Repeat("[", 500) + strings.Repeat("]", 500), `["` + strings.Repeat("long ", 100_000) + `"]`,
	} {
		r := person(fmt.Sprintf("2026-01-01 %02d", i), i)
		r.Values = append(r.Values, text)
		r.Raw = []byte(`{"more":` + text + `}`)
		records = append(records, r)
	}
	testRecords(t, kind, stream, records...)

	// What a destination's own JSON can not hold may be replaced in the column,
	// never in the raw record, and the row is written.
	place := kind.New(t)
	d := open(t, kind, place)
	odd := person("2026-01-01 odd", 1)
	odd.Values = append(odd.Values, `["a\ud800b","c\u0000d"]`)
	odd.Raw = []byte(`{"more":["a\ud800b","c\u0000d"]}`)
	commit(t, d, reading{stream: stream, records: []stagedoor.Record{odd}})
	row := kind.Rows(t, place, stream)[odd.Key]
	var got []string
	if err := json.Unmarshal([]byte(fmt.Sprint(row.Values[2])), &got); err != nil {
		t.Fatalf("the column holds %v: %v", row.Values[2], err)
	}
	if row.Raw != string(odd.Raw) || len(got) != 2 || got[0] != "a\ufffdb" || got[1] != "c\x00d" && got[1] != "c\ufffdd" {
		t.Errorf("the row is %+v, want %s", row, odd.Raw)
	}
}

// testUnknown writes a record with a thousand fields that the stream does not
// declare, beside one with its own alone.
func testUnknown(t *testing.T, kind Kind) {
	wide := person("2026-01-01 wide", 1)
	raw := []byte(`{"name":"name of 2026-01-01 wide","age":1`)
	for i := range 1000 {
		raw = fmt.Appendf(raw, `,"unknown_%d":{"value":"%d","list":[%d,null]}`, i, i, i)
	}
	wide.Raw = append(raw, '}')
	testRecords(t, kind, people(), wide, person("2026-01-01 b", 2))
}

// testHuge writes a row that is larger than any buffer, among small ones.
func testHuge(t *testing.T, kind Kind) {
	long := strings.Repeat("lång 会議 ", 400_000)
	huge := person("2026-01-01 b", 2)
	huge.Values[0] = long
	huge.Raw = fmt.Appendf(nil, `{"name":%q,"age":2}`, long)
	testRecords(t, kind, people(), person("2026-01-01 a", 1), huge, person("2026-01-01 c", 3))
}

func testOccupied(t *testing.T, kind Kind) {
	if kind.Occupy == nil {
		t.Skip("nothing can lie where the rows would")
	}
	place := kind.New(t)
	untouched := kind.Occupy(t, place, people())
	d := open(t, kind, place)
	_, err := reading{stream: people(), run: "run-1", at: readAt(1), records: []stagedoor.Record{person("2026-01-01 a", 1)}}.commit(d)
	wantKind(t, err, stagedoor.KindDestination)
	untouched(t)
	other := people()
	other.Name = "others"
	commit(t, d, reading{stream: other, records: []stagedoor.Record{person("2026-01-01 a", 1)}})
}

// wantKind wants an error of the kind that tells what to do.
func wantKind(t *testing.T, err error, kind stagedoor.Kind) {
	t.Helper()
	e, ok := err.(*stagedoor.Error)
	if !ok {
		t.Fatalf("error = %v, want a *stagedoor.Error of kind %s", err, kind)
	}
	if e.Kind != kind || e.Cause == "" || e.Subject == "" || (e.Fix == "" && kind != stagedoor.KindInternal) {
		t.Fatalf("error = %+v, want kind %s with subject, cause and fix", e, kind)
	}
}
