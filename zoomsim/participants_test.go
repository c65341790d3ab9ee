package zoomsim_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stagedoor/stagedoor/zoomsim"
)

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

// A million rows would be too slow a test; what is kept of a hundred thousand shows
// that none are.
func TestParticipantsAreNotKept(t *testing.T) {
	if testing.Short() {
		t.Skip("it makes up a hundred thousand rows")
	}
	sim := start(t, zoomsim.Options{Meetings: 6000, Users: 200})
	held := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	rows, size := 0, int64(0)
	before := held()
	for row := range truth(t, sim, zoomsim.Truth{Stream: "report_meeting_participants"}) {
		rows, size = rows+1, size+int64(len(row))
		if rows == 90_000 {
			if kept := held() - before; kept > size/5 {
				t.Errorf("after %d bytes of rows %d more are kept", size, kept)
			}
		}
	}
	if rows < 90_000 {
		t.Errorf("%d rows", rows)
	}
	runtime.KeepAlive(sim)
}

func TestReportsNeedAPlan(t *testing.T) {
	free := start(t, zoomsim.Options{Plan: "free", Limits: "off"})
	token := mint(t, free)
	for _, path := range []string{
		"/report/history_meetings", "/report/meetings/1", "/report/meetings/1/participants", "/past_meetings/1", "/past_meetings/1/participants",
	} {
		expect(t, get(t, free, token, path), 400, `{"code":200,"message":"Only available for paid account: `+free.Info().AccountID+`"}`)
	}
}

func TestPastParticipantsAreThoseOfTheReport(t *testing.T) {
	sim := start(t, zoomsim.Options{Limits: "off", Meetings: 60})
	token := mint(t, sim)
	seen := 0
	for uuid, rows := range seats(t, sim) {
		var got []seat
		past, _ := list(t, sim, token, "/past_meetings/"+doublyEncoded(uuid)+"/participants?page_size=10", "participants")
		for _, text := range past {
			var row seat
			decode(t, text, &row)
			got = append(got, row)
		}
		for i := range rows {
			rows[i].Room, rows[i].ParticipantUserID = "", "" // which this list has not
		}
		if diff := cmp.Diff(rows, got); diff != "" {
			t.Errorf("%s (-report +past):\n%s", uuid, diff)
		}
		seen += len(got)
	}
	if seen < 300 {
		t.Errorf("%d rows", seen)
	}
}
