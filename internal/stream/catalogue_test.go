package stream

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stagedoor/stagedoor"
)

// TestTable holds what every declaration must have, so that a stream which is
// added can not be half one.
func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range All() {
		if seen[s.Name] {
			t.Errorf("%s is declared twice", s.Name)
		}
		seen[s.Name] = true
		if s.Title == "" || s.Family == "" || s.Description == "" || !strings.HasPrefix(s.Docs, "https://developers.zoom.us/") {
			t.Errorf("%s: title, family, description or docs are missing", s.Name)
		}
		if s.Method != "GET" || !strings.HasPrefix(s.Path, "/") || len(s.ListKeys) == 0 || s.PageSize == 0 {
			t.Errorf("%s: method, path, list key or page size are missing", s.Name)
		}
		if len(s.ID) == 0 && len(s.Content) == 0 {
			t.Errorf("%s: nothing makes a key", s.Name)
		}
		if p := s.Partition; p != nil {
			checkPartition(t, s, *p)
		}
		if w := s.Window; w != nil && (len(s.Day) == 0 || w.Settle <= 0 || w.LookBack+w.First == 0) {
			t.Errorf("%s: it is bounded by days, and lacks the day of a row, or when days are settled, or where a first reading begins", s.Name)
		}
		if !s.ShowsGone || !strings.HasSuffix(s.Description, ".") || s.Example == "" {
			t.Errorf("%s: a whole reading does not show what is gone, or its description or example is unfinished", s.Name)
		}
		if s.Derived != (s.From != "") {
			t.Errorf("%s: derived is %v, and it is worked out from %q", s.Name, s.Derived, s.From)
		}
		names := map[string]bool{}
		for _, c := range s.Columns {
			if names[c.Name] || strings.HasPrefix(c.Name, "_") || c.Type == "" {
				t.Errorf("%s: column %q is there twice, starts with an underscore or has no type", s.Name, c.Name)
			}
			names[c.Name] = true
		}
		for _, name := range slices.Concat(slices.Concat(s.ID...), s.Content, s.Day) {
			if !names[name] {
				t.Errorf("%s: its key is made of %q, which is no column", s.Name, name)
			}
		}
	}
}

// TestOrder holds that a stream comes after those that it is read by or worked
// out from, and that a family stands together.
func TestOrder(t *testing.T) {
	var seen, families []string
	for _, s := range All() {
		needs := []string{s.From}
		if s.Partition != nil {
			needs = append(needs, s.Partition.Stream)
		}
		for _, name := range needs {
			if name != "" && !slices.Contains(seen, name) {
				t.Errorf("%s comes before %s", s.Name, name)
			}
		}
		seen = append(seen, s.Name)
		if n := len(families); n > 0 && families[n-1] == s.Family {
			continue
		}
		if slices.Contains(families, s.Family) {
			t.Errorf("%s stands apart from its family", s.Name)
		}
		families = append(families, s.Family)
	}
}

// checkPartition holds that a stream which is read in parts names columns that
// are there, and rows of one part are told from those of another.
func checkPartition(t *testing.T, s stagedoor.Stream, p stagedoor.Partition) {
	t.Helper()
	i := slices.IndexFunc(All(), func(parent stagedoor.Stream) bool { return parent.Name == p.Stream })
	if i < 0 {
		t.Errorf("%s: its parent %q is no stream", s.Name, p.Stream)
		return
	}
	parent := All()[i]
	if p.Nested != (parent.Window != nil) || p.Nested && (s.Window == nil || s.Window.From+s.Window.To != "" || s.Window.Days == 0 || !slices.Contains(slices.Collect(maps.Values(p.Carry)), s.Day[0])) {
		t.Errorf("%s: nested is %v, and how its parent %s is read does not fit", s.Name, p.Nested, p.Stream)
	}
	if p.Nested && (parent.Partition != nil || len(p.Empty) > 0) {
		t.Errorf("%s: a parent with a window is read as one", s.Name)
	}
	typeOf := func(s stagedoor.Stream, column string) stagedoor.ColumnType {
		for _, c := range s.Columns {
			if c.Name == column {
				return c.Type
			}
		}
		return ""
	}
	// A part's value is text; both columns have one type, so that tables can be joined.
	if of := typeOf(parent, p.Column); of != typeOf(s, p.Into) || of != stagedoor.Text && of != stagedoor.Digits {
		t.Errorf("%s: %s.%s is %s, and %s is %s", s.Name, p.Stream, p.Column, of, p.Into, typeOf(s, p.Into))
	}
	for from, into := range p.Carry {
		if of := typeOf(parent, from); of == "" || of != typeOf(s, into) {
			t.Errorf("%s: %s.%s is %q, and it is carried into %s, which is %q", s.Name, p.Stream, from, of, into, typeOf(s, into))
		}
	}
	for column := range p.Only {
		if typeOf(parent, column) == "" {
			t.Errorf("%s: %s has no column %s", s.Name, p.Stream, column)
		}
	}
	if p.Alone != "" && typeOf(parent, p.Alone) != stagedoor.Integer {
		t.Errorf("%s: %s.%s counts nobody", s.Name, p.Stream, p.Alone)
	}
	// Rows of two parts that are alike otherwise must not have one key. A meeting
	// of a user is the same meeting for whomever it is listed.
	if !p.Nested && slices.ContainsFunc(s.ID, func(id []string) bool { return slices.Contains([]string{"uuid", "id"}, id[0]) && len(id) == 1 }) {
		return
	}
	for _, key := range slices.Concat(s.ID, [][]string{s.Content}) {
		if len(key) > 0 && !slices.Contains(key, p.Into) {
			t.Errorf("%s: its part is not of the key %v", s.Name, key)
		}
	}
}

func TestFind(t *testing.T) {
	for _, family := range families() {
		found, _ := Find(family)
		of := slices.DeleteFunc(All(), func(s stagedoor.Stream) bool { return s.Family != family })
		if slices.Contains(names(), family) && len(found) != len(of) {
			t.Errorf("%s is a stream and a family, and means one of two things", family)
		}
	}
	names := func(list []stagedoor.Stream) (out []string) {
		for _, s := range list {
			out = append(out, s.Name)
		}
		return out
	}
	every := names(All())
	tests := []struct {
		words []string
		want  []string
	}{
		{[]string{"users"}, []string{"users"}},
		{[]string{"people"}, []string{"users", "groups", "group_members"}},
		{[]string{"scheduled"}, []string{"meetings", "meeting_registrants"}},
		{[]string{"meetings"}, []string{"meetings"}},
		{[]string{"reports"}, []string{
			"history_meetings", "report_meeting_participants", "meeting_attendance", "report_user_meetings",
			"meeting_activities", "operation_logs", "sign_in_activities",
		}},
		{[]string{"groups", "people", "users"}, []string{"groups", "users", "group_members"}},
		{[]string{"all"}, every},
		{[]string{"sign_in_activities", "all"}, append([]string{"sign_in_activities"}, slices.DeleteFunc(slices.Clone(every), func(name string) bool { return name == "sign_in_activities" })...)},
	}
	for _, tt := range tests {
		got, err := Find(tt.words...)
		if err != nil || !slices.Equal(names(got), tt.want) {
			t.Errorf("Find(%v) = %v, %v; want %v", tt.words, names(got), err, tt.want)
		}
	}
	_, err := Find("meeting")
	if stagedoor.KindOf(err) != stagedoor.KindUsage || !strings.Contains(err.Error(), "meeting_activities") || !strings.Contains(err.Error(), "Did you mean meetings?") {
		t.Errorf("an unknown stream = %v, want a usage error that lists what there is", err)
	}
}
