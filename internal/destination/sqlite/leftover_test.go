package sqlite

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
)

// TestTheFileIsWholeWhenItIsClosed holds that a run, also one whose slices were
// given up on the way, leaves one file with all that was committed: people copy
// it, upload it, and hand it on.
func TestTheFileIsWholeWhenItIsClosed(t *testing.T) {
	d, path := opened(t)
	ctx := context.Background()
	before := openFiles(t)
	for range 20 {
		w, err := d.Begin(ctx, activities(), stagedoor.Slice{Stream: "meeting_activities"}, "run-1")
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Write(ctx, activity()); err != nil {
			t.Fatal(err)
		}
		if err := w.Abort(); err != nil {
			t.Fatal(err)
		}
	}
	if after := openFiles(t); after > before+8 {
		t.Errorf("%d files are open after 20 slices that were given up, %d before", after, before)
	}
	if err := write(d, activities(), activity()); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path + "-wal", path + "-shm"} {
		if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s was left behind", name)
		}
	}
	copied := path + ".copy"
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(copied, content, 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := Open(ctx, copied)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	points, err := again.Checkpoints(ctx, activities(), "", "")
	if err != nil || len(points) != 1 || points[0].Returned != 1 || points[0].ReadAt.Before(time.Unix(0, 0)) {
		t.Errorf("a copy of the file alone holds %d checkpoints (%v), want the one", len(points), err)
	}
}

// openFiles counts the files that this process has open; 0 where nobody tells.
func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(entries)
}
