package stagedoor_test

import (
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
)

func TestParseEnd(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 5, time.UTC)
	for text, want := range map[string]time.Time{
		"1d": now.AddDate(0, 0, 1).Truncate(time.Second), "365d": now.AddDate(0, 0, 365).Truncate(time.Second),
		"90m": now.Add(90 * time.Minute).Truncate(time.Second), "12h": now.Add(12 * time.Hour).Truncate(time.Second), "never": {},
		"2026-11-24": time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC), "2027-03-31": time.Date(2027, 4, 1, 0, 0, 0, 0, time.UTC),
	} {
		if got, err := stagedoor.ParseEnd(text, now); err != nil || !got.Equal(want) {
			t.Errorf("%s: %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "0", "0d", "-1d", "-5h", "d", "1y", "1.5d", "3651d", "99999999d", "99999999999999999999d", "soon", "-99999999d", "-2147483648d", "2026-11-23", "2036-11-25", "2026-13-01"} {
		if got, err := stagedoor.ParseEnd(text, now); err == nil || stagedoor.KindOf(err) != stagedoor.KindUsage {
			t.Errorf("%q: %v, %v, want a usage error", text, got, err)
		}
	}
}
