package zoomsim

import (
	"encoding/json"
	"fmt"
	"iter"
)

// addLists tells the truth of the company's lists.
func (s *Simulator) addLists() {
	s.truths["groups"] = func(Truth) iter.Seq[json.RawMessage] { return records(s, s.account.groupRecords(), same) }
	s.truths["group_members"] = func(t Truth) iter.Seq[json.RawMessage] {
		return partRecords(s, t, parts[*group, memberRecord]{
			name: "group_id", of: s.account.groups,
			value: func(g *group) any { return g.id },
			rows:  func(g *group) []memberRecord { return s.account.memberRecords(g.id) },
		})
	}
	s.truths["meetings"] = func(t Truth) iter.Seq[json.RawMessage] {
		by := map[string][]*scheduledMeeting{}
		for _, m := range s.scheduled {
			by[m.host.id] = append(by[m.host.id], m)
		}
		return partRecords(s, t, parts[*user, scheduledRecord]{
			name: "user_id", of: s.account.users,
			value: func(u *user) any { return u.id },
			rows:  func(u *user) []scheduledRecord { return mapped(by[u.id], (*scheduledMeeting).record) },
		})
	}
	s.truths["meeting_registrants"] = func(t Truth) iter.Seq[json.RawMessage] {
		return partRecords(s, t, parts[*scheduledMeeting, registration]{
			name: "meeting_id", of: s.scheduled,
			value: func(m *scheduledMeeting) any { return m.id },
			rows: func(m *scheduledMeeting) (rows []registration) {
				for _, status := range registrantStatuses {
					rows = append(rows, s.registrantsWith(m, status)...)
				}
				return rows
			},
		})
	}
	s.truths["recordings"] = func(t Truth) iter.Seq[json.RawMessage] {
		return partRecords(s, t, parts[*heldMeeting, recordingRecord]{
			name: "user_id", of: s.recordedMeetings(t.Since, t.Until),
			value: func(m *heldMeeting) any { return m.host.id },
			rows:  func(m *heldMeeting) []recordingRecord { return []recordingRecord{s.recordingOf(m)} },
		})
	}
}

// parts are what a list is read by, one at a time.
type parts[P, T any] struct {
	name  string // of a part's value
	of    []P
	value func(P) any
	rows  func(P) []T
}

// partRecords yields the rows of all parts, or of the one that is asked for, as
// JSON. A part is encoded while the company stands still.
func partRecords[P, T any](s *Simulator, t Truth, list parts[P, T]) iter.Seq[json.RawMessage] {
	return func(yield func(json.RawMessage) bool) {
		for _, part := range list.of {
			value := list.value(part)
			if t.Part != "" && t.Part != fmt.Sprint(value) {
				continue
			}
			s.company.RLock()
			encoded := mapped(list.rows(part), func(row T) json.RawMessage { return encode(row) })
			s.company.RUnlock()
			for _, record := range encoded {
				if t.WithPart {
					record = fmt.Appendf(nil, `{%q:%s,"record":%s}`, list.name, encode(value), record)
				}
				if !yield(record) {
					return
				}
			}
		}
	}
}
