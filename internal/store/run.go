package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/stagedoor/stagedoor"
)

const runColumns = `id, credential_id, credential, spec, asked_by, schedule, due, state, created_at, not_before,
	started_at, ended_at, process, heartbeat_at, attempts, idle, cancel_at, cancel_by, held, note, times, slices, rows,
	progress, receipt, error`

const addRun = `INSERT INTO runs (` + runColumns + `)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

// AddRun stores a new run; an id that is taken is [stagedoor.KindExists].
func (s *Store) AddRun(ctx context.Context, r stagedoor.Run) error {
	const op = "add a run"
	values, err := runValues(r)
	if err != nil {
		return s.explain(op, err)
	}
	return s.change(ctx, op, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, addRun, values...)
		if !violates(err, sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY) {
			return err
		}
		return &stagedoor.Error{
			Op: op, Subject: "run " + r.ID, Kind: stagedoor.KindExists, Err: err,
			Cause: "there is a run by that id already", Fix: "See `stagedoor run list`.",
		}
	})
}

// Run returns a run by its id, or by the beginning of it that no other has;
// [stagedoor.KindNotFound] if there is none.
func (s *Store) Run(ctx context.Context, id string) (stagedoor.Run, error) {
	const op = "find a run"
	rows, err := s.read.QueryContext(ctx, `SELECT `+runColumns+` FROM runs WHERE id = ?1 OR id > ?1 AND id < ?1 || '~'
		ORDER BY id = ?1 DESC LIMIT 2`, id)
	list, err := runRows(rows, err)
	switch {
	case err != nil:
		return stagedoor.Run{}, s.explain(op, err)
	case len(list) == 1 && id != "" || len(list) == 2 && list[0].ID == id:
		return list[0], nil
	case len(list) == 2 && id != "":
		return stagedoor.Run{}, &stagedoor.Error{
			Op: op, Subject: "run " + id, Kind: stagedoor.KindNotFound,
			Cause: "more than one run begins so: " + list[0].ID + " and " + list[1].ID, Fix: "Give more of the id.",
		}
	}
	return stagedoor.Run{}, noRun(id)
}

func noRun(id string) error {
	return &stagedoor.Error{
		Op: "find a run", Subject: "run " + id, Kind: stagedoor.KindNotFound,
		Cause: "there is no run by that id", Fix: "See `stagedoor run list`.",
	}
}

// Runs lists runs, the newest first.
func (s *Store) Runs(ctx context.Context, q stagedoor.RunQuery) ([]stagedoor.Run, error) {
	query, args := `SELECT `+runColumns+` FROM runs WHERE true`, []any{}
	if len(q.States) > 0 {
		query += ` AND state IN (?` + strings.Repeat(`, ?`, len(q.States)-1) + `)`
		for _, state := range q.States {
			args = append(args, string(state))
		}
	}
	for column, value := range map[string]string{"credential": q.Credential, "schedule": q.Schedule} {
		if value != "" {
			query, args = query+` AND `+column+` = ?`, append(args, value)
		}
	}
	if q.Unheld {
		query += ` AND held = 0`
	}
	if q.BeforeID != "" {
		query, args = query+` AND (created_at, id) < (?, ?)`, append(args, micros(q.Before), q.BeforeID)
	}
	query += ` ORDER BY created_at DESC, id DESC`
	if q.Limit > 0 {
		query, args = query+` LIMIT ?`, append(args, q.Limit)
	}
	rows, err := s.read.QueryContext(ctx, query, args...)
	list, err := runRows(rows, err)
	return list, s.explain("list the runs", err)
}

// UpdateRun reads the run with this id, lets edit change it, writes it back and
// returns it as it is then; nobody else's change can come between. An error of
// edit is returned and nothing is changed. edit must be quick and must not call
// the store. What was asked for stays what it is.
func (s *Store) UpdateRun(ctx context.Context, id string, edit func(*stagedoor.Run) error) (stagedoor.Run, error) {
	var after stagedoor.Run
	err := s.change(ctx, "change a run", func(tx *sql.Tx) error {
		before, err := runRow(tx.QueryRowContext(ctx, `SELECT `+runColumns+` FROM runs WHERE id = ?`, id))
		if errors.Is(err, sql.ErrNoRows) {
			return noRun(id)
		}
		if err != nil {
			return err
		}
		after = before
		if err := edit(&after); err != nil {
			return err
		}
		after.ID, after.CredentialID, after.Credential, after.Spec = before.ID, before.CredentialID, before.Credential, before.Spec
		values, err := runValues(after)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE runs SET (`+runColumns+`)
			= (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) WHERE id = ?`, append(values, id)...)
		return err
	})
	if err != nil {
		return stagedoor.Run{}, err
	}
	return after, nil
}

// RunLease tells whether the run is still its process's, and whether somebody
// wants it to end.
func (s *Store) RunLease(ctx context.Context, id string) (stagedoor.RunLease, error) {
	var l stagedoor.RunLease
	err := s.read.QueryRowContext(ctx, `SELECT attempts, idle, cancel_at, cancel_by FROM runs WHERE id = ?`, id).
		Scan(&l.Attempts, &l.Idle, timeColumn{&l.CancelAt}, &l.CancelBy)
	if errors.Is(err, sql.ErrNoRows) {
		err = noRun(id)
	}
	return l, s.explain("look after a run", err)
}

