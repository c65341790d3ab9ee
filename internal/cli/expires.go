package cli

import (
	"time"

	"github.com/stagedoor/stagedoor"
)

// longestLife is the longest that a flag may ask for, besides never.
const longestLife = 10 * 365 * 24 * time.Hour

// endOf reads how long something is to last, "90d", "12h" or "never", or its last
// day, and returns when that is over; the zero time for never.
func endOf(text string, now time.Time) (time.Time, error) {
	if text == "never" {
		return time.Time{}, nil
	}
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		// A day counts whole, by UTC.
		if end := day.AddDate(0, 0, 1); end.After(now) && end.Sub(now) <= longestLife {
			return end, nil
		}
	}
	life, err := stagedoor.ParseLength(text)
	if err == nil && life > 0 && life <= longestLife {
		return now.UTC().Add(life).Truncate(time.Second), nil
	}
	return time.Time{}, &stagedoor.Error{
		Op: "read how long it lasts", Subject: "\"" + text + "\"", Kind: stagedoor.KindUsage, Err: err,
		Cause: "it is no length of time, or no day, between now and ten years from now", Fix: "Write days (90d), hours (12h), the last day (2027-03-31), or never.",
	}
}

// until says when something ends.
func until(end time.Time) string {
	switch {
	case end.IsZero():
		return "no end"
	case !time.Now().Before(end):
		return "ended " + end.Format(time.DateOnly)
	case time.Until(end) < 48*time.Hour:
		return "until " + end.Format("2006-01-02 15:04") + " UTC"
	}
	return "until " + end.Format(time.DateOnly)
}
