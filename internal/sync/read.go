package sync

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/stagedoor/stagedoor"
)

// How often a slice is read again from its start before the stream is given up:
// page tokens die by the clock and with faults, but one that comes twice is a
// defect of the server that will not pass. A token that was rejected, and the
// new one too, means that somebody else's mint or revocation came between, or
// that the app is broken; a few more times tell which. A list that changes all
// the time is taken as it is after a few.
const (
	restarts         = 20
	restartsRepeated = 2
	restartsRejected = 3
	restartsMoved    = 3
)

// openSlices is how many slices of a stream are open at once beside those whose
// lists are being read: so that the last parts of a day, a commit, or a slice that
// waits for an earlier one keep nobody waiting.
const openSlices = 3

// do reads a node to its end.
func (n *node) do(ctx context.Context) {
	defer close(n.done)
	err := n.work(ctx)
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.err == nil {
		n.err = err
	}
	for _, out := range n.outs {
		out.err, out.state = n.err, StreamDone
		if n.err != nil {
			out.state = StreamFailed
		}
	}
}

func (n *node) work(ctx context.Context) error {
	if n.parent != nil && !n.parent.lazy {
		n.state(StreamFinds, ctx)
		select {
		case <-n.parent.done:
		case <-ctx.Done():
			return stopped(ctx)
		}
		if err := n.parent.failed(); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return stopped(ctx)
	}
	n.since = n.now()
	n.state(StreamReads, ctx)
	if err := n.divide(ctx); err != nil || n.dry && len(n.outs) > 0 {
		return err
	}
	n.mu.Lock()
	for _, out := range n.outs {
		out.report.Skipped = append(out.report.Skipped, lost(out.plan)...)
	}
	n.mu.Unlock()
	if err := n.slices(ctx); err != nil {
		return err
	}
	return n.endParts(ctx)
}

func (n *node) nested() bool { return n.stream.Partition != nil && n.stream.Partition.Nested }

func (n *node) state(state string, ctx context.Context) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, out := range n.outs {
		out.state = state
		out.started = out.started || ctx.Err() == nil && state == StreamReads
	}
}

func (n *node) failed() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.err
}

// fail notes what stops the stream; what is under way is read to its end.
func (n *node) fail(err error) {
	n.mu.Lock()
	if n.err == nil {
		n.err = err
	}
	n.mu.Unlock()
	n.stop(err)
}

// over reports whether nothing more is to be begun.
func (n *node) over() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.err != nil {
		return true
	}
	for _, out := range n.outs {
		if n.job.Limit > 0 && out.report.Returned >= n.job.Limit {
			return true
		}
	}
	return false
}

// slices reads the slices of a node, the oldest first and as many at once as its
// lane has room for. A part that has gone since it was found is left out, with
// all that was still to be read of it.
func (n *node) slices(ctx context.Context) error {
	open := newLane(func() int {
		switch {
		case n.Width == nil: // one is written before the next is begun
			return 1
		case n.nested(): // whose parts are what is read side by side
			return 1 + openSlices
		}
		return n.lane.widthNow() + openSlices
	})
	var wg sync.WaitGroup
	for i, u := range n.units {
		n.units[i] = nil // what was read is held no longer
		u.done = make(chan struct{})
		empty := n.nested() && n.Width != nil && n.by.byDay.none(u.slice.Days) // it is not opened until its turn
		if !empty && open.enter(ctx, turn{}) != nil || n.over() {
			break
		}
		if n.nested() {
			if err := n.ahead(ctx, u.slice.Days.Until); err != nil {
				n.fail(err)
				break
			}
		} else if n.enter(ctx, u) != nil {
			break
		} else {
			u.entered = true
		}
		wg.Go(func() {
			n.take(ctx, u)
			if !empty {
				open.leave()
			}
		})
	}
	wg.Wait()
	return n.ending(ctx)
}

func (n *node) ending(ctx context.Context) error {
	if err := n.failed(); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return stopped(ctx)
	}
	return nil
}

// ahead lets a lazy parent be read as far as a day.
func (n *node) ahead(ctx context.Context, day time.Time) error {
	p := n.parent
	if !p.lazy {
		return nil
	}
	if p.since.IsZero() {
		p.since = n.now()
	}
	for ; p.next < len(p.units) && !p.units[p.next].slice.Days.Since.After(day); p.next++ {
		u := p.units[p.next]
		u.done = make(chan struct{})
		p.take(ctx, u)
		if err := p.ending(ctx); err != nil {
			return err
		}
	}
	return nil
}

