package sync

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/stagedoor/stagedoor"
)

// The streams of a small world that has one of every shape: groups and what is
// read for each of them, and for each of those; meetings by days, who was in
// them, and what is worked out of that.
var (
	groups = stagedoor.Stream{
		Name: "groups", Method: "GET", Path: "/groups", ListKeys: []string{"rows"}, ShowsGone: true,
		Columns: columns("id", "name"), ID: [][]string{{"id"}},
	}
	members = stagedoor.Stream{
		Name: "members", Method: "GET", Path: "/groups/{id}/members", ListKeys: []string{"rows"}, ShowsGone: true,
		Partition: &stagedoor.Partition{Stream: "groups", Column: "id", Into: "group", Gone: []string{"404"}, Empty: []string{"300"}},
		Columns:   columns("id", "group", "name"), ID: [][]string{{"group", "id"}},
	}
	badges = stagedoor.Stream{
		Name: "badges", Method: "GET", Path: "/members/{id}/badges", ListKeys: []string{"rows"}, ShowsGone: true,
		Passes:    []map[string]string{{"kind": "gold"}, {"kind": "tin"}},
		Partition: &stagedoor.Partition{Stream: "members", Column: "id", Into: "member", Gone: []string{"404"}},
		Columns:   columns("id", "member"), ID: [][]string{{"member", "id"}},
	}
	logs = stagedoor.Stream{
		Name: "logs", Method: "GET", Path: "/logs", ListKeys: []string{"rows"}, ShowsGone: true, Day: []string{"day"},
		Window:  &stagedoor.Window{From: "from", To: "to", LookBack: 2, Settle: 24 * time.Hour},
		Columns: columns("id", "day"), ID: [][]string{{"id"}},
	}
	meetings = stagedoor.Stream{
		Name: "meetings", Method: "GET", Path: "/meetings", ListKeys: []string{"rows"}, ShowsGone: true, Day: []string{"day"},
		Window:  &stagedoor.Window{From: "from", To: "to", LookBack: 2, Settle: 24 * time.Hour},
		Columns: columns("id", "day", "topic", "kind", "people"), ID: [][]string{{"id"}},
	}
	people = stagedoor.Stream{
		Name: "people", Method: "GET", Path: "/meetings/{id}/people", ListKeys: []string{"rows"}, ShowsGone: true, Day: []string{"day"},
		Window: &stagedoor.Window{LookBack: 2, Settle: 24 * time.Hour, Days: 1},
		Partition: &stagedoor.Partition{
			Stream: "meetings", Column: "id", Into: "meeting", Nested: true,
			Carry: map[string]string{"day": "day", "topic": "topic"}, Only: map[string]string{"kind": "Meeting"},
			Gone: []string{"3001"}, Alone: "people",
		},
		Columns: columns("id", "meeting", "day", "topic", "name"), ID: [][]string{{"meeting", "id"}},
	}
	attendance = func() stagedoor.Stream {
		s := people
		s.Name, s.Derived, s.From = "attendance", true, "people"
		s.Columns, s.ID = columns("meeting", "day", "name", "times"), [][]string{{"meeting", "name"}}
		return s
	}()
	world = []stagedoor.Stream{groups, members, badges, logs, meetings, people, attendance}
)

func columns(names ...string) (list []stagedoor.Column) {
	for _, name := range names {
		t := stagedoor.Text
		if name == "day" {
			t = stagedoor.Timestamp
		}
		list = append(list, stagedoor.Column{Name: name, Type: t})
	}
	return list
}

func named(name string) (stagedoor.Stream, bool) {
	i := slices.IndexFunc(world, func(s stagedoor.Stream) bool { return s.Name == name })
	if i < 0 {
		return stagedoor.Stream{}, false
	}
	return world[i], true
}

// fields are a record as the provider sends it.
type fields map[string]string

// provider has lists of rows by path, which it gives page by page as they are at
// that moment: a row that goes away moves the others.
type provider struct {
	mu      sync.Mutex
	lists   map[string][]fields
	perPage int
	counts  bool                                                     // it tells how many rows there are
	before  func(path string, req stagedoor.Request, page int) error // called before each page, without the mutex
	asked   []string                                                 // lists that were begun
	ahead   time.Duration                                            // of this machine's clock
	pages   int
	flying  map[string]int // by what the path starts with
	most    map[string]int
}

func newProvider() *provider {
	return &provider{lists: map[string][]fields{}, perPage: 2, flying: map[string]int{}, most: map[string]int{}}
}

func (p *provider) Pages(ctx context.Context, req stagedoor.Request, _ []string, each func(stagedoor.Page) error) (stagedoor.Reading, error) {
	kind, _, _ := strings.Cut(strings.TrimPrefix(req.Path, "/"), "/")
	p.mu.Lock()
	p.asked = append(p.asked, req.Path+"?"+req.Query.Encode())
	p.flying[kind]++
	p.most[kind] = max(p.most[kind], p.flying[kind])
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		p.flying[kind]--
		p.mu.Unlock()
	}()
	reading := stagedoor.Reading{Total: -1, Ahead: p.ahead}
	for at := 0; ; at += p.perPage {
		reading.Requests++
		if p.before != nil {
			if err := p.before(req.Path, req, reading.Pages+1); err != nil {
				return reading, err
			}
		}
		if ctx.Err() != nil {
			return reading, &stagedoor.Error{Kind: stagedoor.KindInterrupted, Cause: "stopped", Err: ctx.Err()}
		}
		page := stagedoor.Page{Number: reading.Pages + 1, Form: "rows", Total: -1}
		rows := p.rows(req)
		if p.counts {
			page.Total = len(rows)
		}
		for _, row := range rows[min(at, len(rows)):min(at+p.perPage, len(rows))] {
			raw, _ := json.Marshal(row)
			page.Rows = append(page.Rows, raw)
		}
		reading.Pages++
		reading.Form, reading.Total = "rows", page.Total
		if err := each(page); err != nil {
			return reading, err
		}
		if at+p.perPage >= len(rows) {
			return reading, nil
		}
	}
}

