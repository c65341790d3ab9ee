package sync

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stagedoor/stagedoor"
)

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
// after a whole reading, without further parameters, that had rows or was counted
// to have none.
func TestGone(t *testing.T) {
	tests := []struct {
		name string
		job  Job
		rows []string
		want bool
		none bool // the answer says that there are no rows
	}{
		{"a whole reading", Job{Streams: []stagedoor.Stream{things}}, []string{`{"id":"a"}`}, true, false},
		{"a limited one", Job{Streams: []stagedoor.Stream{things}, Limit: 1}, []string{`{"id":"a"}`, `{"id":"b"}`}, false, false},
		{"a part", Job{Streams: []stagedoor.Stream{things}, Params: map[string]string{"role": "1"}}, []string{`{"id":"a"}`}, false, false},
		{"nothing at all", Job{Streams: []stagedoor.Stream{things}}, nil, false, false},
		{"nothing at all, and it is counted", Job{Streams: []stagedoor.Stream{things}}, nil, true, true},
		{"a stream that does not show it", Job{Streams: []stagedoor.Stream{events}, Since: date("2026-11-22")}, []string{`{"id":"a"}`}, false, false},
	}
	for _, tt := range tests {
		p := &place{}
		total := -1
		if tt.none {
			total = 0
		}
		e := engine(&server{total: total, rows: func(stagedoor.Request) []string { return tt.rows }}, p)
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
