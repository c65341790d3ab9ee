package stream

import (
	"time"

	"github.com/stagedoor/stagedoor"
)

func recordings() []stagedoor.Stream {
	return []stagedoor.Stream{{
		Name:        "recordings",
		Title:       "Cloud recordings",
		Family:      "recordings",
		Description: "The meetings and webinars that were recorded into Zoom's cloud, one row a meeting, with its files. Read for every active and inactive user as host. What lies in the trash is left out.",
		Docs:        "https://developers.zoom.us/docs/api/meetings/#tag/cloud-recording/GET/users/{userId}/recordings",
		Method:      "GET",
		Path:        "/users/{userId}/recordings",
		ListKeys:    []string{"meetings"},
		PageSize:    300,
		Window: &stagedoor.Window{
			From: "from", To: "to",
			// Zoom keeps recordings until somebody, or a setting, deletes them, so
			// days further back are asked for when --since says so.
			First: 6,
			// A long recording is processed for hours, and its files come one by one.
			Settle: 48 * time.Hour,
		},
		Partition: &stagedoor.Partition{
			Stream: "users", Column: "id", Param: "userId", Into: "user_id",
			// The user does not exist, or not in this account any more.
			Gone: []string{"1001", "1010"},
			// "There is no recording for this meeting."
			Empty: []string{"3301"},
		},
		Columns: []stagedoor.Column{
			{Name: "uuid", Type: stagedoor.Text, About: "of this instance of the meeting"},
			{Name: "id", Type: stagedoor.Digits, About: "the meeting's number, the same for each instance of a recurring one"},
			{Name: "user_id", Type: stagedoor.Text, About: "the user it was listed for: users.id"},
			{Name: "host_id", Type: stagedoor.Text},
			{Name: "account_id", Type: stagedoor.Text},
			{Name: "topic", Type: stagedoor.Text},
			{Name: "type", Type: stagedoor.Integer, About: "1 instant, 2 scheduled, 3 recurring without a time, 4 personal room, 5 webinar, 6 recurring webinar without a time, 7 personal audio conference, 8 recurring at a fixed time, 9 recurring webinar at a fixed time, 99 uploaded"},
			{Name: "start_time", Type: stagedoor.Timestamp},
			{Name: "duration", Type: stagedoor.Integer, About: "minutes"},
			{Name: "recording_count", Type: stagedoor.Integer, About: "files"},
			{Name: "total_size", Type: stagedoor.Integer, About: "bytes"},
			{Name: "auto_delete", Type: stagedoor.Boolean},
			{Name: "auto_delete_date", Type: stagedoor.Text, About: "a day, yyyy-MM-dd"},
			{Name: "recording_play_passcode", Type: stagedoor.Text, About: "whoever has it and a file's play_url sees the recording"},
			{Name: "recording_files", Type: stagedoor.JSON, About: "each file with id, file_type, recording_type, file_size, download_url, play_url; captions and timelines lack id, status and size"},
		},
		Day:       []string{"start_time"},
		ID:        [][]string{{"uuid"}},
		ShowsGone: true,
		EmptyMeans: &stagedoor.Error{
			Kind:  stagedoor.KindFeatureOff,
			Cause: "Zoom lists no recording of any user for these days. Either nothing was recorded into the cloud, or cloud recording, which needs the Pro plan or higher, is off",
			Fix:   "Look at Admin → Account Management → Recording Management and Account Settings → Recording on zoom.us.",
		},
		Example: `{
			"uuid": "aDYlohsHRtCd4ii1uC2+hA==", "id": 93398114182, "host_id": "KDcuGIm1QgePTO8WbOqwIQ", "account_id": "Cx3wERazSgup7ZWRHQM8-w",
			"topic": "Weekly rehearsal", "type": "8", "start_time": "2026-11-20T09:00:13Z", "duration": 47,
			"recording_count": 1, "total_size": 3328371, "auto_delete": true, "auto_delete_date": "2027-11-20", "recording_play_passcode": "made-up",
			"recording_files": [{
				"id": "ed6c2f27-2ae7-42f4-b3d0-835b493e4fa8", "meeting_id": "aDYlohsHRtCd4ii1uC2+hA==",
				"recording_start": "2026-11-20T09:00:30Z", "recording_end": "2026-11-20T09:46:51Z",
				"file_type": "MP4", "file_extension": "MP4", "file_size": 3328371, "recording_type": "shared_screen_with_speaker_view", "status": "completed",
				"download_url": "https://example.com/rec/download/made-up", "play_url": "https://example.com/rec/play/made-up"
			}]
		}`,
	}}
}
