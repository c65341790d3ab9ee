package quota

import (
	"slices"
	"time"
)

// delay learns from answer times how far the time that a request takes to the
// server may vary. Only the sum of both ways and of the server's work can be
// seen, so all that an answer took beyond the quickest one is taken for delay on
// the way there: the request was counted at most so much later than the quickest.
type delay struct {
	quickest [2]time.Duration // of the last and of this epoch; 0: none yet
	epoch    time.Time        // when this one began
	recent   [64]time.Duration
	n        int // answers so far
	usual    time.Duration
}

const (
	// epochLength is how long a quickest answer is believed: routes change.
	epochLength = 10 * time.Second
	// unknownDelay is assumed before anything is known, and leastDelay after:
	// the clocks and timers of a busy machine are not finer.
	unknownDelay = 100 * time.Millisecond
	leastDelay   = time.Millisecond
	mostDelay    = time.Second
)

// learn takes the answer time of a request.
func (d *delay) learn(took time.Duration, now time.Time) {
	if now.Sub(d.epoch) > epochLength {
		d.quickest[0], d.quickest[1], d.epoch = d.quickest[1], 0, now
	}
	if d.quickest[1] == 0 || took < d.quickest[1] {
		d.quickest[1] = took
	}
	d.recent[d.n%len(d.recent)] = took
	d.n++
	if d.n%16 == 0 || d.n == 8 {
		sorted := slices.Clone(d.recent[:min(d.n, len(d.recent))])
		slices.Sort(sorted)
		d.usual = sorted[len(sorted)*97/100] - d.least()
	}
}

func (d *delay) least() time.Duration {
	if d.quickest[0] == 0 || d.quickest[1] != 0 && d.quickest[1] < d.quickest[0] {
		return d.quickest[1]
	}
	return d.quickest[0]
}

// of is how much later than the quickest a request with this answer time may
// have been counted.
func (d *delay) of(took time.Duration) time.Duration {
	if d.n < 8 {
		return unknownDelay
	}
	// The quickest of a few is not the quickest of all.
	slack := leastDelay + d.usual/16
	return min(max(took-d.least(), 0)+slack, mostDelay)
}

// most is the same for a request whose answer is not there yet.
func (d *delay) most() time.Duration {
	if d.n < 8 {
		return unknownDelay
	}
	return min(2*d.usual+leastDelay, mostDelay)
}
