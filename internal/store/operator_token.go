package store

import (
	"context"
	"database/sql"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/stagedoor/stagedoor"
)

const operatorTokenColumns = `id, name, role, hash, created_at, created_by, expires_at`

// AddOperatorToken stores a new token; a name that is taken is
// [stagedoor.KindExists].
func (s *Store) AddOperatorToken(ctx context.Context, t stagedoor.OperatorToken) error {
	return s.change(ctx, "add an operator token", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO operator_tokens (`+operatorTokenColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			t.ID, t.Name, string(t.Role), t.Hash, micros(t.CreatedAt), t.CreatedBy, micros(t.ExpiresAt))
		if !violates(err, sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY) {
			return err
		}
		return &stagedoor.Error{
			Op: "save an operator token", Subject: "operator token " + t.Name, Kind: stagedoor.KindExists, Err: err,
			Cause: "there is one by that name already",
			Fix:   "Choose another name, or take the one that is there away with `stagedoor operator token remove " + t.Name + "`.",
		}
	})
}

// OperatorTokens returns all tokens in the order of their names.
func (s *Store) OperatorTokens(ctx context.Context) ([]stagedoor.OperatorToken, error) {
	const op = "list the operator tokens"
	rows, err := s.read.QueryContext(ctx, `SELECT `+operatorTokenColumns+` FROM operator_tokens ORDER BY name`)
	if err != nil {
		return nil, s.explain(op, err)
	}
	defer rows.Close()
	var all []stagedoor.OperatorToken
	for rows.Next() {
		var t stagedoor.OperatorToken
		if err := rows.Scan(&t.ID, &t.Name, &t.Role, &t.Hash, timeColumn{&t.CreatedAt}, &t.CreatedBy, timeColumn{&t.ExpiresAt}); err != nil {
			return nil, s.explain(op, err)
		}
		all = append(all, t)
	}
	return all, s.explain(op, rows.Err())
}

// RemoveOperatorToken removes the token of this name; [stagedoor.KindNotFound]
// if there is none.
func (s *Store) RemoveOperatorToken(ctx context.Context, name string) error {
	return s.change(ctx, "remove an operator token", func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `DELETE FROM operator_tokens WHERE name = ?`, name)
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		if err != nil || n > 0 {
			return err
		}
		return &stagedoor.Error{
			Op: "remove an operator token", Subject: "operator token " + name, Kind: stagedoor.KindNotFound,
			Cause: "there is none by that name", Fix: "See `stagedoor operator token list`.",
		}
	})
}
