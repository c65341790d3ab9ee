package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/stagedoor/stagedoor"
)

const auditColumns = `arrival, chain, sequence, at, line, mac`

// AppendAudit writes rows at the end of the audit. compose is given how far the
// process's chain reaches (chain 0: it has none yet) and what it needs in order to
// open one, and returns the rows in their order; nobody else's rows come between.
// An error of compose is returned and nothing is written. compose must be quick
// and must not call the store.
func (s *Store) AppendAudit(ctx context.Context, chain int64, compose func(stagedoor.AuditState) ([]stagedoor.AuditRow, error)) error {
	return s.change(ctx, "write the audit", func(tx *sql.Tx) error {
		state, err := auditState(ctx, tx, chain)
		if err != nil {
			return err
		}
		rows, err := compose(state)
		if err != nil || len(rows) == 0 {
			return err
		}
		insert, err := tx.PrepareContext(ctx, `INSERT INTO audit_lines (chain, sequence, at, line, mac) VALUES (?, ?, ?, ?, ?)`)
		if err != nil {
			return err
		}
		defer insert.Close()
		ends := map[int64]stagedoor.AuditEnd{}
		for _, r := range rows {
			result, err := insert.ExecContext(ctx, r.Chain, r.Sequence, micros(r.At), r.Line, r.MAC)
			if err != nil {
				return err
			}
			arrival, err := result.LastInsertId()
			if err != nil {
				return err
			}
			ends[r.Chain] = stagedoor.AuditEnd{Chain: r.Chain, Sequence: r.Sequence, MAC: r.MAC, Arrival: arrival}
		}
		for _, e := range ends {
			_, err := tx.ExecContext(ctx, `INSERT INTO audit_chains (number, sequence, mac, arrival) VALUES (?, ?, ?, ?)
				ON CONFLICT (number) DO UPDATE SET sequence = excluded.sequence, mac = excluded.mac, arrival = excluded.arrival`,
				e.Chain, e.Sequence, e.MAC, e.Arrival)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// auditState reads what [stagedoor.AuditState] holds.
func auditState(ctx context.Context, tx *sql.Tx, chain int64) (state stagedoor.AuditState, err error) {
	state.Own, err = auditEnd(tx.QueryRowContext(ctx, `SELECT number, sequence, mac, arrival FROM audit_chains WHERE number = ?`, chain))
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return state, err
	}
	state.Opening, err = auditRow(tx.QueryRowContext(ctx, `SELECT `+auditColumns+` FROM audit_lines
		WHERE chain = (SELECT max(number) FROM audit_chains) AND sequence = 0`))
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return state, err
	}
	if state.Ends, err = auditEnds(ctx, tx, state.Opening.Arrival); err != nil {
		return state, err
	}
	state.Anchor, err = auditAnchor(ctx, tx)
	return state, err
}

// auditEnds returns the ends of the chains that were written to after a row.
func auditEnds(ctx context.Context, tx *sql.Tx, after int64) ([]stagedoor.AuditEnd, error) {
	rows, err := tx.QueryContext(ctx, `SELECT number, sequence, mac, arrival FROM audit_chains WHERE arrival > ? ORDER BY number`, after)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var ends []stagedoor.AuditEnd
	for rows.Next() {
		e, err := auditEnd(rows)
		if err != nil {
			return nil, err
		}
		ends = append(ends, e)
	}
	return ends, rows.Err()
}

func auditAnchor(ctx context.Context, tx *sql.Tx) ([]byte, error) {
	var document []byte
	err := tx.QueryRowContext(ctx, `SELECT document FROM audit_anchor`).Scan(&document)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return document, err
}

func auditEnd(row interface{ Scan(...any) error }) (stagedoor.AuditEnd, error) {
	var e stagedoor.AuditEnd
	err := row.Scan(&e.Chain, &e.Sequence, &e.MAC, &e.Arrival)
	return e, err
}

func auditRow(row interface{ Scan(...any) error }) (stagedoor.AuditRow, error) {
	var r stagedoor.AuditRow
	err := row.Scan(&r.Arrival, &r.Chain, &r.Sequence, timeColumn{&r.At}, &r.Line, &r.MAC)
	return r, err
}
