package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"

	sqlite3 "modernc.org/sqlite/lib"

	"github.com/stagedoor/stagedoor"
)

// troublePrint is the same for troubles that count as one.
func troublePrint(t stagedoor.Trouble) string {
	text, _ := json.Marshal([]string{t.Op, string(t.Kind), t.Cause})
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

// AddTroubles notes what went wrong with a credential, and forgets all but the newest
// [stagedoor.TroublesKept]. Of a credential that is gone nothing is noted.
func (s *Store) AddTroubles(ctx context.Context, credentialID string, list []stagedoor.Trouble) error {
	return s.change(ctx, "note what went wrong", func(tx *sql.Tx) error {
		for _, t := range list {
			at, last, count, print := micros(t.At), micros(t.LastAt), t.Count, troublePrint(t)
			document, err := json.Marshal(t)
			if err != nil {
				return err
			}
			_, err = tx.ExecContext(ctx, `INSERT INTO credential_troubles (credential_id, print, first_at, last_at, count, document) VALUES (?, ?, ?, ?, ?, ?)
				ON CONFLICT (credential_id, print) DO UPDATE SET count = count + excluded.count, first_at = min(first_at, excluded.first_at),
					document = CASE WHEN excluded.last_at >= last_at THEN excluded.document ELSE document END, last_at = max(last_at, excluded.last_at)`,
				credentialID, print, at, last, count, string(document))
			if violates(err, sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY) {
				return nil
			}
			if err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM credential_troubles WHERE credential_id = ? AND print NOT IN
			(SELECT print FROM credential_troubles WHERE credential_id = ? ORDER BY last_at DESC, print LIMIT ?)`, credentialID, credentialID, stagedoor.TroublesKept)
		return err
	})
}

// Troubles returns what went wrong with a credential, the newest first.
func (s *Store) Troubles(ctx context.Context, credentialID string) ([]stagedoor.Trouble, error) {
	const op = "read what went wrong"
	rows, err := s.read.QueryContext(ctx, `SELECT first_at, last_at, count, document FROM credential_troubles
		WHERE credential_id = ? ORDER BY last_at DESC, print`, credentialID)
	if err != nil {
		return nil, s.explain(op, err)
	}
	defer rows.Close()
	var list []stagedoor.Trouble
	for rows.Next() {
		var t stagedoor.Trouble
		var document string
		first, last := t.At, t.LastAt
		if err := rows.Scan(timeColumn{&first}, timeColumn{&last}, &t.Count, &document); err != nil {
			return nil, s.explain(op, err)
		}
		count := t.Count
		if err := json.Unmarshal([]byte(document), &t); err != nil {
			return nil, s.explain(op, err)
		}
		t.At, t.LastAt, t.Count = first, last, count
		list = append(list, t)
	}
	return list, s.explain(op, rows.Err())
}
