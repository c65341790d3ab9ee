package sqlite

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stagedoor/stagedoor"
)

// formerSlices is the table of checkpoints as the first version made it.
const formerSlices = `CREATE TABLE "_stagedoor_slices" (
	"stream" TEXT NOT NULL,
	"params" TEXT NOT NULL,
	"slice" TEXT NOT NULL,
	"since" TEXT,
	"until" TEXT,
	"run" TEXT NOT NULL,
	"read_at" TEXT NOT NULL,
	"returned" INTEGER NOT NULL,
	"written" INTEGER NOT NULL,
	PRIMARY KEY ("stream", "params", "slice")
) WITHOUT ROWID;
INSERT INTO "_stagedoor_slices" VALUES
	('meeting_activities', '', '2026-10-01..2026-10-31', '2026-10-01', '2026-10-31', 'run-0', '2026-11-22T15:00:00.000Z', 7, 7),
	('users', '', 'all', NULL, NULL, 'run-0', '2026-11-22T15:00:00.000Z', 3, 3)`

// TestAFileOfTheFirstVersionGoesOn holds that checkpoints which were written
// before there were parts count as ever, that parts join them, and that the
// first version can still write beside them.
func TestAFileOfTheFirstVersionGoesOn(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "zoom.db")
	former, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer former.Close()
	if _, err := former.Exec(formerSlices + ";" + tableOf(activities()).createSQL()); err != nil {
		t.Fatal(err)
	}
	readAt := time.Date(2026, 11, 22, 15, 0, 0, 0, time.UTC)
	october := stagedoor.Days{Since: time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC), Until: time.Date(2026, 10, 31, 0, 0, 0, 0, time.UTC)}
	for range 2 { // the change is made once
		d, err := Open(ctx, path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := d.Checkpoints(ctx, activities(), "", "")
		want := []stagedoor.Checkpoint{{
			Slice: stagedoor.Slice{Stream: "meeting_activities", Days: october}, Run: "run-0", ReadAt: readAt, Returned: 7, Written: 7,
		}}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
	d, err := Open(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	parted := activities()
	parted.Partition = &stagedoor.Partition{Stream: "users", Column: "id", Param: "userId", Into: "meeting_number"}
	w, err := d.Begin(ctx, parted, stagedoor.Slice{Stream: parted.Name, Partition: "982 610 0285", Days: october}, "run-1")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(ctx, activity()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Commit(ctx, stagedoor.Checkpoint{ReadAt: readAt, Returned: 1}, false); err != nil {
		t.Fatal(err)
	}
	if _, err := former.Exec(`INSERT OR REPLACE INTO "_stagedoor_slices"
	("stream", "params", "slice", "since", "until", "run", "read_at", "returned", "written")
	VALUES ('meeting_activities', '', '2026-11-01..2026-11-02', '2026-11-01', '2026-11-02', 'run-2', '2026-11-22T16:00:00.000Z', 1, 1)`); err != nil {
		t.Errorf("the first version's own statement: %v", err)
	}
	for part, want := range map[string]int{"": 2, "982 610 0285": 1, "other": 0} {
		if got, err := d.Checkpoints(ctx, parted, "", part); err != nil || len(got) != want {
			t.Errorf("part %q has %d checkpoints, %v; want %d", part, len(got), err, want)
		}
	}
}
