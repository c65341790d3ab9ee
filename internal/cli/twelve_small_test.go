package cli_test

import (
	"slices"
	"testing"

	"github.com/stagedoor/stagedoor/zoomsim"
)

// TestTwelveOfASmallCompany has a company of few people lose rows until its last days
// are empty: a day that shows nothing at all is told from an account that does.
func TestTwelveOfASmallCompany(t *testing.T) {
	t.Parallel()
	o := zoomsim.Options{Plan: "business", Users: 5, Meetings: 60, Limits: "off"}
	onEachShelf(t, o, func(t *testing.T, w *world, s *shelf) {
		w.succeedsInto(s)
		w.holds(s)
		for range 4 {
			for range 8 {
				for _, stream := range twelve {
					if slices.Contains(neverSo[zoomsim.Delete], stream) {
						continue
					}
					// There may be none left that can go.
					_ = w.sim.AddFaults(zoomsim.Fault{Kind: zoomsim.Delete, Operation: stream})
				}
			}
			w.startWith(nil, s.env, s.sync()...).wait() // a meeting may be gone when its participants are asked for
			w.succeedsInto(s)
			w.equals(s)
		}
	})
}
