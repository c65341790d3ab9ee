package zoomsim

import (
	"slices"
	"strconv"
	"strings"
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
	index     int    // the meeting's place in the account
	uuid      string // of this instance
	webinar   bool
	recording cloudRecording
	known     *attendance // nil: not counted yet, or to be counted again

	// What edits did to it.
	edited   bool   // anything, so that no edit undoes another
	late     bool   // let it appear
	gone     bool   // took it away
	title    string // another topic
	measures int    // how often the dashboard measured it again
	happened happenedEdits
	roster   rosterEdits
}

func (m *heldMeeting) when() int64 { return m.start.UnixMilli() }

// id is the meeting's number as a number.
func (m *heldMeeting) id() int64 { return digits(m.number) }

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
	// One that starts with a slash or holds two in a row must be encoded twice, as
	// Zoom's pages say; encoded once, it is lost on its way.
	if strings.HasPrefix(text, "/") || strings.Contains(text, "//") {
		return nil
	}
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
