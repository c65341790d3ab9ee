package sync

import (
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stagedoor/stagedoor"
)

// TestAClockThatIsAhead holds that a run on a machine whose clock is a month ahead
// keeps no day from being read when the clock is right again, at once or after that
// month; and that it says so.
func TestAClockThatIsAhead(t *testing.T) {
	const month = 30 * 24 * time.Hour
	all := []stagedoor.Stream{logs, meetings, people, attendance}
	for _, told := range []bool{true, false} { // by the provider's answers, or by nobody
		for _, later := range []time.Duration{26 * time.Hour, month + 2*time.Hour} {
			inBubble(t, func(t *testing.T, p *provider, place *shelf, e *Engine) {
				if !told && later > month {
					return // nobody can know it then
				}
				e.Now = func() time.Time { return time.Now().Add(month).UTC() }
				if told {
					p.ahead = month
				}
				receipt, err := runOf(t, e, all...)
				if err != nil {
					t.Fatal(err)
				}
				if notices := reportOf(receipt, "logs").Notices; told != (len(notices) == 1) {
					t.Errorf("told %t: notices %+v", told, notices)
				}
				time.Sleep(later)
				for _, days := range []int{0, 3, 20} {
					day := noon.AddDate(0, 0, days)
					if day.After(time.Now()) {
						continue
					}
					id := day.Format("0102")
					p.lists["/logs"] = append(p.lists["/logs"], fields{"id": "late" + id, "day": day.Format(time.RFC3339)})
					p.lists["/meetings"] = append(p.lists["/meetings"], fields{"id": "late" + id, "day": day.Format(time.RFC3339), "kind": "Meeting", "people": "2"})
					p.lists["/meetings/late"+id+"/people"] = []fields{{"id": "x", "name": "n0"}, {"id": "y", "name": "n1"}}
				}
				e.Now, p.ahead = nil, 0
				if receipt, err = runOf(t, e, all...); err != nil {
					t.Fatal(err)
				}
				for _, s := range all {
					if diff := cmp.Diff(sinceThen(p.truth(s)), sinceThen(place.held(s.Name))); diff != "" {
						t.Errorf("told %t, %s later, %s (-provider +place):\n%s", told, later, s.Name, diff)
					}
				}
				if notices := reportOf(receipt, "logs").Notices; len(notices) > 0 {
					t.Errorf("the clock is right, and there are notices: %+v", notices)
				}
			})
		}
	}
}

// sinceThen leaves out days that the look-back did not reach by the clock that was
// ahead: these take a full refresh, as the notice says.
func sinceThen(rows map[string]string) map[string]string {
	maps.DeleteFunc(rows, func(key, _ string) bool { return key < "2026-10-22" })
	return rows
}
