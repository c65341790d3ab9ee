package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/stagedoor/stagedoor"
)

// BeginAnswer notes that a request runs, and returns it; where one with this token
// and key is kept already, it returns that one, and false. What was kept from
// before the time given is forgotten first.
func (s *Store) BeginAnswer(ctx context.Context, a stagedoor.KeptAnswer, before time.Time) (stagedoor.KeptAnswer, bool, error) {
	kept, first := a, true
	err := s.change(ctx, "keep an answer", func(tx *sql.Tx) error {
		if err := pruneAnswers(ctx, tx, before); err != nil {
			return err
		}
		row := tx.QueryRowContext(ctx, `SELECT request, answer, created_at FROM kept_answers WHERE token_id = ? AND key = ?`, a.Token, a.Key)
		err := row.Scan(&kept.Request, &kept.Sealed, timeColumn{&kept.CreatedAt})
		if first = errors.Is(err, sql.ErrNoRows); !first {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO kept_answers (token_id, key, request, answer, created_at) VALUES (?, ?, ?, ?, ?)`,
			a.Token, a.Key, a.Request, []byte{}, micros(a.CreatedAt))
		return err
	})
	return kept, first && err == nil, err
}

// EndAnswer keeps the answer of a request that ran. Where its token was removed
// meanwhile there is nothing to keep it for.
func (s *Store) EndAnswer(ctx context.Context, a stagedoor.KeptAnswer) error {
	return s.change(ctx, "keep an answer", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE kept_answers SET answer = ? WHERE token_id = ? AND key = ?`, a.Sealed, a.Token, a.Key)
		return err
	})
}

// ForgetAnswer forgets a request, so that its key can be used again.
func (s *Store) ForgetAnswer(ctx context.Context, token string, key []byte) error {
	return s.change(ctx, "forget an answer", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM kept_answers WHERE token_id = ? AND key = ?`, token, key)
		return err
	})
}

// PruneAnswers forgets what was kept from before a time.
func (s *Store) PruneAnswers(ctx context.Context, before time.Time) error {
	return s.change(ctx, "forget old answers", func(tx *sql.Tx) error { return pruneAnswers(ctx, tx, before) })
}

func pruneAnswers(ctx context.Context, tx *sql.Tx, before time.Time) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM kept_answers WHERE created_at < ?`, micros(before))
	return err
}
