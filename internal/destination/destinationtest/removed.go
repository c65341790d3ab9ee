package destinationtest

import (
	"testing"

	"github.com/stagedoor/stagedoor"
)

// testRemoved drops a stream's table, or its folder. What its checkpoints speak of
// is not there any more, so they count for nothing: also not once a first slice
// was written anew and the run was killed behind it.
func testRemoved(t *testing.T, kind Kind) {
	place := kind.New(t)
	d := open(t, kind, place)
	a, b, c := person("2026-01-01 a", 1), person("2026-01-11 b", 1), person("2026-01-21 c", 1)
	for i, r := range []stagedoor.Record{a, b, c} {
		commit(t, d, reading{stream: people(), days: days(10*i+1, 10*i+10), records: []stagedoor.Record{r}})
	}
	red := member("2026-01-01 r", 1, "red")
	commit(t, d, reading{stream: members(), part: "red", days: days(1, 10), records: []stagedoor.Record{red}})
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	kind.Remove(t, place, people())

	d = open(t, kind, place)
	wantCheckpoints(t, d, people(), "")
	commit(t, d, reading{stream: people(), days: days(11, 20), run: "run-2", at: readAt(2), records: []stagedoor.Record{b}})
	if err := d.Close(); err != nil { // killed here
		t.Fatal(err)
	}
	d = open(t, kind, place)
	slice := stagedoor.Slice{Stream: "people", Days: days(11, 20)}
	wantCheckpoints(t, d, people(), "", stagedoor.Checkpoint{Slice: slice, Run: "run-2", ReadAt: readAt(2), Returned: 1, Written: 1})
	wantRows(t, kind, place, people(), map[string]Row{b.Key: rowOf(b, "run-2", readAt(2))})
	wantParts(t, d, "", "red") // other streams keep theirs
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	kind.Remove(t, place, members())
	d = open(t, kind, place)
	wantParts(t, d, "")
	wantPartCheckpoints(t, d, members(), "", "red")
}
