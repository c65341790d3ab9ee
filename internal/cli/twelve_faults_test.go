package cli_test

import (
	"testing"

	"github.com/stagedoor/stagedoor/zoomsim"
)

// TestTwelveThroughFaults has every kind of fault that passes strike a sync of
// the twelve at least three times. No row may be lost or doubled.
func TestTwelveThroughFaults(t *testing.T) {
	t.Parallel()
	onEachShelf(t, company(t), func(t *testing.T, w *world, s *shelf) {
		// Between the faults lie as many requests as there are kinds, so that they
		// strike all over the run.
		var faults []zoomsim.Fault
		for round := range 3 {
			for i, kind := range passing {
				after := (round*len(passing) + i) * 9
				switch kind {
				case zoomsim.TokenEndpointDown:
					after = round // of the requests to the token endpoint
				case zoomsim.PageTokenExpired:
					after = round * 3 // of the requests with a page token
				}
				faults = append(faults, fault(kind, after, 1))
			}
		}
		if err := w.sim.AddFaults(faults...); err != nil {
			t.Fatal(err)
		}
		w.succeedsInto(s)
		w.holds(s)
		fired := w.sim.Stats().FaultsFired
		for _, kind := range passing {
			if fired[kind] < 3 {
				t.Errorf("%s fired %d times, want 3", kind, fired[kind])
			}
		}
	})
}

// TestTwelveMove has rows come and go while lists are read, so that rows move
// between two pages. What such a run missed or took twice, the next one mends.
func TestTwelveMove(t *testing.T) {
	t.Parallel()
	onEachShelf(t, company(t), func(t *testing.T, w *world, s *shelf) {
		var faults []zoomsim.Fault
		for _, stream := range twelve {
			if stream == "meeting_attendance" {
				continue
			}
			for i, kind := range []string{zoomsim.Delete, zoomsim.Late} {
				faults = append(faults, zoomsim.Fault{Kind: kind, Operation: stream, After: 1 + 2*i})
			}
		}
		if err := w.sim.AddFaults(faults...); err != nil {
			t.Fatal(err)
		}
		w.startWith(nil, s.env, s.sync()...).wait() // a meeting may be gone when its participants are asked for
		fired := w.sim.Stats().FaultsFired
		if fired[zoomsim.Delete] < 8 || fired[zoomsim.Late] < 8 {
			t.Errorf("%d rows went and %d came while lists were read, so little is proven", fired[zoomsim.Delete], fired[zoomsim.Late])
		}
		w.succeedsInto(s)
		w.holds(s)
	})
}
