package sqlite

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
)

func activities() stagedoor.Stream {
	return stagedoor.Stream{Name: "meeting_activities", Day: []string{"activity_time"}, Columns: []stagedoor.Column{
		{Name: "meeting_number", Type: stagedoor.Digits},
		{Name: "activity_time", Type: stagedoor.ActivityTime},
		{Name: "participants", Type: stagedoor.Integer},
		{Name: "cost", Type: stagedoor.Real},
		{Name: "external", Type: stagedoor.Boolean},
		{Name: "fields", Type: stagedoor.JSON},
	}}
}

func activity() stagedoor.Record {
	at := time.Date(2024, 3, 21, 8, 9, 3, 200e6, time.FixedZone("", 3600))
	return stagedoor.Record{Key: "2024-03-21 a", Values: []any{"982 610 0285", at, int64(3), 1.0, true, `[]`}, Raw: []byte(`{"a":1}`)}
}

func write(d *Destination, stream stagedoor.Stream, records ...stagedoor.Record) error {
	ctx := context.Background()
	w, err := d.Begin(ctx, stream, stagedoor.Slice{Stream: stream.Name}, "run-1")
	if err != nil {
		return err
	}
	defer w.Abort()
	for _, r := range records {
		if err := w.Write(ctx, r); err != nil {
			return err
		}
	}
	_, err = w.Commit(ctx, stagedoor.Checkpoint{ReadAt: time.Date(2026, 11, 22, 15, 0, 0, 0, time.UTC), Returned: len(records)}, false)
	return err
}

func opened(t *testing.T) (*Destination, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "zoom.db")
	d, err := Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d, path
}

// The file is for people's own queries too: names, types and texts are a contract.
func TestOtherProgramsReadTheFile(t *testing.T) {
	d, path := opened(t)
	if err := write(d, activities(), activity()); err != nil {
		t.Fatal(err)
	}
	db := beside(t, path)
	var text string
	const query = `SELECT concat_ws('|', _key, quote(_params), meeting_number, activity_time, typeof(participants), cost, typeof(cost), external, fields, _run, _pulled_at, quote(_deleted_at), _raw, typeof(_raw)) FROM meeting_activities`
	if err := db.QueryRow(query).Scan(&text); err != nil {
		t.Fatal(err)
	}
	const want = `2024-03-21 a|''|982 610 0285|2024-03-21T07:09:03.200Z|integer|1.0|real|1|[]|run-1|2026-11-22T15:00:00.000Z|NULL|{"a":1}|text`
	if text != want {
		t.Errorf("row\n got %s\nwant %s", text, want)
	}
	if err := db.QueryRow("SELECT sql FROM sqlite_schema WHERE name = 'meeting_activities'").Scan(&text); err != nil {
		t.Fatal(err)
	}
	const schema = `CREATE TABLE "meeting_activities" ("_key" TEXT NOT NULL PRIMARY KEY, ` +
		`"meeting_number" TEXT, "activity_time" TEXT, "participants" INTEGER, "cost" REAL, "external" INTEGER, "fields" TEXT, ` +
		`"_params" TEXT NOT NULL, "_run" TEXT NOT NULL, "_pulled_at" TEXT NOT NULL, "_deleted_at" TEXT, "_raw" TEXT NOT NULL)`
	if text != schema {
		t.Errorf("schema\n got %s\nwant %s", text, schema)
	}
	if err := db.QueryRow("SELECT concat_ws('|', stream, params, slice, quote(since), run, read_at, returned, written) FROM _stagedoor_slices").Scan(&text); err != nil {
		t.Fatal(err)
	}
	if want := "meeting_activities||all|NULL|run-1|2026-11-22T15:00:00.000Z|1|1"; text != want {
		t.Errorf("checkpoint = %s, want %s", text, want)
	}
}

// Readers that know C strings would lose what stands behind a NUL in text.
func TestRawBytesThatAreNotTextAreABlob(t *testing.T) {
	d, path := opened(t)
	for raw, want := range map[string]string{
		`{"ü":"\u0000"}`: "text 7B22C3BC223A225C7530303030227D",
		"a\x00b":         "blob 610062",
		"\xff":           "blob FF",
	} {
		r := activity()
		r.Raw = []byte(raw)
		if err := write(d, activities(), r); err != nil {
			t.Fatal(err)
		}
		var got string
		if err := beside(t, path).QueryRow("SELECT typeof(_raw) || ' ' || hex(_raw) FROM meeting_activities").Scan(&got); err != nil || got != want {
			t.Errorf("%q lies as %s, %v; want %s", raw, got, err, want)
		}
	}
}

