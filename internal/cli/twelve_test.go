package cli_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stagedoor/stagedoor/zoomsim"
)

// twelve are the streams that the proofs read together, one of every shape.
var twelve = []string{
	"users", "groups", "group_members", "meetings", "meeting_registrants", "history_meetings",
	"report_meeting_participants", "meeting_attendance", "meeting_activities", "operation_logs", "recordings", "metrics_meetings",
}

// windowed are those of them that are read by days, and the operations that
// read them.
var windowed = map[string]string{
	"history_meetings":            "GET /report/history_meetings",
	"report_meeting_participants": "GET /report/meetings/{meetingId}/participants",
	"meeting_activities":          "GET /report/meeting_activities",
	"operation_logs":              "GET /report/operationlogs",
	"recordings":                  "GET /users/{userId}/recordings",
	"metrics_meetings":            "GET /metrics/meetings",
}

// A shelf is a place that the twelve are written to, as somebody sees it who
// knows nothing of Stagedoor's code.
type shelf struct {
	name string
	into string   // as --into takes it
	env  []string // further variables that it needs
	// rows are the rows of a stream that are not marked as gone: each as "text"
	// of _raw, after the meeting that it belongs to for participants.
	rows func(stream string) ([]string, error)
	// marked is how many rows of a stream are marked as gone.
	marked func(stream string) (int, error)
	// slices names what the place says was written whole: "stream slice".
	slices func() (map[string]bool, error)
	// writing tells whether a stopped process is in the midst of a commit.
	writing func() (bool, error)
}

// shelves opens each kind of place for a world.
var shelves = map[string]func(t *testing.T, w *world) *shelf{
	"sqlite": sqliteShelf, "postgres": postgresShelf, "parquet": parquetShelf,
}

// onEachShelf runs a proof for each kind of place, side by side; in the short form
// for one kind only: the suite of destinations has a short form for each of them.
func onEachShelf(t *testing.T, o zoomsim.Options, proof func(t *testing.T, w *world, s *shelf)) {
	t.Helper()
	names := slices.Sorted(maps.Keys(shelves))
	if testing.Short() {
		names = []string{"sqlite"}
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, o)
			s := shelves[name](t, w)
			w.limitless()
			proof(t, w, s)
		})
	}
}

// company is large enough that every stream read from Zoom has two pages, and
// two slices where it has parts or windows; a page holds 12 rows, so that this
// takes few.
func company(t *testing.T) zoomsim.Options {
	o := zoomsim.Options{Plan: "business", Users: 30, Meetings: 400, PageRows: 12, Limits: "off"}
	if testing.Short() {
		o.Meetings = 240
	}
	return o
}

func (s *shelf) sync(flags ...string) []string {
	args := append([]string{"sync", "acme"}, twelve...)
	return append(append(args, "--into", s.into, "--json"), flags...)
}

// truth is what the simulator says that Zoom has.
func (w *world) truth(stream string) []string {
	w.t.Helper()
	address := w.info.ManagementURL + "/dataset/" + stream
	if stream == "report_meeting_participants" {
		address += "?with=meeting"
	}
	answer, err := http.Get(address)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		w.t.Fatalf("%s: %s", address, answer.Status)
	}
	var rows []string
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		row := lines.Text()
		if stream == "report_meeting_participants" {
			var of struct {
				Meeting string          `json:"meeting_uuid"`
				Record  json.RawMessage `json:"record"`
			}
			if err := json.Unmarshal(lines.Bytes(), &of); err != nil {
				w.t.Fatal(err)
			}
			row = of.Meeting + " " + string(of.Record)
		}
		rows = append(rows, row)
	}
	if err := lines.Err(); err != nil {
		w.t.Fatal(err)
	}
	return rows
}

// holds fails unless the place has what Zoom has, row for row, and that is something.
func (w *world) holds(s *shelf) {
	w.t.Helper()
	for _, stream := range twelve {
		if len(w.truth(stream)) == 0 {
			w.t.Errorf("Zoom has no rows of %s, so nothing is proven of it", stream)
		}
	}
	w.equals(s)
}

// equals fails unless the place has what Zoom has, row for row.
func (w *world) equals(s *shelf) {
	w.t.Helper()
	for _, stream := range twelve {
		want := w.truth(stream)
		got, err := s.rows(stream)
		if err != nil && len(want) == 0 && strings.Contains(err.Error(), "no such table") {
			continue // of a stream that had no part so far there is no table
		}
		if err != nil {
			w.t.Fatalf("%s: %v", stream, err)
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			lacks, has := difference(want, got), difference(got, want)
			w.t.Errorf("%s: %d rows, Zoom has %d. Zoom has, and the place lacks, %d:\n%s\nthe place has, and Zoom lacks, %d:\n%s",
				stream, len(got), len(want), len(lacks), some(lacks), len(has), some(has))
		}
	}
}

// difference are the rows of a that b lacks; both are sorted.
func difference(a, b []string) []string {
	count := map[string]int{}
	for _, row := range b {
		count[row]++
	}
	var lacks []string
	for _, row := range a {
		if count[row]--; count[row] < 0 {
			lacks = append(lacks, row)
		}
	}
	return lacks
}

func some(rows []string) string {
	return strings.Join(rows[:min(3, len(rows))], "\n")
}

