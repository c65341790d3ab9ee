package stream

import (
	"time"

	"github.com/stagedoor/stagedoor"
)

func reports() []stagedoor.Stream {
	return []stagedoor.Stream{{
		Name:        "meeting_activities",
		Title:       "Meeting activities",
		Family:      "reports",
		Description: "The account's meeting activity log: meetings created, started and ended, people who joined and left, chats and remote control, one row an event.",
		Docs:        "https://developers.zoom.us/docs/api/meetings/#tag/reports/GET/report/meeting_activities",
		Method:      "GET",
		Path:        "/report/meeting_activities",
		// The second is the form that integrators publish.
		ListKeys: []string{"meeting_activity_logs", "activity_logs"},
		PageSize: 300,
		// Zoom's machine-readable document requires the label; the prose beside
		// it maps numbers. Nobody has settled which one the server wants, so
		// `-p activity_type=-1` overrides it.
		Params: map[string]string{"activity_type": "All Activities"},
		Window: &stagedoor.Window{
			From: "from", To: "to",
			// Zoom's pages state no limit for this report; its siblings keep six
			// months, and connectors that backfill it stop there too.
			LookBack: 6,
			// Reports lag by minutes to hours, as integrators saw.
			Settle: 24 * time.Hour,
		},
		Columns: []stagedoor.Column{
			{Name: "meeting_number", Type: stagedoor.Digits, About: "the meeting's id; Zoom shows it with blanks, they are taken out"},
			{Name: "activity_time", Type: stagedoor.ActivityTime, About: "Zoom gives no zone; it is taken as UTC"},
			{Name: "operator", Type: stagedoor.Text, About: "who did it"},
			{Name: "operator_email", Type: stagedoor.Text, About: "empty for people from outside the account"},
			{Name: "activity_category", Type: stagedoor.Text, About: "Meeting Created, Meeting Started, User Join, User Left, Remote Control, In-Meeting Chat, Meeting Ended"},
			{Name: "activity_detail", Type: stagedoor.Text},
			{Name: "meeting_id", Type: stagedoor.Digits, About: "in the integrators' form only, like the columns after it"},
			{Name: "topic", Type: stagedoor.Text},
			{Name: "host_email", Type: stagedoor.Text},
			{Name: "participants_count", Type: stagedoor.Integer},
			{Name: "start_time", Type: stagedoor.Timestamp},
			{Name: "end_time", Type: stagedoor.Timestamp},
		},
		// Made up, in the forms that Zoom's document shows.
		Example: `{
			"meeting_number": "982 610 0285", "activity_time": "2026-10-21 07:09:03:216",
			"operator": "Ada Lovelace", "operator_email": "ada.lovelace@example.com",
			"activity_category": "Meeting Started", "activity_detail": "Meeting Started"
		}`,
		Day: []string{"activity_time", "start_time"},
		Content: []string{
			"meeting_number", "activity_time", "operator", "operator_email", "activity_category", "activity_detail",
			"meeting_id", "topic", "host_email", "participants_count", "start_time", "end_time",
		},
		ShowsGone: true,
		EmptyMeans: &stagedoor.Error{
			Kind:  stagedoor.KindFeatureOff,
			Cause: "Zoom gave no meeting activities at all for these days. Either nothing happened, or Zoom has not switched the meeting activity report on for this account",
			Fix:   "Look at Admin → Account Management → Reports → Meeting Activities on zoom.us. If it is missing there too, ask Zoom Support to switch on the \"meeting audit trail log\".",
		},
	}}
}
