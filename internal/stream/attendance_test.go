package stream

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stagedoor/stagedoor"
)

// meeting is the part whose rows the tests work with.
func meeting() stagedoor.Part {
	return stagedoor.Part{Value: "/aDY//ohsHRtCd4ii1uC2w==", Carried: map[string]any{
		"meeting_id": "93398114182", "meeting_start_time": time.Date(2026, 11, 20, 23, 50, 0, 0, time.UTC),
		"meeting_topic": "Weekly rehearsal", "host_email": "jchill@example.com",
	}}
}

func attendance(t testing.TB) *Deriver {
	t.Helper()
	s, err := Find("meeting_attendance")
	if err != nil {
		t.Fatal(err)
	}
	day := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	return NewDeriver(s[0], stagedoor.Slice{Stream: "meeting_attendance", Days: stagedoor.Days{Since: day, Until: day}}, meeting())
}

// present is what a row of attendance says, in few words: person, name, e-mail
// address, first join, last leave, seconds, minutes, re-joins, breakouts.
func present(t *testing.T, row stagedoor.Decoded) string {
	t.Helper()
	var r struct {
		Person, Name, User_email, First_join, Last_leave string
		Seconds, Minutes, Rejoins, Breakouts             int
	}
	if err := json.Unmarshal(row.Raw, &r); err != nil {
		t.Fatalf("%s: %v", row.Raw, err)
	}
	clock := func(text string) string { return strings.TrimSuffix(strings.TrimPrefix(text, "2026-11-20T"), "Z") }
	return fmt.Sprintf("%s|%s|%s|%s-%s|%d|%d|%d|%d", r.Person, r.Name, r.User_email, clock(r.First_join), clock(r.Last_leave), r.Seconds, r.Minutes, r.Rejoins, r.Breakouts)
}

