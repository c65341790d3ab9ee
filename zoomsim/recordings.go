package zoomsim

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"
)

// A recordingState is what has become of the cloud recording of a held meeting.
type recordingState int

const (
	notRecorded recordingState = iota
	processing                 // recorded, and not listed yet
	recorded
	trashed
)

// A cloudRecording is the recording of one held meeting; its files follow from the
// meeting.
type cloudRecording struct {
	state    recordingState
	revision int // how often it was changed
	edited   bool
}

// newCloudRecording tells whether the held meeting number i was recorded: of those
// whose host has a licence, two in five, and all of the busiest host. Every other
// one of the last two days is being processed yet.
func newCloudRecording(o Options, m meeting, i int) cloudRecording {
	switch {
	case o.Plan == "free" || m.host.kind != 2 || i%5 > 1 && !m.host.studio:
		return cloudRecording{}
	case i%2 == 0 && !m.start.Before(o.Today.AddDate(0, 0, -2)):
		return cloudRecording{state: processing}
	default:
		return cloudRecording{state: recorded}
	}
}

// listed tells whether the recording of a meeting is listed.
func (m *heldMeeting) listed() bool { return m.recording.state == recorded }

// recordingRecord is a row of GET /users/{userId}/recordings as Zoom writes it
// (Zoom API Hub, Meetings, recordingsList, read 2026-11).
type recordingRecord struct {
	UUID           string          `json:"uuid"`
	ID             int64           `json:"id"`
	AccountID      string          `json:"account_id"`
	HostID         string          `json:"host_id"`
	Topic          string          `json:"topic"`
	Type           string          `json:"type"` // text here, a number elsewhere
	StartTime      string          `json:"start_time"`
	Duration       int             `json:"duration"`
	TotalSize      int64           `json:"total_size"`
	RecordingCount int             `json:"recording_count"`
	AutoDelete     bool            `json:"auto_delete"`
	AutoDeleteDate string          `json:"auto_delete_date,omitempty"`
	Passcode       string          `json:"recording_play_passcode"`
	RecordingFiles []recordingFile `json:"recording_files"`
}

// recordingFile is one of its files. Captions and the timeline have no id, no
// status and no size.
type recordingFile struct {
	ID             string `json:"id,omitempty"`
	MeetingID      string `json:"meeting_id"` // the UUID
	RecordingStart string `json:"recording_start"`
	RecordingEnd   string `json:"recording_end"`
	FileType       string `json:"file_type"`
	FileExtension  string `json:"file_extension"`
	FileSize       int64  `json:"file_size,omitempty"` // bytes
	PlayURL        string `json:"play_url,omitempty"`
	DownloadURL    string `json:"download_url"`
	Status         string `json:"status,omitempty"`
	RecordingType  string `json:"recording_type"`
	DeletedTime    string `json:"deleted_time,omitempty"`
}

// recordingOf is the record of a recorded meeting. A long meeting's video is
// larger than 2 GiB.
func (s *Simulator) recordingOf(m *heldMeeting) recordingRecord {
	r := randomFor(s.options.Seed, "recording", m.index)
	row := recordingRecord{
		UUID: m.uuid, ID: m.id(), AccountID: s.account.id, HostID: m.host.id, Topic: m.topic(), Type: strconv.Itoa(m.kind),
		StartTime: stamp(m.start), Duration: minutes(m.start, m.end), AutoDelete: m.index%3 == 0,
		Passcode: randomID(randomFor(s.options.Seed, fmt.Sprint("passcode ", m.recording.revision), m.index)),
	}
	if row.AutoDelete {
		row.AutoDeleteDate = m.start.AddDate(0, 4, 0).Format(dayLayout)
	}
	add := func(fileType, extension, kind string, size int64) {
		row.RecordingFiles = append(row.RecordingFiles, s.newRecordingFile(r, m, len(row.RecordingFiles), fileType, extension, kind, size))
		row.TotalSize += size
	}
	length := int64(row.Duration)
	add("MP4", "MP4", "shared_screen_with_speaker_view", length*(4_000_000+r.Int64N(60_000_000)))
	add("M4A", "M4A", "audio_only", length*(400_000+r.Int64N(600_000)))
	add("TIMELINE", "JSON", "timeline", 0)
	if s.attendance(m).chat {
		add("CHAT", "TXT", "chat_file", 100+r.Int64N(20_000))
	}
	if r.IntN(2) > 0 {
		add("TRANSCRIPT", "VTT", "audio_transcript", length*(200+r.Int64N(900)))
		add("CC", "VTT", "closed_caption", 0)
	}
	if m.recording.revision > 0 {
		add("SUMMARY", "JSON", "summary", 500+r.Int64N(5_000))
	}
	row.RecordingCount = len(row.RecordingFiles)
	return row
}

