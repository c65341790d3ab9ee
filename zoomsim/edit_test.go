package zoomsim_test

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stagedoor/stagedoor/zoomsim"
)

var windowed = []string{
	"history_meetings", "meeting_activities", "meeting_attendance", "metrics_meetings", "operation_logs", "recordings",
	"report_meeting_participants", "report_user_meetings", "sign_in_activities",
}

var lists = []string{"users", "groups", "group_members", "meetings", "meeting_registrants"}

// counted is how often each row occurs.
func counted(rows []string) map[string]int {
	times := map[string]int{}
	for _, row := range rows {
		times[row]++
	}
	return times
}

// differences are how many rows came and how many went.
func differences(before, after []string) (came, went int) {
	times := counted(after)
	for row, n := range counted(before) {
		times[row] -= n
	}
	for n := range maps.Values(times) {
		came, went = came+max(n, 0), went+max(-n, 0)
	}
	return came, went
}

func TestEdits(t *testing.T) {
	for _, stream := range slices.Concat(windowed, lists) {
		t.Run(stream, func(t *testing.T) {
			sim := start(t, zoomsim.Options{Plan: "business"})
			read := func() []string { return dataset(t, sim, stream, time.Time{}, time.Time{}) }
			for _, step := range []struct {
				kind       string
				came, went bool
			}{{zoomsim.Change, true, true}, {zoomsim.Late, true, false}, {zoomsim.Delete, false, true}} {
				before := read()
				if err := sim.AddFaults(zoomsim.Fault{Kind: step.kind, Operation: stream}); err != nil {
					t.Fatal(err)
				}
				came, went := differences(before, read())
				// What hangs on a row shows in others: somebody more in a meeting is one
				// more in its figures.
				if (came > 0) != step.came || (went > 0) != step.went || step.kind == zoomsim.Change && came != went {
					t.Errorf("%s: %d rows came and %d went", step.kind, came, went)
				}
			}
			if got, want := sim.Stats().FaultsFired, map[string]int{"change": 1, "late": 1, "delete": 1}; !cmp.Equal(got, want) {
				t.Errorf("fired %v, not %v", got, want)
			}
			if slices.Contains(windowed, stream) {
				agree(t, sim)
			}
		})
	}
}

// A second reading of the last day, and of the lists, must find all edits.
func TestEditsLieInTheLastDay(t *testing.T) {
	sim := start(t, zoomsim.Options{Plan: "business", Meetings: 800})
	settled := func() map[string][]string {
		rows := map[string][]string{}
		for _, stream := range windowed {
			rows[stream] = dataset(t, sim, stream, time.Time{}, today.AddDate(0, 0, -2))
		}
		return rows
	}
	before := settled()
	var faults []zoomsim.Fault
	for _, stream := range slices.Concat(windowed, lists) {
		for _, kind := range []string{zoomsim.Change, zoomsim.Late, zoomsim.Delete} {
			faults = append(faults, zoomsim.Fault{Kind: kind, Operation: stream, Count: 2})
		}
	}
	if err := sim.AddFaults(faults...); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, settled()); diff != "" {
		t.Errorf("days that are settled changed (-before +after):\n%s", diff)
	}
	agree(t, sim)

	// The same edits of the same company are the same.
	twin := start(t, zoomsim.Options{Plan: "business", Meetings: 800})
	if err := twin.AddFaults(faults...); err != nil {
		t.Fatal(err)
	}
	for _, stream := range slices.Concat(windowed, lists) {
		if stream == "recordings" {
			continue // they name the address of the simulator
		}
		if diff := cmp.Diff(dataset(t, sim, stream, time.Time{}, time.Time{}), dataset(t, twin, stream, time.Time{}, time.Time{})); diff != "" {
			t.Errorf("%s differs from that of a twin:\n%s", stream, diff)
		}
	}
}

func TestEditBetweenTwoPages(t *testing.T) {
	sim := start(t, zoomsim.Options{Limits: "off"})
	token := mint(t, sim)
	const path = "/report/history_meetings?from=2026-03-01&to=2026-03-18&page_size=20"
	before, sizes := list(t, sim, token, path, "history_meetings")
	expect(t, manage(t, sim, "POST", "/faults",
		`{"faults":[{"kind":"late","operation":"GET /report/history_meetings","after":1,"count":3}]}`), 200,
		`{"pending":[{"kind":"late","operation":"GET /report/history_meetings","after":1,"count":3}]}`)
	moved, _ := list(t, sim, token, path, "history_meetings")
	after, _ := list(t, sim, token, path, "history_meetings")
	// The rows that came push three others onto the second page, once more.
	if len(moved) != len(before)+3 || len(after) != len(before)+3 || !cmp.Equal(moved[:sizes[0]], before[:sizes[0]]) {
		t.Errorf("%d rows, %d while three came, %d then", len(before), len(moved), len(after))
	}
	twice := 0
	for n := range maps.Values(counted(moved)) {
		twice += n - 1
	}
	if came, _ := differences(before, after); twice != 3 || came != 3 {
		t.Errorf("%d rows came twice, %d are new", twice, came)
	}
	if fired := sim.Stats().FaultsFired[zoomsim.Late]; fired != 3 {
		t.Errorf("%d rows are said to have come", fired)
	}
}

