package sync

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Reader walks all pages of a list at the provider. It retries what may pass by
// itself, and reports a page token that died or came twice as
// [stagedoor.KindPageToken].
type Reader interface {
	Pages(ctx context.Context, req stagedoor.Request, listKeys []string, each func(stagedoor.Page) error) (stagedoor.Reading, error)
}

// Decoder turns the rows of one slice into records, in the order of reading.
type Decoder interface {
	Decode(raw []byte) (stagedoor.Decoded, error)
}

// Engine runs jobs. Its fields are set before the first use.
type Engine struct {
	Reader      Reader
	Decoder     func(stagedoor.Stream, stagedoor.Slice) Decoder // a new one for each reading of a slice
	Destination stagedoor.Destination
	Progress    func(Progress)   // nil: nobody looks
	Now         func() time.Time // nil: the clock
}

// Progress is how far a run is.
type Progress struct {
	Stream string
	Slice  string
	Done   int // slices of the stream that are written
	Slices int
	Rows   int // rows of the stream so far, this slice's included
}

// How often a slice is read again from its start before the stream is given up:
// page tokens die by the clock and with faults, but one that comes twice is a
// defect of the server that will not pass. A token that was rejected, and the
// new one too, means that somebody else's mint or revocation came between, or
// that the app is broken; a few more times tell which.
const (
	restarts         = 20
	restartsRepeated = 2
	restartsRejected = 3
)

// errLimit ends the reading of a stream whose job has all the rows it wanted.
var errLimit = errors.New("limit reached")

func (e *Engine) now() time.Time {
	if e.Now != nil {
		return e.Now().UTC()
	}
	return time.Now().UTC()
}

// Run does what the plan says. The receipt is whole whatever the error: what
// was committed before stays, and the same job goes on there.
func (e *Engine) Run(ctx context.Context, plan Plan) (stagedoor.Receipt, error) {
	receipt := stagedoor.Receipt{
		Run: plan.Job.Run, Credential: plan.Job.Credential,
		Destination: e.Destination.Name(), Started: e.now(),
	}
	var failed []error
	skipped, written := 0, 0
	for _, part := range plan.Streams {
		report, err := e.stream(ctx, plan.Job, part)
		if err != nil {
			notice := stagedoor.NoticeOf(err)
			report.Error = &notice
			failed = append(failed, err)
		}
		skipped += len(report.Skipped)
		written += report.Written
		receipt.Streams = append(receipt.Streams, report)
		if err != nil && ends(err) {
			break
		}
	}
	receipt.Ended = e.now()
	err := verdict(failed, skipped, len(failed) == len(plan.Streams) && (written == 0 || skipped == 0))
	receipt.State = state(err)
	return receipt, err
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
		Fix:   "See above, or in the receipt (--json), what is missing and why.",
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

// stream reads one stream's slices, the oldest first.
func (e *Engine) stream(ctx context.Context, job Job, part StreamPlan) (stagedoor.StreamReport, error) {
	report := stagedoor.StreamReport{Stream: part.Stream.Name}
	for _, days := range part.Lost {
		report.Skipped = append(report.Skipped, stagedoor.Skip{
			What:   days.String(),
			Reason: fmt.Sprintf("Zoom keeps %d months of this report; these %d days are older and can not be read any more", part.Stream.Window.LookBack, days.Count()),
		})
	}
	for i, slice := range part.Slices {
		r := reader{engine: e, job: job, part: part, slice: slice, report: &report, done: i}
		sliceReport, err := r.read(ctx)
		report.Slices = append(report.Slices, sliceReport)
		if err != nil {
			return report, err
		}
		if job.Limit > 0 && report.Returned >= job.Limit {
			break
		}
	}
	if report.Returned == 0 && len(part.Slices) > 0 && !part.HadRows && part.Params == "" && part.Stream.EmptyMeans != nil {
		report.Notices = append(report.Notices, stagedoor.NoticeOf(part.Stream.EmptyMeans))
	}
	return report, nil
}
