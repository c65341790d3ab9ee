package destinationtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stagedoor/stagedoor"
)

// testVolume writes one slice that is larger than what it may take of memory.
// The short form writes too little to see memory grow, and counts only.
func testVolume(t *testing.T, kind Kind) {
	rows := 100_000
	if testing.Short() {
		rows = 5_000
	}
	place := kind.New(t)
	d := open(t, kind, place)
	random := rand.New(rand.NewPCG(1, 2))
	before := resident(t)
	most := before
	for run := range 2 { // the second replaces every row
		r := reading{stream: people(), days: days(1, 31), run: fmt.Sprintf("run-%d", run), at: readAt(run), gone: true}
		w, err := r.stage(d)
		if err != nil {
			t.Fatal(err)
		}
		raw := make([]byte, 1200)
		for i := range rows {
			for j := range raw {
				raw[j] = 'a' + byte(random.IntN(26))
			}
			record := stagedoor.Record{
				// Ids come in no order, as hashes do.
				Key: fmt.Sprintf("2026-01-%02d %08x", 1+i%31, uint32(i)*2654435761), Values: []any{"somebody", int64(i)}, Raw: raw,
			}
			if err := w.Write(context.Background(), record); err != nil {
				t.Fatal(err)
			}
			if i%1000 == 0 {
				most = max(most, resident(t))
			}
		}
		written, err := w.Commit(context.Background(), stagedoor.Checkpoint{Slice: r.slice(), Run: r.run, ReadAt: r.at, Returned: rows}, true)
		if err != nil {
			t.Fatal(err)
		}
		most = max(most, resident(t))
		if want := (stagedoor.Written{Rows: rows}); written != want {
			t.Fatalf("Written = %+v, want %+v", written, want)
		}
	}
	const limit = 64 << 20
	t.Logf("memory grew by %d MiB", (most-before)>>20)
	if grown := most - before; grown > limit {
		t.Errorf("memory grew by %d MiB for %d MiB of rows, want at most %d", grown>>20, rows*1200>>20, limit>>20)
	}
	checkpoints, err := d.Checkpoints(context.Background(), people(), "", "")
	if err != nil || len(checkpoints) != 1 || checkpoints[0].Written != rows {
		t.Fatalf("checkpoints = %+v, %v; want one with %d rows", checkpoints, err, rows)
	}
}

// noise returns letters that no compression makes much smaller, the same for
// the same seed.
func noise(size int, seed uint64) []byte {
	random := rand.New(rand.NewPCG(seed, 3))
	text := make([]byte, size)
	for i := range text {
		text[i] = 'a' + byte(random.IntN(26))
	}
	return text
}

// resident returns the bytes of memory that this process holds, or 0 where the
// system does not tell in Linux' way.
// Source: proc_pid_statm(5): the second number, in pages.
func resident(t *testing.T) int {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text))
	pages, err := strconv.Atoi(fields[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}
