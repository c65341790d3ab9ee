package job

import (
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // zones, also where the system has none, as in a container

	cron "github.com/netresearch/go-cron"

	"github.com/stagedoor/stagedoor"
)

// Times are the times that a cron expression names in a zone.
type Times struct {
	zone *time.Location
	wall *cron.SpecSchedule // over wall-clock times, written as if they were UTC
	real *cron.SpecSchedule // the same over real time; set where every hour matches
}

// everyHour is the bit that the parser leaves in a field which is a star.
const everyHour = 1 << 63

// longest is how long an expression may be.
const longest = 200

// ParseTimes reads a cron expression of five fields (minute, hour, day of the
// month, month, day of the week), as crontab(5) has them: where both days are
// given, either will do. @hourly, @daily, @weekly, @monthly and @yearly are known
// too. zone is an IANA name.
func ParseTimes(expression, zone string) (Times, error) {
	const op = "read the schedule"
	location, err := ParseZone(zone)
	if err != nil {
		return Times{}, err
	}
	wrong := func(cause string) (Times, error) {
		return Times{}, &stagedoor.Error{
			Op: op, Subject: "--cron '" + stagedoor.Outside(expression, 60) + "'", Kind: stagedoor.KindUsage, Cause: cause,
			Fix: "Write five fields, minute hour day month weekday: '0 2 * * *' is each day at 02:00, '*/15 * * * *' each quarter of an hour, '30 6 * * MON-FRI' at 06:30 from Monday to Friday.",
		}
	}
	text := strings.TrimSpace(expression)
	switch fields := len(strings.Fields(text)); {
	case text == "":
		return wrong("it is empty")
	case len(text) > longest:
		return wrong(fmt.Sprintf("it is longer than %d letters", longest))
	case strings.Contains(text, "TZ="):
		return wrong("the zone stands in --zone")
	case strings.HasPrefix(text, "@every"):
		return wrong("@every has no fixed times, so that nobody could say what was missed")
	case strings.HasPrefix(text, "@"):
	case fields == 6 || fields == 7:
		return wrong(fmt.Sprintf("it has %d fields: seconds and years are not known here", fields))
	case fields != 5:
		return wrong(fmt.Sprintf("it has %d fields and not 5", fields))
	}
	parser := cron.MustNewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor | cron.DowOrDom)
	parse := func(zone string) (*cron.SpecSchedule, error) {
		schedule, err := parser.Parse("TZ=" + zone + " " + text)
		if err != nil {
			return nil, err
		}
		spec, ok := schedule.(*cron.SpecSchedule)
		if !ok {
			return nil, fmt.Errorf("%T names no times", schedule)
		}
		return spec, nil
	}
	t := Times{zone: location}
	if t.wall, err = parse("UTC"); err != nil {
		return wrong(stagedoor.Outside(err.Error(), 150))
	}
	if t.wall.Hour&everyHour != 0 {
		if t.real, err = parse("UTC"); err != nil {
			return wrong(stagedoor.Outside(err.Error(), 150))
		}
		t.real.Location = location
	}
	if t.Next(time.Now()).IsZero() {
		return wrong("it names no time in the next five years")
	}
	return t, nil
}

// ParseZone finds a time zone by its IANA name. The machine's own zone has no name
// that would mean the same elsewhere, so it is not taken.
func ParseZone(name string) (*time.Location, error) {
	if name != "" && !strings.EqualFold(name, "local") {
		if location, err := time.LoadLocation(name); err == nil {
			return location, nil
		}
	}
	e := &stagedoor.Error{
		Op: "read the schedule", Subject: "--zone " + stagedoor.Outside(name, 60), Kind: stagedoor.KindUsage,
		Cause: "there is no time zone by that name", Fix: "Use a name of the IANA list, such as Europe/Berlin, America/New_York, Asia/Kolkata or UTC.",
	}
	// People write "europe/berlin", and "New York" with a blank.
	words := strings.FieldsFunc(strings.ReplaceAll(name, " ", "_"), func(r rune) bool { return r == '/' })
	for i, word := range words {
		parts := strings.Split(strings.ToLower(word), "_")
		for j, part := range parts {
			if part != "" && part != "of" && part != "au" && part != "es" {
				parts[j] = strings.ToUpper(part[:1]) + part[1:]
			}
		}
		words[i] = strings.Join(parts, "_")
	}
	for _, region := range []string{"", "Europe/", "America/", "Asia/", "Africa/", "Australia/", "Pacific/"} {
		near := region + strings.Join(words, "/")
		if _, err := time.LoadLocation(near); err == nil && near != "" && near != "Local" {
			e.Fix = "Did you mean " + near + "? " + e.Fix
			break
		}
	}
	return nil, e
}

// Next returns the first time after the one given; zero if there is none in five
// years.
//
// Where the clock is set forward, a time that does not exist is taken as if the
// clock had not been set yet: 02:30 becomes 03:30 of that day. Where it is set back
// and a time comes twice, the first counts. So what names a time of day comes once
// a day. What names every hour ('30 * * * *') goes by real time: an hour that comes
// twice is two hours. (The library alone would have 02:30 come twice.)
func (t Times) Next(after time.Time) time.Time {
	if t.real != nil {
		next := t.real.Next(after)
		if next.IsZero() {
			return next
		}
		return next.UTC()
	}
	// The order of wall-clock times is not quite that of real ones around a change,
	// so that some more are looked at before and behind.
	const around = 4 * time.Hour
	var best time.Time
	for wall := t.wall.Next(asUTC(after.In(t.zone)).Add(-around)); !wall.IsZero(); wall = t.wall.Next(wall) {
		if !best.IsZero() && wall.After(asUTC(best.In(t.zone)).Add(around)) {
			break
		}
		if at := t.instant(wall); at.After(after) && (best.IsZero() || at.Before(best)) {
			best = at
		}
	}
	return best
}

// asUTC writes a wall-clock time as if it were UTC.
func asUTC(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
}

// instant is when the clocks of the zone show a wall-clock time.
func (t Times) instant(wall time.Time) time.Time {
	offset := func(at time.Time) time.Duration {
		_, seconds := at.In(t.zone).Zone()
		return time.Duration(seconds) * time.Second
	}
	// No zone changes twice within two days; an offset is less than 15 hours.
	before := wall.Add(-offset(wall.Add(-24 * time.Hour)))
	behind := wall.Add(-offset(wall.Add(24 * time.Hour)))
	first, second := before, behind
	if second.Before(first) {
		first, second = second, first
	}
	for _, at := range []time.Time{first, second} {
		if asUTC(at.In(t.zone)).Equal(wall) {
			return at.UTC()
		}
	}
	return before.UTC()
}

// Zone is where the times are named.
func (t Times) Zone() *time.Location { return t.zone }
