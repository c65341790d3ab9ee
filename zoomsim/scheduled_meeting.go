package zoomsim

import (
	"fmt"
	"slices"
	"time"
)

// shownOccurrences is how many occurrences of a series lie ahead.
const shownOccurrences = 4

// An occurrence is one time of a series.
type occurrence struct {
	ID       string `json:"occurrence_id"` // Unix milliseconds
	Start    string `json:"start_time"`
	Duration int    `json:"duration"`
	Status   string `json:"status"`
}

// occurrences are those that lie ahead, a week apart, after those that were held
// if they are asked for. What takes place once, or at no fixed time, has none.
func (s *Simulator) occurrences(m *scheduledMeeting, held bool) []occurrence {
	if m.kind != recurringWithTimes {
		return nil
	}
	var times []time.Time
	for _, instance := range s.meetings {
		if held && instance.id() == m.id {
			times = append(times, instance.start)
		}
	}
	slices.Reverse(times) // they are newest first
	for i := range shownOccurrences {
		times = append(times, m.start.Add(time.Duration(i)*7*day))
	}
	rows := make([]occurrence, len(times))
	for i, t := range times {
		rows[i] = occurrence{fmt.Sprint(t.UnixMilli()), stamp(t), m.minutes, "available"}
	}
	return rows
}

// recurrence says when a series takes place: each week on one day.
type recurrence struct {
	Type           int    `json:"type"` // 2: weekly
	RepeatInterval int    `json:"repeat_interval"`
	WeeklyDays     string `json:"weekly_days"` // 1 is Sunday
	EndTimes       int    `json:"end_times"`
}

// scheduledDetail is what GET /meetings/{meetingId} adds to the record (Zoom API
// Hub, Meetings, meeting, read 2026-11).
type scheduledDetail struct {
	scheduledRecord
	AssistantID       string          `json:"assistant_id"`
	HostEmail         string          `json:"host_email"`
	Status            string          `json:"status"`
	RegistrationURL   string          `json:"registration_url,omitempty"`
	Password          string          `json:"password"`
	EncryptedPassword string          `json:"encrypted_password"`
	PSTNPassword      string          `json:"pstn_password"`
	H323Password      string          `json:"h323_password"`
	StartURL          string          `json:"start_url"`
	ChatJoinURL       string          `json:"chat_join_url"`
	PreSchedule       bool            `json:"pre_schedule"`
	Occurrences       []occurrence    `json:"occurrences,omitempty"`
	Recurrence        *recurrence     `json:"recurrence,omitempty"`
	TrackingFields    []trackingField `json:"tracking_fields"`
	DynamicHostKey    string          `json:"dynamic_host_key"`
	CreationSource    string          `json:"creation_source"`
	Settings          meetingSettings `json:"settings"`
}

type trackingField struct {
	Field   string `json:"field"`
	Value   string `json:"value"`
	Visible bool   `json:"visible"`
}

// meetingSettings are those of the many that most clients look at.
type meetingSettings struct {
	HostVideo                    bool   `json:"host_video"`
	ParticipantVideo             bool   `json:"participant_video"`
	JoinBeforeHost               bool   `json:"join_before_host"`
	JBHTime                      int    `json:"jbh_time"`
	MuteUponEntry                bool   `json:"mute_upon_entry"`
	Watermark                    bool   `json:"watermark"`
	UsePMI                       bool   `json:"use_pmi"`
	ApprovalType                 int    `json:"approval_type"` // 1: registration, approved by hand; 2: none
	RegistrationType             int    `json:"registration_type,omitempty"`
	Audio                        string `json:"audio"`
	AutoRecording                string `json:"auto_recording"`
	AlternativeHosts             string `json:"alternative_hosts"`
	CloseRegistration            bool   `json:"close_registration"`
	ShowShareButton              bool   `json:"show_share_button"`
	AllowMultipleDevices         bool   `json:"allow_multiple_devices"`
	RegistrantsConfirmationEmail bool   `json:"registrants_confirmation_email"`
	RegistrantsEmailNotification bool   `json:"registrants_email_notification"`
	MeetingAuthentication        bool   `json:"meeting_authentication"`
	EncryptionType               string `json:"encryption_type"`
	WaitingRoom                  bool   `json:"waiting_room"`
	EmailNotification            bool   `json:"email_notification"`
	PrivateMeeting               bool   `json:"private_meeting"`
	InternalMeeting              bool   `json:"internal_meeting"`
	FocusMode                    bool   `json:"focus_mode"`
	ContactName                  string `json:"contact_name"`
	ContactEmail                 string `json:"contact_email"`
}

// getMeeting is GET /meetings/{meetingId}, by id alone, of a meeting that is still
// to come or a series that goes on.
func (s *Simulator) getMeeting(c *call) *answer {
	p := parameters{query: c.query}
	held := p.flag("show_previous_occurrences")
	if problem := p.problem(); problem != nil {
		return problem
	}
	m := s.findScheduled(c.args[0])
	if m == nil {
		return errNoMeeting(c.args[0])
	}
	r := randomFor(s.options.Seed, "meeting detail", m.number)
	detail := scheduledDetail{
		scheduledRecord: m.record(), HostEmail: m.host.email, Status: "waiting",
		Password: fmt.Sprintf("%06d", r.IntN(1_000_000)), EncryptedPassword: randomID(r),
		StartURL:    fmt.Sprintf("https://us02web.zoom.us/s/%d?zak=%s", m.id, randomID(r)),
		ChatJoinURL: fmt.Sprintf("https://us02web.zoom.us/launch/jc/%d", m.id),
		Occurrences: s.occurrences(m, held), DynamicHostKey: fmt.Sprintf("%06d", r.IntN(1_000_000)),
		CreationSource: pick(r, []string{"other", "open_api", "web_portal"}),
		TrackingFields: []trackingField{{Field: "Production", Value: pick(r, departments), Visible: true}},
		Settings: meetingSettings{
			HostVideo: true, ParticipantVideo: r.IntN(2) > 0, JBHTime: 5, JoinBeforeHost: r.IntN(2) > 0, UsePMI: m.pmi, ApprovalType: 2,
			Audio: "both", AutoRecording: pick(r, []string{"none", "local", "cloud"}), ShowShareButton: true, AllowMultipleDevices: true,
			RegistrantsConfirmationEmail: true, RegistrantsEmailNotification: true, EncryptionType: "enhanced_encryption",
			WaitingRoom: r.IntN(2) > 0, EmailNotification: true, ContactName: m.host.displayName(), ContactEmail: m.host.email,
		},
	}
	detail.PSTNPassword, detail.H323Password = detail.Password, detail.Password
	if m.kind == recurringWithTimes {
		detail.Recurrence = &recurrence{2, 1, fmt.Sprint(int(m.start.Weekday()) + 1), shownOccurrences}
	}
	if m.registrants >= 0 {
		detail.RegistrationURL = "https://us02web.zoom.us/meeting/register/" + randomID(r)
		detail.Settings.ApprovalType, detail.Settings.RegistrationType = 1, 1
	}
	return ok(detail)
}
