package zoomsim

import "strconv"

// dailyLeft is what the headers tell of a daily limit.
type dailyLeft struct{ limit, remaining int }

// withLimitHeaders gives an answer the headers about limits that were asked for.
// Live answers of 2020 and 2021 had Limit and Remaining where a daily limit
// counted them: 100 for a host's meetings, 6000 for Light of a free account
// (devforum.zoom.us threads 18928 and 59670, read 2026-11). What they were where
// there is no daily limit is not known, so there are none.
func (s *Simulator) withLimitHeaders(c *call, reply *answer) *answer {
	form := s.options.RateLimitHeaders
	if form == "today" || form == "none" {
		for _, name := range []string{"X-RateLimit-Type", "X-RateLimit-Limit", "X-RateLimit-Remaining", "Retry-After"} {
			reply.header.Del(name)
		}
	}
	if form != "none" && c.operation != nil {
		reply.with("X-RateLimit-Category", string(c.operation.label))
	}
	if form == "former" && c.daily != nil && reply.header.Get("X-RateLimit-Limit") == "" {
		reply.with("X-RateLimit-Limit", strconv.Itoa(c.daily.limit)).with("X-RateLimit-Remaining", strconv.Itoa(c.daily.remaining))
	}
	return reply
}
