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
	// are read at the same time. Without Width the streams are read one after
	// another, and their slices too, in the order of the plan.
	Width func(stagedoor.Stream) int
	Label func(stagedoor.Stream) string
	// Divided is told of a stream's parts as soon as a run has found them. Nil:
	// nobody is.
	Divided func(StreamPlan)
	// Report is given the report of each slice as it ends, and the receipt then
	// holds only their number: a run over ten thousand users has more of them
	// than memory should. Nil: the receipt holds them.
	Report   func(stream string, slice stagedoor.SliceReport)
	Progress func(Progress)   // nil: nobody looks
	Now      func() time.Time // nil: the clock
}

// Progress is how far a run is.
type Progress struct {
	Stream string
	Slice  string // while the parts of a stream are looked for: the parent stream
	Done   int    // slices of the stream that are written
	Slices int    // 0 while parts are looked for
	Rows   int    // rows of the stream so far, this slice's included

	// Of streams with a partition: what the parts are ("users"), which one this
	// is among those with the same days, and which days.
	Of            string
	Part, Parts   int
	Days, DaySets int
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
	known := parents{}
	for _, part := range plan.Streams {
		report, err := e.stream(ctx, plan, part, known)
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
func (e *Engine) stream(ctx context.Context, plan Plan, part StreamPlan, known parents) (stagedoor.StreamReport, error) {
	report := stagedoor.StreamReport{Stream: part.Stream.Name}
	if part.Stream.Partition != nil {
		divided := part.Parts != nil
		if err := e.divide(ctx, plan.Job, &part, known); err != nil {
			return report, err
		}
		report.Parts = &stagedoor.PartsReport{Of: part.Parts.Of, Count: part.Parts.Count, Requests: part.Parts.Requests}
		report.Requests, report.Retries = part.Parts.Requests, part.Parts.Retries
		report.Skipped = append(report.Skipped, part.Parts.skipped...)
		if !divided && e.Divided != nil {
			e.Divided(part)
		}
	}
	for _, days := range part.Lost {
		report.Skipped = append(report.Skipped, stagedoor.Skip{
			What:   days.String(),
			Reason: fmt.Sprintf("Zoom keeps %d months of this report; these %d days are older and can not be read any more", part.Stream.Window.LookBack, days.Count()),
		})
	}
	err := e.slices(ctx, plan, part, known, &report)
	if err == nil && report.Returned == 0 && len(part.Slices) > 0 && !part.HadRows && part.Params == "" && part.Stream.EmptyMeans != nil {
		report.Notices = append(report.Notices, stagedoor.NoticeOf(part.Stream.EmptyMeans))
	}
	return report, err
}

// slices reads the slices of a stream. A part that has gone since it was found is
// left out, with all that was still to be read of it.
func (e *Engine) slices(ctx context.Context, plan Plan, part StreamPlan, known parents, report *stagedoor.StreamReport) error {
	gone := map[string]bool{}
	at := position{slices: part.Slices}
	for i, slice := range part.Slices {
		at.move(i)
		if gone[slice.Partition] {
			continue
		}
		r := reader{engine: e, job: plan.Job, part: part, slice: slice, report: report, done: i, at: at, wanted: wanted(plan, part)}
		sliceReport, err := r.read(ctx)
		if reason, isGone := goneReason(part.Stream, err); isGone {
			gone[slice.Partition] = true
			sliceReport.State = stagedoor.SliceSkipped
			report.Skipped = append(report.Skipped, stagedoor.Skip{What: report.Parts.Of + " " + slice.Partition, Reason: reason})
			report.Parts.Gone++
			err = nil
		}
		if sliceReport.State == stagedoor.SliceWritten {
			report.SlicesWritten++
			if r.whole {
				for column, ids := range r.parts {
					known[part.Stream.Name+"."+column] = walked{ids: distinct(ids)}
				}
			}
		}
		if e.Report != nil {
			e.Report(part.Stream.Name, sliceReport)
		} else {
			report.Slices = append(report.Slices, sliceReport)
		}
		if err != nil {
			return err
		}
		if plan.Job.Limit > 0 && report.Returned >= plan.Job.Limit {
			break
		}
	}
	return nil
}

// wanted are the columns of a stream by which others of the plan are read in
// parts; none where not all of the stream is read.
func wanted(plan Plan, part StreamPlan) []string {
	if part.Stream.Window != nil || part.Stream.Partition != nil || part.Params != "" {
		return nil
	}
	var columns []string
	for _, other := range plan.Streams {
		if p := other.Stream.Partition; p != nil && p.Stream == part.Stream.Name {
			columns = append(columns, p.Column)
		}
	}
	return columns
}

// position tells where a run is among days and parts.
type position struct {
	slices              []stagedoor.Slice
	days, daySets       int
	part, parts, before int // before: slices of former days
}

func (p *position) move(i int) {
	if p.daySets == 0 {
		for j, s := range p.slices {
			if j == 0 || s.Days != p.slices[j-1].Days {
				p.daySets++
			}
		}
	}
	if i == 0 || p.slices[i].Days != p.slices[i-1].Days {
		p.days++
		p.before, p.parts = i, 0
		for j := i; j < len(p.slices) && p.slices[j].Days == p.slices[i].Days; j++ {
			p.parts++
		}
	}
	p.part = i - p.before + 1
}
