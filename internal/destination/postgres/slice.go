package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stagedoor/stagedoor"
)

// slice stages the records of one slice. It is used by one goroutine.
type slice struct {
	transaction string // that wrote the checkpoint
	d           *Destination
	stream      stagedoor.Stream
	slice       stagedoor.Slice
	run         string
	table       table

	rows        spool // no two of one key
	repeats     spool // rows whose key may have come before; each with its order
	seen        *seen
	first, last string // of the keys, in the order of bytes
	row         []byte // used again for each row
	state       state
}

type state string

const (
	writing   state = "being written"
	committed state = "committed"
	failed    state = "given up after an error"
	aborted   state = "aborted"
)

var _ stagedoor.SliceWriter = (*slice)(nil)

// Begin opens a slice. It refuses a table that is not Stagedoor's, and one that
// the role may not write or make, before anything is read from the provider.
func (d *Destination) Begin(ctx context.Context, stream stagedoor.Stream, s stagedoor.Slice, run string) (stagedoor.SliceWriter, error) {
	w := &slice{d: d, stream: stream, slice: s, run: run, table: d.tableOf(stream), seen: newSeen(), rows: spool{memory: d.memory}, repeats: spool{memory: d.memory}, state: writing}
	err := d.prepare(ctx)
	if err == nil {
		err = d.again(ctx, func() error { return w.check(ctx) })
	}
	if err != nil {
		return nil, d.explain("write "+stream.Name, err)
	}
	return w, nil
}

// check looks at the table, once in a run: a commit looks again.
func (s *slice) check(ctx context.Context) error {
	s.d.preparing.Lock()
	defer s.d.preparing.Unlock()
	if s.d.checked[s.table.createSQL()] {
		return nil
	}
	_, exists, err := s.table.missing(ctx, s.d.pool)
	if err == nil && !exists {
		err = s.mayCreate(ctx)
	}
	if err == nil {
		if s.d.checked == nil {
			s.d.checked = map[string]bool{}
		}
		s.d.checked[s.table.createSQL()] = true
	}
	return err
}

func (s *slice) mayCreate(ctx context.Context) error {
	var mayCreate bool
	if err := s.d.pool.QueryRow(ctx, `SELECT has_schema_privilege($1::text, 'CREATE')`, s.d.schema).Scan(&mayCreate); err != nil {
		return err
	}
	if !mayCreate {
		return s.d.denied("write "+s.stream.Name, "the role "+s.d.server.role+" may not make tables in the schema "+s.d.schema,
			"GRANT USAGE, CREATE ON SCHEMA "+quote(s.d.schema)+" TO "+quote(s.d.server.role)+";")
	}
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
	key := storedKey(record.Key)
	repeated := s.seen.add(key)
	row := s.row[:0]
	if repeated {
		row = appendInt(row, int64(s.repeats.rows))
	}
	row = appendText(row, key)
	var err error
	for i, v := range record.Values {
		if row, err = appendValue(row, s.table.columns[i].kind, v); err != nil {
			return fmt.Errorf("column %s: %w", s.table.columns[i].name, err)
		}
	}
	row = appendRaw(row, record.Raw)
	s.row = row
	if repeated {
		return s.repeats.add(row)
	}
	if s.rows.rows == 0 {
		s.first, s.last = key, key
	} else if key < s.first {
		s.first = key
	} else if key > s.last {
		s.last = key
	}
	return s.rows.add(row)
}

