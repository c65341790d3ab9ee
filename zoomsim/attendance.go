package zoomsim

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// An attendanceRow is what the rows of one person in a meeting come to: the truth
// for programs that work it out themselves. Zoom has no such report.
//
// Rows of the waiting room count for nothing. A person is told by
// participant_user_id, else id, else the e-mail address in lower case, else the
// name without the blanks around it, else the user id; each row of somebody of
// whom nothing is known is a person of its own. Breakout rooms overlap the rows of
// the meeting, so that seconds are those of the union.
type attendanceRow struct {
	MeetingUUID       string `json:"meeting_uuid"`
	MeetingID         int64  `json:"meeting_id"`
	MeetingStart      string `json:"meeting_start_time"`
	Person            string `json:"person"`
	Name              string `json:"name"`
	UserEmail         string `json:"user_email"`
	ParticipantUserID string `json:"participant_user_id"`
	RegistrantID      string `json:"registrant_id"`
	FirstJoin         string `json:"first_join"`
	LastLeave         string `json:"last_leave"`
	Seconds           int64  `json:"seconds"`
	Minutes           int64  `json:"minutes"`
	Rejoins           int    `json:"rejoins"`
	Breakouts         int    `json:"breakouts"`
}

// attendanceRows are the people of a meeting, in the order in which they came.
func (s *Simulator) attendanceRows(m *heldMeeting) []attendanceRow {
	rows := slices.DeleteFunc(s.roster(m), func(p participant) bool { return p.waiting })
	slices.SortStableFunc(rows, func(a, b participant) int {
		return cmp.Or(cmp.Compare(a.join, b.join), cmp.Compare(a.leave, b.leave))
	})
	var order []string
	people := map[string][]participant{}
	unknown := 0
	for _, p := range rows {
		name := personName(p)
		if name == "" {
			unknown++
			name = fmt.Sprintf("row:%d", unknown)
		}
		if people[name] == nil {
			order = append(order, name)
		}
		people[name] = append(people[name], p)
	}
	found := make([]attendanceRow, len(order))
	for i, name := range order {
		found[i] = attendanceOf(people[name])
		found[i].MeetingUUID, found[i].MeetingID, found[i].MeetingStart, found[i].Person = m.uuid, m.id(), stamp(m.start), name
	}
	return found
}

// personName tells one person of a meeting from another, "" if nothing does.
func personName(p participant) string {
	switch email, name := strings.ToLower(p.email), strings.TrimSpace(p.name); {
	case p.participantID != "":
		return "id:" + p.participantID
	case p.id != "":
		return "id:" + p.id
	case email != "":
		return "email:" + email
	case name != "":
		return "name:" + name
	case p.userID != "":
		return "user:" + p.userID
	}
	return ""
}

// attendanceOf sums up the rows of one person, the earliest first.
func attendanceOf(rows []participant) attendanceRow {
	first := func(field func(participant) string) string {
		for _, p := range rows {
			if value := field(p); value != "" {
				return value
			}
		}
		return ""
	}
	sum := attendanceRow{
		Name:              first(func(p participant) string { return p.name }),
		UserEmail:         first(func(p participant) string { return p.email }),
		ParticipantUserID: first(func(p participant) string { return p.participantID }),
		RegistrantID:      first(func(p participant) string { return p.registrantID }),
		FirstJoin:         stamp(time.Unix(rows[0].join, 0)),
	}
	until, main := rows[0].join, 0
	for _, p := range rows {
		if p.leave > until {
			sum.Seconds += p.leave - max(p.join, until)
			until = p.leave
		}
		if p.room != "" {
			sum.Breakouts++
		} else {
			main++
		}
	}
	sum.LastLeave = stamp(time.Unix(until, 0))
	sum.Minutes = (sum.Seconds + 59) / 60
	sum.Rejoins = max(0, main-1)
	return sum
}
