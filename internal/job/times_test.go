package job

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
)

// TestTimesOverDaylightSaving walks expressions over the changes of clocks. The
// times are in the zone's own words, with its offset.
func TestTimesOverDaylightSaving(t *testing.T) {
	for _, c := range []struct {
		name, cron, zone, from string
		want                   []string
	}{
		{
			"a time that does not exist comes once", "30 2 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z",
			[]string{"2026-03-28T02:30:00+01:00", "2026-03-29T03:30:00+02:00", "2026-03-30T02:30:00+02:00"},
		},
		{
			"a time that comes twice comes once", "30 2 * * *", "Europe/Berlin", "2026-10-24T00:00:00Z",
			[]string{"2026-10-24T02:30:00+02:00", "2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"},
		},
		{
			"several times of the hour that is skipped", "*/20 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z",
			[]string{"2026-03-29T03:00:00+02:00", "2026-03-29T03:20:00+02:00", "2026-03-29T03:40:00+02:00", "2026-03-30T02:00:00+02:00"},
		},
		{
			"several times of the hour that comes twice", "*/20 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z",
			[]string{"2026-10-25T02:00:00+02:00", "2026-10-25T02:20:00+02:00", "2026-10-25T02:40:00+02:00", "2026-10-26T02:00:00+01:00"},
		},
		{
			"two that fall together are one", "30 1-4 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z",
			[]string{"2026-03-29T01:30:00+01:00", "2026-03-29T03:30:00+02:00", "2026-03-29T04:30:00+02:00", "2026-03-30T01:30:00+02:00"},
		},
		{
			"every hour is every hour: none is left out", "30 * * * *", "Europe/Berlin", "2026-10-24T22:00:00Z",
			[]string{"2026-10-25T00:30:00+02:00", "2026-10-25T01:30:00+02:00", "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00", "2026-10-25T03:30:00+01:00"},
		},
		{
			"every hour where one is skipped", "30 * * * *", "Europe/Berlin", "2026-03-29T00:00:00Z",
			[]string{"2026-03-29T01:30:00+01:00", "2026-03-29T03:30:00+02:00", "2026-03-29T04:30:00+02:00"},
		},
		{
			"a change of half an hour", "15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z",
			[]string{"2026-10-04T02:45:00+11:00", "2026-10-05T02:15:00+11:00"},
		},
		{
			"a day that begins at one o'clock", "0 0 * * *", "Africa/Cairo", "2026-04-23T12:00:00Z",
			[]string{"2026-04-24T01:00:00+03:00", "2026-04-25T00:00:00+03:00"},
		},
		{
			"the same in the autumn of New York", "30 1 * * *", "America/New_York", "2026-10-31T12:00:00Z",
			[]string{"2026-11-01T01:30:00-04:00", "2026-11-02T01:30:00-05:00"},
		},
		{
			"without daylight saving", "0 2 * * *", "Asia/Kolkata", "2026-03-28T12:00:00Z",
			[]string{"2026-03-29T02:00:00+05:30", "2026-03-30T02:00:00+05:30"},
		},
		{
			"either of two days will do, as in crontab(5)", "0 2 1 * MON", "UTC", "2026-05-26T00:00:00Z",
			[]string{"2026-06-01T02:00:00Z", "2026-06-08T02:00:00Z"},
		},
		{"a leap day", "0 2 29 2 *", "UTC", "2026-01-01T00:00:00Z", []string{"2028-02-29T02:00:00Z"}},
		{"a word", "@weekly", "UTC", "2026-11-25T00:00:00Z", []string{"2026-11-29T00:00:00Z", "2026-12-06T00:00:00Z"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			times, err := ParseTimes(c.cron, c.zone)
			if err != nil {
				t.Fatal(err)
			}
			at, err := time.Parse(time.RFC3339, c.from)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range c.want {
				at = times.Next(at)
				if got := at.In(times.Zone()).Format(time.RFC3339); got != want {
					t.Fatalf("got %s, want %s", got, want)
				}
			}
		})
	}
}

