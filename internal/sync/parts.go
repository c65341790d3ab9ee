package sync

import (
	"context"
	"slices"

	"github.com/stagedoor/stagedoor"
)

// Parts are what a stream with a partition is read by: the rows of its parent.
type Parts struct {
	Of    string // the parent stream
	Count int
	// Requests and Retries are the calls that finding them took; none where the
	// run reads the parent anyway.
	Requests, Retries int
}

// Divide finds the parts of every stream of the plan that has some, and plans
// their slices. It asks the provider for the parent streams' rows, which a
// forecast needs. Run does it by itself, and again: by then others may be there.
func (e *Engine) Divide(ctx context.Context, plan *Plan) error {
	r, err := e.newRun(*plan, true)
	if err != nil {
		return err
	}
	defer r.close()
	r.all(ctx)
	for i, out := range r.outs {
		if out.err != nil {
			return out.err
		}
		plan.Streams[i] = out.plan
	}
	share(plan.Streams)
	return nil
}

// divide plans what is to be read of the parts that were found: the oldest days
// first, and of the same days the parts as the provider lists them. So what is
// soon too old is read first for all, and a run that goes on where another was
// stopped begins with the parts that the other did not come to.
func (n *node) divide(ctx context.Context) error {
	switch p := n.stream.Partition; {
	case p == nil, p.Nested && n.parent.lazy:
		return nil
	case p.Nested:
		if err := n.countDays(); err != nil {
			return err
		}
	default:
		if err := n.divideParts(ctx); err != nil {
			return err
		}
	}
	for _, out := range n.outs {
		n.mu.Lock()
		out.expect()
		parts := out.plan.Parts
		out.report.Parts = &stagedoor.PartsReport{Of: parts.Of, Count: parts.Count, Requests: parts.Requests}
		plan := out.plan
		n.mu.Unlock()
		if n.Divided != nil && !n.dry {
			n.telling.Lock()
			n.Divided(plan)
			n.telling.Unlock()
		}
	}
	return nil
}

// countDays counts the parts of each slice.
func (n *node) countDays() error {
	at := map[*output]map[string]int{} // where a slice stands in each plan
	for _, out := range n.outs {
		at[out] = map[string]int{}
		for i, slice := range out.plan.Slices {
			at[out][slice.ID()] = i
		}
		out.plan.calls, out.plan.Parts.Count = make([]int, len(out.plan.Slices)), 0
	}
	for _, u := range n.units {
		rows, err := n.by.byDay.of(u.slice.Days)
		if err != nil {
			return err
		}
		parts := len(rows)
		for i, out := range u.outs {
			u.calls[i] = 0 // the answers come for the first anyway
			if i == 0 {
				u.calls[i] = parts * len(n.passes())
			}
			out.plan.calls[at[out][u.slice.ID()]] = u.calls[i]
			out.plan.Parts.Count += parts
		}
	}
	return nil
}

// divideParts plans the slices of each part.
func (n *node) divideParts(ctx context.Context) error {
	rows := n.by.all()
	now := n.now()
	byPart := map[string]*row{}
	for _, out := range n.outs {
		plan := &out.plan
		plan.Parts.Count = len(rows)
		plan.First, plan.HadRows, plan.Known = true, false, 0
		plan.Slices, plan.Lost, plan.calls = nil, nil, nil
	}
	for i := range rows {
		r := &rows[i]
		byPart[r.value] = r
		for _, out := range n.outs {
			plan := &out.plan
			of := StreamPlan{Stream: plan.Stream, Params: plan.Params}
			if err := n.planSlices(ctx, &of, n.job, r.value, now); err != nil {
				return err
			}
			plan.First = plan.First && of.First
			plan.HadRows = plan.HadRows || of.HadRows
			plan.Known += of.Known
			plan.Slices = append(plan.Slices, of.Slices...)
			for _, days := range of.Lost {
				if !slices.Contains(plan.Lost, days) {
					plan.Lost = append(plan.Lost, days)
				}
			}
		}
		if len(n.outs) == 0 {
			n.units = append(n.units, &unit{slice: &stagedoor.Slice{Stream: n.stream.Name, Partition: r.value}})
		}
	}
	for _, out := range n.outs {
		sortSlices(out.plan.Slices)
	}
	if len(n.outs) > 0 {
		n.units = unite(n.outs)
	}
	n.line(byPart)
	return nil
}
