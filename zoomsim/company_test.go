package zoomsim_test

import (
	"encoding/json"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stagedoor/stagedoor/zoomsim"
)

// large is a company whose every list of this file has pages of 300.
var large = zoomsim.Options{Users: 700, Meetings: 2600, Limits: "off"}

// record is a JSON object.
type record = map[string]any

func objects(t *testing.T, rows []string) []record {
	t.Helper()
	out := make([]record, len(rows))
	for i, row := range rows {
		decode(t, row, &out[i])
	}
	return out
}

// everything is the truth of a stream, whatever the days.
func everything(t *testing.T, sim *zoomsim.Simulator, stream string) []string {
	t.Helper()
	return dataset(t, sim, stream, time.Time{}, time.Time{})
}

// hostIDs are the ids of the users who have one.
func hostIDs(t *testing.T, sim *zoomsim.Simulator) (ids []string) {
	t.Helper()
	for _, user := range objects(t, everything(t, sim, "users")) {
		if id, _ := user["id"].(string); id != "" {
			ids = append(ids, id)
		}
	}
	return ids
}

// Groups, their sizes, their members and the users' group_ids agree, and all lists
// have pages.
func TestGroupsAgreeWithUsers(t *testing.T) {
	sim := start(t, large)
	token := mint(t, sim)
	groups, sizes := list(t, sim, token, "/groups?page_size=300", "groups")
	if diff := cmp.Diff(everything(t, sim, "groups"), groups); diff != "" || len(sizes) < 2 {
		t.Errorf("pages of %v (-want +got):\n%s", sizes, diff)
	}

	members := map[string][]string{} // by group, from the users
	for _, user := range objects(t, everything(t, sim, "users")) {
		ids, _ := user["group_ids"].([]any)
		for _, id := range ids {
			members[id.(string)] = append(members[id.(string)], user["email"].(string))
		}
	}
	var all []string
	names, empty, pending, pages := map[string]bool{}, 0, 0, 0
	for _, group := range objects(t, groups) {
		id := group["id"].(string)
		rows, sizes := list(t, sim, token, "/groups/"+id+"/members?page_size=300", "members")
		pages = max(pages, len(sizes))
		var emails []string
		for _, member := range objects(t, rows) {
			emails = append(emails, member["email"].(string))
			if member["id"] == nil {
				pending++
			}
		}
		want := slices.Clone(members[id])
		slices.Sort(want)
		slices.Sort(emails)
		if diff := cmp.Diff(want, emails); diff != "" || group["total_members"] != float64(len(rows)) {
			t.Errorf("%v says %v members (-users +members):\n%s", group["name"], group["total_members"], diff)
		}
		if diff := cmp.Diff(slices.Collect(iter.Seq[string](truth(t, sim, zoomsim.Truth{Stream: "group_members", Part: id}))), rows); diff != "" {
			t.Errorf("members of %v (-want +got):\n%s", group["name"], diff)
		}
		names[group["name"].(string)] = true
		if len(rows) == 0 {
			empty++
		}
		all = append(all, rows...)
	}
	if diff := cmp.Diff(everything(t, sim, "group_members"), all); diff != "" {
		t.Errorf("members of all groups (-want +got):\n%s", diff)
	}
	if len(names) != len(groups) || empty == 0 || pending == 0 || pages < 2 {
		t.Errorf("%d names of %d groups, %d empty, %d members without id, at most %d pages", len(names), len(groups), empty, pending, pages)
	}
}

