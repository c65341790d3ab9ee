package sync

import (
	"cmp"
	"context"
	"errors"
	"fmt"
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
	skipped           []stagedoor.Skip // rows of the parent that could not be read
}

// parents remembers what a run found in each parent stream, so that it walks
// each of them once, whatever reads by it.
type parents map[string]walked

// walked are the parts that one walk of a parent gave, in the provider's order.
type walked struct {
	ids               []string
	requests, retries int
	skipped           []stagedoor.Skip
}

func parentKey(p stagedoor.Partition) string { return p.Stream + "." + p.Column }

// Divide finds the parts of every stream of the plan that has some, and plans
// their slices. Run does it by itself for those that are not divided yet, as it
// comes to them; a forecast needs it before. It asks the provider for the parent
// streams' rows.
func (e *Engine) Divide(ctx context.Context, plan *Plan) error {
	known := parents{}
	for i := range plan.Streams {
		if err := e.divide(ctx, plan.Job, &plan.Streams[i], known); err != nil {
			return err
		}
	}
	return nil
}

// divide plans the slices of a stream's parts: the oldest days first, and of the
// same days the parts as the provider lists them. So what is soon too old is read
// first for all, and a run that goes on where another was stopped begins with
// the parts that the other did not come to.
func (e *Engine) divide(ctx context.Context, job Job, part *StreamPlan, known parents) error {
	if part.Stream.Partition == nil || part.Parts != nil {
		return nil
	}
	key := parentKey(*part.Stream.Partition)
	found, ok := known[key]
	if !ok {
		var err error
		if found, err = e.walk(ctx, part.Stream); err != nil {
			return err
		}
		known[key] = walked{ids: found.ids} // its calls count once
	}
	part.Parts = &Parts{
		Of: part.Stream.Partition.Stream, Count: len(found.ids),
		Requests: found.requests, Retries: found.retries, skipped: found.skipped,
	}
	part.First, part.HadRows, part.Known = true, false, 0
	part.Slices, part.Lost = nil, nil
	now := e.now()
	for _, id := range found.ids {
		of := StreamPlan{Stream: part.Stream, Params: part.Params}
		if err := e.planSlices(ctx, &of, job, id, now); err != nil {
			return err
		}
		part.First = part.First && of.First
		part.HadRows = part.HadRows || of.HadRows
		part.Known += of.Known
		part.Slices = append(part.Slices, of.Slices...)
		for _, days := range of.Lost {
			if !slices.Contains(part.Lost, days) {
				part.Lost = append(part.Lost, days)
			}
		}
	}
	slices.SortStableFunc(part.Slices, func(a, b stagedoor.Slice) int {
		return cmp.Or(a.Days.Since.Compare(b.Days.Since), a.Days.Until.Compare(b.Days.Until))
	})
	return nil
}

// walk reads the parent of a stream for its parts, again from its start where a
// page token died.
func (e *Engine) walk(ctx context.Context, child stagedoor.Stream) (walked, error) {
	partition := child.Partition
	parent, ok := stagedoor.Stream{}, false
	if e.Parent != nil {
		parent, ok = e.Parent(partition.Stream)
	}
	if !ok {
		return walked{}, &stagedoor.Error{
			Op: "plan " + child.Name, Kind: stagedoor.KindInternal, Cause: "it is read by the rows of " + partition.Stream + ", which is no stream",
		}
	}
	w := walked{}
	before := map[stagedoor.Kind]int{}
	for {
		w.ids, w.skipped = nil, nil
		err := e.walkOnce(ctx, child, parent, &w)
		if err == nil {
			w.ids = distinct(w.ids)
			return w, nil
		}
		kind := stagedoor.KindOf(err)
		if !again(err, before[kind]) {
			return w, err
		}
		before[kind]++
	}
}

func (e *Engine) walkOnce(ctx context.Context, child, parent stagedoor.Stream, w *walked) error {
	slice := stagedoor.Slice{Stream: parent.Name}
	r := reader{engine: e, part: StreamPlan{Stream: parent}, slice: slice}
	decoder := e.Decoder(parent, slice, stagedoor.Part{})
	at := columnOf(parent, child.Partition.Column)
	rows := 0
	for _, pass := range r.passes() {
		reading, err := e.Reader.Pages(ctx, r.request(pass), parent.ListKeys, func(page stagedoor.Page) error {
			for _, raw := range page.Rows {
				rows++
				row, err := decoder.Decode(raw)
				if err != nil {
					w.skipped = append(w.skipped, stagedoor.Skip{
						What: fmt.Sprintf("row %d of %s", rows, parent.Name), Reason: stagedoor.NoticeOf(err).Cause, Rows: 1,
					})
					continue
				}
				w.ids = append(w.ids, partOf(row, at)...)
			}
			if e.Progress != nil {
				e.Progress(Progress{Stream: child.Name, Slice: parent.Name, Rows: rows})
			}
			return nil
		})
		w.requests += reading.Requests
		w.retries += reading.Retries
		if err != nil {
			return err
		}
	}
	return nil
}

// columnOf returns the column's place, or -1.
func columnOf(s stagedoor.Stream, name string) int {
	return slices.IndexFunc(s.Columns, func(c stagedoor.Column) bool { return c.Name == name })
}

// partOf returns the part that a parent's row names, if any: a pending user has
// no id.
func partOf(row stagedoor.Decoded, column int) []string {
	if column < 0 {
		return nil
	}
	if id, ok := row.Values[column].(string); ok && id != "" {
		return []string{id}
	}
	return nil
}

// distinct leaves out ids that came before: somebody who changes from active to
// inactive between two calls is listed twice.
func distinct(ids []string) []string {
	seen := make(map[string]bool, len(ids))
	return slices.DeleteFunc(ids, func(id string) bool {
		twice := seen[id]
		seen[id] = true
		return twice
	})
}

// goneReason returns why a part is not there any more, and false where the error
// says something else.
func goneReason(s stagedoor.Stream, err error) (string, bool) {
	e, ok := errors.AsType[*stagedoor.Error](err)
	if !ok || s.Partition == nil || !slices.Contains(s.Partition.Gone, e.Code) {
		return "", false
	}
	return e.Cause, true
}
