package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/stagedoor/stagedoor"
)

const credentialColumns = `id, slug, name, description, provider, plan, purposes, labels,
	token_url, api_url, validation_url, allow_hosts, status, status_reason, used,
	created_at, created_by, changed_at, changed_by, secret_set_at, checked_at, checked_by,
	data_key, fields`

// AddCredential stores a new credential; a slug or an id that is taken is
// [stagedoor.KindExists].
func (s *Store) AddCredential(ctx context.Context, c stagedoor.SealedCredential) error {
	values, err := credentialValues(c)
	if err != nil {
		return s.explain("add a credential", err)
	}
	return s.change(ctx, "add a credential", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO credentials (`+credentialColumns+`)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, values...)
		return taken(c.Slug, err)
	})
}

// Credential returns the credential that has this slug, or else this id;
// [stagedoor.KindNotFound] if there is none.
func (s *Store) Credential(ctx context.Context, slugOrID string) (stagedoor.SealedCredential, error) {
	c, err := credentialRow(s.read.QueryRowContext(ctx, `SELECT `+credentialColumns+` FROM credentials
		WHERE slug = ? OR id = ? ORDER BY slug = ? DESC LIMIT 1`, slugOrID, slugOrID, slugOrID))
	if errors.Is(err, sql.ErrNoRows) {
		err = missing(slugOrID)
	}
	return c, s.explain("read a credential", err)
}

// Credentials returns all credentials in the order of their slugs.
func (s *Store) Credentials(ctx context.Context) ([]stagedoor.SealedCredential, error) {
	const op = "list the credentials"
	rows, err := s.read.QueryContext(ctx, `SELECT `+credentialColumns+` FROM credentials ORDER BY slug`)
	if err != nil {
		return nil, s.explain(op, err)
	}
	defer rows.Close()
	var all []stagedoor.SealedCredential
	for rows.Next() {
		c, err := credentialRow(rows)
		if err != nil {
			return nil, s.explain(op, err)
		}
		all = append(all, c)
	}
	return all, s.explain(op, rows.Err())
}

// UpdateCredential reads the credential with this id, lets edit change it, and
// writes it back; nobody else's change can come between. An error of edit is
// returned and nothing is changed. edit must be quick and must not call the
// store.
//
// When edit leaves another data key, whatever the old one sealed cannot be
// opened any more: the token row loses its token, its refusal and its lease,
// and its fence grows, so that whoever is minting now throws the token away.
func (s *Store) UpdateCredential(ctx context.Context, id string, edit func(*stagedoor.SealedCredential) error) error {
	return s.change(ctx, "change a credential", func(tx *sql.Tx) error {
		c, err := credentialRow(tx.QueryRowContext(ctx, `SELECT `+credentialColumns+` FROM credentials WHERE id = ?`, id))
		if errors.Is(err, sql.ErrNoRows) {
			return missing(id)
		}
		if err != nil {
			return err
		}
		key := bytes.Clone(c.DataKey)
		if err := edit(&c); err != nil {
			return err
		}
		c.ID = id
		values, err := credentialValues(c)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE credentials SET (`+credentialColumns+`)
			= (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) WHERE id = ?`, append(values, id)...)
		if err != nil {
			return taken(c.Slug, err)
		}
		if bytes.Equal(key, c.DataKey) {
			return nil
		}
		_, err = tx.ExecContext(ctx, `UPDATE tokens SET sealed = NULL, expiry = 0, fence = fence + 1,
			leased_at = 0, lease_until = 0, refused = NULL, refused_at = 0 WHERE credential_id = ?`, id)
		return err
	})
}

// RemoveCredential removes the credential with this id and its token row, and
// with them the only copy of its data key: the pages are overwritten, and the
// write-ahead log, which still holds them, is folded in and cut to nothing. (A
// process that reads for longer than 10 s delays that to the next removal or
// to the last process's end.)
func (s *Store) RemoveCredential(ctx context.Context, id string) error {
	const op = "remove a credential"
	err := s.change(ctx, op, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `DELETE FROM credentials WHERE id = ?`, id)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, missing(id))
		}
		return nil
	})
	if err != nil {
		return err
	}
	_, err = s.write.ExecContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`)
	return s.explain(op, err)
}

// credentialValues are a credential's columns. The account id, the client id
// and the secrets are not among them: they are in Fields, sealed.
func credentialValues(c stagedoor.SealedCredential) ([]any, error) {
	var texts [4]string
	var errs [4]error
	texts[0], errs[0] = jsonText(c.Purposes)
	texts[1], errs[1] = jsonText(c.Labels)
	texts[2], errs[2] = jsonText(c.AllowHosts)
	texts[3], errs[3] = jsonText(c.Fields)
	used := int64(0)
	if c.Used {
		used = 1
	}
	return []any{
		c.ID, c.Slug, c.Name, c.Description, c.Provider, string(c.Plan), texts[0], texts[1],
		c.TokenURL, c.APIURL, c.ValidationURL, texts[2], string(c.Status), c.StatusReason, used,
		micros(c.CreatedAt), c.CreatedBy, micros(c.ChangedAt), c.ChangedBy, micros(c.SecretSetAt), micros(c.CheckedAt), c.CheckedBy,
		c.DataKey, texts[3],
	}, errors.Join(errs[:]...)
}

// credentialRow reads the columns of credentialColumns.
func credentialRow(row interface{ Scan(...any) error }) (stagedoor.SealedCredential, error) {
	var c stagedoor.SealedCredential
	err := row.Scan(
		&c.ID, &c.Slug, &c.Name, &c.Description, &c.Provider, &c.Plan, jsonColumn{&c.Purposes}, jsonColumn{&c.Labels},
		&c.TokenURL, &c.APIURL, &c.ValidationURL, jsonColumn{&c.AllowHosts}, &c.Status, &c.StatusReason, &c.Used,
		timeColumn{&c.CreatedAt}, &c.CreatedBy, timeColumn{&c.ChangedAt}, &c.ChangedBy, timeColumn{&c.SecretSetAt}, timeColumn{&c.CheckedAt}, &c.CheckedBy,
		&c.DataKey, jsonColumn{&c.Fields},
	)
	return c, err
}

func missing(slugOrID string) error {
	return &stagedoor.Error{
		Op: "find a credential", Subject: "credential " + slugOrID, Kind: stagedoor.KindNotFound,
		Cause: "there is no credential by that name", Fix: "See `stagedoor credential list`.",
	}
}

// taken explains a refusal of the slug, and returns any other error as it is.
func taken(slug string, err error) error {
	if !violates(err, sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY) {
		return err
	}
	return &stagedoor.Error{
		Op: "save a credential", Subject: "credential " + slug, Kind: stagedoor.KindExists, Err: err,
		Cause: "there is a credential by that name already",
		Fix:   "Choose another name, or change the one that is there with `stagedoor credential edit " + slug + "`.",
	}
}
