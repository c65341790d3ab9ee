package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/stagedoor/stagedoor"
)

const invitationColumns = `id, operator_id, hash, created_at, created_by, expires_at`

// Invitation returns the invitation with this hash and whom it invites; the zero
// ones where there is none.
func (s *Store) Invitation(ctx context.Context, hash []byte) (stagedoor.Invitation, stagedoor.Operator, error) {
	var i stagedoor.Invitation
	var o stagedoor.Operator
	row := s.read.QueryRowContext(ctx, `SELECT i.id, i.operator_id, i.hash, i.created_at, i.created_by, i.expires_at,
		o.id, o.name, o.role, o.password, o.created_at, o.created_by, o.password_at, o.last_sign_in_at
		FROM invitations i JOIN operators o ON o.id = i.operator_id WHERE i.hash = ?`, hash)
	err := row.Scan(&i.ID, &i.OperatorID, &i.Hash, timeColumn{&i.CreatedAt}, &i.CreatedBy, timeColumn{&i.ExpiresAt},
		&o.ID, &o.Name, &o.Role, &o.Password, timeColumn{&o.CreatedAt}, &o.CreatedBy, timeColumn{&o.PasswordAt}, timeColumn{&o.LastSignInAt})
	if errors.Is(err, sql.ErrNoRows) {
		return stagedoor.Invitation{}, stagedoor.Operator{}, nil
	}
	return i, o, s.explain("find an invitation", err)
}

// Invitations returns the invitations that were not accepted, also those that have
// ended.
func (s *Store) Invitations(ctx context.Context) ([]stagedoor.Invitation, error) {
	const op = "list the invitations"
	rows, err := s.read.QueryContext(ctx, `SELECT `+invitationColumns+` FROM invitations ORDER BY created_at, id`)
	if err != nil {
		return nil, s.explain(op, err)
	}
	defer rows.Close()
	var all []stagedoor.Invitation
	for rows.Next() {
		var i stagedoor.Invitation
		if err := rows.Scan(&i.ID, &i.OperatorID, &i.Hash, timeColumn{&i.CreatedAt}, &i.CreatedBy, timeColumn{&i.ExpiresAt}); err != nil {
			return nil, s.explain(op, err)
		}
		all = append(all, i)
	}
	return all, s.explain(op, rows.Err())
}

// AcceptInvitation uses an invitation up and sets its operator's password, once:
// of many at the same time one is told true.
func (s *Store) AcceptInvitation(ctx context.Context, id, password string, at time.Time) (accepted bool, err error) {
	err = s.change(ctx, "accept an invitation", func(tx *sql.Tx) error {
		var operatorID string
		err := tx.QueryRowContext(ctx, `DELETE FROM invitations WHERE id = ? AND expires_at > ? RETURNING operator_id`, id, micros(at)).Scan(&operatorID)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE operators SET password = ?, password_at = ? WHERE id = ?`, password, micros(at), operatorID); err != nil {
			return err
		}
		accepted = true
		return endSessions(ctx, tx, operatorID, "")
	})
	return accepted && err == nil, err
}

// invite gives an operator an invitation in the place of any that it had.
func invite(ctx context.Context, tx *sql.Tx, operatorID string, i stagedoor.Invitation) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM invitations WHERE operator_id = ?`, operatorID); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO invitations (`+invitationColumns+`) VALUES (?, ?, ?, ?, ?, ?)`,
		i.ID, operatorID, i.Hash, micros(i.CreatedAt), i.CreatedBy, micros(i.ExpiresAt))
	return err
}
