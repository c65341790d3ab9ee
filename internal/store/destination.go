package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/stagedoor/stagedoor"
)

const destinationColumns = `id, name, description, kind, place, created_at, created_by, checked_at, error, data_key, url`

// AddDestination stores a new destination; a name that is taken is
// [stagedoor.KindExists].
func (s *Store) AddDestination(ctx context.Context, d stagedoor.SealedDestination) error {
	const op = "save a destination"
	failure, err := json.Marshal(d.Error)
	if err != nil {
		return s.explain(op, err)
	}
	return s.change(ctx, op, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO destinations (`+destinationColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			d.ID, d.Name, d.Description, d.Kind, d.Place, micros(d.CreatedAt), d.CreatedBy, micros(d.CheckedAt), string(failure), d.DataKey, d.URL)
		if !violates(err, sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY) {
			return err
		}
		return &stagedoor.Error{
			Op: op, Subject: "destination " + d.Name, Kind: stagedoor.KindExists, Err: err,
			Cause: "there is a destination by that name already",
			Fix:   "Choose another name, or take the one that is there away with `stagedoor destination remove " + d.Name + "`.",
		}
	})
}

// Destination returns the destination of this name; [stagedoor.KindNotFound] if
// there is none.
func (s *Store) Destination(ctx context.Context, name string) (stagedoor.SealedDestination, error) {
	d, err := destinationRow(s.read.QueryRowContext(ctx, `SELECT `+destinationColumns+` FROM destinations WHERE name = ?`, name))
	if errors.Is(err, sql.ErrNoRows) {
		err = noDestination(name)
	}
	return d, s.explain("read a destination", err)
}

// Destinations returns all destinations in the order of their names.
func (s *Store) Destinations(ctx context.Context) ([]stagedoor.SealedDestination, error) {
	const op = "list the destinations"
	rows, err := s.read.QueryContext(ctx, `SELECT `+destinationColumns+` FROM destinations ORDER BY name`)
	if err != nil {
		return nil, s.explain(op, err)
	}
	defer rows.Close()
	var list []stagedoor.SealedDestination
	for rows.Next() {
		d, err := destinationRow(rows)
		if err != nil {
			return nil, s.explain(op, err)
		}
		list = append(list, d)
	}
	return list, s.explain(op, rows.Err())
}

// NoteDestination keeps what a check found; nothing else of the row changes.
func (s *Store) NoteDestination(ctx context.Context, d stagedoor.SavedDestination) error {
	const op = "note a check of a destination"
	failure, err := json.Marshal(d.Error)
	if err != nil {
		return s.explain(op, err)
	}
	_, err = s.write.ExecContext(ctx, `UPDATE destinations SET checked_at = ?, error = ? WHERE id = ?`, micros(d.CheckedAt), string(failure), d.ID)
	return s.explain(op, err)
}

// RemoveDestination removes the destination of this name, and with it the only
// copy of its data key: the pages are overwritten, and the write-ahead log is
// folded in and cut to nothing. [stagedoor.KindNotFound] if there is none.
func (s *Store) RemoveDestination(ctx context.Context, name string) error {
	const op = "remove a destination"
	if err := s.removeNamed(ctx, op, `DELETE FROM destinations WHERE name = ?`, name, noDestination); err != nil {
		return err
	}
	_, err := s.write.ExecContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`)
	return s.explain(op, err)
}

func noDestination(name string) error {
	return &stagedoor.Error{
		Op: "find a destination", Subject: "destination " + name, Kind: stagedoor.KindNotFound,
		Cause: "there is no destination by that name", Fix: "See `stagedoor destination list`, or save it with `stagedoor destination add " + name + "`.",
	}
}

func destinationRow(row interface{ Scan(...any) error }) (stagedoor.SealedDestination, error) {
	var d stagedoor.SealedDestination
	err := row.Scan(&d.ID, &d.Name, &d.Description, &d.Kind, &d.Place, timeColumn{&d.CreatedAt}, &d.CreatedBy, timeColumn{&d.CheckedAt},
		jsonColumn{&d.Error}, &d.DataKey, &d.URL)
	return d, err
}
