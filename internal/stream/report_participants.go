package stream

import (
	"time"

	"github.com/stagedoor/stagedoor"
)

// reportParticipants are who was in each meeting: the rows of Zoom's report, one
// a session of somebody, and what they come to for each person.
func reportParticipants() []stagedoor.Stream {
	participants := stagedoor.Stream{
		Name:        "report_meeting_participants",
		Title:       "Meeting participants",
		Family:      "reports",
		Description: "Who was in each meeting that was held, one row each time that somebody joined: a re-join, the waiting room and a breakout room are rows of their own. Read for every meeting of history_meetings; Zoom reports nothing on meetings that one person was alone in. meeting_attendance has one row a person.",
		Docs:        "https://developers.zoom.us/docs/api/meetings/#tag/reports/GET/report/meetings/{meetingId}/participants",
		Method:      "GET",
		Path:        "/report/meetings/{meetingId}/participants",
		ListKeys:    []string{"participants"},
		PageSize:    300,
		// Zoom leaves the registrant out unless it is asked for.
		Params: map[string]string{"include_fields": "registrant_id"},
		// Meetings are found by the days of history_meetings, a day a slice; the
		// parts themselves are asked for without days.
		Window: &stagedoor.Window{LookBack: 6, Settle: 24 * time.Hour, Days: 1},
		Partition: &stagedoor.Partition{
			Stream: "history_meetings", Column: "meeting_uuid", Param: "meetingId", Into: "meeting_uuid",
			Nested: true,
			Carry: map[string]string{
				"meeting_id": "meeting_id", "start_time": "meeting_start_time", "topic": "meeting_topic", "host_email": "host_email",
			},
			Only: map[string]string{"type": "Meeting"}, // webinars have a report of their own
			// The meeting is not there any more or its report not ready yet, it is
			// more than a year old, or it is another account's.
			Gone:  []string{"3001", "12702", "1010"},
			Alone: "participants",
		},
		Columns: []stagedoor.Column{
			{Name: "meeting_uuid", Type: stagedoor.Text, About: "the meeting instance that was asked for; Zoom's records lack it, as they do the four below"},
			{Name: "meeting_id", Type: stagedoor.Digits, About: "the meeting's number"},
			{Name: "meeting_start_time", Type: stagedoor.Timestamp},
			{Name: "meeting_topic", Type: stagedoor.Text},
			{Name: "host_email", Type: stagedoor.Text},
			{Name: "user_id", Type: stagedoor.Text, About: "of this session: whoever joins again gets a new one"},
			{Name: "participant_user_id", Type: stagedoor.Text, About: "users.id of people who were signed in to this account; empty for guests"},
			{Name: "id", Type: stagedoor.Text, About: "the same; Zoom is taking it away"},
			{Name: "name", Type: stagedoor.Text, About: "which they chose themselves"},
			{Name: "user_email", Type: stagedoor.Text, About: "empty for people from outside the account"},
			{Name: "registrant_id", Type: stagedoor.Text, About: "meeting_registrants.id"},
			{Name: "join_time", Type: stagedoor.Timestamp},
			{Name: "leave_time", Type: stagedoor.Timestamp},
			{Name: "duration", Type: stagedoor.Integer, About: "seconds"},
			{Name: "status", Type: stagedoor.Text, About: "in_meeting or in_waiting_room"},
			{Name: "bo_mtg_id", Type: stagedoor.Text, About: "of the breakout room, where it was one"},
			{Name: "customer_key", Type: stagedoor.Text},
			{Name: "failover", Type: stagedoor.Boolean, About: "whether the session moved to another data centre"},
		},
		Day: []string{"meeting_start_time"},
		ID:  [][]string{{"user_id", "meeting_uuid", "join_time", "status", "bo_mtg_id"}},
		// Rows of people whom Zoom says nothing of.
		Content: []string{
			"meeting_uuid", "participant_user_id", "id", "name", "user_email", "registrant_id",
			"join_time", "leave_time", "duration", "status", "bo_mtg_id", "customer_key", "failover",
		},
		ShowsGone: true,
		EmptyMeans: &stagedoor.Error{
			Kind:  stagedoor.KindFeatureOff,
			Cause: "Zoom reports no participant of any meeting of these days. Either nobody met, or everybody was alone in their meeting, which Zoom reports nothing on, or the report is not ready yet: it lags behind by minutes to hours",
			Fix:   "Compare with `stagedoor sync NAME history_meetings`, whose participants column counts them; if it shows some, run the same command later.",
		},
		Example: `{
			"id": "KDcuGIm1QgePTO8WbOqwIQ", "participant_user_id": "KDcuGIm1QgePTO8WbOqwIQ", "user_id": "16778240",
			"name": "Ada Lovelace", "user_email": "ada.lovelace@example.com", "registrant_id": "fdgsfh2ey82fuh",
			"join_time": "2026-11-20T09:00:27Z", "leave_time": "2026-11-20T09:46:51Z", "duration": 2784,
			"status": "in_meeting", "bo_mtg_id": "", "customer_key": "349589LkJyeW", "failover": false
		}`,
	}

	attendance := participants
	attendance.Name, attendance.Title = "meeting_attendance", "Meeting attendance"
	attendance.Derived, attendance.From = true, participants.Name
	attendance.Description = "Who was in each meeting that was held, one row a meeting and person: when they first joined and last left, how long they were there, how often they came back. Worked out from report_meeting_participants, out of the same calls: waiting does not count, and time that two rows share counts once."
	attendance.Columns = []stagedoor.Column{
		{Name: "meeting_uuid", Type: stagedoor.Text, About: "of this instance of the meeting"},
		{Name: "meeting_id", Type: stagedoor.Digits, About: "the meeting's number"},
		{Name: "meeting_start_time", Type: stagedoor.Timestamp},
		{Name: "meeting_topic", Type: stagedoor.Text},
		{Name: "host_email", Type: stagedoor.Text},
		{Name: "person", Type: stagedoor.Text, About: "who it was, by the best that Zoom says: id:…, email:…, name:…, user:… (of one session), or row:… for a row that says nothing"},
		{Name: "name", Type: stagedoor.Text, About: "which they chose themselves"},
		{Name: "user_email", Type: stagedoor.Text, About: "empty for people from outside the account"},
		{Name: "participant_user_id", Type: stagedoor.Text, About: "users.id of people who were signed in to this account; empty for guests"},
		{Name: "registrant_id", Type: stagedoor.Text, About: "meeting_registrants.id"},
		{Name: "first_join", Type: stagedoor.Timestamp},
		{Name: "last_leave", Type: stagedoor.Timestamp},
		{Name: "seconds", Type: stagedoor.Integer, About: "that they were in the meeting or in one of its breakout rooms"},
		{Name: "minutes", Type: stagedoor.Integer, About: "the same, rounded up"},
		{Name: "rejoins", Type: stagedoor.Integer, About: "times that they came back"},
		{Name: "breakouts", Type: stagedoor.Integer, About: "times that they were in a breakout room"},
	}
	attendance.ID, attendance.Content = [][]string{{"meeting_uuid", "person"}}, nil
	attendance.Example = `{
		"meeting_uuid": "aDYlohsHRtCd4ii1uC2+hA==", "meeting_id": 93398114182, "meeting_start_time": "2026-11-20T09:00:13Z",
		"person": "id:KDcuGIm1QgePTO8WbOqwIQ", "name": "Ada Lovelace", "user_email": "ada.lovelace@example.com",
		"participant_user_id": "KDcuGIm1QgePTO8WbOqwIQ", "registrant_id": "fdgsfh2ey82fuh",
		"first_join": "2026-11-20T09:00:27Z", "last_leave": "2026-11-20T09:46:51Z",
		"seconds": 2784, "minutes": 47, "rejoins": 0, "breakouts": 1
	}`
	return []stagedoor.Stream{participants, attendance}
}
