package stream

import "github.com/stagedoor/stagedoor"

func people() []stagedoor.Stream {
	return []stagedoor.Stream{{
		Name:        "users",
		Title:       "Users",
		Family:      "people",
		Description: "Everyone in the account: active, inactive and pending (invited) users.",
		Docs:        "https://developers.zoom.us/docs/api/users/#tag/users/GET/users",
		Method:      "GET",
		Path:        "/users",
		ListKeys:    []string{"users"},
		// Zoom's document of the operation permits 2000, its paging page 300
		// (docs/api/pagination, read 2026-11); what both permit is sent.
		PageSize: 300,
		// One call shows one status only; the default is active.
		Passes: []map[string]string{{"status": "active"}, {"status": "inactive"}, {"status": "pending"}},
		Columns: []stagedoor.Column{
			{Name: "id", Type: stagedoor.Text, About: "Zoom's id of the user; pending users have none"},
			{Name: "email", Type: stagedoor.Text},
			{Name: "first_name", Type: stagedoor.Text},
			{Name: "last_name", Type: stagedoor.Text},
			{Name: "display_name", Type: stagedoor.Text},
			{Name: "status", Type: stagedoor.Text, About: "active, inactive or pending"},
			{Name: "type", Type: stagedoor.Integer, About: "1 basic, 2 licensed, 4 unassigned without a Meetings licence, 99 none"},
			{Name: "dept", Type: stagedoor.Text},
			{Name: "role_id", Type: stagedoor.Text},
			{Name: "pmi", Type: stagedoor.Integer, About: "personal meeting id"},
			{Name: "timezone", Type: stagedoor.Text},
			{Name: "verified", Type: stagedoor.Integer, About: "1 if the e-mail address is verified"},
			{Name: "created_at", Type: stagedoor.Timestamp},
			{Name: "user_created_at", Type: stagedoor.Timestamp},
			{Name: "last_login_time", Type: stagedoor.Timestamp, About: "up to three days late"},
			{Name: "last_client_version", Type: stagedoor.Text},
			{Name: "plan_united_type", Type: stagedoor.Text},
			{Name: "employee_unique_id", Type: stagedoor.Text},
			{Name: "host_key", Type: stagedoor.Text},
			{Name: "group_ids", Type: stagedoor.JSON},
			{Name: "division_ids", Type: stagedoor.JSON},
			{Name: "im_group_ids", Type: stagedoor.JSON},
			{Name: "custom_attributes", Type: stagedoor.JSON},
			{Name: "license_info_list", Type: stagedoor.JSON},
		},
		// A pending user has no id yet, so their e-mail address stands in.
		ID:        [][]string{{"id"}, {"email"}},
		ShowsGone: true,
		// Made up, with the fields of Zoom's document of the operation.
		Example: `{
			"id": "KDcuGIm1QgePTO8WbOqwIQ", "email": "ada.lovelace@example.com",
			"first_name": "Ada", "last_name": "Lovelace", "display_name": "Ada Lovelace",
			"status": "active", "type": 2, "dept": "Engines", "role_id": "2", "pmi": 4155551234,
			"timezone": "Europe/London", "verified": 1,
			"created_at": "2024-03-01T09:00:00Z", "user_created_at": "2024-03-01T09:00:00Z", "last_login_time": "2026-11-20T07:31:05Z",
			"last_client_version": "6.2.5.48567(win)", "plan_united_type": "1", "employee_unique_id": "1815", "host_key": "299192",
			"group_ids": ["RSMaSp8sTEGK0_oamiA2_w"], "division_ids": ["VtLMfQKJTLCSOHMEjQJVXA"], "im_group_ids": ["t-_-d56CSWG-7BF15LLrOw"],
			"custom_attributes": [{"key": "cbf_cywdkexrtqc73f97gd4w6g", "name": "Cost centre", "value": "A1"}],
			"license_info_list": [{"license_type": "MEETING", "license_option": 2, "subscription_id": "SUB-1"}]
		}`,
	}, {
		Name:        "groups",
		Title:       "Groups",
		Family:      "people",
		Description: "The groups of users that admins made.",
		Docs:        "https://developers.zoom.us/docs/api/users/#tag/groups/GET/groups",
		Method:      "GET",
		Path:        "/groups",
		ListKeys:    []string{"groups"},
		PageSize:    300,
		Columns: []stagedoor.Column{
			{Name: "id", Type: stagedoor.Text},
			{Name: "name", Type: stagedoor.Text},
			{Name: "total_members", Type: stagedoor.Integer},
		},
		ID:        [][]string{{"id"}},
		ShowsGone: true,
		Example:   `{"id":"RSMaSp8sTEGK0_oamiA2_w","name":"Engines","total_members":12}`,
	}, {
		Name:        "group_members",
		Title:       "Group members",
		Family:      "people",
		Description: "Who is in which group, one row a group and member.",
		Docs:        "https://developers.zoom.us/docs/api/users/#tag/groups/GET/groups/{groupId}/members",
		Method:      "GET",
		Path:        "/groups/{groupId}/members",
		ListKeys:    []string{"members"},
		// Zoom's document of the operation permits 2000, its paging page 300, as
		// with users.
		PageSize: 300,
		Partition: &stagedoor.Partition{
			Stream: "groups", Column: "id", Param: "groupId", Into: "group_id",
			Gone: []string{"4130"}, // the group does not exist any more
		},
		Columns: []stagedoor.Column{
			{Name: "group_id", Type: stagedoor.Text, About: "the group that was asked for; Zoom's records lack it"},
			{Name: "id", Type: stagedoor.Text, About: "the user's id: users.id; pending users have none"},
			{Name: "email", Type: stagedoor.Text},
			{Name: "first_name", Type: stagedoor.Text},
			{Name: "last_name", Type: stagedoor.Text},
			{Name: "type", Type: stagedoor.Integer, About: "of the user: 1 basic, 2 licensed, 4 unassigned without a Meetings licence, 99 none"},
		},
		ID:        [][]string{{"id", "group_id"}, {"email", "group_id"}},
		ShowsGone: true,
		Example:   `{"id":"KDcuGIm1QgePTO8WbOqwIQ","email":"ada.lovelace@example.com","first_name":"Ada","last_name":"Lovelace","type":2}`,
	}}
}
