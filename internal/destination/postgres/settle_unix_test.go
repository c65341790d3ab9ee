//go:build unix

package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/postgrestest"
)

// fragile is a server that waits for the disk as servers do, and that tests may
// crash: their other one does not.
var fragile = sync.OnceValues(func() (*postgrestest.Cluster, error) {
	return postgrestest.Boot("synchronous_commit=on")
})

// opened opens a new schema of the fragile server.
func opened(t *testing.T) (d *Destination, c *postgrestest.Cluster, place string) {
	t.Helper()
	c, err := fragile()
	if errors.Is(err, postgrestest.ErrMissing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	place = c.URL(postgrestest.Admin, "postgres", "schema", fmt.Sprintf("s%d", places.Add(1)))
	d, err = Open(context.Background(), place)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d, c, place
}

func logins() stagedoor.Stream {
	return stagedoor.Stream{
		Name: "logins", Window: &stagedoor.Window{Days: 1}, Day: []string{"at"},
		Columns: []stagedoor.Column{{Name: "at", Type: stagedoor.Timestamp}},
	}
}

// writeDay writes the three logins of a day of January.
func writeDay(d *Destination, run string, day int) error {
	return writeDayReadAt(d, run, day, day%24)
}

// writeDayReadAt is writeDay of a reading that began at an hour.
func writeDayReadAt(d *Destination, run string, day, hour int) error {
	ctx := context.Background()
	at := time.Date(2026, 1, day, 0, 0, 0, 0, time.UTC)
	w, err := d.Begin(ctx, logins(), stagedoor.Slice{Stream: "logins", Days: stagedoor.Days{Since: at, Until: at}}, run)
	if err != nil {
		return err
	}
	defer w.Abort()
	for i := range 3 {
		key := fmt.Sprintf("%s:%d", at.Format(time.DateOnly), i)
		if err := w.Write(ctx, stagedoor.Record{Key: key, Values: []any{at}, Raw: []byte("{}")}); err != nil {
			return err
		}
	}
	_, err = w.Commit(ctx, stagedoor.Checkpoint{ReadAt: time.Date(2026, 2, 1, hour, 0, 0, 0, time.UTC), Returned: 3}, true)
	return err
}

// held is how many days and rows there are.
func held(t *testing.T, place string) string {
	t.Helper()
	schema := quote(schemaOf(t, place))
	return value(t, place, "SELECT concat((SELECT count(*) FROM "+schema+"._stagedoor_slices), ' days, ', (SELECT count(*) FROM "+schema+".logins), ' rows')")
}

// TestARunEndsOnTheDisk holds that a commit does not wait for the server's disk,
// and that Finish and Close do.
func TestARunEndsOnTheDisk(t *testing.T) {
	for name, end := range map[string]func(*Destination) error{
		"Finish": func(d *Destination) error { return d.Finish(context.Background()) },
		"Close":  (*Destination).Close,
	} {
		t.Run(name, func(t *testing.T) {
			d, c, place := opened(t)
			if err := c.Stall(); err != nil { // nobody else brings it to the disk meanwhile
				t.Fatal(err)
			}
			if err := writeDay(d, "run-1", 1); err != nil {
				t.Fatal(err)
			}
			after := value(t, place, "SELECT pg_current_wal_insert_lsn()::text")
			flushed := "SELECT (pg_current_wal_flush_lsn() >= '" + after + "'::pg_lsn)::text"
			if got := value(t, place, flushed); got != "false" {
				t.Error("the commit has waited for the disk")
			}
			if err := end(d); err != nil {
				t.Fatal(err)
			}
			if got := value(t, place, flushed); got != "true" {
				t.Error("the run is over, and the disk does not have it")
			}
			if err := c.Crash(); err != nil {
				t.Fatal(err)
			}
			if got := held(t, place); got != "1 days, 3 rows" {
				t.Errorf("after a crash there are %s", got)
			}
		})
	}
}

// TestManySlicesReachTheDisk holds that what is not on the disk stays little.
func TestManySlicesReachTheDisk(t *testing.T) {
	d, c, place := opened(t)
	if err := c.Stall(); err != nil {
		t.Fatal(err)
	}
	for n := range 2*unsureSlices + 3 {
		if err := writeDay(d, "run-1", 1+n); err != nil {
			t.Fatal(err)
		}
		if got := d.ledger.count("logins"); got > unsureSlices {
			t.Fatalf("%d slices are unsure", got)
		}
	}
	if err := c.Crash(); err != nil {
		t.Fatal(err)
	}
	if got, want := held(t, place), fmt.Sprintf("%d days, %d rows", 2*unsureSlices+2, 3*(2*unsureSlices+2)); got != want {
		t.Errorf("after a crash there are %s, want %s", got, want)
	}
	wantError(t, d.Finish(context.Background()), "a slice that this run had written is not there any more", "Run the same command again")
}

// TestWhatACrashTookIsMissed crashes the server after commits that it has not on
// its disk. Nothing half is left, the run can not end well, no later day is
// written over the gap, and the next run makes it whole.
func TestWhatACrashTookIsMissed(t *testing.T) {
	for name, next := range map[string]func(*Destination) error{
		"by the next slice":     func(d *Destination) error { return writeDay(d, "run-1", 5) },
		"at the end":            func(d *Destination) error { return d.Finish(context.Background()) },
		"where a run is closed": (*Destination).Close,
	} {
		t.Run(name, func(t *testing.T) {
			d, c, place := opened(t)
			if err := writeDay(d, "run-1", 1); err != nil {
				t.Fatal(err)
			}
			if err := d.Finish(context.Background()); err != nil {
				t.Fatal(err)
			}
			if err := c.Stall(); err != nil {
				t.Fatal(err)
			}
			for day := 2; day <= 4; day++ {
				if err := writeDay(d, "run-1", day); err != nil {
					t.Fatal(err)
				}
			}
			if got := held(t, place); got != "4 days, 12 rows" {
				t.Fatalf("there are %s", got)
			}
			if err := c.Crash(); err != nil {
				t.Fatal(err)
			}
			if got := held(t, place); got != "1 days, 3 rows" {
				t.Fatalf("the crash left %s, so nothing is proven", got)
			}
			wantError(t, next(d), "3 slices that this run had written are not there any more", "Run the same command again", "nothing is doubled")
			if got := held(t, place); got != "1 days, 3 rows" {
				t.Errorf("a later day was written over the gap: %s", got)
			}
			again, err := Open(context.Background(), place)
			if err != nil {
				t.Fatal(err)
			}
			defer again.Close()
			for day := 2; day <= 5; day++ {
				if err := writeDay(again, "run-2", day); err != nil {
					t.Fatal(err)
				}
			}
			if err := again.Finish(context.Background()); err != nil {
				t.Error(err)
			}
			if got := held(t, place); got != "5 days, 15 rows" {
				t.Errorf("in the end there are %s", got)
			}
		})
	}
}

// TestAnotherRunOnTopIsNoLoss has another run read a slice again before this one
// ends, with a right to tables only.
func TestAnotherRunOnTopIsNoLoss(t *testing.T) {
	_, c, place := opened(t)
	role := c.Role(t, "")
	schema := quote(schemaOf(t, place))
	run(t, place, "CREATE SCHEMA "+schema+" AUTHORIZATION "+role)
	url := c.URL(role, "postgres", "schema", schemaOf(t, place))
	var both [2]*Destination
	for i := range both {
		d, err := Open(context.Background(), url)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		both[i] = d
		if err := writeDay(d, fmt.Sprintf("run-%d", i), 1); err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range both {
		if err := writeDay(d, "run", 2); err != nil {
			t.Error(err)
		}
		if err := d.Finish(context.Background()); err != nil {
			t.Error(err)
		}
	}
}

// TestASlowerRunOnTopIsNoLoss has a run that read a slice before this one, and was
// slower, commit it after this one did.
func TestASlowerRunOnTopIsNoLoss(t *testing.T) {
	d, c, place := opened(t)
	slower, err := Open(context.Background(), place)
	if err != nil {
		t.Fatal(err)
	}
	defer slower.Close()
	for hour, one := range map[int]*Destination{9: slower, 12: d} { // so that the table is there
		if err := writeDayReadAt(one, "before", 7, hour); err != nil {
			t.Fatal(err)
		}
	}
	if err := writeDayReadAt(d, "run-1", 1, 12); err != nil {
		t.Fatal(err)
	}
	if err := writeDayReadAt(slower, "run-0", 1, 9); err != nil {
		t.Fatal(err)
	}
	if err := writeDay(d, "run-1", 2); err != nil {
		t.Error(err)
	}
	for _, one := range []*Destination{d, slower} {
		if err := one.Finish(context.Background()); err != nil {
			t.Error(err)
		}
	}
	// What a crash takes is missed all the same, also where an older reading lies below.
	if err := c.Stall(); err != nil {
		t.Fatal(err)
	}
	if err := writeDayReadAt(d, "run-1", 1, 15); err != nil {
		t.Fatal(err)
	}
	if err := c.Crash(); err != nil {
		t.Fatal(err)
	}
	wantError(t, d.Finish(context.Background()), "a slice that this run had written is not there any more")
}
