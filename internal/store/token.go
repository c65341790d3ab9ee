package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/stagedoor/stagedoor"
)

const tokenColumns = `credential_id, sealed, expiry, fence, lease_until, refused, refused_at`

// TokenRow returns the token row of a credential, without anything but its
// CredentialID if no lease was ever taken.
func (s *Store) TokenRow(ctx context.Context, credentialID string) (stagedoor.SealedTokenRow, error) {
	row, err := tokenRow(s.read.QueryRowContext(ctx, `SELECT `+tokenColumns+` FROM tokens WHERE credential_id = ?`, credentialID))
	if errors.Is(err, sql.ErrNoRows) {
		return stagedoor.SealedTokenRow{CredentialID: credentialID}, nil
	}
	return row, s.explain("read a token row", err)
}

// LeaseToken takes the right to mint for d, unless somebody has it, and
// returns the row as it is then; taken tells which. Each lease that is taken
// adds one to the fence. The lease ends with [Store.SaveToken] or by the clock;
// a lease that begins in the future was written before the clock was set back,
// and counts as ended. A credential that is not there is
// [stagedoor.KindNotFound].
func (s *Store) LeaseToken(ctx context.Context, credentialID string, d time.Duration) (row stagedoor.SealedTokenRow, taken bool, err error) {
	err = s.change(ctx, "lease a token row", func(tx *sql.Tx) error {
		now := s.wall()
		result, err := tx.ExecContext(ctx, `INSERT INTO tokens (credential_id, fence, leased_at, lease_until) VALUES (?, 1, ?, ?)
			ON CONFLICT (credential_id) DO UPDATE
			SET fence = tokens.fence + 1, leased_at = excluded.leased_at, lease_until = excluded.lease_until
			WHERE NOT (tokens.leased_at <= excluded.leased_at AND excluded.leased_at < tokens.lease_until)`,
			credentialID, micros(now), micros(now.Add(d)))
		if violates(err, sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY) {
			return missing(credentialID)
		}
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		if err != nil {
			return err
		}
		taken = n == 1
		row, err = tokenRow(tx.QueryRowContext(ctx, `SELECT `+tokenColumns+` FROM tokens WHERE credential_id = ?`, credentialID))
		return err
	})
	if err != nil {
		return stagedoor.SealedTokenRow{}, false, err
	}
	return row, taken, nil
}

// SaveToken writes the row's token and refusal and ends the lease, if the
// stored row still has the fence of this one; saved is false, and nothing is
// written, if another lease came after it or the credential is gone.
func (s *Store) SaveToken(ctx context.Context, row stagedoor.SealedTokenRow) (saved bool, err error) {
	err = s.change(ctx, "save a token", func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `UPDATE tokens SET sealed = ?, expiry = ?, refused = ?, refused_at = ?, leased_at = 0, lease_until = 0
			WHERE credential_id = ? AND fence = ?`,
			row.Sealed, micros(row.Expiry), row.Refused, micros(row.RefusedAt), row.CredentialID, row.Fence)
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		saved = n == 1
		return err
	})
	return saved && err == nil, err
}

// DropToken forgets the token if the row still has this fence; a lease stays
// as it is.
func (s *Store) DropToken(ctx context.Context, credentialID string, fence int64) error {
	return s.change(ctx, "drop a token", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE tokens SET sealed = NULL, expiry = 0 WHERE credential_id = ? AND fence = ?`, credentialID, fence)
		return err
	})
}

func tokenRow(row *sql.Row) (stagedoor.SealedTokenRow, error) {
	var r stagedoor.SealedTokenRow
	err := row.Scan(&r.CredentialID, &r.Sealed, timeColumn{&r.Expiry}, &r.Fence, timeColumn{&r.LeaseUntil}, &r.Refused, timeColumn{&r.RefusedAt})
	return r, err
}
