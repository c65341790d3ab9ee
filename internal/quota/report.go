package quota

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Report reads the ledger of all processes, with what this one has not written
// down yet.
func (a *Account) Report(ctx context.Context) (stagedoor.QuotaReport, error) {
	text, err := a.options.Store.Quota(ctx, a.options.Account)
	if err != nil {
		return stagedoor.QuotaReport{}, err
	}
	d, err := read(text)
	if err != nil {
		return stagedoor.QuotaReport{}, err
	}
	wall := a.options.Wall()
	d.expire(wall)
	a.mu.Lock()
	for _, day := range a.days {
		for e, calls := range day.used {
			d.write(e.date, day.group, e.QuotaEntry, calls)
			if p := d.Parts[a.process]; p != nil && day.limit > 0 {
				p.ahead(e.date, day.group, -calls)
			}
		}
	}
	a.mu.Unlock()
	date := wall.UTC().Format(time.DateOnly)
	r := stagedoor.QuotaReport{Plan: a.options.Plan, Date: date, Rates: []stagedoor.QuotaRate{}, Days: []stagedoor.QuotaDay{}, Lines: []stagedoor.QuotaLine{}}
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
		r.Lines = append(r.Lines, stagedoor.QuotaLine{QuotaEntry: line.QuotaEntry, Calls: line.Calls})
	}
	slices.SortFunc(r.Lines, func(a, b stagedoor.QuotaLine) int {
		return cmp.Or(cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.Caller, b.Caller), cmp.Compare(a.Run, b.Run), cmp.Compare(a.Label, b.Label))
	})
	return r, nil
}

func (d *document) rate(limit stagedoor.RateLimit) stagedoor.QuotaRate {
	r := stagedoor.QuotaRate{Family: limit.Family, Label: limit.Label, Requests: limit.PerSecond, Span: "second"}
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

func (d *document) report(group string, now time.Time, limit int) stagedoor.QuotaDay {
	date := now.Format(time.DateOnly)
	l := d.day(date)
	r := stagedoor.QuotaDay{Group: group, Limit: limit, Used: l.Used[group], Lost: l.Lost[group], Closed: d.Until[group]}
	for _, id := range slices.Sorted(maps.Keys(d.Parts)) {
		p := d.Parts[id]
		r.Ahead += p.aheadOn(date, group)
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
