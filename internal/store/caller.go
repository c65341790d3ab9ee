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

const callerColumns = `id, name, description, credential_id, rules, share, allow_token, secrets, keys,
	created_at, created_by, changed_at, changed_by, expires_at, revoked_at, revoked_by`

// callerQuery reads callers with what their credentials are called.
const callerQuery = `SELECT c.id, c.name, c.description, c.credential_id, c.rules, c.share, c.allow_token, c.secrets, c.keys,
	c.created_at, c.created_by, c.changed_at, c.changed_by, c.expires_at, c.revoked_at, c.revoked_by, k.slug, k.provider, k.status
	FROM callers c JOIN credentials k ON k.id = c.credential_id`

// AddCaller stores a new caller. A name or an id that is taken is
// [stagedoor.KindExists]; one that was revoked makes room for another of its name.
// A credential that is not there is [stagedoor.KindNotFound].
func (s *Store) AddCaller(ctx context.Context, c stagedoor.Caller) error {
	const op = "add a caller"
	values, err := callerValues(c)
	if err != nil {
		return s.explain(op, err)
	}
	return s.change(ctx, op, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM callers WHERE name = ? AND revoked_at <> 0`, c.Name); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO callers (`+callerColumns+`)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, values...)
		switch {
		case violates(err, sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY):
			return missing(c.Credential)
		case violates(err, sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY):
			return &stagedoor.Error{
				Op: "save a caller", Subject: "caller " + c.Name, Kind: stagedoor.KindExists, Err: err,
				Cause: "there is a caller by that name already",
				Fix: "Choose another name, or change the one that is there with `stagedoor caller set-rules " + c.Name +
					"` and `stagedoor caller rotate-secret " + c.Name + "`.",
			}
		}
		return err
	})
}

// Callers returns all callers, also those that were revoked, in the order of
// their names.
func (s *Store) Callers(ctx context.Context) ([]stagedoor.Caller, error) {
	const op = "list the callers"
	rows, err := s.read.QueryContext(ctx, callerQuery+` ORDER BY c.name`)
	if err != nil {
		return nil, s.explain(op, err)
	}
	defer rows.Close()
	var all []stagedoor.Caller
	for rows.Next() {
		c, err := callerRow(rows)
		if err != nil {
			return nil, s.explain(op, err)
		}
		all = append(all, c)
	}
	return all, s.explain(op, rows.Err())
}

// UpdateCaller reads the caller with this id, lets edit change it, and writes it
// back; nobody else's change can come between. An error of edit is returned and
// nothing is changed. edit must be quick and must not call the store. Its id, name
// and credential stay what they are.
func (s *Store) UpdateCaller(ctx context.Context, id string, edit func(*stagedoor.Caller) error) error {
	return s.change(ctx, "change a caller", func(tx *sql.Tx) error {
		before, err := callerRow(tx.QueryRowContext(ctx, callerQuery+` WHERE c.id = ?`, id))
		if errors.Is(err, sql.ErrNoRows) {
			return &stagedoor.Error{
				Op: "find a caller", Subject: "caller " + id, Kind: stagedoor.KindNotFound,
				Cause: "there is no caller by that id", Fix: "See `stagedoor caller list`.",
			}
		}
		if err != nil {
			return err
		}
		after := before
		if err := edit(&after); err != nil {
			return err
		}
		after.ID, after.Name, after.CredentialID = before.ID, before.Name, before.CredentialID
		values, err := callerValues(after)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE callers SET (`+callerColumns+`)
			= (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) WHERE id = ?`, append(values, id)...)
		return err
	})
}

// RevokeToken notes that an access token counts no more, and forgets those that
// have ended.
func (s *Store) RevokeToken(ctx context.Context, id string, expires time.Time) error {
	return s.change(ctx, "revoke an access token", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM revoked_tokens WHERE expires_at <= ?`, micros(s.wall())); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO revoked_tokens (id, expires_at) VALUES (?, ?)
			ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at`, id, micros(expires))
		return err
	})
}

// RevokedTokens returns the ids of the access tokens that were revoked and have
// not ended.
func (s *Store) RevokedTokens(ctx context.Context) ([]string, error) {
	const op = "list the revoked access tokens"
	rows, err := s.read.QueryContext(ctx, `SELECT id FROM revoked_tokens WHERE expires_at > ? ORDER BY id`, micros(s.wall()))
	if err != nil {
		return nil, s.explain(op, err)
	}
	defer rows.Close()
	var ids []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, s.explain(op, err)
		}
		ids = append(ids, id)
	}
	return ids, s.explain(op, rows.Err())
}

// UseAssertion notes that an assertion was used, reports whether for the first
// time, and forgets those that have ended.
func (s *Store) UseAssertion(ctx context.Context, id string, expires time.Time) (first bool, err error) {
	err = s.change(ctx, "note the use of an assertion", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM used_assertions WHERE expires_at <= ?`, micros(s.wall())); err != nil {
			return err
		}
		result, err := tx.ExecContext(ctx, `INSERT INTO used_assertions (id, expires_at) VALUES (?, ?) ON CONFLICT (id) DO NOTHING`, id, micros(expires))
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		first = n == 1
		return err
	})
	return first && err == nil, err
}

// callerValues are a caller's columns. Of its secrets there are hashes alone.
func callerValues(c stagedoor.Caller) ([]any, error) {
	rules, err := json.Marshal(c.Rules)
	if err != nil {
		return nil, err
	}
	secrets, err := json.Marshal(c.Secrets)
	if err != nil {
		return nil, err
	}
	allow := int64(0)
	if c.AllowToken {
		allow = 1
	}
	return []any{
		c.ID, c.Name, c.Description, c.CredentialID, string(rules), c.Share, allow, string(secrets), c.Keys,
		micros(c.CreatedAt), c.CreatedBy, micros(c.ChangedAt), c.ChangedBy, micros(c.ExpiresAt), micros(c.RevokedAt), c.RevokedBy,
	}, nil
}

// callerRow reads the columns of callerQuery.
func callerRow(row interface{ Scan(...any) error }) (stagedoor.Caller, error) {
	var c stagedoor.Caller
	err := row.Scan(
		&c.ID, &c.Name, &c.Description, &c.CredentialID, jsonColumn{&c.Rules}, &c.Share, &c.AllowToken, jsonColumn{&c.Secrets}, &c.Keys,
		timeColumn{&c.CreatedAt}, &c.CreatedBy, timeColumn{&c.ChangedAt}, &c.ChangedBy, timeColumn{&c.ExpiresAt}, timeColumn{&c.RevokedAt}, &c.RevokedBy,
		&c.Credential, &c.Provider, &c.CredentialStatus,
	)
	return c, err
}
