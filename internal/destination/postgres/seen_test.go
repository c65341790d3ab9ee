package postgres

import (
	"fmt"
	"testing"

	"github.com/stagedoor/stagedoor"
)

// TestSeen holds that no key which came before is called new, whatever their
// number, and that few new ones are called old.
func TestSeen(t *testing.T) {
	const keys = 300_000
	s := newSeen()
	wrong := 0
	for i := range keys {
		if s.add(fmt.Sprintf("2026-01-01:%d", i)) {
			wrong++
		}
	}
	for i := range keys {
		if !s.add(fmt.Sprintf("2026-01-01:%d", i)) {
			t.Fatalf("key %d came before and is called new", i)
		}
	}
	if wrong > keys/1000 {
		t.Errorf("%d of %d new keys are called old", wrong, keys)
	}
}

// TestKeysThatComeAgainAmongMany writes a slice in which keys come twice and
// three times, far apart, once into an empty table and once over it.
func TestKeysThatComeAgainAmongMany(t *testing.T) {
	place := newPlace(t)
	d, err := Open(t.Context(), place)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for hour := 1; hour <= 2; hour++ {
		w, err := d.Begin(t.Context(), users(), stagedoor.Slice{Stream: "users"}, fmt.Sprintf("run-%d", hour))
		if err != nil {
			t.Fatal(err)
		}
		const rows, keys = 5000, 2000
		for i := range rows {
			id := fmt.Sprintf("%06d", i%keys)
			if err := w.Write(t.Context(), stagedoor.Record{Key: id, Values: []any{id}, Raw: fmt.Append(nil, i)}); err != nil {
				t.Fatal(err)
			}
		}
		written, err := w.Commit(t.Context(), checkpointOf(hour, rows), true)
		if want := (stagedoor.Written{Rows: keys}); err != nil || written != want {
			t.Fatalf("Commit = %+v, %v, want %+v", written, err, want)
		}
		// Of each key the last: the third of the first thousand, the second of the others.
		got := value(t, place, "SELECT concat(count(*), ' ', count(*) FILTER (WHERE _raw::int >= 3000), ' ', min(_raw::int)) FROM "+quote(schemaOf(t, place))+".users")
		if got != "2000 2000 3000" {
			t.Errorf("rows, rows of the last writing, the least: %s", got)
		}
	}
}
