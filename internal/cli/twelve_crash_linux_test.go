package cli_test

import (
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor/internal/postgrestest"
)

// TestTwelveOnACrashingServer crashes PostgreSQL under syncs of the twelve, each
// time with commits that are not on its disk yet. A sync that has lost some says
// so and does not end well; the same command then goes on, and in the end the
// place holds what Zoom has.
func TestTwelveOnACrashingServer(t *testing.T) {
	if testing.Short() {
		t.Skip("takes longer than -short permits; see TestWhatACrashTookIsMissed in destination/postgres for the short form")
	}
	t.Parallel()
	const crashes = 4
	cluster, err := postgrestest.Boot("synchronous_commit=on")
	if errors.Is(err, postgrestest.ErrMissing) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, company(t))
	w.limitless()
	s := postgresShelfOn(t, cluster)
	r := seeded(t)
	lost := 0
	for range crashes {
		if err := cluster.Stall(); err != nil {
			t.Fatal(err)
		}
		before := w.written(t, s)
		p := w.startWith(nil, s.env, s.sync()...)
		enough, runs := before+1+r.IntN(30), p.still()
		for ; runs && w.written(t, s) < enough; runs = p.still() {
			_ = p.cmd.Process.Signal(syscall.SIGCONT)
			time.Sleep(upTo(r, 3*time.Millisecond))
		}
		there := w.written(t, s)
		if err := cluster.Crash(); err != nil {
			t.Fatal(err)
		}
		left := w.written(t, s)
		_ = p.cmd.Process.Signal(syscall.SIGCONT) // of one that has ended it does nothing
		ended := p.wait()
		switch {
		case !runs && left < there:
			t.Fatalf("%d slices of a run that was over are gone", there-left)
		case left < there:
			lost++
			if ended.status == 0 || !strings.Contains(ended.stderr, "not there any more") || !strings.Contains(ended.stderr, "Run the same command again") {
				t.Errorf("a sync that lost %d slices ended with %d:\n%s", there-left, ended.status, tail(ended.stderr))
			}
		}
		t.Logf("%d slices, %d after the crash; the sync ended with %d", there, left, ended.status)
	}
	if lost == 0 {
		t.Error("no crash took a slice away, so nothing is proven")
	}
	w.succeedsInto(s)
	w.holds(s)
}

// written is how many slices the place says it has.
func (w *world) written(t *testing.T, s *shelf) int {
	t.Helper()
	there, err := s.slices()
	if err != nil {
		t.Fatal(err)
	}
	return len(there)
}
