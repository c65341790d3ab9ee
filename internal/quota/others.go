package quota

import "time"

// others learns how much of a lane's rate other apps of the account leave. Since
// a lane itself keeps below the limit, a refusal is somebody else's doing. What
// was let through in the last second is what is left for us; from there the rate
// grows slowly back.
type others struct {
	requests    float64 // permitted in each span by the plan
	permitted   float64 // of those, what seems left for us
	recent      []time.Time
	refused     []time.Time
	ceiling     float64   // where it was refused last
	lowered     time.Time // when permitted was last lowered
	raised      time.Time
	inARow      int
	pausedUntil time.Time
}

const (
	// caution is what we take of that which was let through.
	caution = 0.97
	// blind is what is left at least of a rate that is lowered once.
	blind = 0.6
	// recovery is how much of the plan's rate comes back in a span without a
	// refusal, and feeling is the same near the rate that was refused last, where
	// the next step may be one too many.
	recovery = 0.01
	feeling  = 0.002
	// remembered is for how many spans a refused rate is taken to be refused.
	remembered = 60
)

// stretch is how much slower than the plan permits the lane goes.
func (o *others) stretch() float64 {
	if o.permitted >= o.requests {
		return 1
	}
	return o.requests / o.permitted
}

// note notes a departure.
func (o *others) note(now time.Time, span time.Duration) {
	o.recent = append(trim(o.recent, now.Add(-span)), now)
}

func trim(times []time.Time, since time.Time) []time.Time {
	i := 0
	for i < len(times) && times[i].Before(since) {
		i++
	}
	return times[i:]
}

// refuse notes that a request which left at sent was refused; it reports
// whether the lane slowed down.
func (o *others) refuse(sent, now time.Time, span time.Duration) bool {
	o.refused = append(trim(o.refused, now.Add(-span)), now)
	o.inARow++
	// Refusals come in rows: the rest of a window of the clock is refused too.
	pause := min(span/40<<min(o.inARow-1, 4), span/4)
	if until := now.Add(pause); until.After(o.pausedUntil) {
		o.pausedUntil = until
	}
	if sent.Sub(o.lowered) < span {
		return false // it left at the former rate, or before the new one was seen to be too much
	}
	o.recent = trim(o.recent, now.Add(-span))
	before := o.permitted
	defer func() { o.ceiling = o.permitted / caution }()
	o.permitted = max(before*caution, 1)
	// What was let through tells more, where it was not itself a time of pauses;
	// but who called little learns little.
	if through := float64(len(o.recent) - len(o.refused)); before >= o.requests {
		o.permitted = max(min(max(through, before*blind), before)*caution, 1)
	}
	o.lowered, o.raised = now, now
	return true
}

// accept notes that a request was let through; it reports whether all that the
// plan permits is ours again.
func (o *others) accept(now time.Time, span time.Duration) bool {
	o.inARow = 0
	if o.permitted >= o.requests {
		return false
	}
	for now.Sub(o.raised) >= span && o.permitted < o.requests {
		o.raised = o.raised.Add(span)
		step := recovery
		if o.permitted > o.ceiling*caution && now.Sub(o.lowered) < remembered*span {
			step = feeling
		}
		o.permitted = min(o.permitted+max(step*o.requests, 0.02), o.requests)
	}
	return o.permitted >= o.requests
}
