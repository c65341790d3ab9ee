package stream

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/stagedoor/stagedoor"
)

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

// TestPartFillsColumns holds that what the part tells wins over the record, is
// nil where the part does not say, and does not hide the record's own field where
// there is no part at all.
func TestPartFillsColumns(t *testing.T) {
	s, _ := Find("report_meeting_participants")
	raw := `{"user_id":"1","meeting_uuid":"other","host_email":"other@example.com"}`
	want := map[string]any{
		"user_id": "1", "meeting_uuid": "/aDY//ohsHRtCd4ii1uC2w==", "meeting_id": "93398114182", "meeting_topic": "Weekly rehearsal",
		"meeting_start_time": time.Date(2026, 11, 20, 23, 50, 0, 0, time.UTC), "host_email": "jchill@example.com",
	}
	got, _ := fields(t, NewDecoder(s[0], stagedoor.Slice{}, meeting()), raw)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
	unknown := meeting()
	unknown.Carried["host_email"] = nil
	delete(want, "host_email")
	got, _ = fields(t, NewDecoder(s[0], stagedoor.Slice{}, unknown), raw)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("columns, with a host that is not known (-want +got):\n%s", diff)
	}
	got, row := fields(t, NewDecoder(s[0], stagedoor.Slice{}, stagedoor.Part{}), raw)
	if diff := cmp.Diff(map[string]any{"user_id": "1", "meeting_uuid": "other", "host_email": "other@example.com"}, got); diff != "" || len(row.Unknown) > 0 {
		t.Errorf("columns without a part (-want +got):\n%s", diff)
	}
}

// TestThousandUnknownFields holds that a record may have any number of fields
// that the stream does not know; they are told, and the row is read.
func TestThousandUnknownFields(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"operator":"Ada"`)
	for i := range 1000 {
		fmt.Fprintf(&b, `,"field_%d":[{"deep":{"er":%d}}]`, i, i)
	}
	b.WriteString(`,"activity_time":"2024-03-21 07:09:03:216"}`)
	got, row := fields(t, activities(), b.String())
	if len(row.Unknown) != 1000 || row.Unknown[999] != "field_999" || len(got) != 2 || string(row.Raw) != b.String() {
		t.Errorf("%d unknown fields, columns %v", len(row.Unknown), got)
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
		{stagedoor.Text, `[]`, nil, true},
		{stagedoor.Text, `[null]`, nil, true},
		{stagedoor.Text, `[["nested"]]`, "nested", true},
		{stagedoor.Text, `["one","two"]`, nil, false},
		{stagedoor.Text, `{}`, nil, false},
		{stagedoor.Integer, `[7]`, int64(7), true},
		{stagedoor.JSON, `{}`, `{}`, true},
		{stagedoor.JSON, `7`, `7`, true},
		{stagedoor.Text, `"01:02:03"`, "01:02:03", true}, // a dashboard's duration
		{stagedoor.Digits, `""`, nil, true},
		{stagedoor.Digits, `9223372036854775808`, "9223372036854775808", true},
		{stagedoor.Digits, `9.7763643886e10`, nil, false}, // a float has lost digits already
		{stagedoor.Integer, `1e3`, nil, false},
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

// FuzzDecodePart holds the same of a stream with keys of several columns, and
// that a row which has an id is the same row whenever it comes.
func FuzzDecodePart(f *testing.F) {
	f.Add([]byte(`{"user_id":"16778240","join_time":"2026-11-20T09:00:27Z","status":"in_meeting","bo_mtg_id":""}`))
	f.Add([]byte(`{"user_id":["a:%3A"],"join_time":null,"status":{}}`))
	f.Add([]byte(`{"user_id":"\u0000","name":"\ud800"}`))
	s, err := Find("report_meeting_participants")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		d := NewDecoder(s[0], stagedoor.Slice{}, meeting())
		one, err := d.Decode(raw)
		if err != nil {
			return
		}
		user, _ := one.Values[d.columns["user_id"]].(string)
		if !strings.HasPrefix(one.Key, "2026-11-20:") || len(one.Key) > 700 || strings.ContainsRune(one.Key, 0) {
			t.Errorf("key = %q", one.Key)
		}
		key := one.Key
		two, err := d.Decode(raw)
		if err != nil || (two.Key == key) != (user != "") {
			t.Errorf("the same row twice has the keys %s and %s (%v)", key, two.Key, err)
		}
	})
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
