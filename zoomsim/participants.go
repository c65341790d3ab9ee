package zoomsim

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// A participant is one row of GET /report/meetings/{meetingId}/participants:
// somebody was in the meeting, in its waiting room or in one of its breakout
// rooms, without a break.
type participant struct {
	row           int    // its place among the rows made up, those that are gone too
	who           person // not what the row shows
	gone          bool
	waiting       bool
	failover      bool
	id            string // being replaced by participantID; either may be missing
	participantID string
	userID        string // a new one for each join; blank in some rows
	registrantID  string
	name, email   string
	customerKey   string
	room          string // the breakout room
	join, leave   int64  // Unix seconds
}

// participantRecord is the row as Zoom writes it (Zoom API Hub, Meetings,
// reportMeetingParticipants, read 2026-11). RegistrantID is there only if it was
// asked for.
type participantRecord struct {
	CustomerKey       string  `json:"customer_key"`
	Duration          int64   `json:"duration"` // seconds
	Failover          bool    `json:"failover"`
	ID                string  `json:"id"`
	JoinTime          string  `json:"join_time"`
	LeaveTime         string  `json:"leave_time"`
	Name              string  `json:"name"`
	RegistrantID      *string `json:"registrant_id,omitempty"`
	Status            string  `json:"status"`
	UserEmail         string  `json:"user_email"`
	UserID            string  `json:"user_id"`
	Room              string  `json:"bo_mtg_id,omitempty"`
	ParticipantUserID string  `json:"participant_user_id"`
}

// rosterEdits are what edits did to the rows of a meeting, by the row's place.
type rosterEdits struct {
	leave  map[int]int64 // when somebody left after all, Unix seconds
	gone   map[int]bool
	edited map[int]bool
}

// note tells that a row was edited.
func (e *rosterEdits) note(row int) {
	if e.edited == nil {
		e.edited = map[int]bool{}
	}
	e.edited[row] = true
}

// secondsOf turns Unix milliseconds into whole seconds.
func secondsOf(milliseconds int64) int64 { return milliseconds / 1000 }

// A rosterMaker makes up the rows of one meeting out of who was in it.
type rosterMaker struct {
	m          *heldMeeting
	begin, end int64 // of the breakout rooms, Unix seconds; 0: there were none
	rows       []participant
	ids        int64 // user ids given so far
}

// roster makes up the participants of a meeting, in the order of the report. It
// costs what the meeting holds, and nothing is kept.
func (s *Simulator) roster(m *heldMeeting) []participant {
	base := randomFor(s.options.Seed, "participants", m.index)
	seeds := [2]uint64{base.Uint64(), base.Uint64()}
	maker := rosterMaker{m: m}
	if length := m.end.Unix() - m.start.Unix(); m.breakout() {
		maker.begin = m.start.Unix() + 360 + base.Int64N(length/4)
		maker.end = maker.begin + length/3
	}
	stays := m.sessions(s.happened(m))
	known := len(stays)
	for known > 0 && stays[known-1].late {
		known-- // the rows of the others stay as they are
	}
	for i, stay := range stays {
		r := rand.New(rand.NewPCG(seeds[0], seeds[1]+uint64(i)))
		maker.stay(r, s, stay, i == known/2)
	}
	if m.index%12 == 5 {
		maker.waitedInVain(base)
	}
	rows := maker.rows
	for i := range rows {
		rows[i].row = i
		if leave, changed := m.roster.leave[i]; changed {
			rows[i].leave = leave
		}
	}
	rows = slices.DeleteFunc(rows, func(p participant) bool { return p.gone || m.roster.gone[p.row] })
	slices.SortStableFunc(rows, func(a, b participant) int { return cmp.Compare(a.join, b.join) })
	return rows
}

// stay makes up the rows of one stay. Somebody whose connection breaks comes back
// as another user id; some come through the waiting room; breakout rooms have rows
// of their own, beside those of the meeting. A middle one may have no user id.
func (k *rosterMaker) stay(r *rand.Rand, s *Simulator, stay session, middle bool) {
	p := k.face(r, s, stay)
	p.join, p.leave = secondsOf(stay.join), secondsOf(stay.leave)
	isHost := stay.who.user == k.m.host
	if k.m.waitingRoom() && !isHost {
		waited := p
		waited.waiting, waited.userID = true, k.userID()
		waited.leave, waited.join = p.join, p.join-r.Int64N(240)
		k.rows = append(k.rows, waited)
	}
	length := p.leave - p.join
	parts := []participant{p}
	if length > 120 && r.IntN(4) == 0 {
		// Out at a third and back at half of the time, or at once on another server.
		first, again := p, p
		first.leave, again.join = p.join+length/3, p.join+length/2
		if r.IntN(3) == 0 {
			again.join, again.failover = first.leave, true
		}
		parts = []participant{first, again}
	}
	for i := range parts {
		parts[i].userID = k.userID()
		// The telephone, and clients of long ago.
		if r.IntN(16) == 0 || stay.who.user == nil && r.IntN(6) == 0 || middle && k.m.index%3 == 0 {
			parts[i].userID = ""
		}
		k.rows = append(k.rows, parts[i])
		k.breakout(r, parts[i])
	}
	if last := parts[len(parts)-1]; last.userID == "" && middle {
		k.rows = append(k.rows, last) // two rows that nothing tells apart
	}
}

