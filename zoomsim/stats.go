package zoomsim

import (
	"maps"
	"time"
)

// Stats are exact counts since the start or the last Reset.
type Stats struct {
	// Requests are those to the API (/v2), whatever their answer; neither token
	// requests nor management.
	Requests int `json:"requests"`
	// ByLabel and ByOperation ("GET /users/{userId}") divide them up. What is no
	// published operation has no label and counts as the operation "unrecognized".
	ByLabel     map[string]int `json:"by_label"`
	ByOperation map[string]int `json:"by_operation"`
	// TokensMinted are successful token requests.
	TokensMinted int `json:"tokens_minted"`
	// Unauthorized are API answers with status 401.
	Unauthorized int `json:"unauthorized"`
	// RateLimited are API answers with status 429, those of faults too.
	RateLimited RateLimited `json:"rate_limited"`
	// Peak is the most API requests in any one second of the simulator's clock.
	Peak int `json:"peak"`
	// FaultsFired counts faults by kind; of edits it counts the rows.
	FaultsFired map[string]int `json:"faults_fired"`
	// ByFamily divides up requests of published operations by what Zoom counts
	// apart: "general", "phone" and "contact_center".
	ByFamily map[string]int `json:"by_family"`
	// PeakLetThrough is, per limit ("Heavy", "phone Heavy"), the most requests that
	// it let through in any stretch of one second, or for Resource-intensive of one
	// minute. A client that keeps to a limit by itself stays at or below it.
	PeakLetThrough map[string]int `json:"peak_let_through"`
	// OtherTraffic is what other apps sent (fault other_traffic); it is in none of
	// the above.
	OtherTraffic OtherTrafficCount `json:"other_traffic"`
	// TokenRequests are those to the token endpoint, whatever their answer, by the
	// grant asked for and how the client proved who it is (see [Request]):
	// "account_credentials client_secret_basic" is how Zoom documents its own.
	TokenRequests map[string]int `json:"token_requests"`
}

// OtherTrafficCount counts requests of other apps.
type OtherTrafficCount struct {
	Sent    int `json:"sent"`
	Refused int `json:"refused"` // of those sent, by a limit
}

// RateLimited counts 429 answers by what was used up: a limit per second or minute
// (or a lock), or a daily one, be it the account's, a host's or a registrant's.
type RateLimited struct {
	Second int `json:"second"`
	Daily  int `json:"daily"`
}

// Stats returns the counts so far.
func (s *Simulator) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.catchUp(s.options.Now())
	t := &s.state.tally
	peaks := map[string]int{}
	for b, peak := range t.passed {
		peaks[b.String()] = peak.most
	}
	return Stats{
		Requests:       t.requests,
		ByLabel:        maps.Clone(t.byLabel),
		ByOperation:    maps.Clone(t.byOperation),
		TokensMinted:   t.tokensMinted,
		Unauthorized:   t.unauthorized,
		RateLimited:    t.rateLimited,
		Peak:           t.peak,
		FaultsFired:    maps.Clone(t.faultsFired),
		ByFamily:       maps.Clone(t.byFamily),
		PeakLetThrough: peaks,
		OtherTraffic:   t.other,
		TokenRequests:  maps.Clone(t.tokenRequests),
	}
}

// tally is Stats in the making.
type tally struct {
	requests     int
	byLabel      map[string]int
	byOperation  map[string]int
	tokensMinted int
	unauthorized int
	rateLimited  RateLimited
	faultsFired  map[string]int
	byFamily     map[string]int
	passed       map[budget]*peak
	other        OtherTrafficCount

	tokenRequests map[string]int

	second   int64 // Unix second of the latest request
	inSecond int   // requests in it
	peak     int
}

func newTally() tally {
	return tally{
		byLabel: map[string]int{}, byOperation: map[string]int{}, faultsFired: map[string]int{},
		byFamily: map[string]int{}, passed: map[budget]*peak{},
		tokenRequests: map[string]int{},
	}
}

func (t *tally) count(c *call) {
	t.requests++
	if c.operation == nil {
		t.byOperation["unrecognized"]++
	} else {
		t.byLabel[string(c.operation.label)]++
		t.byOperation[c.operation.name()]++
		t.byFamily[string(c.operation.family())]++
	}
	if second := c.now.Unix(); second != t.second {
		t.second, t.inSecond = second, 0
	}
	t.inSecond++
	t.peak = max(t.peak, t.inSecond)
}

// refuse counts a 429 of a limit of the account.
func (t *tally) refuse(u *usedUp) {
	if u.daily() {
		t.rateLimited.Daily++
	} else {
		t.rateLimited.Second++
	}
}

// A peak is the most requests in any stretch of one length.
type peak struct {
	recent []time.Time // of the latest stretch, oldest first
	most   int
}

// letThrough counts a request that its limit let through.
func (t *tally) letThrough(b budget, stretch time.Duration, now time.Time) {
	p := t.passed[b]
	if p == nil {
		p = &peak{}
		t.passed[b] = p
	}
	p.recent = append(since(p.recent, now.Add(-stretch)), now)
	p.most = max(p.most, len(p.recent))
}

// since drops the times up to and with start.
func since(times []time.Time, start time.Time) []time.Time {
	for len(times) > 0 && !times[0].After(start) {
		times = times[1:]
	}
	return times
}
