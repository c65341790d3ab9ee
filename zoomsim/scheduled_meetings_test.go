package zoomsim_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stagedoor/stagedoor/zoomsim"
)

// Whatever is scheduled belongs to a licensed user; a series has the id, topic and
// host of its instances that were held.
func TestScheduledMeetings(t *testing.T) {
	sim := start(t, large)
	token := mint(t, sim)
	licensed := map[string]bool{}
	for _, user := range objects(t, everything(t, sim, "users")) {
		licensed[fmt.Sprint(user["id"])] = user["type"] == 2.0
	}
	held := map[string]record{}
	for _, meeting := range objects(t, everything(t, sim, "report_user_meetings")) {
		held[fmt.Sprintf("%.0f", meeting["id"])] = meeting
	}
	var all []string
	pages, kinds, ids, series := 0, map[float64]int{}, map[string]bool{}, 0
	for _, id := range hostIDs(t, sim) {
		rows, sizes := list(t, sim, token, "/users/"+id+"/meetings?page_size=300", "meetings")
		pages = max(pages, len(sizes))
		all = append(all, rows...)
		for _, meeting := range objects(t, rows) {
			number := fmt.Sprintf("%.0f", meeting["id"])
			kind := meeting["type"].(float64)
			kinds[kind]++
			if !licensed[id] || meeting["host_id"] != id || ids[number] || len(number) < 9 || len(number) > 11 {
				t.Errorf("host %s has %v", id, meeting)
			}
			ids[number] = true
			if (meeting["start_time"] == nil) != (kind == 3) {
				t.Errorf("type %v starts %v", kind, meeting["start_time"])
			}
			instance := held[number]
			switch {
			case kind == 2 && instance != nil:
				t.Errorf("%s is scheduled and was held", number)
			case kind != 2 && (instance == nil || instance["topic"] != meeting["topic"] || instance["type"] != kind):
				t.Errorf("series %v was held as %v", meeting, instance)
			case kind != 2:
				series++
			}
		}
	}
	if diff := cmp.Diff(everything(t, sim, "meetings"), all); diff != "" {
		t.Errorf("meetings of all users (-want +got):\n%s", diff)
	}
	if pages < 2 || kinds[2] == 0 || kinds[3] == 0 || kinds[8] == 0 {
		t.Errorf("types %v, at most %d pages", kinds, pages)
	}
}

func TestMeetingsOfOtherTypes(t *testing.T) {
	sim := start(t, zoomsim.Options{Users: 30, Limits: "off"})
	token := mint(t, sim)
	previous, upcoming := 0, 0
	for _, id := range hostIDs(t, sim) {
		scheduled, _ := list(t, sim, token, "/users/"+id+"/meetings?type=scheduled", "meetings")
		last := ""
		for _, kind := range []string{"upcoming", "upcoming_meetings"} {
			rows, _ := list(t, sim, token, "/users/"+id+"/meetings?page_size=5&type="+kind, "meetings")
			for i, row := range objects(t, rows) {
				if start := row["start_time"].(string); i > 0 && start < last || start < "2026-03-20" {
					t.Errorf("%s starts %s after %s", kind, start, last)
				}
				last = row["start_time"].(string)
			}
			upcoming += len(rows)
			for _, row := range rows {
				if !slices.Contains(scheduled, row) {
					t.Errorf("%s is not scheduled", row)
				}
			}
		}
		if live, _ := list(t, sim, token, "/users/"+id+"/meetings?type=live", "meetings"); len(live) > 0 {
			t.Errorf("under way: %s", live)
		}
		rows, _ := list(t, sim, token, "/users/"+id+"/meetings?type=previous_meetings&from=2026-02-01&to=2026-02-28", "meetings")
		for _, row := range objects(t, rows) {
			if start := row["start_time"].(string); start < "2026-02-01" || start >= "2026-03-01" {
				t.Errorf("February has %s", start)
			}
		}
		previous += len(rows)
	}
	if previous == 0 || upcoming == 0 {
		t.Errorf("%d previous and %d upcoming meetings", previous, upcoming)
	}
}

func TestMeetingDetail(t *testing.T) {
	sim := start(t, zoomsim.Options{Limits: "off"})
	token := mint(t, sim)
	registered, series, before := 0, 0, 0
	for _, row := range objects(t, everything(t, sim, "meetings")) {
		path := fmt.Sprintf("/meetings/%.0f", row["id"])
		var detail, past record
		decode(t, get(t, sim, token, path).Body, &detail)
		for field, value := range row {
			if diff := cmp.Diff(value, detail[field]); diff != "" {
				t.Errorf("%s, %s (-list +detail):\n%s", path, field, diff)
			}
		}
		settings := detail["settings"].(record)
		if (settings["approval_type"] == 2.0) != (detail["registration_url"] == nil) {
			t.Errorf("approval_type %v and registration_url %v", settings["approval_type"], detail["registration_url"])
		}
		if detail["registration_url"] != nil {
			registered++
		}
		occurrences, _ := detail["occurrences"].([]any)
		if (row["type"] == 8.0) != (len(occurrences) > 0 && detail["recurrence"] != nil) {
			t.Errorf("type %v has occurrences %v and recurrence %v", row["type"], occurrences, detail["recurrence"])
		}
		if row["type"] == 8.0 {
			series++
			decode(t, get(t, sim, token, path+"?show_previous_occurrences=true").Body, &past)
			before += len(past["occurrences"].([]any)) - len(occurrences)
		}
	}
	if registered == 0 || series == 0 || before < 2*series {
		t.Errorf("%d with registration, %d series, %d held", registered, series, before)
	}
}

// The three statuses of each meeting are the whole; most meetings have no
// registration, and one has registrants for several pages.
func TestRegistrants(t *testing.T) {
	sim := start(t, large)
	token := mint(t, sim)
	var all []string
	without, pages, statuses := 0, 0, map[string]int{}
	for _, meeting := range objects(t, everything(t, sim, "meetings")) {
		path := fmt.Sprintf("/meetings/%.0f/registrants", meeting["id"])
		if got := get(t, sim, token, path); got.Status != 200 {
			expect(t, got, 400, fmt.Sprintf(`{"code":300,"message":"Registration has not been enabled for this meeting: %.0f."}`, meeting["id"]))
			without++
			continue
		}
		if meeting["type"] == 3.0 {
			t.Errorf("a series without a fixed time takes registration: %v", meeting)
		}
		seen := map[string]bool{}
		for _, status := range []string{"approved", "pending", "denied"} {
			rows, sizes := list(t, sim, token, path+"?page_size=300&status="+status, "registrants")
			pages = max(pages, len(sizes))
			for _, row := range objects(t, rows) {
				if row["status"] != status || seen[row["id"].(string)] || seen[row["email"].(string)] {
					t.Errorf("%s shows %v", status, row)
				}
				seen[row["id"].(string)], seen[row["email"].(string)] = true, true
			}
			statuses[status] += len(rows)
			all = append(all, rows...)
		}
	}
	want := everything(t, sim, "meeting_registrants")
	slices.Sort(want)
	slices.Sort(all)
	if diff := cmp.Diff(want, all); diff != "" {
		t.Errorf("registrants of all meetings (-want +got):\n%s", diff)
	}
	if without < 400 || pages < 2 || len(statuses) != 3 || statuses["denied"] < 50 {
		t.Errorf("%d meetings without registration, at most %d pages, %v", without, pages, statuses)
	}
}
