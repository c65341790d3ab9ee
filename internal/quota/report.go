package quota

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Report is what is known of an account's quota now, of all processes.
type Report struct {
	Plan  stagedoor.Plan `json:"plan"`
	Date  string         `json:"date"` // UTC
	Rates []RateReport   `json:"rates"`
	Days  []DayReport    `json:"days"`
	Lines []LineReport   `json:"lines"` // who used it, today
}

// RateReport is a limit per second or minute.
type RateReport struct {
	Family    stagedoor.Family `json:"family,omitempty"`
	Label     stagedoor.Label  `json:"label"`
	Requests  int              `json:"requests"` // permitted in each span
	Span      string           `json:"span"`     // "second" or "minute"
	Held      int              `json:"held"`     // of these by processes that run now
	Processes int              `json:"processes"`
	// Left is what other apps seem to leave, where they take part of it.
	Left float64 `json:"left,omitempty"`
}

// DayReport is a limit per day; labels of one group share it.
type DayReport struct {
	Group   string            `json:"group"`
	Labels  []stagedoor.Label `json:"labels"`
	Limit   int               `json:"limit"` // 0: none
	Used    int               `json:"used"`  // what was lost included
	Ahead   int               `json:"ahead"` // taken out by running processes
	Planned int               `json:"planned"`
	Lost    int               `json:"lost,omitempty"` // counted for killed processes, of which some were made
	Left    int               `json:"left"`
	// ByMidnight is what will be used by the end of the day if it goes on as until
	// now; Ends is when nothing is left, if that comes first.
	ByMidnight int       `json:"by_midnight"`
	Ends       time.Time `json:"ends,omitzero"`
	Closed     time.Time `json:"closed,omitzero"` // the provider refuses until then
}

// LineReport is a line of today's ledger.
type LineReport struct {
	entry
	Calls int `json:"calls"`
}

// Report reads the ledger of all processes, with what this one has not written
// down yet.
func (a *Account) Report(ctx context.Context) (Report, error) {
	text, err := a.options.Store.Quota(ctx, a.options.Account)
	if err != nil {
		return Report{}, err
	}
	d, err := read(text)
	if err != nil {
		return Report{}, err
	}
	wall := a.options.Wall()
	d.expire(wall)
	a.mu.Lock()
	for _, day := range a.days {
		for e, calls := range day.used {
			d.write(e.date, day.group, e.entry, calls)
			if p := d.Parts[a.process]; p != nil && day.limit > 0 {
				p.ahead(e.date, day.group, -calls)
			}
		}
	}
	a.mu.Unlock()
	date := wall.UTC().Format(time.DateOnly)
	r := Report{Plan: a.options.Plan, Date: date, Rates: []RateReport{}, Days: []DayReport{}, Lines: []LineReport{}}
	groups := map[string]int{}
	for _, limit := range a.options.Provider.Limits {
		if limit.Plan != a.options.Plan {
			continue
		}
		r.Rates = append(r.Rates, d.rate(limit))
		op := stagedoor.Operation{Label: limit.Label}
		if limit.Family != "" {
			op.Path = "/" + string(limit.Family) + "/"
		}
		g := group(op, limit)
		i, known := groups[g]
		if !known {
			i = len(r.Days)
			groups[g] = i
			r.Days = append(r.Days, d.report(g, wall.UTC(), limit.PerDay))
		}
		r.Days[i].Labels = append(r.Days[i].Labels, limit.Label)
	}
	for _, line := range d.day(date).Lines {
		r.Lines = append(r.Lines, LineReport(line))
	}
	slices.SortFunc(r.Lines, func(a, b LineReport) int {
		return cmp.Or(cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.Caller, b.Caller), cmp.Compare(a.Run, b.Run), cmp.Compare(a.Label, b.Label))
	})
	return r, nil
}

func (d *document) rate(limit stagedoor.RateLimit) RateReport {
	r := RateReport{Family: limit.Family, Label: limit.Label, Requests: limit.PerSecond, Span: "second"}
	if limit.PerSecond == 0 {
		r.Requests, r.Span = limit.PerMinute, "minute"
	}
	k := key(limit.Family, limit.Label)
	for _, p := range d.Parts {
		if p.Slots[k] > 0 {
			r.Held += p.Slots[k]
			r.Processes++
		}
		if rate, ok := p.Rates[k]; ok && (r.Left == 0 || rate < r.Left) {
			r.Left = rate
		}
	}
	return r
}

func (d *document) report(group string, now time.Time, limit int) DayReport {
	date := now.Format(time.DateOnly)
	l := d.day(date)
	r := DayReport{Group: group, Limit: limit, Used: l.Used[group], Lost: l.Lost[group], Closed: d.Until[group]}
	for _, id := range slices.Sorted(maps.Keys(d.Parts)) {
		p := d.Parts[id]
		r.Ahead += p.Ahead[date][group]
		for _, run := range p.Planned {
			r.Planned += run[group]
		}
	}
	if limit > 0 {
		r.Left = max(limit-r.Used-r.Ahead-r.Planned, 0)
	}
	if gone := now.Sub(stagedoor.DayOf(now)); gone > time.Minute {
		perDay := float64(r.Used) * float64(24*time.Hour) / float64(gone)
		r.ByMidnight = int(perDay)
		if limit > 0 && perDay > float64(limit) {
			r.ByMidnight = limit
			r.Ends = stagedoor.DayOf(now).Add(time.Duration(float64(24*time.Hour) * float64(limit) / perDay)).Truncate(time.Minute)
		}
	}
	return r
}
