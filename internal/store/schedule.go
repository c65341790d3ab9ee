package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/stagedoor/stagedoor"
)

const scheduleColumns = `id, name, credential_id, spec, cron, zone, catch_up, jitter, paused_at, paused_by, next_at,
	last_run, last_due, missed, skipped, created_at, created_by`

// scheduleQuery reads schedules with what their credentials are called, and how
// their last run stands.
const scheduleQuery = `SELECT s.id, s.name, s.credential_id, s.spec, s.cron, s.zone, s.catch_up, s.jitter, s.paused_at, s.paused_by, s.next_at,
	s.last_run, s.last_due, s.missed, s.skipped, s.created_at, s.created_by, k.slug,
	coalesce((SELECT state FROM runs WHERE id = s.last_run), ''),
	coalesce((SELECT max(ended_at) FROM runs WHERE schedule = s.name AND state = 'done'), 0)
	FROM schedules s JOIN credentials k ON k.id = s.credential_id`

// AddSchedule stores a new schedule. A name that is taken is
// [stagedoor.KindExists], a credential that is not there [stagedoor.KindNotFound].
func (s *Store) AddSchedule(ctx context.Context, c stagedoor.Schedule) error {
	const op = "add a schedule"
	values, err := scheduleValues(c)
	if err != nil {
		return s.explain(op, err)
	}
	return s.change(ctx, op, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO schedules (`+scheduleColumns+`)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, values...)
		switch {
		case violates(err, sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY):
			return missing(c.Credential)
		case violates(err, sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY):
			return &stagedoor.Error{
				Op: "save a schedule", Subject: "schedule " + c.Name, Kind: stagedoor.KindExists, Err: err,
				Cause: "there is a schedule by that name already",
				Fix:   "Choose another with --name, or take the one that is there away with `stagedoor schedule remove " + c.Name + "`.",
			}
		}
		return err
	})
}

// Schedules returns all schedules in the order of their names.
func (s *Store) Schedules(ctx context.Context) ([]stagedoor.Schedule, error) {
	const op = "list the schedules"
	rows, err := s.read.QueryContext(ctx, scheduleQuery+` ORDER BY s.name`)
	if err != nil {
		return nil, s.explain(op, err)
	}
	defer rows.Close()
	var list []stagedoor.Schedule
	for rows.Next() {
		c, err := scheduleRow(rows)
		if err != nil {
			return nil, s.explain(op, err)
		}
		list = append(list, c)
	}
	return list, s.explain(op, rows.Err())
}

// UpdateSchedule reads the schedule of this name, lets edit change it, and writes
// it back; nobody else's change can come between. An error of edit is returned
// and nothing is changed. What it is called and what it asks for stay.
func (s *Store) UpdateSchedule(ctx context.Context, name string, edit func(*stagedoor.Schedule) error) (stagedoor.Schedule, error) {
	var after stagedoor.Schedule
	err := s.change(ctx, "change a schedule", func(tx *sql.Tx) error {
		var err error
		after, err = updateSchedule(ctx, tx, name, edit)
		return err
	})
	return after, err
}

func updateSchedule(ctx context.Context, tx *sql.Tx, name string, edit func(*stagedoor.Schedule) error) (stagedoor.Schedule, error) {
	before, err := scheduleRow(tx.QueryRowContext(ctx, scheduleQuery+` WHERE s.name = ?`, name))
	if errors.Is(err, sql.ErrNoRows) {
		return before, noSchedule(name)
	}
	if err != nil {
		return before, err
	}
	after := before
	if err := edit(&after); err != nil {
		return before, err
	}
	after.ID, after.Name, after.CredentialID, after.Spec = before.ID, before.Name, before.CredentialID, before.Spec
	values, err := scheduleValues(after)
	if err != nil {
		return before, err
	}
	_, err = tx.ExecContext(ctx, `UPDATE schedules SET (`+scheduleColumns+`)
		= (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) WHERE name = ?`, append(values, name)...)
	return after, err
}

// FireSchedule moves a schedule on and adds the runs that edit returns, both or
// neither, if due is still its next time; otherwise somebody else was faster and
// nothing is done. A run that never ran and whose id is there already grows by the
// new one's times.
func (s *Store) FireSchedule(ctx context.Context, name string, due time.Time, edit func(*stagedoor.Schedule) []stagedoor.Run) (bool, error) {
	fired := false
	err := s.change(ctx, "move a schedule on", func(tx *sql.Tx) error {
		var runs []stagedoor.Run
		_, err := updateSchedule(ctx, tx, name, func(c *stagedoor.Schedule) error {
			if fired = c.Next.Equal(due) && c.PausedAt.IsZero(); fired {
				runs = edit(c)
			}
			return nil
		})
		for _, r := range runs {
			values, valuing := runValues(r)
			if valuing != nil {
				return valuing
			}
			if err == nil {
				_, err = tx.ExecContext(ctx, addRun+` ON CONFLICT (id) DO UPDATE SET
					times = times + excluded.times, due = excluded.due, note = excluded.note`, values...)
			}
		}
		return err
	})
	return fired && err == nil, err
}

// RemoveSchedule removes the schedule of this name; [stagedoor.KindNotFound] if
// there is none. Its runs stay.
func (s *Store) RemoveSchedule(ctx context.Context, name string) error {
	return s.removeNamed(ctx, "remove a schedule", `DELETE FROM schedules WHERE name = ?`, name, noSchedule)
}

// removeNamed removes the row of this name, or says that there is none.
func (s *Store) removeNamed(ctx context.Context, op, statement, name string, none func(string) error) error {
	return s.change(ctx, op, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, statement, name)
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		if err == nil && n == 0 {
			err = none(name)
		}
		return err
	})
}

func noSchedule(name string) error {
	return &stagedoor.Error{
		Op: "find a schedule", Subject: "schedule " + name, Kind: stagedoor.KindNotFound,
		Cause: "there is no schedule by that name", Fix: "See `stagedoor schedule list`.",
	}
}

func scheduleValues(c stagedoor.Schedule) ([]any, error) {
	spec, err := json.Marshal(c.Spec)
	return []any{
		c.ID, c.Name, c.CredentialID, string(spec), c.Cron, c.Zone, string(c.CatchUp), int64(c.Jitter), micros(c.PausedAt), c.PausedBy, micros(c.Next),
		c.LastRun, micros(c.LastDue), c.Missed, c.Skipped, micros(c.CreatedAt), c.CreatedBy,
	}, err
}

func scheduleRow(row interface{ Scan(...any) error }) (stagedoor.Schedule, error) {
	var c stagedoor.Schedule
	err := row.Scan(
		&c.ID, &c.Name, &c.CredentialID, jsonColumn{&c.Spec}, &c.Cron, &c.Zone, &c.CatchUp, &c.Jitter, timeColumn{&c.PausedAt}, &c.PausedBy, timeColumn{&c.Next},
		&c.LastRun, timeColumn{&c.LastDue}, &c.Missed, &c.Skipped, timeColumn{&c.CreatedAt}, &c.CreatedBy, &c.Credential,
		&c.LastState, timeColumn{&c.LastDone},
	)
	return c, err
}
