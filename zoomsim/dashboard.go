package zoomsim

import (
	"cmp"
	"encoding/json"
	"fmt"
	"iter"
	"math/rand/v2"
	"time"
)

// dashboardRecord is a row of GET /metrics/meetings (Zoom API Hub, Meetings,
// dashboardMeetings, read 2026-11).
type dashboardRecord struct {
	Host               string         `json:"host"`
	AudioQuality       string         `json:"audio_quality"`
	CustomKeys         []customKey    `json:"custom_keys"`
	Dept               string         `json:"dept"`
	Duration           string         `json:"duration"` // "mm:ss" or "hh:mm:ss"
	Email              string         `json:"email"`
	EndTime            string         `json:"end_time"`
	HasThirdPartyAudio bool           `json:"has_3rd_party_audio"`
	HasArchiving       bool           `json:"has_archiving"`
	HasPSTN            bool           `json:"has_pstn"`
	HasRecording       bool           `json:"has_recording"`
	HasScreenShare     bool           `json:"has_screen_share"`
	HasSIP             bool           `json:"has_sip"`
	HasVideo           bool           `json:"has_video"`
	HasVoIP            bool           `json:"has_voip"`
	HasManualCaptions  bool           `json:"has_manual_captions"`
	HasAutoCaptions    bool           `json:"has_automated_captions"`
	ID                 int64          `json:"id"`
	Participants       int            `json:"participants"`
	ShareQuality       string         `json:"screen_share_quality,omitempty"`
	SessionKey         string         `json:"session_key"`
	StartTime          string         `json:"start_time"`
	Topic              string         `json:"topic"`
	TrackingFields     []trackedField `json:"tracking_fields,omitempty"`
	UserType           string         `json:"user_type"`
	UUID               string         `json:"uuid"`
	VideoQuality       string         `json:"video_quality"`
	HasPoll            bool           `json:"has_poll"`
	HasQA              bool           `json:"has_qa"`
	HasSurvey          bool           `json:"has_survey"`
	JoinTimeCost       float64        `json:"avg_jointime_cost"`
}

var qualities = []string{"good", "good", "good", "fair", "poor", "bad"}

// dashboardRow is a meeting's row, with its tracking fields if they were asked for.
func (s *Simulator) dashboardRow(m *heldMeeting, tracking bool) dashboardRecord {
	r := randomFor(s.options.Seed, fmt.Sprint("dashboard ", m.measures), m.index)
	row := dashboardRecord{
		Host: m.host.displayName(), AudioQuality: pick(r, qualities), CustomKeys: []customKey{}, Dept: s.hosts[m.host].dept,
		Duration: clockLength(m.end.Sub(m.start)), Email: m.host.email, EndTime: stamp(m.end),
		HasPSTN: r.IntN(4) == 0, HasRecording: m.wasRecorded(), HasScreenShare: m.shared(), HasVideo: true, HasVoIP: true,
		HasAutoCaptions: r.IntN(3) == 0, ID: m.id(), Participants: s.attendance(m).people, SessionKey: "",
		StartTime: stamp(m.start), Topic: m.topic(), UserType: []string{"", "Basic", "Licensed"}[m.host.kind], UUID: m.uuid,
		VideoQuality: pick(r, qualities), HasPoll: r.IntN(9) == 0, JoinTimeCost: float64(r.IntN(4000)) / 1000,
	}
	if m.shared() {
		row.ShareQuality = pick(r, qualities)
	}
	if !m.first {
		row.CustomKeys = append(row.CustomKeys, customKey{Key: "cc", Value: "1"})
	}
	if tracking {
		row.TrackingFields = trackingOf(m)
	}
	return row
}

// clockLength writes a length as the dashboard does: hours only if there are any.
func clockLength(d time.Duration) string {
	seconds := int(d / time.Second)
	text := fmt.Sprintf("%02d:%02d", seconds/60%60, seconds%60)
	if seconds >= 3600 {
		text = fmt.Sprintf("%02d:%s", seconds/3600, text)
	}
	return text
}

