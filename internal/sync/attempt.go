package sync

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/stagedoor/stagedoor"
)

// attempt is one reading of a unit, from its start. What it found is added to the
// reports only when it is committed, so that a reading that broke off leaves no
// trace in the counts.
type attempt struct {
	*node
	unit  *unit
	moves int // attempts before this one that ended since a list changed
	began time.Time

	mu       sync.Mutex // guards what follows, and is held while a page is written: pages of several parts come at once
	targets  []*target
	pages    int
	lists    int // that were read to their end
	returned int // rows that these gave
	total    int // the provider's own count of them; -1 where it gives none
	form     string
	vague    bool             // an answer held no list, so what it left out is not gone
	cut      bool             // all rows that are wanted are there
	left     []stagedoor.Skip // parts that were left out
	broken   []stagedoor.Skip // rows that could not be read
	found    []finding        // by finder
	err      error            // the first of a part
}

// target is one stream's slice of an attempt.
type target struct {
	*output
	slice    stagedoor.Slice
	writer   stagedoor.SliceWriter
	returned int
	shown    int // of these, in a progress
	cleaned  int
	drift    map[string]int
	changed  map[string]int // columns whose value was not of their type → rows
}

// once reads a unit from its start and commits it.
func (n *node) once(ctx context.Context, u *unit, moves int, reports []stagedoor.SliceReport) error {
	a := &attempt{node: n, unit: u, moves: moves, began: n.now(), found: findings(n.finds)}
	nested := n.stream.Partition != nil && n.stream.Partition.Nested
	if nested && n.parent.since.Before(a.began) {
		a.began = n.parent.since // what came to the parent later is not among the parts
	}
	defer a.close()
	var rows []row
	if nested {
		var err error
		if rows, err = n.by.byDay.of(u.slice.Days); err != nil {
			return err
		}
		if len(rows) == 0 {
			if err := n.waitFor(ctx, u); err != nil { // before anything is opened
				return err
			}
		}
	}
	for _, out := range u.outs {
		slice := *u.slice
		slice.Stream = out.plan.Stream.Name
		writer, err := n.Destination.Begin(ctx, out.plan.Stream, slice, n.job.Run)
		if err != nil {
			return err
		}
		a.targets = append(a.targets, &target{output: out, slice: slice, writer: writer, drift: map[string]int{}, changed: map[string]int{}})
	}
	var err error
	if nested {
		err = a.parts(ctx, rows)
	} else {
		if !u.entered {
			err = n.enter(ctx, u)
		}
		if u.entered = false; err == nil {
			_, err = a.read(ctx, u.row())
			n.lane.leave()
		}
	}
	if err != nil {
		return err
	}
	if err := n.waitFor(ctx, u); err != nil {
		return err
	}
	ctx, cancel := graced(ctx)
	defer cancel()
	return a.commit(ctx, reports)
}

// grace is how long a commit may go on after the run was stopped: what was read to
// its end is worth a moment.
const grace = 5 * time.Second

func graced(ctx context.Context) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.NewTimer(grace)
		defer timer.Stop()
		select {
		case <-timer.C:
			cancel()
		case <-longer.Done():
		}
	})
	return longer, func() { stop(); cancel() }
}

// waitFor waits until the slice with earlier days is committed.
func (n *node) waitFor(ctx context.Context, u *unit) error {
	if u.after == nil {
		return nil
	}
	select {
	case <-u.after.done:
	default:
		select {
		case <-u.after.done:
		case <-ctx.Done():
			return stopped(ctx)
		}
	}
	if !u.after.kept {
		return errBehind
	}
	u.after = nil // so that its memory is free
	return nil
}

// errBehind is why a slice was not read or not committed: another of the stream
// failed, or one of its part with earlier days.
var errBehind = errors.New("another slice of the stream failed")

// close forgets what was not committed.
func (a *attempt) close() {
	for _, t := range a.targets {
		_ = t.writer.Abort() // of a slice that was committed it does nothing
	}
	forget(a.found) // what was kept is not among it any more
	a.run.mu.Lock()
	defer a.run.mu.Unlock()
	for _, t := range a.targets {
		t.flying -= t.shown
	}
}

// parts reads every part of the slice, side by side.
func (a *attempt) parts(ctx context.Context, rows []row) error {
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	for _, r := range rows {
		if err := a.enter(inner, a.unit); err != nil {
			a.fail(err)
			break
		}
		if a.ended() {
			a.lane.leave()
			break
		}
		wg.Go(func() {
			defer a.lane.leave()
			if err := a.readPart(inner, r); err != nil {
				a.fail(err)
				cancel()
			}
		})
	}
	wg.Wait()
	return a.err
}

// enter waits for a turn to read a list of the unit.
func (n *node) enter(ctx context.Context, u *unit) error {
	if n.lane.enter(ctx, turn{n.order, u.index}) != nil {
		return stopped(ctx)
	}
	if n.failed() != nil {
		n.lane.leave()
		return errBehind
	}
	return nil
}

func (a *attempt) ended() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.err != nil || a.cut
}

func (a *attempt) fail(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.err == nil {
		a.err = err
	}
}

// readPart reads one part of the slice. It begins again where nothing of the part
// was written; what was can not be taken back, so then the slice begins again.
func (a *attempt) readPart(ctx context.Context, r row) error {
	before := map[stagedoor.Kind]int{}
	for {
		wrote, err := a.read(ctx, r)
		if err == nil {
			return nil
		}
		if reason, gone := goneReason(a.stream, err); gone {
			if !r.alone {
				a.leaveOut(r, reason)
			}
			return nil
		}
		kind := stagedoor.KindOf(err)
		if wrote || !again(err, before[kind]) {
			return err
		}
		before[kind]++
	}
}

