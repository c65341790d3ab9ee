package zoomsim

import (
	"encoding/json"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"
)

// historyRecord is a row of GET /report/history_meetings (Zoom API Hub, Meetings,
// the report of history meetings and webinars, read 2026-11).
type historyRecord struct {
	MeetingUUID     string         `json:"meeting_uuid"`
	MeetingID       int64          `json:"meeting_id"`
	Type            string         `json:"type"`
	HostDisplayName string         `json:"host_display_name"`
	HostEmail       string         `json:"host_email"`
	StartTime       string         `json:"start_time"`
	EndTime         string         `json:"end_time"`
	Topic           string         `json:"topic"`
	Participants    int            `json:"participants"`
	Duration        int            `json:"duration"` // minutes
	TotalMinutes    int            `json:"total_participant_minutes"`
	Department      string         `json:"department"`
	Group           []string       `json:"group"`
	Source          string         `json:"source"`
	UniqueViewers   int            `json:"unique_viewers"`
	MaxViews        int            `json:"max_concurrent_views"`
	CreateTime      string         `json:"create_time"`
	CustomFields    []customKey    `json:"custom_fields"`
	TrackingFields  []trackedField `json:"tracking_fields"`
	FeatureUsed     featureUse     `json:"feature_used"`
}

// A hostThen is what a report tells of a host as it was when the meetings were
// held: who changes department later does not change the past.
type hostThen struct {
	dept   string
	groups []string
}

func (a *account) hostsThen() map[*user]hostThen {
	names, hosts := map[string]string{}, map[*user]hostThen{}
	for _, g := range a.groups {
		names[g.id] = g.name
	}
	for _, u := range a.users {
		then := hostThen{u.dept, []string{}}
		for _, id := range u.groupIDs {
			then.groups = append(then.groups, names[id])
		}
		hosts[u] = then
	}
	return hosts
}

type trackedField struct {
	Field string `json:"field"`
	Value string `json:"value"`
}

// featureUse tells for each feature whether it was used, in Zoom's order.
type featureUse map[string]bool

var features = strings.Fields(`screen_sharing video_on remote_control closed_caption breakout_room language_interpretation
	telephone_usage in_meeting_chat poll join_by_room waiting_room live_transcription reaction zoom_apps annotation raise_hand
	virtual_background whiteboard immersive_scene avatar switch_to_mobile file_sharing meeting_summary meeting_questions
	record_to_computer record_to_cloud live_translation registration smart_recording multi_speaker meeting_wallpaper
	gen_ai_virtual_background multi_share document_collaboration portrait_lighting personalized_audio_isolation color_themes`)

// MarshalJSON writes all features, used or not.
func (f featureUse) MarshalJSON() ([]byte, error) {
	out := make([]byte, 0, 1000)
	for i, name := range features {
		separator := byte(',')
		if i == 0 {
			separator = '{'
		}
		out = append(out, separator)
		out = strconv.AppendBool(append(strconv.AppendQuote(out, name), ':'), f[name])
	}
	return append(out, '}'), nil
}

// historyRow is a meeting's row, or a webinar's.
func (s *Simulator) historyRow(m *heldMeeting) historyRecord {
	a, host := s.attendance(m), s.hosts[m.host]
	_, registration := s.registering[m.id()]
	row := historyRecord{
		MeetingUUID: m.uuid, MeetingID: m.id(), Type: "Meeting", HostDisplayName: m.host.displayName(), HostEmail: m.host.email,
		StartTime: stamp(m.start), EndTime: stamp(m.end), Topic: m.topic(), Participants: a.people,
		Duration: minutes(m.start, m.end), TotalMinutes: a.minutes, Department: host.dept, Group: host.groups,
		Source: "Zoom", CreateTime: stamp(m.start.Add(-day)), CustomFields: []customKey{}, TrackingFields: trackingOf(m),
		FeatureUsed: featureUse{
			"screen_sharing": m.shared(), "video_on": true, "remote_control": a.remote, "in_meeting_chat": a.chat,
			"breakout_room": m.breakout(), "waiting_room": m.waitingRoom(), "record_to_cloud": m.wasRecorded(),
			"reaction": m.index%2 == 0, "registration": registration,
		},
	}
	if m.webinar {
		row.Type, row.UniqueViewers, row.MaxViews = "Webinar", a.people-1, a.people
	}
	if !m.first {
		row.CustomFields = append(row.CustomFields, customKey{Key: "cc", Value: "1"})
	}
	return row
}

