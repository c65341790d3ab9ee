package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stagedoor/stagedoor"
)

// sayReceipt sums a run up for a person.
func (s *session) sayReceipt(r stagedoor.Receipt) {
	said := "" // the fix told last; streams often fail of one thing, and its fix is long
	for _, report := range r.Streams {
		mark := green.Render("done")
		if report.Error != nil {
			mark = red.Render("fail")
		} else if len(report.Skipped) > 0 {
			mark = amber.Render("part")
		}
		line := fmt.Sprintf("%s  %s: %s, %s from Zoom, %d written, %s", mark, report.Stream,
			count(report.SlicesWritten, "slice"), count(report.Returned, "row"), report.Written, count(report.Requests, "call"))
		if report.Retries > 0 {
			line += fmt.Sprintf(" (%d of them again)", report.Retries)
		}
		if report.Gone > 0 {
			line += fmt.Sprintf(", %d marked as gone", report.Gone)
		}
		if report.Form != "" {
			line += ", form " + report.Form
		}
		s.say("%s", line+" → "+r.Destination)
		if report.Error != nil && (len(r.Streams) > 1 || r.State == "partial") {
			s.say("      %s", report.Error.Cause)
			if fix := report.Error.Fix; fix != "" && fix != said {
				s.say("      %s", faint.Render(fixFor(r.Credential, fix)))
				said = fix
			}
		}
		if same := report.Returned - report.Written; same > 0 && report.Error == nil && len(report.Skipped) == 0 {
			s.say("      %s came again under a key that was there: Zoom gave the same row twice", count(same, "row"))
		}
		if parts := report.Parts; parts != nil && parts.Gone > 0 {
			s.say("      left out: %d of %d %s", parts.Gone, parts.Count, parts.Of)
		}
		if report.SlicesWritten == 0 && report.Error == nil && len(report.Skipped) == 0 {
			s.say("      nothing to read: the destination holds all the days asked for")
		}
		for i, skip := range report.Skipped {
			if i == 10 {
				s.say("      and %d more, which the receipt (--json) lists", len(report.Skipped)-i)
				break
			}
			s.say("      skipped %s: %s", skip.What, skip.Reason)
		}
		if report.Cleaned > 0 {
			s.say("      %d values held NUL or broken characters; replaced in columns, kept in _raw", report.Cleaned)
		}
		if len(report.Drift) > 0 {
			var fields []string
			for field := range report.Drift {
				fields = append(fields, field)
			}
			slices.Sort(fields)
			s.say("      fields that this version does not know, kept in _raw: %s", oneLine(strings.Join(fields, ", ")))
		}
		for _, notice := range report.Notices {
			s.say("      %s", amber.Render(notice.Cause))
			if notice.Fix != "" {
				s.say("      %s", fixFor(r.Credential, notice.Fix))
			}
		}
	}
}

// sayNotBegun names the streams of a run that ended before their turn: a person
// would look for them in the receipt.
func (s *session) sayNotBegun(r stagedoor.Receipt) {
	if len(r.NotBegun) > 0 {
		s.say("%s  not begun: %s", amber.Render("left"), strings.Join(r.NotBegun, ", "))
	}
}