func (s *Simulator) newRecordingFile(r *rand.Rand, m *heldMeeting, i int, fileType, extension, kind string, size int64) recordingFile {
	file := recordingFile{
		MeetingID: m.uuid, RecordingStart: stamp(m.start), RecordingEnd: stamp(m.end), FileType: fileType, FileExtension: extension,
		FileSize: size, DownloadURL: s.downloadURL(m, i), RecordingType: kind,
	}
	if m.recording.state == trashed {
		file.DeletedTime = stamp(s.options.Today)
	}
	if size == 0 {
		return file
	}
	file.ID, file.Status = randomUUID(r), "completed"
	file.PlayURL = "https://us02web.zoom.us/rec/play/" + randomID(r)
	return file
}

// randomUUID is the form of a recording file's id.
func randomUUID(r *rand.Rand) string {
	a, b := r.Uint64(), r.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>52, b&0xffffffffffff)
}

// listRecordings is GET /users/{userId}/recordings: what began in the days, both
// inclusive, at most a month, newest first; without from and to today and
// tomorrow. With trash it is all that was deleted, whatever the days.
func (s *Simulator) listRecordings(c *call) *answer {
	p := parameters{query: c.query}
	from, to := p.optionalDay("from", s.options.Today), p.optionalDay("to", s.options.Today.AddDate(0, 0, 1))
	size := p.number("page_size", 30, 300)
	trash := p.flag("trash")
	p.flag("mc") // metadata only: these have none beside
	p.choice("trash_type", "", "meeting_recordings", "recording_file")
	if trash {
		from, to = s.since, s.options.Today
		if problem := p.problem(); problem != nil {
			return problem
		}
	} else if refusal := s.window(&p, from, to, false); refusal != nil {
		return refusal
	}
	u := s.findUser(c.args[0], false)
	if u == nil || u.id == "" || s.account.gone[u] {
		return errNoUser(c.args[0])
	}
	start, refusal := s.pageStart(c)
	if refusal != nil {
		return refusal
	}
	state := recorded
	if trash {
		state = trashed
	}
	var held []*heldMeeting
	for _, m := range between(s.meetings, from, to) {
		if m.host.id == u.id && m.recording.state == state && (p.text("meeting_id") == "" || p.text("meeting_id") == fmt.Sprint(m.id())) {
			held = append(held, m)
		}
	}
	found := cut(s.pages, c, held, start, size, true)
	return ok(struct {
		From          string            `json:"from"`
		To            string            `json:"to"`
		PageCount     int               `json:"page_count"`
		PageSize      int               `json:"page_size"`
		TotalRecords  int               `json:"total_records"`
		NextPageToken string            `json:"next_page_token"`
		Meetings      []recordingRecord `json:"meetings"`
	}{from.Format(dayLayout), to.Format(dayLayout), cmp.Or((len(held)+size-1)/size, 1), size, len(held), found.next, mapped(found.rows, s.recordingOf)})
}

// recordedMeetings are the held meetings whose recordings are listed, of the days.
func (s *Simulator) recordedMeetings(since, until time.Time) []*heldMeeting {
	var held []*heldMeeting
	for _, m := range between(s.meetings, since, until) {
		if m.listed() && !s.account.gone[m.host] {
			held = append(held, m)
		}
	}
	return held
}

// getRecordings is GET /meetings/{meetingId}/recordings, by UUID, or by number of
// the newest instance.
func (s *Simulator) getRecordings(c *call) *answer {
	p := parameters{query: c.query}
	include := p.choice("include_fields", "", "download_access_token")
	ttl := 0
	if p.text("ttl") != "0" {
		ttl = p.number("ttl", 3600, 604_800) // the default is not published
	}
	if problem := p.problem(); problem != nil {
		return problem
	}
	m := s.findHeld(c.args[0])
	if m == nil || !m.listed() || s.account.gone[m.host] {
		return errNoRecording()
	}
	row := struct {
		recordingRecord
		Password            string   `json:"password"`
		DownloadAccessToken string   `json:"download_access_token,omitempty"`
		ParticipantAudio    []string `json:"participant_audio_files"` // none here
	}{recordingRecord: s.recordingOf(m), ParticipantAudio: []string{}}
	row.Password = row.Passcode
	if include != "" {
		row.DownloadAccessToken = s.downloadToken(m.uuid, c.now.Add(time.Duration(ttl)*time.Second))
	}
	return ok(row)
}
