package zoomsim_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"sync"
	"testing"

	"github.com/stagedoor/stagedoor/zoomsim"
)

var listStreams = []string{"users", "groups", "group_members", "meetings", "meeting_registrants", "recordings"}

// identified are the rows of a stream by what tells them apart.
func identified(t *testing.T, sim *zoomsim.Simulator, stream string) map[string]string {
	t.Helper()
	rows := map[string]string{}
	for text := range truth(t, sim, zoomsim.Truth{Stream: stream, WithPart: true}) {
		var row record
		decode(t, text, &row)
		part := ""
		if inner, wrapped := row["record"].(record); wrapped {
			for _, name := range []string{"group_id", "meeting_id"} { // a meeting is the same whoever's it is
				if row[name] != nil {
					part = fmt.Sprint(row[name])
				}
			}
			row = inner
		}
		id := row["email"]
		for _, name := range []string{"id", "uuid"} {
			if row[name] != nil && row["email"] == nil {
				id = row[name]
			}
		}
		key := fmt.Sprint(part, " ", id)
		if rows[key] != "" {
			t.Fatalf("%s has %s twice", stream, key)
		}
		rows[key] = text
	}
	return rows
}

// changes tells how two readings differ.
func changes(before, after map[string]string) (changed, added, removed []string) {
	for key, row := range after {
		switch former, known := before[key]; {
		case !known:
			added = append(added, key)
		case former != row:
			changed = append(changed, key)
		}
	}
	for key := range before {
		if _, known := after[key]; !known {
			removed = append(removed, key)
		}
	}
	return changed, added, removed
}

// Each edit is of as many rows as it says, and of each kind of row; the lists that
// the API shows are the truth of the moment.
func TestListEdits(t *testing.T) {
	for _, stream := range listStreams {
		t.Run(stream, func(t *testing.T) {
			t.Parallel()
			sim := start(t, zoomsim.Options{Users: 120, Meetings: 1500, Limits: "off"})
			before := identified(t, sim, stream)
			edit := func(kind string, count int) map[string]string {
				t.Helper()
				addFaults(t, sim, zoomsim.Fault{Kind: kind, Operation: stream, Count: count})
				return identified(t, sim, stream)
			}
			after := edit(zoomsim.Change, 2)
			changed, added, removed := changes(before, after)
			if len(changed) < 2 || len(added)+len(removed) > 0 || stream != "group_members" && len(changed) != 2 {
				t.Errorf("change: %d changed, %d added, %d removed", len(changed), len(added), len(removed))
			}
			late := edit(zoomsim.Late, 2)
			alsoChanged, added, removed := changes(after, late)
			if len(added) != 2 || len(removed)+len(alsoChanged) > 0 {
				t.Errorf("late: %d changed, %d added, %d removed", len(alsoChanged), len(added), len(removed))
			}
			alsoChanged, _, removed = changes(late, edit(zoomsim.Delete, 2))
			if len(removed) != 2 || len(alsoChanged) > 0 {
				t.Errorf("delete: %d changed, %d removed", len(alsoChanged), len(removed))
			}
			for _, key := range removed {
				if slices.Contains(changed, key) || slices.Contains(added, key) {
					t.Errorf("%s was edited before it was deleted", key)
				}
			}
			expectFired(t, sim, map[string]int{zoomsim.Change: 2, zoomsim.Late: 2, zoomsim.Delete: 2})
		})
	}
}

