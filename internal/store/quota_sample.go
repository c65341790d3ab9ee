package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"github.com/stagedoor/stagedoor"
)

// AddQuotaSample notes what was called of an account by a time; one of the same time
// before is replaced. Samples from before a time are forgotten.
func (s *Store) AddQuotaSample(ctx context.Context, account string, sample stagedoor.QuotaSample, before time.Time) error {
	document, err := json.Marshal(sample.Lines)
	if err != nil {
		return err
	}
	return s.change(ctx, "note a sample of a quota", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO quota_samples (account, at, document) VALUES (?, ?, ?)
			ON CONFLICT (account, at) DO UPDATE SET document = excluded.document`, account, micros(sample.At), string(document)); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM quota_samples WHERE account = ? AND at < ?`, account, micros(before))
		return err
	})
}

// QuotaSamples returns what was noted of an account from since until before until, the
// oldest first.
func (s *Store) QuotaSamples(ctx context.Context, account string, since, until time.Time) ([]stagedoor.QuotaSample, error) {
	const op = "read the samples of a quota"
	rows, err := s.read.QueryContext(ctx, `SELECT at, document FROM quota_samples WHERE account = ? AND at >= ? AND at < ? ORDER BY at`,
		account, micros(since), micros(until))
	if err != nil {
		return nil, s.explain(op, err)
	}
	defer rows.Close()
	var list []stagedoor.QuotaSample
	for rows.Next() {
		var sample stagedoor.QuotaSample
		var document string
		if err := rows.Scan(timeColumn{&sample.At}, &document); err != nil {
			return nil, s.explain(op, err)
		}
		if err := json.Unmarshal([]byte(document), &sample.Lines); err != nil {
			return nil, s.explain(op, err)
		}
		list = append(list, sample)
	}
	return list, s.explain(op, rows.Err())
}