// SQLite itself gives up at once where another writes to a file that is not yet
// in WAL mode, as when two runs open a new one at the same moment.
func TestOpenWaitsForAnotherThatWritesToANewFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "theirs.db")
	run(t, path, "CREATE TABLE theirs (id)")
	conn, err := beside(t, path).Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(context.Background(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if _, err := Open(ctx, path); stagedoor.KindOf(err) != stagedoor.KindInterrupted {
		t.Errorf("Open = %v, want that it waited until it was stopped", err)
	}
	if _, err := conn.ExecContext(context.Background(), "COMMIT"); err != nil {
		t.Fatal(err)
	}
	d, err := Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestOnlyTheOwnerReadsANewFile(t *testing.T) {
	d, path := opened(t)
	if err := write(d, activities(), activity()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("mode of %s is %v, want 0600", filepath.Base(name), info.Mode())
		}
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	// A file that is shared on purpose stays shared.
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	d, err := Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("mode = %v, %v; want 0640", info.Mode(), err)
	}
}

func TestAFileThatIsInUseCanBeReadDuringACommit(t *testing.T) {
	_, path := opened(t)
	var mode string
	if err := beside(t, path).QueryRow("PRAGMA journal_mode").Scan(&mode); err != nil || mode != "wal" {
		t.Errorf("journal mode = %q, %v; want wal", mode, err)
	}
}

func TestForeignTablesAreExplained(t *testing.T) {
	for name, c := range map[string]struct{ sql, cause string }{
		"without our columns": {`CREATE TABLE meeting_activities (_key TEXT PRIMARY KEY, name TEXT)`, "was not made by Stagedoor: it has no column _params"},
		"with another key":    {`CREATE TABLE Meeting_Activities (_key TEXT, _params TEXT, _run TEXT PRIMARY KEY, _pulled_at TEXT, _deleted_at TEXT, _raw TEXT)`, "its primary key is not _key"},
		"a view":              {`CREATE VIEW meeting_activities AS SELECT 1 AS _key`, "there is a view of the name"},
		"another type":        {`CREATE TABLE meeting_activities (_key TEXT PRIMARY KEY, _params TEXT, _run TEXT, _pulled_at TEXT, _deleted_at TEXT, _raw TEXT, cost INTEGER)`, `the column "cost" of the table "meeting_activities" is declared INTEGER, and this version of the stream writes REAL`},
	} {
		t.Run(name, func(t *testing.T) {
			d, path := opened(t)
			run(t, path, c.sql)
			_, err := d.Begin(context.Background(), activities(), stagedoor.Slice{}, "run-1")
			wantError(t, err, path, c.cause)
		})
	}
}

func TestATableThatAppearsWhileASliceIsReadIsLeftAlone(t *testing.T) {
	d, path := opened(t)
	w, err := d.Begin(context.Background(), activities(), stagedoor.Slice{}, "run-1")
	if err != nil {
		t.Fatal(err)
	}
	run(t, path, "CREATE TABLE meeting_activities (id, name)", "INSERT INTO meeting_activities VALUES (1, 'theirs')")
	before := dump(t, path, "meeting_activities")
	_, err = w.Commit(context.Background(), stagedoor.Checkpoint{ReadAt: time.Now()}, false)
	wantError(t, err, path, "was not made by Stagedoor")
	if after := dump(t, path, "meeting_activities"); after != before {
		t.Errorf("their table was %q and is now %q", before, after)
	}
}

func TestUsersMayAddColumnsIndexesAndRules(t *testing.T) {
	d, path := opened(t)
	if err := write(d, activities(), activity()); err != nil {
		t.Fatal(err)
	}
	run(t, path,
		"ALTER TABLE meeting_activities ADD COLUMN note TEXT", "UPDATE meeting_activities SET note = 'mine'",
		"CREATE INDEX by_number ON meeting_activities (meeting_number)",
		"CREATE TRIGGER few BEFORE UPDATE OF participants ON meeting_activities WHEN new.participants > 99 BEGIN SELECT raise(ABORT, 'too many'); END")
	if err := write(d, activities(), activity()); err != nil {
		t.Fatal(err)
	}
	var note string
	if err := beside(t, path).QueryRow("SELECT note FROM meeting_activities").Scan(&note); err != nil || note != "mine" {
		t.Errorf("note = %q, %v", note, err)
	}
	crowd := activity()
	crowd.Values[2] = int64(100)
	wantError(t, write(d, activities(), crowd), path, "a rule that somebody added", "too many")
}

func TestTheStageLiesInNoNamedFile(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("SQLITE_TMPDIR", folder)
	t.Setenv("TMPDIR", folder)
	d, _ := opened(t)
	w, err := d.Begin(context.Background(), activities(), stagedoor.Slice{}, "run-1")
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	for i := range 20_000 {
		r := activity()
		r.Key += string(rune('a'+i%26)) + strings.Repeat("x", i%1000)
		if err := w.Write(context.Background(), r); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	if named := slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return e.IsDir() }); len(named) > 0 {
		t.Errorf("rows lie in %v while a slice is read", named)
	}
}

// TestAPartIsFoundByAnIndex holds that the slice of one of ten thousand users does
// not read the rows of all.
func TestAPartIsFoundByAnIndex(t *testing.T) {
	d, path := opened(t)
	stream := activities()
	stream.Partition = &stagedoor.Partition{Stream: "users", Column: "id", Param: "userId", Into: "meeting_number"}
	for range 2 {
		if err := write(d, stream, activity()); err != nil {
			t.Fatal(err)
		}
	}
	query, args := tableOf(stream).goneSQL(marks{part: "meeting_number", slice: stagedoor.Slice{Partition: "982 610 0285"}})
	db := beside(t, path)
	db.SetMaxOpenConns(1) // a temporary table is its connection's own
	if _, err := db.Exec("CREATE TEMP TABLE came (k)"); err != nil {
		t.Fatal(err)
	}
	var plan string
	var n any
	if err := db.QueryRow("EXPLAIN QUERY PLAN "+query, args...).Scan(&n, &n, &n, &plan); err != nil || !strings.Contains(plan, "USING INDEX _stagedoor_part_of_meeting_activities") {
		t.Errorf("plan %q, %v", plan, err)
	}
}
