package store

import (
	"context"
	"database/sql"

	"github.com/stagedoor/stagedoor"
)

const auditColumns = `arrival, chain, sequence, at, line, mac`

// AppendAudit writes rows at the end of the audit. compose is given how the audit
// ends and how far the chain reaches that it writes to (chain 0: none yet), and
// returns the rows in their order; nobody else's rows come between. An error of
// compose is returned and nothing is written. compose must be quick and must not
// call the store.
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
	own, err := auditEnds(tx.QueryContext(ctx, `SELECT number, sequence, mac, arrival FROM audit_chains WHERE number = ?`, chain))
	if err != nil {
		return state, err
	}
	if len(own) > 0 {
		state.Own = own[0]
	}
	state.Opening, err = auditMaybe(tx.QueryRowContext(ctx, `SELECT `+auditColumns+` FROM audit_lines
		WHERE chain = (SELECT max(number) FROM audit_chains) AND sequence = 0`))
	if err != nil {
		return state, err
	}
	state.Ends, err = auditEnds(tx.QueryContext(ctx, `SELECT number, sequence, mac, arrival FROM audit_chains
		WHERE arrival > ? ORDER BY number`, state.Opening.Arrival))
	if err != nil {
		return state, err
	}
	state.Anchor, err = auditAnchor(tx.QueryRowContext(ctx, `SELECT document FROM audit_anchor`))
	return state, err
}

// PruneAudit removes the oldest lines. decide is given at most limit of them, and
// returns the arrival of the last one to remove (0: none) and the anchor that
// takes their place; nobody else's rows come between. It must be quick and must
// not call the store.
func (s *Store) PruneAudit(ctx context.Context, limit int, decide func(stagedoor.AuditOldest) (last int64, anchor []byte, err error)) error {
	return s.change(ctx, "remove old lines of the audit", func(tx *sql.Tx) error {
		oldest, err := auditOldest(ctx, tx, limit)
		if err != nil {
			return err
		}
		last, anchor, err := decide(oldest)
		if err != nil || last == 0 {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO audit_anchor (one, document) VALUES (1, ?)
			ON CONFLICT (one) DO UPDATE SET document = excluded.document`, string(anchor))
		for _, remove := range []string{`DELETE FROM audit_lines WHERE arrival <= ?`, `DELETE FROM audit_chains WHERE arrival <= ?`} {
			if err == nil {
				_, err = tx.ExecContext(ctx, remove, last)
			}
		}
		return err
	})
}

func auditOldest(ctx context.Context, tx *sql.Tx, limit int) (oldest stagedoor.AuditOldest, err error) {
	oldest.Rows, err = auditRows(tx.QueryContext(ctx, `SELECT `+auditColumns+` FROM audit_lines
		WHERE arrival < (SELECT max(arrival) FROM audit_lines) ORDER BY arrival LIMIT ?`, limit))
	if err != nil {
		return oldest, err
	}
	oldest.Ends = map[int64]stagedoor.AuditEnd{}
	for _, r := range oldest.Rows {
		if _, known := oldest.Ends[r.Chain]; known {
			continue
		}
		ends, err := auditEnds(tx.QueryContext(ctx, `SELECT number, sequence, mac, arrival FROM audit_chains WHERE number = ?`, r.Chain))
		if err != nil {
			return oldest, err
		}
		if len(ends) > 0 {
			oldest.Ends[r.Chain] = ends[0]
		}
	}
	oldest.Anchor, err = auditAnchor(tx.QueryRowContext(ctx, `SELECT document FROM audit_anchor`))
	return oldest, err
}
