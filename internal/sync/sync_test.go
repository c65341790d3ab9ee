package sync

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stagedoor/stagedoor"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func date(text string) time.Time {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return t
}

// events is a stream that is bounded by days, and things one that is not.
var (
	events = stagedoor.Stream{
		Name: "events", Method: "GET", Path: "/report/events", ListKeys: []string{"events", "items"}, PageSize: 300,
		Params: map[string]string{"kind": "all"}, Window: &stagedoor.Window{From: "from", To: "to", LookBack: 6, Settle: 24 * time.Hour},
		Columns: []stagedoor.Column{{Name: "id", Type: stagedoor.Text}}, ID: [][]string{{"id"}},
		EmptyMeans: &stagedoor.Error{Kind: stagedoor.KindFeatureOff, Cause: "it may be off", Fix: "Ask."},
	}
	things = stagedoor.Stream{
		Name: "things", Method: "GET", Path: "/things", ListKeys: []string{"things"}, PageSize: 300, ShowsGone: true,
		Passes:  []map[string]string{{"status": "on"}, {"status": "off"}},
		Columns: []stagedoor.Column{{Name: "id", Type: stagedoor.Text}}, ID: [][]string{{"id"}},
	}
)

// server answers Pages from rows, and fails first as the test says.
type server struct {
	rows    func(req stagedoor.Request) []string
	fail    []error // taken one by one, each in the middle of a reading
	asked   []string
	total   int // -1: not told
	perPage int
}

func (s *server) Pages(_ context.Context, req stagedoor.Request, keys []string, each func(stagedoor.Page) error) (stagedoor.Reading, error) {
	s.asked = append(s.asked, req.Path+"?"+req.Query.Encode())
	reading := stagedoor.Reading{Total: s.total, Form: keys[0]}
	rows := s.rows(req)
	size := s.perPage
	if size == 0 {
		size = 2
	}
	for at := 0; at == 0 || at < len(rows); at += size {
		page := stagedoor.Page{Number: reading.Pages + 1, Form: keys[0], Total: s.total}
		for _, row := range rows[at:min(at+size, len(rows))] {
			page.Rows = append(page.Rows, []byte(row))
		}
		reading.Pages++
		reading.Requests++
		reading.Rows += len(page.Rows)
		if err := each(page); err != nil {
			return reading, err
		}
		if len(s.fail) > 0 {
			err := s.fail[0]
			s.fail = s.fail[1:]
			if err != nil {
				return reading, err
			}
		}
	}
	return reading, nil
}

// place is a destination in memory: what is committed, and nothing else.
type place struct {
	rows   map[string]string
	points []stagedoor.Checkpoint
	gone   []bool
	fail   error // of the next commit
}

func (p *place) Name() string { return "memory" }
func (p *place) Close() error { return nil }

func (p *place) Checkpoints(_ context.Context, s stagedoor.Stream, params, part string) ([]stagedoor.Checkpoint, error) {
	var list []stagedoor.Checkpoint
	for _, c := range p.points {
		if c.Stream == s.Name && c.Params == params && c.Partition == part {
			list = append(list, c)
		}
	}
	return list, nil
}

func (p *place) Parts(_ context.Context, s stagedoor.Stream, params string) ([]string, error) {
	var parts []string
	for _, c := range p.points {
		if c.Stream == s.Name && c.Params == params && c.Partition != "" && !slices.Contains(parts, c.Partition) {
			parts = append(parts, c.Partition)
		}
	}
	return parts, nil
}

func (p *place) Begin(context.Context, stagedoor.Stream, stagedoor.Slice, string) (stagedoor.SliceWriter, error) {
	return &writer{place: p, rows: map[string]string{}}, nil
}

type writer struct {
	place *place
	rows  map[string]string
}

func (w *writer) Write(_ context.Context, r stagedoor.Record) error {
	w.rows[r.Key] = string(r.Raw)
	return nil
}