// TestTimesComeOnceADay holds for every zone with changes, over four years, that
// what names one time of day comes once each day, and never goes back.
func TestTimesComeOnceADay(t *testing.T) {
	for _, zone := range []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "America/Santiago", "Africa/Casablanca", "Antarctica/Troll", "Pacific/Apia", "America/Havana"} {
		for _, cron := range []string{"0 0 * * *", "30 0 * * *", "15 1 * * *", "30 2 * * *", "0 3 * * *"} {
			times, err := ParseTimes(cron, zone)
			if err != nil {
				t.Fatal(err)
			}
			at := time.Date(2026, 1, 1, 12, 0, 0, 0, times.Zone())
			day := asUTC(at).Truncate(24 * time.Hour)
			for range 4 * 365 {
				next := times.Next(at)
				if !next.After(at) {
					t.Fatalf("%s in %s went back from %s to %s", cron, zone, at, next)
				}
				day = day.AddDate(0, 0, 1)
				if got := asUTC(next.In(times.Zone())).Truncate(24 * time.Hour); !got.Equal(day) {
					t.Fatalf("%s in %s: after %s came %s", cron, zone, at.In(times.Zone()), next.In(times.Zone()))
				}
				at = next
			}
		}
	}
}

func TestTimesAreRefusedWithAFix(t *testing.T) {
	for _, c := range []struct{ cron, zone, cause, fix string }{
		{"", "UTC", "it is empty", "'0 2 * * *'"},
		{"0 2 * *", "UTC", "4 fields and not 5", "five fields"},
		{"0 0 2 * * *", "UTC", "seconds and years are not known", "five fields"},
		{"61 * * * *", "UTC", "above maximum (59)", "minute hour day month weekday"},
		{"0 2 30 2 *", "UTC", "names no time in the next five years", "'0 2 * * *'"},
		{"@every 5m", "UTC", "no fixed times", "'*/15 * * * *'"},
		{"CRON_TZ=Europe/Berlin 0 2 * * *", "UTC", "the zone stands in --zone", "five fields"},
		{"0 2 * * *", "europe/berlin", "no time zone by that name", "Did you mean Europe/Berlin?"},
		{"0 2 * * *", "New York", "no time zone by that name", "Did you mean America/New_York?"},
		{"0 2 * * *", "Local", "no time zone by that name", "IANA list"},
		{"0 2 * * *", "", "no time zone by that name", "IANA list"},
		{"0 2 * * *", "../../etc/passwd", "no time zone by that name", "IANA list"},
		{strings.Repeat("1,", 200) + " * * * *", "UTC", "longer than 200", "five fields"},
	} {
		_, err := ParseTimes(c.cron, c.zone)
		e, ok := errors.AsType[*stagedoor.Error](err)
		if !ok || e.Kind != stagedoor.KindUsage || !strings.Contains(e.Cause, c.cause) || !strings.Contains(e.Fix, c.fix) {
			t.Errorf("%q in %q: got %v, want a cause with %q and a fix with %q", c.cron, c.zone, err, c.cause, c.fix)
		}
	}
}

// FuzzTimes holds that no expression breaks the reader, and that what it takes
// goes forward.
func FuzzTimes(f *testing.F) {
	for _, seed := range []string{"0 2 * * *", "*/15 * * * *", "30 6 * * MON-FRI", "@daily", "0 2 1 * MON", "59 23 31 12 ?", "L * * * *", "0 22-2/2 * JAN-MAR SUN"} {
		f.Add(seed, "Europe/Berlin")
	}
	f.Fuzz(func(t *testing.T, expression, zone string) {
		times, err := ParseTimes(expression, zone)
		if err != nil {
			if stagedoor.KindOf(err) != stagedoor.KindUsage {
				t.Fatalf("%v", err)
			}
			return
		}
		at := time.Date(2026, 3, 28, 0, 0, 0, 0, time.UTC)
		for range 10 {
			next := times.Next(at)
			if next.IsZero() {
				return
			}
			if !next.After(at) {
				t.Fatalf("after %s came %s", at, next)
			}
			at = next
		}
	})
}
