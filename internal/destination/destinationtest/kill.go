package destinationtest

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	killedRows = 300
	killedDays = 3

	placeVariable = "STAGEDOOR_KILLED_PLACE" // set in the child: where it writes
	seedVariable  = "STAGEDOOR_KILLED_SEED"  // repeats a run of the test
	killsVariable = "STAGEDOOR_KILLS"        // how often, for the long proof (make soak)
)

// testKilled starts this test once more in a process of its own, which writes
// slices without end, and kills it (SIGKILL) at random moments. Each time the
// place is opened again and every slice must be whole.
func testKilled(t *testing.T, kind Kind) {
	if place := os.Getenv(placeVariable); place != "" {
		writeUntilKilled(t, kind, place)
		return
	}
	kills := 20
	if testing.Short() {
		kills = 5
	}
	if text := os.Getenv(killsVariable); text != "" {
		var err error
		if kills, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv(seedVariable); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("seed %d (%s repeats its moments)", seed, seedVariable)
	random := rand.New(rand.NewPCG(seed, 0))
	place := kind.New(t)
	runs := map[string]bool{}
	for range kills {
		killAfter(t, place, time.Duration(random.IntN(120_000))*time.Microsecond)
		for n := range killedDays {
			run := wantWhole(t, kind, place, people(), days(n+1, n+1), killedRows)
			wantLeftOut(t, kind, place, n+1, run)
			runs[run] = true
		}
	}
	if len(runs) < kills/2 {
		t.Errorf("the killed processes left %d different slices in %d kills; they came to nothing", len(runs), kills)
	}
}

// killAfter starts a writing process and kills it some time after it began.
func killAfter(t *testing.T, place string, after time.Duration) {
	t.Helper()
	child := again(t, placeVariable+"="+place)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	child.Stderr = child.Stdout
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	var said []string
	for lines.Scan() && lines.Text() != "writing" {
		said = append(said, lines.Text())
	}
	if lines.Text() != "writing" {
		t.Fatalf("the child did not begin to write:\n%s", strings.Join(said, "\n"))
	}
	time.Sleep(after) // the moment of the kill is what is tested
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // "signal: killed"
}

// writeUntilKilled is the child. Every slice has the same rows of another run,
// and the odd runs have one row more, which the even ones mark as gone.
func writeUntilKilled(t *testing.T, kind Kind, place string) {
	d, err := kind.Open(place)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("\nwriting")
	began := time.Now().UnixNano()
	for n := 0; ; n++ {
		for of := 1; of <= killedDays; of++ {
			odd := (n+of)%2 == 1
			r := reading{
				stream: people(), days: days(of, of), at: time.Now().UTC().Truncate(time.Millisecond), gone: true,
				run: fmt.Sprintf("%d-%d-%t", began, n, odd),
			}
			for i := range killedRows {
				r.records = append(r.records, person(fmt.Sprintf("2026-01-%02d %04d", of, i), n))
			}
			if odd {
				r.records[0].Key = fmt.Sprintf("2026-01-%02d odd", of)
			}
			if _, err := r.commit(d); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// wantLeftOut wants that the row which the slice's run left out is not there,
// or is marked as gone.
func wantLeftOut(t *testing.T, kind Kind, place string, of int, run string) {
	t.Helper()
	left := fmt.Sprintf("2026-01-%02d odd", of)
	if strings.HasSuffix(run, "-true") {
		left = fmt.Sprintf("2026-01-%02d 0000", of)
	}
	if row, ok := kind.Rows(t, place, people())[left]; ok && row.Deleted.IsZero() {
		t.Fatalf("row %q is not marked as gone, though run %q left it out", left, run)
	}
}
