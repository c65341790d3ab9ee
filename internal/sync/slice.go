package sync

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/stagedoor/stagedoor"
)

// reader reads one slice, again from its start where it must.
type reader struct {
	engine *Engine
	job    Job
	part   StreamPlan
	slice  stagedoor.Slice
	report *stagedoor.StreamReport
	done   int // slices of the stream that came before
	at     position
	wanted []string // columns whose values are the parts of other streams

	requests, retries int                 // of all readings of the slice
	parts             map[string][]string // by wanted column, of the reading that was committed
	whole             bool                // that reading came to its end
}

// attempt is what one reading of the slice found. It is added to the report
// only when the slice is committed, so that a reading that broke off leaves no
// trace in the counts.
type attempt struct {
	returned int
	pages    int
	total    int // the provider's own count; -1 where it gives none
	form     string
	vague    bool // an answer held no list, so what it left out is not gone
	cleaned  int
	drift    map[string]int
	changed  map[string]int // columns whose value was not of their type → rows
	skipped  []stagedoor.Skip
	parts    map[string][]string
}

func (r *reader) read(ctx context.Context) (stagedoor.SliceReport, error) {
	out := stagedoor.SliceReport{Slice: r.slice.ID(), State: stagedoor.SliceFailed}
	for _, pass := range r.passes() {
		request := r.request(pass)
		out.Asked = append(out.Asked, request.Method+" "+request.Path+"?"+request.Query.Encode())
	}
	before := map[stagedoor.Kind]int{}
	for {
		found, written, err := r.once(ctx)
		out.Requests, out.Retries = r.requests, r.retries
		if err == nil {
			out.State, out.Returned, out.Written, out.Gone, out.Pages = stagedoor.SliceWritten, found.returned, written.Rows, written.Gone, found.pages
			r.add(&out, found)
			return out, nil
		}
		kind := stagedoor.KindOf(err)
		if !again(err, before[kind]) {
			return out, err
		}
		before[kind]++
		out.Restarts++
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

func (r *reader) add(out *stagedoor.SliceReport, found attempt) {
	report := r.report
	report.Returned += found.returned
	report.Written += out.Written
	report.Cleaned += found.cleaned
	report.Skipped = append(report.Skipped, found.skipped...)
	if len(r.part.Stream.ListKeys) > 1 && found.form != "" {
		report.Form = found.form
	}
	for _, column := range slices.Sorted(maps.Keys(found.changed)) {
		skip := stagedoor.Skip{
			What:   fmt.Sprintf("column %s in %s", column, r.slice.ID()),
			Reason: "its value is not of the column's type; the rows are written without it, and _raw has it",
			Rows:   found.changed[column],
		}
		if r.slice.Partition != "" {
			skip.What = "column " + column // once, not for each of ten thousand users
			if i := slices.IndexFunc(report.Skipped, func(s stagedoor.Skip) bool { return s.What == skip.What }); i >= 0 {
				report.Skipped[i].Rows += skip.Rows
				continue
			}
		}
		report.Skipped = append(report.Skipped, skip)
	}
	for field, rows := range found.drift {
		if report.Drift == nil {
			report.Drift = map[string]int{}
		}
		report.Drift[field] += rows
	}
	if found.total >= 0 {
		out.Total = &found.total
		// Of parts the first few are told; each slice's report has both numbers.
		if found.total != found.returned && r.job.Limit == 0 && (r.slice.Partition == "" || len(report.Notices) < 5) {
			report.Notices = append(report.Notices, stagedoor.Notice{
				Kind:  stagedoor.KindBadAnswer,
				Cause: fmt.Sprintf("%s %s: Zoom counted %d rows and gave %d; rows may have come or gone while they were read", report.Stream, out.Slice, found.total, found.returned),
				Fix:   "Run the same command again; rows that are there already are not doubled.",
			})
		}
	}
}

// once reads the slice from its first page to its last and commits it.
func (r *reader) once(ctx context.Context) (attempt, stagedoor.Written, error) {
	e, stream := r.engine, r.part.Stream
	found := attempt{drift: map[string]int{}, changed: map[string]int{}, parts: map[string][]string{}}
	began := e.now()
	writer, err := e.Destination.Begin(ctx, stream, r.slice, r.job.Run)
	if err != nil {
		return found, stagedoor.Written{}, err
	}
	defer writer.Abort()

	decoder := e.Decoder(stream, r.slice, stagedoor.Part{Value: r.slice.Partition})
	whole := true
	for _, pass := range r.passes() {
		reading, err := e.Reader.Pages(ctx, r.request(pass), stream.ListKeys, func(page stagedoor.Page) error {
			return r.page(ctx, page, decoder, writer, &found)
		})
		r.requests += reading.Requests
		r.retries += reading.Retries
		r.report.Requests += reading.Requests
		r.report.Retries += reading.Retries
		if errors.Is(err, errLimit) {
			whole, found.total = false, -1
			break
		}
		if err != nil {
			return found, stagedoor.Written{}, err
		}
		if reading.Form == "" {
			found.vague = true
		}
		if reading.Total < 0 {
			found.total = -1
		} else if found.total >= 0 {
			found.total += reading.Total
		}
	}

	checkpoint := stagedoor.Checkpoint{Slice: r.slice, Run: r.job.Run, ReadAt: began, Returned: found.returned, Cut: !whole}
	// Only a whole reading of everything shows what is gone.
	gone := whole && stream.ShowsGone && r.slice.Params == "" && found.returned > 0 &&
		!found.vague && len(found.skipped) == 0 && (found.total < 0 || found.total == found.returned)
	written, err := writer.Commit(ctx, checkpoint, gone)
	r.parts, r.whole = found.parts, whole && !found.vague && len(found.skipped) == 0
	return found, written, err
}

func (r *reader) page(ctx context.Context, page stagedoor.Page, decoder Decoder, writer stagedoor.SliceWriter, found *attempt) error {
	found.pages++
	if found.form == "" {
		found.form = page.Form
	}
	for _, raw := range page.Rows {
		if r.job.Limit > 0 && r.report.Returned+found.returned >= r.job.Limit {
			return errLimit
		}
		found.returned++
		row, err := decoder.Decode(raw)
		if err != nil {
			found.skipped = append(found.skipped, stagedoor.Skip{
				What: fmt.Sprintf("row %d of %s", found.returned, r.slice.ID()), Reason: stagedoor.NoticeOf(err).Cause, Rows: 1,
			})
			continue
		}
		found.cleaned += row.Cleaned
		for _, field := range row.Unknown {
			found.drift[field]++
		}
		for _, column := range row.Changed {
			found.changed[column]++
		}
		for _, column := range r.wanted {
			found.parts[column] = append(found.parts[column], partOf(row, columnOf(r.part.Stream, column))...)
		}
		if err := writer.Write(ctx, row.Record); err != nil {
			return err
		}
	}
	if r.engine.Progress != nil {
		now := Progress{
			Stream: r.part.Stream.Name, Slice: r.slice.ID(), Done: r.done, Slices: len(r.part.Slices),
			Rows: r.report.Returned + found.returned,
		}
		if r.part.Parts != nil {
			now.Of, now.Part, now.Parts, now.Days, now.DaySets = r.part.Parts.Of, r.at.part, r.at.parts, r.at.days, r.at.daySets
		}
		r.engine.Progress(now)
	}
	return nil
}

// passes are the walks that the slice takes; a stream without passes takes one.
func (r *reader) passes() []map[string]string {
	if len(r.part.Stream.Passes) == 0 {
		return []map[string]string{nil}
	}
	return r.part.Stream.Passes
}

// request is the slice's call: the path with the slice's part, what the stream
// always sends, the pass, the days, and the job's own parameters over them.
func (r *reader) request(pass map[string]string) stagedoor.Request {
	stream := r.part.Stream
	query := url.Values{}
	for _, params := range []map[string]string{stream.Params, r.job.Params, pass} {
		for name, value := range params {
			query.Set(name, value)
		}
	}
	if stream.PageSize > 0 {
		query.Set("page_size", strconv.Itoa(stream.PageSize))
	}
	if window := stream.Window; window != nil {
		query.Set(window.From, r.slice.Days.Since.Format(time.DateOnly))
		query.Set(window.To, r.slice.Days.Until.Format(time.DateOnly))
	}
	path := stream.Path
	if stream.Partition != nil && r.engine.Path != nil {
		path = r.engine.Path(stream.Path, r.slice.Partition)
	}
	return stagedoor.Request{Method: stream.Method, Path: path, Query: query}
}