// listDashboard is GET /metrics/meetings, for Business plans and above, of
// meetings that began (or ended, query_date_type) in the days, both inclusive, at
// most a month, within six months. Who does not say type asks for what is live,
// and nothing ever is here; past leaves out the meetings with one participant,
// which pastOne shows.
func (s *Simulator) listDashboard(c *call) *answer {
	if s.options.Plan != "business" {
		return errNoDashboard()
	}
	p := parameters{query: c.query}
	from, to := p.day("from"), p.day("to")
	size := p.number("page_size", 30, 300)
	kind := p.choice("type", "live", "past", "pastOne", "live")
	byEnd := p.choice("query_date_type", "start_time", "start_time", "end_time") == "end_time"
	tracking := p.choice("include_fields", "", "tracking_fields") != ""
	p.choice("group_include_participant", "", "true", "false")
	if refusal := s.window(&p, from, to, true); refusal != nil {
		return refusal
	}
	start, refusal := s.pageStart(c)
	if refusal != nil {
		return refusal
	}
	rows := []*heldMeeting{}
	if kind != "live" {
		rows = s.dashboard(from, to, byEnd, kind == "pastOne")
	}
	if group := p.text("group_id"); group != "" {
		rows = ofGroup(rows, group)
	}
	found := cut(s.pages, c, rows, start, size, true)
	return ok(struct {
		From          string            `json:"from"`
		To            string            `json:"to"`
		PageCount     int               `json:"page_count"`
		PageSize      int               `json:"page_size"`
		TotalRecords  int               `json:"total_records"`
		NextPageToken string            `json:"next_page_token"`
		Meetings      []dashboardRecord `json:"meetings"`
	}{from.Format(dayLayout), to.Format(dayLayout), cmp.Or((len(rows)+size-1)/size, 1), size, len(rows), found.next, mapped(found.rows, func(m *heldMeeting) dashboardRecord {
		return s.dashboardRow(m, tracking)
	})})
}

// dashboard is what began or ended in the days, newest first: of one participant
// or of more.
func (s *Simulator) dashboard(from, to time.Time, byEnd, one bool) []*heldMeeting {
	rows := []*heldMeeting{}
	for _, m := range began(s.meetings, from, to, byEnd) {
		if s.alone(m) == one {
			rows = append(rows, m)
		}
	}
	return rows
}

// began returns the meetings, newest first, that began in the days, or ended.
func began(meetings []*heldMeeting, from, to time.Time, byEnd bool) []*heldMeeting {
	if !byEnd {
		return between(meetings, from, to)
	}
	var rows []*heldMeeting
	for _, m := range between(meetings, from.AddDate(0, 0, -1), to) { // no meeting lasts a day
		if !m.end.Before(from) && m.end.Before(to.Add(day)) {
			rows = append(rows, m)
		}
	}
	return rows
}

// ofGroup returns the meetings whose hosts are in a group.
func ofGroup(meetings []*heldMeeting, group string) []*heldMeeting {
	rows := []*heldMeeting{}
	for _, m := range meetings {
		for _, id := range m.host.groupIDs {
			if id == group {
				rows = append(rows, m)
			}
		}
	}
	return rows
}

// addDashboard lets the dashboard be read and edited: the qualities are measured
// again.
func (s *Simulator) addDashboard() {
	s.operations["GET /metrics/meetings"] = s.listDashboard
	s.truths["metrics_meetings"] = func(t Truth) iter.Seq[json.RawMessage] {
		return records(s, s.dashboard(t.Since, t.Until, false, false), func(m *heldMeeting) dashboardRecord {
			return s.dashboardRow(m, true)
		})
	}
	s.editors["metrics_meetings"] = s.heldEditor(
		func(*heldMeeting) bool { return true },
		func(m *heldMeeting) bool { return m.measures > 0 },
		func(_ *rand.Rand, m *heldMeeting) { m.measures++ },
	)
}
