package stream

import (
	"time"

	"github.com/stagedoor/stagedoor"
)

// reportHistory is the one list of all meetings of the account that were held,
// without a call for each host: what is read by meeting is driven by it.
func reportHistory() []stagedoor.Stream {
	return []stagedoor.Stream{{
		Name:        "history_meetings",
		Title:       "Meeting and webinar history",
		Family:      "reports",
		Description: "The meetings and webinars of the whole account that were held and have ended, one row an instance: topic, host, start, end, participants, features that were used.",
		Docs:        "https://developers.zoom.us/docs/api/meetings/#tag/reports/GET/report/history_meetings",
		Method:      "GET",
		Path:        "/report/history_meetings",
		ListKeys:    []string{"history_meetings"},
		// Zoom states no maximum; 300 is that of the other reports.
		PageSize: 300,
		// Days are those that a meeting began in, so that it stays in its day.
		Params: map[string]string{"date_type": "start_time", "meeting_type": "all"},
		Window: &stagedoor.Window{From: "from", To: "to", LookBack: 6, Settle: 24 * time.Hour},
		Columns: []stagedoor.Column{
			{Name: "meeting_uuid", Type: stagedoor.Text, About: "of this instance of the meeting"},
			{Name: "meeting_id", Type: stagedoor.Digits, About: "the meeting's number, the same for each instance of a recurring one"},
			{Name: "type", Type: stagedoor.Text, About: "Meeting or Webinar"},
			{Name: "topic", Type: stagedoor.Text},
			{Name: "host_display_name", Type: stagedoor.Text},
			{Name: "host_email", Type: stagedoor.Text},
			{Name: "start_time", Type: stagedoor.Timestamp},
			{Name: "end_time", Type: stagedoor.Timestamp},
			{Name: "duration", Type: stagedoor.Integer, About: "minutes"},
			{Name: "participants", Type: stagedoor.Integer},
			{Name: "total_participant_minutes", Type: stagedoor.Integer, About: "of all participants together"},
			{Name: "unique_viewers", Type: stagedoor.Integer, About: "of a webinar"},
			{Name: "max_concurrent_views", Type: stagedoor.Integer, About: "of a webinar"},
			{Name: "create_time", Type: stagedoor.Timestamp, About: "when it was scheduled"},
			{Name: "department", Type: stagedoor.Text, About: "of the host"},
			{Name: "group", Type: stagedoor.JSON, About: "names of the host's groups"},
			{Name: "source", Type: stagedoor.Text, About: "what it was started from: Zoom, or an app's name"},
			{Name: "custom_fields", Type: stagedoor.JSON},
			{Name: "tracking_fields", Type: stagedoor.JSON},
			{Name: "feature_used", Type: stagedoor.JSON, About: "each feature with true or false"},
		},
		Day:       []string{"start_time"},
		ID:        [][]string{{"meeting_uuid"}},
		ShowsGone: true,
		EmptyMeans: &stagedoor.Error{
			Kind:  stagedoor.KindFeatureOff,
			Cause: "Zoom reports no meeting and no webinar at all for these days. Either none was held, or their report is not ready yet: it lags behind by minutes to hours",
			Fix:   "Look at Admin → Account Management → Reports → Meeting and Webinar History on zoom.us; if it shows meetings, run the same command later.",
		},
		Example: `{
			"meeting_uuid": "aDYlohsHRtCd4ii1uC2+hA==", "meeting_id": 93398114182, "type": "Meeting", "topic": "Weekly rehearsal",
			"host_display_name": "Jill Chill", "host_email": "jchill@example.com",
			"start_time": "2026-11-20T09:00:13Z", "end_time": "2026-11-20T09:46:51Z", "duration": 47,
			"participants": 5, "total_participant_minutes": 203, "unique_viewers": 0, "max_concurrent_views": 0, "create_time": "2026-10-01T08:12:44Z",
			"department": "Engines", "group": ["Directors"], "source": "Zoom", "custom_fields": [{"key": "Production", "value": "Hamlet"}],
			"tracking_fields": [{"field": "Cost centre", "value": "A1"}],
			"feature_used": {"screen_sharing": true, "video_on": true, "breakout_room": true, "waiting_room": false, "record_to_cloud": false}
		}`,
	}}
}
