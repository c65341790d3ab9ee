package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/stagedoor/stagedoor"
)

// column is a column of a table as it is declared.
type column struct{ name, kind string }

// ours are the columns by which a table is known to be Stagedoor's.
func ours() []column {
	return []column{
		{"_key", "TEXT"},
		{"_params", "TEXT"},
		{"_run", "TEXT"},
		{"_pulled_at", "TEXT"},
		{"_deleted_at", "TEXT"},
		{"_raw", "TEXT"},
	}
}

// table is where one stream's rows lie.
type table struct {
	name    string
	columns []column // the stream's own
}

func tableOf(stream stagedoor.Stream) table {
	t := table{name: stream.Name}
	for _, c := range stream.Columns {
		t.columns = append(t.columns, column{c.Name, declared(c.Type)})
	}
	return t
}

// quote makes a name out of any text, also out of an SQL keyword.
func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// missing looks at what lies in the file under the table's name, and returns
// the columns that it lacks: all of them where there is no table. A table that
// somebody else made, or with a column of another type, is an error.
func (t table) missing(ctx context.Context, do doer) (lacks []column, exists bool, err error) {
	var kind string
	err = do.QueryRowContext(ctx, "SELECT type FROM main.sqlite_schema WHERE name = ? COLLATE NOCASE", t.name).Scan(&kind)
	if errors.Is(err, sql.ErrNoRows) {
		return append(ours(), t.columns...), false, nil
	}
	if err != nil {
		return nil, false, err
	}
	if kind != "table" {
		return nil, true, t.foreign(fmt.Sprintf("there is a %s of the name %q already", kind, t.name))
	}
	has, key, err := t.look(ctx, do)
	if err != nil {
		return nil, true, err
	}
	for _, c := range ours() {
		if _, ok := has[c.name]; !ok {
			return nil, true, t.foreign(fmt.Sprintf("the table %q was not made by Stagedoor: it has no column %s", t.name, c.name))
		}
	}
	if !slices.Equal(key, []string{"_key"}) {
		return nil, true, t.foreign(fmt.Sprintf("the table %q was not made by Stagedoor: its primary key is not _key", t.name))
	}
	for _, c := range t.columns {
		kind, ok := has[strings.ToLower(c.name)]
		switch {
		case !ok:
			lacks = append(lacks, c)
		case !strings.EqualFold(kind, c.kind):
			return nil, true, &stagedoor.Error{
				Op: "write " + t.name, Kind: stagedoor.KindDestination,
				Cause: fmt.Sprintf("the column %q of the table %q is declared %s, and this version of the stream writes %s", c.name, t.name, kind, c.kind),
				Fix:   "Rename the table (ALTER TABLE " + quote(t.name) + " RENAME TO …), and run the sync again with --full-refresh.",
			}
		}
	}
	return lacks, true, nil
}

// look returns the declared types of the table's columns by their names in
// lower case (SQLite tells names apart without letter case), and its key.
func (t table) look(ctx context.Context, do doer) (has map[string]string, key []string, err error) {
	rows, err := do.QueryContext(ctx, "SELECT name, type, pk FROM pragma_table_xinfo(?, 'main')", t.name)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	has = map[string]string{}
	for rows.Next() {
		var name, kind string
		var pk int
		if err := rows.Scan(&name, &kind, &pk); err != nil {
			return nil, nil, err
		}
		has[strings.ToLower(name)] = kind
		if pk > 0 {
			key = append(key, name)
		}
	}
	return has, key, rows.Err()
}

func (t table) foreign(cause string) error {
	return &stagedoor.Error{
		Op: "write " + t.name, Kind: stagedoor.KindDestination,
		Cause: cause + "; it was left as it is",
		Fix:   "Give Stagedoor a file of its own, or rename what is there.",
	}
}

// make creates the table or adds the columns that it lacks.
func (t table) make(ctx context.Context, do doer) error {
	lacks, exists, err := t.missing(ctx, do)
	if err != nil {
		return err
	}
	if !exists {
		_, err := do.ExecContext(ctx, t.createSQL())
		return err
	}
	for _, c := range lacks {
		if _, err := do.ExecContext(ctx, "ALTER TABLE main."+quote(t.name)+" ADD COLUMN "+quote(c.name)+" "+c.kind); err != nil {
			return err
		}
	}
	return nil
}

func (t table) createSQL() string {
	parts := []string{`"_key" TEXT NOT NULL PRIMARY KEY`}
	for _, c := range t.columns {
		parts = append(parts, quote(c.name)+" "+c.kind)
	}
	for _, c := range ours()[1:] {
		part := quote(c.name) + " " + c.kind
		if c.name != "_deleted_at" {
			part += " NOT NULL"
		}
		parts = append(parts, part)
	}
	return "CREATE TABLE main." + quote(t.name) + " (" + strings.Join(parts, ", ") + ")"
}

// The staged rows of a slice: the key, the stream's columns by number, so that
// no name can be in the way, and the raw record. Columns without a type keep
// values as they were given. Sorted by key, the move into the table touches
// neighbouring pages one after the other.

func (t table) stageSQL() string {
	return "CREATE TEMP TABLE stage (k TEXT PRIMARY KEY, " + strings.Join(t.staged(), ", ") + ") WITHOUT ROWID"
}

func (t table) stageInsertSQL() string {
	return "INSERT OR REPLACE INTO temp.stage VALUES (?" + strings.Repeat(", ?", len(t.columns)+1) + ")"
}

func (t table) staged() []string {
	var names []string
	for i := range t.columns {
		names = append(names, fmt.Sprintf("c%d", i))
	}
	return append(names, "r")
}

// moveSQL takes the params, run and pulled_at, and moves what is staged.
func (t table) moveSQL() string {
	names := []string{`"_key"`}
	sets := []string{
		// The reading without parameters keeps the rows it has shown.
		`"_params" = CASE WHEN target."_params" = '' THEN '' ELSE excluded."_params" END`,
		`"_deleted_at" = NULL`,
	}
	for _, c := range append(slices.Clone(t.columns), column{name: "_raw"}, column{name: "_run"}, column{name: "_pulled_at"}) {
		names = append(names, quote(c.name))
		sets = append(sets, quote(c.name)+" = excluded."+quote(c.name))
	}
	names = append(names, `"_params"`)
	return "INSERT INTO main." + quote(t.name) + " AS target (" + strings.Join(names, ", ") + ")" +
		" SELECT k, " + strings.Join(t.staged(), ", ") + ", ?1, ?2, ?3 FROM temp.stage WHERE true ORDER BY k" +
		` ON CONFLICT ("_key") DO UPDATE SET ` + strings.Join(sets, ", ")
}

// goneSQL returns what marks rows as gone, and its arguments; see the package
// comment for which rows these are. The first key and the first key after the
// last are empty for all keys; part is the column that tells the slice's part
// from others, and empty for streams that are read as one.
func (t table) goneSQL(slice stagedoor.Slice, readAt, first, after, part string) (string, []any) {
	query := "UPDATE main." + quote(t.name) + ` AS target SET "_deleted_at" = ?
 WHERE "_deleted_at" IS NULL AND "_params" = ? AND "_pulled_at" <= ?
 AND NOT EXISTS (SELECT 1 FROM temp.stage WHERE k = target."_key")`
	args := []any{readAt, slice.Params, readAt}
	if after != "" {
		query += ` AND "_key" >= ? AND "_key" < ?`
		args = append(args, first, after)
	}
	if part != "" {
		query += " AND " + quote(part) + " = ?"
		args = append(args, slice.Partition)
	}
	return query, args
}
