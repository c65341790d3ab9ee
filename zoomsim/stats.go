package zoomsim

import "maps"

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
	// FaultsFired counts faults by kind.
	FaultsFired map[string]int `json:"faults_fired"`
}

// RateLimited counts 429 answers by what was used up.
type RateLimited struct {
	Second int `json:"second"`
	Daily  int `json:"daily"`
}

// Stats returns the counts so far.
func (s *Simulator) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := &s.state.tally
	return Stats{
		Requests:     t.requests,
		ByLabel:      maps.Clone(t.byLabel),
		ByOperation:  maps.Clone(t.byOperation),
		TokensMinted: t.tokensMinted,
		Unauthorized: t.unauthorized,
		RateLimited:  t.rateLimited,
		Peak:         t.peak,
		FaultsFired:  maps.Clone(t.faultsFired),
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

	second   int64 // Unix second of the latest request
	inSecond int   // requests in it
	peak     int
}

func newTally() tally {
	return tally{byLabel: map[string]int{}, byOperation: map[string]int{}, faultsFired: map[string]int{}}
}

func (t *tally) count(c *call) {
	t.requests++
	if c.operation == nil {
		t.byOperation["unrecognized"]++
	} else {
		t.byLabel[string(c.operation.label)]++
		t.byOperation[c.operation.name()]++
	}
	if second := c.now.Unix(); second != t.second {
		t.second, t.inSecond = second, 0
	}
	t.inSecond++
	t.peak = max(t.peak, t.inSecond)
}
