package store

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
)

// A Name is what a credential, a caller, a run and their like may be listed by
// without the key.
type Name struct {
	Slug, Name, Description, Status string
}

// Names lists the credentials of a database for those who type, in the order of
// their slugs. Unlike [Open] it makes and migrates nothing, needs no key and
// waits for nobody: a database that is not there, is not of this program's
// schema, or is locked has no names.
func Names(ctx context.Context, database string) ([]Name, error) {
	return peek(ctx, database, "list the credentials", `SELECT slug, name, description, status FROM credentials ORDER BY slug`)
}

// CallerNames does the same for callers; their Slug and Name are one, and their
// Status is "revoked" or nothing.
func CallerNames(ctx context.Context, database string) ([]Name, error) {
	return peek(ctx, database, "list the callers", `SELECT name, name, description,
		CASE revoked_at WHEN 0 THEN '' ELSE 'revoked' END FROM callers ORDER BY name`)
}

// OperatorTokenNames does the same for the tokens of operators; their Slug and
// Name are one, and their Description is the role.
func OperatorTokenNames(ctx context.Context, database string) ([]Name, error) {
	return peek(ctx, database, "list the operator tokens", `SELECT name, name, role, '' FROM operator_tokens ORDER BY name`)
}

// OperatorNames does the same for the people who sign in.
func OperatorNames(ctx context.Context, database string) ([]Name, error) {
	return peek(ctx, database, "list the operators", `SELECT name, name, role, '' FROM operators ORDER BY name`)
}

// RunNames does the same for the newest runs; their Slug and Name are one, the id,
// their Description is the credential, and their Status the state that is noted.
func RunNames(ctx context.Context, database string) ([]Name, error) {
	return peek(ctx, database, "list the runs", `SELECT id, id, credential, state FROM runs ORDER BY created_at DESC LIMIT 50`)
}

// ScheduleNames does the same for schedules; their Description is what they ask
// for when, and their Status is "paused" or nothing.
func ScheduleNames(ctx context.Context, database string) ([]Name, error) {
	return peek(ctx, database, "list the schedules", `SELECT name, name, cron || ' ' || zone,
		CASE paused_at WHEN 0 THEN '' ELSE 'paused' END FROM schedules ORDER BY name`)
}

// DestinationNames does the same for saved destinations; their Description is
// where they are, or what people wrote of them.
func DestinationNames(ctx context.Context, database string) ([]Name, error) {
	return peek(ctx, database, "list the destinations", `SELECT name, name,
		CASE description WHEN '' THEN place ELSE description END, '' FROM destinations ORDER BY name`)
}

func peek(ctx context.Context, database, op, query string) ([]Name, error) {
	path, err := sqlitePath(database)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	db, err := sql.Open("sqlite", dsn(path, "query_only(1)", "busy_timeout(0)")+"&mode=rw")
	if err != nil {
		return nil, err
	}
	defer db.Close()
	s := &Store{path: path}
	if version, err := s.schemaVersion(ctx, db); err != nil || version != currentSchema {
		return nil, err
	}
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, s.explain(op, err)
	}
	defer rows.Close()
	var names []Name
	for rows.Next() {
		var n Name
		if err := rows.Scan(&n.Slug, &n.Name, &n.Description, &n.Status); err != nil {
			return nil, s.explain(op, err)
		}
		names = append(names, n)
	}
	return names, s.explain(op, rows.Err())
}
