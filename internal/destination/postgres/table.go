package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/stagedoor/stagedoor"
)

// column is a column of a table as it is declared.
type column struct{ name, kind string }

// ours are the columns by which a table is known to be Stagedoor's.
func ours() []column {
	return []column{
		{"_key", "text"},
		{"_params", "text"},
		{"_run", "text"},
		{"_pulled_at", "timestamp with time zone"},
		{"_deleted_at", "timestamp with time zone"},
		{"_raw", "text"},
		{"_raw_bytes", "bytea"},
	}
}

// table is where one stream's rows lie.
type table struct {
	d       *Destination
	name    string
	columns []column // the stream's own
	part    column   // that tells the parts of the stream apart; empty for streams that are read as one
}

func (d *Destination) tableOf(stream stagedoor.Stream) table {
	t := table{d: d, name: stream.Name}
	for _, c := range stream.Columns {
		t.columns = append(t.columns, column{c.Name, declared(c.Type)})
		// Where parts lie inside the slices no slice looks for those of one.
		if p := stream.Partition; p != nil && !p.Nested && p.Into == c.Name {
			t.part = t.columns[len(t.columns)-1]
		}
	}
	return t
}

// quote makes a name out of any text, also out of an SQL keyword.
func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

// in names something in the schema.
func (d *Destination) in(name string) string { return pgx.Identifier{d.schema, name}.Sanitize() }

// querier is a transaction, or the pool.
type querier interface {
	Query(ctx context.Context, query string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, query string, args ...any) pgx.Row
	Exec(ctx context.Context, query string, args ...any) (pgconn.CommandTag, error)
}

// kinds are PostgreSQL's words for what may lie under a table's name.
// Source: postgresql.org/docs/current/catalog-pg-class.html, relkind, read 2026-11.
var kinds = map[string]string{
	"v": "view", "m": "materialized view", "i": "index", "S": "sequence", "f": "foreign table",
	"p": "partitioned table", "c": "composite type", "I": "partitioned index",
}

// missing looks at what lies in the schema under the table's name, and returns
// the columns that it lacks: all of them where there is no table. A table that
// somebody else made, with a column of another type, or that the role may not
// write is an error.
func (t table) missing(ctx context.Context, q querier) (lacks []column, exists bool, err error) {
	rows, err := q.Query(ctx, `SELECT c.relkind::text, coalesce(a.attname::text, ''), coalesce(format_type(a.atttypid, a.atttypmod), ''),
	coalesce(a.attnum = ANY (i.indkey), false), coalesce(l.collname = 'C', false),
	has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE')
	FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
	LEFT JOIN pg_catalog.pg_index i ON i.indrelid = c.oid AND i.indisprimary
	LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation
	WHERE n.nspname = $1::text AND c.relname = $2::text ORDER BY a.attnum`, t.d.schema, t.name)
	if err != nil {
		return nil, false, err
	}
	defer rows.Close()
	has := map[string]string{}
	var key []string
	bytewise, writable := false, true
	for rows.Next() {
		var kind, name, declared string
		var inKey, isC bool
		if err := rows.Scan(&kind, &name, &declared, &inKey, &isC, &writable); err != nil {
			return nil, false, err
		}
		if kind != "r" {
			return nil, true, t.foreign(fmt.Sprintf("there is a %s of the name %q already", kinds[kind], t.name))
		}
		exists = true
		has[name] = declared
		if inKey {
			key = append(key, name)
			bytewise = isC
		}
	}
	if err := rows.Err(); err != nil {
		return nil, false, err
	}
	if !exists {
		return append(ours(), t.columns...), false, nil
	}
	for _, c := range ours() {
		if has[c.name] != c.kind {
			return nil, true, t.foreign(fmt.Sprintf("the table %q was not made by Stagedoor: it has no column %s of type %s", t.name, c.name, c.kind))
		}
	}
	if !slices.Equal(key, []string{"_key"}) || !bytewise {
		return nil, true, t.foreign(fmt.Sprintf(`the table %q was not made by Stagedoor: its primary key is not _key COLLATE "C"`, t.name))
	}
	for _, c := range t.columns {
		kind, ok := has[c.name]
		switch {
		case !ok:
			lacks = append(lacks, c)
		case kind != c.kind:
			return nil, true, &stagedoor.Error{
				Op: "write " + t.name, Kind: stagedoor.KindDestination,
				Cause: fmt.Sprintf("the column %q of the table %q is of type %s, and this version of the stream writes %s", c.name, t.name, kind, c.kind),
				Fix:   "Rename the table (ALTER TABLE " + t.d.in(t.name) + " RENAME TO …), and run the sync again with --full-refresh.",
			}
		}
	}
	if !writable {
		return nil, true, t.d.denied("write "+t.name, "the role "+t.d.server.role+" may not read and write the table "+t.name,
			"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "+quote(t.d.schema)+" TO "+quote(t.d.server.role)+";")
	}
	return lacks, true, nil
}

func (t table) foreign(cause string) error {
	return &stagedoor.Error{
		Op: "write " + t.name, Kind: stagedoor.KindDestination,
		Cause: cause + "; it was left as it is",
		Fix:   "Give Stagedoor a schema of its own (?schema=zoom at the end of the URL), or rename what is there.",
	}
}

