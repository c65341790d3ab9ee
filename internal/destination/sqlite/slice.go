package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
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

	conn   *sql.Conn // of this slice alone: a temporary table is seen by its connection only
	insert *sql.Stmt
	args   []any // of insert; used again for each row
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
	w := &slice{d: d, stream: stream, slice: s, run: run, table: tableOf(stream), state: writing}
	if err := w.open(ctx); err != nil {
		w.end(failed)
		return nil, d.explain("write "+stream.Name, err)
	}
	return w, nil
}

func (s *slice) open(ctx context.Context) error {
	if _, _, err := s.table.missing(ctx, s.d.look); err != nil {
		return err
	}
	var err error
	if s.conn, err = s.d.db.Conn(ctx); err != nil {
		return err
	}
	// One transaction for all of the staging. It touches the temporary
	// database only and so takes no lock that anybody could wait for.
	for _, query := range []string{s.table.stageSQL(), "BEGIN"} {
		if _, err := s.conn.ExecContext(ctx, query); err != nil {
			return err
		}
	}
	if s.insert, err = s.conn.PrepareContext(ctx, s.table.stageInsertSQL()); err != nil {
		return err
	}
	s.args = make([]any, len(s.table.columns)+2)
	return nil
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
	s.args[0] = record.Key
	for i, v := range record.Values {
		s.args[i+1] = value(v)
	}
	s.args[len(s.args)-1] = rawValue(record.Raw)
	// The driver starts a goroutine for a context that can end, which costs
	// more than the row; the one above has been asked.
	_, err := s.insert.ExecContext(context.WithoutCancel(ctx), s.args...)
	return err
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
	if err := s.insert.Close(); err != nil {
		return written, err
	}
	if _, err := s.conn.ExecContext(ctx, "COMMIT"); err != nil { // of the staging
		return written, err
	}
	readAt := timeText(checkpoint.ReadAt)
	err := s.d.change(ctx, s.conn, func(do doer) error {
		if err := s.table.make(ctx, do); err != nil {
			return err
		}
		moved, err := changed(do.ExecContext(ctx, s.table.moveSQL(), s.run, readAt, s.slice.Params))
		if err != nil {
			return err
		}
		written.Rows = moved
		if checkpoint.Ended {
			everyday := s.slice
			everyday.Days = stagedoor.Days{}
			query, args := s.table.goneSQL(everyday, readAt, "", "", s.part())
			if written.Gone, err = changed(do.ExecContext(ctx, query, args...)); err != nil {
				return err
			}
			return dropCheckpoints(ctx, do, s.slice)
		}
		if gone {
			if written.Gone, err = s.markGone(ctx, do, readAt); err != nil {
				return err
			}
		}
		if checkpoint.Cut {
			return nil
		}
		checkpoint.Slice, checkpoint.Run, checkpoint.Written = s.slice, s.run, written.Rows
		checkpoint.Stream = s.stream.Name
		return saveCheckpoint(ctx, do, checkpoint)
	})
	return written, err
}

func (s *slice) markGone(ctx context.Context, do doer, readAt string) (int, error) {
	days := s.slice.Days
	first, after := "", "" // every key
	if !days.Since.IsZero() {
		if len(s.stream.Day) == 0 {
			return 0, nil // keys without a day do not tell whether they lie in the slice
		}
		first, after = days.Since.Format(time.DateOnly), days.Until.AddDate(0, 0, 1).Format(time.DateOnly)
	}
	query, args := s.table.goneSQL(s.slice, readAt, first, after, s.part())
	return changed(do.ExecContext(ctx, query, args...))
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

// end closes the connection, with which the temporary table goes.
func (s *slice) end(state state) {
	if s.state == writing {
		s.state = state
	}
	if s.conn == nil {
		return
	}
	// A statement that stays open keeps SQLite's connection alive after its
	// close, and with it the write-ahead log, which then is never folded in.
	if s.insert != nil {
		_ = s.insert.Close()
	}
	// ErrBadConn tells database/sql to close the connection rather than to put
	// it aside with an open transaction. What close itself says is of no use:
	// all that was to be kept is kept.
	_ = s.conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = s.conn.Close()
	s.conn = nil
}

func (s *slice) misuse(what string) error {
	return &stagedoor.Error{
		Op: "write " + s.stream.Name, Subject: s.d.Name(), Kind: stagedoor.KindInternal,
		Cause: what + " for a slice that was " + string(s.state),
	}
}

func changed(result sql.Result, err error) (int, error) {
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	return int(n), err
}

// ignoreDone leaves out that a connection was closed before.
func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrConnDone) {
		return nil
	}
	return err
}
