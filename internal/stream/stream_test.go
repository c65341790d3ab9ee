package stream

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

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
		{[]string{"people"}, []string{"group_members", "groups", "users"}},
		{[]string{"scheduled"}, []string{"meeting_registrants", "meetings"}},
		{[]string{"meetings"}, []string{"meetings"}},
		{[]string{"reports"}, []string{
			"history_meetings", "meeting_activities", "meeting_attendance", "operation_logs",
			"report_meeting_participants", "report_user_meetings", "sign_in_activities",
		}},
		{[]string{"users", "people", "groups"}, []string{"users", "group_members", "groups"}},
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

func activities() *Decoder {
	s, _ := Find("meeting_activities")
	return NewDecoder(s[0], stagedoor.Slice{Days: stagedoor.Days{Since: time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC)}}, stagedoor.Part{})
}

func fields(t *testing.T, d *Decoder, raw string) (map[string]any, stagedoor.Decoded) {
	t.Helper()
	row, err := d.Decode([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]any{}
	for i, c := range d.stream.Columns {
		if row.Values[i] != nil {
			got[c.Name] = row.Values[i]
		}
	}
	return got, row
}

// TestMeetingActivity holds the odd formats of Zoom's own form and of the one
// that integrators publish.
func TestMeetingActivity(t *testing.T) {
	got, row := fields(t, activities(), `{"meeting_number":"982 610 0285","activity_time":"2024-03-21 07:09:03:216","operator":"Ada","operator_email":"","activity_category":"Meeting Started","activity_detail":"x","brand_new":1}`)
	want := map[string]any{
		"meeting_number": "9826100285", "activity_time": time.Date(2024, 3, 21, 7, 9, 3, 216e6, time.UTC), "operator": "Ada",
		"operator_email": "", "activity_category": "Meeting Started", "activity_detail": "x",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
	if !slices.Equal(row.Unknown, []string{"brand_new"}) {
		t.Errorf("unknown fields = %v, want brand_new", row.Unknown)
	}
	if !strings.HasPrefix(row.Key, "2024-03-21:") || !strings.HasSuffix(row.Key, ":1") {
		t.Errorf("key = %s, want the UTC day, a hash and the first ordinal", row.Key)
	}

	got, row = fields(t, activities(), `{"meeting_id":85746065432,"topic":"T","host_email":"h@example.com","participants_count":"12","start_time":"2024-03-20T23:30:00Z","end_time":"2024-03-21T00:30:00Z"}`)
	want = map[string]any{
		"meeting_id": "85746065432", "topic": "T", "host_email": "h@example.com", "participants_count": int64(12),
		"start_time": time.Date(2024, 3, 20, 23, 30, 0, 0, time.UTC), "end_time": time.Date(2024, 3, 21, 0, 30, 0, 0, time.UTC),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("integrators' form (-want +got):\n%s", diff)
	}
	if !strings.HasPrefix(row.Key, "2024-03-20:") {
		t.Errorf("key = %s, want the day of start_time", row.Key)
	}
}

// TestExamplesAreRows holds that each stream's example is a record of all its
// fields' types, with a key of its day.
func TestExamplesAreRows(t *testing.T) {
	for _, s := range All() {
		if s.Example == "" {
			continue
		}
		part := stagedoor.Part{Value: "1", Carried: map[string]any{"meeting_start_time": time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)}}
		d := NewDecoder(s, stagedoor.Slice{Stream: s.Name}, part)
		row, err := d.Decode([]byte(s.Example))
		if err != nil || len(row.Unknown)+len(row.Changed)+row.Cleaned > 0 {
			t.Errorf("%s: %v, unknown %v, changed %v", s.Name, err, row.Unknown, row.Changed)
		}
		if len(s.Day) > 0 && !strings.HasPrefix(row.Key, "2026-") {
			t.Errorf("%s: its example has the key %q", s.Name, row.Key)
		}
	}
}

// TestPartOfARow holds that a row of a stream which is read in parts names its
// part, whatever its record says, and that the part is not of its key.
func TestPartOfARow(t *testing.T) {
	s, _ := Find("report_user_meetings")
	d := NewDecoder(s[0], stagedoor.Slice{Partition: "KDcuGIm1QgePTO8WbOqwIQ"}, stagedoor.Part{Value: "KDcuGIm1QgePTO8WbOqwIQ"})
	got, row := fields(t, d, `{"uuid":"aDYlohsHRtCd4ii1uC2+hA==","start_time":"2026-11-20T23:59:59Z","user_id":"another","join_time":"11/21/2026 00:01","has_chat":false}`)
	want := map[string]any{
		"uuid": "aDYlohsHRtCd4ii1uC2+hA==", "start_time": time.Date(2026, 11, 20, 23, 59, 59, 0, time.UTC),
		"user_id": "KDcuGIm1QgePTO8WbOqwIQ", "join_time": time.Date(2026, 11, 21, 0, 1, 0, 0, time.UTC), "has_chat": false,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
	if row.Key != "2026-11-20:aDYlohsHRtCd4ii1uC2+hA==" {
		t.Errorf("key = %s", row.Key)
	}
}

// TestKeysOfEqualRows holds that rows without an id are neither lost nor
// doubled: equals are counted, a new reading gives the same keys, and neither
// the order of fields nor one that Zoom adds later makes another row.
func TestKeysOfEqualRows(t *testing.T) {
	rows := []string{
		`{"meeting_number":"1 2","activity_time":"2024-03-21 07:09:03:216","operator":"Ada"}`,
		`{"operator":"Ada","activity_time":"2024-03-21 07:09:03:216","meeting_number":"1 2","added_later":true}`,
		`{"meeting_number":"1 2","activity_time":"2024-03-21 07:09:03:217","operator":"Ada"}`,
		`{"meeting_number":"1 2","activity_time":"2024-03-21 07:09:03:216","operator":"Ad","operator_email":"a"}`,
		`{"meeting_number":"1 2","activity_time":"2024-03-21 07:09:03:216","operator":"Ada"}`,
	}
	read := func() (keys []string) {
		d := activities()
		for _, raw := range rows {
			row, err := d.Decode([]byte(raw))
			if err != nil {
				t.Fatal(err)
			}
			keys = append(keys, row.Key)
		}
		return keys
	}
	first := read()
	if diff := cmp.Diff(first, read()); diff != "" {
		t.Errorf("a second reading gives other keys:\n%s", diff)
	}
	distinct := slices.Compact(slices.Sorted(slices.Values(first)))
	if len(distinct) != len(rows) {
		t.Errorf("%d keys for %d rows: %v", len(distinct), len(rows), first)
	}
	base, _ := strings.CutSuffix(first[0], ":1")
	if first[1] != base+":2" || first[4] != base+":3" {
		t.Errorf("equal rows have keys %s, %s, %s; want one hash and ordinals 1, 2, 3", first[0], first[1], first[4])
	}
}

func TestUserKeys(t *testing.T) {
	s, _ := Find("users")
	d := NewDecoder(s[0], stagedoor.Slice{}, stagedoor.Part{})
	for raw, want := range map[string]string{
		`{"id":"KDcuGIm1QgePTO8WbOqwIQ","email":"a@example.com","status":"active"}`: "KDcuGIm1QgePTO8WbOqwIQ",
		`{"email":"invited@example.com","status":"pending"}`:                        "invited@example.com",
	} {
		if _, row := fields(t, d, raw); row.Key != want {
			t.Errorf("key = %s, want %s", row.Key, want)
		}
	}
}

// TestConvert holds what is taken for each type, and that what does not fit is
// told and never guessed.
func TestConvert(t *testing.T) {
	tests := []struct {
		t    stagedoor.ColumnType
		raw  string
		want any
		ok   bool
	}{
		{stagedoor.Text, `"a"`, "a", true},
		{stagedoor.Text, `7`, "7", true},
		{stagedoor.Text, `null`, nil, true},
		{stagedoor.Text, `["only"]`, "only", true},
		{stagedoor.Text, `["one","two"]`, nil, false},
		{stagedoor.Text, `{"a":1}`, nil, false},
		{stagedoor.Integer, `9223372036854775807`, int64(9223372036854775807), true},
		{stagedoor.Integer, `"85746065432"`, int64(85746065432), true},
		{stagedoor.Integer, `3.0`, int64(3), true},
		{stagedoor.Integer, `3.5`, nil, false},
		{stagedoor.Integer, `9223372036854775808`, nil, false},
		{stagedoor.Integer, `"many"`, nil, false},
		{stagedoor.Integer, `""`, nil, true},
		{stagedoor.Real, `1.5`, 1.5, true},
		{stagedoor.Boolean, `true`, true, true},
		{stagedoor.Boolean, `"false"`, false, true},
		{stagedoor.Boolean, `1`, true, true},
		{stagedoor.Boolean, `"perhaps"`, nil, false},
		{stagedoor.Digits, `"982 610 0285"`, "9826100285", true},
		{stagedoor.Digits, `9826100285`, "9826100285", true},
		{stagedoor.Digits, `"abc"`, nil, false},
		{stagedoor.Timestamp, `"2026-01-02T03:04:05Z"`, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), true},
		{stagedoor.Timestamp, `"2026-01-02T03:04:05+01:00"`, time.Date(2026, 1, 2, 2, 4, 5, 0, time.UTC), true},
		{stagedoor.Timestamp, `"soon"`, nil, false},
		{stagedoor.ActivityTime, `"2024-03-21 07:09:03:216"`, time.Date(2024, 3, 21, 7, 9, 3, 216e6, time.UTC), true},
		{stagedoor.ActivityTime, `"2024-03-21 07:09:03"`, time.Date(2024, 3, 21, 7, 9, 3, 0, time.UTC), true},
		{stagedoor.ActivityTime, `"2024-03-21T07:09:03Z"`, time.Date(2024, 3, 21, 7, 9, 3, 0, time.UTC), true},
		{stagedoor.ActivityTime, `"yesterday"`, nil, false},
		{stagedoor.MinuteTime, `"12/22/2021 16:20"`, time.Date(2021, 12, 22, 16, 20, 0, 0, time.UTC), true},
		{stagedoor.MinuteTime, `"1/2/2026 03:04"`, time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC), true},
		{stagedoor.MinuteTime, `"2021-12-22T16:20:05Z"`, time.Date(2021, 12, 22, 16, 20, 5, 0, time.UTC), true},
		{stagedoor.MinuteTime, `"22/12/2021 16:20"`, nil, false},
		{stagedoor.MinuteTime, `""`, nil, true},
		{stagedoor.JSON, `[ "a", {"b": 1} ]`, `["a",{"b":1}]`, true},
		{stagedoor.JSON, `"single"`, `"single"`, true},
	}
	for _, tt := range tests {
		got, ok := convert(tt.t, []byte(tt.raw))
		if ok != tt.ok || !cmp.Equal(got, tt.want) {
			t.Errorf("convert(%s, %s) = %v, %v; want %v, %v", tt.t, tt.raw, got, ok, tt.want, tt.ok)
		}
	}
}

