package zoomsim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Types of meetings that are scheduled.
const (
	scheduledOnce      = 2
	recurringWithout   = 3 // a fixed time
	recurringWithTimes = 8
)

// A scheduledMeeting is one row of GET /users/{userId}/meetings: one that is still
// to come, or a series that goes on.
type scheduledMeeting struct {
	number    int // what its random numbers hang on
	id        int64
	uuid      string
	host      *user
	kind      int
	topic     string
	agenda    string
	start     time.Time // zero without a fixed time
	minutes   int
	createdAt time.Time
	pmi       bool
	// registrants is how many people were made up who have registered; -1 where
	// registration is not enabled.
	registrants int
	edited      bool
}

// newScheduled makes up the meetings that lie ahead. There are as many that take
// place once as users, half of them of one host, and half as many series, if so
// many were held: the held meetings of one number are their past instances. Free
// accounts have no licensed users, whom registration takes.
func newScheduled(o Options, a *account, held []*heldMeeting) []*scheduledMeeting {
	hosts := a.schedulers(o.Plan)
	if len(hosts) == 0 {
		return nil
	}
	taken := map[int64]bool{}
	for _, m := range held {
		taken[m.id()] = true
	}
	var meetings []*scheduledMeeting
	for i := range o.Users {
		r := randomFor(o.Seed, "scheduled", i)
		host := hosts[0]
		if i%2 == 1 {
			host = pick(r, hosts)
		}
		meetings = append(meetings, newScheduledMeeting(o, r, i, host, taken))
	}
	for _, series := range seriesOf(held, hosts, o.Users/2) {
		meetings = append(meetings, newSeries(o, len(meetings), series))
	}
	return meetings
}

// schedulers are the users who schedule: those who are active, may do so, and
// hold a licence where anybody does; the owner first if he is one.
func (a *account) schedulers(plan string) []*user {
	var hosts []*user
	for _, u := range a.users {
		if u.status == "active" && (u.kind == 2 || plan == "free") && !a.gone[u] && !a.barred[u.id] {
			hosts = append(hosts, u)
		}
	}
	return hosts
}

// bar keeps the first active users after the owner, who are still there, from
// scheduling; not the busiest host.
func (a *account) bar(n int) error {
	a.barred = map[string]bool{}
	for _, u := range a.users[1:] {
		if len(a.barred) < n && u.status == "active" && !u.studio && !a.gone[u] {
			a.barred[u.id] = true
		}
	}
	if len(a.barred) < n {
		return fmt.Errorf("BarredUsers %d is more than there are active users beside the owner and the busiest host", n)
	}
	return nil
}

// newScheduledMeeting makes up the meeting number i, which takes place once. Every
// fourth has registration; so many come to the first that a list of them has
// pages.
func newScheduledMeeting(o Options, r *rand.Rand, i int, host *user, taken map[int64]bool) *scheduledMeeting {
	m := &scheduledMeeting{
		number: i, kind: scheduledOnce, host: host, uuid: newUUID(o.Seed, -1-i),
		start:       o.Today.Add(time.Duration(24*60+r.IntN(90*24*60)) * time.Minute).Truncate(15 * time.Minute),
		minutes:     15 * (1 + r.IntN(8)),
		createdAt:   o.Today.Add(-time.Duration(1+r.IntN(30*24*3600)) * time.Second),
		pmi:         i%20 == 7,
		agenda:      agendas[i%len(agendas)],
		registrants: -1,
	}
	for m.id == 0 || taken[m.id] {
		m.id = digits(meetingNumber(r))
	}
	taken[m.id] = true
	m.topic = topicOf(m.id)
	switch {
	case o.Plan == "free" || i%4 != 0:
	case i == 0:
		m.registrants = min(30+o.Users, maxRegistrants)
	default:
		m.registrants = r.IntN(13)
	}
	return m
}

// agendas are in turn those of meetings.
var agendas = []string{"", "1. Props\n2. Lights\n3. Any other business", `Bring "your" script, and <b>tea</b>`, "", "=NOW()", "🎭 📅", "جدول الأعمال"}

// seriesOf returns the held meetings of each number that was held more than once,
// by one of hosts, the latest first: at most so many series.
func seriesOf(held []*heldMeeting, hosts []*user, most int) [][]*heldMeeting {
	instances := map[string][]*heldMeeting{}
	var order []string
	for _, m := range held {
		if instances[m.number] == nil {
			order = append(order, m.number)
		}
		instances[m.number] = append(instances[m.number], m)
	}
	var series [][]*heldMeeting
	for _, number := range order {
		if own := instances[number]; len(own) > 1 && len(series) < most && slices.Contains(hosts, own[0].host) {
			series = append(series, own)
		}
	}
	return series
}

// newSeries is the series of held meetings; every fifth has no fixed time.
func newSeries(o Options, i int, held []*heldMeeting) *scheduledMeeting {
	r := randomFor(o.Seed, "scheduled", i)
	latest, first := held[0], held[len(held)-1]
	m := &scheduledMeeting{
		number: i, kind: recurringWithTimes, host: latest.host, uuid: newUUID(o.Seed, -1-i), id: latest.id(), topic: topicOf(latest.id()),
		start:       startOfDay(o.Today).Add(time.Duration(24*60+r.IntN(7*24*60)) * time.Minute).Truncate(15 * time.Minute),
		minutes:     15 * (1 + r.IntN(4)),
		createdAt:   first.start.Add(-time.Duration(1+r.IntN(7*24*3600)) * time.Second).Truncate(time.Second),
		agenda:      agendas[i%len(agendas)],
		registrants: -1,
	}
	switch {
	case latest.kind == recurringWithout:
		m.kind, m.start = recurringWithout, time.Time{}
	case i%4 == 0 && o.Plan != "free":
		m.registrants = r.IntN(13)
	}
	return m
}

