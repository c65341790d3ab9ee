package cli

import (
	"time"
)

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
