package sync

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

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
