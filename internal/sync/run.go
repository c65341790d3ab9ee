package sync

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/stagedoor/stagedoor"
)

// run is one execution of a plan: what is read, in which order, by whose rows.
type run struct {
	*Engine
	job   Job
	dry   bool      // the parts are found, and nothing more
	began time.Time // of the run
	nodes []*node   // in the order of reading: parents before who is read by them
	outs  []*output // in the order of the plan
	lanes map[string]*lane

	end context.CancelCauseFunc

	telling sync.Mutex    // held while somebody outside is told something
	mu      sync.Mutex    // guards the reports and states of all outputs, and what follows
	fatal   error         // what ended the run for all streams
	clock   time.Duration // by how much this machine's is ahead; 0: it is near enough
}

// node is a stream that is read: for itself, for what is worked out of it, for
// what is read by its rows, or for several of these.
type node struct {
	*run
	order  int
	stream stagedoor.Stream // of streams that are worked out: the one that they are worked out of
	outs   []*output        // none: it is walked for others only
	payer  *output          // whose report has the calls that no output of the node's own made
	parent *node            // nil: the stream is not read in parts
	by     *finder          // of the parent: what finds this node's parts
	finds  []*finder        // of the node's children
	lane   *lane
	lazy   bool // it is read as far as a child asks

	sight sight
	units []*unit
	next  int       // of a lazy node: the first unit that was not read
	since time.Time // when reading began

	// Under mu.
	gone  map[string]bool // parts that were not there any more
	err   error
	whole bool // nothing of it was left out, so far

	done chan struct{} // closed when the node has ended
}

// output is a stream of the plan.
type output struct {
	plan    StreamPlan
	node    *node
	report  stagedoor.StreamReport
	started bool
	err     error

	// What a progress shows.
	state   string
	at      string // the slice that was heard of last
	done    int    // slices
	flying  int    // rows of slices that are under way
	least   int    // calls that the slices to come take at least
	planned int    // calls that the slices which are done took at least
	spent   int    // calls that they took
}

// unit is one slice to read, for all streams that want it.
type unit struct {
	index int
	slice *stagedoor.Slice // of the plan: of some streams there are hundreds of thousands
	outs  []*output
	calls []int // by output: calls that the plan counts for it
	part  *row  // of streams whose parts have slices of their own

	entered           bool // it has its turn in the lane
	requests, retries int  // of all its readings; under mu

	// Slices of one part are committed in the order of their days, though read side
	// by side: the next run begins where the first of them begins, and must not
	// take a day that was never read for one that nobody wants.
	after *unit         // nil: it is the first, or that one is kept
	done  chan struct{} // made before what comes after it begins, closed when the unit has ended
	kept  bool          // it was committed, or its part is gone; set before done is closed
}

// row is the part that the unit is read for; without one it is empty.
func (u *unit) row() row {
	if u.part == nil {
		return row{}
	}
	return *u.part
}

func (e *Engine) newRun(plan Plan, dry bool) (*run, error) {
	r := &run{Engine: e, job: plan.Job, dry: dry, began: e.now(), lanes: map[string]*lane{}}
	read := map[string]*node{}  // what is read for itself, and by how its rows find parts
	walks := map[string]*node{} // what is walked for others
	for _, part := range plan.Streams {
		out := &output{plan: part, state: StreamWaits}
		out.report = stagedoor.StreamReport{Stream: part.Stream.Name}
		if p := part.Stream.Partition; p != nil {
			out.plan.Parts = &Parts{Of: p.Stream}
			if !p.Nested {
				out.plan.Slices = nil
			}
		}
		out.expect()
		r.outs = append(r.outs, out)
		// One reading for a stream and for what is worked out of it; where only
		// so many rows are wanted, the one may end before the other.
		if n := read[part.Stream.From]; n != nil && part.Stream.From != "" && r.shares() {
			out.node, n.outs = n, append(n.outs, out)
			continue
		}
		n, err := r.add(part.Stream, out, read, walks)
		if err != nil {
			return nil, err
		}
		if part.Stream.From == "" {
			read[part.Stream.Name] = n
		}
	}
	for _, n := range r.nodes {
		n.prepare()
	}
	return r, nil
}

