package cli_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor/zoomsim"
)

// passing are the faults that pass by themselves: all but a day that is used
// up, which is a matter of waiting until tomorrow.
var passing = []string{
	zoomsim.TokenRevoked, zoomsim.PerSecond429, zoomsim.Reset, zoomsim.HTTP500, zoomsim.HTML503, zoomsim.Slow,
	zoomsim.Truncated, zoomsim.PageTokenExpired, zoomsim.TokenEndpointDown,
}

// TestSyncExact reads a report plainly, again, and anew; each time the
// destination holds what Zoom has.
func TestSyncExact(t *testing.T) {
	t.Parallel()
	w := newWorld(t, zoomsim.Options{Plan: "business"})
	w.addCredential()
	for _, flags := range [][]string{nil, nil, {"--full-refresh"}} {
		w.startSync(flags...).isDone(0)
	}
}

// A weather is the faults that a sync meets.
type weather struct {
	name   string
	faults []zoomsim.Fault
	fired  int // how often each kind must have fired
}

// TestSyncThroughFaults has every kind of fault strike a sync, in turn, all at
// once, in random orders, and one kind alone time and again. No row may be lost
// or doubled, and the run counts as done.
func TestSyncThroughFaults(t *testing.T) {
	t.Parallel()
	const seed = 7
	r := rand.New(rand.NewPCG(seed, 0))
	t.Logf("the random orders are of seed %d", seed)

	orders, each, alone := 2, 3, 5
	if testing.Short() { // what fails time and again is waited for ever longer
		orders, each, alone = 1, 1, 0
	}
	weathers := []weather{
		{"spread", spread(3), 3},
		{"at once", atOnce(each, passing), each},
	}
	for i := range orders {
		kinds := make([]string, len(passing))
		for at, from := range r.Perm(len(passing)) {
			kinds[at] = passing[from]
		}
		weathers = append(weathers, weather{fmt.Sprint("at once, order ", i+1), atOnce(each, kinds), each})
	}
	for _, kind := range passing {
		if alone == 0 {
			break
		}
		faults := []zoomsim.Fault{fault(kind, 0, alone)}
		if kind == zoomsim.TokenEndpointDown { // nobody asks it before a token was revoked
			faults = append(faults, fault(zoomsim.TokenRevoked, 2, 1))
		}
		weathers = append(weathers, weather{kind + " alone", faults, 0}, weather{kind + " alone, late", later(faults, 9), 0})
	}

	// Most of the time is spent waiting for Zoom to recover, so all run at once.
	for _, weather := range weathers {
		w := newWorld(t, zoomsim.Options{Plan: "business", Meetings: 250})
		w.addCredential()
		if err := w.sim.AddFaults(weather.faults...); err != nil {
			t.Fatal(err)
		}
		p := w.startSync()
		defer t.Run(weather.name, func(t *testing.T) {
			w.t = t
			p.isDone(len(weather.faults))
			fired := w.sim.Stats().FaultsFired
			for _, kind := range passing {
				if fired[kind] < weather.fired {
					t.Errorf("%s fired %d times, want %d", kind, fired[kind], weather.fired)
				}
			}
			if weather.fired == 0 && fired[weather.faults[0].Kind] < alone {
				t.Errorf("%s fired %d times, want %d", weather.faults[0].Kind, fired[weather.faults[0].Kind], alone)
			}
			// The sky is clear again: a further run finds nothing to mend.
			w.sim.Reset()
			w.startSync().isDone(0)
		})
	}
}

func fault(kind string, after, count int) zoomsim.Fault {
	f := zoomsim.Fault{Kind: kind, After: after, Count: count}
	if kind == zoomsim.Slow {
		f.Delay = 300 * time.Millisecond
	}
	return f
}

// spread has one kind after the other strike, and that count times.
func spread(count int) []zoomsim.Fault {
	var faults []zoomsim.Fault
	for round := range count {
		for i, kind := range passing {
			after := round*len(passing) + i
			switch kind {
			case zoomsim.TokenEndpointDown:
				after = round // of the requests to the token endpoint
			case zoomsim.PageTokenExpired:
				after = round * 3 // of the requests with a page token
			}
			faults = append(faults, fault(kind, after, 1))
		}
	}
	return faults
}

// atOnce has all kinds strike from the first request on.
func atOnce(count int, kinds []string) []zoomsim.Fault {
	var faults []zoomsim.Fault
	for _, kind := range kinds {
		faults = append(faults, fault(kind, 0, count))
	}
	return faults
}

func later(faults []zoomsim.Fault, after int) []zoomsim.Fault {
	moved := make([]zoomsim.Fault, len(faults))
	for i, f := range faults {
		if moved[i] = f; f.Kind != zoomsim.TokenEndpointDown {
			moved[i].After += after
		}
	}
	return moved
}

// startSync starts reading everything into zoom.db.
func (w *world) startSync(flags ...string) *process {
	w.t.Helper()
	return w.start(append(w.syncAll(), flags...)...)
}

// isDone waits for a sync, which must end well and leave the destination whole.
func (p *process) isDone(faults int) {
	w, t := p.world, p.world.t
	t.Helper()
	r := p.wait()
	if r.status != 0 {
		t.Fatalf("sync through %d faults: exit status %d, want 0; fired: %v\n%s", faults, r.status, w.sim.Stats().FaultsFired, r.stderr)
	}
	receipt := receiptOf(t, r)
	if receipt.State != "done" || len(receipt.Streams) != 1 || receipt.Streams[0].Error != nil || len(receipt.Streams[0].Skipped) > 0 {
		t.Errorf("the receipt says %s", r.stdout)
	}
	w.isWhole()
}
