package destination

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stagedoor/stagedoor"
)

// people is a stream with days and, where partition is true, read team by team.
func people(partition bool) stagedoor.Stream {
	s := stagedoor.Stream{
		Name: "people", Day: []string{"seen"}, Window: &stagedoor.Window{},
		Columns: []stagedoor.Column{{Name: "team", Type: stagedoor.Text}, {Name: "age", Type: stagedoor.Integer}},
	}
	if partition {
		s.Window, s.Day = nil, nil
		s.Partition = &stagedoor.Partition{Into: "team"}
	}
	return s
}

func between(since, until int) stagedoor.Days {
	day := func(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }
	return stagedoor.Days{Since: day(since), Until: day(until)}
}

// put commits a slice with a row for each key.
func put(t *testing.T, d stagedoor.Destination, stream stagedoor.Stream, slice stagedoor.Slice, hour int, keys ...string) stagedoor.Written {
	t.Helper()
	ctx := context.Background()
	slice.Stream = stream.Name
	w, err := d.Begin(ctx, stream, slice, fmt.Sprintf("run-%d", hour))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		r := stagedoor.Record{Key: key, Values: []any{slice.Partition, int64(hour)}, Raw: []byte(`{"hour":` + fmt.Sprint(hour) + `}`)}
		if err := w.Write(ctx, r); err != nil {
			t.Fatal(err)
		}
	}
	at := time.Date(2026, 2, 1, hour, 0, 0, 0, time.UTC)
	written, err := w.Commit(ctx, stagedoor.Checkpoint{Slice: slice, ReadAt: at, Returned: len(keys)}, true)
	if err != nil {
		t.Fatal(err)
	}
	return written
}

