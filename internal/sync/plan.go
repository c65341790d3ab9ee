package sync

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Job is what a person asked for.
type Job struct {
	Run        string // names the run in rows and in the receipt
	Credential string // its slug
	Streams    []stagedoor.Stream
	// Since and Until are the first and the last day asked for. The zero Since
	// means where this stream, destination and parameters stopped, and the
	// first time as far back as the provider keeps. The zero Until means today.
	Since, Until time.Time
	Params       map[string]string // further query parameters; they win over the stream's own
	FullRefresh  bool              // read again what the destination holds
	Limit        int               // stop after so many rows of each stream; 0 means all
}

// Plan is what a job comes to.
type Plan struct {
	Job     Job
	Streams []StreamPlan
}

// StreamPlan is a plan's part on one stream.
type StreamPlan struct {
	Stream stagedoor.Stream
	Params string // canonical; empty without parameters of the job's own
	Slices []stagedoor.Slice
	Lost   []stagedoor.Days // asked for, but older than the provider keeps
	Known  int              // days asked for that the destination holds for good
	First  bool             // the destination holds nothing of this stream yet
	calls  []int            // by slice: the least number of calls; nil: one for each pass
	// HadRows tells that an earlier reading returned rows.
	HadRows bool
	// Parts are those of a stream with a partition; nil until the stream is
	// divided. Without them there are no Slices either, except where the parts lie
	// inside these. Lost and Known are those of all parts together.
	Parts *Parts
}

// Requests returns the least number of calls that the plan takes: one for each
// slice (or part of one) and pass. More come for those of more than one page.
// What finding the parts took is not among them.
func (p StreamPlan) Requests() int {
	n := 0
	for i := range p.Slices {
		n += p.Calls(i)
	}
	return n
}

// Calls returns the least number of calls that the i-th slice takes: none where
// the answers come for another stream of the plan anyway.
func (p StreamPlan) Calls(i int) int {
	if p.calls != nil {
		return p.calls[i]
	}
	return max(1, len(p.Stream.Passes))
}

// Expired returns the days of the i-th slice that the provider does not keep any
// more if the slice is read only on that day.
func (p StreamPlan) Expired(i int, on time.Time) (stagedoor.Days, bool) {
	window, days := p.Stream.Window, p.Slices[i].Days
	if window == nil || window.LookBack == 0 {
		return stagedoor.Days{}, false
	}
	last := monthsBefore(stagedoor.DayOf(on), window.LookBack).AddDate(0, 0, -1)
	if days.Until.After(last) {
		days.Until = last
	}
	return days, days.Count() > 0
}

// Plan works out what to read.
func (e *Engine) Plan(ctx context.Context, job Job) (Plan, error) {
	plan := Plan{Job: job}
	for _, s := range job.Streams {
		if err := checkParams(s, job.Params); err != nil {
			return Plan{}, err
		}
		part := StreamPlan{Stream: s, Params: canonical(job.Params)}
		if s.Partition != nil && !s.Partition.Nested {
			// Its parts are not known yet; days that nobody can read are.
			trial := part
			if s.Window != nil {
				if err := planDays(&trial, job, nil, e.now()); err != nil {
					return Plan{}, err
				}
			}
		} else if err := e.planSlices(ctx, &part, job, "", e.now()); err != nil {
			return Plan{}, err
		}
		plan.Streams = append(plan.Streams, part)
	}
	// What is read in parts comes after what it is read by, and what is worked
	// out after what it is worked out of, so that each is read once.
	slices.SortStableFunc(plan.Streams, func(a, b StreamPlan) int { return cmp.Compare(e.depth(a.Stream), e.depth(b.Stream)) })
	share(plan.Streams)
	return plan, nil
}

// depth is how many streams a stream stands behind.
func (e *Engine) depth(s stagedoor.Stream) int {
	depth := 0
	for e.Parent != nil && depth < 10 {
		before := s.From
		if before == "" && s.Partition != nil {
			before = s.Partition.Stream
		}
		if before == "" {
			break
		}
		depth++
		var ok bool
		if s, ok = e.Parent(before); !ok {
			break
		}
	}
	return depth
}

