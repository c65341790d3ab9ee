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