// byOperation is how many requests Zoom has answered so far.
func (w *world) byOperation() map[string]int { return maps.Clone(w.sim.Stats().ByOperation) }

// succeedsInto runs a sync that must read everything.
func (w *world) succeedsInto(s *shelf, flags ...string) {
	w.t.Helper()
	r := w.startWith(nil, s.env, s.sync(flags...)...).wait()
	if r.status != 0 {
		w.t.Fatalf("sync: exit status %d\n%s\n%s", r.status, tail(r.stderr), skipped(w.t, r))
	}
}

func tail(text string) string { return text[max(0, len(text)-3000):] }

// skipped is what a receipt says was left out.
func skipped(t *testing.T, r result) string {
	t.Helper()
	var text strings.Builder
	for _, report := range receiptOf(t, r).Streams {
		if report.Error != nil {
			fmt.Fprintf(&text, "%s: %s\n", report.Stream, report.Error.Cause)
		}
		for i, skip := range report.Skipped {
			if i < 3 {
				fmt.Fprintf(&text, "%s: %s: %s\n", report.Stream, skip.What, skip.Reason)
			}
		}
	}
	return text.String()
}

// TestTwelveStreams reads the twelve, changes Zoom, and reads what is new: each
// time the place holds what Zoom has, and the second run asks little.
func TestTwelveStreams(t *testing.T) {
	t.Parallel()
	onEachShelf(t, company(t), func(t *testing.T, w *world, s *shelf) {
		for stream, blank := range map[string]string{"users": `"status":"pending"`, "report_meeting_participants": `"user_id":""`} {
			if !strings.Contains(strings.Join(w.truth(stream), "\n"), blank) {
				t.Errorf("no row of %s lacks its id, so nothing is proven of these", stream)
			}
		}
		w.succeedsInto(s)
		w.holds(s)
		first := w.byOperation()
		w.shows(t)

		edited := w.edit(t)
		w.succeedsInto(s)
		w.holds(s)
		second := w.byOperation()
		before, after := 0, 0
		for _, operation := range windowed {
			before += first[operation]
			after += second[operation] - first[operation]
		}
		t.Logf("the streams with windows took %d requests at first and %d then", before, after)
		if after*10 > before {
			t.Errorf("the second run made %d requests for the streams with windows, the first %d: more than a tenth", after, before)
		}
		for stream, deleted := range edited {
			if marked, err := s.marked(stream); err != nil || deleted && marked == 0 {
				t.Errorf("%s: %d rows are marked as gone (%v)", stream, marked, err)
			}
		}
	})
}

// shows fails unless a second page was asked for of each stream that is read
// from Zoom, and of those that have parts or windows, a second slice.
func (w *world) shows(t *testing.T) {
	t.Helper()
	pages, begun := map[string]int{}, map[string]int{}
	for _, call := range w.sim.Requests() {
		for stream, path := range paths() {
			switch {
			case !path.MatchString(call.Decoded):
			case strings.Contains(call.Query, "next_page_token="):
				pages[stream]++
			default:
				begun[stream]++
			}
		}
	}
	for stream := range paths() {
		if pages[stream] == 0 {
			t.Errorf("%s: no second page was asked for, so nothing is proven of it", stream)
		}
		if stream != "users" && stream != "groups" && begun[stream] < 2 {
			t.Errorf("%s: it was read as one slice, so nothing is proven of several", stream)
		}
	}
}

// paths are where the streams are read, as the facts have it; that of attendance
// is the participants'.
var paths = sync.OnceValue(func() map[string]*regexp.Regexp {
	found := map[string]*regexp.Regexp{}
	for stream, path := range map[string]string{
		"users": "/users", "groups": "/groups", "group_members": "/groups/*/members", "meetings": "/users/*/meetings",
		"meeting_registrants": "/meetings/*/registrants", "history_meetings": "/report/history_meetings",
		"report_meeting_participants": "/report/meetings/*/participants", "meeting_activities": "/report/meeting_activities",
		"operation_logs": "/report/operationlogs", "recordings": "/users/*/recordings", "metrics_meetings": "/metrics/meetings",
	} {
		// A meeting's UUID may hold slashes.
		found[stream] = regexp.MustCompile("^/v2" + strings.ReplaceAll(path, "*", ".+") + "$")
	}
	return found
})

// edit changes, adds and takes away at least one row of every stream that can
// have it, and returns the streams, with whether one of their rows is gone.
func (w *world) edit(t *testing.T) map[string]bool {
	t.Helper()
	edited := map[string]bool{}
	for _, kind := range []string{zoomsim.Change, zoomsim.Late, zoomsim.Delete} {
		for _, stream := range twelve {
			if slices.Contains(neverSo[kind], stream) {
				continue
			}
			if err := w.sim.AddFaults(zoomsim.Fault{Kind: kind, Operation: stream}); err != nil {
				t.Errorf("%s of %s: %v", kind, stream, err)
			}
			edited[stream] = edited[stream] || kind == zoomsim.Delete
		}
	}
	return edited
}

// neverSo are the streams that can not be edited in a way: what is worked out
// follows what it is worked out of.
var neverSo = map[string][]string{
	zoomsim.Change: {"meeting_attendance"},
	zoomsim.Late:   {"meeting_attendance"},
	zoomsim.Delete: {"meeting_attendance"},
}
