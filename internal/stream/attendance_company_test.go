package stream_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/stream"
	"github.com/stagedoor/stagedoor/zoomsim"
)

// TestAttendanceOfACompany holds the attendance of a whole made-up company
// against the simulator's, which works it out by itself.
func TestAttendanceOfACompany(t *testing.T) {
	sim, err := zoomsim.Start(zoomsim.Options{Users: 20, Meetings: 300, Limits: "off"})
	if err != nil {
		t.Fatal(err)
	}
	defer sim.Close()
	derived, err := stream.Find("meeting_attendance")
	if err != nil {
		t.Fatal(err)
	}
	type meeting struct {
		UUID  string    `json:"meeting_uuid"`
		ID    int64     `json:"meeting_id"`
		Start time.Time `json:"start_time"`
	}
	derivers := map[string]*stream.Deriver{}
	dataset(t, sim, "history_meetings", func(raw []byte) {
		var m meeting
		decode(t, raw, &m)
		derivers[m.UUID] = stream.NewDeriver(derived[0], stagedoor.Slice{}, stagedoor.Part{
			Value: m.UUID, Carried: map[string]any{"meeting_id": fmt.Sprint(m.ID), "meeting_start_time": m.Start},
		})
	})
	rows := 0
	dataset(t, sim, "report_meeting_participants?with=meeting", func(raw []byte) {
		var row struct {
			UUID   string          `json:"meeting_uuid"`
			Record json.RawMessage `json:"record"`
		}
		decode(t, raw, &row)
		rows++
		if err := derivers[row.UUID].Add(row.Record); err != nil {
			t.Error(err)
		}
	})
	var want, got []string
	dataset(t, sim, "meeting_attendance", func(raw []byte) { want = append(want, string(raw)) })
	keys := map[string]bool{}
	for _, d := range derivers {
		people, err := d.Rows()
		if err != nil {
			t.Fatal(err)
		}
		for _, person := range people {
			got = append(got, string(person.Raw))
			if keys[person.Key] {
				t.Errorf("%s is the key of two rows", person.Key)
			}
			keys[person.Key] = true
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	t.Logf("%d participant rows of %d meetings come to %d rows of attendance", rows, len(derivers), len(got))
	if len(got) < 100 || len(got) >= rows {
		t.Error("that is too few to prove anything, or nobody joined twice")
	}
	for i := range max(len(want), len(got)) {
		if i >= len(want) || i >= len(got) || want[i] != got[i] {
			t.Fatalf("row %d of %d and %d:\nsimulator %s\nworked out %s", i, len(want), len(got), at(want, i), at(got, i))
		}
	}
}

func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return "none"
}

func dataset(t *testing.T, sim *zoomsim.Simulator, name string, each func(raw []byte)) {
	t.Helper()
	answer, err := http.Get(sim.Info().ManagementURL + "/dataset/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if text := strings.TrimSpace(lines.Text()); text != "" {
			each([]byte(text))
		}
	}
	if answer.StatusCode != http.StatusOK || lines.Err() != nil {
		t.Fatalf("%s: %s, %v", name, answer.Status, lines.Err())
	}
}

func decode(t *testing.T, raw []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
}
