package cli_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/stagedoor/stagedoor/internal/postgrestest"
)

var postgresPlaces atomic.Int64

// condition answers what a script asks of the machine: [postgres], whether a
// server can be started here.
func condition(name string) (bool, error) {
	if name != "postgres" {
		return false, fmt.Errorf("no story knows the condition %s", name)
	}
	return postgrestest.Installed(), nil
}

// startPostgres gives a script a database of its own, as a role that may make
// schemas: schema zoom of it in POSTGRES, with the password.
func startPostgres(ts *testscript.TestScript, neg bool, args []string) {
	c, err := postgrestest.Run()
	ts.Check(err)
	name := fmt.Sprintf("story_%d", postgresPlaces.Add(1))
	ts.Check(c.Exec("postgres", "CREATE ROLE "+name+" LOGIN PASSWORD '"+postgrestest.Password+"'", "CREATE DATABASE "+name+" OWNER "+name))
	ts.Setenv("POSTGRES", c.URL(name, name, "schema", "zoom"))
}

// inPostgres connects as another program would, to the database of a variable.
func inPostgres(ts *testscript.TestScript, variable string) *pgx.Conn {
	u, err := url.Parse(ts.Getenv(variable))
	ts.Check(err)
	query := u.Query()
	schema := query.Get("schema")
	query.Del("schema")
	query.Set("search_path", schema)
	query.Set("timezone", "UTC")
	u.RawQuery = query.Encode()
	conn, err := pgx.Connect(context.Background(), u.String())
	ts.Check(err)
	return conn
}

func postgresColumn(ts *testscript.TestScript, variable, query string) []string {
	ctx := context.Background()
	conn := inPostgres(ts, variable)
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, query)
	ts.Check(err)
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	ts.Check(err)
	return list
}

// postgresRows asserts the result of a query, one text a row:
// postgresrows POSTGRES 'select …' a b.
func postgresRows(ts *testscript.TestScript, neg bool, args []string) {
	if got := postgresColumn(ts, args[0], args[1]); !slices.Equal(got, args[2:]) {
		ts.Fatalf("%s: %q, want %q", args[1], got, args[2:])
	}
}

// postgresDoes runs statements: postgresdoes POSTGRES 'update …' ….
func postgresDoes(ts *testscript.TestScript, neg bool, args []string) {
	ctx := context.Background()
	conn := inPostgres(ts, args[0])
	defer conn.Close(ctx)
	for _, statement := range args[1:] {
		_, err := conn.Exec(ctx, statement)
		ts.Check(err)
	}
}

// postgresSame asserts that a table holds what Zoom has, row for row, by _raw:
// postgressame POSTGRES meeting_activities.
func postgresSame(ts *testscript.TestScript, neg bool, args []string) {
	resp, err := http.Get(ts.Getenv("MANAGEMENT") + "/dataset/" + args[1])
	ts.Check(err)
	defer resp.Body.Close()
	var want []string
	scanner := bufio.NewScanner(resp.Body)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		want = append(want, scanner.Text())
	}
	ts.Check(scanner.Err())
	got := postgresColumn(ts, args[0], "select _raw from "+pgx.Identifier{args[1]}.Sanitize()+" where _deleted_at is null")
	slices.Sort(want)
	slices.Sort(got)
	if len(want) == 0 || !slices.Equal(got, want) {
		ts.Fatalf("%s holds %d rows of %s, Zoom has %d, and they are not the same", strings.ToLower(args[0]), len(got), args[1], len(want))
	}
}