// share takes the calls out of streams whose answers come for another anyway.
func share(plans []StreamPlan) {
	for i := range plans {
		part := &plans[i]
		at := slices.IndexFunc(plans, func(p StreamPlan) bool { return part.Stream.From == p.Stream.Name && part.Stream.From != "" })
		if at < 0 {
			continue
		}
		read := map[string]bool{}
		for _, slice := range plans[at].Slices {
			read[slice.ID()] = true
		}
		calls := make([]int, len(part.Slices))
		for j, slice := range part.Slices {
			if !read[slice.ID()] {
				calls[j] = part.Calls(j)
			}
		}
		part.calls = calls
	}
}

func sortSlices(list []stagedoor.Slice) {
	slices.SortStableFunc(list, func(a, b stagedoor.Slice) int {
		return cmp.Or(a.Days.Since.Compare(b.Days.Since), a.Days.Until.Compare(b.Days.Until))
	})
}

// planSlices fills in what is to be read of one part; of everything, where the
// part is empty.
func (e *Engine) planSlices(ctx context.Context, plan *StreamPlan, job Job, part string, now time.Time) error {
	done, err := e.Destination.Checkpoints(ctx, plan.Stream, plan.Params, part)
	if err != nil {
		return err
	}
	done = believable(done, now)
	plan.First = len(done) == 0
	plan.HadRows = slices.ContainsFunc(done, func(c stagedoor.Checkpoint) bool { return c.Returned > 0 })
	if plan.Stream.Window == nil {
		plan.Slices = []stagedoor.Slice{{Stream: plan.Stream.Name, Params: plan.Params}}
	} else if err := planDays(plan, job, done, now); err != nil {
		return err
	}
	for i := range plan.Slices {
		plan.Slices[i].Partition = part
	}
	return nil
}

// planDays fills in the slices of a stream that is bounded by days.
func planDays(part *StreamPlan, job Job, done []stagedoor.Checkpoint, now time.Time) error {
	window := part.Stream.Window
	today := stagedoor.DayOf(now)
	asked := stagedoor.Days{Since: job.Since, Until: job.Until}
	if asked.Until.IsZero() || asked.Until.After(today) {
		asked.Until = today
	}
	oldest := asked.Since
	if window.LookBack > 0 {
		oldest = oldestOf(*window, now)
	}
	if asked.Since.IsZero() {
		asked.Since = oldest
		if window.LookBack == 0 && window.First > 0 {
			asked.Since = monthsBefore(today, window.First)
		}
		if !job.FullRefresh && len(done) > 0 {
			asked.Since = slices.MinFunc(done, func(a, b stagedoor.Checkpoint) int { return a.Days.Since.Compare(b.Days.Since) }).Days.Since
		}
	}
	if asked.Since.IsZero() {
		return &stagedoor.Error{
			Op: "plan " + part.Stream.Name, Kind: stagedoor.KindUsage,
			Cause: "this stream has no oldest day of its own, so the first reading needs to be told where to begin",
			Fix:   "Add --since DATE.",
		}
	}
	if asked.Count() == 0 {
		return &stagedoor.Error{
			Op: "plan " + part.Stream.Name, Subject: asked.String(), Kind: stagedoor.KindUsage,
			Cause: "--since lies after --until (or after today)",
			Fix:   "Give a span of days that has begun.",
		}
	}

	// A slice is settled whole or not at all: while rows of its last day come and
	// go, a row of the first may move from a page that is still to be read to one
	// that was. A day that is too old to be read again is held all the same if its
	// own time was over.
	settled, held := map[time.Time]bool{}, map[time.Time]bool{}
	for _, c := range done {
		whole := !c.ReadAt.Before(settles(*window, c.Days.Until))
		for day := c.Days.Since; !day.After(c.Days.Until); day = day.AddDate(0, 0, 1) {
			settled[day] = settled[day] || whole
			held[day] = held[day] || !c.ReadAt.Before(settles(*window, day))
		}
	}
	// Days before oldest are lost, unless the destination holds them. Without
	// --since only what was lost since the last run is told: what was lost before
	// it, that run's receipt has told.
	var told time.Time
	if job.Since.IsZero() {
		for day := range held {
			if held[day] && day.After(told) {
				told = day
			}
		}
	}
	for day := asked.Since; !day.After(asked.Until); day = day.AddDate(0, 0, 1) {
		switch {
		case settled[day] && !job.FullRefresh, held[day] && day.Before(oldest):
			part.Known++
		case day.Before(oldest) && day.Before(told):
		case day.Before(oldest):
			part.Lost = appendDay(part.Lost, day)
		default:
			part.Slices = appendSlice(part, day, now)
		}
	}
	return nil
}

