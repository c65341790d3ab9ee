package cli_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/stagedoor/stagedoor/internal/postgrestest"
	"github.com/stagedoor/stagedoor/zoomsim"
)

// TestContainer starts the program on two days as a container without a home
// would: alone in a root where it may write nothing but /tmp, as a user that no
// file names, with nothing but the ZOOM_ variables and a database.
func TestContainer(t *testing.T) {
	if testing.Short() {
		t.Skip("takes longer than -short permits: it builds the program")
	}
	if os.Getuid() != 0 {
		t.Skip("needs root, for a root of its own")
	}
	t.Parallel()
	c := postgrestest.Start(t)
	// A slice of activities is larger than what is kept in memory.
	w := newWorld(t, zoomsim.Options{Limits: "off", Meetings: 1500, Users: 60, Plan: "business"})
	root := t.TempDir()
	for _, folder := range []string{filepath.Dir(root), root} {
		if err := os.Chmod(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", filepath.Join(root, "stagedoor"), "../../cmd/stagedoor")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := c.Exec("postgres", "CREATE DATABASE container"); err != nil {
		t.Fatal(err)
	}
	dest := c.URL(postgrestest.Admin, "container", "schema", "zoom")
	run := func() (said string, err error) {
		cmd := exec.Command("/stagedoor", "sync", "env", "meeting_activities", "history_meetings", "--into", "env:DEST")
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: 65532, Gid: 65532}}
		cmd.Dir = "/"
		cmd.Env = []string{
			"ZOOM_ACCOUNT_ID=" + w.info.AccountID, "ZOOM_CLIENT_ID=" + w.info.ClientID, "ZOOM_CLIENT_SECRET=" + w.info.ClientSecret,
			"ZOOM_TOKEN_URL=" + w.info.TokenURL, "ZOOM_API_URL=" + w.info.APIURL, "ZOOM_PLAN=business", "DEST=" + dest,
		}
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		err = cmd.Run()
		for _, secret := range []string{w.info.ClientSecret, postgrestest.Password} {
			if strings.Contains(out.String(), secret) {
				t.Errorf("it shows a secret:\n%s", strings.ReplaceAll(out.String(), secret, "…"))
			}
		}
		return out.String(), err
	}

	tmp := filepath.Join(root, "tmp")
	if err := os.Mkdir(tmp, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(tmp, 65532, 65532); err != nil {
		t.Fatal(err)
	}
	first := day(t, w, run)
	wantInPostgres(t, w, dest, "meeting_activities", "history_meetings")
	// As if a night had passed.
	if err := c.Exec("container", `UPDATE zoom._stagedoor_slices SET read_at = read_at - interval '1 day', until = until - 1 WHERE until = (now() AT TIME ZONE 'UTC')::date`); err != nil {
		t.Fatal(err)
	}
	second := day(t, w, run)
	wantInPostgres(t, w, dest, "meeting_activities", "history_meetings")
	if second*10 > first {
		t.Errorf("the first day took %d requests and the second %d, want at most a tenth", first, second)
	}
	t.Logf("requests: %d on the first day, %d on the second", first, second)
	left, err := filepath.Glob(filepath.Join(root, "*"))
	more, more2 := filepath.Glob(filepath.Join(root, "tmp", "*"))
	if err != nil || more2 != nil || len(left) != 2 || len(more) != 0 {
		t.Errorf("in its root lie %v and %v, want the program and an empty /tmp", left, more)
	}
}

// day runs f, which must end well, and returns how many requests Zoom got.
func day(t *testing.T, w *world, f func() (string, error)) int {
	t.Helper()
	before := w.sim.Stats().Requests
	if said, err := f(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	return int(w.sim.Stats().Requests - before)
}

// wantInPostgres wants the rows that Zoom has, by their raw records.
func wantInPostgres(t *testing.T, w *world, dest string, streams ...string) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, strings.Replace(dest, "schema=", "search_path=", 1))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	for _, stream := range streams {
		rows, err := conn.Query(ctx, "SELECT _raw FROM "+stream+" WHERE _deleted_at IS NULL")
		if err != nil {
			t.Fatal(err)
		}
		got, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		left := map[string]int{}
		for _, row := range got {
			left[row]++
		}
		truth, err := w.sim.Dataset(stream, time.Time{}, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for row := range truth {
			left[string(row)]--
			n++
		}
		for row, count := range left {
			if count != 0 {
				t.Fatalf("%s: PostgreSQL has %d rows, Zoom %d; %s is there %+d times too often", stream, len(got), n, fmt.Sprintf("%.200s", row), count)
			}
		}
	}
}