func (w *writer) Commit(_ context.Context, c stagedoor.Checkpoint, gone bool) (stagedoor.Written, error) {
	if err := w.place.fail; err != nil {
		w.place.fail = nil
		return stagedoor.Written{}, err
	}
	if w.place.rows == nil {
		w.place.rows = map[string]string{}
	}
	maps.Copy(w.place.rows, w.rows)
	if !c.Cut {
		w.place.points = append(w.place.points, c)
	}
	w.place.gone = append(w.place.gone, gone)
	return stagedoor.Written{Rows: len(w.rows)}, nil
}

func (w *writer) Abort() error { return nil }

// decoder takes rows like {"id":"x"}; {"id":""} is broken.
type decoder struct{}

func (decoder) Decode(raw []byte) (stagedoor.Decoded, error) {
	var row struct {
		ID    string `json:"id"`
		Extra string `json:"extra"`
		Odd   bool   `json:"odd"`
	}
	if err := json.Unmarshal(raw, &row); err != nil || row.ID == "" {
		return stagedoor.Decoded{}, &stagedoor.Error{Kind: stagedoor.KindBadAnswer, Cause: "it is broken"}
	}
	d := stagedoor.Decoded{Record: stagedoor.Record{Key: row.ID, Values: []any{row.ID}, Raw: raw}}
	if row.Extra != "" {
		d.Unknown = []string{"extra"}
	}
	if row.Odd {
		d.Changed = []string{"odd"}
	}
	return d, nil
}

func engine(s *server, p *place) *Engine {
	return &Engine{
		Reader: s, Destination: p, Now: func() time.Time { return noon },
		Decoder: func(stagedoor.Stream, stagedoor.Slice, stagedoor.Part) Decoder { return decoder{} },
	}
}

func plan(t *testing.T, e *Engine, job Job) Plan {
	t.Helper()
	p, err := e.Plan(t.Context(), job)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func sliceIDs(part StreamPlan) (ids []string) {
	for _, s := range part.Slices {
		ids = append(ids, s.ID())
	}
	return ids
}

func point(days string, readAt time.Time, returned int) stagedoor.Checkpoint {
	since, until, _ := strings.Cut(days, "..")
	return stagedoor.Checkpoint{
		Slice:  stagedoor.Slice{Stream: "events", Days: stagedoor.Days{Since: date(since), Until: date(until)}},
		ReadAt: readAt, Returned: returned,
	}
}

func TestPlan(t *testing.T) {
	tests := []struct {
		name  string
		job   Job
		done  []stagedoor.Checkpoint
		want  []string
		lost  []string
		known int
	}{
		{
			"the first time: as far back as the provider keeps, cut at months",
			Job{},
			nil,
			[]string{"2026-05-22..2026-05-31", "2026-06-01..2026-06-30", "2026-07-01..2026-07-31", "2026-08-01..2026-08-31", "2026-09-01..2026-09-30", "2026-10-01..2026-10-31", "2026-11-01..2026-11-20", "2026-11-21..2026-11-22"},
			nil, 0,
		},
		{"asked days alone", Job{Since: date("2026-09-29"), Until: date("2026-10-02")}, nil, []string{"2026-09-29..2026-09-30", "2026-10-01..2026-10-02"}, nil, 0},
		{"days to come are not asked for", Job{Since: date("2026-11-20"), Until: date("2027-01-01")}, nil, []string{"2026-11-20..2026-11-20", "2026-11-21..2026-11-22"}, nil, 0},
		{
			"older than is kept: said, not asked",
			Job{Since: date("2026-01-30"), Until: date("2026-05-23")},
			nil,
			[]string{"2026-05-22..2026-05-23"},
			[]string{"2026-01-30..2026-05-21"},
			0,
		},
		{
			"where it stopped: days that may still change are read again",
			Job{},
			[]stagedoor.Checkpoint{point("2026-11-01..2026-11-20", date("2026-11-20").Add(10*time.Hour), 5)},
			[]string{"2026-11-01..2026-11-20", "2026-11-21..2026-11-22"},
			nil, 0,
		},
		{
			"and of what lies before them, nothing",
			Job{},
			[]stagedoor.Checkpoint{
				point("2026-11-01..2026-11-18", date("2026-11-20").Add(10*time.Hour), 5),
				point("2026-11-19..2026-11-20", date("2026-11-20").Add(10*time.Hour), 5),
			},
			[]string{"2026-11-19..2026-11-20", "2026-11-21..2026-11-22"},
			nil, 18,
		},
		{
			"settled days are not read again, holes are",
			Job{Since: date("2026-10-01"), Until: date("2026-10-31")},
			[]stagedoor.Checkpoint{point("2026-10-01..2026-10-10", noon, 5), point("2026-10-21..2026-10-31", noon, 5)},
			[]string{"2026-10-11..2026-10-20"},
			nil, 21,
		},
		{
			"a gap that grew older than is kept is told once",
			Job{},
			[]stagedoor.Checkpoint{point("2026-03-01..2026-03-10", date("2026-03-10"), 5)},
			[]string{"2026-05-22..2026-05-31", "2026-06-01..2026-06-30", "2026-07-01..2026-07-31", "2026-08-01..2026-08-31", "2026-09-01..2026-09-30", "2026-10-01..2026-10-31", "2026-11-01..2026-11-20", "2026-11-21..2026-11-22"},
			[]string{"2026-03-09..2026-05-21"},
			8,
		},
		{
			"and not again",
			Job{},
			[]stagedoor.Checkpoint{point("2026-03-01..2026-03-10", date("2026-03-10"), 5), point("2026-05-22..2026-11-19", noon, 5)},
			[]string{"2026-11-20..2026-11-20", "2026-11-21..2026-11-22"},
			nil, 8 + 182,
		},
		{
			"all is there",
			Job{Since: date("2026-10-01"), Until: date("2026-10-31")},
			[]stagedoor.Checkpoint{point("2026-10-01..2026-10-31", noon, 5)},
			nil, nil, 31,
		},
		{
			"a full refresh reads what is there, and keeps what Zoom no longer gives",
			Job{Since: date("2026-05-01"), Until: date("2026-05-31"), FullRefresh: true},
			[]stagedoor.Checkpoint{point("2026-05-01..2026-05-31", noon, 5)},
			[]string{"2026-05-22..2026-05-31"},
			nil, 21,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.job.Streams = []stagedoor.Stream{events}
			part := plan(t, engine(&server{}, &place{points: tt.done}), tt.job).Streams[0]
			if diff := cmp.Diff(tt.want, sliceIDs(part)); diff != "" {
				t.Errorf("slices (-want +got):\n%s", diff)
			}
			var lost []string
			for _, d := range part.Lost {
				lost = append(lost, d.String())
			}
			if diff := cmp.Diff(tt.lost, lost); diff != "" {
				t.Errorf("lost (-want +got):\n%s", diff)
			}
			if part.Known != tt.known {
				t.Errorf("known = %d days, want %d", part.Known, tt.known)
			}
		})
	}
}

