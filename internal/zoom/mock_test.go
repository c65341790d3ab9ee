package zoom_test

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	gosync "sync"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/destination/sqlite"
	"github.com/stagedoor/stagedoor/internal/stream"
	"github.com/stagedoor/stagedoor/internal/sync"
	"github.com/stagedoor/stagedoor/internal/zoom"
)

// mock answers as a mock server made from Zoom's OpenAPI documents does: it
// holds the query against the document, refuses with an empty body, and gives
// one record made of the fields' examples with a page token that is always the
// same.
type mock struct {
	mu     gosync.Mutex
	asked  []string // "/v2/users?page_size=300&status=active"
	answer func(w http.ResponseWriter, key, row string)
}

const (
	exampleUser     = `{"id":"KDcuGIm1QgePTO8WbOqwIQ","email":"jchill@example.com","type":1,"pmi":3542471135,"created_at":"2019-06-01T07:58:03Z","group_ids":["g"],"status":"active"}`
	exampleSignIn   = `{"client_type":"Browser","email":"jchill@example.com","ip_address":"192.0.2.1","time":"2019-09-15T19:13:41Z","type":"Sign out","version":"5.9.1.2581"}`
	exampleChange   = `{"action":"Batch Update","category_type":"user","operation_detail":"Update user jchill@example.com: Role","operator":"operator@example.com","time":"2019-09-15T19:13:41Z"}`
	exampleMeeting  = `{"custom_keys":[{"key":"Host Nation","value":"US"}],"duration":6,"end_time":"2022-03-15T07:40:46Z","id":3259731520,"participants_count":2,"session_key":"ABC36jaBI145","source":"Zoom","start_time":"2022-03-15T07:40:45Z","topic":"My Meeting","total_minutes":11,"type":2,"user_email":"jchill@example.com","user_name":"Jill Chill","uuid":"4444AAAiAAAAAiAiAiiAii==","schedule_time":"12/22/2021 16:20","join_waiting_room_time":"12/22/2021 16:20","join_time":"12/22/2021 16:20","leave_time":"12/22/2021 16:20","host_organization":"Zoom","host_name":"Jill Chill","has_screen_share":true,"has_recording":true,"has_chat":true,"meeting_encryption_status":1,"participants_count_my_account":1}`
	exampleActivity = `{"meeting_number":"982 610 0285","activity_time":"2024-03-21 07:09:03:216","operator":"Jill Chill","operator_email":"jchill@example.com","activity_category":"Meeting Started","activity_detail":"-"}`
)

func (m *mock) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	m.asked = append(m.asked, r.URL.RequestURI())
	answer := m.answer
	m.mu.Unlock()
	refuse := func(parameter string) {
		w.Header().Set("sl-violations", parameter)
		w.WriteHeader(http.StatusBadRequest)
	}
	path, ok := strings.CutPrefix(r.URL.EscapedPath(), "/v2")
	op, known := zoom.Operations().Find(r.Method, path)
	if !ok || !known {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	// The document's own rules, as its parameters stand in a file beside the streams.
	query := r.URL.Query()
	for _, p := range documented(op.Name()) {
		if value, sent := query[p.name]; p.required && !sent || sent && !fits(p.takes, value[0]) {
			refuse(p.name)
			return
		}
		query.Del(p.name)
	}
	for name := range query {
		refuse(name)
		return
	}
	key, row := op.ListKeys[0], examples()[op.Name()]
	w.Header().Set("Content-Type", "application/json")
	answer(w, key, row)
}

// examples are the rows of operations: made of the fields' examples in Zoom's
// document, and of newer streams their own.
func examples() map[string]string {
	rows := map[string]string{}
	for _, s := range stream.All() {
		if !s.Derived {
			rows[s.Method+" "+s.Path] = s.Example
		}
	}
	rows["GET /users"] = exampleUser
	rows["GET /report/activities"] = exampleSignIn
	rows["GET /report/operationlogs"] = exampleChange
	rows["GET /report/users/{userId}/meetings"] = exampleMeeting
	rows["GET /report/meeting_activities"] = exampleActivity
	return rows
}

// parameter is what Zoom's document says of a query parameter.
type parameter struct {
	name     string
	required bool
	takes    string // words with | between, a span of numbers, or "text", "number", "day"
}

func documented(operation string) []parameter {
	text, err := os.ReadFile("../stream/testdata/parameters.tsv")
	if err != nil {
		panic(err)
	}
	var list []parameter
	for line := range strings.Lines(string(text)) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(fields) == 3 && fields[0] == operation {
			name, required := strings.CutSuffix(fields[1], "!")
			list = append(list, parameter{name, required, fields[2]})
		}
	}
	return list
}

