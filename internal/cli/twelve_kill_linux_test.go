package cli_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// The moments at which a sync of the twelve is killed. What each hits is looked
// up from outside while the process stands still.
const (
	midPage        = "in the middle of a page"
	midTransaction = "inside the destination's transaction"
	beforeCopy     = "between the destination's commit and the store's copy"
	anywhere       = "anywhere"
)

// TestTwelveKilled kills syncs of the twelve without warning, each time at
// unfinished work; the same command then goes on, and in the end the place holds
// what Zoom has.
func TestTwelveKilled(t *testing.T) {
	t.Parallel()
	kills := []string{
		midPage, midTransaction, beforeCopy, anywhere, midPage, midTransaction, beforeCopy, midPage, midTransaction, beforeCopy,
		midPage, midTransaction, beforeCopy, anywhere, midPage, midTransaction, beforeCopy, anywhere, midPage, midTransaction,
	}
	if testing.Short() {
		kills = kills[:5]
	}
	onEachShelf(t, company(t), func(t *testing.T, w *world, s *shelf) {
		r := seeded(t)
		killed, whole := map[string]int{}, 0
		for _, when := range kills {
			if w.kill(t, r, s, when) {
				killed[when]++
			}
			there, err := s.slices()
			if err != nil {
				t.Fatal(err)
			}
			if len(there) < whole {
				t.Fatalf("%d slices are kept, there were %d before the kill %s", len(there), whole, when)
			}
			whole = len(there)
		}
		w.inFront(func(rw http.ResponseWriter, r *http.Request, zoom http.Handler) { zoom.ServeHTTP(rw, r) })
		w.succeedsInto(s)
		w.holds(s)
		t.Logf("killed: %v; %d slices were written before the last run", killed, whole)
		least := min(4, len(kills)/4)
		for _, when := range []string{midPage, midTransaction, beforeCopy} {
			if killed[when] < least {
				t.Errorf("%d kills hit a sync %s, want %d", killed[when], when, least)
			}
		}
	})
}

// kill starts a sync and kills it at the moment. It tells whether the kill hit
// what it was meant to.
func (w *world) kill(t *testing.T, r *rand.Rand, s *shelf, when string) bool {
	t.Helper()
	if when == midPage {
		// Half of an answer is out when the signal comes.
		d := death{when: midAnswer, turn: 1 + r.IntN(60), late: upTo(r, 4*time.Millisecond)}
		return died(t, w.startDoomed(d, nil, s.env, s.sync()...), when)
	}
	w.inFront(func(rw http.ResponseWriter, r *http.Request, zoom http.Handler) { zoom.ServeHTTP(rw, r) })
	p := w.startWith(nil, s.env, s.sync()...)
	ended := make(chan struct{})
	go func() { p.cmd.Wait(); close(ended) }()
	over := func() bool {
		select {
		case <-ended:
			return true
		default:
			return false
		}
	}
	// A few slices are written first, so that the kills strike all over the work.
	before, err := s.slices()
	if err != nil {
		t.Fatal(err)
	}
	enough := len(before) + r.IntN(8)
	hit := func() bool { return when == anywhere || w.stands(t, s, when, enough) }
	if when == anywhere {
		time.Sleep(upTo(r, 600*time.Millisecond))
	}
	for !over() {
		if !p.still() {
			break
		}
		if hit() {
			_ = p.cmd.Process.Kill()
			<-ended
			return true
		}
		_ = p.cmd.Process.Signal(syscall.SIGCONT)
		time.Sleep(upTo(r, 3*time.Millisecond))
	}
	<-ended
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		t.Fatalf("the sync that was to be killed %s: exit status %d\n%s", when, code, tail(p.stderr.String()))
	}
	return false
}

// died waits for a process that a signal ends.
func died(t *testing.T, p *process, when string) bool {
	t.Helper()
	r := p.wait()
	if r.status != -1 && r.status != 0 {
		t.Fatalf("the sync that was to be killed %s: exit status %d\n%s", when, r.status, tail(r.stderr))
	}
	return r.status == -1
}

// still stops the process and waits until it stands; false if it has ended.
func (p *process) still() bool {
	if p.cmd.Process.Signal(syscall.SIGSTOP) != nil {
		return false
	}
	for {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
		if err != nil {
			return false
		}
		// The state stands behind the name, which is in brackets.
		switch state := text[strings.LastIndexByte(string(text), ')')+2]; state {
		case 'T':
			return true
		case 'Z', 'X':
			return false
		}
	}
}

// stands tells whether a process that stands still is at the moment, with enough
// slices written.
func (w *world) stands(t *testing.T, s *shelf, when string, enough int) bool {
	t.Helper()
	there, err := s.slices()
	var writing bool
	if err == nil {
		writing, err = s.writing()
	}
	if inTheLog(err) {
		return false // that would be another moment
	}
	if err != nil {
		t.Fatal(err)
	}
	if when == midTransaction {
		return writing && len(there) >= enough
	}
	if writing || len(there) <= enough {
		return false // that would be another moment
	}
	copied, err := readColumn(w.path("home/stagedoor.db"), "SELECT stream || ' ' || slice FROM run_slices")
	if err != nil {
		if inTheLog(err) || strings.Contains(err.Error(), "no such table") || errors.Is(err, os.ErrNotExist) {
			return false
		}
		t.Fatal(err)
	}
	known := setOf(copied)
	for slice := range there {
		if !known[slice] {
			return true
		}
	}
	return false
}

// inTheLog tells of a reader that can not read while a process stands still in the
// midst of SQLite's write-ahead log.
func inTheLog(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && (e.Code()&0xff == sqlite3.SQLITE_PROTOCOL || e.Code() == sqlite3.SQLITE_BUSY_RECOVERY)
}
