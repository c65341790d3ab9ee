package zoomsim

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"time"
)

// A heldMeeting is one instance that was held. Every report that tells of it
// (activities, the users' meetings, the history, participants, dashboard,
// recordings) tells what is worked out from it here, so that they agree.
//
// Of a hundred thousand meetings only this is kept. What happened in each is made
// up again, from the seed, whenever somebody asks.
type heldMeeting struct {
	meeting
	index     int // the meeting's place in the account
	recording cloudRecording
	uuid      string // of this instance
	title     string // "" as long as the topic was not changed
	measures  int    // how often the dashboard measured it again
	edited    bool   // so that no edit undoes another
	gone      bool   // taken away by an edit
	webinar   bool
	late      bool // by an edit
	happened  happenedEdits
	roster    rosterEdits
	known     *attendance // nil: not counted yet, or to be counted again
}

func (m *heldMeeting) when() int64 { return m.start.UnixMilli() }

// id is the meeting's number as a number.
func (m *heldMeeting) id() int64 {
	return digits(m.number)
}

// topics hold what breaks careless writers, as chat lines do.
var topics = []string{
	"Weekly rehearsal", "Budget, lights & sound", "=SUM(A1:A9)", "🎭 Première", `The "Scottish" play`, "اجتماع", "<Dress rehearsal>",
}

func (m *heldMeeting) topic() string {
	if m.title != "" {
		return m.title
	}
	return topicOf(m.id())
}

// topicOf is the topic of all that bears a meeting id.
func topicOf(id int64) string { return topics[id%int64(len(topics))] }

// wasRecorded tells whether there was a recording in the cloud, whatever became of it.
func (m *heldMeeting) wasRecorded() bool { return m.recording.state != notRecorded }

// shared tells whether somebody shared a screen.
func (m *heldMeeting) shared() bool { return m.index%3 == 0 }

// newHeld makes up all meetings from since to until, both inclusive days.
func (s *Simulator) newHeld() {
	meetings := newMeetings(s.options, s.joined, s.since, s.until)
	held := make([]heldMeeting, len(meetings))
	s.heldByIndex, s.heldByUUID = make([]*heldMeeting, len(meetings)), make(map[string]*heldMeeting, len(meetings))
	for i, m := range meetings {
		held[i] = heldMeeting{meeting: m, index: i, uuid: newUUID(s.options.Seed, i), recording: newCloudRecording(s.options, m, i)}
		s.heldByIndex[i], s.heldByUUID[held[i].uuid] = &held[i], &held[i]
	}
	s.meetings = slices.Clone(s.heldByIndex)
	slices.SortStableFunc(s.meetings, func(a, b *heldMeeting) int { return b.start.Compare(a.start) })
}

// breakout tells whether there were breakout rooms, waitingRoom whether a waiting
// room.
func (m *heldMeeting) breakout() bool { return m.index%6 == 2 && m.end.Sub(m.start) > 15*time.Minute }

func (m *heldMeeting) waitingRoom() bool { return m.index%4 == 1 }

// newWebinars makes up a webinar for each twenty meetings. Only the history tells
// of them: Zoom reports their participants elsewhere.
func (s *Simulator) newWebinars() {
	for i := range (s.options.Meetings + 19) / 20 {
		r := randomFor(s.options.Seed, "webinar", i)
		length := time.Duration(20+r.IntN(60)) * time.Minute
		start := within(r, s.since, s.until.Add(day-length))
		s.webinars = append(s.webinars, &heldMeeting{
			meeting: meeting{number: meetingNumber(r), kind: scheduledOnce, first: true, host: pick(r, s.joined), start: start, end: start.Add(length)},
			index:   1 + 10*i, uuid: newUUID(s.options.Seed, -1_000_000-i), webinar: true,
			known: &attendance{people: 2 + r.IntN(300), minutes: 30 + r.IntN(9000), chat: true},
		})
	}
	slices.SortStableFunc(s.webinars, func(a, b *heldMeeting) int { return b.start.Compare(a.start) })
}

// findHeld returns a meeting by its UUID, or by its number the newest instance of
// that number; nil if there is none.
func (s *Simulator) findHeld(text string) *heldMeeting {
	if m := s.heldByUUID[text]; m != nil {
		return m
	}
	// A client that encodes each UUID twice, and not only those that need it, sends
	// what is still encoded once.
	if m := s.heldByUUID[decodedOnce(text)]; m != nil {
		return m
	}
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil
	}
	for _, m := range s.meetings { // newest first
		if m.id() == id {
			return m
		}
	}
	return nil
}

// attendance is who was in a meeting, as its activities tell.
type attendance struct {
	people    int // the host among them
	ofAccount int // of these, users of the account
	minutes   int // of all together, each session rounded up
	chat      bool
	remote    bool // somebody controlled somebody else's screen
}

// A session is somebody's stay in a meeting.
type session struct {
	who         person
	join, leave int64 // Unix milliseconds
	gone        bool  // taken away by an edit
	late        bool  // added by one
}

// sessions reads who was in a meeting from its activities: each stay, in the order
// in which they ended.
func (m *heldMeeting) sessions(rows []activity) []session {
	var stays []session
	joined := map[person][]activity{}
	for i, row := range rows {
		who := person{row.operator, row.operatorEmail, row.user}
		switch row.category {
		case "User Join":
			joined[who] = append(joined[who], row)
		case "User Left":
			if open := joined[who]; len(open) > 0 {
				stays = append(stays, session{who, open[0].at, row.at, m.happened.gone[i], i >= len(rows)-len(m.happened.late)})
				joined[who] = open[1:]
			}
		}
	}
	return stays
}

// attendance counts who was in a meeting, once.
func (s *Simulator) attendance(m *heldMeeting) attendance {
	s.counting.Lock()
	defer s.counting.Unlock()
	if m.known != nil {
		return *m.known
	}
	a := attendance{}
	rows := s.happened(m)
	people := map[person]bool{}
	for _, stay := range m.sessions(rows) {
		if stay.gone {
			continue
		}
		a.minutes += minutes(time.UnixMilli(stay.join), time.UnixMilli(stay.leave))
		if people[stay.who] {
			continue
		}
		people[stay.who] = true
		a.people++
		if stay.who.email != "" {
			a.ofAccount++
		}
	}
	for i, row := range rows {
		a.chat = a.chat || row.category == "In-Meeting Chat" && !m.happened.gone[i]
		a.remote = a.remote || row.category == "Remote Control" && !m.happened.gone[i]
	}
	m.known = &a
	return a
}

// alone tells whether nobody but the host came.
func (s *Simulator) alone(m *heldMeeting) bool { return s.attendance(m).people == 1 }

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
	any := func(m *heldMeeting) bool { return !m.late && !s.alone(m) && take(m) }
	return []func(*heldMeeting) bool{func(m *heldMeeting) bool { return m.edited && any(m) }, any}
}

// retitle gives a meeting another topic, which every report then shows.
func retitle(r *rand.Rand, m *heldMeeting) {
	m.title = m.topic() + pick(r, []string{" (moved)", " (extended)", " (2nd night 🎟)"})
}
