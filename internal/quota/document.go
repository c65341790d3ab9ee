package quota

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor"
)

// document is what processes know together of one account. It is one row of the
// store, since each of them reads and writes all of it at once, about once in
// two seconds.
type document struct {
	Parts map[string]*part     `json:"parts"`           // by process
	Rest  map[string][]rest    `json:"rest,omitempty"`  // lane → slots that nobody holds, and from when on they may be used
	Days  map[string]*ledger   `json:"days"`            // by date
	Until map[string]time.Time `json:"until,omitempty"` // day group → closed until then
}

// part is what one process holds, until its lease ends.
type part struct {
	Until time.Time      `json:"until"`
	Slots map[string]int `json:"slots,omitempty"` // by lane
	Wants map[string]int `json:"wants,omitempty"` // slots that it has use for
	// Spans are those of its lanes: if it dies, its slots rest so long.
	Spans map[string]time.Duration `json:"spans,omitempty"`
	// Rates are what it found others to leave of a lane, in each span.
	Rates map[string]float64 `json:"rates,omitempty"`
	// Ahead are calls that it took out of a day and has not accounted for: date →
	// day group → calls. It is more than one date only while calls are under way
	// at midnight.
	Ahead map[string]map[string]int `json:"ahead,omitempty"`
	// Planned are calls that its runs will make today: run → day group → calls.
	Planned map[string]map[string]int `json:"planned,omitempty"`
}

// rest are slots that rest until a time.
type rest struct {
	Slots int       `json:"slots"`
	At    time.Time `json:"at"`
}

// ledger is what was used on one UTC day.
type ledger struct {
	Used map[string]int `json:"used"` // by day group; what was lost included
	// Lost are calls that killed processes had taken out; some were made.
	Lost  map[string]int        `json:"lost,omitempty"`
	Lines []stagedoor.QuotaLine `json:"lines,omitempty"`
}

// keptDays is for how long the ledger is kept.
const keptDays = 8

func read(text []byte) (*document, error) {
	d := &document{}
	if len(text) > 0 {
		if err := json.Unmarshal(text, d); err != nil {
			return nil, &stagedoor.Error{
				Op: "read the quota's ledger", Kind: stagedoor.KindStore, Err: err,
				Cause: "the account's row in the table quotas of the database is damaged", Fix: "Remove it with `sqlite3 HOME/stagedoor.db 'DELETE FROM quotas'`, HOME being the folder that `stagedoor doctor` names: what was used today is then counted from zero.",
			}
		}
	}
	// What somebody else wrote there must not stop us.
	maps.DeleteFunc(d.Parts, func(_ string, p *part) bool { return p == nil })
	if d.Parts == nil {
		d.Parts = map[string]*part{}
	}
	if d.Rest == nil {
		d.Rest = map[string][]rest{}
	}
	if d.Days == nil {
		d.Days = map[string]*ledger{}
	}
	if d.Until == nil {
		d.Until = map[string]time.Time{}
	}
	return d, nil
}

func (d *document) day(date string) *ledger {
	if d.Days[date] == nil {
		d.Days[date] = &ledger{}
	}
	l := d.Days[date]
	if l.Used == nil {
		l.Used = map[string]int{}
	}
	if l.Lost == nil {
		l.Lost = map[string]int{}
	}
	return l
}

// write adds calls to the day's lines and sums.
func (d *document) write(date, group string, e stagedoor.QuotaEntry, calls int) {
	l := d.day(date)
	l.Used[group] += calls
	if strings.HasPrefix(group, objectGroup) {
		return // its line stands with its label
	}
	i := slices.IndexFunc(l.Lines, func(line stagedoor.QuotaLine) bool { return line.QuotaEntry == e })
	if i < 0 {
		l.Lines = append(l.Lines, stagedoor.QuotaLine{QuotaEntry: e})
		i = len(l.Lines) - 1
	}
	l.Lines[i].Calls += calls
}

// expire ends the leases that have run out. What the process had taken ahead
// counts as used, on both days if midnight fell into its lease: a call that left
// before it may have arrived after. Its slots rest for a span: it may have used
// them just now.
func (d *document) expire(now time.Time) {
	for process, p := range d.Parts {
		// An end that no lease has means that the clock was set back.
		if now.Before(p.Until) && p.Until.Sub(now) <= 2*lease {
			continue
		}
		for date, groups := range p.Ahead {
			for group, calls := range groups {
				d.lose(date, group, calls)
				if end := p.Until.UTC().Format(time.DateOnly); end != date {
					d.lose(end, group, calls)
				}
			}
		}
		for lane, slots := range p.Slots {
			if slots > 0 {
				d.Rest[lane] = append(d.Rest[lane], rest{slots, p.Until.Add(p.Spans[lane] + mostDelay)})
			}
		}
		delete(d.Parts, process)
	}
	for group, until := range d.Until {
		if !now.Before(until) {
			delete(d.Until, group)
		}
	}
	over := now.UTC().AddDate(0, 0, -1).Format(time.DateOnly)
	for date, l := range d.Days {
		if date < over && l != nil { // an object's day is of no use when it is over
			maps.DeleteFunc(l.Used, func(group string, _ int) bool { return strings.HasPrefix(group, objectGroup) })
			maps.DeleteFunc(l.Lost, func(group string, _ int) bool { return strings.HasPrefix(group, objectGroup) })
		}
	}
	dates := slices.Sorted(maps.Keys(d.Days))
	for len(dates) > keptDays {
		delete(d.Days, dates[0])
		dates = dates[1:]
	}
}