func TestMeetingComesAndGoesEverywhere(t *testing.T) {
	sim := start(t, zoomsim.Options{Limits: "off", Plan: "business"})
	token := mint(t, sim)
	uuids := func() map[string]heldRow {
		return heldRows(t, dataset(t, sim, "history_meetings", time.Time{}, time.Time{}))
	}
	before := uuids()
	if err := sim.AddFaults(zoomsim.Fault{Kind: zoomsim.Late, Operation: "history_meetings"}, zoomsim.Fault{Kind: zoomsim.Delete, Operation: "history_meetings"}); err != nil {
		t.Fatal(err)
	}
	after := uuids()
	for uuid, m := range after {
		if _, known := before[uuid]; !known {
			if got := get(t, sim, token, "/report/meetings/"+doublyEncoded(uuid)+"/participants"); got.Status != 200 || !strings.HasPrefix(m.Start, "2026-03-18") {
				t.Errorf("%+v has come late: %d %s", m, got.Status, got.Body)
			}
		}
	}
	gone := 0
	for uuid, m := range before {
		if _, known := after[uuid]; known {
			continue
		}
		gone++
		if got := get(t, sim, token, "/report/meetings/"+doublyEncoded(uuid)+"/participants"); got.Status != 404 {
			t.Errorf("%+v is gone: %d %.200s", m, got.Status, got.Body)
		}
		number := "&meeting_number=" + fmt.Sprint(m.MeetingID)
		rows, _ := list(t, sim, token, "/report/meeting_activities?activity_type=All+Activities&from=2026-03-17&to=2026-03-18"+number, "meeting_activity_logs")
		if started := strings.Contains(strings.Join(rows, ""), strings.NewReplacer("T", " ", "Z", "").Replace(m.Start)); started {
			t.Errorf("%+v is gone: %s", m, rows)
		}
	}
	if gone != 1 || len(after) != len(before) {
		t.Errorf("%d meetings are gone; %d were, %d are", gone, len(before), len(after))
	}
}

func TestEditsThatCannotBe(t *testing.T) {
	sim := start(t, zoomsim.Options{Users: 3, Meetings: 4})
	for fault, want := range map[string]string{
		`{"kind":"late"}`: `operation \"\": late edits the rows of one of the streams`,
		`{"kind":"change","operation":"GET /roles"}`:                            `operation \"GET /roles\": change edits the rows of one of the streams`,
		`{"kind":"change","operation":"users","delay":"1s"}`:                    `delay 1s: change has none; it waits for requests (after)`,
		`{"kind":"delete","operation":"history_meetings","count":` + "100}":     `delete of history_meetings: `,
		`{"kind":"late","operation":"GET /report/history_meetings","rate":2.5}`: `only other_traffic has a rate`,
	} {
		got := manage(t, sim, "POST", "/faults", `{"faults":[`+fault+`]}`)
		if got.Status != 400 || !strings.Contains(got.Body, want) {
			t.Errorf("%s: %d %s", fault, got.Status, got.Body)
		}
	}
}

func TestTruthOfOneMeeting(t *testing.T) {
	sim := start(t, zoomsim.Options{})
	uuid := ""
	for text := range truth(t, sim, zoomsim.Truth{Stream: "report_meeting_participants", WithMeeting: true}) {
		var row struct {
			UUID string `json:"meeting_uuid"`
		}
		decode(t, text, &row)
		uuid = row.UUID
		break
	}
	got := manage(t, sim, "GET", "/dataset/report_meeting_participants?with=meeting&meeting_uuid="+url.QueryEscape(uuid), "")
	want := slices.Collect(truth(t, sim, zoomsim.Truth{Stream: "report_meeting_participants", MeetingUUID: uuid, WithMeeting: true}))
	if got.Body != strings.Join(want, "\n")+"\n" || !strings.HasPrefix(want[0], `{"meeting_uuid":"`+uuid+`","record":{"customer_key":`) {
		t.Errorf("%s", got.Body)
	}
	expect(t, manage(t, sim, "GET", "/dataset/report_meeting_participants?with=registrants", ""), 400,
		`{"error":"with \"registrants\": there are with=meeting and with=part"}`)
}

func TestEditsWhileOthersRead(t *testing.T) {
	sim := start(t, zoomsim.Options{Limits: "off", Plan: "business", Meetings: 160})
	token := mint(t, sim)
	var readers sync.WaitGroup
	for _, stream := range slices.Concat(windowed, lists) {
		readers.Go(func() { dataset(t, sim, stream, time.Time{}, time.Time{}) })
	}
	for _, path := range []string{
		"/report/meeting_activities?activity_type=All+Activities&from=2026-03-01&to=2026-03-18", "/report/history_meetings?from=2026-03-01&to=2026-03-18",
		"/report/users/me/meetings?from=2026-03-01&to=2026-03-18", "/users", "/groups",
	} {
		readers.Go(func() {
			if got, err := trySend("GET", sim.Info().APIURL+path, "", "Authorization: Bearer "+token); err != nil || got.Status != 200 {
				t.Errorf("%s: %v %v", path, got.Status, err)
			}
		})
	}
	for _, stream := range slices.Concat(windowed, lists) {
		if err := sim.AddFaults(zoomsim.Fault{Kind: zoomsim.Late, Operation: stream}); err != nil {
			t.Error(err)
		}
	}
	readers.Wait()
	agree(t, sim)
}