// TestBrokenText holds that NUL and lone surrogates are replaced in columns and
// counted, and that _raw keeps what came.
func TestBrokenText(t *testing.T) {
	for raw, want := range map[string]string{
		`{"operator":"a\u0000b"}`:            "a\uFFFDb",
		`{"operator":"a\ud800b"}`:            "a\uFFFDb",
		"{\"operator\":\"a\xffb\"}":          "a\uFFFDb",
		`{"operator":"fine \ud83d\ude00 😀"}`: "fine 😀 😀",
		`{"operator":"meant \ufffd"}`:        "meant \uFFFD",
	} {
		got, row := fields(t, activities(), raw)
		if got["operator"] != want {
			t.Errorf("%q: operator = %q, want %q", raw, got["operator"], want)
		}
		if wantCleaned := strings.Contains(want, "a\uFFFD"); (row.Cleaned == 1) != wantCleaned {
			t.Errorf("%q: cleaned = %d", raw, row.Cleaned)
		}
		if string(row.Raw) != raw {
			t.Errorf("raw = %q, want it as it came", row.Raw)
		}
	}
}

func TestChangedType(t *testing.T) {
	got, row := fields(t, activities(), `{"operator":["a","b"],"activity_time":"2024-03-21 07:09:03:216","operator":{"x":1}}`)
	if len(got) != 1 || !slices.Equal(row.Changed, []string{"operator", "operator"}) {
		t.Errorf("columns %v, changed %v", got, row.Changed)
	}
	for _, raw := range []string{`[]`, `"text"`, `{"operator":`, `{"operator" "a"}`, ``} {
		if _, err := activities().Decode([]byte(raw)); stagedoor.KindOf(err) != stagedoor.KindBadAnswer {
			t.Errorf("%s: %v, want a bad answer", raw, err)
		}
	}
}