// What hangs on a row follows it.
func TestListEditsAreConsistent(t *testing.T) {
	sim := start(t, zoomsim.Options{Users: 120, Meetings: 1500, Limits: "off"})
	token := mint(t, sim)
	reports := everything(t, sim, "meeting_activities")
	past := everything(t, sim, "history_meetings")
	for _, stream := range listStreams[:5] {
		for _, kind := range []string{zoomsim.Change, zoomsim.Late, zoomsim.Delete} {
			addFaults(t, sim, zoomsim.Fault{Kind: kind, Operation: stream, Count: 3})
		}
	}

	members, ofUsers := map[string]int{}, 0
	for text := range truth(t, sim, zoomsim.Truth{Stream: "group_members", WithPart: true}) {
		var row record
		decode(t, text, &row)
		members[row["group_id"].(string)]++
	}
	groups := map[string]bool{}
	for _, group := range objects(t, everything(t, sim, "groups")) {
		id := group["id"].(string)
		groups[id] = true
		if group["total_members"] != float64(members[id]) {
			t.Errorf("%v says %v members and has %d", group["name"], group["total_members"], members[id])
		}
	}
	users := map[string]bool{}
	for _, user := range objects(t, everything(t, sim, "users")) {
		users[fmt.Sprint(user["id"])] = true
		ids, _ := user["group_ids"].([]any)
		ofUsers += len(ids)
		for _, id := range ids {
			if !groups[id.(string)] {
				t.Errorf("%v is in a group that is gone", user["email"])
			}
		}
	}
	total := 0
	for _, n := range members {
		total += n
	}
	if total != ofUsers {
		t.Errorf("%d members, users say %d", total, ofUsers)
	}
	meetings := map[string]bool{}
	for _, meeting := range objects(t, everything(t, sim, "meetings")) {
		meetings[fmt.Sprintf("%.0f", meeting["id"])] = true
		if !users[meeting["host_id"].(string)] {
			t.Errorf("the host of %v is gone", meeting)
		}
	}
	for text := range truth(t, sim, zoomsim.Truth{Stream: "meeting_registrants", WithPart: true}) {
		var row record
		decode(t, text, &row)
		if !meetings[fmt.Sprintf("%.0f", row["meeting_id"])] {
			t.Errorf("the meeting of %v is gone", row)
		}
	}
	for _, meeting := range objects(t, everything(t, sim, "report_user_meetings")) {
		if got := get(t, sim, token, "/users/"+url.PathEscape(meeting["user_email"].(string))); got.Status != 200 {
			t.Errorf("%v held a meeting and is gone", meeting["user_email"])
		}
	}
	if !slices.Equal(reports, everything(t, sim, "meeting_activities")) || !slices.Equal(past, everything(t, sim, "history_meetings")) {
		t.Error("edits of lists changed reports of the past")
	}
}

// Recordings change in the last two days alone, and the meetings' reports agree.
func TestRecordingEdits(t *testing.T) {
	sim := start(t, zoomsim.Options{Limits: "off"})
	token := mint(t, sim)
	before := identified(t, sim, "recordings")
	trashed := len(trash(t, sim, token))
	for _, kind := range []string{zoomsim.Change, zoomsim.Late, zoomsim.Delete} {
		addFaults(t, sim, zoomsim.Fault{Kind: kind, Operation: "recordings"})
	}
	after := identified(t, sim, "recordings")
	changed, added, removed := changes(before, after)
	if len(changed) != 1 || len(added) != 1 || len(removed) != 1 {
		t.Fatalf("%d changed, %d added, %d removed", len(changed), len(added), len(removed))
	}
	held := map[string]record{}
	for _, meeting := range objects(t, everything(t, sim, "report_user_meetings")) {
		held[meeting["uuid"].(string)] = meeting
	}
	for key, text := range map[string]string{changed[0]: after[changed[0]], added[0]: after[added[0]], removed[0]: before[removed[0]]} {
		var wrapped struct{ Record record }
		decode(t, text, &wrapped)
		row := wrapped.Record
		if start := row["start_time"].(string); start < "2026-03-17" {
			t.Errorf("%s of %s was edited", key, start)
		}
		if held[row["uuid"].(string)]["has_recording"] != true {
			t.Errorf("the report of %v tells of no recording", row)
		}
	}
	if got := trash(t, sim, token); len(got) != trashed+1 || got[0]["recording_files"].([]any)[0].(record)["deleted_time"] == nil {
		t.Errorf("the trash holds %v", got)
	}
}

func trash(t *testing.T, sim *zoomsim.Simulator, token string) (all []record) {
	t.Helper()
	for _, id := range hostIDs(t, sim) {
		rows, _ := list(t, sim, token, "/users/"+id+"/recordings?trash=true", "meetings")
		all = append(all, objects(t, rows)...)
	}
	return all
}

