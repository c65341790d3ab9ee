package sync

import (
	"context"
	"slices"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Reader walks all pages of a list at the provider. It retries what may pass by
// itself, and reports a page token that died or came twice as
// [stagedoor.KindPageToken].
type Reader interface {
	Pages(ctx context.Context, req stagedoor.Request, listKeys []string, each func(stagedoor.Page) error) (stagedoor.Reading, error)
}

// Decoder turns the rows of one slice, or of one part of it, into records, in the
// order of reading.
type Decoder interface {
	Decode(raw []byte) (stagedoor.Decoded, error)
}

// Deriver works the records of a derived stream out of all rows of one part of
// the stream that it is derived from.
type Deriver interface {
	Add(raw []byte) error
	// Rows is called once, after the last row was added.
	Rows() ([]stagedoor.Decoded, error)
}

// Engine runs jobs. Its fields are set before the first use.
type Engine struct {
	Reader      Reader
	Decoder     func(stagedoor.Stream, stagedoor.Slice, stagedoor.Part) Decoder // a new one for each reading of a part
	Derive      func(stagedoor.Stream, stagedoor.Slice, stagedoor.Part) Deriver // for derived streams only
	Destination stagedoor.Destination
	// Parent finds the stream that a partition names, and Path fills identifiers
	// into a path; both are needed for streams with a partition only.
	Parent func(name string) (stagedoor.Stream, bool)
	Path   func(template string, identifiers ...string) string
	// Width is how many lists are read side by side of all streams that have the
	// stream's label, and Label is what shares that; streams of different labels
	// are read at the same time. Width is asked again as the run goes on, by
	// several goroutines, and may grow. Without it the streams are read one after
	// another, and their slices too, in the order of the plan.
	Width func(stagedoor.Stream) int
	Label func(stagedoor.Stream) string
	// Divided is told of a stream's parts as soon as a run has found them. Nil:
	// nobody is.
	Divided func(StreamPlan)
	// Report is given the report of each slice as it ends, after what it tells of
	// was committed, and the receipt then holds only their number: a run over ten
	// thousand users has more of them than memory should. Nil: the receipt holds
	// them.
	Report   func(stream string, slice stagedoor.SliceReport)
	Progress func(Progress)                // nil: nobody looks
	Pace     func(stagedoor.Stream) string // of a stream's calls, for a progress; may be nil
	Now      func() time.Time              // nil: the clock
}

func (e *Engine) now() time.Time {
	if e.Now != nil {
		return e.Now().UTC()
	}
	return time.Now().UTC()
}

// Run does what the plan says. The receipt is whole whatever the error: what
// was committed before stays, and the same job goes on there. Divided, Report and
// Progress are called one at a time.
func (e *Engine) Run(ctx context.Context, plan Plan) (stagedoor.Receipt, error) {
	receipt := stagedoor.Receipt{
		Run: plan.Job.Run, Credential: plan.Job.Credential,
		Destination: e.Destination.Name(), Started: e.now(), Streams: []stagedoor.StreamReport{},
	}
	r, err := e.newRun(plan, false)
	if err == nil {
		r.all(ctx)
		r.close()
		receipt.Streams, receipt.NotBegun, err = r.receipt()
	}
	if finisher, ok := e.Destination.(stagedoor.Finisher); ok && (err == nil || stagedoor.KindOf(err) == stagedoor.KindPartial) {
		if finishing := finisher.Finish(ctx); finishing != nil {
			err = finishing
		}
	}
	receipt.Ended, receipt.State = e.now(), state(err)
	return receipt, err
}

// receipt puts the reports of the streams together that were begun, and the names
// of those that were not.
func (r *run) receipt() (reports []stagedoor.StreamReport, waiting []string, err error) {
	reports = []stagedoor.StreamReport{}
	var failed []error
	skipped, written := 0, 0
	for _, out := range r.outs {
		report := out.report
		err := out.err
		cut := r.fatal != nil && err != nil && err != r.fatal && stagedoor.KindOf(err) == stagedoor.KindInterrupted
		if !out.started && (cut || err == nil || stagedoor.KindOf(err) == stagedoor.KindInterrupted) {
			waiting = append(waiting, report.Stream) // the run was over before its turn
			continue
		}
		if cut {
			err = r.fatal
		}
		if err != nil {
			notice := stagedoor.NoticeOf(err)
			report.Error = &notice
			if !cut {
				failed = append(failed, err)
			}
		} else if out.unexplained() {
			report.Notices = append(report.Notices, stagedoor.NoticeOf(out.plan.Stream.EmptyMeans))
		}
		if notice := r.clockNotice(); notice != nil {
			report.Notices = append(report.Notices, *notice)
		}
		skipped += len(report.Skipped)
		written += report.Written
		reports = append(reports, report)
	}
	if r.fatal != nil {
		// It counts last, and also where it met nothing but a walk for others.
		failed = append(slices.DeleteFunc(failed, func(err error) bool { return err == r.fatal }), r.fatal)
	} else if len(failed) == 0 && len(waiting) > 0 {
		failed = append(failed, r.interrupted())
	}
	return reports, waiting, verdict(failed, skipped, len(failed) == len(r.outs) && (written == 0 || skipped == 0))
}

// interrupted is the error of a run that was stopped before any stream began.
func (r *run) interrupted() error {
	for _, out := range r.outs {
		if out.err != nil {
			return out.err
		}
	}
	return stopped(context.Background())
}

// unexplained reports whether a stream gave nothing at all and never did, which
// may have a reason that its declaration knows.
func (o *output) unexplained() bool {
	p := o.plan
	return o.report.Returned == 0 && len(p.Slices) > 0 && !p.HadRows && p.Params == "" && p.Stream.EmptyMeans != nil
}

// ends reports whether an error concerns every stream: trying the others would
// only repeat it.
func ends(err error) bool {
	switch kind := stagedoor.KindOf(err); kind {
	case stagedoor.KindInterrupted, stagedoor.KindDestination, stagedoor.KindNetwork, stagedoor.KindUnavailable,
		stagedoor.KindKey, stagedoor.KindStore, stagedoor.KindHostRefused, stagedoor.KindTokenRejected, stagedoor.KindDisabled:
		return true
	default:
		return kind.Row().Exit == 4
	}
}

// verdict is the error of the whole run; nothing says that there is no part
// which was done.
func verdict(failed []error, skipped int, nothing bool) error {
	if len(failed) == 0 && skipped == 0 {
		return nil
	}
	if len(failed) > 0 {
		worst := failed[0]
		for _, err := range failed[1:] {
			if stagedoor.ExitStatus(worst, err) != stagedoor.ExitStatus(worst) {
				worst = err
			}
		}
		if nothing || stagedoor.ExitStatus(worst) != 1 {
			return worst
		}
		if last := failed[len(failed)-1]; ends(last) {
			return last
		}
	}
	return &stagedoor.Error{
		Op: "sync", Kind: stagedoor.KindPartial,
		Cause: "something that was asked for could not be read; the rest is written",
		Fix:   "What is missing, and why, stands at its stream, and in the receipt (--json).",
	}
}

func state(err error) string {
	switch {
	case err == nil:
		return "done"
	case stagedoor.KindOf(err) == stagedoor.KindPartial:
		return "partial"
	case stagedoor.KindOf(err) == stagedoor.KindInterrupted:
		return "interrupted"
	}
	return "failed"
}
