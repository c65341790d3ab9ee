package scope

import (
	"slices"
	"strings"

	"github.com/stagedoor/stagedoor"
)

// ParsePurposes understands the names of purposes as people write them: in any
// letter case, with ":read" or without, several with commas between. It
// returns each once, in the order of [Purposes]; reading is left out where
// writing is asked for as well. A word that is none is an error that lists what
// there is.
func ParsePurposes(names []string) ([]stagedoor.Purpose, error) {
	wanted := map[string]bool{}
	for _, name := range names {
		for word := range strings.SplitSeq(name, ",") {
			if strings.TrimSpace(word) == "" {
				continue // nothing: how an edit takes all purposes away
			}
			plain := strings.NewReplacer(" ", "-", "_", "-").Replace(strings.ToLower(strings.TrimSpace(word)))
			plain = strings.TrimSuffix(plain, ":read")
			plain, write := strings.CutSuffix(plain, stagedoor.PurposeWrites)
			at := slices.IndexFunc(purposes, func(p stagedoor.Purpose) bool { return p.Name == plain })
			if at < 0 {
				return nil, unknownPurpose(word, plain)
			}
			if write && len(purposes[at].Writes) == 0 {
				return nil, &stagedoor.Error{
					Op: "find the purpose", Subject: "\"" + word + "\"", Kind: stagedoor.KindUsage,
					Cause: "of " + purposes[at].Title + " nothing can be changed through Zoom's API",
					Fix:   "Use " + plain + ".",
				}
			}
			wanted[plain] = wanted[plain] || write
		}
	}
	var list []stagedoor.Purpose
	for _, p := range purposes {
		write, ok := wanted[p.Name]
		if !ok {
			continue
		}
		if write {
			p.Name += stagedoor.PurposeWrites
		}
		list = append(list, p)
	}
	return list, nil
}

func unknownPurpose(word, plain string) error {
	var names []string
	near := ""
	for _, p := range purposes {
		names = append(names, p.Name)
		if near == "" && (strings.TrimSuffix(p.Name, "s") == plain || strings.Contains(p.Name, "-"+plain) || stagedoor.Distance(p.Name, plain) <= 2) {
			near = "Did you mean " + p.Name + "? "
		}
	}
	e := &stagedoor.Error{
		Op: "find the purpose", Subject: "\"" + word + "\"", Kind: stagedoor.KindUsage,
		Cause: "there is no purpose by that name",
		Fix:   near + "Use one or more of: " + strings.Join(names, ", ") + "; NAME:write (not of reports and dashboards) means changing as well as reading.",
	}
	if strings.Contains(plain, ":") {
		e.Cause = "it looks like the name of a scope, and a purpose is what the scopes are for"
	}
	return e
}

// Names returns the names of purposes, which a credential keeps.
func Names(list []stagedoor.Purpose) []string {
	var names []string
	for _, p := range list {
		names = append(names, p.Name)
	}
	return names
}

// Purposes returns every purpose, for reading.
func Purposes() []stagedoor.Purpose { return slices.Clone(purposes) }

