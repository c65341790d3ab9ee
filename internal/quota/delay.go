package quota

import (
	"math"
	"slices"
	"time"
)

// delay learns from answer times how far the time that a request takes to the
// server may vary. Only the sum of both ways and of the server's work can be
// seen, so all that an answer took beyond the quickest one is taken for delay on
// the way there: the request was counted at most so much later than the quickest.
type delay struct {
	former, current epoch
	recent          [64]time.Duration
	n               int           // answers so far
	usual           time.Duration // what nearly all answers take beyond the quickest, at most
}

// epoch is a time in which the quickest answer is looked for. It ends, for
// routes change, but not before there were enough answers to find it.
type epoch struct {
	began    time.Time
	answers  int
	quickest time.Duration
}

const (
	epochTime    = 10 * time.Second
	epochAnswers = 200
	longestEpoch = 5 * time.Minute

	// unknownDelay is assumed before anything is known, and leastDelay when all
	// is: the timers of a busy machine are not finer.
	unknownDelay = 100 * time.Millisecond
	leastDelay   = time.Millisecond
	mostDelay    = time.Second
	fewAnswers   = 8
)

// learn takes the answer time of a request.
func (d *delay) learn(took time.Duration, now time.Time) {
	if age := now.Sub(d.current.began); age > longestEpoch || age > epochTime && d.current.answers >= epochAnswers {
		d.former, d.current = d.current, epoch{began: now}
	}
	if d.current.answers == 0 || took < d.current.quickest {
		d.current.quickest = took
	}
	d.current.answers++
	d.recent[d.n%len(d.recent)] = took
	d.n++
	if d.n%16 == 0 || d.n == fewAnswers {
		sorted := slices.Clone(d.recent[:min(d.n, len(d.recent))])
		slices.Sort(sorted)
		d.usual = max(sorted[len(sorted)*97/100]-d.quickest(), 0)
	}
}

func (d *delay) quickest() time.Duration {
	switch {
	case d.former.answers == 0:
		return d.current.quickest
	case d.current.answers == 0:
		return d.former.quickest
	}
	return min(d.former.quickest, d.current.quickest)
}

// doubt is how much quicker than the quickest answer that was seen one may be:
// much where few were seen.
func (d *delay) doubt() time.Duration {
	n := float64(d.former.answers + d.current.answers)
	return leastDelay + time.Duration(float64(d.usual)*(1.3/math.Sqrt(n)+8/n)+float64(unknownDelay)/n)
}

// of is how much later than the quickest a request with this answer time may
// have been counted.
func (d *delay) of(took time.Duration) time.Duration {
	if d.n < fewAnswers {
		return unknownDelay
	}
	return min(max(took-d.quickest(), 0)+d.doubt(), mostDelay)
}

// most is the same for a request whose answer is not there yet.
func (d *delay) most() time.Duration {
	if d.n < fewAnswers {
		return unknownDelay
	}
	return min(2*d.usual+d.doubt(), mostDelay)
}
