package zoomsim

import (
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// The bounds of OtherTraffic's Rate: about one request a day, and far beyond
// what Zoom permits. Each request is reckoned up one by one.
const (
	lowestRate  = 0.00001
	highestRate = 1000
)

// otherTraffic is what other apps of the account send. Nobody sends it in the
// background: whoever looks at a limit first reckons up what came since the last
// look, in the order of time, so that it is exact under any clock.
type otherTraffic struct {
	fault  Fault // Count goes down
	budget budget
	start  time.Time
	end    time.Time // zero: none
	gap    float64   // nanoseconds, on average
	number int       // of the next request
	random *rand.Rand
	next   time.Time
}

// startOther starts the traffic of a checked fault.
func (s *Simulator) startOther(fault Fault, now time.Time) {
	method, path, _ := strings.Cut(fault.operations[0], " ")
	op, _ := knownOperations().find(method, path)
	s.state.othersStarted++
	other := &otherTraffic{
		fault:  fault,
		budget: s.state.quota.budget(op),
		start:  now,
		gap:    float64(time.Second) / fault.Rate,
		random: randomFor(s.options.Seed, "other traffic", s.state.othersStarted),
	}
	if fault.Delay > 0 {
		other.end = now.Add(fault.Delay)
	}
	if other.schedule(); !other.over() {
		s.state.others = append(s.state.others, other)
	}
}

// schedule puts the next request at a random moment of its turn: there is one in
// each gap, so that they come irregularly and yet at exactly that rate.
func (o *otherTraffic) schedule() {
	turn := float64(o.number) + o.random.Float64()
	o.next = o.start.Add(time.Duration(turn * o.gap))
	o.number++
}

// over tells whether it has sent all that it will.
func (o *otherTraffic) over() bool {
	return o.fault.Count > 0 && o.number > o.fault.Count || !o.end.IsZero() && !o.next.Before(o.end)
}

// catchUp takes from the limits what other apps sent until now.
func (s *Simulator) catchUp(now time.Time) {
	for {
		var first *otherTraffic
		for _, o := range s.state.others {
			if first == nil || o.next.Before(first.next) {
				first = o
			}
		}
		if first == nil || first.next.After(now) {
			return
		}
		s.state.tally.other.Sent++
		if s.state.quota.take(first.budget, first.next) != nil {
			s.state.tally.other.Refused++
		}
		if first.schedule(); first.over() {
			s.state.others = slices.DeleteFunc(s.state.others, func(o *otherTraffic) bool { return o == first })
		}
	}
}

// pending is the fault with the count that is left.
func (o *otherTraffic) pending() Fault {
	left := o.fault
	if left.Count > 0 {
		left.Count -= o.number - 1
	}
	return left
}
