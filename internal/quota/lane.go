package quota

import (
	"slices"
	"time"
)

// A lane paces the calls of one label of one family. Zoom does not say how it
// counts (windows of the clock, a sliding window, a bucket), so a lane keeps to
// the strictest: in any stretch of a second no more requests arrive than are
// permitted.
//
// It has as many slots as requests are permitted in a second. A slot is used by
// one request, and again by another when a second has passed between the two at
// the server: the time from one's departure to the next one's, less what the
// first may have been delayed on its way (delay.go). So lost time does not add
// up, and nothing depends on timers being exact. Between any two departures
// there is a gap, so that a second's requests do not leave together.
//
// A lane has no lock of its own: its Account's guards it.
type lane struct {
	key      string
	requests int           // permitted in each span, in the account
	span     time.Duration // a second or a minute
	slots    []*slot       // those that this process may use
	last     time.Time     // when the last request was given its turn
	queue    queue
	timer    *time.Timer
	delay    delay
	others   others
	// bulk: who called last backfills, and will have use for more soon.
	bulk bool
	// freed are slots that were given up, by when others may use them, and of
	// which the store may not know yet.
	freed []time.Time
	// short: there were no more slots to be had when it was looked last.
	short bool
}

// slot is the right to one request in each span.
type slot struct {
	busy  bool      // given out, and not known to have been sent
	turn  int       // counts its uses, so that a late answer does not speak for another use
	ready time.Time // from when on it may be used again, where it is not busy
	sent  time.Time
}

// How much of an even distance there is between two departures at least. Less
// than all, so that a lane which was held up catches up; nearly all where other
// apps take part of the rate, since a slot does not know when theirs leave.
const (
	gapAlone = 0.7
	gapAmong = 0.97
)

func newLane(key string, requests int, span time.Duration) *lane {
	return &lane{key: key, requests: requests, span: span, others: others{permitted: float64(requests), requests: float64(requests)}}
}

// grow adds slots, each to be used from its time on.
func (l *lane) grow(ready ...time.Time) {
	for _, at := range ready {
		l.slots = append(l.slots, &slot{ready: at})
	}
}

// shrink takes slots away, those that rest longest first, and returns from when
// on others may use them.
func (l *lane) shrink(n int, now time.Time) []time.Time {
	var freed []time.Time
	for range min(n, len(l.slots)) {
		i := l.idlest()
		s := l.slots[i]
		at := s.ready
		if s.busy {
			at = now.Add(l.rest(mostDelay))
		}
		if at.Before(now) {
			at = now
		}
		freed = append(freed, at)
		l.slots = slices.Delete(l.slots, i, i+1)
	}
	return freed
}

// wanted is how many slots there is use for: those in use and those waited for.
func (l *lane) wanted(now time.Time) int {
	n := l.queue.waiting
	for _, s := range l.slots {
		if s.busy || s.ready.After(now) {
			n++
		}
	}
	return min(n, l.requests)
}

// asks is how many slots to ask the store for. A backfill that has use for some
// will soon have use for more.
func (l *lane) asks(now time.Time, coming int) int {
	n := l.wanted(now) + coming
	if l.bulk && n > 0 {
		n = 2*n + 2
	}
	return min(n, l.requests)
}

// idlest is the slot that may be used first; -1 if there is none.
func (l *lane) idlest() int {
	found := -1
	for i, s := range l.slots {
		switch {
		case found < 0, l.slots[found].busy && !s.busy, l.slots[found].busy == s.busy && s.ready.Before(l.slots[found].ready):
			found = i
		}
	}
	return found
}

// rest is how long a slot is not used after a departure.
func (l *lane) rest(delayed time.Duration) time.Duration {
	return time.Duration(float64(l.span)*l.others.stretch()) + delayed
}

// next is when the next request may leave; false if no slot comes free by time
// alone.
func (l *lane) next() (time.Time, bool) {
	i := l.idlest()
	if i < 0 || l.slots[i].busy {
		return time.Time{}, false
	}
	at := l.slots[i].ready
	share := gapAlone
	if l.others.stretch() > 1 {
		share = gapAmong
	}
	gap := time.Duration(float64(l.span) / float64(l.requests) * l.others.stretch() * share)
	if earliest := l.last.Add(gap); at.Before(earliest) {
		at = earliest
	}
	if at.Before(l.others.pausedUntil) {
		at = l.others.pausedUntil
	}
	return at, true
}

// dispatch gives turns to those who wait, as far as it is time, and sets the
// timer for the next one.
func (l *lane) dispatch(now time.Time) {
	for l.queue.waiting > 0 {
		at, ok := l.next()
		if !ok {
			return // an answer, or a new part, calls again
		}
		if at.After(now) {
			l.timer.Reset(at.Sub(now))
			return
		}
		w := l.queue.next()
		s := l.slots[l.idlest()]
		s.busy, s.sent = true, time.Time{}
		s.turn++
		l.last = now
		w.turn <- s
	}
}

// left notes that the request of a turn went out.
func (l *lane) left(s *slot, turn int, now time.Time) {
	if s.turn != turn {
		return
	}
	s.busy, s.sent = false, now
	s.ready = now.Add(l.rest(l.delay.most()))
	l.others.note(now, l.span)
}

// done notes that it was answered, or never sent.
func (l *lane) done(s *slot, turn int, sent time.Time, unsent bool, now time.Time) {
	if s.turn != turn {
		return // the slot is in use again
	}
	if unsent {
		s.busy, s.ready = false, now
		return
	}
	if s.busy { // it never said that it was sent
		s.busy, sent = false, now
	}
	s.ready = sent.Add(l.rest(l.delay.of(now.Sub(sent))))
}
