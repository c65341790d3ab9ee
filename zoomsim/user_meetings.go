package zoomsim

import (
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"time"
)

// attendance is who was in a meeting, as its activities tell.
type attendance struct {
	people  map[person]bool // the host among them
	minutes int             // of all together, each session rounded up
	chat    bool
}

// A heldMeeting is one row of GET /report/users/{userId}/meetings.
type heldMeeting struct {
	meeting
	uuid   string
	number int // the meeting's place in the account
	attendance
	recording cloudRecording
}

func (m heldMeeting) when() int64 { return m.start.UnixMilli() }

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

// topics hold what breaks careless writers, as chat lines do.
var topics = []string{
	"Weekly rehearsal", "Budget, lights & sound", "=SUM(A1:A9)", "🎭 Première", `The "Scottish" play`, "اجتماع", "<Dress rehearsal>",
}

// topicOf is the topic of all that bears a meeting id.
func topicOf(id int64) string { return topics[id%int64(len(topics))] }

// id is the meeting's, which its series shares.
func (m heldMeeting) id() int64 { return digits(m.meeting.number) }

// MarshalJSON writes the row as Zoom does.
func (m heldMeeting) MarshalJSON() ([]byte, error) {
	record := heldMeetingRecord{
		UUID: m.uuid, ID: m.id(), Type: m.kind, Topic: topicOf(m.id()), UserName: m.host.displayName(), UserEmail: m.host.email,
		StartTime: stamp(m.start), EndTime: stamp(m.end), Duration: minutes(m.start, m.end), TotalMinutes: m.minutes,
		ParticipantsCount: len(m.people), Source: "Zoom", JoinTime: minuteStamp(m.start), LeaveTime: minuteStamp(m.end),
		HasScreenShare: m.number%3 == 0, HasRecording: m.recording.state != notRecorded, HasChat: m.chat, Encryption: 1 + m.number%2,
	}
	for p := range m.people {
		if p.email != "" {
			record.OfMyAccount++
		}
	}
	if m.first {
		record.ScheduleTime = minuteStamp(m.start)
	} else {
		record.CustomKeys = []customKey{{Key: "cc", Value: "1"}}
	}
	return encode(record), nil
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

// attendanceOf reads who was in a meeting from its activities.
func attendanceOf(rows []activity) attendance {
	a := attendance{people: map[person]bool{}}
	joined := map[person][]int64{}
	for _, row := range rows {
		who := person{row.operator, row.operatorEmail}
		switch row.category {
		case "User Join":
			a.people[who] = true
			joined[who] = append(joined[who], row.at)
		case "User Left":
			if at := joined[who]; len(at) > 0 {
				a.minutes += minutes(time.UnixMilli(at[0]), time.UnixMilli(row.at))
				joined[who] = at[1:]
			}
		case "In-Meeting Chat":
			a.chat = true
		}
	}
	return a
}

// newestFirst sorts meetings by their start.
func newestFirst(held []heldMeeting) []heldMeeting {
	slices.SortStableFunc(held, func(a, b heldMeeting) int { return b.start.Compare(a.start) })
	return held
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
	me := person{u.displayName(), u.email}
	rows := slices.DeleteFunc(slices.Clone(between(s.meetings, from, to)), func(m heldMeeting) bool {
		one, mine := len(m.people) == 1, m.host == u
		switch kind {
		case "pastOne":
			return !one || !mine
		case "pastJoined":
			return one || !mine && !m.people[me]
		default:
			return one || !mine
		}
	})
	found := cut(s.pages, c, rows, start, size, true)
	return ok(struct {
		From          string        `json:"from"`
		To            string        `json:"to"`
		PageCount     int           `json:"page_count"`
		PageSize      int           `json:"page_size"`
		TotalRecords  int           `json:"total_records"`
		NextPageToken string        `json:"next_page_token"`
		Meetings      []heldMeeting `json:"meetings"`
	}{from.Format(dayLayout), to.Format(dayLayout), cmp.Or((len(rows)+size-1)/size, 1), size, len(rows), found.next, found.rows})
}

// reportedMeetings are those that the report shows of any user.
func (s *Simulator) reportedMeetings() []heldMeeting {
	return slices.DeleteFunc(slices.Clone(s.meetings), func(m heldMeeting) bool { return s.account.gone[m.host] })
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
