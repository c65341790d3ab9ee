package app

import (
	"context"
	"slices"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/quota"
	"github.com/stagedoor/stagedoor/internal/sync"
)

// Outlook is what a plan comes to.
type Outlook struct {
	Labels []quota.Forecast // in the order in which the plan first needs them
	// Expires are days that the provider will have dropped before their turn comes,
	// by stream: the day's quota, or the rate, makes the plan take so long.
	Expires map[string][]stagedoor.Days
}

// Outlook says what the plan comes to: how many calls of each label at least, how
// long they take at this plan, on how many days, and what is too old by then. It
// takes the slices in the order in which a run reads them.
func (s *Sync) Outlook(ctx context.Context) (Outlook, error) {
	o := Outlook{Expires: map[string][]stagedoor.Days{}}
	labels := map[string]*course{} // by label: what its rate makes of it
	groups := map[string]*course{} // by what shares a daily limit
	var order []*course
	planned := func(name string) bool {
		return slices.ContainsFunc(s.Plan.Streams, func(p sync.StreamPlan) bool { return p.Stream.Name == name })
	}
	at := func(st stagedoor.Stream) (label, day *course, err error) {
		op := operation(st)
		limit := s.Connection.Provider.Limit(op.Family(), op.Label, s.quota.TakenAs())
		name := laneOf(st)
		if labels[name] == nil {
			comes, err := s.quota.Forecast(ctx, op, 0)
			if err != nil {
				return nil, nil, err
			}
			labels[name] = &course{op: op, left: comes.Left, perDay: limit.PerDay, per: per(limit)}
			order = append(order, labels[name])
			if limit.DayGroup != "" {
				name = limit.DayGroup + string(op.Family())
			}
			if groups[name] == nil {
				groups[name] = labels[laneOf(st)]
			}
			labels[laneOf(st)].shares = groups[name]
		}
		return labels[laneOf(st)], labels[laneOf(st)].shares, nil
	}
	today := stagedoor.DayOf(now())
	for _, part := range s.Plan.Streams {
		if part.Parts != nil && part.Parts.Requests > 0 && !planned(part.Parts.Of) {
			if parent, ok := streamNamed(part.Parts.Of); ok {
				label, day, err := at(parent)
				if err != nil {
					return o, err
				}
				label.take(day, part.Parts.Requests)
			}
		}
		label, day, err := at(part.Stream)
		if err != nil {
			return o, err
		}
		for i := range part.Slices {
			on := today.AddDate(0, 0, label.take(day, part.Calls(i)))
			if days, expired := part.Expired(i, on); expired && part.Calls(i) > 0 {
				o.Expires[part.Stream.Name] = add(o.Expires[part.Stream.Name], days)
			}
		}
	}
	for _, label := range order {
		comes, err := s.quota.Forecast(ctx, label.op, label.calls)
		if err != nil {
			return o, err
		}
		comes.Days = max(comes.Days, label.last+1)
		o.Labels = append(o.Labels, comes)
	}
	return o, nil
}

// course is how the calls of a label go through the days.
type course struct {
	op     stagedoor.Operation
	shares *course // whose daily limit it counts in
	per    time.Duration
	perDay int // 0: no daily limit
	left   int // of today; -1: no limit
	used   int // of the daily limit, by all who share it
	calls  int
	last   int // the day of the last call, from 0
}

// take takes calls and returns the day on which the last of them is made: today is 0.
func (c *course) take(day *course, calls int) int {
	c.calls += calls
	day.used += calls
	on := int(time.Duration(c.calls) * c.per / (24 * time.Hour))
	if day.perDay > 0 && day.used > day.left {
		on = max(on, 1+(day.used-day.left-1)/day.perDay)
	}
	if calls > 0 {
		c.last = max(c.last, on)
	}
	return on
}

// per is the time that each call takes at a limit's full rate.
func per(limit stagedoor.RateLimit) time.Duration {
	switch {
	case limit.PerSecond > 0:
		return time.Second / time.Duration(limit.PerSecond)
	case limit.PerMinute > 0:
		return time.Minute / time.Duration(limit.PerMinute)
	}
	return 0
}

// add adds days to a list of spans, the last of which grows where they follow it.
func add(spans []stagedoor.Days, days stagedoor.Days) []stagedoor.Days {
	for i := range spans {
		s := &spans[i]
		if !days.Since.After(s.Until.AddDate(0, 0, 1)) && !days.Until.Before(s.Since.AddDate(0, 0, -1)) {
			if days.Since.Before(s.Since) {
				s.Since = days.Since
			}
			if days.Until.After(s.Until) {
				s.Until = days.Until
			}
			return spans
		}
	}
	return append(spans, days)
}
