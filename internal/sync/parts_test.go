package sync

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stagedoor/stagedoor"
)

// held is a stream that is read for each of the things.
func held() stagedoor.Stream {
	s := events
	s.Name, s.Path = "held", "/things/{thing}/events"
	s.Partition = &stagedoor.Partition{Stream: "things", Column: "id", Param: "thing", Into: "id", Gone: []string{"1001"}}
	return s
}

// partServer has three things, one of them in both passes, and events of each.
func partServer() *server {
	return &server{total: -1, rows: func(req stagedoor.Request) []string {
		switch {
		case req.Path != "/things":
			return []string{fmt.Sprintf(`{"id":"%s/%s"}`, req.Path, req.Query.Get("from"))}
		case req.Query.Get("status") == "on":
			return []string{`{"id":"a"}`, `{"id":"b"}`}
		default:
			return []string{`{"id":"b"}`, `{"id":"c"}`}
		}
	}}
}

func partEngine(s *server, p *place) *Engine {
	e := engine(s, p)
	e.Parent = func(name string) (stagedoor.Stream, bool) { return things, name == "things" }
	e.Path = func(template string, ids ...string) string { return strings.ReplaceAll(template, "{thing}", ids[0]) }
	return e
}

func asked(s *server, path string) (list []string) {
	for _, a := range s.asked {
		if strings.HasPrefix(a, path+"?") {
			list = append(list, a)
		}
	}
	return list
}

// TestParts holds the order of reading: the list of parts once, then the oldest
// days of all parts, then the next ones.
func TestParts(t *testing.T) {
	s, p := partServer(), &place{}
	e := partEngine(s, p)
	var last Progress
	e.Progress = func(now Progress) { last = now }
	job := Job{Streams: []stagedoor.Stream{held()}, Since: date("2026-10-30")}
	receipt, err := e.Run(t.Context(), plan(t, e, job))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, slice := range receipt.Streams[0].Slices {
		got = append(got, slice.Slice)
	}
	want := []string{
		"2026-10-30..2026-10-31@a", "2026-10-30..2026-10-31@b", "2026-10-30..2026-10-31@c",
		"2026-11-01..2026-11-20@a", "2026-11-01..2026-11-20@b", "2026-11-01..2026-11-20@c",
		"2026-11-21..2026-11-22@a", "2026-11-21..2026-11-22@b", "2026-11-21..2026-11-22@c",
	}
	if !slices.Equal(got, want) || len(asked(s, "/things")) != 2 || len(p.rows) != 9 {
		t.Errorf("read %v in order, the list %d times, %d rows", got, len(asked(s, "/things")), len(p.rows))
	}
	if r := receipt.Streams[0]; r.Parts == nil || *r.Parts != (stagedoor.PartsReport{Of: "things", Count: 3, Requests: 2}) || r.Requests != 11 || r.SlicesWritten != 9 {
		t.Errorf("report = %+v, parts %+v", r, r.Parts)
	}
	if held := last.Streams[0]; held.Parts != 3 || held.Done != 9 || held.Slices != 9 || held.Of != "things" || held.Requests != 11 {
		t.Errorf("last progress = %+v", last)
	}
	again := plan(t, e, job)
	if err := e.Divide(t.Context(), &again); err != nil {
		t.Fatal(err)
	}
	if ids := sliceIDs(again.Streams[0]); !slices.Equal(ids, []string{"2026-11-21..2026-11-22@a", "2026-11-21..2026-11-22@b", "2026-11-21..2026-11-22@c"}) {
		t.Errorf("a second run reads %v", ids)
	}
}

// TestPartsGoOn holds that a run which was stopped among the parts goes on with
// those that it did not come to, and reads the others' open days after them.
func TestPartsGoOn(t *testing.T) {
	s, p := partServer(), &place{}
	e := partEngine(s, p)
	job := Job{Streams: []stagedoor.Stream{held()}, Since: date("2026-11-01")}
	daily := &stagedoor.Error{Kind: stagedoor.KindDailyQuota, Status: 429}
	s.fail = []error{nil, nil, nil, daily} // two lists, a, then b
	if _, err := e.Run(t.Context(), plan(t, e, job)); stagedoor.KindOf(err) != stagedoor.KindDailyQuota {
		t.Fatal(err)
	}
	again := plan(t, e, job)
	if err := e.Divide(t.Context(), &again); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"2026-11-01..2026-11-20@b", "2026-11-01..2026-11-20@c",
		"2026-11-21..2026-11-22@a", "2026-11-21..2026-11-22@b", "2026-11-21..2026-11-22@c",
	}
	if ids := sliceIDs(again.Streams[0]); !slices.Equal(ids, want) {
		t.Errorf("it goes on with %v, want %v", ids, want)
	}
}

// TestPartsOfOneRun holds that a parent which is read anyway is not walked, that
// a page token that dies costs its slice alone, and that a part which has gone
// costs only itself.
func TestPartsOfOneRun(t *testing.T) {
	s, p := partServer(), &place{}
	e := partEngine(s, p)
	job := Job{Streams: []stagedoor.Stream{held(), things}, Since: date("2026-10-30"), Until: date("2026-11-20")}
	s.fail = []error{nil, nil, pageTokenDied()}
	receipt, err := e.Run(t.Context(), plan(t, e, job))
	if err != nil || len(asked(s, "/things")) != 2 || receipt.Streams[1].Parts.Count != 3 || receipt.Streams[1].Slices[0].Restarts != 1 || len(s.asked) != 2+7 {
		t.Errorf("%v, asked %v", err, s.asked)
	}

	s, p = partServer(), &place{}
	e = partEngine(s, p)
	goneError := &stagedoor.Error{Kind: stagedoor.KindNotFound, Status: 404, Code: "1001", Cause: "no such thing"}
	s.fail = []error{nil, nil, nil, goneError} // b's first slice
	job.Streams = job.Streams[:1]
	receipt, err = e.Run(t.Context(), plan(t, e, job))
	r := receipt.Streams[0]
	if stagedoor.KindOf(err) != stagedoor.KindPartial || r.Parts.Gone != 1 || len(r.Skipped) != 1 || r.Skipped[0] != (stagedoor.Skip{What: "things b", Reason: "no such thing"}) ||
		r.SlicesWritten != 4 || len(r.Slices) != 5 || len(asked(s, "/things/b/events")) != 1 {
		t.Errorf("%v, report %+v, asked %v", err, r, s.asked)
	}
}
