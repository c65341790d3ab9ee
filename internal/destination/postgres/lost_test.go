package postgres

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/postgrestest"
)

// through opens a new place through a proxy, and returns it with the place that
// leads there directly.
func through(t *testing.T) (d *Destination, proxy *postgrestest.Proxy, place string) {
	t.Helper()
	c := postgrestest.Start(t)
	place = newPlace(t)
	proxy = c.Proxy(t)
	d, err := Open(context.Background(), proxy.URL(postgrestest.Admin, "postgres", "schema", schemaOf(t, place)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d, proxy, place
}

func users() stagedoor.Stream {
	return stagedoor.Stream{Name: "users", Columns: []stagedoor.Column{{Name: "id", Type: stagedoor.Text}}}
}

// writeUsers writes users 0 to n-1 as one slice, as the run of that hour.
func writeUsers(d *Destination, hour, n int) (stagedoor.Written, error) {
	ctx := context.Background()
	w, err := d.Begin(ctx, users(), stagedoor.Slice{Stream: "users"}, fmt.Sprintf("run-%d", hour))
	if err != nil {
		return stagedoor.Written{}, err
	}
	defer w.Abort()
	for i := range n {
		id := fmt.Sprintf("%06d", i)
		if err := w.Write(ctx, stagedoor.Record{Key: id, Values: []any{id}, Raw: []byte(`{"id":"` + id + `"}`)}); err != nil {
			return stagedoor.Written{}, err
		}
	}
	return w.Commit(ctx, checkpointOf(hour, n), true)
}

func checkpointOf(hour, n int) stagedoor.Checkpoint {
	return stagedoor.Checkpoint{ReadAt: time.Date(2026, 1, 1, hour, 0, 0, 0, time.UTC), Returned: n}
}

// wantUsers wants the rows of that run, that many marked as gone, and its checkpoint.
func wantUsers(t *testing.T, place string, hour, rows, gone int) {
	t.Helper()
	schema := quote(schemaOf(t, place))
	got := value(t, place, `SELECT concat(count(*) FILTER (WHERE _deleted_at IS NULL AND _run = '`+fmt.Sprintf("run-%d", hour)+`'), ' ',
		count(*) FILTER (WHERE _deleted_at IS NOT NULL), ' ', count(*)) FROM `+schema+".users")
	if want := fmt.Sprintf("%d %d %d", rows, gone, rows+gone); got != want {
		t.Errorf("rows of the run, rows marked, all rows: %s, want %s", got, want)
	}
	if got := value(t, place, "SELECT string_agg(concat(run, ' ', returned, ' ', written), ',') FROM "+schema+"._stagedoor_slices"); got != fmt.Sprintf("run-%d %d %d", hour, rows, rows) {
		t.Errorf("checkpoints: %s", got)
	}
}

// TestAConnectionLostAtAnyMoment cuts the connection at each of the things that
// a commit sends, before the server gets it and after it did, and wants the
// slice to be written once all the same.
func TestAConnectionLostAtAnyMoment(t *testing.T) {
	for _, sent := range []string{"begin", "pg_advisory_xact_lock", "pg_class", "CREATE TEMPORARY", "COPY ", "PGCOPY", "ON CONFLICT", "_deleted_at", "INSERT INTO", "commit\x00"} {
		for name, fate := range map[string]postgrestest.Fate{"before": postgrestest.Before, "after": postgrestest.After} {
			t.Run(strings.Trim(sent, " \x00")+" "+name, func(t *testing.T) {
				d, proxy, place := through(t)
				if _, err := writeUsers(d, 1, 300); err != nil {
					t.Fatal(err)
				}
				cuts := 0
				proxy.On(func(piece []byte) postgrestest.Fate {
					if cuts == 0 && bytes.Contains(piece, []byte(sent)) {
						cuts++
						return fate
					}
					return postgrestest.Pass
				})
				written, err := writeUsers(d, 2, 200)
				if err != nil {
					t.Fatal(err)
				}
				proxy.On(nil)
				if cuts != 1 {
					t.Errorf("cut %d times, want once: nothing of that kind was sent", cuts)
				}
				if want := (stagedoor.Written{Rows: 200, Gone: 100}); written != want {
					t.Errorf("Written = %+v, want %+v", written, want)
				}
				wantUsers(t, place, 2, 200, 100)
			})
		}
	}
}

// TestACommitThatCameThroughIsNotSentAgain holds that after a lost answer to
// COMMIT the checkpoint is looked at, and the rows stay as they are.
func TestACommitThatCameThroughIsNotSentAgain(t *testing.T) {
	d, proxy, place := through(t)
	copies, cut := 0, false
	proxy.On(func(piece []byte) postgrestest.Fate {
		copies += bytes.Count(piece, []byte("PGCOPY"))
		if !cut && bytes.Contains(piece, []byte("commit\x00")) && copies > 0 {
			cut = true
			return postgrestest.After
		}
		return postgrestest.Pass
	})
	if _, err := writeUsers(d, 1, 50); err != nil {
		t.Fatal(err)
	}
	proxy.On(nil)
	if copies != 1 || !cut {
		t.Errorf("rows were sent %d times (cut: %t), want once", copies, cut)
	}
	wantUsers(t, place, 1, 50, 0)
}

// TestCutAndEndedSlicesSurviveALostAnswer are the commits without a checkpoint:
// they are made again, and come to the same.
func TestCutAndEndedSlicesSurviveALostAnswer(t *testing.T) {
	d, proxy, place := through(t)
	stream := users()
	stream.Partition = &stagedoor.Partition{Into: "id"}
	ctx := context.Background()
	slice := stagedoor.Slice{Stream: "users", Partition: "a"}
	write := func(run string, c stagedoor.Checkpoint, keys ...string) stagedoor.Written {
		t.Helper()
		w, err := d.Begin(ctx, stream, slice, run)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range keys {
			if err := w.Write(ctx, stagedoor.Record{Key: key, Values: []any{"a"}, Raw: []byte("{}")}); err != nil {
				t.Fatal(err)
			}
		}
		cut := false
		proxy.On(func(piece []byte) postgrestest.Fate {
			if !cut && bytes.Contains(piece, []byte("commit\x00")) {
				cut = true
				return postgrestest.After
			}
			return postgrestest.Pass
		})
		written, err := w.Commit(ctx, c, false)
		proxy.On(nil)
		if err != nil || !cut {
			t.Fatalf("Commit: %v, cut: %t", err, cut)
		}
		return written
	}
	c := checkpointOf(1, 2)
	c.Cut = true
	if got := write("run-1", c, "a1", "a2"); got != (stagedoor.Written{Rows: 2}) {
		t.Errorf("Written = %+v, want two rows", got)
	}
	c = checkpointOf(2, 0)
	c.Ended = true
	if got := write("run-2", c); got != (stagedoor.Written{Gone: 2}) {
		t.Errorf("Written = %+v, want two rows marked", got)
	}
	if got := value(t, place, "SELECT concat(count(*), ' ', count(_deleted_at)) FROM "+quote(schemaOf(t, place))+".users"); got != "2 2" {
		t.Errorf("rows, rows marked: %s", got)
	}
}

// TestAServerThatStaysAway holds that what is not known is said, and that a run
// of later finds out.
func TestAServerThatStaysAway(t *testing.T) {
	for _, fate := range []postgrestest.Fate{postgrestest.Before, postgrestest.After} {
		d, proxy, place := through(t)
		d.patience = 200 * time.Millisecond
		if _, err := writeUsers(d, 1, 30); err != nil {
			t.Fatal(err)
		}
		w, err := d.Begin(context.Background(), users(), stagedoor.Slice{Stream: "users"}, "run-2")
		if err != nil {
			t.Fatal(err)
		}
		refused := false
		proxy.On(func(piece []byte) postgrestest.Fate {
			if bytes.Contains(piece, []byte("commit\x00")) {
				refused = true
				go proxy.Refuse(true)
				return fate
			}
			return postgrestest.Pass
		})
		_, err = w.Commit(context.Background(), checkpointOf(2, 0), true)
		wantError(t, err, "connection was lost", "it is not known whether the slice is there", "nothing is doubled")
		proxy.On(nil)
		if !refused {
			t.Error("no COMMIT was sent")
		}
		_, err = d.Checkpoints(context.Background(), users(), "", "")
		wantError(t, err, "connection to the server was lost", "Run the command again")
		proxy.Refuse(false)
		if _, err := writeUsers(d, 3, 30); err != nil {
			t.Fatal(err)
		}
		wantUsers(t, place, 3, 30, 0)
	}
}
