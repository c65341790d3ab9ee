package cli_test

import (
	"fmt"
	"math/rand/v2"
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

// TestTwelveOfAnyCompany has companies of any size changed at any moment, also while
// they are read; in the end each place holds what Zoom has.
func TestTwelveOfAnyCompany(t *testing.T) {
	t.Parallel()
	companies := 2
	if *soak {
		companies = 40
	}
	for i := range companies {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			r := seeded(t)
			w := newWorld(t, zoomsim.Options{
				Seed: r.Int64(), Plan: "business", Users: 3 + r.IntN(30), Meetings: 10 + r.IntN(200), Limits: "off", PageRows: 3 + r.IntN(40),
			})
			s := sqliteShelf(t, w)
			w.limitless()
			w.succeedsInto(s)
			w.equals(s)
			for range 4 {
				for range r.IntN(12) {
					w.disturb(r)
				}
				// What strikes while a run reads, the next one mends.
				for fired := ""; fired != fmt.Sprint(w.sim.Stats().FaultsFired); {
					fired = fmt.Sprint(w.sim.Stats().FaultsFired)
					w.startWith(nil, s.env, s.sync()...).wait()
				}
				w.equals(s)
			}
		})
	}
}

// disturb edits some of the streams, at once or when some requests of them were
// answered.
func (w *world) disturb(r *rand.Rand) {
	for _, stream := range twelve {
		kind := []string{zoomsim.Delete, zoomsim.Change, zoomsim.Late}[r.IntN(3)]
		if slices.Contains(neverSo[kind], stream) || r.IntN(2) == 0 {
			continue
		}
		f := zoomsim.Fault{Kind: kind, Operation: stream}
		if r.IntN(3) == 0 {
			f.After = 1 + r.IntN(4)
		}
		_ = w.sim.AddFaults(f) // there may be none that can go
	}
}
