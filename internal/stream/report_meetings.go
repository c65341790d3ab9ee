package stream

import (
	"time"

	"github.com/stagedoor/stagedoor"
)

// reportMeetings is the report of meetings that were held, which Zoom gives one
// host at a time.
func reportMeetings() []stagedoor.Stream {
	return []stagedoor.Stream{{
		Name:        "report_user_meetings",
		Title:       "Meeting report",
		Family:      "reports",
		Description: "The meetings that were held, one row a meeting: topic, host, start, end, participants, also meetings with one participant. Read for every active and inactive user as host.",
		Docs:        "https://developers.zoom.us/docs/api/meetings/#tag/reports/GET/report/users/{userId}/meetings",
		Method:      "GET",
		Path:        "/report/users/{userId}/meetings",
		ListKeys:    []string{"meetings"},
		PageSize:    300,
		// One call leaves out meetings with a single participant, the other shows
		// only these. pastJoined would show a meeting with each of its users.
		Passes: []map[string]string{{"type": "past"}, {"type": "pastOne"}},
		Window: &stagedoor.Window{From: "from", To: "to", LookBack: 6, Settle: 24 * time.Hour},
		Partition: &stagedoor.Partition{
			Stream: "users", Column: "id", Param: "userId", Into: "user_id",
			// The user does not exist, or not in this account any more.
			Gone: []string{"1001", "1010"},
		},
		Columns: []stagedoor.Column{
			{Name: "uuid", Type: stagedoor.Text, About: "of this instance of the meeting"},
			{Name: "id", Type: stagedoor.Digits, About: "the meeting's number, the same for each instance of a recurring one"},
			{Name: "topic", Type: stagedoor.Text},
			{Name: "start_time", Type: stagedoor.Timestamp},
			{Name: "end_time", Type: stagedoor.Timestamp},
			{Name: "duration", Type: stagedoor.Integer, About: "minutes; 0 while Zoom is still counting"},
			{Name: "participants_count", Type: stagedoor.Integer},
			{Name: "total_minutes", Type: stagedoor.Integer, About: "of all participants together"},
			{Name: "user_id", Type: stagedoor.Text, About: "the host's id: users.id. Zoom's records lack it; it is the one that was asked for"},
			{Name: "user_name", Type: stagedoor.Text, About: "of the host"},
			{Name: "user_email", Type: stagedoor.Text, About: "of the host"},
			{Name: "type", Type: stagedoor.Integer, About: "1 instant, 2 scheduled, 3 recurring without a time, 4 personal room, 5 webinar, 7 personal audio conference, 8 recurring at a fixed time"},
			{Name: "source", Type: stagedoor.Text, About: "what it was started from: Zoom, or an app's name"},
			{Name: "session_key", Type: stagedoor.Text},
			{Name: "schedule_time", Type: stagedoor.MinuteTime, About: "Zoom gives no zone; it is taken as UTC, as are the two below"},
			{Name: "join_waiting_room_time", Type: stagedoor.MinuteTime},
			{Name: "join_time", Type: stagedoor.MinuteTime},
			{Name: "leave_time", Type: stagedoor.MinuteTime},
			{Name: "host_name", Type: stagedoor.Text},
			{Name: "host_organization", Type: stagedoor.Text},
			{Name: "participants_count_my_account", Type: stagedoor.Integer},
			{Name: "has_screen_share", Type: stagedoor.Boolean},
			{Name: "has_recording", Type: stagedoor.Boolean},
			{Name: "has_chat", Type: stagedoor.Boolean},
			{Name: "meeting_encryption_status", Type: stagedoor.Integer, About: "1 enhanced, 2 end to end"},
			{Name: "custom_keys", Type: stagedoor.JSON},
		},
		Day:       []string{"start_time"},
		ID:        [][]string{{"uuid"}},
		ShowsGone: true,
		EmptyMeans: &stagedoor.Error{
			Kind:  stagedoor.KindFeatureOff,
			Cause: "Zoom reports no meeting of any user for these days. Either none was held, or their report is not ready yet: it lags behind by minutes to hours",
			Fix:   "Look at Admin → Account Management → Reports → Active Hosts on zoom.us; if it shows meetings, run the same command later.",
		},
		Example: `{"uuid":"aDYlohsHRtCd4ii1uC2+hA==","id":93398114182,"type":2,"topic":"Weekly rehearsal","user_name":"Jill Chill","user_email":"jchill@example.com","start_time":"2026-11-20T09:00:13Z","end_time":"2026-11-20T09:46:51Z","duration":47,"total_minutes":203,"participants_count":5,"source":"Zoom","custom_keys":[],"schedule_time":"11/20/2026 09:00","join_time":"11/20/2026 09:00","leave_time":"11/20/2026 09:46","has_screen_share":true,"has_recording":false,"has_chat":true,"meeting_encryption_status":1,"participants_count_my_account":4}`,
	}}
}
