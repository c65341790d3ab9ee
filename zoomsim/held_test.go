package zoomsim_test

import (
	"fmt"
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