func TestPlanRefuses(t *testing.T) {
	for name, job := range map[string]Job{
		"since after until":          {Streams: []stagedoor.Stream{events}, Since: date("2026-10-02"), Until: date("2026-10-01")},
		"since after today":          {Streams: []stagedoor.Stream{events}, Since: date("2026-12-01")},
		"a parameter that sync sets": {Streams: []stagedoor.Stream{events}, Params: map[string]string{"page_size": "1"}},
		"the window's own parameter": {Streams: []stagedoor.Stream{events}, Params: map[string]string{"from": "2026-01-01"}},
		"a pass's own parameter":     {Streams: []stagedoor.Stream{things}, Params: map[string]string{"status": "on"}},
		"no oldest day of its own":   {Streams: []stagedoor.Stream{func() stagedoor.Stream { s := events; s.Window = &stagedoor.Window{From: "from", To: "to"}; return s }()}},
	} {
		_, err := engine(&server{}, &place{}).Plan(t.Context(), job)
		if stagedoor.KindOf(err) != stagedoor.KindUsage {
			t.Errorf("%s: %v, want a usage error", name, err)
		}
	}
}

// TestMonthsBefore holds that six months before the 31st is the last day of a
// shorter month, not a day of the next one.
func TestMonthsBefore(t *testing.T) {
	for day, want := range map[string]string{"2026-08-31": "2026-02-28", "2026-11-22": "2026-05-22", "2026-03-15": "2025-09-15", "2026-12-31": "2026-06-30"} {
		if got := monthsBefore(date(day), 6).Format(time.DateOnly); got != want {
			t.Errorf("six months before %s = %s, want %s", day, got, want)
		}
	}
}