// shares reports whether readings serve several: not where they may be cut short,
// nor where they are asked for with parameters that the others have not.
func (r *run) shares() bool { return r.job.Limit == 0 && !r.dry }

// add adds a stream after what it is read by. Without an output it is walked for
// others only.
func (r *run) add(s stagedoor.Stream, out *output, read, walks map[string]*node) (*node, error) {
	source, err := r.source(s)
	if err != nil {
		return nil, err
	}
	n := &node{run: r, stream: source, gone: map[string]bool{}, done: make(chan struct{}), whole: true, payer: out}
	if p := source.Partition; p != nil {
		parent := walks[p.Stream]
		if shared := read[p.Stream]; shared != nil && r.shares() && len(r.job.Params) == 0 {
			parent = shared
		}
		if parent == nil {
			stream, err := r.parentOf(source)
			if err != nil {
				return nil, err
			}
			if parent, err = r.add(stream, nil, read, walks); err != nil {
				return nil, err
			}
			parent.lazy = r.job.Limit > 0 && p.Nested && !r.dry
			walks[p.Stream] = parent
		}
		if parent.payer == nil {
			for up := parent; up != nil && up.payer == nil; up = up.parent {
				up.payer = out
			}
		}
		n.parent = parent
		if n.by, err = newFinder(parent.stream, n); err != nil {
			return nil, err
		}
		parent.finds = append(parent.finds, n.by)
	}
	if out != nil {
		out.node, n.outs = n, []*output{out}
	}
	n.order, n.lane = len(r.nodes), r.laneOf(source)
	r.nodes = append(r.nodes, n)
	return n, nil
}

// source is the stream whose answers a derived one is worked out of, and any
// other stream itself.
func (e *Engine) source(s stagedoor.Stream) (stagedoor.Stream, error) {
	if s.From == "" {
		return s, nil
	}
	if e.Parent != nil {
		if source, ok := e.Parent(s.From); ok {
			return source, nil
		}
	}
	return s, undeclared(s, "it is worked out of "+s.From+", which is no stream")
}

func (e *Engine) parentOf(s stagedoor.Stream) (stagedoor.Stream, error) {
	if e.Parent != nil {
		if parent, ok := e.Parent(s.Partition.Stream); ok {
			return parent, nil
		}
	}
	return s, undeclared(s, "it is read by the rows of "+s.Partition.Stream+", which is no stream")
}

func (r *run) laneOf(s stagedoor.Stream) *lane {
	label, wide := "", func() int { return 1 }
	if r.Width != nil {
		wide = func() int { return max(1, r.Width(s)) }
		if r.Label != nil {
			label = r.Label(s)
		}
	}
	if r.lanes[label] == nil {
		r.lanes[label] = newLane(wide)
	}
	return r.lanes[label]
}

// prepare lists the slices that are known before anything is read: all but those
// of parts.
func (n *node) prepare() {
	if n.stream.Partition != nil && !n.stream.Partition.Nested {
		return
	}
	n.units = unite(n.outs)
	if n.stream.Window == nil && len(n.outs) == 0 {
		n.units = []*unit{{slice: &stagedoor.Slice{Stream: n.stream.Name}}}
	}
	if n.stream.Window != nil && len(n.finds) > 0 {
		n.units = append(n.units, n.further()...)
		sortUnits(n.units)
	}
	n.line(nil)
}

// line puts the units in line.
func (n *node) line(byPart map[string]*row) {
	last := map[string]*unit{}
	for i, u := range n.units {
		u.index, u.part = i, byPart[u.slice.Partition]
		if len(u.outs) > 0 && n.stream.Window != nil {
			u.after, last[u.slice.Partition] = last[u.slice.Partition], u
		}
	}
}

// unite puts slices of several outputs that are the same into one unit each.
func unite(outs []*output) []*unit {
	if len(outs) == 1 {
		plan := outs[0].plan
		units, calls := make([]*unit, len(plan.Slices)), make([]int, len(plan.Slices))
		for i := range units {
			calls[i] = plan.Calls(i)
			units[i] = &unit{slice: &plan.Slices[i], outs: outs, calls: calls[i : i+1 : i+1]}
		}
		return units
	}
	var units []*unit
	byID := map[string]*unit{}
	for _, out := range outs {
		for i := range out.plan.Slices {
			slice := &out.plan.Slices[i]
			id := slice.ID()
			u := byID[id]
			if u == nil {
				u = &unit{slice: slice}
				units, byID[id] = append(units, u), u
			}
			u.outs, u.calls = append(u.outs, out), append(u.calls, out.plan.Calls(i))
		}
	}
	sortUnits(units)
	return units
}