// trackingOf is what the host's company notes at a meeting: often nothing.
func trackingOf(m *heldMeeting) []trackedField {
	if m.index%4 != 0 {
		return []trackedField{}
	}
	return []trackedField{{"Production", awkwardNames[m.index/4%len(awkwardNames)][0]}, {"Cost, centre", ""}}
}

// listHistory is GET /report/history_meetings: meetings and webinars of the whole
// account that began (or ended, date_type) in the days, both inclusive, at most a
// month. The look-back and the largest page are those of the other reports, since
// Zoom's page names none. There are no polls, surveys, questions and resources.
func (s *Simulator) listHistory(c *call) *answer {
	if s.options.Plan == "free" {
		return errPaidOnly(s.account.id)
	}
	p := parameters{query: c.query}
	from, to := p.day("from"), p.day("to")
	size := p.number("page_size", 30, 300)
	byEnd := p.choice("date_type", "start_time", "start_time", "end_time") == "end_time"
	kind := p.choice("meeting_type", "all", "meeting", "webinar", "all")
	report := p.choice("report_type", "all", "all", "poll", "survey", "qa", "resource", "reaction")
	feature := p.choice("meeting_feature", "", features...)
	if refusal := s.window(&p, from, to, true); refusal != nil {
		return refusal
	}
	start, refusal := s.pageStart(c)
	if refusal != nil {
		return refusal
	}
	search, group := strings.ToLower(p.text("search_key")), p.text("group_id")
	rows := slices.DeleteFunc(s.history(from, to, byEnd), func(m *heldMeeting) bool {
		switch {
		case kind == "meeting" && m.webinar, kind == "webinar" && !m.webinar,
			report != "all" && (report != "reaction" || !s.historyRow(m).FeatureUsed["reaction"]),
			feature != "" && !s.historyRow(m).FeatureUsed[feature],
			search != "" && !s.foundBy(m, search):
			return true
		}
		return group != "" && !slices.Contains(m.host.groupIDs, group)
	})
	found := cut(s.pages, c, rows, start, size, true)
	return ok(struct {
		NextPageToken string          `json:"next_page_token"`
		PageSize      int             `json:"page_size"`
		Meetings      []historyRecord `json:"history_meetings"`
	}{found.next, size, mapped(found.rows, s.historyRow)})
}

// foundBy tells whether a text, in lower case, is part of what a meeting is called.
func (s *Simulator) foundBy(m *heldMeeting, text string) bool {
	for _, what := range []string{m.topic(), m.host.displayName(), m.host.email, strings.ReplaceAll(m.number, " ", "")} {
		if strings.Contains(strings.ToLower(what), text) {
			return true
		}
	}
	return false
}

// history is all that began in the days, or ended, newest first: meetings, and
// webinars in between.
func (s *Simulator) history(since, until time.Time, byEnd bool) []*heldMeeting {
	meetings, webinars := began(s.meetings, since, until, byEnd), began(s.webinars, since, until, byEnd)
	all := make([]*heldMeeting, 0, len(meetings)+len(webinars))
	for _, m := range meetings {
		for len(webinars) > 0 && webinars[0].start.After(m.start) {
			all, webinars = append(all, webinars[0]), webinars[1:]
		}
		all = append(all, m)
	}
	return append(all, webinars...)
}

// addHistory lets the history be read and edited.
func (s *Simulator) addHistory() {
	s.operations["GET /report/history_meetings"] = s.listHistory
	s.truths["history_meetings"] = func(t Truth) iter.Seq[json.RawMessage] {
		return records(s, s.history(t.Since, t.Until, false), s.historyRow)
	}
	retitled := func(m *heldMeeting) bool { return m.title != "" }
	s.editors["history_meetings"] = s.heldEditor(func(*heldMeeting) bool { return true }, retitled, retitle)
	s.editors["report_user_meetings"] = s.heldEditor(func(m *heldMeeting) bool { return !s.account.gone[m.host] }, retitled, retitle)
}
