package zoomsim

import (
	"cmp"
	"strconv"
)

// pastRecord is the answer of GET /report/meetings/{meetingId} (Zoom API Hub,
// Meetings, reportMeetingDetails, read 2026-11).
type pastRecord struct {
	CustomKeys        []customKey    `json:"custom_keys,omitempty"`
	Dept              string         `json:"dept"`
	Duration          int            `json:"duration"` // minutes
	EndTime           string         `json:"end_time"`
	ID                int64          `json:"id"`
	ParticipantsCount int            `json:"participants_count"`
	StartTime         string         `json:"start_time"`
	Topic             string         `json:"topic"`
	TotalMinutes      int            `json:"total_minutes"`
	TrackingFields    []trackedField `json:"tracking_fields"`
	Type              int            `json:"type"`
	UserEmail         string         `json:"user_email"`
	UserName          string         `json:"user_name"`
	UUID              string         `json:"uuid"`
}

// reportMeeting is GET /report/meetings/{meetingId}: an instance by its UUID, or
// the newest one of a number.
func (s *Simulator) reportMeeting(c *call) *answer {
	if s.options.Plan == "free" {
		return errPaidOnly(s.account.id)
	}
	m := s.findHeld(c.args[0])
	if m == nil {
		return errNoReport(c.args[0])
	}
	a := s.attendance(m)
	record := pastRecord{
		Dept: s.hosts[m.host].dept, Duration: minutes(m.start, m.end), EndTime: stamp(m.end), ID: m.id(), ParticipantsCount: a.people,
		StartTime: stamp(m.start), Topic: m.topic(), TotalMinutes: a.minutes, TrackingFields: trackingOf(m), Type: m.kind,
		UserEmail: m.host.email, UserName: m.host.displayName(), UUID: m.uuid,
	}
	if !m.first {
		record.CustomKeys = []customKey{{Key: "cc", Value: "1"}}
	}
	return ok(record)
}

// pastMeeting is GET /past_meetings/{meetingId} (Zoom API Hub, Meetings,
// pastMeetingDetails, read 2026-11), by UUID or number as above.
func (s *Simulator) pastMeeting(c *call) *answer {
	if s.options.Plan == "free" {
		return errPaidOnly(s.account.id)
	}
	m := s.findHeld(c.args[0])
	if m == nil {
		return errNoMeeting(c.args[0])
	}
	a := s.attendance(m)
	return ok(struct {
		ID                int64  `json:"id"`
		UUID              string `json:"uuid"`
		Duration          int    `json:"duration"` // minutes
		StartTime         string `json:"start_time"`
		EndTime           string `json:"end_time"`
		HostID            string `json:"host_id"`
		Dept              string `json:"dept"`
		ParticipantsCount int    `json:"participants_count"`
		Source            string `json:"source"`
		Topic             string `json:"topic"`
		TotalMinutes      int    `json:"total_minutes"`
		Type              int    `json:"type"`
		UserEmail         string `json:"user_email"`
		UserName          string `json:"user_name"`
		HasMeetingSummary bool   `json:"has_meeting_summary"`
	}{
		m.id(), m.uuid, minutes(m.start, m.end), stamp(m.start), stamp(m.end), m.host.id, s.hosts[m.host].dept, a.people, "Zoom",
		m.topic(), a.minutes, m.kind, m.host.email, m.host.displayName(), false,
	})
}

// pastInstances is GET /past_meetings/{meetingId}/instances: all that were held of
// a number, newest first, on one page.
func (s *Simulator) pastInstances(c *call) *answer {
	type instance struct {
		StartTime string `json:"start_time"`
		UUID      string `json:"uuid"`
	}
	id, err := strconv.ParseInt(c.args[0], 10, 64)
	instances := []instance{}
	for _, m := range s.meetings {
		if err == nil && m.id() == id {
			instances = append(instances, instance{stamp(m.start), m.uuid})
		}
	}
	if len(instances) == 0 {
		return errNoMeeting(c.args[0])
	}
	return ok(struct {
		Meetings []instance `json:"meetings"`
	}{instances})
}

// pastParticipants is GET /past_meetings/{meetingId}/participants: the rows of the
// report with other fields.
func (s *Simulator) pastParticipants(c *call) *answer {
	if s.options.Plan == "free" {
		return errPaidOnly(s.account.id)
	}
	p := parameters{query: c.query}
	size := p.number("page_size", 30, 300)
	if problem := p.problem(); problem != nil {
		return problem
	}
	m := s.findHeld(c.args[0])
	if m == nil || !s.hasReport(m) {
		return errNoMeeting(c.args[0])
	}
	start, refusal := s.pageStart(c)
	if refusal != nil {
		return refusal
	}
	type pastParticipant struct {
		ID           string `json:"id"`
		Name         string `json:"name"`
		UserID       string `json:"user_id"`
		RegistrantID string `json:"registrant_id"`
		UserEmail    string `json:"user_email"`
		JoinTime     string `json:"join_time"`
		LeaveTime    string `json:"leave_time"`
		Duration     int64  `json:"duration"` // seconds
		Failover     bool   `json:"failover"`
		Status       string `json:"status"`
		InternalUser bool   `json:"internal_user"`
	}
	rows := s.roster(m)
	found := cut(s.pages, c, rows, start, size, true)
	return ok(struct {
		NextPageToken string            `json:"next_page_token"`
		PageCount     int               `json:"page_count"`
		PageSize      int               `json:"page_size"`
		TotalRecords  int               `json:"total_records"`
		Participants  []pastParticipant `json:"participants"`
	}{found.next, cmp.Or((len(rows)+size-1)/size, 1), size, len(rows), mapped(found.rows, func(p participant) pastParticipant {
		row := s.participantRow(m, p, true)
		return pastParticipant{
			row.ID, row.Name, row.UserID, p.registrantID, row.UserEmail, row.JoinTime, row.LeaveTime, row.Duration, row.Failover, row.Status,
			p.who.user != nil,
		}
	})})
}

// addPast lets what was held be read one by one.
func (s *Simulator) addPast() {
	s.operations["GET /report/meetings/{meetingId}"] = s.reportMeeting
	s.operations["GET /past_meetings/{meetingId}"] = s.pastMeeting
	s.operations["GET /past_meetings/{meetingId}/instances"] = s.pastInstances
	s.operations["GET /past_meetings/{meetingId}/participants"] = s.pastParticipants
}
