package stagedoor

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// ParseLength reads a length of time as people write it: whole days, "90d", or
// what [time.ParseDuration] takes, "12h". A day has 24 hours.
func ParseLength(text string) (time.Duration, error) {
	days, ok := strings.CutSuffix(text, "d")
	if !ok {
		return time.ParseDuration(text)
	}
	const most = math.MaxInt64 / int64(24*time.Hour)
	n, err := strconv.ParseInt(days, 10, 64)
	if err == nil && (n < 0 || n > most) {
		err = fmt.Errorf("%d days are no length of time between 0 and %d", n, most)
	}
	return time.Duration(n) * 24 * time.Hour, err
}

// longestLife is the longest that may be asked for, besides never.
const longestLife = 10 * 365 * 24 * time.Hour

// ParseEnd reads how long something is to last, "90d", "12h" or "never", or its last
// day, and returns when that is over; the zero time for never.
func ParseEnd(text string, now time.Time) (time.Time, error) {
	if text == "never" {
		return time.Time{}, nil
	}
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		// A day counts whole, by UTC.
		if end := day.AddDate(0, 0, 1); end.After(now) && end.Sub(now) <= longestLife {
			return end, nil
		}
	}
	life, err := ParseLength(text)
	if err == nil && life > 0 && life <= longestLife {
		return now.UTC().Add(life).Truncate(time.Second), nil
	}
	return time.Time{}, &Error{
		Op: "read how long it lasts", Subject: "\"" + text + "\"", Kind: KindUsage, Err: err,
		Cause: "it is no length of time, or no day, between now and ten years from now", Fix: "Write days (90d), hours (12h), the last day (2027-03-31), or never.",
	}
}

// ParseShare reads a part of the account's rate, "20%"; empty is 0: none of its own.
func ParseShare(text string) (float64, error) {
	if text == "" {
		return 0, nil
	}
	percent, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(text, "%")), 64)
	if err != nil || !strings.HasSuffix(text, "%") || !(percent > 0 && percent <= 100) {
		return 0, &Error{
			Op: "read the share of the quota", Subject: "\"" + text + "\"", Kind: KindUsage, Err: err,
			Cause: "it is no part of a hundred, more than 0% and at most 100%", Fix: "Write it like 20%.",
		}
	}
	return percent / 100, nil
}
