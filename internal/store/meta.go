package store

import (
	"context"
	"database/sql"
	"errors"
)

// Meta returns a fact about the whole database, such as what its key is
// recognised by; nil if it was never set.
func (s *Store) Meta(ctx context.Context, key string) ([]byte, error) {
	var value []byte
	err := s.read.QueryRowContext(ctx, `SELECT value FROM meta WHERE key = ?`, key).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return value, s.explain("read the fact "+key, err)
}

// SetMeta sets a fact, whatever it was before.
func (s *Store) SetMeta(ctx context.Context, key string, value []byte) error {
	return s.change(ctx, "set the fact "+key, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO meta (key, value) VALUES (?, ?)
			ON CONFLICT (key) DO UPDATE SET value = excluded.value`, key, value)
		return err
	})
}

// InitMeta sets a fact that is not set yet, and returns the one that is stored
// then: of many processes that come at once all get the same.
func (s *Store) InitMeta(ctx context.Context, key string, value []byte) (stored []byte, err error) {
	err = s.change(ctx, "set the fact "+key, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO NOTHING`, key, value); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, `SELECT value FROM meta WHERE key = ?`, key).Scan(&stored)
	})
	return stored, err
}