// FuzzDecode holds that no row crashes the decoder, that a row always gets a
// key, and that reading it twice in a slice gives two.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"meeting_number":"982 610 0285","activity_time":"2024-03-21 07:09:03:216"}`))
	f.Add([]byte(`{"operator":"a\ud800b","activity_time":5,"unknown":[1,{"a":null}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		d := activities()
		one, err := d.Decode(raw)
		if err != nil {
			return
		}
		key := one.Key
		if key == "" || len(key) < len("2006-01-02:") {
			t.Errorf("key = %q", key)
		}
		for _, v := range one.Values {
			if text, ok := v.(string); ok && strings.ContainsRune(text, 0) {
				t.Error("a column holds NUL")
			}
		}
		two, err := d.Decode(raw)
		if err != nil || two.Key == key {
			t.Errorf("the same row twice has one key %s (%v)", key, err)
		}
	})
}

// FuzzPlain holds that the quick way of reading a row comes to what the other
// does, for the first row and for one whose like came before.
func FuzzPlain(f *testing.F) {
	for _, raw := range []string{
		`{"meeting_number":"982 610 0285","activity_time":"2024-03-21 07:09:03:216"}`,
		`{"id":"a","join_time":"2026-11-20T09:00:27Z","leave_time":"2026-02-29T09:00:27Z","duration":20,"failover":true,"new":1}`,
		` { "id" : "ä\u0000\ud800" , "id":null,"duration":"7","name":"\ufffd","failover":"false","duration":-1.50} x`,
		`{"id":7,"join_time":"2026-11-20t09:00:27Z","name":"a\qb","duration":123456789012345678901,"status":["x"]}`,
		`{"duration":01}`, `{"duration":0}`, `{"duration":0 }`, `{"name":"` + "\xff" + `"}`, `{"name":"a"`, `{"name":"a",}`, `{}`, `{"na\u006de":"x","x":truely}`,
	} {
		f.Add([]byte(raw))
	}
	participants, err := Find("report_meeting_participants", "meeting_activities")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, s := range participants {
			d := NewDecoder(s, stagedoor.Slice{}, stagedoor.Part{})
			for range 2 {
				var quick, slow stagedoor.Decoded
				clear(d.values)
				if !d.plain(raw, &quick) {
					continue
				}
				values := slices.Clone(d.values)
				if err := d.read(raw, &slow); err != nil {
					t.Fatalf("%q is a plain row, and otherwise %v", raw, err)
				}
				if diff := cmp.Diff(slow, quick, cmpopts.EquateEmpty()); diff != "" {
					t.Fatalf("%q (-slow +quick):\n%s", raw, diff)
				}
				if diff := cmp.Diff(d.values, values); diff != "" {
					t.Fatalf("%q: values (-slow +quick):\n%s", raw, diff)
				}
			}
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	d := activities()
	raw := []byte(`{"meeting_number":"982 610 0285","activity_time":"2024-03-21 07:09:03:216","operator":"Ada Lovelace","operator_email":"ada@example.com","activity_category":"Meeting Started","activity_detail":"Meeting Started"}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.Decode(raw); err != nil {
			b.Fatal(err)
		}
	}
}
