package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/destination/destinationtest"
)

func TestSuite(t *testing.T) {
	destinationtest.Test(t, destinationtest.Kind{
		New:   func(t *testing.T) string { return filepath.Join(t.TempDir(), "zoom.db") },
		Local: true,
		Open:  func(place string) (stagedoor.Destination, error) { return Open(context.Background(), place) },
		Rows:  readRows,
		Remove: func(t *testing.T, place string, stream stagedoor.Stream) {
			run(t, place, "DROP TABLE "+quote(stream.Name))
		},
		Occupy: func(t *testing.T, place string, stream stagedoor.Stream) func(*testing.T) {
			run(t, place, "CREATE TABLE "+quote(stream.Name)+" (id INTEGER PRIMARY KEY, name TEXT)", "INSERT INTO "+quote(stream.Name)+" VALUES (1, 'theirs')")
			before := dump(t, place, stream.Name)
			return func(t *testing.T) {
				if after := dump(t, place, stream.Name); after != before {
					t.Errorf("their table was %q and is now %q", before, after)
				}
			}
		},
	})
}

// readRows reads with plain SQL, as any other program would.
func readRows(t *testing.T, place string, stream stagedoor.Stream) map[string]destinationtest.Row {
	t.Helper()
	found := map[string]destinationtest.Row{}
	db := beside(t, place)
	defer db.Close()
	var there int
	if err := db.QueryRow("SELECT count(*) FROM sqlite_schema WHERE name = ?", stream.Name).Scan(&there); err != nil {
		t.Fatal(err)
	}
	if there == 0 {
		return found
	}
	names := []string{`"_key"`, `"_run"`, `"_pulled_at"`, `"_deleted_at"`, `"_raw"`}
	for _, c := range stream.Columns {
		names = append(names, quote(c.Name))
	}
	rows, err := db.Query("SELECT " + strings.Join(names, ", ") + " FROM " + quote(stream.Name))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var row destinationtest.Row
		var key, pulled string
		var deleted sql.NullString
		row.Values = make([]any, len(stream.Columns))
		into := []any{&key, &row.Run, &pulled, &deleted, &row.Raw}
		for i := range row.Values {
			into = append(into, &row.Values[i])
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		row.Pulled = parse(t, pulled)
		if deleted.Valid {
			row.Deleted = parse(t, deleted.String)
		}
		for i, c := range stream.Columns {
			switch v := row.Values[i].(type) {
			case string:
				if slices.Contains([]stagedoor.ColumnType{stagedoor.Timestamp, stagedoor.ActivityTime, stagedoor.MinuteTime}, c.Type) {
					row.Values[i] = parse(t, v)
				}
			case int64:
				if c.Type == stagedoor.Boolean {
					row.Values[i] = v == 1
				}
			}
		}
		found[key] = row
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return found
}

func parse(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02T15:04:05.000Z", text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// beside opens the file as another program would.
func beside(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func run(t *testing.T, path string, queries ...string) {
	t.Helper()
	db := beside(t, path)
	defer db.Close()
	for _, query := range queries {
		if _, err := db.Exec(query); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
	}
}

// dump returns the declaration and the content of a table.
func dump(t *testing.T, path, table string) string {
	t.Helper()
	db := beside(t, path)
	defer db.Close()
	var text strings.Builder
	rows, err := db.Query("SELECT sql FROM sqlite_schema WHERE tbl_name = ? UNION ALL SELECT quote(id) || quote(name) FROM "+quote(table), table)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var line sql.NullString
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&text, line.String)
	}
	return text.String()
}