// purposes choose what the programs that integrate Zoom read and write, not
// all that a product has: so a list of scopes stays short enough to click
// together. Whoever needs more names the stream or the operation.
// Source: the minimal sets and the catalogue of Zoom's OpenAPI documents, March
// 2026; a test holds that each operation is in the table and not deprecated.
var purposes = []stagedoor.Purpose{
	{
		Name: "users", Title: "Users", About: "users with their settings, groups and roles",
		Families: []string{"people"},
		Reads: []string{
			"GET /users", "GET /users/{userId}", "GET /users/{userId}/settings",
			"GET /groups", "GET /groups/{groupId}/members", "GET /roles", "GET /roles/{roleId}/members",
		},
		Writes: []string{
			"POST /users", "PATCH /users/{userId}", "DELETE /users/{userId}", "PUT /users/{userId}/status", "PATCH /users/{userId}/settings",
			"POST /groups", "PATCH /groups/{groupId}", "DELETE /groups/{groupId}",
			"POST /groups/{groupId}/members", "DELETE /groups/{groupId}/members/{memberId}",
			"POST /roles/{roleId}/members", "DELETE /roles/{roleId}/members/{memberId}",
		},
	},
	{
		Name: "meetings", Title: "Meetings", About: "scheduled and past meetings, who took part, registrants, polls",
		Families: []string{"scheduled"},
		Reads: []string{
			"GET /users/{userId}/meetings", "GET /meetings/{meetingId}", "GET /past_meetings/{meetingId}",
			"GET /past_meetings/{meetingId}/instances", "GET /past_meetings/{meetingId}/participants",
			"GET /meetings/{meetingId}/registrants", "GET /meetings/{meetingId}/polls",
		},
		Writes: []string{
			"POST /users/{userId}/meetings", "PATCH /meetings/{meetingId}", "DELETE /meetings/{meetingId}", "PUT /meetings/{meetingId}/status",
			"POST /meetings/{meetingId}/registrants", "POST /meetings/{meetingId}/batch_registrants",
			"PUT /meetings/{meetingId}/registrants/status", "DELETE /meetings/{meetingId}/registrants/{registrantId}",
		},
	},
	{
		Name: "webinars", Title: "Webinars", About: "scheduled and past webinars, who took part and who did not, registrants, panelists, polls, questions",
		Needs:    "a Webinar licence for each host",
		Families: []string{"webinars"},
		Reads: []string{
			"GET /users/{userId}/webinars", "GET /webinars/{webinarId}", "GET /webinars/{webinarId}/registrants", "GET /webinars/{webinarId}/panelists",
			"GET /past_webinars/{webinarId}/instances", "GET /past_webinars/{webinarId}/participants", "GET /past_webinars/{webinarId}/absentees",
			"GET /past_webinars/{webinarId}/polls", "GET /past_webinars/{webinarId}/qa",
		},
		Writes: []string{
			"POST /users/{userId}/webinars", "PATCH /webinars/{webinarId}", "DELETE /webinars/{webinarId}",
			"POST /webinars/{webinarId}/registrants", "POST /webinars/{webinarId}/batch_registrants",
			"PUT /webinars/{webinarId}/registrants/status", "POST /webinars/{webinarId}/panelists",
		},
	},
	{
		Name: "phone", Title: "Phone", About: "Zoom Phone's users, call history and call recordings",
		Needs:    "a Zoom Phone licence",
		Families: []string{"phone"},
		Reads:    []string{"GET /phone/users", "GET /phone/call_history", "GET /phone/recordings"},
		Writes: []string{
			"PATCH /phone/users/{userId}", "PATCH /phone/users/{userId}/settings",
			"POST /phone/users/{userId}/phone_numbers", "DELETE /phone/users/{userId}/phone_numbers/{phoneNumberId}",
			"POST /phone/users/{userId}/calling_plans", "DELETE /phone/users/{userId}/calling_plans/{planType}",
			"DELETE /phone/recordings/{recordingId}",
		},
	},
	{
		Name: "recordings", Title: "Recordings", About: "cloud recordings of meetings and webinars, and their files",
		Needs:    "the Pro plan or higher, with cloud recording on",
		Families: []string{"recordings"},
		Reads:    []string{"GET /users/{userId}/recordings", "GET /meetings/{meetingId}/recordings"},
		Writes: []string{
			"DELETE /meetings/{meetingId}/recordings", "DELETE /meetings/{meetingId}/recordings/{recordingId}",
			"PUT /meetings/{meetingUUID}/recordings/status", "PATCH /meetings/{meetingId}/recordings/settings",
		},
	},
	{
		Name: "reports", Title: "Reports", About: "what was held, who took part, who signed in, what admins changed, telephone use",
		Needs:    "the Pro plan or higher",
		Families: []string{"reports"},
		Reads: []string{
			"GET /users", // whose ids the report on each user's meetings asks for
			"GET /report/daily", "GET /report/users", "GET /report/users/{userId}/meetings",
			"GET /report/meetings/{meetingId}", "GET /report/meetings/{meetingId}/participants",
			"GET /report/meeting_activities", "GET /report/activities", "GET /report/operationlogs",
			"GET /report/history_meetings", "GET /report/telephone", "GET /report/upcoming_events", "GET /report/cloud_recording",
		},
	},
	{
		Name: "dashboards", Title: "Dashboards", About: "quality and use of meetings, webinars, rooms, chat and clients, live and past",
		Needs:    "the Business plan or higher, with the Dashboard feature on",
		Families: []string{"dashboards"},
		Reads: []string{
			"GET /metrics/meetings", "GET /metrics/meetings/{meetingId}", "GET /metrics/meetings/{meetingId}/participants",
			"GET /metrics/meetings/{meetingId}/participants/qos",
			"GET /metrics/webinars", "GET /metrics/webinars/{webinarId}/participants",
			"GET /metrics/zoomrooms", "GET /metrics/chat", "GET /metrics/client_versions", "GET /metrics/crc",
		},
	},
	{
		Name: "team-chat", Title: "Team Chat", About: "channels, their members and messages",
		Families: []string{"chat", "team-chat"},
		Reads: []string{
			"GET /chat/channels", "GET /chat/channels/{channelId}/members", "GET /chat/users/{userId}/channels",
			"GET /chat/users/{userId}/messages", "GET /report/chat/sessions", "GET /report/chat/sessions/{sessionId}",
		},
		Writes: []string{
			"POST /chat/users/{userId}/messages", "PUT /chat/users/{userId}/messages/{messageId}", "DELETE /chat/users/{userId}/messages/{messageId}",
			"POST /chat/users/{userId}/channels", "PATCH /chat/users/{userId}/channels/{channelId}", "DELETE /chat/users/{userId}/channels/{channelId}",
			"POST /chat/channels/{channelId}/members", "DELETE /chat/channels/{channelId}/members/{identifier}",
		},
	},
}