// further are the days of a parent that its children need and that it would not
// be read for otherwise, in its own windows.
func (n *node) further() []*unit {
	days := map[time.Time]bool{}
	var first, last time.Time
	for _, f := range n.finds {
		for _, out := range f.child.outs {
			for _, slice := range out.plan.Slices {
				for day := slice.Days.Since; !day.After(slice.Days.Until); day = day.AddDate(0, 0, 1) {
					days[day] = true
					if first.IsZero() || day.Before(first) {
						first = day
					}
					if day.After(last) {
						last = day
					}
				}
			}
		}
	}
	for _, u := range n.units {
		for day := u.slice.Days.Since; !day.After(u.slice.Days.Until); day = day.AddDate(0, 0, 1) {
			delete(days, day)
		}
	}
	if len(days) == 0 {
		return nil
	}
	walk := StreamPlan{Stream: n.stream}
	for day := first; !day.After(last); day = day.AddDate(0, 0, 1) {
		if days[day] {
			walk.Slices = appendSlice(&walk, day, n.began)
		}
	}
	var units []*unit
	for i := range walk.Slices {
		units = append(units, &unit{slice: &walk.Slices[i]})
	}
	return units
}

// expect counts the calls that are to come.
func (o *output) expect() {
	o.least = 0
	for i := range o.plan.Slices {
		o.least += o.plan.Calls(i)
	}
}

// all reads every node: those of different labels at the same time, or all one
// after another.
func (r *run) all(ctx context.Context) {
	ctx, r.end = context.WithCancelCause(ctx)
	defer r.end(nil)
	if r.Width == nil {
		for _, n := range r.nodes {
			if !n.lazy && ctx.Err() == nil {
				n.do(ctx)
			}
		}
		return
	}
	var wg sync.WaitGroup
	for _, n := range r.nodes {
		if !n.lazy {
			wg.Go(func() { n.do(ctx) })
		}
	}
	wg.Wait()
}

// close forgets what was found of parts.
func (r *run) close() {
	for _, n := range r.nodes {
		if n.by != nil {
			n.by.byDay.close()
		}
	}
}

// stop ends the run for all streams, where the error concerns them all.
func (r *run) stop(err error) {
	if !ends(err) {
		return
	}
	r.mu.Lock()
	if r.fatal == nil {
		r.fatal = err
	}
	r.mu.Unlock()
	r.end(err)
}

// stopped is the error of what was not begun or not ended since the run is over.
func stopped(ctx context.Context) error {
	return &stagedoor.Error{
		Op: "sync", Kind: stagedoor.KindInterrupted, Err: ctx.Err(),
		Cause: "it was stopped before all was read", Fix: "Run the command again: it goes on after the last slice that was written.",
	}
}

// pays is whose report has a unit's calls: the stream's own, or of a walk for
// others that of the first of them.
func (n *node) pays(u *unit) *output {
	switch {
	case len(u.outs) > 0:
		return u.outs[0]
	case len(n.outs) > 0 && len(n.finds) > 0:
		return n.finds[0].child.payer
	}
	return n.payer
}

// skip lists something that is not there, at each stream that wanted it. The
// caller holds mu.
func (n *node) skip(u *unit, list ...stagedoor.Skip) {
	outs := u.outs
	if len(outs) == 0 {
		outs = []*output{n.pays(u)}
	}
	for _, out := range outs {
		out.report.Skipped = append(out.report.Skipped, list...)
	}
}

// lost lists the days that the provider does not keep any more.
func lost(part StreamPlan) (list []stagedoor.Skip) {
	for _, days := range part.Lost {
		list = append(list, stagedoor.Skip{
			What:   days.String(),
			Reason: fmt.Sprintf("Zoom keeps %d months of this report; these %d days are older and can not be read any more", part.Stream.Window.LookBack, days.Count()),
		})
	}
	return list
}