// Commit moves the slice into its table. After an error nothing of it is to be
// seen, and it can only be aborted; unless the error says that the connection was
// lost during COMMIT and did not come back, when a later run finds out. The
// checkpoint is kept under the slice and run that Begin was given, with the number
// of rows that were moved as Written, since a key that came twice is one row.
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
	if s.state != writing {
		return stagedoor.Written{}, s.misuse("Commit came")
	}
	checkpoint.Slice, checkpoint.Run = s.slice, s.run
	checkpoint.Stream = s.stream.Name
	// What a COMMIT without an answer would have done, and by now may have.
	var doubtful *stagedoor.Written
	var written stagedoor.Written
	durably := checkpoint.Cut || checkpoint.Ended || s.d.ledger.count(s.stream.Name) >= unsureSlices
	var before []kept
	err := s.d.again(ctx, func() error {
		err := s.d.change(ctx, s.table.name, durably, func(ctx context.Context, tx pgx.Tx) error {
			before = s.d.ledger.of(s.stream.Name)
			if err := s.d.stillThere(ctx, tx, before); err != nil {
				return err
			}
			if doubtful != nil && !checkpoint.Cut && !checkpoint.Ended {
				if held, err := s.d.holds(ctx, tx, checkpoint); err != nil || held {
					written = *doubtful
					return err
				}
			}
			var err error
			written, err = s.move(ctx, tx, checkpoint, gone)
			return err
		})
		if _, lost := errors.AsType[*doubt](err); lost {
			done := written
			if doubtful != nil {
				done.Gone = max(done.Gone, doubtful.Gone) // a second time they are marked already
			}
			doubtful = &done
		}
		return err
	})
	switch {
	case err != nil, checkpoint.Cut:
	case checkpoint.Ended:
		s.d.ledger.end(s.slice)
	case durably && doubtful == nil:
		s.d.ledger.settle(before)
	default:
		s.d.ledger.add(kept{checkpoint, s.transaction})
	}
	if doubtful == nil {
		return written, err
	}
	if err != nil {
		err = &doubt{err} // whatever came after it: nobody could look
	}
	written.Gone = max(written.Gone, doubtful.Gone)
	return written, err
}

// move does all of a commit but COMMIT. Doing it twice comes to the same rows.
func (s *slice) move(ctx context.Context, tx pgx.Tx, checkpoint stagedoor.Checkpoint, gone bool) (written stagedoor.Written, err error) {
	held, err := s.table.make(ctx, tx)
	if err != nil {
		return written, err
	}
	readAt := when(checkpoint.ReadAt)
	replaces, lies := held, held
	if held && s.rows.rows > 0 {
		if replaces, lies, err = s.before(ctx, tx); err != nil {
			return written, err
		}
	}
	if written.Rows, err = s.moveRows(ctx, tx, readAt, replaces); err != nil {
		return written, err
	}
	if checkpoint.Ended {
		everyday := s.slice
		everyday.Days = stagedoor.Days{}
		query, args := s.table.goneSQL(s.run, everyday, readAt, "", "")
		if written.Gone, err = changed(tx.Exec(ctx, query, args...)); err != nil {
			return written, err
		}
		return written, s.d.dropCheckpoints(ctx, tx, s.slice)
	}
	if gone && (lies || held && !s.hasDays()) {
		if written.Gone, err = s.markGone(ctx, tx, readAt); err != nil {
			return written, err
		}
	}
	if checkpoint.Cut {
		return written, nil
	}
	checkpoint.Written = written.Rows
	s.transaction, err = s.d.saveCheckpoint(ctx, tx, checkpoint)
	return written, err
}

// before looks at the table before the rows come: whether it has rows between the
// slice's first and last key, and whether any lie in its days.
func (s *slice) before(ctx context.Context, q querier) (replaces, lies bool, err error) {
	first, after := s.keysOfDays()
	from := "SELECT EXISTS (SELECT 1 FROM " + s.d.in(s.table.name) + ` WHERE "_key" >= $1::text AND "_key" <= $2::text),
	EXISTS (SELECT 1 FROM ` + s.d.in(s.table.name) + ` WHERE "_key" >= $3::text AND "_key" < $4::text)`
	err = q.QueryRow(ctx, from, s.first, s.last, first, after).Scan(&replaces, &lies)
	return replaces, lies, err
}

