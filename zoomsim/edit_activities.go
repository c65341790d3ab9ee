package zoomsim

import (
	"math/rand/v2"
	"slices"
)

// addActivity lets a row of a meeting appear; what is counted of the meeting is
// counted again.
func (s *Simulator) addActivity(m *heldMeeting, a activity) {
	refs := s.activities.all()
	row := len(s.happened(m))
	m.happened.late = append(slices.Clone(m.happened.late), a)
	s.activities.rows = inserted(refs, activityRef{a.at, int32(m.index), int32(row)})
	m.edited, m.known = true, nil
}

// removeActivity takes a row of a meeting away, and its twins.
func (s *Simulator) removeActivity(m *heldMeeting, row int) {
	refs := s.activities.all()
	if m.happened.gone == nil {
		m.happened.gone = map[int]bool{}
	}
	m.happened.gone[row] = true
	s.activities.rows = slices.DeleteFunc(slices.Clone(refs), func(ref activityRef) bool {
		return int(ref.meeting) == m.index && int(ref.row) == row
	})
	m.edited, m.known = true, nil
}

// spoken picks an activity of the recent days that no other row hangs on, and
// was not edited yet.
func (s *Simulator) spoken(r *rand.Rand) (*heldMeeting, int, bool) {
	reader := s.activityReader()
	refs := s.activities.all()
	free := func(ref activityRef) bool {
		a := reader.row(ref)
		return !a.edited && !s.heldByIndex[ref.meeting].late && slices.Contains([]string{"In-Meeting Chat", "Remote Control", "Meeting Created"}, a.category)
	}
	i := recent(s, r, refs, func(ref activityRef) bool { return s.heldByIndex[ref.meeting].edited && free(ref) }, free)
	if i < 0 {
		return nil, 0, false
	}
	return s.heldByIndex[refs[i].meeting], int(refs[i].row), true
}

// addActivityEditors lets edits at the activities: what was said changes, is
// deleted, or shows late.
func (s *Simulator) addActivityEditors() {
	change := func(r *rand.Rand) bool {
		m, row, found := s.spoken(r)
		if !found {
			return false
		}
		a := s.happened(m)[row]
		a.detail, a.edited = a.detail+" (edited)", true
		if m.happened.changed == nil {
			m.happened.changed = map[int]activity{}
		}
		m.happened.changed[row], m.edited = a, true
		return true
	}
	late := func(r *rand.Rand) bool {
		i := recent(s, r, s.meetings, s.spoiled(func(*heldMeeting) bool { return true })...)
		if i < 0 {
			return false
		}
		m := s.meetings[i]
		host := personOf(m.host)
		s.addActivity(m, activity{
			at: within(r, m.start, m.end).UnixMilli(), meetingNumber: m.number, operator: host.name, operatorEmail: host.email, user: host.user,
			category: "In-Meeting Chat", detail: pick(r, chatLines) + " (late)", edited: true,
		})
		return true
	}
	remove := func(r *rand.Rand) bool {
		m, row, found := s.spoken(r)
		if found {
			s.removeActivity(m, row)
		}
		return found
	}
	s.editors["meeting_activities"] = editor{change: change, late: late, remove: remove}
}