// face is how somebody shows in the report: a user with both ids or with one, or
// without any who was not signed in; a guest under a name alone, or no name.
func (k *rosterMaker) face(r *rand.Rand, s *Simulator, stay session) participant {
	p := participant{who: stay.who, gone: stay.gone, name: stay.who.name, registrantID: s.registrantID(k.m, stay.who)}
	switch u := stay.who.user; {
	case u == nil && r.IntN(12) == 0:
		p.name = "" // a telephone that hides its number
	case u == nil && r.IntN(6) == 0:
		p.name = "  " + p.name + " "
	case u == nil:
	case r.IntN(12) == 0 && u != k.m.host: // not signed in, and typed it himself
		p.email = strings.ToUpper(u.email[:1]) + u.email[1:]
	default:
		p.id, p.participantID, p.email = u.id, u.id, u.email
		switch r.IntN(10) {
		case 0:
			p.id = ""
		case 1:
			p.participantID = ""
		case 2:
			p.customerKey = fmt.Sprintf("ck-%d", r.IntN(1000))
		case 3:
			p.name += " 🎧" // a name that was changed for this meeting
		}
	}
	return p
}

// userID is the next one, as Zoom counts them in a meeting.
func (k *rosterMaker) userID() string {
	k.ids++
	return fmt.Sprint(16_777_216 + 1024*k.ids)
}

// breakout adds the row of a breakout room for somebody who was there meanwhile.
func (k *rosterMaker) breakout(r *rand.Rand, p participant) {
	p.join, p.leave = max(p.join, k.begin), min(p.leave, k.end)
	if k.begin == 0 || p.leave-p.join < 60 || r.IntN(8) == 0 {
		return
	}
	p.join, p.leave = p.join+r.Int64N(20), p.leave-r.Int64N(20)
	p.room = roomID(k.m, r.IntN(3))
	if r.IntN(2) == 0 && p.userID != "" {
		p.userID = k.userID()
	}
	k.rows = append(k.rows, p)
}

// roomID names a breakout room of a meeting.
func roomID(m *heldMeeting, room int) string {
	return newUUID(int64(binary.BigEndian.Uint64([]byte(m.uuid))), room)
}

// waitedInVain adds somebody whom nobody let in: no activity tells of him.
func (k *rosterMaker) waitedInVain(r *rand.Rand) {
	at := k.m.start.Unix() + r.Int64N(120)
	k.rows = append(k.rows, participant{
		waiting: true, userID: k.userID(), name: pick(r, firstNames) + " (not let in)", join: at, leave: at + 30 + r.Int64N(300),
	})
}

// participantRow is a row as the API sends it.
func (s *Simulator) participantRow(m *heldMeeting, p participant, registrants bool) participantRecord {
	record := participantRecord{
		CustomerKey: p.customerKey, Duration: p.leave - p.join, Failover: p.failover, ID: p.id,
		JoinTime: stamp(time.Unix(p.join, 0)), LeaveTime: stamp(time.Unix(p.leave, 0)), Name: p.name,
		Status: "in_meeting", UserEmail: p.email, UserID: p.userID, Room: p.room, ParticipantUserID: p.participantID,
	}
	if registrants {
		record.RegistrantID = &p.registrantID
	}
	if p.waiting {
		record.Status = "in_waiting_room"
	}
	if s.computing(m) {
		record.Duration = 0
	}
	return record
}

// computing tells whether Zoom still works out how long everybody stayed.
func (s *Simulator) computing(m *heldMeeting) bool {
	return s.options.Now().Before(m.end.Add(s.options.DurationLag))
}

// hasReport tells whether there is a report of a meeting's participants: not of
// somebody who was alone, and not before Zoom has made it.
func (s *Simulator) hasReport(m *heldMeeting) bool {
	return !s.alone(m) && !s.options.Now().Before(m.end.Add(s.options.ReportLag))
}

// newRegistering notes which series take registration, as it was when they were
// held: who registers or is removed later changes no report of the past.
func (s *Simulator) newRegistering() {
	s.registering = map[int64]scheduledMeeting{}
	for _, m := range s.scheduled {
		if m.registrants > 0 && m.kind != scheduledOnce {
			s.registering[m.id] = *m
		}
	}
}

// registrantID is who somebody registered as, for meetings that take registration:
// a guest as one of those who did, a user if he is one of them.
func (s *Simulator) registrantID(m *heldMeeting, who person) string {
	series, found := s.registering[m.id()]
	if !found || who.user == m.host {
		return ""
	}
	if who.user == nil {
		i := randomFor(s.options.Seed, "registered "+who.name, m.index).IntN(series.registrants)
		return newRegistration(s.options.Seed, &series, i, s.joined).ID
	}
	for i := range series.registrants {
		if row := newRegistration(s.options.Seed, &series, i, s.joined); row.Email == who.email {
			return row.ID
		}
	}
	return ""
}
