package postgres

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stagedoor/stagedoor"
)

// TestOddKeys holds that keys which an index or text can not take are kept apart
// from each other, and from those that look like them, and keep their day.
func TestOddKeys(t *testing.T) {
	place := newPlace(t)
	d, err := Open(t.Context(), place)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	w, err := d.Begin(t.Context(), users(), stagedoor.Slice{Stream: "users"}, "run-1")
	if err != nil {
		t.Fatal(err)
	}
	var long strings.Builder // that compression does not make short
	for i := range 3000 {
		fmt.Fprintf(&long, "%x", uint32(i)*2654435761)
	}
	keys := []string{"2026-01-01:" + long.String() + "a", "2026-01-01:" + long.String() + "b", "2026-01-01:\x00", "2026-01-01:\xff", "2026-01-01:\uFFFD"}
	for _, key := range append(keys, keys...) {
		if err := w.Write(t.Context(), stagedoor.Record{Key: key, Values: []any{"a\x00b\xff"}, Raw: []byte("{}")}); err != nil {
			t.Fatal(err)
		}
	}
	if written, err := w.Commit(t.Context(), checkpointOf(1, 10), true); err != nil || written.Rows != len(keys) {
		t.Fatalf("Commit: %+v, %v, want %d rows", written, err, len(keys))
	}
	got := value(t, place, "SELECT concat(count(*), ' ', count(*) FILTER (WHERE _key LIKE '2026-01-01:%'), ' ', min(id)) FROM "+quote(schemaOf(t, place))+".users")
	if want := "5 5 a\uFFFDb\uFFFD"; got != want {
		t.Errorf("rows, rows of the day, their text: %s, want %s", got, want)
	}
}

func TestAValueOfAnotherTypeIsAnError(t *testing.T) {
	for _, kind := range []string{"text", "bigint", "double precision", "boolean", "json", "timestamp with time zone"} {
		if _, err := appendValue(nil, kind, struct{}{}); err == nil {
			t.Errorf("%s takes anything", kind)
		}
	}
	if _, err := appendValue(nil, "bigint", "1"); err == nil {
		t.Error("bigint takes text")
	}
}