func TestRunSendsWhatTheStreamSays(t *testing.T) {
	s := &server{rows: func(stagedoor.Request) []string { return []string{`{"id":"a"}`} }, total: -1}
	e := engine(s, &place{})
	job := Job{Streams: []stagedoor.Stream{events, things}, Since: date("2026-11-01"), Until: date("2026-11-02"), Params: nil}
	if _, err := e.Run(t.Context(), plan(t, e, job)); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"/report/events?from=2026-11-01&kind=all&page_size=300&to=2026-11-02",
		"/things?page_size=300&status=on", "/things?page_size=300&status=off",
	}
	if diff := cmp.Diff(want, s.asked); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	s.asked = nil
	job = Job{Streams: []stagedoor.Stream{events}, Since: date("2026-11-01"), Until: date("2026-11-02"), Params: map[string]string{"kind": "-1"}}
	if _, err := e.Run(t.Context(), plan(t, e, job)); err != nil {
		t.Fatal(err)
	}
	if want := []string{"/report/events?from=2026-11-01&kind=-1&page_size=300&to=2026-11-02"}; !slices.Equal(s.asked, want) {
		t.Errorf("with a parameter of the job: %v, want %v", s.asked, want)
	}
}

func dayRows(req stagedoor.Request) (rows []string) {
	for i := range 5 {
		rows = append(rows, fmt.Sprintf(`{"id":"%s/%d"}`, req.Query.Get("from"), i))
	}
	return rows
}

func pageTokenDied() error {
	return &stagedoor.Error{Kind: stagedoor.KindPageToken, Status: 400, Cause: "expired"}
}

// TestSliceIsReadAgain holds that a slice whose page token died is read again
// from its start, and that the receipt counts its rows once.
func TestSliceIsReadAgain(t *testing.T) {
	s := &server{rows: dayRows, total: -1, fail: []error{nil, pageTokenDied(), pageTokenDied()}}
	p := &place{}
	e := engine(s, p)
	receipt, err := e.Run(t.Context(), plan(t, e, Job{Streams: []stagedoor.Stream{events}, Since: date("2026-11-01"), Until: date("2026-11-20")}))
	if err != nil {
		t.Fatal(err)
	}
	report := receipt.Streams[0]
	asked := []string{"GET /report/events?from=2026-11-01&kind=all&page_size=300&to=2026-11-20"}
	if !slices.Equal(report.Slices[0].Asked, asked) || report.Slices[0].Requests != 6 || report.Requests != 6 {
		t.Errorf("asked %v in %d requests, want %v in 6", report.Slices[0].Asked, report.Slices[0].Requests, asked)
	}
	if len(p.rows) != 5 || report.Returned != 5 || report.Written != 5 || report.Slices[0].Restarts != 2 || report.Slices[0].Pages != 3 {
		t.Errorf("rows %d, report %+v", len(p.rows), report)
	}
	if receipt.State != "done" {
		t.Errorf("state = %s", receipt.State)
	}
}

// TestRejectedToken holds that a token which somebody else's mint killed twice
// in a row does not end a run, and that one which is always rejected does, soon.
func TestRejectedToken(t *testing.T) {
	rejected := &stagedoor.Error{Kind: stagedoor.KindTokenRejected, Status: 401, Cause: "invalid"}
	for _, times := range []int{1, restartsRejected, 100} {
		s := &server{rows: dayRows, total: -1, fail: slices.Repeat([]error{rejected}, times)}
		e := engine(s, &place{})
		_, err := e.Run(t.Context(), plan(t, e, Job{Streams: []stagedoor.Stream{events}, Since: date("2026-11-01"), Until: date("2026-11-20")}))
		if want := times <= restartsRejected; (err == nil) != want || len(s.asked) != min(times, restartsRejected)+1 {
			t.Errorf("rejected %d times: %v after %d readings", times, err, len(s.asked))
		}
	}
}

