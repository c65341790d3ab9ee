package zoomsim

import (
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"time"
)

// heldMeetingRecord is the row as Zoom writes it (Zoom API Hub, Meetings,
// reportMeetings, read 2026-11).
type heldMeetingRecord struct {
	UUID              string      `json:"uuid"`
	ID                int64       `json:"id"`
	Type              int         `json:"type"`
	Topic             string      `json:"topic"`
	UserName          string      `json:"user_name"`
	UserEmail         string      `json:"user_email"`
	StartTime         string      `json:"start_time"`
	EndTime           string      `json:"end_time"`
	Duration          int         `json:"duration"`
	TotalMinutes      int         `json:"total_minutes"`
	ParticipantsCount int         `json:"participants_count"`
	Source            string      `json:"source"`
	CustomKeys        []customKey `json:"custom_keys,omitempty"`
	ScheduleTime      string      `json:"schedule_time,omitempty"`
	JoinTime          string      `json:"join_time"`
	LeaveTime         string      `json:"leave_time"`
	HasScreenShare    bool        `json:"has_screen_share"`
	HasRecording      bool        `json:"has_recording"`
	HasChat           bool        `json:"has_chat"`
	Encryption        int         `json:"meeting_encryption_status"`
	OfMyAccount       int         `json:"participants_count_my_account"`
}

type customKey struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// minuteStamp is how this report writes some of its times: the month first, no
// seconds and no zone.
func minuteStamp(t time.Time) string { return t.UTC().Format("01/02/2006 15:04") }

// userMeetingRow is a meeting's row.
func (s *Simulator) userMeetingRow(m *heldMeeting) heldMeetingRecord {
	a := s.attendance(m)
	record := heldMeetingRecord{
		UUID: m.uuid, ID: m.id(), Type: m.kind, Topic: m.topic(), UserName: m.host.displayName(), UserEmail: m.host.email,
		StartTime: stamp(m.start), EndTime: stamp(m.end), Duration: minutes(m.start, m.end), TotalMinutes: a.minutes,
		ParticipantsCount: a.people, Source: "Zoom", JoinTime: minuteStamp(m.start), LeaveTime: minuteStamp(m.end),
		HasScreenShare: m.shared(), HasRecording: m.wasRecorded(), HasChat: a.chat, Encryption: 1 + m.index%2, OfMyAccount: a.ofAccount,
	}
	if m.first {
		record.ScheduleTime = minuteStamp(m.start)
	} else {
		record.CustomKeys = []customKey{{Key: "cc", Value: "1"}}
	}
	return record
}

// minutes is a length as Zoom counts it, rounded up.
func minutes(from, to time.Time) int { return int((to.Sub(from) + time.Minute - 1) / time.Minute) }

// newUUID makes up a meeting's UUID: base64 of 16 bytes. Of ten, one starts with
// a slash and one holds two in a row, which careless paths lose.
func newUUID(seed int64, i int) string {
	r := randomFor(seed, "uuid", i)
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:], r.Uint64())
	binary.BigEndian.PutUint64(raw[8:], r.Uint64())
	switch i % 10 {
	case 3:
		raw[0] |= 0xfc // "/" is 63
	case 6:
		raw[3], raw[4] = 0xff, raw[4]|0xf0
	}
	return base64.StdEncoding.EncodeToString(raw[:])
}

// listUserMeetings is GET /report/users/{userId}/meetings: the meetings that a
// user hosted and that began in the days, both inclusive, at most a month,
// within six months. type past leaves out those with one participant, pastOne
// shows these alone, pastJoined adds those that the user joined.
func (s *Simulator) listUserMeetings(c *call) *answer {
	if s.options.Plan == "free" {
		return errPaidOnly(s.account.id)
	}
	p := parameters{query: c.query}
	from, to := p.day("from"), p.day("to")
	size := p.number("page_size", 30, 300)
	kind := p.choice("type", "past", "past", "pastOne", "pastJoined")
	if refusal := s.window(&p, from, to, true); refusal != nil {
		return refusal
	}
	u := s.findUser(c.args[0], false)
	if u == nil || s.account.gone[u] {
		return errNoUser(c.args[0])
	}
	start, refusal := s.pageStart(c)
	if refusal != nil {
		return refusal
	}
	var rows []*heldMeeting
	for _, m := range between(s.meetings, from, to) {
		if m.host != u && (kind != "pastJoined" || !s.wasIn(m, u)) {
			continue
		}
		if s.alone(m) == (kind == "pastOne") {
			rows = append(rows, m)
		}
	}
	found := cut(s.pages, c, rows, start, size, true)
	return ok(struct {
		From          string              `json:"from"`
		To            string              `json:"to"`
		PageCount     int                 `json:"page_count"`
		PageSize      int                 `json:"page_size"`
		TotalRecords  int                 `json:"total_records"`
		NextPageToken string              `json:"next_page_token"`
		Meetings      []heldMeetingRecord `json:"meetings"`
	}{from.Format(dayLayout), to.Format(dayLayout), cmp.Or((len(rows)+size-1)/size, 1), size, len(rows), found.next, mapped(found.rows, s.userMeetingRow)})
}

// mapped returns what each row is, never nil: JSON shall say [].
func mapped[A, B any](rows []A, what func(A) B) []B {
	out := make([]B, len(rows))
	for i, row := range rows {
		out[i] = what(row)
	}
	return out
}

// wasIn tells whether a user was in a meeting.
func (s *Simulator) wasIn(m *heldMeeting, u *user) bool {
	return slices.ContainsFunc(m.sessions(s.happened(m)), func(stay session) bool { return stay.who.user == u && !stay.gone })
}

// reportedMeetings are those that the report shows of any user.
func (s *Simulator) reportedMeetings() []*heldMeeting {
	return slices.DeleteFunc(slices.Clone(s.meetings), func(m *heldMeeting) bool { return s.account.gone[m.host] })
}

// leave makes the last active users of a company leave: they are listed still.
func (a *account) leave(n int) error {
	a.gone = map[*user]bool{}
	for i := len(a.users) - 1; i > 0 && len(a.gone) < n; i-- {
		if a.users[i].status == "active" {
			a.gone[a.users[i]] = true
		}
	}
	if len(a.gone) < n {
		return fmt.Errorf("GoneUsers %d is more than there are active users beside the owner", n)
	}
	return nil
}
