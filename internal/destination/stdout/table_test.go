package stdout

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/clipperhouse/displaywidth"
	"pgregory.net/rapid"

	"github.com/stagedoor/stagedoor"
)

var update = flag.Bool("update", false, "write the golden files anew")

func users() stagedoor.Stream {
	s := stagedoor.Stream{Name: "users"}
	for _, name := range []string{"id", "email", "display_name", "dept", "role_id", "plan", "status", "timezone", "verified", "created_at"} {
		s.Columns = append(s.Columns, stagedoor.Column{Name: name, Type: stagedoor.Text})
	}
	s.Columns = append(s.Columns, stagedoor.Column{Name: "pmi", Type: stagedoor.Integer})
	return s
}

func user(id, name string, pmi int64) stagedoor.Record {
	return stagedoor.Record{Key: id, Values: []any{
		id, id + "@example.com", name, "Research and Development", "2", "licensed", "active", "Europe/Berlin", "1", "2024-03-21T07:09:03.216Z", pmi,
	}}
}

// Each case prints slices and compares all of the output with testdata/NAME.txt.
func TestTables(t *testing.T) {
	wide := func(operator string) stagedoor.Record { return activity(operator, operator, 7) }
	for name, c := range map[string]struct {
		width, streams int
		print          func(t *testing.T, d *Destination)
	}{
		"pipe": {0, 1, func(t *testing.T, d *Destination) {
			write(t, d, activities(), wide("Zoë"), wide("a name that is longer than the others, and longer than anybody would pad the others for"), nothing("n"))
		}},
		"terminal-80": {80, 1, func(t *testing.T, d *Destination) {
			write(t, d, activities(), wide("Zoë"), wide("a name that is longer than the terminal leaves room for"), nothing("n"))
		}},
		"wide-characters": {100, 1, func(t *testing.T, d *Destination) {
			write(t, d, activities(), wide("漢字の名前"), wide("👩‍👩‍👧 family"), wide("e\u0301 combined"), wide("plain"))
		}},
		"control-characters": {0, 1, func(t *testing.T, d *Destination) {
			write(t, d, activities(), wide("two\nlines"), wide("tab\tand\rreturn"), wide("\x1b[31mred\x1b[0m\u009b1m"), wide("\u202eright to left"), wide("not \xff UTF-8"))
		}},
		"more-columns-than-room": {60, 1, func(t *testing.T, d *Destination) {
			write(t, d, users(), user("aBc123", "Ann Ampère", 1), user("dEf456", "Bob", 9261234567))
		}},
		"narrow": {12, 1, func(t *testing.T, d *Destination) {
			write(t, d, users(), user("an-id-that-is-longer", "Ann", 1))
		}},
		"empty-columns": {80, 1, func(t *testing.T, d *Destination) {
			row := user("aBc123", "Ann", 1)
			row.Values[2], row.Values[3], row.Values[4], row.Values[5] = nil, "", nil, nil
			write(t, d, users(), row)
		}},
		"no-rows": {80, 1, func(t *testing.T, d *Destination) {
			write(t, d, activities())
		}},
		"slices": {100, 1, func(t *testing.T, d *Destination) {
			write(t, d, activities())
			write(t, d, activities(), wide("Ann"))
			write(t, d, activities(), wide("Bartholomew"), wide("Ann"))
		}},
		"streams": {60, 2, func(t *testing.T, d *Destination) {
			write(t, d, users(), user("aBc123", "Ann", 1))
			write(t, d, activities(), wide("Ann"))
			write(t, d, users(), user("dEf456", "Bob", 2))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			d := printer(t, Options{Out: &out, Format: Table, Width: c.width, Streams: c.streams})
			c.print(t, d)
			if err := d.Close(); err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", name+".txt")
			if *update {
				if err := os.WriteFile(golden, out.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			wantOut(t, &out, string(want))
			for line := range strings.Lines(out.String()) {
				if have := displaywidth.String(strings.TrimSuffix(line, "\n")); c.width > 0 && have > c.width {
					t.Errorf("a line is %d wide on a terminal of %d: %s", have, c.width, line)
				}
			}
		})
	}
}

func TestATableIsWhatATerminalGets(t *testing.T) {
	var out bytes.Buffer
	d := printer(t, Options{Out: &out, Width: 80})
	write(t, d, activities(), nothing("a"))
	if !strings.HasPrefix(out.String(), "MEETING_NUMBER ") {
		t.Errorf("printed %s", &out)
	}
}

func TestNoTextMovesTheCursorOrLeavesTheTerminal(t *testing.T) {
	stream := stagedoor.Stream{Name: "s"}
	for _, name := range []string{"a", "b", "c"} {
		stream.Columns = append(stream.Columns, stagedoor.Column{Name: name, Type: stagedoor.Text})
	}
	rapid.Check(t, func(rt *rapid.T) {
		var out bytes.Buffer
		width := rapid.IntRange(1, 40).Draw(rt, "width")
		d := printer(t, Options{Out: &out, Format: Table, Width: width})
		for range rapid.IntRange(1, 3).Draw(rt, "slices") {
			text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a\x00-\x1f\x7f-\xa0\x{2028}\x{202e}\x{1F468}\x{200D}漢\x{0301}]{0,30}`))
			write(t, d, stream, stagedoor.Record{Key: "k", Values: []any{text.Draw(rt, "a"), text.Draw(rt, "b"), text.Draw(rt, "c")}})
		}
		for line := range strings.Lines(out.String()) {
			line = strings.TrimSuffix(line, "\n")
			if i := strings.IndexFunc(line, func(r rune) bool { return unicode.IsControl(r) || r == '\u202e' || r == '\u2028' }); i >= 0 {
				rt.Fatalf("%q is in %q", line[i:], line)
			}
			if have := displaywidth.String(line); width >= 7 && have > width {
				rt.Fatalf("%q is %d wide on a terminal of %d", line, have, width)
			}
		}
	})
}