// TestRepeatedPageToken holds that a server which hands out the same token for
// ever is given up soon, and that nothing of the slice is kept.
func TestRepeatedPageToken(t *testing.T) {
	repeated := &stagedoor.Error{Kind: stagedoor.KindPageToken, Cause: "the same page token came twice"}
	s := &server{rows: dayRows, total: -1, fail: slices.Repeat([]error{repeated}, 100)}
	p := &place{}
	e := engine(s, p)
	receipt, err := e.Run(t.Context(), plan(t, e, Job{Streams: []stagedoor.Stream{events}, Since: date("2026-11-01")}))
	if stagedoor.KindOf(err) != stagedoor.KindPageToken || len(s.asked) != 1+restartsRepeated || len(p.rows) != 0 {
		t.Errorf("err %v after %d readings with %d rows kept", err, len(s.asked), len(p.rows))
	}
	if receipt.State != "failed" || receipt.Streams[0].Error == nil || receipt.Streams[0].Slices[0].State != "failed" {
		t.Errorf("receipt = %+v", receipt)
	}
}

// TestStopsAndGoesOn holds that a run which stops in the middle keeps what was
// committed, and that the same job then reads only the rest.
func TestStopsAndGoesOn(t *testing.T) {
	daily := &stagedoor.Error{Kind: stagedoor.KindDailyQuota, Status: 429, Cause: "used up", RetryAt: date("2026-11-23")}
	s := &server{rows: dayRows, total: -1, fail: []error{nil, nil, nil, nil, daily}}
	p := &place{}
	e := engine(s, p)
	job := Job{Streams: []stagedoor.Stream{events}, Since: date("2026-09-15"), Until: date("2026-11-10")}
	receipt, err := e.Run(t.Context(), plan(t, e, job))
	if stagedoor.ExitStatus(err) != 5 || len(p.rows) != 5 || len(p.points) != 1 {
		t.Errorf("err %v, %d rows, %d checkpoints", err, len(p.rows), len(p.points))
	}
	if got := receipt.Streams[0].Error; got == nil || got.Kind != stagedoor.KindDailyQuota {
		t.Errorf("the receipt's error = %+v", got)
	}
	again := plan(t, e, job)
	if want := []string{"2026-10-01..2026-10-31", "2026-11-01..2026-11-10"}; !slices.Equal(sliceIDs(again.Streams[0]), want) {
		t.Errorf("slices of the second run = %v, want %v", sliceIDs(again.Streams[0]), want)
	}
	if _, err := e.Run(t.Context(), again); err != nil || len(p.rows) != 15 {
		t.Errorf("second run: %v, %d rows", err, len(p.rows))
	}
}

func TestRefusedStreams(t *testing.T) {
	scope := func() error { return &stagedoor.Error{Kind: stagedoor.KindScopeMissing, Cause: "no scope"} }
	refused := func(req stagedoor.Request) error {
		if req.Path == "/things" {
			return scope()
		}
		return nil
	}
	s := &refusing{server: server{rows: dayRows, total: -1}, refuse: refused}
	e := engine(&s.server, &place{})
	e.Reader = s
	both := Job{Streams: []stagedoor.Stream{things, events}, Since: date("2026-11-01"), Until: date("2026-11-20")}
	receipt, err := e.Run(t.Context(), plan(t, e, both))
	if stagedoor.ExitStatus(err) != 3 || len(receipt.Streams) != 2 || receipt.Streams[1].Returned != 5 || receipt.State != "partial" {
		t.Errorf("one of two refused: %v, %+v; want exit status 3 and the other stream read", err, receipt)
	}
	if _, err := e.Run(t.Context(), plan(t, e, Job{Streams: []stagedoor.Stream{things}})); stagedoor.KindOf(err) != stagedoor.KindScopeMissing {
		t.Errorf("the only stream refused: %v, want the reason itself", err)
	}
	s.refuse = func(stagedoor.Request) error { return &stagedoor.Error{Kind: stagedoor.KindInvalidClient} }
	receipt, err = e.Run(t.Context(), plan(t, e, both))
	if stagedoor.ExitStatus(err) != 4 || len(receipt.Streams) != 1 {
		t.Errorf("a refused credential: %v after %d streams; want 4 after one", err, len(receipt.Streams))
	}
}

type refusing struct {
	server
	refuse func(stagedoor.Request) error
}