func fits(takes, value string) bool {
	switch takes {
	case "text":
		return true
	case "day":
		_, err := time.Parse(time.DateOnly, value)
		return err == nil
	}
	n, err := strconv.Atoi(value)
	if low, high, span := strings.Cut(takes, ".."); span {
		least, _ := strconv.Atoi(low)
		most, _ := strconv.Atoi(high)
		return err == nil && least <= n && n <= most
	}
	return takes == "number" && err == nil || slices.Contains(strings.Split(takes, "|"), value)
}

// page writes {"KEY":[ROW],…} with KEY and ROW filled in.
func page(text string) func(http.ResponseWriter, string, string) {
	return func(w http.ResponseWriter, key, row string) {
		_, _ = io.WriteString(w, strings.NewReplacer("KEY", `"`+key+`"`, "ROW", row).Replace(text))
	}
}

func status(code int) func(http.ResponseWriter, string, string) {
	return func(w http.ResponseWriter, _, _ string) { w.WriteHeader(code) }
}

// read syncs one stream from the mock into SQLite.
func (m *mock) read(t *testing.T, name string) (stagedoor.StreamReport, error) {
	t.Helper()
	server := httptest.NewServer(m)
	defer server.Close()
	provider := stagedoor.Zoom
	provider.Limits = nil // the pace is not what is asked here
	client, err := zoom.New(zoom.Config{
		HTTP: http.DefaultTransport, APIURL: server.URL, Provider: provider,
		Subject: "credential mock", Patience: 50 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	place, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "rows.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer place.Close()
	engine := &sync.Engine{
		Reader: client, Destination: place,
		Now: func() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) },
		Decoder: func(s stagedoor.Stream, slice stagedoor.Slice, part stagedoor.Part) sync.Decoder {
			return stream.NewDecoder(s, slice, part)
		},
		Derive: func(s stagedoor.Stream, slice stagedoor.Slice, part stagedoor.Part) sync.Deriver {
			return stream.NewDeriver(s, slice, part)
		},
		Path: zoom.Path,
		Parent: func(name string) (stagedoor.Stream, bool) {
			found, err := stream.Find(name)
			return found[0], err == nil
		},
	}
	streams, err := stream.Find(name)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second) // a walk without an end fails here
	defer cancel()
	day := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	plan, err := engine.Plan(ctx, sync.Job{Run: "run", Credential: "mock", Streams: streams, Since: day, Until: day})
	if err != nil {
		t.Fatal(err)
	}
	receipt, err := engine.Run(ctx, plan)
	return receipt.Streams[0], err
}

