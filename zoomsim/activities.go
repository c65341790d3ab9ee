package zoomsim

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// historyDays is how far the made-up reports reach back: more than two months,
// at least parts of three calendar months, within Zoom's six-month look-back.
const historyDays = 75

// An activity is one row of GET /report/meeting_activities.
type activity struct {
	at            int64 // Unix milliseconds
	meetingNumber string
	operator      string
	operatorEmail string
	category      string
	detail        string
	user          *user // nil: not of the account
	edited        bool
}

// MarshalJSON writes the row as Zoom does: activity_time has no zone (it is UTC)
// and a colon before its milliseconds (Zoom API Hub, Meetings,
// reportMeetingactivitylogs, example value; read 2026-11).
func (a activity) MarshalJSON() ([]byte, error) {
	at := time.UnixMilli(a.at).UTC()
	return encode(struct {
		MeetingNumber string `json:"meeting_number"`
		ActivityTime  string `json:"activity_time"`
		Operator      string `json:"operator"`
		OperatorEmail string `json:"operator_email"`
		Category      string `json:"activity_category"`
		Detail        string `json:"activity_detail"`
	}{
		MeetingNumber: a.meetingNumber,
		ActivityTime:  fmt.Sprintf("%s:%03d", at.Format(time.DateTime), at.Nanosecond()/int(time.Millisecond)),
		Operator:      a.operator,
		OperatorEmail: a.operatorEmail,
		Category:      a.category,
		Detail:        a.detail,
	}), nil
}

// encode writes v as JSON without turning <, > and & into escapes, as Zoom's
// server does not.
func encode(v any) []byte {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		panic(fmt.Sprintf("zoomsim: encoding %T: %v", v, err)) // only our own types come here
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}

// chatLines is what people write: text that breaks careless CSV, HTML, SQL and
// log writers. They are used in turn, so that each occurs.
var chatLines = []string{
	"Good morning!",
	"line one\nline two\r\nline three",
	"tab\tseparated\tvalues",
	`she said "break a leg", then left`,
	"=HYPERLINK(\"https://stagedoor.example\",\"click\")",
	"🎭🎟️ curtain at 19:30 👩‍🎤",
	"a,b;c|d",
	"<script>alert('x') && true</script>",
	"C:\\stage\\left",
	"'; DROP TABLE activities; --",
	"مرحبا بالعالم",
	"  blanks around  ",
	"",
	"{\"json\": [1, 2, 3]}",
	"100 % of the props\u2028are here",
	strings.Repeat("a long speech … ", 40),
}

// A meeting is one instance that was held.
type meeting struct {
	number     string
	kind       int  // one of a series, or held once
	first      bool // the first instance of its number
	host       *user
	start, end time.Time
}

// An activityRef is a row of the report before it is made up: which row of which
// meeting, and when. A twin has the same.
type activityRef struct {
	at           int64 // Unix milliseconds
	meeting, row int32
}

func (a activityRef) when() int64 { return a.at }

// newActivities orders the rows of all meetings, newest first.
func (s *Simulator) newActivities() []activityRef {
	var refs []activityRef
	for _, m := range s.heldByIndex {
		if m == nil || m.gone {
			continue
		}
		for row, a := range s.happened(m) {
			refs = append(refs, activityRef{a.at, int32(m.index), int32(row)})
		}
	}
	slices.SortStableFunc(refs, func(a, b activityRef) int { return cmp.Compare(b.at, a.at) })
	return withDuplicates(refs, randomFor(s.options.Seed, "duplicates", 0))
}

// happenedEdits are what edits did to the rows of a meeting, by the row's place.
type happenedEdits struct {
	changed map[int]activity
	gone    map[int]bool
	late    []activity
}

// happened makes up the rows of a meeting: those that are gone too, so that each
// keeps its place.
func (s *Simulator) happened(m *heldMeeting) []activity {
	held := m.meeting
	held.first = held.first && !m.late // it was not created on a day that is read no more
	rows := append(held.activities(randomFor(s.options.Seed, "meeting", m.index), m.index, s.joined, s.since), m.happened.late...)
	for row, changed := range m.happened.changed {
		rows[row] = changed
	}
	return rows
}

// An activityReader turns references into rows. It remembers the latest meetings,
// since neighbours are of few.
type activityReader struct {
	s    *Simulator
	rows map[int32][]activity
}

func (s *Simulator) activityReader() activityReader {
	return activityReader{s, map[int32][]activity{}}
}

func (a activityReader) row(ref activityRef) activity {
	rows, known := a.rows[ref.meeting]
	if !known {
		if len(a.rows) >= 500 {
			clear(a.rows)
		}
		rows = a.s.happened(a.s.heldByIndex[ref.meeting])
		a.rows[ref.meeting] = rows
	}
	return rows[ref.row]
}