func (r *refusing) Pages(ctx context.Context, req stagedoor.Request, keys []string, each func(stagedoor.Page) error) (stagedoor.Reading, error) {
	if err := r.refuse(req); err != nil {
		return stagedoor.Reading{Requests: 1, Total: -1}, err
	}
	return r.server.Pages(ctx, req, keys, each)
}

func TestReceipt(t *testing.T) {
	t.Run("skipped rows make the run partial", func(t *testing.T) {
		s := &server{total: -1, rows: func(stagedoor.Request) []string {
			return []string{`{"id":"a","extra":"x"}`, `{"id":""}`, `{"id":"c","odd":true}`, `{"id":"d","odd":true}`}
		}}
		p := &place{}
		e := engine(s, p)
		receipt, err := e.Run(t.Context(), plan(t, e, Job{Streams: []stagedoor.Stream{events}, Since: date("2026-11-22")}))
		if stagedoor.ExitStatus(err) != 3 {
			t.Errorf("err = %v, want exit status 3", err)
		}
		want := []stagedoor.Skip{
			{What: "row 2 of 2026-11-22..2026-11-22", Reason: "it is broken", Rows: 1},
			{What: "column odd in 2026-11-22..2026-11-22", Reason: "its value is not of the column's type; the rows are written without it, and _raw has it", Rows: 2},
		}
		if diff := cmp.Diff(want, receipt.Streams[0].Skipped); diff != "" {
			t.Errorf("skipped (-want +got):\n%s", diff)
		}
		if receipt.Streams[0].Returned != 4 || receipt.Streams[0].Written != 3 || receipt.Streams[0].Drift["extra"] != 1 || receipt.Streams[0].Form != "events" {
			t.Errorf("report = %+v", receipt.Streams[0])
		}
	})
	t.Run("an empty report says what it may mean, once", func(t *testing.T) {
		s := &server{total: -1, rows: func(stagedoor.Request) []string { return nil }}
		p := &place{}
		e := engine(s, p)
		job := Job{Streams: []stagedoor.Stream{events}, Since: date("2026-11-22")}
		receipt, err := e.Run(t.Context(), plan(t, e, job))
		if err != nil || len(receipt.Streams[0].Notices) != 1 || receipt.Streams[0].Notices[0].Kind != stagedoor.KindFeatureOff {
			t.Errorf("err %v, notices %+v", err, receipt.Streams[0].Notices)
		}
		p.points = append(p.points, point("2026-10-01..2026-10-31", noon, 9))
		if receipt, _ = e.Run(t.Context(), plan(t, e, job)); len(receipt.Streams[0].Notices) != 0 {
			t.Errorf("a quiet day after others with rows says %+v", receipt.Streams[0].Notices)
		}
	})
	t.Run("totals are compared with the provider's", func(t *testing.T) {
		s := &server{total: 3, rows: func(stagedoor.Request) []string { return []string{`{"id":"a"}`, `{"id":"b"}`} }}
		e := engine(s, &place{})
		receipt, err := e.Run(t.Context(), plan(t, e, Job{Streams: []stagedoor.Stream{things}}))
		if err != nil || *receipt.Streams[0].Slices[0].Total != 6 || len(receipt.Streams[0].Notices) != 1 {
			t.Errorf("err %v, report %+v", err, receipt.Streams[0])
		}
	})
	t.Run("lost days are skipped and said", func(t *testing.T) {
		s := &server{total: -1, rows: dayRows}
		e := engine(s, &place{})
		receipt, err := e.Run(t.Context(), plan(t, e, Job{Streams: []stagedoor.Stream{events}, Since: date("2026-01-01")}))
		if stagedoor.ExitStatus(err) != 3 || receipt.Streams[0].Skipped[0].What != "2026-01-01..2026-05-21" {
			t.Errorf("err %v, skipped %+v", err, receipt.Streams[0].Skipped)
		}
	})
}

