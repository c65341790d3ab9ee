package sync

import (
	"context"
	"errors"
	"sync"

	"github.com/stagedoor/stagedoor"
)

// proves reports whether rows that did not come are gone. A part that has none,
// among others, is what it says. An account that shows nothing at all of a stream
// has more likely lost a feature or a right than every row: that needs the
// provider's own count of a whole list, or rows of other days.
func (a *attempt) proves(ctx context.Context, t *target) (bool, error) {
	switch p := a.stream.Partition; {
	case p == nil && (a.returned > 0 || a.counted()):
		return true, nil
	case p == nil && a.stream.Window == nil:
		return false, nil
	case p == nil:
		return a.shows(ctx, a, t)
	case p.Nested && !a.by.complete(a.unit.slice.Days):
		return false, nil
	case p.Nested && a.by.seen == 0:
		return a.parent.shows(ctx, a, t)
	}
	return true, nil
}

// counted reports whether the provider said that a whole list has no rows.
func (a *attempt) counted() bool {
	return a.by == nil && a.stream.Window == nil && a.returned == 0 && a.total == 0 && a.lists > 0
}

// sight is what a run has found out of whether the account shows a stream.
type sight struct {
	sync.Mutex
	asked, rows bool
}

// shows reports whether the provider gives rows of the node's stream, though none
// of the days of an attempt, of which the destination has some. Where the run has
// seen none it asks for the last days of which the destination has rows: one call
// in a run, and only for a day that has lost all of its rows.
func (n *node) shows(ctx context.Context, a *attempt, t *target) (bool, error) {
	n.mu.Lock()
	seen, had := t.node == n && t.report.Returned > 0, t.plan.HadRows
	n.mu.Unlock()
	if seen || !had || n.by != nil || n.stream.Window == nil { // of a stream in parts no single list tells
		return seen, nil
	}
	n.sight.Lock()
	defer n.sight.Unlock()
	if n.sight.asked {
		return n.sight.rows, nil
	}
	points, err := n.Destination.Checkpoints(ctx, t.plan.Stream, t.plan.Params, "")
	if err != nil {
		return false, err
	}
	held, days := heldBeside(points, t.slice.Days, *t.plan.Stream.Window)
	// Of parts that lie inside slices the last reading may have left some out, and so
	// have had no rows without a proof.
	held = held || t.node != n
	if !held || days.Since.IsZero() || days.Since.Before(oldestOf(*n.stream.Window, n.now())) {
		return false, nil
	}
	u := &unit{slice: &stagedoor.Slice{Stream: n.stream.Name, Days: days}, outs: a.unit.outs}
	for _, pass := range n.passes() {
		reading, err := n.Reader.Pages(ctx, n.request(u, "", pass), n.stream.ListKeys, func(page stagedoor.Page) error {
			n.sight.rows = n.sight.rows || len(page.Rows) > 0
			return errLimit
		})
		n.count(a.unit, reading)
		if err != nil && !errors.Is(err, errLimit) {
			return false, err
		}
		if n.sight.rows {
			break
		}
	}
	n.sight.asked = true
	return n.sight.rows, nil
}

// heldBeside reports whether a destination had rows of some days, and returns the
// last days of which it had rows besides them: settled ones, which lose none, where
// there are such.
func heldBeside(points []stagedoor.Checkpoint, days stagedoor.Days, w stagedoor.Window) (held bool, beside stagedoor.Days) {
	stands := false
	for _, c := range points {
		if c.Returned == 0 {
			continue
		}
		if overlap(c.Days, days) {
			held = true
			continue
		}
		settled := !c.ReadAt.Before(settles(w, c.Days.Until))
		if settled && !stands || settled == stands && c.Days.Until.After(beside.Until) {
			beside, stands = c.Days, settled
		}
	}
	return held, beside
}

func overlap(a, b stagedoor.Days) bool {
	return !a.Until.Before(b.Since) && !a.Since.After(b.Until)
}