func TestCompanyRefusals(t *testing.T) {
	sim := start(t, zoomsim.Options{Limits: "off", BarredUsers: 1, GoneUsers: 1})
	token := mint(t, sim)
	barred, gone, pending := "", "", ""
	for _, user := range objects(t, everything(t, sim, "users")) {
		id, _ := user["id"].(string)
		switch {
		case id == "":
			pending = url.PathEscape(user["email"].(string))
			expect(t, get(t, sim, token, "/users/"+pending+"/recordings"), 404, fmt.Sprintf(`{"code":1001,"message":"User does not exist: %s."}`, user["email"]))
		case get(t, sim, token, "/users/"+id).Status == 404:
			gone = id
		case get(t, sim, token, "/users/"+id+"/meetings").Status == 400:
			barred = id
		}
	}
	meeting := fmt.Sprintf("%.0f", objects(t, everything(t, sim, "meetings"))[0]["id"])
	for path, want := range map[string]string{
		"/users/" + barred + "/meetings":                                    `400 {"code":3161,"message":"Your user account is not allowed meeting hosting and scheduling capabilities."}`,
		"/users/" + gone + "/meetings":                                      `404 {"code":1001,"message":"User does not exist: ` + gone + `."}`,
		"/users/" + gone + "/recordings":                                    `404 {"code":1001,"message":"User does not exist: ` + gone + `."}`,
		"/groups/nowhere/members":                                           `404 {"code":4130,"message":"Group does not exist: nowhere."}`,
		"/meetings/123456789":                                               `404 {"code":3001,"message":"Meeting does not exist: 123456789."}`,
		"/meetings/123456789/registrants":                                   `404 {"code":3001,"message":"Meeting does not exist: 123456789."}`,
		"/meetings/not-a-number":                                            `404 {"code":3001,"message":"Meeting does not exist: not-a-number."}`,
		"/meetings/123456789/recordings":                                    `404 {"code":3301,"message":"There is no recording for this meeting."}`,
		"/users/me/recordings?from=2026-01-01&to=2026-03-01":                `400 {"code":300,"message":"The date range between from and to cannot exceed one month."}`,
		"/users/me/recordings?page_size=301":                                invalid("page_size"),
		"/users/me/recordings?from=yesterday":                               invalid("from"),
		"/users/me/recordings?trash=maybe":                                  invalid("trash"),
		"/users/me/recordings?trash_type=all":                               invalid("trash_type"),
		"/users/me/meetings?type=all":                                       invalid("type"),
		"/users/me/meetings?page_size=301":                                  invalid("page_size"),
		"/users/me/meetings?from=x":                                         invalid("from"),
		"/meetings/" + meeting + "/registrants?status=invited":              invalid("status"),
		"/meetings/" + meeting + "/registrants?page_size=301":               invalid("page_size"),
		"/meetings/" + meeting + "?show_previous_occurrences=1":             invalid("show_previous_occurrences"),
		"/meetings/" + meeting + "/recordings?ttl=604801":                   invalid("ttl"),
		"/meetings/" + meeting + "/recordings?include_fields=all":           invalid("include_fields"),
		"/groups?page_size=301":                                             invalid("page_size"),
		"/groups?next_page_token=x":                                         `400 {"code":300,"message":"The next page token is invalid or expired."}`,
		"/groups/nowhere/members?page_size=2001":                            invalid("page_size"),
		"/groups/nowhere/members?page_number=0":                             invalid("page_number"),
		"/groups/nowhere/members?next_page_token=x":                         `400 {"code":300,"message":"The next page token is invalid or expired."}`,
		"/meetings/" + meeting + "/registrants?next_page_token=x":           `400 {"code":300,"message":"The next page token is invalid or expired."}`,
		"/users/me/recordings?next_page_token=x&from=2026-03-01":            `400 {"code":300,"message":"The next page token is invalid or expired."}`,
		"/meetings/" + meeting + "/registrants?occurrence_id=1234567890123": `404 {"code":3001,"message":"Meeting does not exist: ` + meeting + `."}`,
	} {
		t.Run(strings.ReplaceAll(path, "/", "_"), func(t *testing.T) {
			got := get(t, sim, token, path)
			if diff := cmp.Diff(want, fmt.Sprint(got.Status, " ", got.Body)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	for _, row := range objects(t, everything(t, sim, "meetings")) {
		if row["host_id"] == barred || row["host_id"] == gone {
			t.Errorf("somebody who may not schedule or is gone has %v", row)
		}
	}
	if _, err := zoomsim.New(zoomsim.Options{Users: 2, BarredUsers: 2}); err == nil || !strings.Contains(err.Error(), "BarredUsers 2 is more than there are") {
		t.Errorf("two of two users barred: %v", err)
	}
}

func invalid(field string) string {
	return `400 {"code":300,"message":"Validation Failed.","errors":[{"field":"` + field + `","message":"Invalid field."}]}`
}

// A free account has no groups, no registration and no recordings.
func TestFreeCompany(t *testing.T) {
	sim := start(t, zoomsim.Options{Plan: "free", Limits: "off"})
	token := mint(t, sim)
	paid := `{"code":200,"message":"Only available for paid account: ` + sim.Info().AccountID + `"}`
	expect(t, get(t, sim, token, "/groups"), 400, paid)
	expect(t, get(t, sim, token, "/groups/x/members"), 400, paid)
	for _, stream := range []string{"groups", "group_members", "meeting_registrants", "recordings"} {
		if rows := everything(t, sim, stream); len(rows) > 0 {
			t.Errorf("%s has %d rows", stream, len(rows))
		}
	}
	meetings := everything(t, sim, "meetings")
	if len(meetings) == 0 {
		t.Fatal("nothing is scheduled")
	}
	for _, meeting := range objects(t, meetings) {
		if got := get(t, sim, token, fmt.Sprintf("/meetings/%.0f/registrants", meeting["id"])); !strings.Contains(got.Body, "Registration has not been enabled") {
			t.Errorf("%d %s", got.Status, got.Body)
		}
	}
}

// All fields of the operations' answers that a simulator can fill occur, each with
// its type. The names are those of Zoom's OpenAPI documents (API Hub, read 2026-11).
func TestCompanyFields(t *testing.T) {
	sim := start(t, large)
	for stream, fields := range map[string]string{
		"groups":        "id:s name:s total_members:n",
		"group_members": "email:s first_name:s id:s last_name:s type:n",
		"meetings":      "agenda:s created_at:s duration:n host_id:s id:n join_url:s pmi:s start_time:s timezone:s topic:s type:n uuid:s",
		"meeting_registrants": "id:s address:s city:s comments:s country:s custom_questions:l email:s first_name:s industry:s job_title:s last_name:s" +
			" no_of_employees:s org:s phone:s purchasing_time_frame:s role_in_purchase_process:s state:s status:s zip:s create_time:s join_url:s participant_pin_code:n",
		"recordings": "account_id:s duration:n host_id:s id:n recording_count:n start_time:s topic:s total_size:n type:s uuid:s" +
			" recording_play_passcode:s auto_delete:b auto_delete_date:s recording_files:l",
	} {
		got := map[string]bool{}
		for _, row := range objects(t, everything(t, sim, stream)) {
			for field, value := range row {
				got[field+":"+typeOf(value)] = true
			}
		}
		for _, field := range strings.Fields(fields) {
			if !got[field] {
				t.Errorf("%s lacks %s", stream, field)
			}
			delete(got, field)
		}
		if len(got) > 0 {
			t.Errorf("%s has %v too", stream, got)
		}
	}
}

func typeOf(value any) string {
	switch value.(type) {
	case string:
		return "s"
	case float64:
		return "n"
	case bool:
		return "b"
	default:
		return "l"
	}
}

// The truth can be asked for by part, and can tell which part a row is of.
func TestTruthOfParts(t *testing.T) {
	sim := start(t, zoomsim.Options{})
	for stream, name := range map[string]string{
		"group_members": "group_id", "meetings": "user_id", "meeting_registrants": "meeting_id", "recordings": "user_id",
	} {
		rows := strings.Split(strings.TrimSpace(manage(t, sim, "GET", "/dataset/"+stream+"?with=part", "").Body), "\n")
		parts := map[string][]string{}
		var plain []string
		for _, row := range rows {
			var wrapped map[string]json.RawMessage
			decode(t, row, &wrapped)
			part := strings.Trim(string(wrapped[name]), `"`)
			parts[part] = append(parts[part], string(wrapped["record"]))
			plain = append(plain, string(wrapped["record"]))
		}
		if diff := cmp.Diff(everything(t, sim, stream), plain); diff != "" || len(parts) < 2 {
			t.Errorf("%s in %d parts (-want +got):\n%s", stream, len(parts), diff)
		}
		for part, want := range parts {
			if diff := cmp.Diff(strings.Join(want, "\n")+"\n", manage(t, sim, "GET", "/dataset/"+stream+"?part="+part, "").Body); diff != "" {
				t.Errorf("%s of %s (-want +got):\n%s", stream, part, diff)
			}
		}
	}
	expect(t, manage(t, sim, "GET", "/dataset/groups?with=everything", ""), 400, `{"error":"with \"everything\": there are with=meeting and with=part"}`)
}

// The package's documentation tells how many rows there are.
func TestCompanySizes(t *testing.T) {
	for seed := int64(1); seed <= 3; seed++ {
		sim := start(t, zoomsim.Options{Seed: seed, Users: large.Users, Meetings: large.Meetings})
		for stream, want := range map[string]float64{
			"users": 700, "groups": 350, "group_members": 2.3 * 700, "meetings": 700 + 0.12*2600,
			"meeting_registrants": 6*(700+0.12*2600)/4 + 30 + 700, "recordings": 2600. / 2,
		} {
			if got := float64(len(everything(t, sim, stream))); got < 0.9*want || got > 1.1*want {
				t.Errorf("seed %d: %v rows of %s, want about %.0f", seed, got, stream, want)
			}
		}
	}
}
