package zoomsim

import (
	"net/http"
	"sync/atomic"
	"time"
)

// A network is the way of a request to the simulator and back. Half of the
// latency lies before a request is counted and half after it, as with a real
// one: so a client that paces its requests cannot tell exactly when they count.
type network struct {
	latency time.Duration
	jitter  time.Duration // at random up to this, on the way there
	back    bool          // and as much again on the way back
	seed    int64
	trips   atomic.Uint64
}

func (n *network) there() time.Duration { return n.latency/2 + n.random() }

func (n *network) homeward() time.Duration {
	delay := n.latency - n.latency/2
	if n.back {
		delay += n.random()
	}
	return delay
}

func (n *network) random() time.Duration {
	if n.jitter == 0 {
		return 0
	}
	r := randomFor(n.seed, "trip", int(n.trips.Add(1)))
	return time.Duration(r.Int64N(int64(n.jitter) + 1))
}

// arrive waits until a request has come to the simulator. It comes also when the
// client has given it up meanwhile; false means that the simulator closes.
func (s *Simulator) arrive() bool {
	delay := s.network.there()
	if delay <= 0 {
		return true
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.ctx.Done():
		return false
	}
}

// goBack waits until the answer is there; false means that nobody waits for it
// any more.
func (s *Simulator) goBack(r *http.Request, slow time.Duration) bool {
	delay := s.network.homeward() + slow
	if delay <= 0 {
		return true
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
	case <-s.ctx.Done():
	}
	return false
}
