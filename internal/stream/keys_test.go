package stream

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stagedoor/stagedoor"
)

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

// TestKeysOfParts holds keys of several columns: they name the part, and no two
// rows that differ have one.
func TestKeysOfParts(t *testing.T) {
	key := func(name string, part stagedoor.Part, raw string) string {
		t.Helper()
		s, err := Find(name)
		if err != nil {
			t.Fatal(err)
		}
		row, err := NewDecoder(s[0], stagedoor.Slice{Stream: name}, part).Decode([]byte(raw))
		if err != nil {
			t.Fatal(err)
		}
		return row.Key
	}
	group := stagedoor.Part{Value: "G"}
	for _, tt := range []struct{ name, raw, want string }{
		{"group_members", `{"id":"U","email":"a@example.com"}`, "U:G"},
		{"group_members", `{"id":"","email":"a@example.com"}`, "a@example.com:G"},
		{"group_members", `{"email":"\"a:b%3A\"@example.com"}`, `"a%3Ab%253A"@example.com:G`},
		{"meeting_registrants", `{"id":"R","email":"a@example.com","status":"denied"}`, "R:G"},
		{"meetings", `{"id":97763643886,"uuid":"u=="}`, "97763643886"},
		{"meetings", `{"uuid":"u=="}`, "u=="},
		{"recordings", `{"uuid":"u==","start_time":"2026-11-20T09:00:13Z"}`, "2026-11-20:u=="},
	} {
		if got := key(tt.name, group, tt.raw); got != tt.want {
			t.Errorf("%s %s has the key %s, want %s", tt.name, tt.raw, got, tt.want)
		}
	}

	const name = "report_meeting_participants"
	if got, want := key(name, meeting(), `{"user_id":"16778240","join_time":"2026-11-21T00:10:00Z","status":"in_meeting","bo_mtg_id":"b=="}`),
		"2026-11-20:16778240:/aDY//ohsHRtCd4ii1uC2w==:2026-11-21T00:10:00Z:in_meeting:b=="; got != want {
		t.Errorf("key = %s, want %s: the day is the meeting's", got, want)
	}
	// Each differs from the others in one field.
	keys := map[string]string{}
	for _, raw := range []string{
		`{"user_id":"1","join_time":"2026-11-21T00:10:00Z","status":"in_meeting"}`,
		`{"user_id":"2","join_time":"2026-11-21T00:10:00Z","status":"in_meeting"}`,
		`{"user_id":"1","join_time":"2026-11-21T00:10:01Z","status":"in_meeting"}`,
		`{"user_id":"1","join_time":"2026-11-21T00:10:00.5Z","status":"in_meeting"}`,
		`{"user_id":"1","join_time":"2026-11-21T00:10:00Z","status":"in_waiting_room"}`,
		`{"user_id":"1","join_time":"2026-11-21T00:10:00Z","status":"in_meeting","bo_mtg_id":"b=="}`,
		`{"user_id":"1","status":"in_meeting"}`,
		`{"user_id":"1","status":"in_meeting:"}`,
		`{"user_id":"","name":"Ada"}`,
		`{"name":"Ada","status":"in_meeting"}`,
		`{"name":"A","customer_key":"da"}`,
	} {
		k := key(name, meeting(), raw)
		if keys[k] != "" {
			t.Errorf("%s and %s have one key, %s", keys[k], raw, k)
		}
		keys[k] = raw
	}
	other := meeting()
	other.Value = "another=="
	for _, raw := range []string{`{"user_id":"1"}`, `{"user_id":""}`, `{"name":"Ada"}`} {
		if key(name, meeting(), raw) == key(name, other, raw) {
			t.Errorf("%s has one key in two meetings", raw)
		}
	}
}

// TestLongKeys holds that a key stays short enough for an index whatever it is
// made of, and keeps its day and rows apart.
func TestLongKeys(t *testing.T) {
	keys := map[string]bool{}
	for _, end := range []string{"x", "y"} {
		d := attendance(t)
		if err := d.Add([]byte(`{"join_time":"2026-11-20T23:55:00Z","name":"` + strings.Repeat("é", 5000) + end + `"}`)); err != nil {
			t.Fatal(err)
		}
		rows, err := d.Rows()
		if err != nil || len(rows) != 1 || len(rows[0].Key) != len("2026-11-20:")+64 || !strings.HasPrefix(rows[0].Key, "2026-11-20:") {
			t.Fatalf("%v, %d rows: %.80s", err, len(rows), rows[0].Key)
		}
		keys[rows[0].Key] = true
	}
	if len(keys) != 2 {
		t.Error("two people have one key")
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
