package store

import (
	"context"
	"database/sql"
	"errors"
)

// Quota returns what processes know together of an account's quota; nil if
// nobody has written anything yet.
func (s *Store) Quota(ctx context.Context, account string) ([]byte, error) {
	document, err := quota(s.read.QueryRowContext(ctx, quotaQuery, account))
	return document, s.explain("read a quota", err)
}

// UpdateQuota replaces an account's document by what change makes of it. No other
// process comes between, so change must be quick; it must not call the store. An
// error of change is returned, and nothing is stored.
func (s *Store) UpdateQuota(ctx context.Context, account string, change func(document []byte) ([]byte, error)) error {
	return s.change(ctx, "write a quota", func(tx *sql.Tx) error {
		before, err := quota(tx.QueryRowContext(ctx, quotaQuery, account))
		if err != nil {
			return err
		}
		after, err := change(before)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO quotas (account, document) VALUES (?, ?)
			ON CONFLICT (account) DO UPDATE SET document = excluded.document`, account, string(after))
		return err
	})
}

const quotaQuery = `SELECT document FROM quotas WHERE account = ?`

func quota(row *sql.Row) ([]byte, error) {
	var document string
	err := row.Scan(&document)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return []byte(document), err
}
