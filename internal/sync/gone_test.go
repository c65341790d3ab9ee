package sync

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stagedoor/stagedoor"
)

// TestDaysThatLostAllRows holds that rows of a day which has none any more are gone
// where the account still shows the stream, which takes one call to see, and that
// they stay where it shows nothing of it at all.
func TestDaysThatLostAllRows(t *testing.T) {
	all := []stagedoor.Stream{logs, meetings, people, attendance}
	for _, c := range []struct {
		name string
		lost func(row fields) bool
		gone bool
		asks int // calls for lists of other days
	}{
		{"the last days", func(row fields) bool { return row["day"] >= "2026-11-21" }, true, 2},
		{"one of them", func(row fields) bool { return row["day"] >= "2026-11-22" }, true, 0},
		{"everything", func(fields) bool { return true }, false, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, p *provider, place *shelf, e *Engine) {
				if _, err := runOf(t, e, all...); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Hour)
				before := map[string]map[string]string{}
				for _, s := range all {
					before[s.Name] = place.held(s.Name)
				}
				for path, rows := range p.lists {
					var left []fields
					for _, row := range rows {
						if row["day"] == "" || !c.lost(row) {
							left = append(left, row)
						}
					}
					p.lists[path] = left
				}
				p.asked = nil
				if _, err := runOf(t, e, all...); err != nil {
					t.Fatal(err)
				}
				for _, s := range all {
					want := before[s.Name]
					if c.gone {
						want = p.truth(s)
					}
					if diff := cmp.Diff(want, place.held(s.Name)); diff != "" {
						t.Errorf("%s (-want +held):\n%s", s.Name, diff)
					}
				}
				// One slice of each list is what a run reads anyway.
				if asked := p.begun("/logs?") + p.begun("/meetings?") - 2; asked != c.asks {
					t.Errorf("%d calls to see whether the account shows anything, want %d: %q", asked, c.asks, p.asked)
				}
			})
		})
	}
}

// TestAListThatLostAllRows holds the same for a list without days: what its parts
// had is gone with it where the provider counts its rows, and else nothing is.
func TestAListThatLostAllRows(t *testing.T) {
	for _, counts := range []bool{true, false} {
		inBubble(t, func(t *testing.T, p *provider, place *shelf, e *Engine) {
			p.counts = counts
			if _, err := runOf(t, e, groups, members, badges); err != nil {
				t.Fatal(err)
			}
			p.lists["/groups"] = nil
			if _, err := runOf(t, e, groups, members, badges); err != nil {
				t.Fatal(err)
			}
			for _, s := range []stagedoor.Stream{groups, members, badges} {
				if held := len(place.held(s.Name)); (held == 0) != counts {
					t.Errorf("counted %t: %s still has %d rows", counts, s.Name, held)
				}
			}
		})
	}
}
