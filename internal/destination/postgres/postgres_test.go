package postgres

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/destination/destinationtest"
	"github.com/stagedoor/stagedoor/internal/postgrestest"
)

func TestSuite(t *testing.T) {
	c := postgrestest.Start(t)
	destinationtest.Test(t, destinationtest.Kind{
		New:  newPlace,
		Open: func(place string) (stagedoor.Destination, error) { return Open(context.Background(), place) },
		Rows: readRows,
		Remove: func(t *testing.T, place string, stream stagedoor.Stream) {
			run(t, place, "DROP TABLE "+pgx.Identifier{schemaOf(t, place), stream.Name}.Sanitize())
		},
		Full: fullDisk(),
		Forbidden: func(t *testing.T) string {
			return c.URL(c.Role(t, ""), "postgres", "schema", "none")
		},
		Lose: func(t *testing.T, place string) {
			run(t, place, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'stagedoor' AND pid <> pg_backend_pid()")
		},
		Occupy: func(t *testing.T, place string, stream stagedoor.Stream) func(*testing.T) {
			theirs := pgx.Identifier{schemaOf(t, place), stream.Name}.Sanitize()
			run(t, place, "CREATE SCHEMA "+quote(schemaOf(t, place)), "CREATE TABLE "+theirs+" (id bigint PRIMARY KEY, name text)", "INSERT INTO "+theirs+" VALUES (1, 'theirs')")
			return func(t *testing.T) {
				if got := value(t, place, "SELECT string_agg(id || name, ',') FROM "+theirs); got != "1theirs" {
					t.Errorf("their table now holds %q", got)
				}
			}
		},
	})
}

// fullDisk puts the tables of a place on a disk of a few megabytes, where this
// user may make one.
func fullDisk() func(t *testing.T, place string) func() {
	if !canMount {
		return nil
	}
	return func(t *testing.T, place string) func() {
		t.Helper()
		c := postgrestest.Start(t)
		folder := filepath.Join(c.Folder, "small")
		unmount := mountSmall(t, folder)
		table := "ALTER TABLE " + quote(schemaOf(t, place)) + ".people SET TABLESPACE "
		run(t, place, "CREATE TABLESPACE small LOCATION '"+folder+"'", table+"small")
		return func() {
			run(t, place, table+"pg_default", "DROP TABLESPACE small")
			unmount()
		}
	}
}

var places atomic.Int64

// newPlace is a schema of its own, which is not there yet.
func newPlace(t *testing.T) string {
	t.Helper()
	c := postgrestest.Start(t)
	return c.URL(postgrestest.Admin, "postgres", "schema", fmt.Sprintf(`Ours "%d"`, places.Add(1)))
}

func schemaOf(t *testing.T, place string) string {
	t.Helper()
	_, schema, err := parse(place)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// beside connects as another program would.
func beside(t *testing.T, place string) *pgx.Conn {
	t.Helper()
	config, _, err := parse(place)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.ConnectConfig(context.Background(), config.ConnConfig)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func run(t *testing.T, place string, statements ...string) {
	t.Helper()
	conn := beside(t, place)
	defer conn.Close(context.Background())
	for _, statement := range statements {
		if _, err := conn.Exec(context.Background(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

func value(t *testing.T, place, query string) string {
	t.Helper()
	conn := beside(t, place)
	defer conn.Close(context.Background())
	var text *string
	if err := conn.QueryRow(context.Background(), query).Scan(&text); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	if text == nil {
		return ""
	}
	return *text
}

// readRows reads with plain SQL, as any other program would.
func readRows(t *testing.T, place string, stream stagedoor.Stream) map[string]destinationtest.Row {
	t.Helper()
	found := map[string]destinationtest.Row{}
	ctx := context.Background()
	conn := beside(t, place)
	defer conn.Close(ctx)
	names := []string{`"_key"`, `"_run"`, `"_pulled_at"`, `"_deleted_at"`, `coalesce("_raw_bytes", convert_to("_raw", 'UTF8'))`}
	for _, c := range stream.Columns {
		name := quote(c.Name)
		if c.Type == stagedoor.JSON {
			name += "::text"
		}
		names = append(names, name)
	}
	rows, err := conn.Query(ctx, "SELECT "+strings.Join(names, ", ")+" FROM "+pgx.Identifier{schemaOf(t, place), stream.Name}.Sanitize())
	if err == nil {
		defer rows.Close()
		for rows.Next() {
			row := destinationtest.Row{Values: make([]any, len(stream.Columns))}
			var key string
			var raw []byte
			var deleted *time.Time
			into := []any{&key, &row.Run, &row.Pulled, &deleted, &raw}
			for i := range row.Values {
				into = append(into, &row.Values[i])
			}
			if err := rows.Scan(into...); err != nil {
				t.Fatal(err)
			}
			row.Raw, row.Pulled = string(raw), row.Pulled.UTC()
			if deleted != nil {
				row.Deleted = deleted.UTC()
			}
			for i, v := range row.Values {
				if at, ok := v.(time.Time); ok {
					row.Values[i] = at.UTC()
				}
			}
			found[key] = row
		}
		err = rows.Err()
	}
	if err != nil && codeOf(err) != codeNoTable {
		t.Fatal(err)
	}
	return found
}