func TestLimit(t *testing.T) {
	s := &server{total: -1, rows: dayRows}
	p := &place{}
	e := engine(s, p)
	job := Job{Streams: []stagedoor.Stream{events}, Since: date("2026-09-01"), Limit: 7}
	receipt, err := e.Run(t.Context(), plan(t, e, job))
	if err != nil || receipt.Streams[0].Returned != 7 || len(p.rows) != 7 {
		t.Errorf("err %v, %d returned, %d rows; want 7", err, receipt.Streams[0].Returned, len(p.rows))
	}
	job.Limit = 0
	if got := sliceIDs(plan(t, e, job).Streams[0]); !slices.Equal(got, []string{"2026-10-01..2026-10-31", "2026-11-01..2026-11-20", "2026-11-21..2026-11-22"}) {
		t.Errorf("after a limited run these are left: %v", got)
	}
}

// TestGone holds when rows that did not come again may be called gone: only
// after a whole reading, without further parameters, that had rows.
func TestGone(t *testing.T) {
	tests := []struct {
		name string
		job  Job
		rows []string
		want bool
	}{
		{"a whole reading", Job{Streams: []stagedoor.Stream{things}}, []string{`{"id":"a"}`}, true},
		{"a limited one", Job{Streams: []stagedoor.Stream{things}, Limit: 1}, []string{`{"id":"a"}`, `{"id":"b"}`}, false},
		{"a part", Job{Streams: []stagedoor.Stream{things}, Params: map[string]string{"role": "1"}}, []string{`{"id":"a"}`}, false},
		{"nothing at all", Job{Streams: []stagedoor.Stream{things}}, nil, false},
		{"a stream that does not show it", Job{Streams: []stagedoor.Stream{events}, Since: date("2026-11-22")}, []string{`{"id":"a"}`}, false},
	}
	for _, tt := range tests {
		p := &place{}
		e := engine(&server{total: -1, rows: func(stagedoor.Request) []string { return tt.rows }}, p)
		if _, err := e.Run(t.Context(), plan(t, e, tt.job)); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(p.gone, []bool{tt.want}) {
			t.Errorf("%s: gone = %v, want %v", tt.name, p.gone, tt.want)
		}
	}
}

func TestDestinationFails(t *testing.T) {
	p := &place{fail: &stagedoor.Error{Kind: stagedoor.KindDestination, Cause: "the disk is full"}}
	e := engine(&server{total: -1, rows: dayRows}, p)
	receipt, err := e.Run(t.Context(), plan(t, e, Job{Streams: []stagedoor.Stream{events, things}, Since: date("2026-11-01")}))
	if stagedoor.KindOf(err) != stagedoor.KindDestination || len(receipt.Streams) != 1 || receipt.Streams[0].Written != 0 {
		t.Errorf("err %v, receipt %+v", err, receipt)
	}
}

func TestProgress(t *testing.T) {
	var seen []Progress
	e := engine(&server{total: -1, rows: dayRows}, &place{})
	e.Progress = func(p Progress) { seen = append(seen, p) }
	if _, err := e.Run(t.Context(), plan(t, e, Job{Streams: []stagedoor.Stream{events}, Since: date("2026-10-31"), Until: date("2026-11-01")})); err != nil {
		t.Fatal(err)
	}
	want := Progress{
		Streams: []StreamProgress{{Stream: "events", State: StreamReads, Slice: "2026-11-01..2026-11-01", Done: 2, Slices: 2, Rows: 10, Requests: 6}},
		Done:    2, Slices: 2, Rows: 10, Requests: 6, SecondsLeft: -1,
	}
	if diff := cmp.Diff(want, seen[len(seen)-1]); diff != "" {
		t.Errorf("last progress (-want +got):\n%s", diff)
	}
}

// TestDaysThatChangeAreOneSlice holds that the days which are read again cost one
// call on the first of a month too.
func TestDaysThatChangeAreOneSlice(t *testing.T) {
	e := engine(&server{}, &place{})
	e.Now = func() time.Time { return date("2026-12-01").Add(12 * time.Hour) }
	got := sliceIDs(plan(t, e, Job{Streams: []stagedoor.Stream{events}, Since: date("2026-10-25")}).Streams[0])
	want := []string{"2026-10-25..2026-10-31", "2026-11-01..2026-11-29", "2026-11-30..2026-12-01"}
	if !slices.Equal(got, want) {
		t.Errorf("slices %v, want %v", got, want)
	}
}
