package sync

import (
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stagedoor/stagedoor"
)

// TestRowsByDay holds that parts come back by their days, each once and in the
// order in which they were found, from memory and from the file.
func TestRowsByDay(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the folder of temporary files has another variable there, and their names go later")
	}
	for name, folder := range map[string]string{"with a folder for the file": t.TempDir(), "without": "/nowhere"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("TMPDIR", folder)
			var d rowsByDay
			defer d.close()
			want := map[time.Time][]string{}
			first := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
			carried := string(make([]byte, 200))
			for found := range 40 {
				p, other := &parcel{of: &d}, &parcel{of: &d}
				for n := range 700 {
					day := first.AddDate(0, 0, n%5)
					r := row{value: fmt.Sprintf("meeting %d/%d", found, n), carried: carried[:n%200], alone: n%3 == 0, day: day}
					p.add(r)
					other.add(r)
					want[day] = append(want[day], text(r))
				}
				if found%2 == 0 {
					p.join(other)
				}
				other.forget()
				d.take(p)
			}
			if onDisk := folder != "/nowhere"; onDisk != (d.file != nil) || onDisk && d.held > keptBytes {
				t.Fatalf("%d bytes are in memory, %d in the file", d.held, d.size)
			}
			if left, _ := os.ReadDir(folder); len(left) > 0 {
				t.Errorf("the file has a name: %v", left)
			}
			for day, want := range want {
				rows, err := d.of(stagedoor.Days{Since: day, Until: day})
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				for _, r := range rows {
					got = append(got, text(r))
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", day, diff)
				}
			}
			all := stagedoor.Days{Since: first, Until: first.AddDate(0, 0, 9)}
			if rows, err := d.of(all); err != nil || len(rows) != 40*700 || d.none(all) {
				t.Errorf("of all days there are %d rows (%v)", len(rows), err)
			}
			later := stagedoor.Days{Since: first.AddDate(0, 0, 5), Until: first.AddDate(0, 0, 9)}
			if rows, err := d.of(later); err != nil || len(rows) != 0 || !d.none(later) {
				t.Errorf("of days without any there are %d rows (%v)", len(rows), err)
			}
		})
	}
}

func text(r row) string { return fmt.Sprint(r.day.Day(), r.value, len(r.carried), r.alone) }

// TestAReadingThatBrokeOff holds that nothing of it is kept.
func TestAReadingThatBrokeOff(t *testing.T) {
	var d rowsByDay
	defer d.close()
	day := stagedoor.DayOf(time.Now())
	p := &parcel{of: &d}
	for n := range 3 * parcelBytes / 100 {
		p.add(row{value: fmt.Sprint(n), carried: string(make([]byte, 100)), day: day})
	}
	if d.held == 0 {
		t.Fatal("nothing was kept so far, so nothing is proven")
	}
	p.forget()
	d.take(p)
	if d.held != 0 || !d.none(stagedoor.Days{Since: day, Until: day}) {
		t.Errorf("%d bytes are kept", d.held)
	}
}
