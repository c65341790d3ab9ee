package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/stagedoor/stagedoor"
)

const operatorColumns = `id, name, role, password, created_at, created_by, password_at, last_sign_in_at`

// AddOperator stores a new operator with the invitation to set a password. A name
// that is taken is [stagedoor.KindExists].
func (s *Store) AddOperator(ctx context.Context, o stagedoor.Operator, i stagedoor.Invitation) error {
	return s.change(ctx, "add an operator", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO operators (`+operatorColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
			o.ID, o.Name, string(o.Role), o.Password, micros(o.CreatedAt), o.CreatedBy, micros(o.PasswordAt), micros(o.LastSignInAt))
		if violates(err, sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY) {
			return &stagedoor.Error{
				Op: "invite an operator", Subject: "operator " + o.Name, Kind: stagedoor.KindExists, Err: err,
				Cause: "there is one by that name already",
				Fix:   "Choose another name; `stagedoor operator reset " + o.Name + "` makes a new link for the one that is there.",
			}
		}
		if err != nil {
			return err
		}
		return invite(ctx, tx, o.ID, i)
	})
}

// Operators returns all operators in the order of their names.
func (s *Store) Operators(ctx context.Context) ([]stagedoor.Operator, error) {
	const op = "list the operators"
	rows, err := s.read.QueryContext(ctx, `SELECT `+operatorColumns+` FROM operators ORDER BY name`)
	if err != nil {
		return nil, s.explain(op, err)
	}
	all, err := operatorRows(rows)
	return all, s.explain(op, err)
}

// UpdateOperator reads all operators, lets edit change the one of this name, and
// writes it back; nobody else's change can come between. An error of edit is
// returned and nothing is changed. edit must be quick and must not call the store.
// Its id and name stay what they are. With end set, its sessions end.
func (s *Store) UpdateOperator(ctx context.Context, name string, end bool, edit func(o *stagedoor.Operator, others []stagedoor.Operator) error) (stagedoor.Operator, error) {
	var after stagedoor.Operator
	err := s.change(ctx, "change an operator", func(tx *sql.Tx) error {
		before, others, err := operatorAmong(ctx, tx, name)
		if err != nil {
			return err
		}
		after = before
		if err := edit(&after, others); err != nil {
			return err
		}
		after.ID, after.Name = before.ID, before.Name
		if err := putOperator(ctx, tx, after); err != nil || !end {
			return err
		}
		return endSessions(ctx, tx, after.ID, "")
	})
	return after, err
}

// ResetOperator takes an operator's password and sessions away and gives it a new
// invitation in the place of any that it had. One that is not there is
// [stagedoor.KindNotFound].
func (s *Store) ResetOperator(ctx context.Context, name string, i stagedoor.Invitation) (stagedoor.Operator, error) {
	var o stagedoor.Operator
	err := s.change(ctx, "reset an operator", func(tx *sql.Tx) (err error) {
		if o, _, err = operatorAmong(ctx, tx, name); err != nil {
			return err
		}
		o.Password, o.PasswordAt = "", time.Time{}
		if err := errors.Join(putOperator(ctx, tx, o), endSessions(ctx, tx, o.ID, "")); err != nil {
			return err
		}
		return invite(ctx, tx, o.ID, i)
	})
	return o, err
}

// RemoveOperator removes an operator with its invitation and sessions, unless may
// says why not. One that is not there is [stagedoor.KindNotFound].
func (s *Store) RemoveOperator(ctx context.Context, name string, may func(o stagedoor.Operator, others []stagedoor.Operator) error) (stagedoor.Operator, error) {
	var o stagedoor.Operator
	err := s.change(ctx, "remove an operator", func(tx *sql.Tx) error {
		found, others, err := operatorAmong(ctx, tx, name)
		if err != nil {
			return err
		}
		if err := may(found, others); err != nil {
			return err
		}
		o = found
		if err := endSessions(ctx, tx, o.ID, ""); err != nil { // before it goes, so that its end is counted
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM operators WHERE id = ?`, o.ID)
		return err
	})
	return o, err
}

// SetPassword puts an operator's password in the place of former, and ends its
// sessions but the one to keep. Where former is no more what is there, it is
// [stagedoor.KindConflict] and nothing is changed.
func (s *Store) SetPassword(ctx context.Context, operatorID, former, password string, at time.Time, keep string) error {
	return s.change(ctx, "set a password", func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `UPDATE operators SET password = ?, password_at = ? WHERE id = ? AND password = ?`,
			password, micros(at), operatorID, former)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, &stagedoor.Error{
				Op: "set a password", Kind: stagedoor.KindConflict, Cause: "it was changed, or taken away, in the meantime", Fix: "Sign in again.",
			})
		}
		return endSessions(ctx, tx, operatorID, keep)
	})
}

// operatorAmong is the operator of this name, and all others.
func operatorAmong(ctx context.Context, tx *sql.Tx, name string) (stagedoor.Operator, []stagedoor.Operator, error) {
	rows, err := tx.QueryContext(ctx, `SELECT `+operatorColumns+` FROM operators ORDER BY name`)
	if err != nil {
		return stagedoor.Operator{}, nil, err
	}
	all, err := operatorRows(rows)
	if err != nil {
		return stagedoor.Operator{}, nil, err
	}
	for i, o := range all {
		if o.Name == name {
			return o, append(all[:i:i], all[i+1:]...), nil
		}
	}
	return stagedoor.Operator{}, nil, &stagedoor.Error{
		Op: "find an operator", Subject: "operator " + stagedoor.Outside(name, 64), Kind: stagedoor.KindNotFound,
		Cause: "there is none by that name", Fix: "See `stagedoor operator list`.",
	}
}

func operatorRows(rows *sql.Rows) ([]stagedoor.Operator, error) {
	defer rows.Close()
	var all []stagedoor.Operator
	for rows.Next() {
		o, err := operatorRow(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, o)
	}
	return all, rows.Err()
}

func operatorRow(row interface{ Scan(...any) error }) (stagedoor.Operator, error) {
	var o stagedoor.Operator
	err := row.Scan(&o.ID, &o.Name, &o.Role, &o.Password, timeColumn{&o.CreatedAt}, &o.CreatedBy, timeColumn{&o.PasswordAt}, timeColumn{&o.LastSignInAt})
	return o, err
}

// putOperator writes an operator's row anew.
func putOperator(ctx context.Context, tx *sql.Tx, o stagedoor.Operator) error {
	_, err := tx.ExecContext(ctx, `UPDATE operators SET role = ?, password = ?, password_at = ?, last_sign_in_at = ? WHERE id = ?`,
		string(o.Role), o.Password, micros(o.PasswordAt), micros(o.LastSignInAt), o.ID)
	return err
}
