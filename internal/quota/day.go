package quota

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor"
)

// day is what this process knows of one daily limit. Calls are taken out of the
// account's ledger some at a time and ahead of their use, so that a process that
// is killed leaves too much counted and never too little.
type day struct {
	group string // what shares the limit: a label, or several
	limit int    // 0: only counted
	// object: it is the day of one object, of these; one call is taken at a time.
	object string
	found  time.Time // when a call last came upon it
	coming int       // calls that wait for the store
	date   string    // the UTC day that the counts below are of
	ahead  int       // calls taken out of the ledger and not yet given to anybody
	dry    bool      // the ledger had no more when it was asked last
	// flying are calls that were given out and are not settled, by the date on
	// which they were taken.
	flying map[string]int
	// used are settled calls that the ledger does not know yet.
	used map[dated]int
	// closed: the provider, or the ledger, refuses until then.
	closed time.Time
	// left is what the provider said is left of its day, where it did; nil if not.
	left *int
}

// dated is an entry of one UTC day.
type dated struct {
	date string
	stagedoor.QuotaEntry
}

func entryOf(op stagedoor.Operation, use stagedoor.Use) stagedoor.QuotaEntry {
	return stagedoor.QuotaEntry{Family: op.Family(), Label: op.Label, Credential: use.Credential, Caller: use.Caller, Run: use.Run}
}

// group names what shares a daily limit.
func group(op stagedoor.Operation, limit stagedoor.RateLimit) string {
	if limit.DayGroup != "" {
		return key(op.Family(), stagedoor.Label(limit.DayGroup))
	}
	return key(op.Family(), op.Label)
}

// objectGroup is how the names of objects' days begin.
const objectGroup = "object: "

// groupOf names the day of one object, by a hash: it may be somebody's address.
func groupOf(limit stagedoor.ObjectLimit, object string) string {
	sum := sha256.Sum256([]byte(strings.ToLower(object)))
	return objectGroup + limit.Name + " " + hex.EncodeToString(sum[:8])
}

// day returns the day of a group.
func (a *Account) day(group string, limit int) *day {
	d := a.days[group]
	if d == nil {
		d = &day{group: group, limit: limit, used: map[dated]int{}, flying: map[string]int{}}
		a.days[group] = d
	}
	d.turn(a.date())
	return d
}

func (a *Account) date() string { return a.options.Wall().UTC().Format(time.DateOnly) }

// turn begins a new day. What was taken ahead of the former one is void; what
// was used is still to be written down, under its own date (part.go).
func (d *day) turn(date string) {
	if d.date != date {
		d.date, d.ahead, d.dry, d.left = date, 0, false, nil
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

// taking is a call that was taken out of a day.
type taking struct {
	day  *day
	date string
}

// takeAll takes one call out of each day, or out of none.
func (a *Account) takeAll(ctx context.Context, l *lane, days []*day, call stagedoor.Call, use stagedoor.Use) ([]taking, error) {
	var all []taking
	for _, d := range days {
		date, err := a.take(ctx, l, d, call.Operation, use)
		if err != nil {
			a.settleAll(all, stagedoor.QuotaEntry{}, stagedoor.Outcome{Unsent: true})
			return nil, err
		}
		all = append(all, taking{d, date})
	}
	return all, nil
}

// settleAll writes down how a call ended in each of its days. What a limit of its
// object refused closes the object's day, and not the label's; where it has
// several, which of them was refused is not known, and none is closed.
func (a *Account) settleAll(all []taking, e stagedoor.QuotaEntry, o stagedoor.Outcome) {
	for _, t := range all {
		own := o
		if o.Daily && o.Narrow && len(all) > 2 || o.Daily && o.Narrow != (t.day.object != "") {
			own = stagedoor.Outcome{Unsent: true}
		}
		if t.day.object != "" {
			own.DayRemaining = nil
		}
		a.settle(t.day, t.date, e, own)
	}
}

// take takes one call out of its day, from the store where none is at hand, and
// sees to it that the lane has slots, or will have. It returns the day's date.
func (a *Account) take(ctx context.Context, l *lane, d *day, op stagedoor.Operation, use stagedoor.Use) (string, error) {
	asked := false
	var began time.Time // when the store was first found to be away
	for {
		if until := a.closed(d); !until.IsZero() {
			return "", d.usedUp(op, until)
		}
		switch date, state := a.takeHere(l, d, asked); {
		case state == taken:
			return date, nil
		case state == dry && asked:
			return "", d.usedUp(op, a.midnight())
		}
		err := a.alone(ctx, func() error {
			// Of many that come at once the first asks the store for all.
			if a.atHand(l, d) {
				return nil
			}
			asked = true
			a.mu.Lock()
			if a.days[d.group] == nil {
				a.days[d.group] = d // it was forgotten just now
			}
			d.coming++
			a.mu.Unlock()
			defer func() {
				a.mu.Lock()
				d.coming--
				a.mu.Unlock()
			}()
			return a.reconcile(ctx, l, use.Class, false)
		})
		if ctx.Err() != nil {
			return "", interrupted(op, ctx.Err())
		}
		if err == nil {
			continue
		}
		// Nobody waits for a backfill, so it outlasts a store that is away for a
		// moment.
		asked = false
		if began.IsZero() {
			began = time.Now()
		}
		if use.Class != stagedoor.Backfill || time.Since(began) > storeAway {
			return "", err
		}
		select {
		case <-time.After(pollEvery):
		case <-ctx.Done():
			return "", interrupted(op, ctx.Err())
		}
	}
}

// storeAway is for how long a backfill waits for a store that can not be reached.
const storeAway = 10 * time.Second

// What takeHere found.
type found int

const (
	taken found = iota
	empty       // the store may have more
	dry         // nor had the store any
)

// takeHere takes one of the calls that are at hand. Until the store was asked it
// also wants the lane to have slots.
func (a *Account) takeHere(l *lane, d *day, asked bool) (string, found) {
	a.mu.Lock()
	defer a.mu.Unlock()
	d.turn(a.date())
	switch {
	case d.limit > 0 && d.ahead == 0 && d.dry:
		return "", dry
	case d.limit > 0 && d.ahead == 0, !a.ready(l) && !asked:
		return "", empty
	case d.limit > 0:
		d.ahead--
	}
	d.flying[d.date]++
	return d.date, taken
}

// atHand reports whether a call can be taken, and waited for, without the store.
func (a *Account) atHand(l *lane, d *day) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.ready(l) && (d.limit == 0 || d.ahead > 0)
}

func (a *Account) ready(l *lane) bool {
	return time.Now().Before(a.part.until) && (l == nil || len(l.slots) > 0 || l.queue.waiting > 0)
}

func (a *Account) midnight() time.Time {
	return stagedoor.DayOf(a.options.Wall()).AddDate(0, 0, 1)
}

// settle writes down how a call ended that was taken out of its day.
func (a *Account) settle(d *day, date string, e stagedoor.QuotaEntry, o stagedoor.Outcome) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if d.flying[date]--; d.flying[date] == 0 {
		delete(d.flying, date)
	}
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
	if plan := a.part.planned[e.Run]; plan[d.group] > 0 {
		plan[d.group]--
	}
	if d.date != date {
		// It was under way at midnight, and may have been counted on either day.
		d.used[dated{d.date, e}]++
	}
}