// AddRunSlices keeps how slices of a run ended, the newest word on each, and
// counts those that were written.
func (s *Store) AddRunSlices(ctx context.Context, id string, slices []stagedoor.RunSlice) error {
	return s.change(ctx, "keep how slices ended", func(tx *sql.Tx) error {
		written, rows := 0, 0
		for _, slice := range slices {
			report, err := json.Marshal(slice.SliceReport)
			if err != nil {
				return err
			}
			_, err = tx.ExecContext(ctx, `INSERT INTO run_slices (run_id, stream, slice, at, state, report) VALUES (?, ?, ?, ?, ?, ?)
				ON CONFLICT (run_id, stream, slice) DO UPDATE SET at = excluded.at, state = excluded.state, report = excluded.report`,
				id, slice.Stream, slice.Slice, micros(slice.At), slice.State, string(report))
			if violates(err, sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY) {
				return noRun(id)
			}
			if err != nil {
				return err
			}
			if slice.State == stagedoor.SliceWritten {
				written++
				rows += slice.Written
			}
		}
		if written == 0 {
			return nil
		}
		_, err := tx.ExecContext(ctx, `UPDATE runs SET slices = slices + ?, rows = rows + ?, idle = 0 WHERE id = ?`, written, rows, id)
		return err
	})
}

// RunSlices returns what is kept of a run's slices, by stream and slice. limit 0
// means all.
func (s *Store) RunSlices(ctx context.Context, id string, limit int) ([]stagedoor.RunSlice, error) {
	const op = "list a run's slices"
	if limit <= 0 {
		limit = -1
	}
	rows, err := s.read.QueryContext(ctx, `SELECT at, stream, report FROM run_slices WHERE run_id = ? ORDER BY stream, slice LIMIT ?`, id, limit)
	if err != nil {
		return nil, s.explain(op, err)
	}
	defer rows.Close()
	var list []stagedoor.RunSlice
	for rows.Next() {
		var slice stagedoor.RunSlice
		if err := rows.Scan(timeColumn{&slice.At}, &slice.Stream, jsonColumn{&slice.SliceReport}); err != nil {
			return nil, s.explain(op, err)
		}
		list = append(list, slice)
	}
	return list, s.explain(op, rows.Err())
}

// CountRuns counts the runs that are kept, by the state that is noted.
func (s *Store) CountRuns(ctx context.Context) (map[stagedoor.RunState]int, error) {
	const op = "count the runs"
	rows, err := s.read.QueryContext(ctx, `SELECT state, count(*) FROM runs GROUP BY state`)
	if err != nil {
		return nil, s.explain(op, err)
	}
	defer rows.Close()
	counts := map[stagedoor.RunState]int{}
	for rows.Next() {
		var state stagedoor.RunState
		var n int
		if err := rows.Scan(&state, &n); err != nil {
			return nil, s.explain(op, err)
		}
		counts[state] = n
	}
	return counts, s.explain(op, rows.Err())
}

// PruneRuns removes runs that ended, or never ran, and were asked for before a
// time, with what is kept of their slices; at most limit of them. It returns how
// many went.
func (s *Store) PruneRuns(ctx context.Context, before time.Time, limit int) (int, error) {
	var n int64
	err := s.change(ctx, "remove old runs", func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `DELETE FROM runs WHERE id IN (SELECT id FROM runs WHERE created_at < ?1 AND ended_at < ?1
			AND (state NOT IN ('queued', 'running', 'interrupted') OR state = 'interrupted' AND held <> 0) ORDER BY created_at LIMIT ?2)`, micros(before), limit)
		if err != nil {
			return err
		}
		n, err = result.RowsAffected()
		return err
	})
	return int(n), err
}

func runValues(r stagedoor.Run) ([]any, error) {
	var texts [5]string
	for i, v := range []any{r.Spec, storedProcess{r.Process.ID, r.Process}, r.Progress, r.Receipt, r.Error} {
		text, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		texts[i] = string(text)
	}
	held := int64(0)
	if r.Held {
		held = 1
	}
	return []any{
		r.ID, r.CredentialID, r.Credential, texts[0], r.By, r.Schedule, micros(r.Due), string(r.State), micros(r.CreatedAt), micros(r.NotBefore),
		micros(r.StartedAt), micros(r.EndedAt), texts[1], micros(r.Heartbeat), r.Attempts, r.Idle, micros(r.CancelAt), r.CancelBy, held, r.Note, r.Times, r.Slices, r.Rows,
		texts[2], texts[3], texts[4],
	}, nil
}

// storedProcess is a process with its id, which documents do not show.
type storedProcess struct {
	ID string `json:"id"`
	stagedoor.Process
}

func runRow(row interface{ Scan(...any) error }) (stagedoor.Run, error) {
	var r stagedoor.Run
	var process storedProcess
	err := row.Scan(
		&r.ID, &r.CredentialID, &r.Credential, jsonColumn{&r.Spec}, &r.By, &r.Schedule, timeColumn{&r.Due}, &r.State, timeColumn{&r.CreatedAt}, timeColumn{&r.NotBefore},
		timeColumn{&r.StartedAt}, timeColumn{&r.EndedAt}, jsonColumn{&process}, timeColumn{&r.Heartbeat}, &r.Attempts, &r.Idle, timeColumn{&r.CancelAt}, &r.CancelBy, &r.Held, &r.Note, &r.Times, &r.Slices, &r.Rows,
		jsonColumn{&r.Progress}, jsonColumn{&r.Receipt}, jsonColumn{&r.Error},
	)
	r.Process = process.Process
	r.Process.ID = process.ID
	if string(r.Progress) == "null" {
		r.Progress = nil
	}
	return r, err
}

func runRows(rows *sql.Rows, err error) ([]stagedoor.Run, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []stagedoor.Run
	for rows.Next() {
		r, err := runRow(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, rows.Err()
}
