package quota

import (
	"context"
	"fmt"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Pace is how fast calls of a label leave.
type Pace struct {
	Calls    int     // that left in the last span, in this process
	Requests int     // permitted to the account in each span; 0: any number
	Left     float64 // of these, what other apps seem to leave
	Span     time.Duration
}

// Pace returns the pace of an operation's label now.
func (a *Account) Pace(op stagedoor.Operation) Pace {
	a.mu.Lock()
	defer a.mu.Unlock()
	l := a.lanes[key(op.Family(), op.Label)]
	if l == nil {
		return Pace{}
	}
	l.others.recent = trim(l.others.recent, time.Now().Add(-l.span))
	return Pace{Calls: len(l.others.recent), Requests: l.requests, Left: l.others.permitted, Span: l.span}
}

// String says it: "9 of 10/s".
func (p Pace) String() string {
	if p.Requests == 0 {
		return ""
	}
	unit := "s"
	if p.Span == time.Minute {
		unit = "min"
	}
	text := fmt.Sprintf("%d of %d/%s", p.Calls, p.Requests, unit)
	if p.Left < float64(p.Requests) {
		text += fmt.Sprintf(" (other apps leave %.0f)", p.Left)
	}
	return text
}

// Forecast is what so many calls come to.
type Forecast struct {
	Label stagedoor.Label `json:"label"`
	Calls int             `json:"calls"`
	// Left is what is left of the day for them; -1 where the plan has no daily
	// limit.
	Left int `json:"left"`
	// Days is on how many days they are made, at least one.
	Days int `json:"days"`
	// Takes is how long they take at the plan's full rate, without the waiting
	// for a new day.
	Takes time.Duration `json:"takes"`
	// Ends is when the last is made, if nobody else calls.
	Ends time.Time `json:"ends"`
}

// String says it in a sentence: "41000 Heavy calls: 2 days on pro".
func (f Forecast) String() string {
	calls := "calls"
	if f.Calls == 1 {
		calls = "call"
	}
	if f.Days > 1 {
		return fmt.Sprintf("%d %s %s: %d days, until %s UTC", f.Calls, f.Label, calls, f.Days, f.Ends.UTC().Format("2006-01-02 15:04"))
	}
	return fmt.Sprintf("%d %s %s: about %s", f.Calls, f.Label, calls, f.Takes.Round(time.Second))
}

// Plan keeps so many calls of an operation's day free for a run, as far as there
// are any, and says what they come to. Others who backfill leave them alone; who
// calls interactively does not. What one run plans adds up, is used up by its
// calls, and ends with [Account.Close] or the process.
func (a *Account) Plan(ctx context.Context, op stagedoor.Operation, run string, calls int) (Forecast, error) {
	_, days := a.find(stagedoor.Call{Operation: op})
	d := days[0]
	a.mu.Lock()
	if a.part.planned[run] == nil {
		if a.part.planned == nil {
			a.part.planned = map[string]map[string]int{}
		}
		a.part.planned[run] = map[string]int{}
	}
	a.part.planned[run][d.group] += calls
	a.mu.Unlock()
	if err := a.alone(ctx, func() error { return a.reconcile(ctx, nil, stagedoor.Backfill, false) }); err != nil {
		return Forecast{}, err
	}
	return a.Forecast(ctx, op, calls)
}

// Forecast says what so many calls of an operation come to now.
func (a *Account) Forecast(ctx context.Context, op stagedoor.Operation, calls int) (Forecast, error) {
	limit := a.options.Provider.Limit(op.Family(), op.Label, a.options.Plan)
	f := Forecast{Label: op.Label, Calls: calls, Left: -1, Days: 1}
	per := time.Duration(0)
	switch {
	case limit.PerSecond > 0:
		per = time.Second / time.Duration(limit.PerSecond)
	case limit.PerMinute > 0:
		per = time.Minute / time.Duration(limit.PerMinute)
	}
	f.Takes = time.Duration(calls) * per
	now := a.options.Wall()
	f.Ends = now.Add(f.Takes)
	if limit.PerDay == 0 {
		return f, nil
	}
	text, err := a.options.Store.Quota(ctx, a.options.Account)
	if err != nil {
		return f, err
	}
	d, err := read(text)
	if err != nil {
		return f, err
	}
	d.expire(now)
	g := group(op, limit)
	f.Left = d.left(a.date(), g, limit.PerDay, a.process, true)
	if p := d.Parts[a.process]; p != nil {
		f.Left += p.aheadOn(a.date(), g)
	}
	if now.Before(d.Until[g]) {
		f.Left = 0
	}
	if calls > f.Left {
		rest := calls - f.Left
		f.Days = (rest + limit.PerDay - 1) / limit.PerDay
		if f.Left > 0 {
			f.Days++
		}
		later := (rest - 1) / limit.PerDay // whole days after the next midnight
		last := rest - later*limit.PerDay
		f.Ends = a.midnight().AddDate(0, 0, later).Add(time.Duration(last) * per)
	}
	return f, nil
}
