package stream

import (
	"time"

	"github.com/stagedoor/stagedoor"
)

func dashboards() []stagedoor.Stream {
	return []stagedoor.Stream{{
		Name:        "metrics_meetings",
		Title:       "Dashboard of meetings",
		Family:      "dashboards",
		Description: "The meetings that were held and have ended as the Dashboard has them, one row an instance: quality, what was used, how long. Meetings that one person was alone in are left out; -p type=pastOne reads them alone.",
		Docs:        "https://developers.zoom.us/docs/api/accounts/#tag/dashboards/GET/metrics/meetings",
		Method:      "GET",
		Path:        "/metrics/meetings",
		ListKeys:    []string{"meetings"},
		PageSize:    300,
		// Without a type Zoom shows the meetings of this moment; without the
		// others, days of their end, and no tracking fields.
		Params: map[string]string{"type": "past", "query_date_type": "start_time", "include_fields": "tracking_fields"},
		Window: &stagedoor.Window{From: "from", To: "to", LookBack: 6, Settle: 24 * time.Hour},
		Columns: []stagedoor.Column{
			{Name: "uuid", Type: stagedoor.Text, About: "of this instance of the meeting"},
			{Name: "id", Type: stagedoor.Digits, About: "the meeting's number, the same for each instance of a recurring one"},
			{Name: "topic", Type: stagedoor.Text},
			{Name: "host", Type: stagedoor.Text, About: "the host's name"},
			{Name: "email", Type: stagedoor.Text, About: "of the host"},
			{Name: "user_type", Type: stagedoor.Text, About: "of the host"},
			{Name: "dept", Type: stagedoor.Text, About: "of the host"},
			{Name: "start_time", Type: stagedoor.Timestamp},
			{Name: "end_time", Type: stagedoor.Timestamp},
			{Name: "duration", Type: stagedoor.Text, About: "as Zoom writes it, hh:mm:ss or mm:ss; end_time less start_time is the same to reckon with"},
			{Name: "participants", Type: stagedoor.Integer},
			{Name: "audio_quality", Type: stagedoor.Text, About: "good, fair, poor or bad, as are the two below"},
			{Name: "video_quality", Type: stagedoor.Text},
			{Name: "screen_share_quality", Type: stagedoor.Text},
			{Name: "avg_jointime_cost", Type: stagedoor.Real, About: "how long joining took, on average"},
			{Name: "has_pstn", Type: stagedoor.Boolean, About: "somebody took part by telephone"},
			{Name: "has_voip", Type: stagedoor.Boolean},
			{Name: "has_3rd_party_audio", Type: stagedoor.Boolean},
			{Name: "has_sip", Type: stagedoor.Boolean},
			{Name: "has_video", Type: stagedoor.Boolean},
			{Name: "has_screen_share", Type: stagedoor.Boolean},
			{Name: "has_recording", Type: stagedoor.Boolean},
			{Name: "has_archiving", Type: stagedoor.Boolean},
			{Name: "has_manual_captions", Type: stagedoor.Boolean},
			{Name: "has_automated_captions", Type: stagedoor.Boolean},
			{Name: "has_poll", Type: stagedoor.Boolean},
			{Name: "has_qa", Type: stagedoor.Boolean},
			{Name: "has_survey", Type: stagedoor.Boolean},
			{Name: "session_key", Type: stagedoor.Text},
			{Name: "custom_keys", Type: stagedoor.JSON},
			{Name: "tracking_fields", Type: stagedoor.JSON},
		},
		Day:       []string{"start_time"},
		ID:        [][]string{{"uuid"}},
		ShowsGone: true,
		EmptyMeans: &stagedoor.Error{
			Kind:  stagedoor.KindFeatureOff,
			Cause: "Zoom's Dashboard shows no meeting at all for these days. Either none with two people was held, or the Dashboard feature, which needs the Business plan or higher, is not on",
			Fix:   "Look at Admin → Dashboard → Meetings → Past Meetings on zoom.us; history_meetings lists meetings without the Dashboard.",
		},
		Example: `{
			"uuid": "aDYlohsHRtCd4ii1uC2+hA==", "id": 93398114182, "topic": "Weekly rehearsal", "host": "Jill Chill", "email": "jchill@example.com",
			"user_type": "Licensed", "dept": "Engines", "start_time": "2026-11-20T09:00:13Z", "end_time": "2026-11-20T09:46:51Z", "duration": "46:38", "participants": 5,
			"audio_quality": "good", "video_quality": "good", "screen_share_quality": "fair", "avg_jointime_cost": 1.4,
			"has_pstn": false, "has_voip": true, "has_3rd_party_audio": false, "has_sip": false, "has_video": true, "has_screen_share": true,
			"has_recording": false, "has_archiving": false, "has_manual_captions": false, "has_automated_captions": true,
			"has_poll": false, "has_qa": false, "has_survey": false, "session_key": "ABC36jaBI145",
			"custom_keys": [{"key": "Production", "value": "Hamlet"}], "tracking_fields": [{"field": "Cost centre", "value": "A1"}]
		}`,
	}}
}
