package zoomsim

import (
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"
)

// streamOperations are the data sets, with the operation that reads each.
var streamOperations = map[string]string{
	"group_members":               "GET /groups/{groupId}/members",
	"groups":                      "GET /groups",
	"history_meetings":            "GET /report/history_meetings",
	"meeting_activities":          "GET /report/meeting_activities",
	"meeting_attendance":          "GET /report/meetings/{meetingId}/participants",
	"meeting_registrants":         "GET /meetings/{meetingId}/registrants",
	"meetings":                    "GET /users/{userId}/meetings",
	"metrics_meetings":            "GET /metrics/meetings",
	"operation_logs":              "GET /report/operationlogs",
	"recordings":                  "GET /users/{userId}/recordings",
	"report_meeting_participants": "GET /report/meetings/{meetingId}/participants",
	"report_user_meetings":        "GET /report/users/{userId}/meetings",
	"sign_in_activities":          "GET /report/activities",
	"users":                       "GET /users",
}

func streams() []string { return slices.Sorted(maps.Keys(streamOperations)) }

// A Truth asks for the whole truth of a stream.
type Truth struct {
	// Stream is one of those that GET /sim lists.
	Stream string
	// Since and Until are inclusive UTC days of reports; a zero time is no bound.
	// Rows that belong to a meeting lie on the day when it started. Lists, such as
	// users, are whole whatever the days.
	Since, Until time.Time
	// MeetingUUID asks for the rows of one meeting, where rows belong to one.
	MeetingUUID string
	// WithMeeting wraps each row that belongs to a meeting, so that it can be told
	// which: {"meeting_uuid":…, "record":…}.
	WithMeeting bool
	// Part asks for the rows of one part of a list that is read in parts: of a group
	// (group_members), of a meeting's number (meeting_registrants) or of a user
	// (meetings, recordings), by id.
	Part string
	// WithPart wraps each row of such a list: {"group_id":…, "record":…},
	// {"meeting_id":…, "record":…} or {"user_id":…, "record":…}.
	WithPart bool
}

// Dataset yields the truth of a stream, each record as the API sends it: the
// reports from since to until (inclusive UTC days; a zero time is no bound),
// newest first, or "users" of all three statuses, whatever the days. GET /sim
// lists the streams.
func (s *Simulator) Dataset(stream string, since, until time.Time) (iter.Seq[json.RawMessage], error) {
	return s.Truth(Truth{Stream: stream, Since: since, Until: until})
}

// Truth is Dataset with more to ask for. The records are made as they are taken,
// so a million of them need little memory; edits meanwhile may or may not be among
// them.
func (s *Simulator) Truth(t Truth) (iter.Seq[json.RawMessage], error) {
	if t.Since.IsZero() {
		t.Since = s.since
	}
	if t.Until.IsZero() {
		t.Until = s.until
	}
	truth := s.truths[t.Stream]
	if truth == nil {
		return nil, fmt.Errorf("unknown stream %q: there are %s", t.Stream, strings.Join(streams(), ", "))
	}
	s.company.RLock()
	defer s.company.RUnlock()
	return truth(t), nil
}

// addLogs tells how to read and edit the reports of the account's logs.
func (s *Simulator) addLogs() {
	s.truths["meeting_activities"] = func(t Truth) iter.Seq[json.RawMessage] {
		return records(s, between(s.reportedActivities(), t.Since, t.Until), s.activityReader().row)
	}
	s.truths["operation_logs"] = func(t Truth) iter.Seq[json.RawMessage] {
		return records(s, between(s.shownOperationLogs(), t.Since, t.Until), same)
	}
	s.truths["sign_in_activities"] = func(t Truth) iter.Seq[json.RawMessage] {
		return records(s, between(s.shownSignIns(), t.Since, t.Until), same)
	}
	s.truths["report_user_meetings"] = func(t Truth) iter.Seq[json.RawMessage] {
		return records(s, between(s.reportedMeetings(), t.Since, t.Until), s.userMeetingRow)
	}
	s.truths["users"] = func(Truth) iter.Seq[json.RawMessage] {
		var rows []userRecord
		for _, status := range userStatuses {
			for _, u := range s.usersOf(status, "") {
				rows = append(rows, userRow(u, ""))
			}
		}
		return records(s, rows, same)
	}
}

// records yields rows as JSON, each made and encoded while the company stands still.
func records[A, B any](s *Simulator, rows []A, record func(A) B) iter.Seq[json.RawMessage] {
	return func(yield func(json.RawMessage) bool) {
		for _, row := range rows {
			s.company.RLock()
			line := encode(record(row))
			s.company.RUnlock()
			if !yield(line) {
				return
			}
		}
	}
}

func same[T any](row T) T { return row }