// settles is from when on the rows of a day change no more.
func settles(w stagedoor.Window, day time.Time) time.Time {
	return day.AddDate(0, 0, 1).Add(w.Settle)
}

// appendSlice lets the last slice grow by the day, or begins a new one. No slice
// has both days that are settled and days that are not, so that only the few of
// these are read again.
func appendSlice(part *StreamPlan, day, now time.Time) []stagedoor.Slice {
	window := *part.Stream.Window
	if n := len(part.Slices); n > 0 {
		last := &part.Slices[n-1].Days
		open := now.Before(settles(window, day))
		// Zoom's reports span one month at most in a call. Slices that stay are
		// calendar months; the few days that are read again may lie in two.
		month := open || last.Until.Month() == day.Month()
		fewer := last.Count() < cmp.Or(window.Days, 28) || window.Days == 0 && !open
		if next(*last, day) && now.Before(settles(window, last.Until)) == open && month && fewer {
			last.Until = day
			return part.Slices
		}
	}
	return append(part.Slices, stagedoor.Slice{Stream: part.Stream.Name, Params: part.Params, Days: stagedoor.Days{Since: day, Until: day}})
}

func next(span stagedoor.Days, day time.Time) bool { return span.Until.AddDate(0, 0, 1).Equal(day) }

// appendDay lets the last span grow by the day where it is its neighbour.
func appendDay(spans []stagedoor.Days, day time.Time) []stagedoor.Days {
	if n := len(spans); n > 0 && next(spans[n-1], day) {
		spans[n-1].Until = day
		return spans
	}
	return append(spans, stagedoor.Days{Since: day, Until: day})
}

// oldestOf is the first day that the provider still gives; the zero time where it
// gives all.
func oldestOf(w stagedoor.Window, now time.Time) time.Time {
	if w.LookBack == 0 {
		return time.Time{}
	}
	return monthsBefore(stagedoor.DayOf(now), w.LookBack)
}

// monthsBefore returns the day so many calendar months before, and the last
// day of that month where it is too short: 31 August less six is 28 February.
func monthsBefore(day time.Time, months int) time.Time {
	first := time.Date(day.Year(), day.Month()-time.Month(months), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1)
	return first.AddDate(0, 0, min(day.Day(), last.Day())-1)
}

// checkParams refuses parameters that the sync itself sets.
func checkParams(s stagedoor.Stream, params map[string]string) error {
	own := []string{"page_size", "next_page_token", "page_number"}
	if s.Window != nil && s.Window.From != "" {
		own = append(own, s.Window.From, s.Window.To)
	}
	for _, pass := range s.Passes {
		for name := range pass {
			own = append(own, name)
		}
	}
	for name := range params {
		if slices.Contains(own, name) {
			return &stagedoor.Error{
				Op: "plan " + s.Name, Subject: "parameter " + name, Kind: stagedoor.KindUsage,
				Cause: "sync sets it itself, so that every row comes exactly once",
				Fix:   fmt.Sprintf("Leave it out; days are chosen with --since and --until, and `stagedoor api NAME %s -p %s=…` makes a single call.", s.Path, name),
			}
		}
	}
	return nil
}

func canonical(params map[string]string) string {
	query := url.Values{}
	for name, value := range params {
		query.Set(name, value)
	}
	return query.Encode()
}
