package zoom

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor"
)

// limit is what a 429 says.
type limit struct {
	daily bool
	// narrow: it is a limit of one host, registrant or object, not of a label.
	narrow bool
	// until is when to come back; zero if the answer does not say.
	until time.Time
}

const (
	// shortWait is the longest that a limit per second or per minute lasts.
	shortWait = time.Minute
	// longestWait is longer than a day, by what clocks may differ.
	longestWait = 25 * time.Hour
	// skew is how far in the past a time to come back may lie and still be
	// meant: clocks differ, and answers take a while.
	skew = time.Hour
)

// readLimit reads a 429. How one tells its kind and end is not settled: Zoom's
// page names no header, former pages and live samples name several, and some
// limits speak in the message alone. So headers are read first, then the
// message, then how long it asks to wait.
// Source: developers.zoom.us/docs/api/rate-limits and threads 18928, 59670 and
// 141856 of devforum.zoom.us, read 2026-11.
func readLimit(header http.Header, message string, now time.Time) limit {
	message = strings.ToLower(message)
	says := func(parts ...string) bool {
		for _, part := range parts {
			if strings.Contains(message, part) {
				return true
			}
		}
		return false
	}
	kind := strings.ToLower(header.Get("X-RateLimit-Type"))
	l := limit{
		until:  comeBack(header, now),
		narrow: says("particular user", "for the registrant", "concurrent requests"),
	}
	switch {
	case strings.HasPrefix(kind, "daily"):
		l.daily = true
	case strings.HasPrefix(kind, "qps"):
	case says("per-second", "per second", "per-minute", "per minute", "concurrent requests"):
	case says("daily", "gmt 00:00:00", "per day"):
		l.daily = true
	default:
		l.daily = l.until.Sub(now) > shortWait
	}
	switch {
	case !l.daily && l.until.Sub(now) > shortWait:
		l.until = time.Time{} // not believed
	case !l.daily || l.until.After(now):
	case now.Sub(l.until) < skew:
		l.until = now.Add(time.Second)
	default:
		l.until = now.UTC().Truncate(24 * time.Hour).Add(24 * time.Hour) // Zoom's days are UTC days
	}
	return l
}

// comeBack reads when an answer asks to come back: Retry-After as seconds, as an
// HTTP date or as the ISO instant that Zoom sends, or X-RateLimit-Reset in unix
// seconds. It is at most 25 hours ahead; zero if the answer does not say.
func comeBack(header http.Header, now time.Time) time.Time {
	at := parseRetryAfter(strings.TrimSpace(header.Get("Retry-After")), now)
	if at.IsZero() {
		if unix, err := strconv.ParseInt(header.Get("X-RateLimit-Reset"), 10, 64); err == nil && unix > 0 {
			at = time.Unix(unix, 0)
		}
	}
	if latest := now.Add(longestWait); at.After(latest) {
		return latest
	}
	return at
}

func parseRetryAfter(text string, now time.Time) time.Time {
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		return now.Add(time.Duration(min(max(seconds, 0), int64(longestWait/time.Second))) * time.Second)
	}
	if at, err := http.ParseTime(text); err == nil {
		return at
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", time.DateTime, time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at
		}
	}
	return time.Time{}
}

// dayRemaining reads what the headers of former days say is left of a daily
// limit; nil where they do not.
func dayRemaining(header http.Header) *int {
	if !strings.HasPrefix(strings.ToLower(header.Get("X-RateLimit-Type")), "daily") {
		return nil
	}
	if n, err := strconv.Atoi(header.Get("X-RateLimit-Remaining")); err == nil && n >= 0 {
		return &n
	}
	return nil
}

// explain gives the limit words: the provider's, where they are of its kind.
func (l limit) explain(known *stagedoor.Error, label stagedoor.Label) *stagedoor.Error {
	e := &stagedoor.Error{Kind: stagedoor.KindRateLimited}
	switch {
	case l.daily && l.narrow:
		e.Kind = stagedoor.KindDailyQuota
		e.Cause = "what may be done for this one user or registrant in a day is used up"
		e.Fix = "Wait until 00:00 UTC; requests for others still work."
	case l.daily:
		e.Kind = stagedoor.KindDailyQuota
		e.Cause = fmt.Sprintf("the account's limit for %s requests in a day is used up, by this or by another app", label)
		e.Fix = "Wait until 00:00 UTC; what was done is kept."
	case l.narrow:
		e.Cause = "another request on the same object is still being worked on"
		e.Fix = "Try again in a few seconds."
	default:
		e.Cause = fmt.Sprintf("the account's limit for %s requests in a short time is used up, by this or by another app", label)
		e.Fix = "Try again in a minute, or let fewer apps work at the same time."
	}
	if known != nil && known.Kind == e.Kind {
		e = known
	}
	e.RetryAt = l.until
	return e
}