// make creates the table or adds the columns that it lacks, and reports whether
// it may hold rows.
func (t table) make(ctx context.Context, q querier) (held bool, err error) {
	lacks, exists, err := t.missing(ctx, q)
	if err != nil {
		return false, err
	}
	var statements []string
	if !exists {
		if err := t.d.forget(ctx, q, t.name); err != nil {
			return false, err
		}
		statements = append(statements, t.createSQL())
	}
	for _, c := range lacks {
		if exists {
			statements = append(statements, "ALTER TABLE "+t.d.in(t.name)+" ADD COLUMN "+quote(c.name)+" "+c.kind)
		}
		if c == t.part && c.name != "" {
			// Each part's slice looks for rows of the part that came no more.
			statements = append(statements, "CREATE INDEX ON "+t.d.in(t.name)+" ("+quote(c.name)+")")
		}
	}
	for _, statement := range statements {
		if _, err := q.Exec(ctx, statement); err != nil {
			if said, ok := errors.AsType[*pgconn.PgError](err); ok && said.Code == codeDenied {
				return false, t.d.denied("write "+t.name, "the role "+t.d.server.role+" may not make or change the table "+t.name+" ("+said.Message+")", statement+";")
			}
			return false, err
		}
	}
	return exists, nil
}

func (t table) createSQL() string {
	parts := []string{`"_key" text COLLATE "C" PRIMARY KEY`}
	for _, c := range t.columns {
		parts = append(parts, quote(c.name)+" "+c.kind)
	}
	for _, c := range ours()[1:] {
		part := quote(c.name) + " " + c.kind
		if c.name != "_deleted_at" && c.name != "_raw_bytes" {
			part += " NOT NULL"
		}
		parts = append(parts, part)
	}
	return "CREATE TABLE " + t.d.in(t.name) + " (" + strings.Join(parts, ", ") + ")"
}

// sent are the columns of a row in the order in which they are sent: first those
// that all rows of a slice share.
func (t table) sent() []string {
	names := []string{"_run", "_pulled_at", "_params", "_key"}
	for _, c := range t.columns {
		names = append(names, c.name)
	}
	return append(names, "_raw", "_raw_bytes")
}

func list(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = quote(name)
	}
	return strings.Join(quoted, ", ")
}

// The staged rows of a merge lie in a temporary table. order is the column that
// tells which of several rows with one key came last.
const (
	stage = `pg_temp."_stagedoor_stage"`
	order = "_stagedoor_order"
)

func (t table) stageSQL(ordered bool) string {
	columns := "LIKE " + t.d.in(t.name)
	if ordered {
		columns += ", " + quote(order) + " bigint"
	}
	return "CREATE TEMPORARY TABLE " + strings.TrimPrefix(stage, "pg_temp.") + " (" + columns + ") ON COMMIT DROP"
}

// mergeSQL moves what is staged into the table. Of rows with one key, which come
// only where they have an order, the last stands.
func (t table) mergeSQL(ordered bool) string {
	var sets []string
	for _, name := range t.sent() {
		switch name {
		case "_key":
		case "_params": // the reading without parameters keeps the rows it has shown
			sets = append(sets, `"_params" = CASE WHEN target."_params" = '' THEN '' ELSE excluded."_params" END`)
		default:
			sets = append(sets, quote(name)+" = excluded."+quote(name))
		}
	}
	sets = append(sets, `"_deleted_at" = NULL`)
	columns := list(t.sent())
	choose, sort := "SELECT ", ""
	if ordered {
		choose, sort = `SELECT DISTINCT ON ("_key") `, ` ORDER BY "_key", `+quote(order)+" DESC"
	}
	return "INSERT INTO " + t.d.in(t.name) + " AS target (" + columns + ") " + choose + columns + " FROM " + stage + sort +
		` ON CONFLICT ("_key") DO UPDATE SET ` + strings.Join(sets, ", ")
}

// came is what holds of the rows that this transaction wrote. A row of another
// transaction has the same xmin at most once in four billion, and another run.
// $1 is the run.
const came = `(target.xmin = pg_current_xact_id()::xid AND target."_run" = $1::text)`

// goneSQL returns what marks rows as gone, and its arguments; see the package
// comment for which rows these are.
func (t table) goneSQL(run string, slice stagedoor.Slice, readAt any, first, after string) (string, []any) {
	query := "UPDATE " + t.d.in(t.name) + ` AS target SET "_deleted_at" = $2::timestamptz
 WHERE "_deleted_at" IS NULL AND "_params" = $3::text AND "_pulled_at" <= $2::timestamptz AND NOT ` + came
	args := []any{run, readAt, slice.Params}
	if after != "" {
		query += ` AND "_key" >= $4::text AND "_key" < $5::text`
		args = append(args, first, after)
	}
	if t.part.name != "" && slice.Partition != "" {
		args = append(args, slice.Partition)
		query += fmt.Sprintf(" AND %s = $%d::text::%s", quote(t.part.name), len(args), t.part.kind)
	}
	return query, args
}
