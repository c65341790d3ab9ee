package store

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
)

// A Name is what a credential may be listed by without the key.
type Name struct {
	Slug, Name, Description, Status string
}

// Names lists the credentials of a database for those who type, in the order of
// their slugs. Unlike [Open] it makes and migrates nothing, needs no key and
// waits for nobody: a database that is not there, is not of this program's
// schema, or is locked has no names.
func Names(ctx context.Context, database string) ([]Name, error) {
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
	rows, err := db.QueryContext(ctx, `SELECT slug, name, description, status FROM credentials ORDER BY slug`)
	if err != nil {
		return nil, s.explain("list the credentials", err)
	}
	defer rows.Close()
	var names []Name
	for rows.Next() {
		var n Name
		if err := rows.Scan(&n.Slug, &n.Name, &n.Description, &n.Status); err != nil {
			return nil, s.explain("list the credentials", err)
		}
		names = append(names, n)
	}
	return names, s.explain("list the credentials", rows.Err())
}