// take reads a unit, again from its start where that may help, and tells how it
// went.
func (n *node) take(ctx context.Context, u *unit) {
	defer close(u.done)
	defer func() {
		if u.entered { // and came to no reading
			n.lane.leave()
		}
	}()
	n.mu.Lock()
	left := n.gone[u.slice.Partition] // it went since it was found
	if left {
		n.finished(u)
	}
	n.mu.Unlock()
	if left {
		u.kept = true
		return
	}
	reports := make([]stagedoor.SliceReport, len(u.outs))
	for i := range reports {
		reports[i] = stagedoor.SliceReport{Slice: u.slice.ID(), State: stagedoor.SliceFailed, Asked: n.asked(u)}
	}
	before := map[stagedoor.Kind]int{}
	moves, began := 0, 0
	err := n.once(ctx, u, moves, reports)
	for ; err != nil && ctx.Err() == nil; err = n.once(ctx, u, moves, reports) {
		kind := stagedoor.KindOf(err)
		if errors.Is(err, errMoved) {
			moves++
		} else if !again(err, before[kind]) {
			break
		}
		before[kind]++
		began++
	}
	reason, gone := goneReason(n.stream, err)
	n.mu.Lock()
	for i := range reports {
		reports[i].Restarts = began
		if gone && reports[i].State == stagedoor.SliceFailed {
			reports[i].State = stagedoor.SliceSkipped
		}
	}
	if len(reports) > 0 {
		reports[0].Requests, reports[0].Retries = u.requests, u.retries
	}
	if gone {
		n.gone[u.slice.Partition], n.whole = true, false
		n.skip(u, stagedoor.Skip{What: n.stream.Partition.Stream + " " + u.slice.Partition, Reason: reason})
		for _, out := range u.outs {
			out.report.Parts.Gone++
		}
	}
	u.kept = err == nil || gone
	if u.kept {
		n.finished(u)
	}
	n.mu.Unlock()
	n.hand(u, reports)
	if !u.kept && !errors.Is(err, errBehind) {
		n.fail(err)
	}
	if len(u.outs) > 0 {
		n.tell(u.outs[0])
	}
}

// finished counts a unit that is done. The caller holds mu.
func (n *node) finished(u *unit) {
	for i, out := range u.outs {
		out.done++
		out.at = u.slice.ID()
		out.least -= u.calls[i]
		out.planned += u.calls[i]
		if i == 0 {
			out.spent += u.requests
		}
	}
}

// hand gives the reports of a unit to who keeps them.
func (n *node) hand(u *unit, reports []stagedoor.SliceReport) {
	if n.Report != nil {
		n.telling.Lock()
		defer n.telling.Unlock()
		for i, out := range u.outs {
			n.Report(out.plan.Stream.Name, reports[i])
		}
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for i, out := range u.outs {
		out.report.Slices = append(out.report.Slices, reports[i])
	}
}

// again reports whether a slice that failed is worth reading from its start,
// after so many times before for the same reason.
func again(err error, before int) bool {
	e, ok := errors.AsType[*stagedoor.Error](err)
	switch {
	case !ok:
		return false
	case e.Kind == stagedoor.KindTokenRejected:
		return before < restartsRejected
	case e.Kind == stagedoor.KindPageToken && e.Status == 0: // not refused by the server: it handed out the same token twice
		return before < restartsRepeated
	}
	return e.Kind == stagedoor.KindPageToken && before < restarts
}

// endParts marks what belongs to parts that the parent does not list any more,
// where its whole list was read. Rows with days stay as they are: that they are
// not reported any more says nothing of whether they were.
func (n *node) endParts(ctx context.Context) error {
	if n.stream.Partition == nil || n.stream.Window != nil || len(n.outs) == 0 || n.job.Limit > 0 || !n.parent.isWhole() {
		return nil
	}
	there := map[string]bool{}
	for _, r := range n.by.all() {
		there[r.value] = true
	}
	if !n.shown() {
		return nil // nothing at all proves nothing
	}
	for _, out := range n.outs {
		parts, err := n.Destination.Parts(ctx, out.plan.Stream, out.plan.Params)
		if err != nil {
			return err
		}
		for _, part := range parts {
			if there[part] {
				continue
			}
			if err := n.endPart(ctx, out, part); err != nil {
				return err
			}
		}
	}
	return nil
}

// shown reports whether the account shows anything of what the node is read by, or
// the provider has counted that it is nothing: a part among others may well have no
// rows, and a whole account hardly.
func (n *node) shown() bool {
	return n.by.seen > 0 || n.by.none || n.parent.by != nil && n.parent.shown()
}

func (n *node) endPart(ctx context.Context, out *output, part string) error {
	slice := stagedoor.Slice{Stream: out.plan.Stream.Name, Params: out.plan.Params, Partition: part}
	writer, err := n.Destination.Begin(ctx, out.plan.Stream, slice, n.job.Run)
	if err != nil {
		return err
	}
	defer writer.Abort()
	written, err := writer.Commit(ctx, stagedoor.Checkpoint{Slice: slice, Run: n.job.Run, ReadAt: n.parent.since, Ended: true}, false)
	if err != nil {
		return err
	}
	n.mu.Lock()
	out.report.Parts.Ended++
	out.report.Gone += written.Gone
	n.mu.Unlock()
	n.hand(&unit{outs: []*output{out}}, []stagedoor.SliceReport{{
		Slice: slice.ID(), State: stagedoor.SliceEnded, Asked: []string{}, Gone: written.Gone,
	}})
	return nil
}

func (n *node) isWhole() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.whole && n.err == nil
}

func sortUnits(units []*unit) {
	slices.SortStableFunc(units, func(a, b *unit) int {
		return cmp.Or(a.slice.Days.Since.Compare(b.slice.Days.Since), a.slice.Days.Until.Compare(b.slice.Days.Until))
	})
}
