package zoomsim

import (
	"math/rand/v2"
	"slices"
	"time"
)

// addHeld lets a meeting appear that was held on the last day, with all that
// happened in it.
func (s *Simulator) addHeld(r *rand.Rand) *heldMeeting {
	i := len(s.heldByIndex)
	for i%10 == 9 { // those are the meetings to which nobody came
		s.heldByIndex = append(s.heldByIndex, nil)
		i++
	}
	length := 10*time.Minute + time.Duration(r.Int64N(int64(80*time.Minute/time.Millisecond)))*time.Millisecond
	start := within(r, s.until, s.until.Add(day-length))
	m := &heldMeeting{
		meeting: meeting{number: meetingNumber(r), first: true, host: s.stillThere(r), start: start, end: start.Add(length)},
		index:   i, uuid: newUUID(s.options.Seed, i), edited: true, late: true,
	}
	m.kind = scheduledOnce
	if m.recording = newCloudRecording(s.options, m.meeting, i); m.recording.state == processing {
		m.recording.state = recorded
	}
	refs := s.activities.all()
	s.heldByIndex, s.heldByUUID[m.uuid] = append(s.heldByIndex, m), m
	s.meetings = inserted(s.meetings, m)
	var own []activityRef
	for row, a := range s.happened(m) {
		own = append(own, activityRef{a.at, int32(i), int32(row)})
	}
	s.activities.rows = inserted(refs, own...)
	return m
}

// addRecordedMeeting lets a meeting come late that was recorded; false if nobody
// seems to have the licence.
func (s *Simulator) addRecordedMeeting(r *rand.Rand) bool {
	for range 100 {
		m := s.addHeld(r)
		if m.host.kind == 2 && !s.alone(m) && s.options.Plan != "free" {
			m.recording.state, m.recording.edited = recorded, true
			return true
		}
		s.removeHeld(m)
	}
	return false
}

// removeHeld takes a meeting away, with all that happened in it. That it was
// created some days before is told still.
func (s *Simulator) removeHeld(m *heldMeeting) {
	refs := s.activities.all()
	m.gone = true
	delete(s.heldByUUID, m.uuid)
	s.meetings = slices.DeleteFunc(slices.Clone(s.meetings), func(other *heldMeeting) bool { return other == m })
	s.activities.rows = slices.DeleteFunc(slices.Clone(refs), func(ref activityRef) bool { return int(ref.meeting) == m.index && ref.at >= s.until.UnixMilli() })
}

// heldEditor edits meetings as a whole: one that comes late or is deleted does so
// in every report. What changes is up to the report, which tells whether it has
// changed already. Changes are made where there are others, if that can be, so that
// there is something left to delete.
func (s *Simulator) heldEditor(take, changed func(*heldMeeting) bool, change func(*rand.Rand, *heldMeeting)) editor {
	return editor{
		change: func(r *rand.Rand) bool {
			i := recent(s, r, s.meetings, s.spoiled(func(m *heldMeeting) bool { return take(m) && !changed(m) })...)
			if i < 0 {
				return false
			}
			change(r, s.meetings[i])
			s.meetings[i].edited = true
			return true
		},
		late: func(r *rand.Rand) bool {
			for m := s.addHeld(r); s.alone(m) || !take(m); m = s.addHeld(r) {
				s.removeHeld(m) // one that this report does not show
			}
			return true
		},
		remove: func(r *rand.Rand) bool {
			i := recent(s, r, s.meetings, func(m *heldMeeting) bool { return !m.edited && !s.alone(m) && take(m) })
			if i >= 0 {
				s.removeHeld(s.meetings[i])
			}
			return i >= 0
		},
	}
}

// spoiled are the choices of a meeting in which something is edited: one in which
// something was, or else any that did not come late itself.
func (s *Simulator) spoiled(take func(*heldMeeting) bool) []func(*heldMeeting) bool {
	fits := func(m *heldMeeting) bool { return !m.late && !s.alone(m) && take(m) }
	return []func(*heldMeeting) bool{func(m *heldMeeting) bool { return m.edited && fits(m) }, fits}
}

// retitle gives a meeting another topic, which every report then shows.
func retitle(r *rand.Rand, m *heldMeeting) {
	m.title = m.topic() + pick(r, []string{" (moved)", " (extended)", " (2nd night 🎟)"})
}