// newMeetings decides who met when. The first meetings lie at the edges: they
// start with the first millisecond of the history and of each month, or end with
// the last millisecond of the history and of each month.
func newMeetings(o Options, hosts []*user, since, until time.Time) []meeting {
	edges := edgesOf(since, until)
	studio := slices.IndexFunc(hosts, func(u *user) bool { return u.studio })
	meetings := make([]meeting, o.Meetings)
	for i := range meetings {
		r := randomFor(o.Seed, "schedule", i)
		m := &meetings[i]
		m.number, m.first, m.host = meetingNumber(r), true, pick(r, hosts)
		if studio >= 0 && i%3 == 1 { // the second, which ends with the history, is one
			m.host = hosts[studio]
		}
		if i > 1 && r.IntN(3) == 0 { // a recurring meeting keeps its number
			former := meetings[r.IntN(i)]
			m.number, m.first, m.host = former.number, false, former.host
		}
		length := 5*time.Minute + time.Duration(r.Int64N(int64(85*time.Minute/time.Millisecond)))*time.Millisecond
		latest := until.Add(day - time.Millisecond).Add(-length)
		m.start = since.Add(time.Duration(r.Int64N(latest.Sub(since).Milliseconds()+1)) * time.Millisecond)
		switch {
		case i < len(edges):
			m.start = edges[i].start
			if m.start.IsZero() {
				m.start = edges[i].end.Add(-length)
			}
		case i > smallCompany && i < usualCompany && i%23 == 5: // the last day is a busy one
			m.start = within(r, until, latest)
		}
		m.end = m.start.Add(length)
	}
	markSeries(meetings)
	return meetings
}

// markSeries tells the instances of a series, whose number others have too, from
// meetings that were held once. One series in five has no fixed time.
func markSeries(meetings []meeting) {
	instances := map[string]int{}
	for _, m := range meetings {
		instances[m.number]++
	}
	for i := range meetings {
		switch number := meetings[i].number; {
		case instances[number] == 1:
			meetings[i].kind = scheduledOnce
		case digits(number)%5 == 0:
			meetings[i].kind = recurringWithout
		default:
			meetings[i].kind = recurringWithTimes
		}
	}
}

// meetingNumber makes up a number of 9, 10 or 11 digits, as Zoom shows it.
func meetingNumber(r *rand.Rand) string {
	head, middle, tail := 100+r.IntN(900), r.IntN(1000), r.IntN(10_000)
	switch r.IntN(3) {
	case 0:
		return fmt.Sprintf("%d %03d %03d", head, middle, tail%1000)
	case 1:
		return fmt.Sprintf("%d %03d %04d", head, middle, tail)
	default:
		return fmt.Sprintf("%d %04d %04d", head, middle*7, tail)
	}
}

// activities makes up the rows of the meeting number i. Who is not a user of
// the account has no operator_email (Zoom leaves out outsiders' addresses).
func (m meeting) activities(r *rand.Rand, i int, hosts []*user, since time.Time) []activity {
	var rows []activity
	add := func(at time.Time, who person, category, detail string) {
		rows = append(rows, activity{
			at: at.UnixMilli(), meetingNumber: m.number, operator: who.name, operatorEmail: who.email,
			category: category, detail: detail, user: who.user,
		})
	}

	host := personOf(m.host)
	if created := m.start.Add(-time.Duration(r.Int64N(int64(7 * day)))); m.first && !created.Before(since) {
		add(created, host, "Meeting Created", "Meeting Created")
	}
	add(m.start, host, "Meeting Started", "Meeting Started")
	add(m.start, host, "User Join", "User Join")
	guests := 1 + r.IntN(8)
	if i >= largeCompany {
		guests += r.IntN(19)
	}
	if i%10 == 9 {
		guests = 0 // nobody came
	}
	for guest := range guests {
		who := somebody(r, hosts)
		joined := within(r, m.start, m.start.Add(5*time.Minute))
		add(joined, who, "User Join", "User Join")
		if guest == 0 && i%2 == 0 || r.IntN(4) == 0 {
			add(within(r, joined, m.end), who, "In-Meeting Chat", chatLines[(i/2+guest)%len(chatLines)])
		}
		if r.IntN(12) == 0 {
			add(within(r, joined, m.end), who, "Remote Control", "Remote control of "+host.name+"'s screen")
		}
		left := m.end // those who stay leave in the same millisecond
		if r.IntN(5) < 2 {
			left = within(r, joined, m.end)
		}
		add(left, who, "User Left", "User Left")
	}
	add(m.end, host, "User Left", "User Left")
	add(m.end, host, "Meeting Ended", "Meeting Ended")
	return rows
}

// Of the meetings between a small company's and a usual one's some are on the last
// day, so that edits find there what they need. A larger one has enough.
const (
	smallCompany = 150
	usualCompany = 400
)

// largeCompany is after how many meetings the company is a large one, whose
// further meetings are larger too.
const largeCompany = 2000

// A person is the operator of an activity.
type person struct {
	name, email string
	user        *user // nil: not of the account
}

func personOf(u *user) person { return person{u.displayName(), u.email, u} }

// somebody is a user of the account or, one time in three, a guest.
func somebody(r *rand.Rand, users []*user) person {
	if r.IntN(3) > 0 {
		return personOf(pick(r, users))
	}
	if r.IntN(4) == 0 {
		name := pick(r, awkwardNames)
		return person{name: strings.TrimSpace(name[0] + " " + name[1])}
	}
	return person{name: pick(r, firstNames) + " (guest)"}
}