func (p *provider) rows(req stagedoor.Request) (rows []fields) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pages++
	from, to, kind := req.Query.Get("from"), req.Query.Get("to"), req.Query.Get("kind")
	for _, row := range p.lists[req.Path] {
		if from != "" && (row["day"][:10] < from || row["day"][:10] > to) || kind != "" && row["kind"] != kind {
			continue
		}
		rows = append(rows, maps.Clone(row))
	}
	slices.SortFunc(rows, func(a, b fields) int { return cmp.Or(cmp.Compare(a["day"], b["day"]), cmp.Compare(a["id"], b["id"])) })
	return rows
}

// reader decodes rows of the world: the columns, and of parts what the parent's
// row says.
type reader struct {
	stream stagedoor.Stream
	part   stagedoor.Part
}

func (d reader) Decode(raw []byte) (stagedoor.Decoded, error) {
	var row fields
	if err := json.Unmarshal(raw, &row); err != nil {
		return stagedoor.Decoded{}, &stagedoor.Error{Kind: stagedoor.KindBadAnswer, Cause: "it is broken"}
	}
	return d.record(row, raw), nil
}

func (d reader) record(row fields, raw []byte) stagedoor.Decoded {
	out := stagedoor.Decoded{Record: stagedoor.Record{Raw: raw}}
	key := map[string]string{}
	for _, c := range d.stream.Columns {
		var value any
		if text, ok := row[c.Name]; ok {
			value = text
		}
		if p := d.stream.Partition; p != nil && p.Into == c.Name {
			value = d.part.Value
		}
		if v, ok := d.part.Carried[c.Name]; ok {
			value = v
		}
		if text, ok := value.(string); ok && c.Type == stagedoor.Timestamp {
			t, err := time.Parse(time.RFC3339, text)
			if err != nil {
				panic(err)
			}
			value = t
		}
		key[c.Name] = textOf(value)
		if t, ok := value.(time.Time); ok {
			key[c.Name] = t.Format(time.DateOnly)
		}
		out.Values = append(out.Values, value)
	}
	var parts []string
	for _, name := range append(slices.Clone(d.stream.Day), d.stream.ID[0]...) {
		parts = append(parts, key[name])
	}
	out.Key = strings.Join(parts, ":")
	return out
}

// counter works out how often each name was in a meeting.
type counter struct {
	reader
	times map[string]int
}

func (c *counter) Add(raw []byte) error {
	var row fields
	if err := json.Unmarshal(raw, &row); err != nil {
		return err
	}
	c.times[row["name"]]++
	return nil
}

func (c *counter) Rows() (list []stagedoor.Decoded, err error) {
	for _, name := range slices.Sorted(maps.Keys(c.times)) {
		row := fields{"name": name, "times": fmt.Sprint(c.times[name])}
		raw, _ := json.Marshal(row)
		list = append(list, c.record(row, raw))
	}
	return list, nil
}

// truth is what a place should hold of a stream, less what is gone: raw by key.
func (p *provider) truth(s stagedoor.Stream) map[string]string {
	held := map[string]string{}
	add := func(path string, part stagedoor.Part) {
		count := counter{reader{s, part}, map[string]int{}}
		for _, row := range p.lists[path] {
			raw, _ := json.Marshal(row)
			if s.From != "" {
				_ = count.Add(raw)
				continue
			}
			r := count.record(row, raw)
			held[r.Key] = string(r.Raw)
		}
		rows, _ := count.Rows()
		for _, r := range rows {
			held[r.Key] = string(r.Raw)
		}
	}
	switch s.Name {
	case "members":
		for _, g := range p.lists["/groups"] {
			add("/groups/"+g["id"]+"/members", stagedoor.Part{Value: g["id"]})
		}
	case "badges":
		for _, g := range p.lists["/groups"] {
			for _, m := range p.lists["/groups/"+g["id"]+"/members"] {
				add("/members/"+m["id"]+"/badges", stagedoor.Part{Value: m["id"]})
			}
		}
	case "people", "attendance":
		for _, m := range p.lists["/meetings"] {
			if m["kind"] == "Meeting" {
				add("/meetings/"+m["id"]+"/people", stagedoor.Part{Value: m["id"], Carried: map[string]any{"day": m["day"], "topic": m["topic"]}})
			}
		}
	default:
		add(s.Path, stagedoor.Part{})
	}
	return held
}

// worldEngine reads the world side by side: lists of groups and of what hangs on
// them are one label, the rest another.
func worldEngine(p *provider, place *shelf) *Engine {
	return &Engine{
		Reader: p, Destination: place,
		Decoder: func(s stagedoor.Stream, _ stagedoor.Slice, part stagedoor.Part) Decoder { return reader{s, part} },
		Derive: func(s stagedoor.Stream, _ stagedoor.Slice, part stagedoor.Part) Deriver {
			return &counter{reader{s, part}, map[string]int{}}
		},
		Parent: named,
		Path:   func(template string, ids ...string) string { return strings.ReplaceAll(template, "{id}", ids[0]) },
		Width:  func(stagedoor.Stream) int { return 3 },
		Label: func(s stagedoor.Stream) string {
			if s.Window == nil {
				return "light"
			}
			return "heavy"
		},
	}
}
