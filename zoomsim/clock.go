package zoomsim

import "time"

const day = 24 * time.Hour

// dayLayout is how Zoom writes a day in from and to.
const dayLayout = time.DateOnly

// startOfDay returns 00:00 UTC of the UTC day of t.
func startOfDay(t time.Time) time.Time {
	return t.UTC().Truncate(day)
}

// stamp is how Zoom writes most times: UTC, whole seconds, a final Z.
func stamp(t time.Time) string {
	return t.UTC().Format("2006-01-02T15:04:05Z")
}

// monthsBefore returns the same day so many months before, or that month's last
// day if it is shorter.
func monthsBefore(t time.Time, months int) time.Time {
	before := t.AddDate(0, -months, 0)
	if before.Day() != t.Day() {
		return before.AddDate(0, 0, -before.Day())
	}
	return before
}

// addMonth returns the same day of the next month, or that month's last day if
// it is shorter.
func addMonth(t time.Time) time.Time {
	next := t.AddDate(0, 1, 0)
	if next.Day() != t.Day() {
		return next.AddDate(0, 0, -next.Day())
	}
	return next
}
