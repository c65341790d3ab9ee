package stream_test

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/stream"
	"github.com/stagedoor/stagedoor/internal/zoom"
)

// parameter is what Zoom's documents say of a query parameter.
type parameter struct {
	name     string
	required bool
	takes    string
}

// documented reads testdata/parameters.tsv, by operation.
func documented(t *testing.T) map[string][]parameter {
	t.Helper()
	text, err := os.ReadFile("testdata/parameters.tsv")
	if err != nil {
		t.Fatal(err)
	}
	list := map[string][]parameter{}
	for line := range strings.Lines(string(text)) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if strings.HasPrefix(line, "#") {
			continue
		}
		if len(fields) != 3 || fields[2] == "" {
			t.Fatalf("not three fields: %q", line)
		}
		name, required := strings.CutSuffix(fields[1], "!")
		list[fields[0]] = append(list[fields[0]], parameter{name, required, fields[2]})
	}
	return list
}

// fits reports whether the parameter takes the value.
func (p parameter) fits(value string) bool {
	switch p.takes {
	case "text":
		return true
	case "day":
		_, err := time.Parse(time.DateOnly, value)
		return err == nil
	case "number":
		_, err := strconv.Atoi(value)
		return err == nil
	}
	if low, high, span := strings.Cut(p.takes, ".."); span {
		least, _ := strconv.Atoi(low)
		most, _ := strconv.Atoi(high)
		n, err := strconv.Atoi(value)
		return err == nil && least <= n && n <= most
	}
	return slices.Contains(strings.Split(p.takes, "|"), value)
}

// TestStreamsAskWhatZoomDocuments holds each call of each stream against what
// Zoom publishes: the operation is there and not withdrawn, each required
// parameter is sent, none that the operation does not know, and no value that it
// does not take. Zoom's documents are asked twice over, by the embedded table of
// operations and by a file of parameters, and these two must agree.
func TestStreamsAskWhatZoomDocuments(t *testing.T) {
	parameters := documented(t)
	read := map[string]bool{}
	for _, s := range stream.All() {
		t.Run(s.Name, func(t *testing.T) {
			op, ok := zoom.Operations().Find(s.Method, s.Path)
			if !ok || op.Path != s.Path || op.Deprecated {
				t.Fatalf("%s %s is no operation that Zoom has now (found %+v)", s.Method, s.Path, op)
			}
			read[op.Name()] = true
			known := parameters[op.Name()]
			checkAgreement(t, op, known)
			for _, call := range calls(s) {
				for _, p := range known {
					if _, sent := call[p.name]; p.required && !sent {
						t.Errorf("the required parameter %s is not sent: %v", p.name, call)
					}
				}
				for name, value := range call {
					i := slices.IndexFunc(known, func(p parameter) bool { return p.name == name })
					switch {
					case i < 0:
						t.Errorf("%s is sent, and Zoom knows only %v", name, op.Query)
					case !known[i].fits(value):
						t.Errorf("%s=%s is sent, and Zoom takes %s", name, value, known[i].takes)
					}
				}
			}
			checkPath(t, s)
			// Its paging page permits 300 where a document permits more
			// (developers.zoom.us/docs/api/pagination, read 2026-11).
			if op.Paging == stagedoor.PagingToken && (s.PageSize < 1 || s.PageSize > 300) {
				t.Errorf("page_size is %d, and what all of Zoom's pages permit is 1 to 300", s.PageSize)
			}
			if len(op.ListKeys) == 0 || len(s.ListKeys) == 0 || !slices.Contains(op.ListKeys, s.ListKeys[0]) {
				t.Errorf("the rows are looked for under %v first, and Zoom has them under %v", s.ListKeys, op.ListKeys)
			}
			// Of scheduled meetings all are wanted, whatever their day.
			if days := slices.Contains(op.Query, "from") && slices.Contains(op.Query, "to") && s.Name != "meetings"; days != (s.Window != nil && s.Window.From == "from" && s.Window.To == "to") {
				t.Errorf("that the operation is bounded by days is %v, and the stream's window is %+v", days, s.Window)
			}
		})
	}
	for name := range parameters {
		if !read[name] {
			t.Errorf("testdata/parameters.tsv has %s, which no stream reads", name)
		}
	}
}

// checkAgreement holds the file of parameters against the table of operations.
func checkAgreement(t *testing.T, op stagedoor.Operation, known []parameter) {
	t.Helper()
	var names, required []string
	for _, p := range known {
		names = append(names, p.name)
		if p.required {
			required = append(required, p.name)
		}
	}
	if !slices.Equal(slices.Sorted(slices.Values(names)), slices.Sorted(slices.Values(op.Query))) {
		t.Errorf("testdata/parameters.tsv has %v, and the table of operations %v", names, op.Query)
	}
	if !slices.Equal(slices.Sorted(slices.Values(required)), slices.Sorted(slices.Values(op.Required))) {
		t.Errorf("testdata/parameters.tsv requires %v, and the table of operations %v", required, op.Required)
	}
}

// checkPath holds that every name in the path is filled by the stream's part.
func checkPath(t *testing.T, s stagedoor.Stream) {
	t.Helper()
	var names, filled []string
	for _, segment := range strings.Split(s.Path, "/") {
		if name, ok := strings.CutPrefix(segment, "{"); ok {
			names = append(names, strings.TrimSuffix(name, "}"))
		}
	}
	if s.Partition != nil {
		filled = []string{s.Partition.Param}
	}
	if !slices.Equal(names, filled) {
		t.Errorf("the path has the names %v, and the parts fill %v", names, filled)
	}
}

// calls are the parameters of a slice's calls, one for each pass. A pass must not
// be asked for twice, and not change what the stream always sends.
func calls(s stagedoor.Stream) []map[string]string {
	passes := s.Passes
	if len(passes) == 0 {
		passes = []map[string]string{nil}
	}
	var list []map[string]string
	for _, pass := range passes {
		call := map[string]string{"page_size": strconv.Itoa(s.PageSize), "next_page_token": "IAfJX3jsOLW7w3dokmFl84zOa0MAVGyMEB2"}
		for _, params := range []map[string]string{s.Params, pass} {
			for name, value := range params {
				call[name] = value
			}
		}
		if s.Window != nil && s.Window.From != "" {
			call[s.Window.From], call[s.Window.To] = "2026-11-01", "2026-11-24"
		}
		list = append(list, call)
	}
	return list
}

// TestPassesShowEverything holds that the passes of a stream are all values of
// one parameter that split what the operation shows, each once.
func TestPassesShowEverything(t *testing.T) {
	want := map[string]string{
		"users": "status=active status=inactive status=pending", "meeting_registrants": "status=pending status=approved status=denied",
		"report_user_meetings": "type=past type=pastOne", // pastJoined shows meetings that other hosts have
	}
	for _, s := range stream.All() {
		var got []string
		for _, pass := range s.Passes {
			if len(pass) != 1 {
				t.Errorf("%s: a pass sets %v", s.Name, pass)
			}
			for name, value := range pass {
				got = append(got, name+"="+value)
				if _, set := s.Params[name]; set {
					t.Errorf("%s: %s is set by passes and always", s.Name, name)
				}
			}
		}
		if text := strings.Join(got, " "); text != want[s.Name] {
			t.Errorf("%s is read in the passes %q, want %q", s.Name, text, want[s.Name])
		}
	}
}
