package stream

import "github.com/stagedoor/stagedoor"

// scheduled are the meetings that are planned, and who registered for them. The
// family is not called meetings, which is the name of a stream.
func scheduled() []stagedoor.Stream {
	return []stagedoor.Stream{{
		Name:        "meetings",
		Title:       "Scheduled meetings",
		Family:      "scheduled",
		Description: "The meetings that are scheduled and not over, one row a meeting; a recurring one is one row. Read for every active and inactive user as host. Zoom lists no instant meetings here (history_meetings has them once they were held), and takes a meeting off the list when it is over: its row then gets a _deleted_at.",
		Docs:        "https://developers.zoom.us/docs/api/meetings/#tag/meetings/GET/users/{userId}/meetings",
		Method:      "GET",
		Path:        "/users/{userId}/meetings",
		ListKeys:    []string{"meetings"},
		PageSize:    300,
		Params:      map[string]string{"type": "scheduled"},
		Partition: &stagedoor.Partition{
			Stream: "users", Column: "id", Param: "userId", Into: "user_id",
			// The user does not exist, or not in this account any more, or may not
			// hold meetings.
			Gone: []string{"1001", "1010", "3161"},
		},
		Columns: []stagedoor.Column{
			{Name: "id", Type: stagedoor.Digits, About: "the meeting's number, the same for each instance of a recurring one"},
			{Name: "uuid", Type: stagedoor.Text},
			{Name: "user_id", Type: stagedoor.Text, About: "the user it was listed for: users.id"},
			{Name: "host_id", Type: stagedoor.Text},
			{Name: "topic", Type: stagedoor.Text},
			{Name: "agenda", Type: stagedoor.Text},
			{Name: "type", Type: stagedoor.Integer, About: "1 instant, 2 scheduled, 3 recurring without a time, 8 recurring at a fixed time"},
			{Name: "start_time", Type: stagedoor.Timestamp, About: "none for recurring meetings without a time"},
			{Name: "duration", Type: stagedoor.Integer, About: "minutes that are planned"},
			{Name: "timezone", Type: stagedoor.Text},
			{Name: "created_at", Type: stagedoor.Timestamp},
			{Name: "join_url", Type: stagedoor.Text},
			{Name: "pmi", Type: stagedoor.Digits, About: "the personal meeting id, where it is used"},
		},
		ID:        [][]string{{"id"}, {"uuid"}},
		ShowsGone: true,
		EmptyMeans: &stagedoor.Error{
			Kind:  stagedoor.KindFeatureOff,
			Cause: "Zoom lists no scheduled meeting of any user. It lists only those that are not over, and never instant ones",
			Fix:   "Read history_meetings for the meetings that were held.",
		},
		Example: `{
			"id": 97763643886, "uuid": "aDYlohsHRtCd4ii1uC2+hA==", "host_id": "KDcuGIm1QgePTO8WbOqwIQ",
			"topic": "Weekly rehearsal", "agenda": "Act two", "type": 8, "start_time": "2026-12-04T09:00:00Z", "duration": 60,
			"timezone": "Europe/London", "created_at": "2026-10-01T08:12:44Z", "join_url": "https://example.com/j/97763643886", "pmi": "4155551234"
		}`,
	}, {
		Name:        "meeting_registrants",
		Title:       "Meeting registrants",
		Family:      "scheduled",
		Description: "Who registered for the scheduled meetings, one row a meeting and registrant, whether approved, pending or denied. Read for every row of meetings; those without registration have none. Of a recurring meeting Zoom gives here those of the meeting as a whole.",
		Docs:        "https://developers.zoom.us/docs/api/meetings/#tag/meetings/GET/meetings/{meetingId}/registrants",
		Method:      "GET",
		Path:        "/meetings/{meetingId}/registrants",
		ListKeys:    []string{"registrants"},
		PageSize:    300,
		// One call shows one status only; the default is approved.
		Passes: []map[string]string{{"status": "pending"}, {"status": "approved"}, {"status": "denied"}},
		Partition: &stagedoor.Partition{
			Stream: "meetings", Column: "id", Param: "meetingId", Into: "meeting_id",
			// The meeting is gone, its host may not hold meetings with registration,
			// or it is another account's.
			Gone: []string{"3001", "3161", "1010"},
			// "Registration has not been enabled for this meeting". A page token
			// that died has the same code, and is told from it before this counts.
			Empty: []string{"300"},
		},
		Columns: []stagedoor.Column{
			{Name: "meeting_id", Type: stagedoor.Digits, About: "the meeting that was asked for; Zoom's records lack it"},
			{Name: "id", Type: stagedoor.Text, About: "the registrant's id"},
			{Name: "email", Type: stagedoor.Text},
			{Name: "first_name", Type: stagedoor.Text},
			{Name: "last_name", Type: stagedoor.Text},
			{Name: "status", Type: stagedoor.Text, About: "approved, pending or denied"},
			{Name: "create_time", Type: stagedoor.Timestamp, About: "when they registered"},
			{Name: "join_url", Type: stagedoor.Text, About: "their own link: whoever has it joins as them"},
			{Name: "participant_pin_code", Type: stagedoor.Integer},
			{Name: "org", Type: stagedoor.Text},
			{Name: "job_title", Type: stagedoor.Text},
			{Name: "industry", Type: stagedoor.Text},
			{Name: "no_of_employees", Type: stagedoor.Text, About: "a span: 1-20, 21-50, 51-100 …"},
			{Name: "purchasing_time_frame", Type: stagedoor.Text},
			{Name: "role_in_purchase_process", Type: stagedoor.Text},
			{Name: "phone", Type: stagedoor.Text},
			{Name: "address", Type: stagedoor.Text},
			{Name: "city", Type: stagedoor.Text},
			{Name: "zip", Type: stagedoor.Text},
			{Name: "state", Type: stagedoor.Text},
			{Name: "country", Type: stagedoor.Text},
			{Name: "comments", Type: stagedoor.Text},
			{Name: "custom_questions", Type: stagedoor.JSON, About: "a list of title and value"},
		},
		ID:        [][]string{{"id", "meeting_id"}, {"email", "meeting_id"}},
		ShowsGone: true,
		EmptyMeans: &stagedoor.Error{
			Kind:  stagedoor.KindFeatureOff,
			Cause: "Zoom gave no registrant of any scheduled meeting. Only meetings with registration have some, and only licensed hosts can switch it on",
			Fix:   "On zoom.us, edit the meeting and tick Registration → Required, if people are to register.",
		},
		Example: `{
			"id": "fdgsfh2ey82fuh", "email": "jchill@example.com", "first_name": "Jill", "last_name": "Chill", "status": "approved",
			"create_time": "2026-11-02T10:51:26Z", "join_url": "https://example.com/w/97763643886?tk=made-up", "participant_pin_code": 380303,
			"org": "Rehearsals Ltd", "job_title": "Director", "industry": "Theatre", "no_of_employees": "1-20",
			"purchasing_time_frame": "1-3 months", "role_in_purchase_process": "Influencer", "phone": "5550100",
			"address": "1 Main Street", "city": "San Jose", "zip": "95550", "state": "CA", "country": "US",
			"comments": "Looking forward to it.", "custom_questions": [{"title": "What do you hope to learn?", "value": "Lines"}]
		}`,
	}}
}
