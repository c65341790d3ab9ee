package doctor

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Sheet is where checks are written down, one after another.
type Sheet struct {
	credential string
	tell       func(stagedoor.Check)
	last       time.Time
	known      time.Duration // what the next check took, where that is known better
}

// NewSheet returns a sheet of a credential, or of the machine where slug is
// empty. tell is given each check as soon as it is known.
func NewSheet(slug string, tell func(stagedoor.Check)) *Sheet {
	return &Sheet{credential: slug, tell: tell, last: time.Now()}
}

func (s *Sheet) add(c stagedoor.Check) {
	now := time.Now()
	c.Credential, c.Took, s.last = s.credential, now.Sub(s.last), now
	if s.known != 0 {
		c.Took, s.known = s.known, 0
	}
	s.tell(c)
}

// took says how long the next check took.
func (s *Sheet) took(d time.Duration) { s.known = d }

func (s *Sheet) ok(name, format string, args ...any) {
	s.add(stagedoor.Check{Name: name, Result: stagedoor.CheckOK, Says: fmt.Sprintf(format, args...)})
}

func (s *Sheet) skip(why string, names ...string) {
	for _, name := range names {
		s.add(stagedoor.Check{Name: name, Result: stagedoor.CheckSkip, Says: why})
	}
}

func (s *Sheet) warn(name string, kind stagedoor.Kind, says, fix string) {
	s.add(stagedoor.Check{Name: name, Result: stagedoor.CheckWarn, Says: says, Fix: fix, Kind: kind})
}

func (s *Sheet) fail(name string, kind stagedoor.Kind, says, fix string) {
	s.add(stagedoor.Check{Name: name, Result: stagedoor.CheckFail, Says: says, Fix: fix, Kind: kind})
}

// failed writes an error down in its own words.
func (s *Sheet) failed(name string, err error) { s.addError(name, stagedoor.CheckFail, err) }

// warned is failed for what need not be mended.
func (s *Sheet) warned(name string, err error) { s.addError(name, stagedoor.CheckWarn, err) }

func (s *Sheet) addError(name string, result stagedoor.CheckResult, err error) {
	notice := stagedoor.NoticeOf(err)
	says := strings.TrimSuffix(notice.Cause, ".")
	if notice.Tracking != "" {
		says += " (x-zm-trackingid " + notice.Tracking + ")"
	}
	fix := notice.Fix
	if fix == "" {
		fix = "Run the same again; if it stays so, `stagedoor doctor NAME --log-level debug` shows each call."
	}
	s.add(stagedoor.Check{Name: name, Result: result, Says: says, Fix: fix, Kind: notice.Kind})
}

// Count tells how many checks came out so.
func Count(checks []stagedoor.Check, result stagedoor.CheckResult) int {
	n := 0
	for _, c := range checks {
		if c.Result == result {
			n++
		}
	}
	return n
}

// ExitStatus is what `doctor` ends with: 0 where nothing failed, 4 where the
// token endpoint refused a credential, 5 where a quota is exhausted, else 1.
func ExitStatus(checks []stagedoor.Check) int {
	status := 0
	for _, c := range checks {
		if c.Result != stagedoor.CheckFail {
			continue
		}
		exit := 1
		if row := c.Kind.Row(); c.Kind != "" && (row.Exit == 4 || row.Exit == 5) {
			exit = row.Exit
		}
		if exit == 4 || status == 0 || status == 1 {
			status = exit
		}
	}
	return status
}

// command is one that a fix gives in full.
var command = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile("`((?:stagedoor|chmod|chown|mkdir|cp|mv|df|sudo) [^`]+)`")
})

// Next is the one command to run next. What has to be done on a page of the
// provider first is no command: then it is to look again afterwards.
func Next(checks []stagedoor.Check) string {
	for _, result := range []stagedoor.CheckResult{stagedoor.CheckFail, stagedoor.CheckWarn} {
		for _, c := range checks {
			if c.Result != result {
				continue
			}
			slug := c.Credential
			page := strings.Index(c.Fix, "zoom.us")
			for _, m := range command().FindAllStringSubmatchIndex(c.Fix, -1) {
				found := c.Fix[m[2]:m[3]]
				// What is saved is not added again, and account-id wants a token.
				beside := slug != "" && found == "stagedoor credential add" || found == "stagedoor account-id"
				if (page < 0 || page > m[0]) && !strings.Contains(found, "…") && !beside {
					return strings.ReplaceAll(found, "NAME", slug)
				}
			}
			return strings.TrimSpace("stagedoor doctor " + slug)
		}
	}
	for _, c := range checks {
		if c.Credential != "" && c.Result == stagedoor.CheckOK {
			return "stagedoor sync " + c.Credential + " meeting_activities --into sqlite:zoom.db"
		}
	}
	return "stagedoor credential add acme"
}
