package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// The pages are those of an account with some fifty to sixty thousand rows a
// week: meetings of two people up to meetings of two thousand, on each day of
// three months. Ten times the rows are ten times the meetings on the same days.
const (
	pageRows  = 300 // page_size, Zoom's maximum for both reports
	pagesDays = 92
)

// firstDay is the first day of the pages: they are the same on every day that
// they are made.
var firstDay = time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC)

// pageMaker writes the pages of the report on past meetings into DIR/history,
// MONTH-N.json, and those of their participants into DIR/participants, UUID-N.json
// with the UUID in hex. The bodies are as Zoom sends them.
type pageMaker struct {
	dir      string
	random   *rand.Rand
	body     bytes.Buffer
	bytes    int64 // of the participants' pages
	files    int
	meetings int
}

// instance is one past meeting.
type instance struct {
	UUID      string `json:"meeting_uuid"`
	ID        int64  `json:"meeting_id"`
	Type      string `json:"type"`
	HostName  string `json:"host_display_name"`
	HostEmail string `json:"host_email"`
	Start     string `json:"start_time"`
	End       string `json:"end_time"`
	Topic     string `json:"topic"`
	People    int    `json:"participants"`
	Duration  int    `json:"duration"`
	Minutes   int    `json:"total_participant_minutes"`
	Source    string `json:"source"`

	start time.Time
	raw   [16]byte
}

// makePages makes exactly so many rows of participants.
func makePages(dir string, rows int) (*pageMaker, error) {
	m := &pageMaker{dir: dir, random: rand.New(rand.NewPCG(6, uint64(rows)))}
	for _, name := range []string{"history", "participants"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
			return nil, err
		}
	}
	var month []instance
	for n := range pagesDays {
		day := firstDay.AddDate(0, 0, n)
		left := rows*(n+1)/pagesDays - rows*n/pagesDays
		for left > 0 {
			size := min(m.size(), left)
			left -= size
			meeting := m.meeting(day, size)
			month = append(month, meeting)
			if err := m.participants(meeting, size); err != nil {
				return nil, err
			}
		}
		if n == pagesDays-1 || day.AddDate(0, 0, 1).Day() == 1 {
			if err := m.history(day, month); err != nil {
				return nil, err
			}
			m.meetings += len(month)
			month = month[:0]
		}
	}
	return m, nil
}

// asPages is a process that only makes the pages, for somebody who looks closer
// at `bench sync PAGES PLACE`.
func asPages(dir, rows string) error {
	n, err := strconv.Atoi(rows)
	if err != nil {
		return err
	}
	_, err = makePages(dir, n)
	return err
}

// size is how many rows a meeting has: most are small, a few are halls.
func (m *pageMaker) size() int {
	switch n := m.random.IntN(100); {
	case n < 60:
		return 2 + m.random.IntN(30)
	case n < 90:
		return 30 + m.random.IntN(300)
	default:
		return 300 + m.random.IntN(2200)
	}
}

func (m *pageMaker) meeting(day time.Time, size int) instance {
	r := m.random
	at := day.Add(time.Duration(6+r.IntN(13))*time.Hour + time.Duration(r.IntN(3600))*time.Second)
	host := r.IntN(4000)
	minutes := 15 + r.IntN(90)
	meeting := instance{
		ID: 80000000000 + r.Int64N(19999999999), Type: "Meeting", HostName: displayName(host), HostEmail: address(host),
		Start: at.Format(time.RFC3339), End: at.Add(time.Duration(minutes) * time.Minute).Format(time.RFC3339),
		Topic: topics[r.IntN(len(topics))], People: size, Duration: minutes, Minutes: size * minutes, Source: "Zoom", start: at,
	}
	for i := range meeting.raw {
		meeting.raw[i] = byte(r.Uint32())
	}
	meeting.UUID = base64.StdEncoding.EncodeToString(meeting.raw[:])
	return meeting
}