// leaveOut lists a part that is not there (any more, or not yet).
func (a *attempt) leaveOut(r row, reason string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if day := a.unit.slice.Days.Until; a.began.Before(day.AddDate(0, 0, 1).Add(a.stream.Window.Settle)) {
		reason += "; it is asked for again until its day is settled"
	}
	a.left = append(a.left, stagedoor.Skip{What: a.stream.Partition.Stream + " " + r.value, Reason: reason})
}

// count adds the calls of a reading, however it ended, to the report.
func (n *node) count(u *unit, reading stagedoor.Reading) {
	n.mu.Lock()
	defer n.mu.Unlock()
	payer := n.pays(u)
	payer.report.Requests += reading.Requests
	payer.report.Retries += reading.Retries
	if len(u.outs) == 0 && payer.plan.Parts != nil {
		payer.plan.Parts.Requests += reading.Requests
		payer.plan.Parts.Retries += reading.Retries
	}
	u.requests += reading.Requests
	u.retries += reading.Retries
	if reading.Ahead > clockSlack {
		n.clock = max(n.clock, reading.Ahead)
	}
}

// isEmpty reports whether an error says that a part has no rows. A page token that
// died may come with the same code, and is no such thing.
func isEmpty(s stagedoor.Stream, err error) bool {
	e, ok := errors.AsType[*stagedoor.Error](err)
	return ok && e.Code != "" && e.Kind != stagedoor.KindPageToken && s.Partition != nil && slices.Contains(s.Partition.Empty, e.Code)
}

// goneReason returns why a part is not there (any more), and false where the error
// says something else.
func goneReason(s stagedoor.Stream, err error) (string, bool) {
	e, ok := errors.AsType[*stagedoor.Error](err)
	if !ok || e.Code == "" || s.Partition == nil || !slices.Contains(s.Partition.Gone, e.Code) {
		return "", false
	}
	return e.Cause, true
}

// commit writes what was read, and adds it to the reports.
func (a *attempt) commit(ctx context.Context, reports []stagedoor.SliceReport) error {
	whole := !a.cut && !a.vague && len(a.broken) == 0 && len(a.left) == 0 && (a.total < 0 || a.total == a.returned)
	for i, t := range a.targets {
		checkpoint := stagedoor.Checkpoint{Slice: t.slice, Run: a.job.Run, ReadAt: a.began.Add(-a.clockAhead()), Returned: t.returned, Cut: a.cut}
		// Only a whole reading of everything shows what is gone.
		gone := whole && t.plan.Stream.ShowsGone && t.slice.Params == ""
		if gone {
			var err error
			if gone, err = a.proves(ctx, t); err != nil {
				return err
			}
		}
		written, err := t.writer.Commit(ctx, checkpoint, gone)
		if err != nil {
			return err
		}
		r := &reports[i]
		r.State, r.Returned, r.Written, r.Gone, r.Pages = stagedoor.SliceWritten, t.returned, written.Rows, written.Gone, a.pages
		if a.total >= 0 && t.plan.Stream.From == "" && !a.cut {
			r.Total = &a.total
		}
		if a.by != nil && a.stream.Partition.Nested {
			r.Parts = a.lists
		}
		a.book(t, *r)
	}
	a.run.mu.Lock()
	defer a.run.mu.Unlock()
	if len(a.targets) == 0 {
		a.skip(a.unit, a.broken...)
	}
	if !whole {
		a.whole = false
	}
	none := a.counted() && whole
	for i, f := range a.finds {
		f.keep(a.unit, &a.found[i], a.returned, whole)
		f.none = f.none || none
	}
	return nil
}

// book adds a slice that was committed to its stream's report.
func (a *attempt) book(t *target, slice stagedoor.SliceReport) {
	a.run.mu.Lock()
	defer a.run.mu.Unlock()
	t.report.Returned += slice.Returned
	t.report.Written += slice.Written
	t.report.Gone += slice.Gone
	t.report.Cleaned += t.cleaned
	t.report.SlicesWritten++
	t.flying, t.shown = t.flying-t.shown, 0
	t.report.Skipped = append(append(t.report.Skipped, a.broken...), a.left...)
	if t.report.Parts != nil {
		t.report.Parts.Gone += len(a.left)
	}
	if len(a.stream.ListKeys) > 1 && a.form != "" {
		t.report.Form = a.form
	}
	t.tellChanged(slice.Slice, t.changed)
	for field, rows := range t.drift {
		if t.report.Drift == nil {
			t.report.Drift = map[string]int{}
		}
		t.report.Drift[field] += rows
	}
	// Of parts the first few are told; each slice's report has both numbers.
	if slice.Total != nil && *slice.Total != slice.Returned && (t.plan.Stream.Partition == nil || len(t.report.Notices) < 5) {
		t.report.Notices = append(t.report.Notices, stagedoor.Notice{
			Kind:  stagedoor.KindBadAnswer,
			Cause: fmt.Sprintf("%s %s: Zoom counted %d rows and gave %d; rows may have come or gone while they were read", t.report.Stream, slice.Slice, *slice.Total, slice.Returned),
			Fix:   "Run the same command again; rows that are there already are not doubled.",
		})
	}
}