// moveRows sends the rows: straight into the table where it holds none of their
// keys, which is about twice as fast as a merge.
func (s *slice) moveRows(ctx context.Context, tx pgx.Tx, readAt time.Time, held bool) (int, error) {
	if s.rows.rows == 0 {
		return 0, nil
	}
	head := appendText(appendTime(appendText(nil, s.run), readAt), s.slice.Params)
	moved := s.rows.rows
	if !held {
		if err := s.send(ctx, tx, &s.rows, head, s.d.in(s.table.name), s.table.sent()); err != nil {
			return 0, err
		}
	} else if err := s.merge(ctx, tx, &s.rows, head, false); err != nil {
		return 0, err
	}
	if s.repeats.rows == 0 {
		return moved, nil
	}
	var more int
	if err := s.stageRows(ctx, tx, &s.repeats, head, true); err != nil {
		return 0, err
	}
	err := tx.QueryRow(ctx, `SELECT count(*) FROM (SELECT DISTINCT "_key" FROM `+stage+`) AS repeated WHERE NOT EXISTS
	(SELECT 1 FROM `+s.d.in(s.table.name)+` AS target WHERE target."_key" = repeated."_key" AND `+came+")", s.run).Scan(&more)
	if err != nil {
		return 0, err
	}
	_, err = tx.Exec(ctx, s.table.mergeSQL(true))
	return moved + more, err
}

func (s *slice) merge(ctx context.Context, tx pgx.Tx, rows *spool, head []byte, ordered bool) error {
	if err := s.stageRows(ctx, tx, rows, head, ordered); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, s.table.mergeSQL(ordered)); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "DROP TABLE "+stage)
	return err
}

func (s *slice) stageRows(ctx context.Context, tx pgx.Tx, rows *spool, head []byte, ordered bool) error {
	if _, err := tx.Exec(ctx, s.table.stageSQL(ordered)); err != nil {
		return err
	}
	names := s.table.sent()
	if ordered { // it stands first in the row, before the key
		names = append([]string{"_run", "_pulled_at", "_params", order}, names[3:]...)
	}
	return s.send(ctx, tx, rows, head, stage, names)
}

// send copies a spool into a table.
func (s *slice) send(ctx context.Context, tx pgx.Tx, rows *spool, head []byte, into string, names []string) error {
	from := rows.copying(len(names), head)
	tag, err := tx.Conn().PgConn().CopyFrom(ctx, from, "COPY "+into+" ("+list(names)+") FROM STDIN (FORMAT binary)")
	if from.err != nil {
		return from.err // the server only says that it was cut short
	}
	if err == nil && tag.RowsAffected() != int64(rows.rows) {
		err = fmt.Errorf("the server took %d rows of %d", tag.RowsAffected(), rows.rows)
	}
	return err
}

func (s *slice) hasDays() bool { return !s.slice.Days.Since.IsZero() }

// keysOfDays are what the keys of the slice's days begin with: from the first to
// before the second. Both are empty for a slice without days.
func (s *slice) keysOfDays() (first, after string) {
	if !s.hasDays() {
		return "", ""
	}
	return s.slice.Days.Since.Format(time.DateOnly), s.slice.Days.Until.AddDate(0, 0, 1).Format(time.DateOnly)
}

func (s *slice) markGone(ctx context.Context, tx pgx.Tx, readAt time.Time) (int, error) {
	if s.hasDays() && len(s.stream.Day) == 0 {
		return 0, nil // keys without a day do not tell whether they lie in the slice
	}
	first, after := s.keysOfDays()
	query, args := s.table.goneSQL(s.run, s.slice, readAt, first, after)
	return changed(tx.Exec(ctx, query, args...))
}

// Abort forgets the slice.
func (s *slice) Abort() error {
	if s.state == writing {
		s.end(aborted)
	}
	return nil
}

func (s *slice) end(state state) {
	if s.state == writing {
		s.state = state
	}
	s.rows.close()
	s.repeats.close()
	s.seen = nil
}

func (s *slice) misuse(what string) error {
	return &stagedoor.Error{
		Op: "write " + s.stream.Name, Subject: s.d.Name(), Kind: stagedoor.KindInternal,
		Cause: what + " for a slice that was " + string(s.state),
	}
}
