package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/stagedoor/stagedoor"
)

// slice stages the records of one slice. It is used by one goroutine.
type slice struct {
	d      *Destination
	stream stagedoor.Stream
	slice  stagedoor.Slice
	run    string
	table  table
	stage  stage
	state  state
}

type state string

const (
	writing   state = "being written"
	committed state = "committed"
	failed    state = "given up after an error"
	aborted   state = "aborted"
)

var _ stagedoor.SliceWriter = (*slice)(nil)

// Begin opens a slice. It refuses a table that is not Stagedoor's before
// anything is read from the provider.
func (d *Destination) Begin(ctx context.Context, stream stagedoor.Stream, s stagedoor.Slice, run string) (stagedoor.SliceWriter, error) {
	w := &slice{d: d, stream: stream, slice: s, run: run, table: tableOf(stream), stage: stage{memory: d.memory}, state: writing}
	if _, _, err := w.table.missing(ctx, d.look); err != nil {
		w.end(failed)
		return nil, d.explain("write "+stream.Name, err)
	}
	return w, nil
}

// Write stages one record.
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
	if len(record.Values) != len(s.table.columns) {
		return fmt.Errorf("the record has %d values, and the stream %d columns", len(record.Values), len(s.table.columns))
	}
	return s.stage.add(record)
}

// Commit moves the slice into its table. After an error nothing of it is to be
// seen, and it can only be aborted. The checkpoint is kept under the slice and
// run that Begin was given, with the number of rows that were moved as Written,
// since a key that came twice is one row.
func (s *slice) Commit(ctx context.Context, checkpoint stagedoor.Checkpoint, gone bool) (stagedoor.Written, error) {
	written, err := s.commit(ctx, checkpoint, gone)
	if err != nil {
		s.end(failed)
		return stagedoor.Written{}, s.d.explain("write "+s.stream.Name, err)
	}
	s.end(committed)
	return written, nil
}

func (s *slice) commit(ctx context.Context, checkpoint stagedoor.Checkpoint, gone bool) (stagedoor.Written, error) {
	var written stagedoor.Written
	if s.state != writing {
		return written, s.misuse("Commit came")
	}
	readAt := timeText(checkpoint.ReadAt)
	err := s.d.write(ctx, s.stage.bytes, func(conn *sql.Conn) error {
		if err := s.table.make(ctx, conn); err != nil {
			return err
		}
		marks, err := s.marks(ctx, conn, readAt, gone, checkpoint.Ended)
		if err != nil {
			return err
		}
		free, err := s.table.free(ctx, conn, s.stage.first, s.stage.last)
		if err != nil {
			return err
		}
		if written.Rows, err = s.stage.move(ctx, conn, s.table.insertSQL(free), len(s.table.columns), s.run, readAt, s.slice.Params); err != nil {
			return err
		}
		if marks != nil {
			if written.Gone, err = s.mark(ctx, conn, *marks); err != nil {
				return err
			}
		}
		switch {
		case checkpoint.Ended:
			return dropCheckpoints(ctx, conn, s.slice)
		case checkpoint.Cut:
			return nil
		}
		checkpoint.Slice, checkpoint.Run, checkpoint.Written = s.slice, s.run, written.Rows
		checkpoint.Stream = s.stream.Name
		return saveCheckpoint(ctx, conn, checkpoint)
	})
	return written, err
}

// marks says which rows are gone if they did not come with this slice; nil where
// there are none, as in all that is written for the first time. The keys that
// came are then put where [slice.mark] finds them.
func (s *slice) marks(ctx context.Context, conn *sql.Conn, readAt string, gone, ended bool) (*marks, error) {
	m := marks{slice: s.slice, readAt: readAt, part: s.part()}
	days := s.slice.Days
	switch {
	case ended: // of whatever day
	case !gone:
		return nil, nil
	case !days.Since.IsZero():
		if len(s.stream.Day) == 0 {
			return nil, nil // keys without a day do not tell whether they lie in the slice
		}
		m.first, m.after = days.Since.Format(time.DateOnly), days.Until.AddDate(0, 0, 1).Format(time.DateOnly)
	}
	query, args := s.table.anySQL(m)
	var there bool
	if err := conn.QueryRowContext(ctx, query, args...).Scan(&there); err != nil || !there {
		return nil, err
	}
	if _, err := conn.ExecContext(ctx, "CREATE TEMP TABLE came (k TEXT PRIMARY KEY) WITHOUT ROWID"); err != nil {
		return nil, err
	}
	_, err := s.stage.move(ctx, conn, "INSERT INTO temp.came VALUES (?)", justKeys)
	return &m, err
}

func (s *slice) mark(ctx context.Context, conn *sql.Conn, m marks) (int, error) {
	query, args := s.table.goneSQL(m)
	result, err := conn.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	if err == nil {
		_, err = conn.ExecContext(ctx, "DROP TABLE temp.came")
	}
	return int(n), err
}

// part is the column that tells the slice's part from others; empty where a
// slice holds all of them.
func (s *slice) part() string {
	if s.stream.Partition == nil || s.slice.Partition == "" {
		return ""
	}
	return s.stream.Partition.Into
}

// Abort forgets the slice.
func (s *slice) Abort() error {
	if s.state == writing {
		s.end(aborted)
	}
	return nil
}

// end gives back what the staged rows lie in.
func (s *slice) end(state state) {
	if s.state == writing {
		s.state = state
	}
	s.stage.close()
}

func (s *slice) misuse(what string) error {
	return &stagedoor.Error{
		Op: "write " + s.stream.Name, Subject: s.d.Name(), Kind: stagedoor.KindInternal,
		Cause: what + " for a slice that was " + string(s.state),
	}
}

// ignoreDone leaves out that a connection was closed before.
func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrConnDone) {
		return nil
	}
	return err
}
