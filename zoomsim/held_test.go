package zoomsim_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stagedoor/stagedoor/zoomsim"
)

// months are windows that hold all reports of today.
var months = [][2]string{{"2026-03-01", "2026-03-31"}, {"2026-02-01", "2026-02-28"}, {"2026-01-01", "2026-01-31"}}

// byMonth reads a report of the account by months, newest first.
func byMonth(t *testing.T, sim *zoomsim.Simulator, token, path, key string) (rows []string) {
	t.Helper()
	for _, window := range months {
		found, _ := list(t, sim, token, path+"&from="+window[0]+"&to="+window[1], key)
		rows = append(rows, found...)
	}
	return rows
}

// A heldRow is what the reports tell of a meeting, each under its own names.
type heldRow struct {
	UUID         string `json:"uuid"`
	MeetingUUID  string `json:"meeting_uuid"`
	ID           int64  `json:"id"`
	MeetingID    int64  `json:"meeting_id"`
	Type         any    `json:"type"`
	Topic        string `json:"topic"`
	Host         string `json:"host"`
	UserName     string `json:"user_name"`
	HostName     string `json:"host_display_name"`
	Email        string `json:"email"`
	UserEmail    string `json:"user_email"`
	HostEmail    string `json:"host_email"`
	Start        string `json:"start_time"`
	End          string `json:"end_time"`
	Participants int    `json:"participants"`
	Count        int    `json:"participants_count"`
	Minutes      int    `json:"total_minutes"`
	TotalMinutes int    `json:"total_participant_minutes"`
	Duration     any    `json:"duration"`
	HasChat      bool   `json:"has_chat"`
	Features     struct {
		Chat bool `json:"in_meeting_chat"`
	} `json:"feature_used"`
}

// common is what must be the same wherever a meeting is told of.
func (m heldRow) common() string {
	return fmt.Sprint(m.UUID+m.MeetingUUID, m.ID+m.MeetingID, m.Topic, m.Host+m.UserName+m.HostName, m.Email+m.UserEmail+m.HostEmail, m.Start, m.End, m.Participants+m.Count)
}

func heldRows(t *testing.T, rows []string) map[string]heldRow {
	t.Helper()
	found := map[string]heldRow{}
	for _, text := range rows {
		var row heldRow
		decode(t, text, &row)
		if row.Type != "Webinar" {
			found[row.UUID+row.MeetingUUID] = row
		}
	}
	return found
}

// agree fails unless all reports tell of the same meetings, with the same people.
func agree(t *testing.T, sim *zoomsim.Simulator) {
	t.Helper()
	whole := func(stream string) map[string]heldRow {
		return heldRows(t, dataset(t, sim, stream, time.Time{}, time.Time{}))
	}
	history, users, metrics := whole("history_meetings"), whole("report_user_meetings"), whole("metrics_meetings")
	people, left := map[string]int{}, map[string]int{}
	started := map[string]bool{}
	for _, text := range dataset(t, sim, "meeting_activities", time.Time{}, time.Time{}) {
		var row activityRow
		decode(t, text, &row)
		if row.Category == "Meeting Started" {
			started[strings.ReplaceAll(row.MeetingNumber, " ", "")+row.ActivityTime[:19]] = true
		}
	}
	for row := range truth(t, sim, zoomsim.Truth{Stream: "report_meeting_participants", WithMeeting: true}) {
		var wrapped struct {
			UUID   string `json:"meeting_uuid"`
			Record struct {
				Join, Leave string
				Status      string
			}
		}
		decode(t, row, &wrapped)
		people[wrapped.UUID]++
	}
	for row := range truth(t, sim, zoomsim.Truth{Stream: "meeting_attendance"}) {
		var person struct {
			UUID string `json:"meeting_uuid"`
		}
		decode(t, row, &person)
		left[person.UUID]++
	}
	if len(history) == 0 || len(history) != len(users) {
		t.Fatalf("%d meetings in the history, %d of users", len(history), len(users))
	}
	for uuid, m := range history {
		u := users[uuid]
		if u.common() != m.common() || u.Minutes != m.TotalMinutes || u.HasChat != m.Features.Chat || u.Duration != m.Duration {
			t.Errorf("users' meetings say %+v, the history %+v", u, m)
		}
		if !started[fmt.Sprint(m.MeetingID)+strings.NewReplacer("T", " ", "Z", "").Replace(m.Start)] {
			t.Errorf("no activity tells that %+v started", m)
		}
		if d, found := metrics[uuid]; found != (m.Participants > 1) || found && d.common() != m.common() {
			t.Errorf("the dashboard says %+v, the history %+v", d, m)
		}
		// Somebody may show under several names; two of one name may be one person.
		if (people[uuid] > 0) != (m.Participants > 1) || (left[uuid] > 0) != (m.Participants > 1) {
			t.Errorf("%d rows of participants and %d people for %+v", people[uuid], left[uuid], m)
		}
		delete(people, uuid)
		delete(left, uuid)
	}
	if len(people)+len(left) > 0 {
		t.Errorf("participants of meetings that are not in the history: %v", people)
	}
}