// TestMockTakesWhatIsAsked holds that every request passes the document's own
// rules, and how its parameters are written.
func TestMockTakesWhatIsAsked(t *testing.T) {
	for name, want := range map[string][]string{
		"users": {"/v2/users?page_size=300&status=active", "/v2/users?page_size=300&status=inactive", "/v2/users?page_size=300&status=pending"},
		"meeting_activities": {
			"/v2/report/meeting_activities?activity_type=All%20Activities&from=2026-11-20&page_size=300&to=2026-11-20",
		},
		"sign_in_activities": {"/v2/report/activities?from=2026-11-20&page_size=300&to=2026-11-20"},
		"report_user_meetings": {
			"/v2/users?page_size=300&status=active", "/v2/users?page_size=300&status=inactive", "/v2/users?page_size=300&status=pending",
			"/v2/report/users/KDcuGIm1QgePTO8WbOqwIQ/meetings?from=2026-11-20&page_size=300&to=2026-11-20&type=past",
			"/v2/report/users/KDcuGIm1QgePTO8WbOqwIQ/meetings?from=2026-11-20&page_size=300&to=2026-11-20&type=pastOne",
		},
		"operation_logs": {"/v2/report/operationlogs?from=2026-11-20&page_size=300&to=2026-11-20"},
		"groups":         {"/v2/groups?page_size=300"},
		"group_members":  {"/v2/groups?page_size=300", "/v2/groups/RSMaSp8sTEGK0_oamiA2_w/members?page_size=300"},
		"meetings": {
			"/v2/users?page_size=300&status=active", "/v2/users?page_size=300&status=inactive", "/v2/users?page_size=300&status=pending",
			"/v2/users/KDcuGIm1QgePTO8WbOqwIQ/meetings?page_size=300&type=scheduled",
		},
		"meeting_registrants": {
			"/v2/users?page_size=300&status=active", "/v2/users?page_size=300&status=inactive", "/v2/users?page_size=300&status=pending",
			"/v2/users/KDcuGIm1QgePTO8WbOqwIQ/meetings?page_size=300&type=scheduled",
			"/v2/meetings/97763643886/registrants?page_size=300&status=pending", "/v2/meetings/97763643886/registrants?page_size=300&status=approved",
			"/v2/meetings/97763643886/registrants?page_size=300&status=denied",
		},
		"history_meetings": {
			"/v2/report/history_meetings?date_type=start_time&from=2026-11-20&meeting_type=all&page_size=300&to=2026-11-20",
		},
		"report_meeting_participants": {
			"/v2/report/history_meetings?date_type=start_time&from=2026-11-20&meeting_type=all&page_size=300&to=2026-11-20",
			"/v2/report/meetings/aDYlohsHRtCd4ii1uC2%2BhA%3D%3D/participants?include_fields=registrant_id&page_size=300",
		},
		"meeting_attendance": {
			"/v2/report/history_meetings?date_type=start_time&from=2026-11-20&meeting_type=all&page_size=300&to=2026-11-20",
			"/v2/report/meetings/aDYlohsHRtCd4ii1uC2%2BhA%3D%3D/participants?include_fields=registrant_id&page_size=300",
		},
		"recordings": {
			"/v2/users?page_size=300&status=active", "/v2/users?page_size=300&status=inactive", "/v2/users?page_size=300&status=pending",
			"/v2/users/KDcuGIm1QgePTO8WbOqwIQ/recordings?from=2026-11-20&page_size=300&to=2026-11-20",
		},
		"metrics_meetings": {
			"/v2/metrics/meetings?from=2026-11-20&include_fields=tracking_fields&page_size=300&query_date_type=start_time&to=2026-11-20&type=past",
		},
	} {
		m := &mock{answer: page(`{KEY:[ROW],"next_page_token":"","page_size":30.0}`)}
		report, err := m.read(t, name)
		if err != nil || report.Written != 1 {
			t.Errorf("%s: %d written, %v", name, report.Written, err)
		}
		if !slices.Equal(m.asked, want) {
			t.Errorf("%s asked\n%v, want\n%v", name, m.asked, want)
		}
	}
}

// TestMockHandsOutOneTokenForEver holds that the walk ends soon, with nothing
// kept and with words that name the reason.
func TestMockHandsOutOneTokenForEver(t *testing.T) {
	for _, s := range stream.All() {
		name := s.Name
		m := &mock{answer: page(`{KEY:[ROW],"next_page_token":"z5qF","page_size":30}`)}
		report, err := m.read(t, name)
		if stagedoor.KindOf(err) != stagedoor.KindPageToken || report.Written != 0 || len(m.asked) > 6 {
			t.Errorf("%s: %v after %d requests, %d written", name, err, len(m.asked), report.Written)
		}
		if err != nil && !strings.Contains(err.Error(), "page token came twice") {
			t.Errorf("%s: the error does not say why: %v", name, err)
		}
	}
}

// TestMockAnswersWithNothing holds what an answer without a body is taken for.
func TestMockAnswersWithNothing(t *testing.T) {
	for code, want := range map[int]stagedoor.Kind{
		200: stagedoor.KindBadAnswer, 204: stagedoor.KindBadAnswer, 400: stagedoor.KindBadRequest, 401: stagedoor.KindTokenRejected,
		403: stagedoor.KindNoPermission, 404: stagedoor.KindNotFound, 429: stagedoor.KindRateLimited,
		500: stagedoor.KindUnavailable, 503: stagedoor.KindUnavailable, 302: stagedoor.KindBadAnswer,
	} {
		_, err := (&mock{answer: status(code)}).read(t, "users")
		e, ok := err.(*stagedoor.Error)
		if !ok || e.Kind != want || e.Status != code || e.Cause == "" || e.Fix == "" {
			t.Errorf("%d: %v, want %s with cause and fix", code, err, want)
		}
	}
}