// An edit between two pages moves rows from one to the other.
func TestListEditsBetweenPages(t *testing.T) {
	for _, kind := range []string{zoomsim.Late, zoomsim.Delete} {
		moved := 0
		for seed := int64(1); seed <= 5; seed++ {
			sim := start(t, zoomsim.Options{Seed: seed, Users: 60, Limits: "off"})
			token := mint(t, sim)
			whole, _ := list(t, sim, token, "/groups?page_size=20", "groups")
			addFaults(t, sim, zoomsim.Fault{Kind: kind, Operation: "groups", After: 1})
			rows, sizes := list(t, sim, token, "/groups?page_size=20", "groups")
			truth := everything(t, sim, "groups")
			if len(sizes) < 2 || slices.Equal(whole, truth) {
				t.Fatalf("seed %d: pages of %v, nothing was edited", seed, sizes)
			}
			seen := map[string]int{}
			for _, group := range objects(t, rows) {
				seen[group["id"].(string)]++
			}
			for _, group := range objects(t, truth) {
				if seen[group["id"].(string)] != 1 {
					moved++
				}
			}
		}
		if moved == 0 {
			t.Errorf("%s moved no row from page to page", kind)
		}
	}
}

// Edits that find nothing say so.
func TestListEditsWithoutRows(t *testing.T) {
	sim := start(t, zoomsim.Options{Plan: "free", Users: 1, Meetings: 1})
	for _, stream := range []string{"groups", "meeting_registrants", "recordings"} {
		err := sim.AddFaults(zoomsim.Fault{Kind: zoomsim.Delete, Operation: stream})
		want := "edit 1: delete of " + stream + ": 0 of 1 rows, for there were no more to take"
		if err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// Edits may come while lists are read, over the API and as truth.
func TestListEditsWhileReading(t *testing.T) {
	sim := start(t, zoomsim.Options{Users: 60, Limits: "off"})
	token := mint(t, sim)
	meeting := fmt.Sprintf("%.0f", objects(t, everything(t, sim, "meetings"))[0]["id"])
	paths := []string{
		"/users", "/users/me", "/groups", "/users/me/meetings", "/users/me/recordings?" + calendarMonths[2], "/meetings/" + meeting,
		"/meetings/" + meeting + "/registrants", "/report/users/me/meetings?" + calendarMonths[2],
	}
	var readers sync.WaitGroup
	stop := make(chan struct{})
	for _, path := range paths {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if got := get(t, sim, token, path); got.Status != 200 && got.Status != 404 { // the meeting may be deleted
					t.Errorf("%s: %d %s", path, got.Status, got.Body)
				}
			}
		})
	}
	for _, stream := range listStreams {
		readers.Go(func() {
			records, err := sim.Truth(zoomsim.Truth{Stream: stream})
			if err != nil {
				t.Error(err)
				return
			}
			for record := range records {
				if !json.Valid(record) {
					t.Errorf("%s holds %s", stream, record)
				}
			}
		})
		for _, kind := range []string{zoomsim.Change, zoomsim.Late, zoomsim.Delete} {
			if err := sim.AddFaults(zoomsim.Fault{Kind: kind, Operation: stream, Count: 2}); err != nil {
				t.Error(err)
			}
		}
	}
	close(stop)
	readers.Wait()
}

// TestEverythingMayGo takes rows away until there is none that can go, and adds some:
// a company that has lost its groups still gets users.
func TestEverythingMayGo(t *testing.T) {
	sim := start(t, zoomsim.Options{Limits: "off", Users: 4, Meetings: 20})
	streams := []string{"group_members", "groups", "meeting_registrants", "meetings", "recordings", "users", "operation_logs", "meeting_activities", "report_meeting_participants", "history_meetings"}
	for _, stream := range streams {
		for range 100 {
			if sim.AddFaults(zoomsim.Fault{Kind: zoomsim.Delete, Operation: stream}) != nil {
				break
			}
			if stream == "groups" { // with fewer and fewer to be in
				addFaults(t, sim, zoomsim.Fault{Kind: zoomsim.Late, Operation: "users"}, zoomsim.Fault{Kind: zoomsim.Late, Operation: "users"})
			}
		}
	}
	for _, kind := range []string{zoomsim.Late, zoomsim.Change} {
		for _, stream := range streams {
			for range 10 {
				_ = sim.AddFaults(zoomsim.Fault{Kind: kind, Operation: stream}) // there may be none to change
			}
			everything(t, sim, stream)
		}
	}
}