// truth yields the rows of a question as text.
func truth(t *testing.T, sim *zoomsim.Simulator, question zoomsim.Truth) func(func(string) bool) {
	t.Helper()
	rows, err := sim.Truth(question)
	if err != nil {
		t.Fatal(err)
	}
	return func(yield func(string) bool) {
		for row := range rows {
			if !yield(string(row)) {
				return
			}
		}
	}
}

func TestReportsAgree(t *testing.T) {
	for seed := int64(1); seed <= 3; seed++ {
		agree(t, start(t, zoomsim.Options{Seed: seed}))
	}
}

func TestHistoryEqualsDataset(t *testing.T) {
	sim := start(t, zoomsim.Options{Limits: "off"})
	token := mint(t, sim)
	const path = "/report/history_meetings?page_size=50"
	all := dataset(t, sim, "history_meetings", time.Time{}, time.Time{})
	rows := byMonth(t, sim, token, path+"&date_type=start_time&meeting_type=all", "history_meetings")
	if diff := cmp.Diff(all, rows); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	meetings := byMonth(t, sim, token, path+"&meeting_type=meeting", "history_meetings")
	webinars := byMonth(t, sim, token, path+"&meeting_type=webinar", "history_meetings")
	if len(meetings) != 400 || len(webinars) != 20 || len(all) != 420 {
		t.Errorf("%d meetings, %d webinars of %d", len(meetings), len(webinars), len(all))
	}
	alone := 0
	for _, m := range heldRows(t, all) {
		if m.Participants == 1 {
			alone++
		}
	}
	if alone < 40 {
		t.Errorf("%d meetings to which nobody came", alone)
	}

	// By the end, the last meeting of January is not one of February.
	ended, _ := list(t, sim, token, path+"&date_type=end_time&from=2026-02-01&to=2026-02-28", "history_meetings")
	for _, text := range ended {
		var m heldRow
		decode(t, text, &m)
		if !strings.HasPrefix(m.End, "2026-02") {
			t.Errorf("ended in February: %s", text)
		}
	}
	if len(ended) == 0 {
		t.Error("nothing ended in February")
	}
	found, _ := list(t, sim, token, path+"&search_key=SCOTTISH&from=2026-02-01&to=2026-02-28", "history_meetings")
	for _, text := range found {
		if !strings.Contains(text, "Scottish") {
			t.Errorf("found by its topic: %s", text)
		}
	}
	if len(found) == 0 {
		t.Error("nothing found by its topic")
	}
	expect(t, get(t, sim, token, path+"&from=2026-01-01&to=2026-02-02"), 400,
		`{"code":300,"message":"The date range between from and to cannot exceed one month."}`)
	expect(t, get(t, sim, token, path+"&from=2026-02-01&to=2026-02-02&meeting_type=phone&date_type=x"), 400,
		`{"code":300,"message":"Validation Failed.","errors":[{"field":"date_type","message":"Invalid field."},{"field":"meeting_type","message":"Invalid field."}]}`)
}

