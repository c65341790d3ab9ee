package zoomsim

import (
	"strings"
	"time"
)

// An allowance is how many requests of one label an account may make, all its
// apps together.
type allowance struct {
	requests int           // in each per
	per      time.Duration // a second or a minute
	daily    int           // 0: no daily cap
}

// A family has allowances of its own within an account: Zoom counts Phone and
// Contact Center apart from everything else.
type family string

const (
	general       family = "general"
	phone         family = "phone"
	contactCenter family = "contact_center"
)

// family returns the one that an operation belongs to, by its path.
func (op *operation) family() family {
	for _, f := range []family{phone, contactCenter} {
		if strings.HasPrefix(op.path+"/", "/"+string(f)+"/") {
			return f
		}
	}
	return general
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

// productAllowances are those of Phone and, as far as it has such operations, of
// Contact Center, each for itself (same page). It has no column for free
// accounts, for both are bought; on the plan "free" they count with everything
// else, the stricter of two guesses.
var productAllowances = map[string]map[label]allowance{
	"pro": {
		light:             {20, time.Second, 0},
		medium:            {10, time.Second, 0},
		heavy:             {5, time.Second, 15_000},
		resourceIntensive: {5, time.Minute, 15_000},
	},
	"business": {
		light:             {40, time.Second, 0},
		medium:            {20, time.Second, 0},
		heavy:             {10, time.Second, 30_000},
		resourceIntensive: {10, time.Minute, 30_000},
	},
}

// A budget is what one limit is counted on.
type budget struct {
	family family
	label  label
}

// String is how statistics call it: "Heavy", "phone Heavy".
func (b budget) String() string {
	if b.family == general {
		return string(b.label)
	}
	return string(b.family) + " " + string(b.label)
}

// quota counts what the account has used, all its apps together.
type quota struct {
	plan    string
	off     bool
	windows map[budget]*window
	days    map[budget]*dayCount
}

// A window is a budget's limit per second or minute.
type window struct {
	allowance
	limiter limiter
}

// A dayCount is what was used of a daily cap. The day ends at 00:00 UTC.
type dayCount struct {
	day     time.Time
	used    int
	blocked time.Time // a fault's doing: refuse until then
}

func newQuota(o Options) *quota {
	q := &quota{
		plan:    o.Plan,
		off:     o.Limits == "off",
		windows: map[budget]*window{},
		days:    map[budget]*dayCount{},
	}
	q.add(o.Limiter, general, allowances[o.Plan])
	q.add(o.Limiter, phone, productAllowances[o.Plan])
	q.add(o.Limiter, contactCenter, productAllowances[o.Plan])
	return q
}

func (q *quota) add(limiter string, f family, allowed map[label]allowance) {
	for l, a := range allowed {
		b := budget{f, l}
		q.windows[b] = &window{a, newLimiter(limiter, a)}
		q.days[q.pool(b)] = &dayCount{}
	}
}

// budget returns what an operation is counted on.
func (q *quota) budget(op *operation) budget {
	b := budget{op.family(), op.label}
	if q.windows[b] == nil {
		b.family = general
	}
	return b
}

// pool returns the budget under which the daily cap of b is counted.
func (q *quota) pool(b budget) budget {
	if b.label == resourceIntensive && q.plan != "free" {
		b.label = heavy
	}
	return b
}

// today returns the count of b's daily cap on the day of now.
func (q *quota) today(b budget, now time.Time) *dayCount {
	count := q.days[q.pool(b)]
	if today := startOfDay(now); !today.Equal(count.day) {
		count.day, count.used = today, 0
	}
	return count
}

// usedUp says which limit refused a request.
type usedUp struct {
	limit int
	again time.Time // when a daily limit lets through again; zero: a limit per second or minute
}

func (u *usedUp) daily() bool { return !u.again.IsZero() }

func (u *usedUp) answer() *answer {
	if u.daily() {
		return errDaily(u.limit, u.again)
	}
	return errPerSecond(u.limit)
}

// take uses one request of a budget up, or returns the limit that refuses it. A
// refused request uses nothing.
func (q *quota) take(b budget, now time.Time) *usedUp {
	allowed, count := q.windows[b], q.today(b, now)
	if now.Before(count.blocked) {
		return &usedUp{q.shownCap(b), count.blocked}
	}
	if !q.off {
		if allowed.daily > 0 && count.used >= allowed.daily {
			return &usedUp{allowed.daily, count.day.Add(day)}
		}
		if !allowed.limiter.allow(now) {
			return &usedUp{limit: allowed.requests}
		}
	}
	count.used++
	return nil
}

// block refuses a budget until an instant, rounded up to the whole second that
// Retry-After can tell.
func (q *quota) block(b budget, until time.Time) *usedUp {
	if whole := until.Truncate(time.Second); whole.Before(until) {
		until = whole.Add(time.Second)
	}
	q.days[q.pool(b)].blocked = until
	return &usedUp{q.shownCap(b), until}
}

// shownCap is the daily limit in headers; where the plan has none, the use of
// the day until the block.
func (q *quota) shownCap(b budget) int {
	if daily := q.windows[b].daily; daily > 0 {
		return daily
	}
	return q.days[q.pool(b)].used
}

// left is what remains of the daily cap of b; false if the plan has none.
func (q *quota) left(b budget, now time.Time) (limit, remaining int, ok bool) {
	limit = q.windows[b].daily
	return limit, max(0, limit-q.today(b, now).used), limit > 0 && !q.off
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
	s.recent = since(s.recent, now.Add(-s.per))
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
