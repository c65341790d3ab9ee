package folder

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor"
)

// slice takes the records of one slice. It is used by one goroutine.
type slice struct {
	d      *Destination
	stream stagedoor.Stream
	slice  stagedoor.Slice
	run    string
	rows   sorter
	body   []byte // used again for each row
	state  stateOfSlice
}

type stateOfSlice string

const (
	writing   stateOfSlice = "being written"
	committed stateOfSlice = "committed"
	failed    stateOfSlice = "given up after an error"
	aborted   stateOfSlice = "aborted"
)

var _ stagedoor.SliceWriter = (*slice)(nil)

// Begin opens a slice. It refuses a folder that is not Stagedoor's, and a column
// of another type than the files have, before anything is read from the provider.
func (d *Destination) Begin(ctx context.Context, stream stagedoor.Stream, s stagedoor.Slice, run string) (stagedoor.SliceWriter, error) {
	if err := d.admit(ctx, stream); err != nil {
		return nil, d.explain("write "+stream.Name, err)
	}
	return &slice{d: d, stream: stream, slice: s, run: run, rows: sorter{space: d.space}, state: writing}, nil
}

func (d *Destination) admit(ctx context.Context, stream stagedoor.Stream) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	d.mu.Lock()
	st := d.state.streams[stream.Name]
	if st != nil {
		defer d.mu.Unlock()
		_, _, err := st.widen(stream)
		return err
	}
	d.mu.Unlock()
	return d.locked(ctx, func() error { return d.vacant(stream) })
}

// vacant holds that nobody else's files lie where a new stream's would. The
// caller has the lock.
func (d *Destination) vacant(stream stagedoor.Stream) error {
	if st := d.state.streams[stream.Name]; st != nil {
		_, _, err := st.widen(stream)
		return err
	}
	where := d.in(safe(stream.Name))
	entries, err := os.ReadDir(where)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
		return nil
	}
	if err != nil {
		if info, statErr := os.Lstat(where); statErr != nil || info.IsDir() {
			return err
		}
	}
	return &stagedoor.Error{
		Op: "write " + stream.Name, Kind: stagedoor.KindDestination,
		Cause: "there is something at " + where + " that " + manifestName + " does not list; it was left as it is",
		Fix:   "Give Stagedoor a folder of its own, or move away what is there.",
	}
}

// widen returns the columns that files of the stream have from now on: those
// that they had, and the new ones behind them. added tells that there are some.
func (st *streamState) widen(stream stagedoor.Stream) (all []column, added bool, err error) {
	all = st.columns
	for _, c := range stream.Columns {
		kind := kindOf(c.Type)
		i := slices.IndexFunc(all, func(had column) bool { return had.Name == c.Name })
		switch {
		case i < 0:
			all = append(slices.Clip(all), column{c.Name, kind})
			added = true
		case all[i].Type != kind:
			return nil, false, &stagedoor.Error{
				Op: "write " + stream.Name, Kind: stagedoor.KindDestination,
				Cause: fmt.Sprintf("the column %q of the files of %s is of type %s, and this version of the stream writes %s", c.Name, stream.Name, all[i].Type, kind),
				Fix:   "Write into another folder with --full-refresh, or move this one away first.",
			}
		}
	}
	return all, added, nil
}

// Write keeps one record.
func (s *slice) Write(ctx context.Context, record stagedoor.Record) error {
	if err := s.write(ctx, record); err != nil {
		return s.d.explain("write "+s.stream.Name, err)
	}
	return nil
}

func (s *slice) write(ctx context.Context, record stagedoor.Record) error {
	if s.state != writing {
		return s.misuse("a record came")
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	var err error
	if s.body, err = appendBody(s.body[:0], s.stream, record); err != nil {
		return err
	}
	return s.rows.add(record.Key, s.body)
}

// Commit writes the slice's part, with the rows of former parts that belong to
// it, and what is left of those parts; then the manifest. After an error nothing
// of it is to be seen, and it can only be aborted. The checkpoint is kept under
// the slice and run that Begin was given, with the number of rows as Written.
func (s *slice) Commit(ctx context.Context, c stagedoor.Checkpoint, gone bool) (stagedoor.Written, error) {
	if s.state != writing {
		return stagedoor.Written{}, s.d.explain("write "+s.stream.Name, s.misuse("Commit came"))
	}
	written, err := s.commit(ctx, c, gone)
	s.end(committed)
	if err != nil {
		s.state = failed
		return stagedoor.Written{}, s.d.explain("write "+s.stream.Name, err)
	}
	return written, nil
}

// Abort forgets the slice.
func (s *slice) Abort() error {
	s.end(aborted)
	return nil
}

func (s *slice) end(state stateOfSlice) {
	if s.state == writing {
		s.state = state
		s.rows.close()
	}
}

func (s *slice) misuse(what string) error {
	return &stagedoor.Error{
		Op: "write " + s.stream.Name, Subject: s.d.Name(), Kind: stagedoor.KindInternal,
		Cause: what + " for a slice that was " + string(s.state),
	}
}

// part is the column that tells the slice's part from others; empty where a
// slice holds all of them.
func (s *slice) part() string {
	if s.stream.Partition == nil || s.slice.Partition == "" {
		return ""
	}
	return s.stream.Partition.Into
}

// keySpan is the first key of the slice's days and the first key after them.
// known is false where keys do not tell whether they lie in the slice.
func (s *slice) keySpan() (first, after string, known bool) {
	if s.slice.Days.Since.IsZero() {
		return "", "\xff", true
	}
	if len(s.stream.Day) == 0 {
		return "", "", false
	}
	return s.slice.Days.Since.Format(time.DateOnly), s.slice.Days.Until.AddDate(0, 0, 1).Format(time.DateOnly), true
}

// left names what is left of a former part when the days of this slice are taken
// out: its own name without the days, at its beginning or its end.
func (s *slice) left(f *file) string {
	label, part, _ := strings.Cut(f.Slice, "@")
	since, until, ok := strings.Cut(label, "..")
	if !ok || f.Partition != s.slice.Partition || s.slice.Days.Since.IsZero() || len(s.stream.Day) == 0 {
		return f.Slice
	}
	first, last := s.slice.Days.Since.Format(time.DateOnly), s.slice.Days.Until.Format(time.DateOnly)
	switch {
	case first > until || last < since, first <= since && last >= until, first > since && last < until:
		return f.Slice
	case first <= since:
		since = s.slice.Days.Until.AddDate(0, 0, 1).Format(time.DateOnly)
	default:
		until = s.slice.Days.Since.AddDate(0, 0, -1).Format(time.DateOnly)
	}
	label = since + ".." + until
	if part != "" {
		label += "@" + part
	}
	return label
}