func TestDashboard(t *testing.T) {
	sim := start(t, zoomsim.Options{Limits: "off", Plan: "business", Scopes: []string{"dashboard:read:list_meetings:admin"}})
	token := mint(t, sim)
	const path = "/metrics/meetings?page_size=50&include_fields=tracking_fields"
	all := dataset(t, sim, "metrics_meetings", time.Time{}, time.Time{})
	if diff := cmp.Diff(all, byMonth(t, sim, token, path+"&type=past&query_date_type=start_time", "meetings")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	lengths := map[int]int{}
	for _, m := range heldRows(t, all) {
		lengths[len(m.Duration.(string))]++
	}
	if len(lengths) != 2 || lengths[len("59:59")] == 0 || lengths[len("01:00:00")] == 0 {
		t.Errorf("durations are as long as %v", lengths)
	}
	if got := byMonth(t, sim, token, path, "meetings"); len(got) != 0 {
		t.Errorf("%d meetings are live", len(got))
	}
	if one := byMonth(t, sim, token, path+"&type=pastOne", "meetings"); len(one) < 40 || len(one)+len(all) != 400 {
		t.Errorf("%d meetings of one, %d of more", len(one), len(all))
	}
	if got := byMonth(t, sim, token, "/metrics/meetings?type=past&page_size=300", "meetings"); strings.Contains(strings.Join(got, ""), "tracking_fields") {
		t.Error("tracking fields that nobody asked for")
	}
	pro := start(t, zoomsim.Options{Limits: "off", Scopes: []string{"dashboard:read:admin"}})
	expect(t, get(t, pro, mint(t, pro), "/metrics/meetings?type=past&from=2026-02-01&to=2026-02-02"), 400,
		`{"code":400,"message":"This API is only available for ZMP and Business or higher accounts that have enabled the Dashboard feature."}`)
}

// doublyEncoded is how a UUID is written into a path.
func doublyEncoded(uuid string) string { return url.PathEscape(url.PathEscape(uuid)) }

func TestParticipantsEqualDataset(t *testing.T) {
	sim := start(t, zoomsim.Options{Limits: "off", Meetings: 120})
	token := mint(t, sim)
	seen := 0
	for uuid, m := range heldRows(t, dataset(t, sim, "history_meetings", time.Time{}, time.Time{})) {
		want := slices.Collect(truth(t, sim, zoomsim.Truth{Stream: "report_meeting_participants", MeetingUUID: uuid}))
		path := "/report/meetings/" + doublyEncoded(uuid) + "/participants?page_size=4&include_fields=registrant_id"
		if m.Participants == 1 {
			expect(t, get(t, sim, token, path), 404, `{"code":3001,"message":"Meeting `+url.PathEscape(uuid)+` not found or has expired."}`)
			continue
		}
		got, _ := list(t, sim, token, path, "participants")
		if diff := cmp.Diff(want, got); diff != "" || len(got) < 2 {
			t.Errorf("%s (-want +got):\n%s", uuid, diff)
		}
		if !strings.HasPrefix(uuid, "/") && !strings.Contains(uuid, "//") {
			once, _ := list(t, sim, token, "/report/meetings/"+url.PathEscape(uuid)+"/participants?include_fields=registrant_id", "participants")
			if diff := cmp.Diff(want, once); diff != "" {
				t.Errorf("%s, encoded once (-want +got):\n%s", uuid, diff)
			}
		}
		seen += len(got)
	}
	if all := slices.Collect(truth(t, sim, zoomsim.Truth{Stream: "report_meeting_participants"})); len(all) != seen {
		t.Errorf("the meetings have %d rows, the whole %d", seen, len(all))
	}
	expect(t, get(t, sim, token, "/report/meetings/123/participants"), 404, `{"code":3001,"message":"Meeting 123 not found or has expired."}`)
}

// A seat is a participant's row as the report shows it.
type seat struct {
	Duration          int64
	ID                string
	Join              time.Time `json:"join_time"`
	Leave             time.Time `json:"leave_time"`
	Name              string
	RegistrantID      *string `json:"registrant_id"`
	Status            string
	Email             string `json:"user_email"`
	UserID            string `json:"user_id"`
	Room              string `json:"bo_mtg_id"`
	ParticipantUserID string `json:"participant_user_id"`
	Failover          bool
}

func seats(t *testing.T, sim *zoomsim.Simulator) map[string][]seat {
	t.Helper()
	byMeeting := map[string][]seat{}
	for text := range truth(t, sim, zoomsim.Truth{Stream: "report_meeting_participants", WithMeeting: true}) {
		var row struct {
			UUID   string `json:"meeting_uuid"`
			Record seat
		}
		decode(t, text, &row)
		byMeeting[row.UUID] = append(byMeeting[row.UUID], row.Record)
	}
	return byMeeting
}

func TestParticipantsAreAwkward(t *testing.T) {
	for seed := int64(1); seed <= 3; seed++ {
		count := map[string]int{}
		for _, rows := range seats(t, start(t, zoomsim.Options{Seed: seed})) {
			ids, names := map[string]int{}, map[string]string{}
			for i, row := range rows {
				if row.Leave.Before(row.Join) || row.Duration != int64(row.Leave.Sub(row.Join).Seconds()) {
					t.Fatalf("seed %d: %+v", seed, row)
				}
				if i > 0 && row.Join.Before(rows[i-1].Join) {
					t.Fatalf("seed %d: %+v comes after %+v", seed, row, rows[i-1])
				}
				person := row.ID + row.ParticipantUserID
				if row.Status == "in_meeting" && row.Room == "" && person != "" {
					ids[person]++
				}
				if former, known := names[row.Name]; known && former != person {
					count["one name for two"]++
				}
				names[row.Name] = person
				for what, is := range map[string]bool{
					"waiting":                row.Status == "in_waiting_room",
					"breakout":               row.Room != "",
					"blank user_id":          row.UserID == "",
					"twin of a blank":        i > 0 && row == rows[i-1] && row.UserID == "",
					"guest":                  person == "" && row.Email == "",
					"nobody":                 person == "" && row.Email == "" && strings.TrimSpace(row.Name) == "",
					"nobody at all":          person == "" && row.Email == "" && strings.TrimSpace(row.Name) == "" && row.UserID == "",
					"blanks around the name": strings.TrimSpace(row.Name) != row.Name,
					"only an address":        person == "" && row.Email != "",
					"only the new id":        row.ID == "" && row.ParticipantUserID != "",
					"only the old id":        row.ID != "" && row.ParticipantUserID == "",
					"failover":               row.Failover,
					"registrant":             *row.RegistrantID != "",
				} {
					if is {
						count[what]++
					}
				}
			}
			for _, n := range ids {
				if n > 1 {
					count["re-join"]++
				}
			}
		}
		for _, what := range []string{
			"waiting", "breakout", "blank user_id", "guest", "nobody", "blanks around the name", "only an address", "only the new id",
			"only the old id", "failover", "re-join", "nobody at all",
		} {
			if count[what] == 0 {
				t.Errorf("seed %d: no %s in %v", seed, what, count)
			}
		}
	}
}

func TestParticipantsOfTheNewestInstance(t *testing.T) {
	sim := start(t, zoomsim.Options{Limits: "off"})
	token := mint(t, sim)
	var row struct {
		ID   int64  `json:"meeting_id"`
		UUID string `json:"meeting_uuid"`
	}
	instances := map[int64][]string{}
	for _, text := range dataset(t, sim, "history_meetings", time.Time{}, time.Time{}) {
		decode(t, text, &row)
		instances[row.ID] = append(instances[row.ID], row.UUID)
	}
	tried := 0
	for id, uuids := range instances {
		byID := get(t, sim, token, fmt.Sprintf("/report/meetings/%d/participants?page_size=300", id))
		if len(uuids) == 1 || byID.Status != 200 {
			continue
		}
		tried++
		newest := get(t, sim, token, "/report/meetings/"+doublyEncoded(uuids[0])+"/participants?page_size=300")
		if strings.Contains(byID.Body, "registrant_id") || !strings.Contains(byID.Body, `"participants":[{`) {
			t.Errorf("participants: %.300s", byID.Body)
		}
		var a, b struct{ Participants []json.RawMessage }
		decode(t, byID.Body, &a)
		decode(t, newest.Body, &b)
		// Where pages are cut depends on what was asked for.
		most := min(len(a.Participants), len(b.Participants))
		if diff := cmp.Diff(strs(a.Participants[:most]), strs(b.Participants[:most])); diff != "" {
			t.Errorf("%d (-by id +by UUID):\n%s", id, diff)
		}
		var past struct{ Meetings []struct{ UUID string } }
		decode(t, get(t, sim, token, fmt.Sprintf("/past_meetings/%d/instances", id)).Body, &past)
		var listed []string
		for _, instance := range past.Meetings {
			listed = append(listed, instance.UUID)
		}
		if diff := cmp.Diff(uuids, listed); diff != "" {
			t.Errorf("instances of %d (-want +got):\n%s", id, diff)
		}
		for _, path := range []string{"/report/meetings/", "/past_meetings/"} {
			var m heldRow
			decode(t, get(t, sim, token, fmt.Sprint(path, id)).Body, &m)
			if m.UUID != uuids[0] || m.ID != id {
				t.Errorf("%s%d is %+v, not %s", path, id, m, uuids[0])
			}
		}
	}
	if tried < 10 {
		t.Errorf("%d series", tried)
	}
}

func TestReportsComeLate(t *testing.T) {
	clock := &clock{now: today}
	sim := start(t, zoomsim.Options{Limits: "off", Now: clock.Now, ReportLag: 8 * time.Hour, DurationLag: 16 * time.Hour})
	last := date("2026-03-18")
	rows := func() (rows, unknown int) {
		for text := range truth(t, sim, zoomsim.Truth{Stream: "report_meeting_participants", Since: last, Until: last}) {
			rows++
			if strings.Contains(text, `"duration":0,`) {
				unknown++
			}
		}
		return rows, unknown
	}
	early, unknown := rows()
	if unknown == 0 {
		t.Error("all durations are known at once")
	}
	clock.advance(8 * time.Hour)
	ready, _ := rows()
	clock.advance(8 * time.Hour)
	if all, unknown := rows(); unknown != 0 || all != ready || early >= ready {
		t.Errorf("%d rows at once, %d after eight hours, %d after sixteen, %d of them without a duration", early, ready, all, unknown)
	}
}

// minutesOf counts by the second what somebody's rows come to.
func TestAttendanceIsWhatTheRowsComeTo(t *testing.T) {
	sim := start(t, zoomsim.Options{})
	type sum struct {
		Person                               string
		Seconds, Minutes, Rejoins, Breakouts int
		First                                time.Time `json:"first_join"`
		Last                                 time.Time `json:"last_leave"`
	}
	got := map[string]map[string]sum{}
	for text := range truth(t, sim, zoomsim.Truth{Stream: "meeting_attendance", WithMeeting: true}) {
		var row struct {
			UUID   string `json:"meeting_uuid"`
			Record sum
		}
		decode(t, text, &row)
		if got[row.UUID] == nil {
			got[row.UUID] = map[string]sum{}
		}
		got[row.UUID][row.Record.Person] = row.Record
	}
	want := map[string]map[string]sum{}
	for uuid, rows := range seats(t, sim) {
		there := map[string]map[int64]bool{}
		want[uuid] = map[string]sum{}
		slices.SortStableFunc(rows, func(a, b seat) int {
			if c := a.Join.Compare(b.Join); c != 0 {
				return c
			}
			return a.Leave.Compare(b.Leave)
		})
		unknown := 0
		for _, row := range rows {
			if row.Status != "in_meeting" {
				continue
			}
			person := ""
			for _, known := range [][2]string{
				{"id:", row.ParticipantUserID},
				{"id:", row.ID},
				{"email:", strings.ToLower(row.Email)},
				{"name:", strings.TrimSpace(row.Name)},
				{"user:", row.UserID},
			} {
				if person == "" && known[1] != "" {
					person = known[0] + known[1]
				}
			}
			if person == "" {
				unknown++
				person = fmt.Sprint("row:", unknown)
			}
			s, known := want[uuid][person]
			if !known {
				s, there[person] = sum{Person: person, First: row.Join, Rejoins: -1}, map[int64]bool{}
			}
			for second := row.Join.Unix(); second < row.Leave.Unix(); second++ {
				there[person][second] = true
			}
			if row.Room != "" {
				s.Breakouts++
			} else {
				s.Rejoins++
			}
			if row.Leave.After(s.Last) {
				s.Last = row.Leave
			}
			want[uuid][person] = s
		}
		for person, seconds := range there {
			s := want[uuid][person]
			s.Seconds, s.Minutes, s.Rejoins = len(seconds), (len(seconds)+59)/60, max(s.Rejoins, 0)
			want[uuid][person] = s
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if kinds := slices.Sorted(maps.Keys(got)); len(kinds) < 300 {
		t.Errorf("%d meetings", len(kinds))
	}
}
