package zoomsim

import (
	"cmp"
	"encoding/json"
	"iter"
	"math/rand/v2"
	"slices"
)

// listParticipants is GET /report/meetings/{meetingId}/participants, of an
// instance by its UUID or by a meeting's number of the newest one. Zoom reports
// nothing on somebody who was alone, nor before it has made the report.
func (s *Simulator) listParticipants(c *call) *answer {
	if s.options.Plan == "free" {
		return errPaidOnly(s.account.id)
	}
	p := parameters{query: c.query}
	size := p.number("page_size", 30, 300)
	registrants := p.choice("include_fields", "", "registrant_id") != ""
	if problem := p.problem(); problem != nil {
		return problem
	}
	m := s.findHeld(c.args[0])
	if m == nil || !s.hasReport(m) {
		return errNoReport(c.args[0])
	}
	start, refusal := s.pageStart(c)
	if refusal != nil {
		return refusal
	}
	rows := s.roster(m)
	found := cut(s.pages, c, rows, start, size, true)
	return ok(struct {
		NextPageToken string              `json:"next_page_token"`
		PageCount     int                 `json:"page_count"`
		PageSize      int                 `json:"page_size"`
		TotalRecords  int                 `json:"total_records"`
		Participants  []participantRecord `json:"participants"`
	}{found.next, cmp.Or((len(rows)+size-1)/size, 1), size, len(rows), mapped(found.rows, func(p participant) participantRecord {
		return s.participantRow(m, p, registrants)
	})})
}

// ofMeetings yields the rows of each meeting of the days that has a report, or of
// the one asked for; all of a meeting at once, and no meeting before it is its turn.
func (s *Simulator) ofMeetings(t Truth, rows func(*heldMeeting) []json.RawMessage) iter.Seq[json.RawMessage] {
	meetings := between(s.meetings, t.Since, t.Until)
	if t.MeetingUUID != "" {
		meetings = nil
		if m := s.heldByUUID[t.MeetingUUID]; m != nil {
			meetings = []*heldMeeting{m}
		}
	}
	return func(yield func(json.RawMessage) bool) {
		for _, m := range meetings {
			for _, record := range s.reported(m, rows) {
				if t.WithMeeting {
					record = encode(struct {
						UUID   string          `json:"meeting_uuid"`
						Record json.RawMessage `json:"record"`
					}{m.uuid, record})
				}
				if !yield(record) {
					return
				}
			}
		}
	}
}

// reported are the rows of a meeting, none if it has no report.
func (s *Simulator) reported(m *heldMeeting, rows func(*heldMeeting) []json.RawMessage) []json.RawMessage {
	s.company.RLock()
	defer s.company.RUnlock()
	if m.gone || !s.hasReport(m) {
		return nil
	}
	return rows(m)
}

// addParticipants lets the participants be read and edited, and what they come to.
func (s *Simulator) addParticipants() {
	s.operations["GET /report/meetings/{meetingId}/participants"] = s.listParticipants
	s.truths["report_meeting_participants"] = func(t Truth) iter.Seq[json.RawMessage] {
		return s.ofMeetings(t, func(m *heldMeeting) []json.RawMessage {
			return mapped(s.roster(m), func(p participant) json.RawMessage { return encode(s.participantRow(m, p, true)) })
		})
	}
	s.truths["meeting_attendance"] = func(t Truth) iter.Seq[json.RawMessage] {
		return s.ofMeetings(t, func(m *heldMeeting) []json.RawMessage {
			return mapped(s.attendanceRows(m), func(row attendanceRow) json.RawMessage { return encode(row) })
		})
	}
	s.editors["report_meeting_participants"] = editor{change: s.changeLeave, late: s.addGuest, remove: s.removeStay}
	s.editors["meeting_attendance"] = editor{change: s.changeLeave, late: s.addGuest, remove: s.removeGuest}
}

// rosterRow picks a row of a recent meeting that was not edited yet. Rows without
// a user id are left alone: only what they say tells them apart.
func (s *Simulator) rosterRow(r *rand.Rand, take func(m *heldMeeting, rows []participant, p participant) bool) (*heldMeeting, participant, bool) {
	candidates := func(m *heldMeeting) (found []participant) {
		if !s.hasReport(m) {
			return nil
		}
		rows := s.roster(m)
		for _, p := range rows {
			if p.userID != "" && !m.roster.edited[p.row] && take(m, rows, p) {
				found = append(found, p)
			}
		}
		return found
	}
	i := recent(s, r, s.meetings, s.spoiled(func(m *heldMeeting) bool { return len(candidates(m)) > 0 })...)
	if i < 0 {
		return nil, participant{}, false
	}
	return s.meetings[i], pick(r, candidates(s.meetings[i])), true
}

// changeLeave lets somebody leave earlier than the report said first.
func (s *Simulator) changeLeave(r *rand.Rand) bool {
	m, p, found := s.rosterRow(r, func(_ *heldMeeting, rows []participant, p participant) bool {
		return !p.waiting && p.room == "" && p.leave-p.join > 60 &&
			!slices.ContainsFunc(rows, func(other participant) bool {
				return other.row != p.row && other.who == p.who && other.join <= p.leave && p.join < other.leave
			})
	})
	if !found {
		return false
	}
	if m.roster.leave == nil {
		m.roster.leave = map[int]int64{}
	}
	m.roster.leave[p.row] = p.join + (p.leave-p.join)/3
	m.roster.note(p.row)
	m.edited = true
	return true
}

// removeStay takes one row of somebody away who has another.
func (s *Simulator) removeStay(r *rand.Rand) bool {
	m, p, found := s.rosterRow(r, func(_ *heldMeeting, rows []participant, p participant) bool {
		return p.waiting || slices.ContainsFunc(rows, func(other participant) bool {
			return other.row != p.row && other.who == p.who && !other.waiting && other.room == ""
		})
	})
	if !found {
		return false
	}
	if m.roster.gone == nil {
		m.roster.gone = map[int]bool{}
	}
	m.roster.gone[p.row] = true
	m.edited = true
	return true
}

// addGuest lets somebody turn up who was in a meeting after all: in its
// activities, its figures and its participants.
func (s *Simulator) addGuest(r *rand.Rand) bool {
	i := recent(s, r, s.meetings, s.spoiled(s.hasReport)...)
	if i < 0 {
		return false
	}
	m := s.meetings[i]
	who := person{name: pick(r, firstNames) + " (late, guest)"}
	joined := within(r, m.start, m.start.Add(m.end.Sub(m.start)/2))
	for _, a := range []activity{
		{at: joined.UnixMilli(), category: "User Join", detail: "User Join"},
		{at: m.end.UnixMilli(), category: "User Left", detail: "User Left"},
	} {
		a.meetingNumber, a.operator, a.edited = m.number, who.name, true
		s.addActivity(m, a)
	}
	for _, p := range s.roster(m) {
		if p.who == who {
			m.roster.note(p.row)
		}
	}
	return true
}

// removeGuest takes somebody out of a meeting that others were in too, with all
// that he did there.
func (s *Simulator) removeGuest(r *rand.Rand) bool {
	m, p, found := s.rosterRow(r, func(m *heldMeeting, rows []participant, p participant) bool {
		return !p.waiting && p.who != personOf(m.host) && s.attendance(m).people > 2 &&
			!slices.ContainsFunc(rows, func(other participant) bool { return other.who == p.who && m.roster.edited[other.row] })
	})
	if !found {
		return false
	}
	for row, a := range s.happened(m) {
		if a.operator == p.who.name && a.operatorEmail == p.who.email {
			s.removeActivity(m, row)
		}
	}
	return true
}
