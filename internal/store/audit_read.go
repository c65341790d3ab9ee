package store

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Audit lists lines.
func (s *Store) Audit(ctx context.Context, q stagedoor.AuditQuery) ([]stagedoor.AuditRow, error) {
	where, values := []string{"sequence > 0"}, []any{}
	add := func(condition string, value any) {
		where, values = append(where, condition), append(values, value)
	}
	if !q.Since.IsZero() {
		add("at >= ?", micros(q.Since))
	}
	if !q.Until.IsZero() {
		add("at < ?", micros(q.Until))
	}
	for _, field := range []struct{ name, value string }{{"actor", q.Actor}, {"credential", q.Credential}, {"action", q.Action}} {
		if field.value != "" {
			// From the text itself: a column beside it would be one more thing
			// that an attacker could change.
			// One that is not readable is shown whatever is looked for, and does not
			// keep the others from being found.
			add("CASE WHEN json_valid(line) THEN json_extract(line, '$."+field.name+"') = ? ELSE 1 END", field.value)
		}
	}
	if q.BeforeArrival != 0 {
		where, values = append(where, "(at, arrival) < (?, ?)"), append(values, micros(q.Before), q.BeforeArrival)
	}
	if q.Failed {
		where = append(where, "CASE WHEN json_valid(line) THEN json_extract(line, '$.result') <> 'ok' ELSE 1 END")
	}
	order := "at DESC, arrival DESC"
	if q.Following {
		order = "arrival"
		add("arrival > ?", q.After)
	}
	rows, err := s.read.QueryContext(ctx, `SELECT `+auditColumns+` FROM audit_lines
		WHERE `+strings.Join(where, " AND ")+` ORDER BY `+order+` LIMIT ?`, append(values, q.Limit)...)
	list, err := auditRows(rows, err)
	return list, s.explain("read the audit", err)
}

// AuditArrived returns the arrival of the newest row; 0 if there is none.
func (s *Store) AuditArrived(ctx context.Context) (int64, error) {
	var arrival int64
	err := s.read.QueryRowContext(ctx, `SELECT coalesce(max(arrival), 0) FROM audit_lines`).Scan(&arrival)
	return arrival, s.explain("read the audit", err)
}

// OldestAudit returns the time of the row that arrived first; zero if there is
// none.
func (s *Store) OldestAudit(ctx context.Context) (time.Time, error) {
	var at time.Time
	err := s.read.QueryRowContext(ctx, `SELECT at FROM audit_lines ORDER BY arrival LIMIT 1`).Scan(timeColumn{&at})
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return at, s.explain("read the audit", err)
}

// ReadAudit lets read look at the whole audit as it is at one moment, whatever is
// written meanwhile. An error of read is returned.
func (s *Store) ReadAudit(ctx context.Context, read func(stagedoor.AuditReader) error) error {
	const op = "read the audit"
	// Not BEGIN IMMEDIATE: who reads is in nobody's way.
	conn, err := s.read.Conn(ctx)
	if err != nil {
		return s.explain(op, err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, `BEGIN DEFERRED`); err != nil {
		return s.explain(op, err)
	}
	err = read(auditReader{ctx, conn})
	_, ending := conn.ExecContext(context.WithoutCancel(ctx), `ROLLBACK`)
	return s.explain(op, errors.Join(err, ending))
}

type auditReader struct {
	ctx  context.Context // of ReadAudit, beyond which the reader does not live
	conn *sql.Conn
}

func (r auditReader) Rows(after stagedoor.AuditRow, limit int) ([]stagedoor.AuditRow, error) {
	if after.Chain == 0 && after.Sequence == 0 && after.Arrival == 0 {
		// Also before all numbers that we give out, where others may have put lines.
		after.Chain, after.Sequence, after.Arrival = math.MinInt64, math.MinInt64, math.MinInt64
	}
	return auditRows(r.conn.QueryContext(r.ctx, `SELECT `+auditColumns+` FROM audit_lines
		WHERE (chain, sequence, arrival) > (?, ?, ?) ORDER BY chain, sequence, arrival LIMIT ?`, after.Chain, after.Sequence, after.Arrival, limit))
}

func (r auditReader) Row(chain, sequence int64) (stagedoor.AuditRow, error) {
	return auditMaybe(r.conn.QueryRowContext(r.ctx, `SELECT `+auditColumns+` FROM audit_lines WHERE chain = ? AND sequence = ?`, chain, sequence))
}

func (r auditReader) End(chain int64) (stagedoor.AuditRow, error) {
	return auditMaybe(r.conn.QueryRowContext(r.ctx, `SELECT `+auditColumns+` FROM audit_lines WHERE chain = ? ORDER BY sequence DESC LIMIT 1`, chain))
}

func (r auditReader) Ends(after int64, limit int) ([]stagedoor.AuditEnd, error) {
	return auditEnds(r.conn.QueryContext(r.ctx, `SELECT number, sequence, mac, arrival FROM audit_chains WHERE number > ? ORDER BY number LIMIT ?`, after, limit))
}

func (r auditReader) Anchor() ([]byte, error) {
	return auditAnchor(r.conn.QueryRowContext(r.ctx, `SELECT document FROM audit_anchor`))
}

func auditRows(rows *sql.Rows, err error) ([]stagedoor.AuditRow, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []stagedoor.AuditRow
	for rows.Next() {
		r, err := auditRow(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

func auditEnds(rows *sql.Rows, err error) ([]stagedoor.AuditEnd, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var ends []stagedoor.AuditEnd
	for rows.Next() {
		var e stagedoor.AuditEnd
		if err := rows.Scan(&e.Chain, &e.Sequence, &e.MAC, &e.Arrival); err != nil {
			return nil, err
		}
		ends = append(ends, e)
	}
	return ends, rows.Err()
}

func auditAnchor(row *sql.Row) ([]byte, error) {
	var document []byte
	err := row.Scan(&document)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return document, err
}

func auditRow(row interface{ Scan(...any) error }) (stagedoor.AuditRow, error) {
	var r stagedoor.AuditRow
	err := row.Scan(&r.Arrival, &r.Chain, &r.Sequence, timeColumn{&r.At}, &r.Line, &r.MAC)
	return r, err
}

// auditMaybe is auditRow for a row that may not be there.
func auditMaybe(row *sql.Row) (stagedoor.AuditRow, error) {
	r, err := auditRow(row)
	if errors.Is(err, sql.ErrNoRows) {
		return stagedoor.AuditRow{}, nil
	}
	return r, err
}

// LastUses returns the newest lines of the audit that are of a credential, at most so
// many, newest first.
func (s *Store) LastUses(ctx context.Context, slug string, limit int) ([]stagedoor.AuditRow, error) {
	return s.lastLines(ctx, "credential", slug, limit)
}

// LastActs does the same for what an actor did.
func (s *Store) LastActs(ctx context.Context, actor string, limit int) ([]stagedoor.AuditRow, error) {
	return s.lastLines(ctx, "actor", actor, limit)
}

// lastLines asks by what the indexes are made of.
func (s *Store) lastLines(ctx context.Context, field, value string, limit int) ([]stagedoor.AuditRow, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT `+auditColumns+` FROM audit_lines
		WHERE CASE WHEN json_valid(line) THEN json_extract(line, '$.`+field+`') END = ? AND sequence > 0 ORDER BY at DESC LIMIT ?`, value, limit)
	list, err := auditRows(rows, err)
	return list, s.explain("read the audit", err)
}
