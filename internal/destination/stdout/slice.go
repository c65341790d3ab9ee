package stdout

import (
	"context"
	"fmt"

	"github.com/stagedoor/stagedoor"
)

// slice spools the records of one slice. It is used by one goroutine.
type slice struct {
	d      *Destination
	stream stagedoor.Stream
	layout layout
	spool  spool
	row    []byte // used again for each record
	done   bool
}

// Write spools one record.
func (s *slice) Write(ctx context.Context, record stagedoor.Record) error {
	if err := ctx.Err(); err != nil {
		return explain(err)
	}
	if s.done {
		return ended()
	}
	if len(record.Values) != len(s.stream.Columns) {
		return explain(fmt.Errorf("a record has %d values, and the stream %s %d columns", len(record.Values), s.stream.Name, len(s.stream.Columns)))
	}
	var err error
	if s.row, err = s.layout.append(s.row[:0], s.stream, record.Values); err != nil {
		return explain(err)
	}
	return explain(s.spool.add(record.Key, s.row))
}

// Commit prints the slice. There is nothing to mark as gone.
func (s *slice) Commit(ctx context.Context, _ stagedoor.Checkpoint, _ bool) (stagedoor.Written, error) {
	if err := ctx.Err(); err != nil {
		return stagedoor.Written{}, explain(err)
	}
	if s.done {
		return stagedoor.Written{}, ended()
	}
	s.done = true
	defer s.spool.close()
	s.d.mu.Lock()
	defer s.d.mu.Unlock()
	if err := s.d.format.print(s.d.out, s.stream, s.layout, s.spool.rows); err != nil {
		return stagedoor.Written{}, explain(err)
	}
	if err := s.d.out.Flush(); err != nil {
		return stagedoor.Written{}, explain(err)
	}
	return stagedoor.Written{Rows: s.spool.count()}, nil
}

// Abort forgets the slice.
func (s *slice) Abort() error {
	if !s.done {
		s.done = true
		s.spool.close()
	}
	return nil
}

func ended() error {
	return &stagedoor.Error{Op: "print the rows", Subject: "stdout", Kind: stagedoor.KindInternal, Cause: "the slice was committed or aborted before"}
}
