package quota

import (
	"context"
	"time"

	"github.com/stagedoor/stagedoor"
)

// day is what this process knows of one daily limit. Calls are taken out of the
// account's ledger some at a time and ahead of their use, so that a process that
// is killed leaves too much counted and never too little.
type day struct {
	group string // what shares the limit: a label, or several
	limit int    // 0: only counted
	date  string // the UTC day that the counts below are of
	ahead int    // calls taken out of the ledger and not yet given to anybody
	// flying are calls that were given out and are not settled.
	flying int
	// used are settled calls that the ledger does not know yet.
	used map[dated]int
	// closed: the provider, or the ledger, refuses until then.
	closed time.Time
	// left is what the provider said is left of its day, where it did; nil if not.
	left *int
}

// entry is a line of the ledger: who made calls of what.
type entry struct {
	Family     stagedoor.Family `json:"family,omitempty"`
	Label      stagedoor.Label  `json:"label"`
	Credential string           `json:"credential,omitempty"`
	Caller     string           `json:"caller,omitempty"`
	Run        string           `json:"run,omitempty"`
}

// dated is an entry of one UTC day.
type dated struct {
	date string
	entry
}

func entryOf(op stagedoor.Operation, use stagedoor.Use) entry {
	return entry{Family: op.Family(), Label: op.Label, Credential: use.Credential, Caller: use.Caller, Run: use.Run}
}

// group names what shares a daily limit.
func group(op stagedoor.Operation, limit stagedoor.RateLimit) string {
	if limit.DayGroup != "" {
		return key(op.Family(), stagedoor.Label(limit.DayGroup))
	}
	return key(op.Family(), op.Label)
}

// day returns the day that the operation counts in.
func (a *Account) day(op stagedoor.Operation, limit stagedoor.RateLimit) *day {
	g := group(op, limit)
	d := a.days[g]
	if d == nil {
		d = &day{group: g, limit: limit.PerDay, used: map[dated]int{}}
		a.days[g] = d
	}
	d.turn(a.date())
	return d
}

func (a *Account) date() string { return a.options.Wall().UTC().Format(time.DateOnly) }

// turn begins a new day. What was taken ahead of the former one is void; what
// was used is still to be written down, under its own date (part.go).
func (d *day) turn(date string) {
	if d.date != date {
		d.date, d.ahead, d.left = date, 0, nil
	}
}

// closed returns until when the day is used up; zero if it is not.
func (a *Account) closed(d *day) time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.options.Wall().Before(d.closed) {
		return d.closed
	}
	return time.Time{}
}

// take takes one call out of its day, from the store where none is at hand, and
// sees to it that the lane has slots, or will have. It returns the day's date.
func (a *Account) take(ctx context.Context, l *lane, d *day, op stagedoor.Operation, use stagedoor.Use) (string, error) {
	for tried := false; ; tried = true {
		if until := a.closed(d); !until.IsZero() {
			return "", usedUp(op, until)
		}
		date, taken := a.takeHere(l, d, tried)
		if taken {
			return date, nil
		}
		if tried {
			return "", usedUp(op, a.midnight())
		}
		if err := a.exchange(ctx, l, use.Class); err != nil {
			return "", err
		}
	}
}

// takeHere takes one of the calls that are at hand. Until the store was asked it
// also wants the lane to have slots.
func (a *Account) takeHere(l *lane, d *day, asked bool) (string, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	d.turn(a.date())
	ready := time.Now().Before(a.part.until) && (l == nil || len(l.slots) > 0 || l.queue.waiting > 0)
	if !ready && !asked || d.limit > 0 && d.ahead == 0 {
		return "", false
	}
	if d.limit > 0 {
		d.ahead--
	}
	d.flying++
	return d.date, true
}

func (a *Account) midnight() time.Time {
	return stagedoor.DayOf(a.options.Wall()).AddDate(0, 0, 1)
}

// settle writes down how a call ended that was taken out of its day.
func (a *Account) settle(d *day, date string, e entry, o stagedoor.Outcome) {
	a.mu.Lock()
	defer a.mu.Unlock()
	d.flying--
	d.turn(a.date())
	if o.DayRemaining != nil {
		d.left = o.DayRemaining
	}
	if o.Daily && o.Until.After(d.closed) {
		d.closed = o.Until
	}
	// What a limit refused the provider did not count.
	if o.Unsent || o.Refused || o.Daily {
		if d.limit > 0 && d.date == date {
			d.ahead++
		}
		return
	}
	d.used[dated{date, e}]++
	if d.date != date {
		// It was under way at midnight, and may have been counted on either day.
		d.used[dated{d.date, e}]++
	}
}
