package zoomsim

import "strings"

// activityTypes are the labels of the published enum and, for each, the number
// of the same parameter's prose; which one real Zoom wants is not known, so both
// are taken (Zoom API Hub, Meetings, reportMeetingactivitylogs, read 2026-11).
var activityTypes = map[string]string{
	"-1": allActivities, "0": "Meeting Created", "1": "Meeting Started", "2": "User Join", "3": "User Left",
	"4": "Remote Control", "5": "In-Meeting Chat", "9": "Meeting Ended",
}

const allActivities = "All Activities"

// listMeetingActivities is GET /report/meeting_activities: both days inclusive,
// at most a month. Older days than Zoom keeps just give no rows.
func (s *Simulator) listMeetingActivities(c *call) *answer {
	if s.options.Plan == "free" {
		return errPaidOnly(s.account.id)
	}
	p := parameters{query: c.query}
	from, to := p.day("from"), p.day("to")
	if len(p.invalid) == 0 && to.Before(from) {
		p.refuse("to")
	}
	size := p.number("page_size", 30, 300)
	category := s.activityType(&p)
	if refusal := s.window(&p, from, to, false); refusal != nil {
		return refusal
	}
	start, refusal := s.pageStart(c)
	if refusal != nil {
		return refusal
	}
	rows, reader := between(s.reportedActivities(), from, to), s.activityReader()
	rows = filterActivities(rows, reader, category, p.text("meeting_number"), p.text("search_key"))
	found := cut(s.pages, c, rows, start, size, true)
	return ok(struct {
		Logs          []activity `json:"meeting_activity_logs"`
		NextPageToken string     `json:"next_page_token"`
		PageSize      int        `json:"page_size"`
	}{mapped(found.rows, reader.row), found.next, size})
}

// activityType reads activity_type, as label or number.
func (s *Simulator) activityType(p *parameters) string {
	value := p.text("activity_type")
	if value == "" {
		if s.options.StrictActivityType {
			p.refuse("activity_type")
		}
		return allActivities
	}
	for number, label := range activityTypes {
		if value == number || value == label {
			return label
		}
	}
	p.refuse("activity_type")
	return ""
}

// reportedActivities are all rows that Zoom reports: none unless Zoom Support has
// switched the meeting audit trail on.
func (s *Simulator) reportedActivities() []activityRef {
	if s.options.NoReportFeature {
		return nil
	}
	return s.activities.all()
}

// filterActivities applies the three filters. A meeting number may come with or
// without blanks; search_key is part of the operator's name or address.
func filterActivities(rows []activityRef, reader activityReader, category, meetingNumber, searchKey string) []activityRef {
	meetingNumber = strings.ReplaceAll(meetingNumber, " ", "")
	searchKey = strings.ToLower(searchKey)
	if category == allActivities && meetingNumber == "" && searchKey == "" {
		return rows
	}
	var found []activityRef
	for _, ref := range rows {
		row := reader.row(ref)
		switch {
		case category != allActivities && category != row.category:
		case meetingNumber != "" && meetingNumber != strings.ReplaceAll(row.meetingNumber, " ", ""):
		case !strings.Contains(strings.ToLower(row.operator), searchKey) &&
			!strings.Contains(strings.ToLower(row.operatorEmail), searchKey):
		default:
			found = append(found, ref)
		}
	}
	return found
}
