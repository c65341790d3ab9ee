package zoomsim

import "time"

// An allowance is how many requests of one label an account may make, all its
// apps together.
type allowance struct {
	requests int           // in each per
	per      time.Duration // a second or a minute
	daily    int           // 0: no daily cap
}

// allowances are Zoom's limits by plan (developers.zoom.us/docs/api/rate-limits/,
// read 2026-11). On paid plans Heavy and Resource-intensive share one daily cap.
var allowances = map[string]map[label]allowance{
	"free": {
		light:             {4, time.Second, 6_000},
		medium:            {2, time.Second, 2_000},
		heavy:             {1, time.Second, 1_000},
		resourceIntensive: {10, time.Minute, 30_000},
	},
	"pro": {
		light:             {30, time.Second, 0},
		medium:            {20, time.Second, 0},
		heavy:             {10, time.Second, 30_000},
		resourceIntensive: {10, time.Minute, 30_000},
	},
	"business": {
		light:             {80, time.Second, 0},
		medium:            {60, time.Second, 0},
		heavy:             {40, time.Second, 60_000},
		resourceIntensive: {20, time.Minute, 60_000},
	},
}

// quota counts what the account has used.
type quota struct {
	plan     string
	off      bool
	limiters map[label]limiter
	days     map[label]*dayCount
}

// A dayCount is what was used of a daily cap. The day ends at 00:00 UTC.
type dayCount struct {
	day     time.Time
	used    int
	blocked time.Time // a fault's doing: refuse until then
}

func newQuota(o Options) *quota {
	q := &quota{
		plan:     o.Plan,
		off:      o.Limits == "off",
		limiters: map[label]limiter{},
		days:     map[label]*dayCount{},
	}
	for l, a := range allowances[o.Plan] {
		q.limiters[l] = newLimiter(o.Limiter, a)
		if q.pool(l) == l {
			q.days[l] = &dayCount{}
		}
	}
	return q
}

// pool returns the label under which the daily cap of l is counted.
func (q *quota) pool(l label) label {
	if l == resourceIntensive && q.plan != "free" {
		return heavy
	}
	return l
}

// take uses one request of a label up, or returns the refusal. A refused request
// uses nothing.
func (q *quota) take(l label, now time.Time, t *tally) *answer {
	allowed, count := allowances[q.plan][l], q.days[q.pool(l)]
	if today := startOfDay(now); !today.Equal(count.day) {
		count.day, count.used = today, 0
	}
	if now.Before(count.blocked) {
		t.rateLimited.Daily++
		return errDaily(q.shownCap(l), count.blocked)
	}
	if q.off {
		return nil
	}
	if allowed.daily > 0 && count.used >= allowed.daily {
		t.rateLimited.Daily++
		return errDaily(allowed.daily, count.day.Add(day))
	}
	if !q.limiters[l].allow(now) {
		t.rateLimited.Second++
		return errPerSecond(allowed.requests)
	}
	count.used++
	return nil
}

// block refuses a label until an instant, rounded up to the whole second that
// Retry-After can tell.
func (q *quota) block(l label, until time.Time) time.Time {
	if whole := until.Truncate(time.Second); whole.Before(until) {
		until = whole.Add(time.Second)
	}
	q.days[q.pool(l)].blocked = until
	return until
}

// shownCap is the daily limit in headers; where the plan has none, the use of
// the day until the block.
func (q *quota) shownCap(l label) int {
	if daily := allowances[q.plan][l].daily; daily > 0 {
		return daily
	}
	return q.days[q.pool(l)].used
}

// A limiter tells whether one more request is allowed now. Zoom does not say how
// it counts, so there are three ways.
type limiter interface {
	allow(now time.Time) bool
}

func newLimiter(kind string, a allowance) limiter {
	switch kind {
	case "sliding":
		return &slidingWindow{allowance: a}
	case "bucket":
		return &bucket{allowance: a}
	default:
		return &fixedWindow{allowance: a}
	}
}

// fixedWindow starts anew with each second (or minute) of the clock.
type fixedWindow struct {
	allowance
	window time.Time
	used   int
}

func (f *fixedWindow) allow(now time.Time) bool {
	if window := now.UTC().Truncate(f.per); !window.Equal(f.window) {
		f.window, f.used = window, 0
	}
	if f.used >= f.requests {
		return false
	}
	f.used++
	return true
}

// slidingWindow allows no more than the limit in any stretch of one second (or minute).
type slidingWindow struct {
	allowance
	recent []time.Time // allowed requests, oldest first
}

func (s *slidingWindow) allow(now time.Time) bool {
	start := now.Add(-s.per)
	for len(s.recent) > 0 && !s.recent[0].After(start) {
		s.recent = s.recent[1:]
	}
	if len(s.recent) >= s.requests {
		return false
	}
	s.recent = append(s.recent, now)
	return true
}

// bucket holds as many requests as the limit and refills evenly. It counts in
// exact parts of a request: of requests in each per, one takes per parts and
// each nanosecond brings back as many parts as there are requests.
type bucket struct {
	allowance
	used time.Duration // parts
	last time.Time
}

func (b *bucket) allow(now time.Time) bool {
	elapsed := min(max(now.Sub(b.last), 0), b.per)
	b.used = max(0, b.used-elapsed*time.Duration(b.requests))
	b.last = now
	if b.used+b.per > b.per*time.Duration(b.requests) {
		return false
	}
	b.used += b.per
	return true
}