// history writes the pages of a month's meetings.
func (m *pageMaker) history(month time.Time, meetings []instance) error {
	for n := 0; n*pageRows < len(meetings); n++ {
		text, err := json.Marshal(map[string]any{
			"page_size": pageRows, "next_page_token": pageToken(n, pagesOf(len(meetings))),
			"history_meetings": meetings[n*pageRows : min((n+1)*pageRows, len(meetings))],
		})
		if err != nil {
			return err
		}
		if err := os.WriteFile(historyFile(m.dir, month, n), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (m *pageMaker) participants(meeting instance, size int) error {
	pages := pagesOf(size)
	for n := range pages {
		m.body.Reset()
		fmt.Fprintf(&m.body, `{"page_count":%d,"page_size":%d,"total_records":%d,"next_page_token":%q,"participants":[`, pages, pageRows, size, pageToken(n, pages))
		for i := n * pageRows; i < min((n+1)*pageRows, size); i++ {
			if i > n*pageRows {
				m.body.WriteByte(',')
			}
			m.row(meeting, i)
		}
		m.body.WriteString("]}")
		if err := os.WriteFile(participantsFile(m.dir, meeting.raw, n), m.body.Bytes(), 0o600); err != nil {
			return err
		}
		m.bytes += int64(m.body.Len())
		m.files++
	}
	return nil
}

// row writes a row with the fields of Zoom's document (GET
// /report/meetings/{meetingId}/participants, read 2026-11). Every fifth is a guest, who has no
// ids and no address; every fifteenth waits in the waiting room; every ninth is
// in a breakout room; of one in a hundred even user_id is blank.
func (m *pageMaker) row(meeting instance, i int) {
	r := m.random
	person := r.IntN(30000)
	id, email, registrant, userID, room, status := personID(person), address(person), "", strconv.Itoa(16778240+i*1024), "", "in_meeting"
	if r.IntN(5) == 0 {
		id, email = "", ""
	}
	if r.IntN(4) == 0 {
		registrant = personID(person + 1_000_000)
	}
	if r.IntN(15) == 0 {
		status = "in_waiting_room"
	}
	if r.IntN(9) == 0 {
		room = personID(person%40 + 2_000_000)
	}
	if r.IntN(100) == 0 {
		userID = ""
	}
	join := meeting.start.Add(time.Duration(r.IntN(900)) * time.Second)
	seconds := 20 + r.IntN(5400)
	b := m.body.AvailableBuffer()
	b = fmt.Appendf(b, `{"id":%q,"user_id":%q,"name":%s,"user_email":%q,"join_time":%q,"leave_time":%q,"duration":%d,`,
		id, userID, quoted(displayName(person)), email, join.Format(time.RFC3339), join.Add(time.Duration(seconds)*time.Second).Format(time.RFC3339), seconds)
	b = fmt.Appendf(b, `"registrant_id":%q,"failover":false,"status":%q,"customer_key":"","bo_mtg_id":%q,"participant_user_id":%q}`, registrant, status, room, id)
	m.body.Write(b)
}

// quoted is a name in JSON; Zoom sends letters as they are.
func quoted(text string) []byte {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text) // of a text it does not fail
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}

func pagesOf(rows int) int { return (rows + pageRows - 1) / pageRows }

// pageToken leads from the page n to the next.
func pageToken(n, pages int) string {
	if n+1 >= pages {
		return ""
	}
	return fmt.Sprintf("b0Vl%028d", n+1)
}

// pageNumber is the number that a page token leads to; 0 for none.
func pageNumber(token string) (int, error) {
	if token == "" {
		return 0, nil
	}
	return strconv.Atoi(token[4:])
}

func historyFile(dir string, month time.Time, page int) string {
	return filepath.Join(dir, "history", fmt.Sprintf("%s-%d.json", month.Format("2006-01"), page))
}

func participantsFile(dir string, uuid [16]byte, page int) string {
	return filepath.Join(dir, "participants", fmt.Sprintf("%s-%d.json", hex.EncodeToString(uuid[:]), page))
}

var (
	givenNames  = []string{"Jörg", "Zoë", "Ana María", "李", "Søren", "Amélie", "Dmitri", "Aïcha", "佐藤", "Ingrid", "Seán", "Márton", "Priya", "Ömer", "Chloé", "Mateusz", "نور", "Yuki", "Olu", "Wanjikũ"}
	familyNames = []string{"Müller", "García Núñez", "O'Brien", "Nguyễn", "Kowalski", "明", "Åström", "Silva e Souza", "Khan", "Łukasiewicz", "D’Angelo", "Andersson", "恵子", "van der Berg", "Šimek", "Okonkwo", "Petrov", "Hernández", "Bäcker", "Ⅲ 🎓"}
	topics      = []string{"Weekly stand-up", "Übung Statistik II", "Quarterly all hands – Q3", "1:1", "Sprechstunde Prof. Weiß", "Customer call “Nordwind”", "採用面接", "Onboarding (new hires)", "Réunion d'équipe", "Incident review #4711"}
)

func displayName(person int) string {
	return givenNames[person%len(givenNames)] + " " + familyNames[person/len(givenNames)%len(familyNames)]
}

func address(person int) string { return fmt.Sprintf("person.%05d@example.com", person) }

// personID is 22 characters of base64, as Zoom's ids are.
func personID(person int) string {
	r := rand.New(rand.NewPCG(uint64(person), 22))
	var raw [16]byte
	for i := range raw {
		raw[i] = byte(r.Uint32())
	}
	return base64.RawURLEncoding.EncodeToString(raw[:])
}
