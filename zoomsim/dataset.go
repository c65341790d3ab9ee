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
	"meeting_activities":   "GET /report/meeting_activities",
	"operation_logs":       "GET /report/operationlogs",
	"report_user_meetings": "GET /report/users/{userId}/meetings",
	"sign_in_activities":   "GET /report/activities",
	"users":                "GET /users",
}

func streams() []string { return slices.Sorted(maps.Keys(streamOperations)) }

// Dataset yields the truth of a stream, each record as the API sends it: the
// reports from since to until (inclusive UTC days; a zero time is no bound),
// newest first, or "users" of all three statuses, whatever the days. GET /sim
// lists the streams.
func (s *Simulator) Dataset(stream string, since, until time.Time) (iter.Seq[json.RawMessage], error) {
	if since.IsZero() {
		since = s.since
	}
	if until.IsZero() {
		until = s.until
	}
	switch stream {
	case "meeting_activities":
		return records(between(s.reportedActivities(), since, until)), nil
	case "operation_logs":
		return records(between(s.shownOperationLogs(), since, until)), nil
	case "report_user_meetings":
		return records(between(s.reportedMeetings(), since, until)), nil
	case "sign_in_activities":
		return records(between(s.shownSignIns(), since, until)), nil
	case "users":
		var rows []userRecord
		for _, status := range userStatuses {
			for _, u := range s.usersOf(status, "") {
				rows = append(rows, userRow(u, ""))
			}
		}
		return records(rows), nil
	default:
		return nil, fmt.Errorf("unknown stream %q: there are %s", stream, strings.Join(streams(), ", "))
	}
}

func records[T any](rows []T) iter.Seq[json.RawMessage] {
	return func(yield func(json.RawMessage) bool) {
		for _, row := range rows {
			if !yield(encode(row)) {
				return
			}
		}
	}
}
