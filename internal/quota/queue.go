package quota

import (
	"slices"

	"github.com/stagedoor/stagedoor"
)

// queue holds the calls that wait in one lane, and decides whose turn is next:
//
//   - a caller with a share gets at least its share while it waits, so it never
//     starves; with others waiting it gets no more than that;
//   - otherwise interactive calls go before backfill, and within a class the
//     caller goes first that has waited longest for its turn.
type queue struct {
	callers []*caller
	served  int // turns so far
	waiting int
}

// caller is one of those who call in a lane.
type caller struct {
	name   string
	share  float64
	credit float64 // turns that are owed to it; below zero it had more than its share
	last   int     // queue.served at its last turn
	lines  map[stagedoor.Class][]*waiter
}

// waiter is a call that waits for its turn.
type waiter struct {
	use  stagedoor.Use
	turn chan *slot // receives the slot; capacity one
}

// owed is how many turns are owed or overdrawn at most, so that a caller who was
// alone for long, or away, neither pays nor is paid for it.
const owed = 2

func (q *queue) add(w *waiter) {
	c := q.caller(w.use)
	c.lines[w.use.Class] = append(c.lines[w.use.Class], w)
	q.waiting++
}

func (q *queue) caller(use stagedoor.Use) *caller {
	i := slices.IndexFunc(q.callers, func(c *caller) bool { return c.name == use.Caller })
	if i >= 0 {
		q.callers[i].share = use.Share
		return q.callers[i]
	}
	c := &caller{name: use.Caller, share: use.Share, last: q.served, lines: map[stagedoor.Class][]*waiter{}}
	q.callers = append(q.callers, c)
	return c
}

// remove takes a call out that does not wait any more; false if it had its turn.
func (q *queue) remove(w *waiter) bool {
	for _, c := range q.callers {
		line := c.lines[w.use.Class]
		if i := slices.Index(line, w); i >= 0 {
			c.lines[w.use.Class] = slices.Delete(line, i, i+1)
			q.waiting--
			q.forget()
			return true
		}
	}
	return false
}

// next takes the call whose turn it is; nil if none waits.
func (q *queue) next() *waiter {
	c := q.choose()
	if c == nil {
		return nil
	}
	class := stagedoor.Interactive
	if len(c.lines[class]) == 0 {
		class = stagedoor.Backfill
	}
	w := c.lines[class][0]
	c.lines[class] = slices.Delete(c.lines[class], 0, 1)
	q.waiting--
	q.served++
	c.last = q.served
	q.pay(c)
	q.forget()
	return w
}

func (c *caller) waits(class stagedoor.Class) bool { return len(c.lines[class]) > 0 }

func (c *caller) waitsAtAll() bool {
	return c.waits(stagedoor.Interactive) || c.waits(stagedoor.Backfill)
}

func (q *queue) choose() *caller {
	// behind is the order within one rank: what is owed, then who waited longest.
	behind := func(a, b *caller) bool {
		if a.credit != b.credit && (a.share > 0 || b.share > 0) {
			return a.credit > b.credit
		}
		return a.last < b.last
	}
	best := func(belongs func(*caller) bool) *caller {
		var found *caller
		for _, c := range q.callers {
			if c.waitsAtAll() && belongs(c) && (found == nil || behind(c, found)) {
				found = c
			}
		}
		return found
	}
	within := func(c *caller) bool { return c.share == 0 || c.credit > -1 }
	for _, belongs := range []func(*caller) bool{
		func(c *caller) bool { return c.share > 0 && c.credit >= 1 },
		func(c *caller) bool { return within(c) && c.waits(stagedoor.Interactive) },
		func(c *caller) bool { return within(c) },
		func(c *caller) bool { return c.waits(stagedoor.Interactive) },
		func(*caller) bool { return true },
	} {
		if c := best(belongs); c != nil {
			return c
		}
	}
	return nil
}

// pay settles a turn: where several wait, each with a share earns it, and the
// one who had the turn pays it.
func (q *queue) pay(turn *caller) {
	others := slices.ContainsFunc(q.callers, func(c *caller) bool { return c != turn && c.waitsAtAll() })
	for _, c := range q.callers {
		if c.share == 0 {
			continue
		}
		if others && (c == turn || c.waitsAtAll()) {
			c.credit += c.share
		}
		if others && c == turn {
			c.credit--
		}
		c.credit = min(max(c.credit, -owed), owed)
	}
}

// forget drops callers who have not called for a while, so that the list does
// not grow for ever.
func (q *queue) forget() {
	q.callers = slices.DeleteFunc(q.callers, func(c *caller) bool {
		return !c.waitsAtAll() && q.served-c.last > 1000
	})
}