// TestAttendance holds every rule by which participant rows become one row a
// person.
func TestAttendance(t *testing.T) {
	// span writes a row of somebody who joined and left at these times of the day.
	span := func(join, leave, rest string) string {
		return fmt.Sprintf(`{"join_time":"2026-11-20T%sZ","leave_time":"2026-11-20T%sZ"%s}`, join, leave, rest)
	}
	ada := `,"participant_user_id":"A","name":"Ada","user_email":"ada@example.com","status":"in_meeting"`
	tests := []struct {
		name string
		rows []string
		want []string
	}{
		{"nobody", nil, nil},
		{
			"one session",
			[]string{span("09:00:27", "09:46:51", ada)},
			[]string{"id:A|Ada|ada@example.com|09:00:27-09:46:51|2784|47|0|0"},
		},
		{
			"whole minutes are not rounded up",
			[]string{span("09:00:00", "09:02:00", ada)},
			[]string{"id:A|Ada|ada@example.com|09:00:00-09:02:00|120|2|0|0"},
		},
		{
			"one second is a minute",
			[]string{span("09:00:00", "09:00:01", ada)},
			[]string{"id:A|Ada|ada@example.com|09:00:00-09:00:01|1|1|0|0"},
		},
		{
			"who left at once was there",
			[]string{span("09:00:00", "09:00:00", ada)},
			[]string{"id:A|Ada|ada@example.com|09:00:00-09:00:00|0|0|0|0"},
		},
		{
			"two re-joins, whatever their order",
			[]string{
				span("09:30:00", "09:40:00", ada), span("09:00:00", "09:10:00", ada), span("09:50:00", "09:51:00", ada),
			},
			[]string{"id:A|Ada|ada@example.com|09:00:00-09:51:00|1260|21|2|0"},
		},
		{
			"the waiting room does not count",
			[]string{
				span("08:50:00", "09:00:00", `,"participant_user_id":"A","name":"Ada at the door","status":"in_waiting_room"`),
				span("09:00:00", "09:10:00", ada),
			},
			[]string{"id:A|Ada|ada@example.com|09:00:00-09:10:00|600|10|0|0"},
		},
		{
			"who only waited has no row", []string{span("08:50:00", "09:00:00", `,"name":"Eve","status":"in_waiting_room"`)}, nil,
		},
		{
			"breakout rooms lie inside and count once",
			[]string{
				span("09:00:00", "10:00:00", ada),
				span("09:10:00", "09:20:00", ada+`,"bo_mtg_id":"b1=="`),
				span("09:30:00", "09:40:00", ada+`,"bo_mtg_id":"b2=="`),
			},
			[]string{"id:A|Ada|ada@example.com|09:00:00-10:00:00|3600|60|0|2"},
		},
		{
			"a breakout room alone is no re-join",
			[]string{span("09:10:00", "09:20:00", ada+`,"bo_mtg_id":"b1=="`)},
			[]string{"id:A|Ada|ada@example.com|09:10:00-09:20:00|600|10|0|1"},
		},
		{
			"sessions that overlap (two devices), touch, lie inside one another",
			[]string{
				span("09:00:00", "09:10:00", ada), span("09:05:00", "09:20:00", ada), span("09:20:00", "09:30:00", ada),
				span("09:06:00", "09:07:00", ada), span("09:40:00", "09:41:00", ada),
			},
			[]string{"id:A|Ada|ada@example.com|09:00:00-09:41:00|1860|31|4|0"},
		},
		{
			"the latest leave is not that of the last to join",
			[]string{span("09:00:00", "10:00:00", ada), span("09:10:00", "09:20:00", ada)},
			[]string{"id:A|Ada|ada@example.com|09:00:00-10:00:00|3600|60|1|0"},
		},
		{
			"without a leave_time the duration tells",
			[]string{
				`{"participant_user_id":"A","name":"Ada","join_time":"2026-11-20T09:00:00Z","duration":90}`,
				`{"participant_user_id":"A","name":"Ada","join_time":"2026-11-20T09:10:00Z","leave_time":"","duration":"30"}`,
			},
			[]string{"id:A|Ada||09:00:00-09:10:30|120|2|1|0"},
		},
		{
			"without both it is not known how long",
			[]string{
				`{"participant_user_id":"A","name":"Ada","join_time":"2026-11-20T09:00:00Z"}`,
			},
			[]string{"id:A|Ada||09:00:00-|0|0|0|0"},
		},
		{
			"without a join_time the duration tells",
			[]string{`{"id":"A","name":"Ada","leave_time":"2026-11-20T09:10:00Z","duration":60}`},
			[]string{"id:A|Ada||09:09:00-09:10:00|60|1|0|0"},
		},
		{
			"of a row that says nothing of time there is a person",
			[]string{
				`{"id":"A","name":"Ada","user_email":"a@example.com"}`, span("09:00:00", "09:01:00", `,"id":"A","name":"Ada L."`),
			},
			[]string{"id:A|Ada L.|a@example.com|09:00:00-09:01:00|60|1|1|0"},
		},
		{
			"a leave before the join is no time",
			[]string{span("09:10:00", "09:00:00", ada), span("09:20:00", "09:21:00", ada)},
			[]string{"id:A|Ada|ada@example.com|09:10:00-09:21:00|60|1|1|0"},
		},
		{
			"participant_user_id goes before id, and both are one kind",
			[]string{
				span("09:00:00", "09:01:00", `,"participant_user_id":"A","id":"B","name":"Ada"`),
				span("09:02:00", "09:03:00", `,"participant_user_id":"","id":"A","name":"Ada"`),
				span("09:04:00", "09:05:00", `,"id":"B","name":"Bert"`),
			},
			[]string{"id:A|Ada||09:00:00-09:03:00|120|2|1|0", "id:B|Bert||09:04:00-09:05:00|60|1|0|0"},
		},
		{
			"guests are told by their address, in any letter case",
			[]string{
				span("09:00:00", "09:01:00", `,"name":"Grace","user_email":"Grace@Example.com","user_id":"1"`),
				span("09:02:00", "09:03:00", `,"name":"G. Hopper","user_email":"grace@example.COM","user_id":"2"`),
			},
			[]string{"email:grace@example.com|Grace|Grace@Example.com|09:00:00-09:03:00|120|2|1|0"},
		},
		{
			"then by their name, without outer blanks, in the very letters",
			[]string{
				span("09:00:00", "09:01:00", `,"name":" Zoë ","user_id":"1"`), span("09:02:00", "09:03:00", `,"name":"Zoë","user_id":"2"`),
				span("09:04:00", "09:05:00", `,"name":"zoë","user_id":"3"`), span("09:06:00", "09:07:00", `,"name":"Ζωή 🎭","user_id":"4"`),
			},
			[]string{"name:Zoë| Zoë ||09:00:00-09:03:00|120|2|1|0", "name:zoë|zoë||09:04:00-09:05:00|60|1|0|0", "name:Ζωή 🎭|Ζωή 🎭||09:06:00-09:07:00|60|1|0|0"},
		},
		{
			"kinds are apart: a name that looks like an address, an id or a number",
			[]string{
				span("09:00:00", "09:01:00", `,"name":"a@example.com"`), span("09:01:00", "09:02:00", `,"user_email":"a@example.com"`),
				span("09:02:00", "09:03:00", `,"name":"A"`), span("09:03:00", "09:04:00", `,"id":"A"`),
				span("09:04:00", "09:05:00", `,"name":"id:A"`), span("09:05:00", "09:06:00", `,"user_id":"A"`),
			},
			[]string{
				"name:a@example.com|a@example.com||09:00:00-09:01:00|60|1|0|0", "email:a@example.com||a@example.com|09:01:00-09:02:00|60|1|0|0",
				"name:A|A||09:02:00-09:03:00|60|1|0|0", "id:A|||09:03:00-09:04:00|60|1|0|0",
				"name:id:A|id:A||09:04:00-09:05:00|60|1|0|0", "user:A|||09:05:00-09:06:00|60|1|0|0",
			},
		},
		{
			"a name of blanks is none",
			[]string{span("09:00:00", "09:01:00", `,"name":"  ","user_id":"16778240"`)},
			[]string{"user:16778240|  ||09:00:00-09:01:00|60|1|0|0"},
		},
		{
			"of rows that say nothing each is a person, in the order in which they joined and left",
			[]string{
				span("09:10:00", "09:12:00", `,"name":"","user_email":"","id":""`), span("09:00:00", "09:01:00", `,"name":null`),
				span("09:10:00", "09:11:00", ``),
				span("09:00:00", "09:01:00", `,"status":"in_waiting_room"`),
			},
			[]string{"row:1|||09:00:00-09:01:00|60|1|0|0", "row:2|||09:10:00-09:11:00|60|1|0|0", "row:3|||09:10:00-09:12:00|120|2|0|0"},
		},
		{
			"what is told is of the earliest row that has it",
			[]string{
				span("09:20:00", "09:30:00", `,"id":"A","name":"Ada (phone)","user_email":"late@example.com"`),
				span("09:00:00", "09:10:00", `,"id":"A","name":"Ada","user_email":""`),
				span("09:10:00", "09:20:00", `,"id":"A","name":"","user_email":"ada@example.com"`),
			},
			[]string{"id:A|Ada|ada@example.com|09:00:00-09:30:00|1800|30|2|0"},
		},
		{
			"ids that are numbers, a status that is unknown",
			[]string{span("09:00:00", "09:01:00", `,"user_id":16778240,"status":"elsewhere"`)},
			[]string{"user:16778240|||09:00:00-09:01:00|60|1|0|0"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := attendance(t)
			for _, raw := range tt.rows {
				if err := d.Add([]byte(raw)); err != nil {
					t.Fatal(err)
				}
			}
			rows, err := d.Rows()
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, row := range rows {
				got = append(got, present(t, row))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
}

// TestAttendanceRecord holds a row's record to the letter, its columns and key.
func TestAttendanceRecord(t *testing.T) {
	d := attendance(t)
	for _, raw := range []string{
		`{"join_time":"2026-11-20T23:55:00Z","leave_time":"2026-11-21T00:05:00Z","name":"Zoë \"Z\" <1>","user_email":"Zoe@example.com","registrant_id":"r1"}`,
		`{"join_time":"2026-11-21T00:10:00Z","leave_time":"2026-11-21T00:10:30Z","name":"Zoë","user_email":"zoe@example.com"}`,
	} {
		if err := d.Add([]byte(raw)); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := d.Rows()
	if err != nil || len(rows) != 1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	row := rows[0]
	want := `{"meeting_uuid":"/aDY//ohsHRtCd4ii1uC2w==","meeting_id":93398114182,"meeting_start_time":"2026-11-20T23:50:00Z",` +
		`"person":"email:zoe@example.com","name":"Zoë \"Z\" <1>","user_email":"Zoe@example.com","participant_user_id":"","registrant_id":"r1",` +
		`"first_join":"2026-11-20T23:55:00Z","last_leave":"2026-11-21T00:10:30Z","seconds":630,"minutes":11,"rejoins":1,"breakouts":0}`
	if string(row.Raw) != want {
		t.Errorf("record\n%s, want\n%s", row.Raw, want)
	}
	if row.Key != "2026-11-20:/aDY//ohsHRtCd4ii1uC2w==:email:zoe@example.com" {
		t.Errorf("key = %s", row.Key)
	}
	got := map[string]any{}
	for i, c := range d.decoder.stream.Columns {
		got[c.Name] = row.Values[i]
	}
	if diff := cmp.Diff(map[string]any{
		"meeting_uuid": "/aDY//ohsHRtCd4ii1uC2w==", "meeting_id": "93398114182", "meeting_start_time": time.Date(2026, 11, 20, 23, 50, 0, 0, time.UTC),
		"meeting_topic": "Weekly rehearsal", "host_email": "jchill@example.com",
		"person": "email:zoe@example.com", "name": "Zoë \"Z\" <1>", "user_email": "Zoe@example.com", "participant_user_id": "", "registrant_id": "r1",
		"first_join": time.Date(2026, 11, 20, 23, 55, 0, 0, time.UTC), "last_leave": time.Date(2026, 11, 21, 0, 10, 30, 0, time.UTC),
		"seconds": int64(630), "minutes": int64(11), "rejoins": int64(1), "breakouts": int64(0),
	}, got); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
	if len(row.Unknown)+len(row.Changed)+row.Cleaned != 0 {
		t.Errorf("unknown %v, changed %v, cleaned %d: its own record is odd to it", row.Unknown, row.Changed, row.Cleaned)
	}
}

// TestAttendanceRefuses holds that what is no row is said, and does not spoil
// the others.
func TestAttendanceRefuses(t *testing.T) {
	d := attendance(t)
	for _, raw := range []string{`[]`, `"text"`, `{"name":`, `{}`, `{"other":1}`} {
		if err := d.Add([]byte(raw)); stagedoor.KindOf(err) != stagedoor.KindBadAnswer {
			t.Errorf("%s: %v, want a bad answer", raw, err)
		}
	}
	if err := d.Add([]byte(`{"name":"Ada","join_time":"soon","leave_time":["2026-11-20T09:10:00Z"],"duration":-7}`)); err != nil {
		t.Error(err)
	}
	rows, err := d.Rows()
	if err != nil || len(rows) != 1 || present(t, rows[0]) != "name:Ada|Ada||-09:10:00|0|0|0|0" {
		t.Errorf("%v, %v", rows, err)
	}
}

// FuzzAttendance holds, of any two rows that may come, what must be so: nobody
// is there longer than from first join to last leave, nobody is lost or doubled,
// and the order of the rows makes no other people of them.
func FuzzAttendance(f *testing.F) {
	f.Add([]byte(`{"name":"Ada","join_time":"2026-11-20T09:00:00Z","leave_time":"2026-11-20T09:10:00Z"}`), []byte(`{"name":" Ada","join_time":"2026-11-20T09:05:00Z","duration":9223372036854775807}`))
	f.Add([]byte(`{"id":"a\u0000","join_time":"0001-01-01T00:00:00Z"}`), []byte(`{"id":"a\ufffd","leave_time":"9999-12-31T23:59:59.999999999Z"}`))
	f.Add([]byte(`{"user_email":"İ@x"}`), []byte(`{"user_email":"i̇@x","status":"in_waiting_room"}`))
	f.Fuzz(func(t *testing.T, one, two []byte) {
		work := func(raws ...[]byte) map[string]stagedoor.Decoded {
			d := attendance(t)
			taken := 0
			for _, raw := range raws {
				if d.Add(raw) == nil {
					taken++
				}
			}
			rows, err := d.Rows()
			if err != nil {
				t.Fatal(err)
			}
			keys := map[string]stagedoor.Decoded{}
			for _, row := range rows {
				if _, twice := keys[row.Key]; twice {
					t.Errorf("two people have the key %s", row.Key)
				}
				keys[row.Key] = row
			}
			if len(rows) > taken {
				t.Errorf("%d people of %d rows", len(rows), taken)
			}
			return keys
		}
		forth, back := work(one, two), work(two, one)
		if len(forth) != len(back) {
			t.Errorf("%d people, and %d the other way round", len(forth), len(back))
		}
		for key, row := range forth {
			if _, ok := back[key]; !ok {
				t.Errorf("%s is not there the other way round", key)
			}
			if len(row.Changed) > 0 {
				t.Errorf("%s: its own columns are odd to it: %v", row.Raw, row.Changed)
			}
			var r struct {
				First_join, Last_leave string
				Seconds, Minutes       int64
			}
			if err := json.Unmarshal(row.Raw, &r); err != nil {
				t.Fatal(err)
			}
			if r.Seconds < 0 || r.Minutes != (r.Seconds+59)/60 {
				t.Errorf("%s", row.Raw)
			}
			first, err1 := time.Parse(time.RFC3339, r.First_join)
			last, err2 := time.Parse(time.RFC3339, r.Last_leave)
			if err1 == nil && err2 == nil && r.Seconds > max(0, int64(last.Sub(first)/time.Second)) && last.Sub(first) < 1<<62 {
				t.Errorf("longer there than between first join and last leave: %s", row.Raw)
			}
		}
	})
}

func BenchmarkAttendance(b *testing.B) {
	raw := []byte(`{"id":"KDcuGIm1QgePTO8WbOqwIQ","participant_user_id":"KDcuGIm1QgePTO8WbOqwIQ","user_id":"16778240","name":"Ada Lovelace","user_email":"ada.lovelace@example.com","registrant_id":"fdgsfh2ey82fuh","join_time":"2026-11-20T09:00:27Z","leave_time":"2026-11-20T09:46:51Z","duration":2784,"status":"in_meeting","bo_mtg_id":"","customer_key":"349589LkJyeW","failover":false}`)
	b.ReportAllocs()
	for b.Loop() {
		d := attendance(b)
		for range 10 {
			if err := d.Add(raw); err != nil {
				b.Fatal(err)
			}
		}
		if rows, err := d.Rows(); err != nil || len(rows) != 1 {
			b.Fatal(err)
		}
	}
}