// digits reads a meeting number as Zoom shows it.
func digits(number string) int64 {
	id, _ := strconv.ParseInt(strings.ReplaceAll(number, " ", ""), 10, 64)
	return id
}

// scheduledRecord is the row as Zoom writes it (Zoom API Hub, Meetings, meetings,
// read 2026-11). A series without a fixed time has neither start nor length.
type scheduledRecord struct {
	UUID      string `json:"uuid"`
	ID        int64  `json:"id"`
	HostID    string `json:"host_id"`
	Topic     string `json:"topic"`
	Type      int    `json:"type"`
	StartTime string `json:"start_time,omitempty"`
	Duration  int    `json:"duration,omitempty"`
	Timezone  string `json:"timezone"`
	Agenda    string `json:"agenda,omitempty"`
	CreatedAt string `json:"created_at"`
	JoinURL   string `json:"join_url"`
	PMI       string `json:"pmi,omitempty"`
}

func (m *scheduledMeeting) record() scheduledRecord {
	row := scheduledRecord{
		UUID: m.uuid, ID: m.id, HostID: m.host.id, Topic: m.topic, Type: m.kind, Timezone: m.host.timezone, Agenda: m.agenda,
		CreatedAt: stamp(m.createdAt), JoinURL: joinURL(m.id, m.number),
	}
	if m.kind != recurringWithout {
		row.StartTime, row.Duration = stamp(m.start), m.minutes
	}
	if m.pmi {
		row.PMI = fmt.Sprint(m.host.pmi)
	}
	return row
}

func joinURL(id int64, number int) string {
	return fmt.Sprintf("https://us02web.zoom.us/j/%d?pwd=%s", id, randomID(randomFor(id, "join", number)))
}

// listMeetings is GET /users/{userId}/meetings, with both ways of paging. type
// scheduled is all that is still to come and every series; upcoming and
// upcoming_meetings are those with a time, the next first; live is what is under
// way, which nothing ever is here; previous_meetings is what was held, newest
// first. from and to bound the last three by days, both inclusive.
func (s *Simulator) listMeetings(c *call) *answer {
	p := parameters{query: c.query}
	kind := p.choice("type", "scheduled", "scheduled", "live", "upcoming", "upcoming_meetings", "previous_meetings")
	size := p.number("page_size", 30, 300)
	from, to := p.optionalDay("from", s.options.Today.AddDate(-1, 0, 0)), p.optionalDay("to", s.options.Today.AddDate(1, 0, 0))
	at, refusal := s.numberedPage(c, &p, size)
	if refusal != nil {
		return refusal
	}
	u := s.findUser(c.args[0], false)
	switch {
	case u == nil || u.id == "" || s.account.gone[u]:
		return errNoUser(c.args[0])
	case s.account.barred[u.id]:
		return errMayNotSchedule()
	}

	var rows []scheduledRecord
	switch kind {
	case "scheduled":
		rows = mapped(s.scheduledBy(u), (*scheduledMeeting).record)
	case "upcoming", "upcoming_meetings":
		rows = mapped(upcoming(s.scheduledBy(u), from, to), (*scheduledMeeting).record)
	case "previous_meetings":
		rows = s.previousMeetings(u, from, to)
	}
	found := cut(s.pages, c, rows, at.start, size, at.byToken)
	return ok(struct {
		numberedList
		Meetings []scheduledRecord `json:"meetings"`
	}{at.list(len(rows), size, found.next), found.rows})
}

func (s *Simulator) scheduledBy(u *user) []*scheduledMeeting {
	var found []*scheduledMeeting
	for _, m := range s.scheduled {
		if m.host.id == u.id {
			found = append(found, m)
		}
	}
	return found
}

func (s *Simulator) findScheduled(meetingID string) *scheduledMeeting {
	id, err := strconv.ParseInt(meetingID, 10, 64)
	if err != nil {
		return nil
	}
	for _, m := range s.scheduled {
		if m.id == id {
			return m
		}
	}
	return nil
}

// upcoming are the meetings whose time lies in the days, the next first.
func upcoming(meetings []*scheduledMeeting, from, to time.Time) []*scheduledMeeting {
	meetings = slices.DeleteFunc(meetings, func(m *scheduledMeeting) bool {
		return m.kind == recurringWithout || m.start.Before(from) || !m.start.Before(to.Add(day))
	})
	slices.SortStableFunc(meetings, func(a, b *scheduledMeeting) int { return a.start.Compare(b.start) })
	return meetings
}

// previousMeetings are the instances that a user held in the days.
func (s *Simulator) previousMeetings(u *user, from, to time.Time) []scheduledRecord {
	var rows []scheduledRecord
	for _, m := range between(s.meetings, from, to) {
		if m.host.id == u.id {
			rows = append(rows, scheduledRecord{
				UUID: m.uuid, ID: m.id(), HostID: u.id, Topic: m.topic(), Type: m.kind, StartTime: stamp(m.start),
				Duration: minutes(m.start, m.end), Timezone: u.timezone, CreatedAt: stamp(m.start.Add(-day)), JoinURL: joinURL(m.id(), m.index),
			})
		}
	}
	return rows
}
