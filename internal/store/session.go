package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/stagedoor/stagedoor"
)

const sessionColumns = `id, operator_id, hash, created_at, seen_at, expires_at, came_from, browser`

// AddSession stores a new session of an operator whose password is still the one
// that was judged, notes when the operator signed in, and forgets sessions that
// have ended. Otherwise it is [stagedoor.KindConflict].
func (s *Store) AddSession(ctx context.Context, n stagedoor.Session, password string) error {
	return s.change(ctx, "add a session", func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `UPDATE operators SET last_sign_in_at = ? WHERE id = ? AND password = ?`, micros(n.CreatedAt), n.OperatorID, password)
		if err != nil {
			return err
		}
		if found, err := result.RowsAffected(); err != nil || found == 0 {
			if err != nil {
				return err
			}
			return &stagedoor.Error{Op: "sign in", Kind: stagedoor.KindConflict, Cause: "the password was changed, or taken away, in the meantime", Fix: "Sign in again."}
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM sessions WHERE expires_at <= ?`, micros(n.CreatedAt)); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO sessions (`+sessionColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
			n.ID, n.OperatorID, n.Hash, micros(n.CreatedAt), micros(n.SeenAt), micros(n.ExpiresAt), n.From, n.Browser)
		return err
	})
}

// Sessions returns all sessions, also those that have ended, the newest first.
func (s *Store) Sessions(ctx context.Context) ([]stagedoor.Session, error) {
	const op = "list the sessions"
	rows, err := s.read.QueryContext(ctx, `SELECT `+sessionColumns+` FROM sessions ORDER BY created_at DESC, id`)
	if err != nil {
		return nil, s.explain(op, err)
	}
	defer rows.Close()
	var all []stagedoor.Session
	for rows.Next() {
		var n stagedoor.Session
		if err := rows.Scan(&n.ID, &n.OperatorID, &n.Hash, timeColumn{&n.CreatedAt}, timeColumn{&n.SeenAt}, timeColumn{&n.ExpiresAt}, &n.From, &n.Browser); err != nil {
			return nil, s.explain(op, err)
		}
		all = append(all, n)
	}
	return all, s.explain(op, rows.Err())
}

// SeenSessions notes when sessions, by their ids, were last used.
func (s *Store) SeenSessions(ctx context.Context, seen map[string]time.Time) error {
	return s.change(ctx, "note the use of sessions", func(tx *sql.Tx) error {
		for id, at := range seen {
			if _, err := tx.ExecContext(ctx, `UPDATE sessions SET seen_at = ? WHERE id = ? AND seen_at < ?`, micros(at), id, micros(at)); err != nil {
				return err
			}
		}
		return nil
	})
}

// RemoveSession ends a session of an operator; [stagedoor.KindNotFound] if it has
// none by that id.
func (s *Store) RemoveSession(ctx context.Context, operatorID, id string) error {
	return s.change(ctx, "end a session", func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `DELETE FROM sessions WHERE id = ? AND operator_id = ?`, id, operatorID)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n > 0 {
			return err
		}
		return &stagedoor.Error{Op: "end a session", Kind: stagedoor.KindNotFound, Cause: "there is no such session: it has ended already", Fix: "Look at the list of sessions again."}
	})
}

// endSessions ends all sessions of an operator but the one to keep.
func endSessions(ctx context.Context, tx *sql.Tx, operatorID, keep string) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM sessions WHERE operator_id = ? AND id <> ?`, operatorID, keep)
	return err
}