// opening opens a destination that closes with the test.
func opening(t *testing.T, url string) stagedoor.Destination {
	t.Helper()
	d, err := Open(context.Background(), url, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// content is, by file, the keys of its rows, with a + before those that are gone.
func content(t *testing.T, place string, stream stagedoor.Stream) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for _, path := range listed(t, place, stream.Name) {
		for _, fields := range readFile(t, path) {
			key, row := rowOf(t, stream, fields)
			if !row.Deleted.IsZero() {
				key = "+" + key
			}
			found[filepath.Base(path)] = append(found[filepath.Base(path)], key)
		}
	}
	return found
}

// onDisk are the names in the stream's folder.
func onDisk(t *testing.T, place string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(place, "people"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// TestDaysThatAreReadAgain reads a month, and then each day the last three days
// once more, as a daily run does.
func TestDaysThatAreReadAgain(t *testing.T) {
	place := filepath.Join(t.TempDir(), "zoom")
	d := opening(t, "jsonl:"+place)
	of := func(since, until int) stagedoor.Slice { return stagedoor.Slice{Days: between(since, until)} }
	put(t, d, people(false), of(1, 24), 1, "2026-01-02:a", "2026-01-22:b", "2026-01-23:c", "2026-01-24:d", "2026-01-24:e")
	if got, want := put(t, d, people(false), of(23, 25), 2, "2026-01-24:d", "2026-01-25:f"), (stagedoor.Written{Rows: 2, Gone: 2}); got != want {
		t.Errorf("Written = %+v, want %+v", got, want)
	}
	check := func(want map[string][]string) {
		t.Helper()
		if diff := cmp.Diff(want, content(t, place, people(false))); diff != "" {
			t.Fatalf("rows by file (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), onDisk(t, place)); diff != "" {
			t.Fatalf("files (-manifest +disk):\n%s", diff)
		}
	}
	check(map[string][]string{
		"2026-01-01..2026-01-22.jsonl": {"2026-01-02:a", "2026-01-22:b"},
		"2026-01-23..2026-01-25.jsonl": {"+2026-01-23:c", "2026-01-24:d", "+2026-01-24:e", "2026-01-25:f"},
	})
	put(t, d, people(false), of(24, 26), 3, "2026-01-24:d", "2026-01-24:e", "2026-01-25:f")
	check(map[string][]string{
		"2026-01-01..2026-01-22.jsonl": {"2026-01-02:a", "2026-01-22:b"},
		"2026-01-23..2026-01-23.jsonl": {"+2026-01-23:c"},
		"2026-01-24..2026-01-26.jsonl": {"2026-01-24:d", "2026-01-24:e", "2026-01-25:f"},
	})
	put(t, d, people(false), of(24, 26), 4, "2026-01-24:d")                // the same days again
	put(t, d, people(false), of(10, 12), 5, "2026-01-11:g")                // days in the middle of a part
	put(t, d, people(false), of(1, 31), 6, "2026-01-02:a", "2026-01-22:b") // all of it
	check(map[string][]string{
		"2026-01-01..2026-01-31.jsonl": {"2026-01-02:a", "+2026-01-11:g", "2026-01-22:b", "+2026-01-23:c", "+2026-01-24:d", "+2026-01-24:e", "+2026-01-25:f"},
	})
	put(t, d, people(false), of(1, 31), 7, "2026-01-02:a")
	if diff := cmp.Diff([]string{"2026-01-01..2026-01-31.2.jsonl"}, onDisk(t, place)); diff != "" {
		t.Errorf("a part that replaces another has a name of its own (-want +got):\n%s", diff)
	}
}

// TestARowThatChangesItsPart moves a key from one team to another, among parts
// whose keys overlap.
func TestARowThatChangesItsPart(t *testing.T) {
	place := filepath.Join(t.TempDir(), "zoom")
	d := opening(t, "parquet:"+place)
	stream := people(true)
	of := func(part string) stagedoor.Slice { return stagedoor.Slice{Partition: part} }
	put(t, d, stream, of("abc"), 1, "a", "m", "z")
	put(t, d, stream, of("ABC"), 1, "b", "y") // another name where case counts
	put(t, d, stream, of("d/e"), 1, "c", "n", "x")
	put(t, d, stream, of("none"), 1)
	put(t, d, stream, of("ABC"), 2, "b", "m", "n", "y")
	if diff := cmp.Diff(map[string][]string{
		"all@abc.4.parquet": {"a", "z"}, "all@ABC.3.parquet": {"b", "m", "n", "y"}, "all@d%2Fe.2.parquet": {"c", "x"},
	}, content(t, place, stream)); diff != "" {
		t.Errorf("rows by file (-want +got):\n%s", diff)
	}
	put(t, d, stream, of("abc"), 3, "a", "z")
	put(t, d, stream, of("ABC"), 3, "b")
	if diff := cmp.Diff([]string{"+m", "+n", "+y", "b"}, slices.Sorted(slices.Values(content(t, place, stream)["all@ABC.4.parquet"]))); diff != "" {
		t.Errorf("the rows of a part (-want +got):\n%s", diff)
	}
}

// TestAPartThatLacks takes one part of two away, and cuts one: the checkpoints that
// speak of it are not to be had, so that no run says "done" over a gap.
func TestAPartThatLacks(t *testing.T) {
	place := filepath.Join(t.TempDir(), "zoom")
	d := opening(t, "jsonl:"+place)
	put(t, d, people(false), stagedoor.Slice{Days: between(1, 10)}, 1, "2026-01-02:a", "2026-01-03:b")
	put(t, d, people(false), stagedoor.Slice{Days: between(11, 20)}, 1, "2026-01-12:c")
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(place, "people", "2026-01-01..2026-01-10.jsonl")
	former, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(cause string) {
		t.Helper()
		for range 2 { // it is not forgotten that something lacks
			d := opening(t, "jsonl:"+place)
			for range 2 { // nor by who asks again
				_, err := d.Checkpoints(context.Background(), people(false), "", "")
				if err == nil || !strings.Contains(err.Error(), cause) {
					t.Errorf("Checkpoints: %v, want %q", err, cause)
				}
			}
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	refused("1 of the 2 files of people that manifest.json lists were taken away, the first of them people/2026-01-01..2026-01-10.jsonl")
	if err := os.WriteFile(path, former[:len(former)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	refused("somebody changed it")
	if err := os.WriteFile(path, former, 0o600); err != nil {
		t.Fatal(err)
	}
	found, err := opening(t, "jsonl:"+place).Checkpoints(context.Background(), people(false), "", "")
	if err != nil || len(found) != 2 {
		t.Errorf("after it was brought back: %d checkpoints, %v", len(found), err)
	}
}

// TestManySlices holds that a large manifest is not written at each commit, and
// is exact all the same for who reads it while the run goes on.
func TestManySlices(t *testing.T) {
	place := filepath.Join(t.TempDir(), "zoom")
	d := opening(t, "csv:"+place)
	stream := people(true)
	name := func(i int) string { return fmt.Sprintf("%s-%03d", strings.Repeat("long", 400), i) }
	const parts = 100
	for i := range parts {
		keys := []string{fmt.Sprintf("%03d", i)}
		if i%2 == 1 {
			keys = nil // most parts are empty
		}
		put(t, d, stream, stagedoor.Slice{Partition: name(i)}, 1, keys...)
		if i > 80 && i%4 == 0 { // parts of before are replaced meanwhile
			put(t, d, stream, stagedoor.Slice{Partition: name(i - 80)}, 2, fmt.Sprintf("%03d", i-80), "more "+fmt.Sprint(i))
			readRows(t, place, stream) // fails where a listed file is missing or a key is there twice
		}
	}
	if n := generation(t, place); n > 60 {
		t.Errorf("the manifest was written %d times for %d commits", n, parts)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if n := len(readRows(t, place, stream)); n != 54 {
		t.Errorf("%d rows after the close, want 54", n)
	}
	if n := len(onDisk(t, place)); n != len(listed(t, place, "people")) {
		t.Errorf("%d files, and the manifest lists %d", n, len(listed(t, place, "people")))
	}
	again := opening(t, "csv:"+place)
	found, err := again.Parts(context.Background(), stream, "")
	if err != nil || len(found) != parts {
		t.Errorf("%d parts (%v), want %d", len(found), err, parts)
	}
	if len(leftovers(t, place)) != 2 { // its lock, and its folder
		t.Errorf("beside the rows lie %q", leftovers(t, place))
	}
}

func generation(t *testing.T, place string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(place, "manifest.json"))
	var m struct{ Generation int }
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	if err != nil {
		t.Fatal(err)
	}
	return m.Generation
}

func leftovers(t *testing.T, place string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(place, ".stagedoor"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// TestWhatAKillLeaves holds that the next run removes what a killed one left,
// and nothing else.
func TestWhatAKillLeaves(t *testing.T) {
	place := filepath.Join(t.TempDir(), "zoom")
	d := opening(t, "jsonl:"+place)
	put(t, d, people(false), stagedoor.Slice{Days: between(1, 1)}, 1, "2026-01-01:a")
	alive := opening(t, "jsonl:"+place) // a second run
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	write := func(text string, path ...string) string {
		t.Helper()
		name := filepath.Join(append([]string{place}, path...)...)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	mine := write("theirs", "people", "2026-01-02..2026-01-02.jsonl") // nobody announced it
	write("half", "people", "2026-01-01..2026-01-01.2.jsonl")
	write("half", ".stagedoor", "run-dead", "part-1")
	write("", ".stagedoor", "run-dead", "lock")
	write(`{"stagedoor_manifest":1,"gen`, ".stagedoor", "manifest.json")
	write("\npeople/2026-01-01..2026-01-01.jsonl\npeople/2026-01-01..2026-01-01.2.jsonl\n", ".stagedoor", "pending")
	write(fmt.Sprintf("{\"after\":%d}\n{\"stream\":\"pe", generation(t, place)), ".stagedoor", "journal")
	again := opening(t, "jsonl:"+place)
	if diff := cmp.Diff([]string{"2026-01-01..2026-01-01.jsonl", "2026-01-02..2026-01-02.jsonl"}, onDisk(t, place)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	for _, name := range leftovers(t, place) {
		if name == "run-dead" || name == "pending" {
			t.Errorf("%s is still there", name)
		}
	}
	put(t, again, people(false), stagedoor.Slice{Days: between(2, 2)}, 2, "2026-01-02:b")
	put(t, alive, people(false), stagedoor.Slice{Days: between(3, 3)}, 3, "2026-01-03:c") // its folder was left alone
	if text, err := os.ReadFile(mine); err != nil || string(text) != "theirs" {
		t.Errorf("somebody's file holds %q, %v", text, err)
	}
	if n := len(readRows(t, place, people(false))); n != 3 {
		t.Errorf("%d rows, want 3", n)
	}
}

func manifestOf(streams, files string) string {
	return `{"stagedoor_manifest":1,"generation":           1,"format":"jsonl","streams":` + streams + `,"files":` + files + `,"slices":[]}`
}

func TestFoldersThatAreNotOurs(t *testing.T) {
	for name, c := range map[string]struct{ text, part string }{
		"another program's manifest": {`{"files":[],"version":3, "and":"much more than that"}`, "not of Stagedoor's making"},
		"a file elsewhere":           {manifestOf(`{}`, `[{"stream":"users","path":"../victim.jsonl"}]`), "does not lie in its folder"},
		"no file":                    {manifestOf(`{}`, `[null]`), "does not lie in its folder"},
		"a folder elsewhere":         {manifestOf(`{"users":{"folder":"../users"}}`, `[]`), "does not lie in it"},
		"a folder from the root":     {manifestOf(`{"users":{"folder":"/users"}}`, `[]`), "does not lie in it"},
		"short":                      {`{}`, "not of Stagedoor's making"},
		"a later version":            {`{"stagedoor_manifest":2,"generation":           1,"format":"jsonl"}`, "of version 2"},
		"another format":             {`{"stagedoor_manifest":1,"generation":           1,"format":"csv"}`, "holds csv files. Fix: Write csv:"},
	} {
		place := t.TempDir()
		path := filepath.Join(place, "manifest.json")
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		d, err := Open(context.Background(), "jsonl:"+place, Options{})
		if d != nil || stagedoor.KindOf(err) != stagedoor.KindDestination || !strings.Contains(err.Error(), c.part) {
			t.Errorf("%s: %v, want %q", name, err, c.part)
		}
		if text, err := os.ReadFile(path); err != nil || string(text) != c.text {
			t.Errorf("%s is now %q, %v", name, text, err)
		}
	}
	none := filepath.Join(t.TempDir(), "none")
	if _, err := Open(context.Background(), "jsonl:"+filepath.Join(none, "out"), Options{}); err == nil || !strings.Contains(err.Error(), "the folder "+none+" does not exist. Fix: Make it with `mkdir -p "+none+"`") {
		t.Errorf("a folder in a folder that is missing: %v", err)
	}
	file := filepath.Join(t.TempDir(), "notes")
	if err := os.WriteFile(file, []byte("notes"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, place := range []string{file, filepath.Join(file, "out"), filepath.Join(filepath.Dir(file), "none", "out")} {
		_, err := Open(context.Background(), "parquet:"+place, Options{})
		if stagedoor.KindOf(err) != stagedoor.KindDestination || !strings.Contains(err.Error(), place) {
			t.Errorf("%s: %v", place, err)
		}
	}
}

// TestCompressedFiles changes a folder's compression on the way.
func TestCompressedFiles(t *testing.T) {
	for _, format := range []string{"jsonl", "csv"} {
		place := filepath.Join(t.TempDir(), "zoom")
		for i, options := range []string{"", "?compress=gzip", "?compress=zstd", ""} {
			d := opening(t, format+":"+place+options)
			put(t, d, people(false), stagedoor.Slice{Days: between(i+1, i+2)}, i, fmt.Sprintf("2026-01-%02d:a", i+1), fmt.Sprintf("2026-01-%02d:a", i+2))
			if err := d.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff([]string{
			"2026-01-01..2026-01-01." + format + ".gz", "2026-01-02..2026-01-02." + format + ".zst", "2026-01-03..2026-01-03." + format, "2026-01-04..2026-01-05." + format,
		}, onDisk(t, place)); diff != "" {
			t.Errorf("files (-want +got):\n%s", diff)
		}
		if n := len(readRows(t, place, people(false))); n != 5 {
			t.Errorf("%d rows, want 5", n)
		}
	}
}

// TestOnlyItsOwnIsSwept holds that a list of leftovers which somebody wrote
// removes nothing outside the folder.
func TestOnlyItsOwnIsSwept(t *testing.T) {
	outer := t.TempDir()
	place, victim := filepath.Join(outer, "lake"), filepath.Join(outer, "victim.txt")
	hidden := filepath.Join(place, ".stagedoor")
	if err := os.MkdirAll(hidden, 0o700); err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{victim: "mine", filepath.Join(place, "left.jsonl"): "{}", filepath.Join(hidden, "pending"): "../victim.txt\nleft.jsonl\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d, err := Open(context.Background(), "jsonl:"+place, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(victim); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(place, "left.jsonl")); err == nil {
		t.Error("the leftover is still there")
	}
}

// TestPartThatWasCut holds that rows which somebody cut from a part are missed,
// also where the cut lies at a line's end and all that is left can be read.
func TestPartThatWasCut(t *testing.T) {
	place := t.TempDir()
	stream := stagedoor.Stream{
		Name: "logs", Window: &stagedoor.Window{From: "from", To: "to"}, Day: []string{"seen"}, ID: [][]string{{"name"}},
		Columns: []stagedoor.Column{{Name: "name", Type: stagedoor.Text}},
	}
	day := func(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }
	write := func(since, until int) error {
		d, err := Open(context.Background(), "jsonl:"+place, Options{})
		if err != nil {
			return err
		}
		defer d.Close()
		slice := stagedoor.Slice{Stream: "logs", Days: stagedoor.Days{Since: day(since), Until: day(until)}}
		w, err := d.Begin(context.Background(), stream, slice, "run")
		if err != nil {
			return err
		}
		defer w.Abort()
		for n := since; n <= until; n++ {
			key := day(n).Format(time.DateOnly) + ":row"
			if err := w.Write(context.Background(), stagedoor.Record{Key: key, Values: []any{"row"}, Raw: []byte(`{"name":"row"}`)}); err != nil {
				return err
			}
		}
		_, err = w.Commit(context.Background(), stagedoor.Checkpoint{Slice: slice, Run: "run", ReadAt: day(20)}, false)
		return err
	}
	if err := write(1, 5); err != nil {
		t.Fatal(err)
	}
	part := filepath.Join(place, "logs", "2026-01-01..2026-01-05.jsonl")
	text, err := os.ReadFile(part)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(text), "\n")
	if err := os.WriteFile(part, []byte(strings.Join(lines[:2], "")), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := write(4, 6); err == nil || !strings.Contains(err.Error(), "the manifest says") || !strings.Contains(err.Error(), "2026-01-01..2026-01-05.jsonl") {
		t.Errorf("a part without three of its rows: %v", err)
	}
}
