package postgrestest

import (
	"strings"
	"testing"
)

func TestServer(t *testing.T) {
	c := Start(t)
	if err := c.Exec("postgres", "CREATE TABLE t (a text)", "INSERT INTO t VALUES ('x')"); err != nil {
		t.Fatal(err)
	}
	if again := Start(t); again != c {
		t.Error("a second server was started")
	}
	if strings.Contains(c.Public("postgres"), "pass") || !strings.Contains(c.URL(Admin, "postgres", "schema", "a b"), "schema=a+b") {
		t.Error(c.Public("postgres"), c.URL(Admin, "postgres", "schema", "a b"))
	}
}