// lose counts calls of which nobody will tell whether they were made.
func (d *document) lose(date, group string, calls int) {
	if calls > 0 {
		l := d.day(date)
		l.Used[group] += calls
		l.Lost[group] += calls
	}
}

// share is how many of a lane's slots the process is to have: as many as it has
// use for, if all can have that, or else an even part of what the others leave.
// What nobody has use for stays free, for whoever comes next. turn decides who
// gets the odd ones, and grows so that each gets its turn.
func (d *document) share(lane string, requests int, process string, turn int64) int {
	got := map[string]int{}
	var hungry []string
	for _, id := range slices.Sorted(maps.Keys(d.Parts)) {
		if d.Parts[id].Wants[lane] > 0 {
			hungry = append(hungry, id)
		}
	}
	for left := requests; left > 0 && len(hungry) > 0; {
		each := left / len(hungry)
		if each == 0 { // fewer than there are processes: in turn
			for i := range left {
				got[hungry[(int(turn)+i)%len(hungry)]]++
			}
			break
		}
		for _, id := range hungry {
			n := min(each, d.Parts[id].Wants[lane]-got[id])
			got[id] += n
			left -= n
		}
		hungry = slices.DeleteFunc(hungry, func(id string) bool { return got[id] >= d.Parts[id].Wants[lane] })
	}
	return got[process]
}

// starving reports whether a process has use for the lane and no slot of it.
func (d *document) starving(lane string) bool {
	for _, p := range d.Parts {
		if p.Wants[lane] > 0 && p.Slots[lane] == 0 {
			return true
		}
	}
	return false
}

// free is how many of a lane's slots nobody holds and nobody used lately, and
// those that rest, the soonest first.
func (d *document) free(l *lane, now time.Time) (int, []rest) {
	var resting []rest
	free := l.requests
	for _, p := range d.Parts {
		free -= p.Slots[l.key]
	}
	// The slowest pace is one request in a span; a rest that is longer is of a
	// clock that was set back.
	longest := now.Add(time.Duration(l.requests)*l.span + mostDelay)
	for _, r := range d.Rest[l.key] {
		if r.At.After(longest) {
			r.At = longest
		}
		if r.At.After(now) {
			resting = append(resting, r)
			free -= r.Slots
		}
	}
	slices.SortFunc(resting, func(a, b rest) int { return a.At.Compare(b.At) })
	d.Rest[l.key] = resting
	return max(free, 0), resting
}

// draw takes up to n slots of the lane for a process, and returns from when on
// each may be used.
func (d *document) draw(l *lane, n int, now time.Time) []time.Time {
	free, resting := d.free(l, now)
	var ready []time.Time
	for ; n > 0 && free > 0; n, free = n-1, free-1 {
		ready = append(ready, now)
	}
	for i := range resting {
		for ; n > 0 && resting[i].Slots > 0; n-- {
			ready = append(ready, resting[i].At)
			resting[i].Slots--
		}
	}
	d.Rest[l.key] = slices.DeleteFunc(resting, func(r rest) bool { return r.Slots == 0 })
	return ready
}

// left is how many calls of the group's day nobody has used, taken or planned,
// but for what the process itself has planned.
func (d *document) left(date, group string, limit int, process string, plannedToo bool) int {
	left := limit - d.day(date).Used[group]
	for id, p := range d.Parts {
		left -= p.aheadOn(date, group)
		if id == process || !plannedToo {
			continue
		}
		for _, run := range p.Planned {
			left -= run[group]
		}
	}
	return max(left, 0)
}

// aheadOn is how many calls the part may yet make of a day. What it took before
// midnight may arrive after it, whether it lives or was killed: that counts on the
// new day until the process has written what it holds of this one.
func (p *part) aheadOn(date, group string) int {
	if calls, ok := p.Ahead[date][group]; ok {
		return calls
	}
	calls := 0
	for before, groups := range p.Ahead {
		if before < date {
			calls += groups[group]
		}
	}
	return calls
}