// TestMockAnswersOddly holds which odd answers are read, which are read in part
// (exit status 3, with a reason), and which are refused; none loops or panics.
func TestMockAnswersOddly(t *testing.T) {
	deep := func(levels int) string { return strings.Repeat("[", levels) + strings.Repeat("]", levels) }
	tests := []struct {
		name, body        string
		returned, written int
		skipped           bool
		kind              stagedoor.Kind // of an error
	}{
		{name: "a byte order mark", body: "\xEF\xBB\xBF" + `{KEY:[ROW]}`, returned: 1, written: 1},
		{name: "an object in place of the list", body: `{KEY:ROW}`, returned: 1, written: 1},
		{name: "null in place of the list and the token", body: `{KEY:null,"next_page_token":null}`},
		{name: "unknown members and sizes beyond numbers", body: `{"x":{"y":[1]},KEY:[ROW],"page_size":1e999,"total_records":99999999999999999999}`, returned: 1, written: 1},
		{name: "a list in a row deep down", body: `{KEY:[ROW,{"operator":"x","x":` + deep(9000) + `}]}`, returned: 2, written: 2},
		{name: "rows that are none", body: `{KEY:[null,1,"x",[],ROW]}`, returned: 5, written: 1, skipped: true},
		{name: "words where times and numbers belong", body: `{KEY:[{"meeting_number":"dolor","activity_time":"ullamco","operator":"x","laborum_3":-3743.25}]}`, returned: 1, written: 1, skipped: true},
		{name: "all columns null", body: `{KEY:[{"meeting_number":null,"activity_time":null,"operator":null,"operator_email":null,"activity_category":null,"activity_detail":null}]}`, returned: 1, written: 1},
		{name: "not UTF-8, NUL and half a surrogate", body: "{KEY:[{\"operator\":\"J\xff\\u0000\\ud800\"}]}", returned: 1, written: 1},
		{name: "a row of 10 MB", body: `{KEY:[{"operator":"` + strings.Repeat("J", 10<<20) + `"}]}`, returned: 1, written: 1},
		{name: "text in place of the list", body: `{KEY:"x"}`, kind: stagedoor.KindBadAnswer},
		{name: "a number as page token", body: `{KEY:[ROW],"next_page_token":5}`, kind: stagedoor.KindBadAnswer},
		{name: "more after the end", body: `{KEY:[ROW]}garbage`, kind: stagedoor.KindBadAnswer},
		{name: "deeper than can be read", body: `{KEY:[{"x":` + deep(10001) + `}]}`, kind: stagedoor.KindBadAnswer},
		{name: "a page", body: "<html><title>Sign in</title></html>", kind: stagedoor.KindBadAnswer},
		{name: "half an answer", body: `{KEY:[ROW`, kind: stagedoor.KindNetwork},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			report, err := (&mock{answer: page(tt.body)}).read(t, "meeting_activities")
			if report.Returned != tt.returned || report.Written != tt.written || (len(report.Skipped) > 0) != tt.skipped {
				t.Errorf("returned %d, written %d, skipped %v; want %d, %d, %v", report.Returned, report.Written, report.Skipped, tt.returned, tt.written, tt.skipped)
			}
			want := tt.kind
			if tt.skipped {
				want = stagedoor.KindPartial
			}
			if want == "" && err != nil || want != "" && stagedoor.KindOf(err) != want {
				t.Errorf("error %v, want kind %q", err, want)
			}
		})
	}
}

// TestMockSendsIntegratorsForm holds that the form which integrators publish
// lands in the same table, and that ids longer than 64 bits keep every digit.
func TestMockSendsIntegratorsForm(t *testing.T) {
	m := &mock{answer: page(`{"activity_logs":[{"meeting_id":98261002851234567890123,"topic":"Weekly","participants_count":"7.0","start_time":"2026-01-02T03:04:05Z"}]}`)}
	report, err := m.read(t, "meeting_activities")
	if err != nil || report.Form != "activity_logs" || report.Written != 1 || len(report.Drift) > 0 {
		t.Errorf("%+v, %v", report, err)
	}
}

// TestMockCompressesAndDrips holds answers that come compressed, or a few bytes
// at a time.
func TestMockCompressesAndDrips(t *testing.T) {
	body := func(key, row string) string { return fmt.Sprintf(`{%q:[%s],"next_page_token":""}`, key, row) }
	for name, answer := range map[string]func(http.ResponseWriter, string, string){
		"gzip": func(w http.ResponseWriter, key, row string) {
			w.Header().Set("Content-Encoding", "gzip")
			zip := gzip.NewWriter(w)
			_, _ = io.WriteString(zip, body(key, row))
			_ = zip.Close()
		},
		"drips": func(w http.ResponseWriter, key, row string) {
			for part := range slices.Chunk([]byte(body(key, row)), 7) {
				_, _ = w.Write(part)
				w.(http.Flusher).Flush()
			}
		},
	} {
		if report, err := (&mock{answer: answer}).read(t, "meeting_activities"); err != nil || report.Written != 1 {
			t.Errorf("%s: %d written, %v", name, report.Written, err)
		}
	}
}
