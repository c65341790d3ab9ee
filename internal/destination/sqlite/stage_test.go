package sqlite

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stagedoor/stagedoor"
)

// TestTheStageGivesEachKeyOnceInOrder stages more than memory may hold, with keys
// that come again in other runs of the file, and rows longer than a chunk.
func TestTheStageGivesEachKeyOnceInOrder(t *testing.T) {
	s := stage{memory: newMemory()}
	const others = stageBytes - 2*spillBytes
	s.memory.held.Store(others)
	random := rand.New(rand.NewPCG(1, 2))
	want := map[string]string{}
	for i := range 20_000 {
		key := fmt.Sprintf("2026-01-%02d %04d", 1+random.IntN(28), random.IntN(500))
		size := random.IntN(300)
		if i%5000 == 77 {
			size = 2 * chunkBytes
		}
		raw := fmt.Sprintf("%d %s", i, strings.Repeat("x", size))
		want[key] = raw
		if err := s.add(stagedoor.Record{Key: key, Raw: []byte(raw)}); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.runs) < 2 {
		t.Fatalf("%d runs were put into a file; the test is about several", len(s.runs))
	}
	for range 2 { // what is gone is found in a round of its own
		var keys []string
		got := map[string]string{}
		if err := s.each(func(line []byte) error {
			key := string(keyOf(line))
			keys = append(keys, key)
			got[key] = string(line[len(line)-len(want[key]):])
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if !slices.IsSorted(keys) || len(keys) != len(want) {
			t.Errorf("%d keys came (in order: %t), want %d", len(keys), slices.IsSorted(keys), len(want))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
		if first, last := keys[0], keys[len(keys)-1]; first != string(s.first) || last != string(s.last) {
			t.Errorf("bounds are %q and %q, want %q and %q", s.first, s.last, first, last)
		}
	}
	s.close()
	if left := s.memory.held.Load(); left != others {
		t.Errorf("%d bytes were not given back", left-others)
	}
}

// TestTheDriverHasItsHandles tells after an upgrade of the driver whether insert
// still finds what it needs.
func TestTheDriverHasItsHandles(t *testing.T) {
	d, _ := opened(t)
	ctx := context.Background()
	conn, err := d.db.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "CREATE TEMP TABLE t (k, r, x)"); err != nil {
		t.Fatal(err)
	}
	s := stage{memory: newMemory()}
	if err := s.add(stagedoor.Record{Key: "k", Raw: []byte("r")}); err != nil {
		t.Fatal(err)
	}
	if n, err := s.move(ctx, conn, "INSERT INTO temp.t VALUES (?, ?, ?)", 0, ""); n != 1 || err != nil {
		t.Fatalf("%d rows, %v", n, err)
	}
	var row string
	if err := conn.QueryRowContext(ctx, "SELECT k || r || quote(x) FROM temp.t").Scan(&row); err != nil || row != "kr''" {
		t.Errorf("row %q, %v", row, err)
	}
	_, err = s.move(ctx, conn, "INSERT INTO temp.t VALUES (?, ?, raise_error(?))", 0, "")
	if err == nil {
		t.Error("a statement that is none was taken")
	}
	if _, err := conn.ExecContext(ctx, "CREATE UNIQUE INDEX temp.once ON t (k)"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.move(ctx, conn, "INSERT INTO temp.t VALUES (?, ?, ?)", 0, ""); err == nil || !strings.Contains(err.Error(), "UNIQUE constraint failed") {
		t.Errorf("err = %v, want the index's refusal", err)
	}
}
