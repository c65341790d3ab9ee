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
	part    string   // the one whose value a slice is read by; empty where slices hold all parts
}

func tableOf(stream stagedoor.Stream) table {
	t := table{name: stream.Name}
	if p := stream.Partition; p != nil && !p.Nested {
		t.part = p.Into
	}
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
		if err = forget(ctx, do, t.name); err == nil {
			_, err = do.ExecContext(ctx, t.createSQL())
		}
	}
	for _, c := range lacks {
		if exists && err == nil {
			_, err = do.ExecContext(ctx, "ALTER TABLE main."+quote(t.name)+" ADD COLUMN "+quote(c.name)+" "+c.kind)
		}
	}
	if err == nil && t.part != "" {
		// Each part's slice looks for rows of the part that came no more: without
		// an index ten thousand parts were as many readings of the whole table.
		_, err = do.ExecContext(ctx, "CREATE INDEX IF NOT EXISTS main."+quote("_stagedoor_part_of_"+t.name)+" ON "+quote(t.name)+" ("+quote(t.part)+")")
	}
	return err
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

// free reports whether the table has no row between two keys, both included.
func (t table) free(ctx context.Context, do doer, first, last []byte) (bool, error) {
	var there bool
	err := do.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM main."+quote(t.name)+` WHERE "_key" BETWEEN ? AND ?)`, string(first), string(last)).Scan(&there)
	return !there, err
}

// insertSQL takes a row as it is staged (the key, the stream's columns, the raw
// record), and then run, pulled_at and params. Where the table is free of the
// keys nothing needs to be looked for.
func (t table) insertSQL(free bool) string {
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
	query := "INSERT INTO main." + quote(t.name) + " AS target (" + strings.Join(names, ", ") + ") VALUES (?" + strings.Repeat(", ?", len(names)-1) + ")"
	if free {
		return query
	}
	return query + ` ON CONFLICT ("_key") DO UPDATE SET ` + strings.Join(sets, ", ")
}

// marks tells rows that are gone unless they came; see the package comment for
// which rows these are. first and after are the first key and the first one
// after the last, both empty for all keys; part is the column that tells the
// slice's part from others, and empty for streams that are read as one.
type marks struct {
	slice                      stagedoor.Slice
	readAt, first, after, part string
}

func (m marks) where() (string, []any) {
	where := `"_deleted_at" IS NULL AND "_params" = ? AND "_pulled_at" <= ?`
	args := []any{m.slice.Params, m.readAt}
	if m.after != "" {
		where += ` AND "_key" >= ? AND "_key" < ?`
		args = append(args, m.first, m.after)
	}
	if m.part != "" {
		where += " AND " + quote(m.part) + " = ?"
		args = append(args, m.slice.Partition)
	}
	return where, args
}

// anySQL asks whether there is any such row, whether it comes or not.
func (t table) anySQL(m marks) (string, []any) {
	where, args := m.where()
	return "SELECT EXISTS (SELECT 1 FROM main." + quote(t.name) + " WHERE " + where + ")", args
}

// goneSQL marks those that did not come.
func (t table) goneSQL(m marks) (string, []any) {
	where, args := m.where()
	return "UPDATE main." + quote(t.name) + ` AS target SET "_deleted_at" = ? WHERE ` + where +
		` AND NOT EXISTS (SELECT 1 FROM temp.came WHERE k = target."_key")`, append([]any{m.readAt}, args...)
}
