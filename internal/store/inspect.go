package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/stagedoor/stagedoor"
)

// Inspection is what [Inspect] found.
type Inspection struct {
	Schema, Known int64 // the file's schema version, and this program's
	Credentials   int
	Problems      []string // in SQLite's words; none: the file is whole
}

// Inspect looks a database over from end to end and changes nothing: it makes
// no file, no table, and narrows no mode. A file that is not a database of
// Stagedoor, or of a newer one, is the error that [Open] has for it.
func Inspect(ctx context.Context, database string) (found Inspection, err error) {
	const op = "look the database over"
	found.Known = currentSchema
	path, err := sqlitePath(database)
	if err != nil {
		return found, err
	}
	s := &Store{path: path}
	if s.read, err = s.handle(1, "query_only(1)"); err != nil {
		return found, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if found.Schema, err = s.schemaVersion(ctx, s.read); err != nil {
		return found, err
	}
	rows, err := s.read.QueryContext(ctx, `PRAGMA integrity_check(10)`)
	if err != nil {
		return found, s.explain(op, err)
	}
	defer rows.Close()
	for rows.Next() {
		var said string
		if err := rows.Scan(&said); err != nil {
			return found, s.explain(op, err)
		}
		if said != "ok" {
			found.Problems = append(found.Problems, stagedoor.Outside(said, 200))
		}
	}
	if err := rows.Err(); err != nil {
		return found, s.explain(op, err)
	}
	if found.Schema == 0 || len(found.Problems) > 0 {
		return found, nil
	}
	return found, s.explain(op, s.read.QueryRowContext(ctx, `SELECT count(*) FROM credentials`).Scan(&found.Credentials))
}

// Damage is the error for a file whose inspection found problems.
func (i Inspection) Damage(path string) error {
	if len(i.Problems) == 0 {
		return nil
	}
	return &stagedoor.Error{
		Op: "look the database over", Subject: path, Kind: stagedoor.KindStore,
		Cause: fmt.Sprintf("the database file is damaged: %s", stagedoor.Outside(strings.Join(i.Problems, "; "), 300)),
		Fix:   "Keep a copy of the file (`cp " + path + " " + path + ".damaged`) and restore it from a backup. Without one, move it away and add the credentials again.",
	}
}
