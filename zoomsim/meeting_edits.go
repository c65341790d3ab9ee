package zoomsim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

func (s *Simulator) oneScheduled(r *rand.Rand, again bool, take func(*scheduledMeeting) bool) *scheduledMeeting {
	i := fresh(r, s.scheduled, again, func(m *scheduledMeeting) bool { return m.edited }, take)
	if i < 0 {
		return nil
	}
	s.scheduled[i].edited = true
	return s.scheduled[i]
}

func (s *Simulator) changeScheduled(r *rand.Rand) bool {
	m := s.oneScheduled(r, true, func(*scheduledMeeting) bool { return true })
	if m == nil {
		return false
	}
	m.agenda, m.minutes = m.agenda+"\nAlso: the new curtain", m.minutes+15
	return true
}

// addScheduled adds a meeting that takes place once, every second with
// registration if the account may have it.
func (s *Simulator) addScheduled(r *rand.Rand) bool {
	hosts := slices.DeleteFunc(s.account.schedulers(s.options.Plan), func(u *user) bool { return u.edited })
	if len(hosts) == 0 {
		return false
	}
	taken := map[int64]bool{}
	for _, m := range s.meetings {
		taken[m.id()] = true
	}
	for _, m := range s.scheduled {
		taken[m.id] = true
	}
	// Numbers of the start are below twice the users.
	n := s.edits[Late+" meetings"]
	m := newScheduledMeeting(s.options, r, 2*s.options.Users+n, pick(r, hosts), taken)
	m.createdAt, m.edited, m.registrants = time.UnixMilli(s.lateSecond(r)), true, -1
	if n%2 == 1 && s.options.Plan != "free" {
		m.registrants = 1 + r.IntN(12)
	}
	s.scheduled = added(r, s.scheduled, m)
	return true
}

// removeScheduled takes a meeting away, and with it who has registered; the one
// with most registrants stays.
func (s *Simulator) removeScheduled(r *rand.Rand) bool {
	m := s.oneScheduled(r, false, func(m *scheduledMeeting) bool { return m.number != 0 })
	if m == nil {
		return false
	}
	s.scheduled = without(s.scheduled, slices.Index(s.scheduled, m))
	delete(s.registrants, m.id)
	return true
}

// oneRegistrant returns somebody who has registered, of the largest meeting half of
// the times.
func (s *Simulator) oneRegistrant(r *rand.Rand, again bool) (*scheduledMeeting, int) {
	place := func(m *scheduledMeeting) int {
		return fresh(r, s.registrantsOf(m), again, func(row registration) bool { return row.edited },
			func(registration) bool { return true })
	}
	largest := r.IntN(2) > 0
	i := one(r, s.scheduled, func(m *scheduledMeeting) bool { return largest == (m.number == 0) && place(m) >= 0 })
	if i < 0 {
		i = one(r, s.scheduled, func(m *scheduledMeeting) bool { return place(m) >= 0 })
	}
	if i < 0 {
		return nil, -1
	}
	return s.scheduled[i], place(s.scheduled[i])
}

// changeRegistrant gives somebody another employer; who waited is approved, and so
// shows up with another status than before.
func (s *Simulator) changeRegistrant(r *rand.Rand) bool {
	m, i := s.oneRegistrant(r, true)
	if m == nil {
		return false
	}
	rows := slices.Clone(s.registrantsOf(m))
	row := &rows[i]
	row.Org, row.edited = fmt.Sprintf("%s (change %d)", pick(r, companies), s.edits[Change+" meeting_registrants"]), true
	if row.Status == "pending" {
		row.Status = "approved"
	}
	s.registrants[m.id] = rows
	return true
}

func (s *Simulator) addRegistrant(r *rand.Rand) bool {
	i := one(r, s.scheduled, func(m *scheduledMeeting) bool {
		return m.registrants >= 0 && len(s.registrantsOf(m)) < maxRegistrants
	})
	if i < 0 {
		return false
	}
	m := s.scheduled[i]
	row := newRegistration(s.options.Seed, m, maxRegistrants+s.edits[Late+" meeting_registrants"], nil)
	row.CreateTime, row.edited = s.lately(r), true
	s.registrants[m.id] = added(r, s.registrantsOf(m), row)
	return true
}

func (s *Simulator) removeRegistrant(r *rand.Rand) bool {
	m, i := s.oneRegistrant(r, false)
	if m == nil {
		return false
	}
	s.registrants[m.id] = without(s.registrantsOf(m), i)
	return true
}

// editRecording edits the recording of a meeting of the recent days: of one that
// was not edited yet in any way, if there is one, and of one whose recording was
// edited only if again allows it.
func (s *Simulator) editRecording(r *rand.Rand, again bool, take func(*heldMeeting) bool, edit func(*cloudRecording)) bool {
	i := -1
	for _, fresh := range []func(*heldMeeting) bool{
		func(m *heldMeeting) bool { return !m.edited },
		func(m *heldMeeting) bool { return !m.recording.edited },
		func(*heldMeeting) bool { return again },
	} {
		if i < 0 {
			i = recent(s, r, s.meetings, func(m *heldMeeting) bool { return fresh(m) && !s.account.gone[m.host] && take(m) })
		}
	}
	if i < 0 {
		return false
	}
	m := s.meetings[i]
	edit(&m.recording)
	m.edited, m.recording.edited = true, true
	return true
}

// changeRecording adds the summary, which Zoom works out last, and draws another
// passcode.
func (s *Simulator) changeRecording(r *rand.Rand) bool {
	return s.editRecording(r, true, (*heldMeeting).listed, func(c *cloudRecording) { c.revision++ })
}

// addRecording lists a recording that was being processed or, if there is none,
// makes one of a meeting that had none, which its reports then show, or of one
// that was not there.
func (s *Simulator) addRecording(r *rand.Rand) bool {
	list := func(c *cloudRecording) { c.state = recorded }
	return s.editRecording(r, false, func(m *heldMeeting) bool { return m.recording.state == processing }, list) ||
		s.editRecording(r, false, func(m *heldMeeting) bool {
			return m.recording.state == notRecorded && m.host.kind == 2 && s.options.Plan != "free"
		}, list) || s.addRecordedMeeting(r)
}

// trashRecording moves a recording to the trash, where trash=true shows it.
func (s *Simulator) trashRecording(r *rand.Rand) bool {
	return s.editRecording(r, false, (*heldMeeting).listed, func(c *cloudRecording) { c.state = trashed })
}
