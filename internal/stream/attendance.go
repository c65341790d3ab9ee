package stream

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/stagedoor/stagedoor"
)

// waiting is the status of rows for time spent in the waiting room.
const waiting = "in_waiting_room"

// Deriver works meeting_attendance out of the participant rows of one meeting
// instance: one row a person. It is not safe for concurrent use.
//
//   - Rows of the waiting room count for nothing. Whoever has no others has no row.
//   - A person is told by participant_user_id, else id, else the e-mail address in
//     lower case, else the name without outer blanks, else user_id. Of rows that
//     have none of them each is a person of its own.
//   - What is told of a person is of the row with the earliest join_time that has it.
//   - Time in the meeting is the union of the rows' spans: those of breakout rooms
//     lie inside others, and count once.
type Deriver struct {
	rows    *Decoder // of the participants
	decoder *Decoder // of attendance
	part    stagedoor.Part
	at      places
	all     []session
}

// places are the columns of a participant's row.
type places struct {
	participant, id, user, name, email, registrant, join, leave, duration, status, breakout int
}

// session is one participant row: somebody was there from join to leave.
type session struct {
	participant, id, user, name, email, registrant string
	join, leave                                    time.Time // zero where the row lacks it and nothing tells
	breakout                                       bool
}

// NewDeriver returns what works out the derived stream's rows of a slice that
// belong to the part, a meeting instance.
func NewDeriver(s stagedoor.Stream, slice stagedoor.Slice, part stagedoor.Part) *Deriver {
	d := &Deriver{rows: NewDecoder(sources()[s.From], slice, part), decoder: NewDecoder(s, slice, part), part: part}
	at := func(column string) int { return d.rows.columns[column] }
	d.at = places{
		participant: at("participant_user_id"), id: at("id"), user: at("user_id"), name: at("name"), email: at("user_email"),
		registrant: at("registrant_id"), join: at("join_time"), leave: at("leave_time"), duration: at("duration"),
		status: at("status"), breakout: at("bo_mtg_id"),
	}
	return d
}

// sources are the streams that others are derived from; a run asks once for
// each of a hundred thousand meetings.
var sources = sync.OnceValue(func() map[string]stagedoor.Stream {
	list := map[string]stagedoor.Stream{}
	for _, s := range All() {
		list[s.Name] = s
	}
	return list
})

// Add takes one participant row as Zoom sent it. A row that is no JSON object is
// an error, and counts for nothing.
func (d *Deriver) Add(raw []byte) error {
	var ignored stagedoor.Decoded
	clear(d.rows.values)
	if !d.rows.plain(raw, &ignored) {
		if err := d.rows.read(raw, &ignored); err != nil {
			return err
		}
	}
	text := func(column int) string { t, _ := d.rows.values[column].(string); return t }
	if text(d.at.status) == waiting {
		return nil
	}
	s := session{
		participant: text(d.at.participant), id: text(d.at.id), user: text(d.at.user), name: text(d.at.name),
		email: text(d.at.email), registrant: text(d.at.registrant), breakout: text(d.at.breakout) != "",
	}
	s.join, _ = d.rows.values[d.at.join].(time.Time)
	s.leave, _ = d.rows.values[d.at.leave].(time.Time)
	seconds, known := d.rows.values[d.at.duration].(int64)
	known = known && seconds >= 0 && seconds < int64(365*24*time.Hour/time.Second)
	switch length := time.Duration(seconds) * time.Second; {
	case s.leave.IsZero() && !s.join.IsZero() && known:
		s.leave = s.join.Add(length)
	case s.join.IsZero() && !s.leave.IsZero() && known:
		s.join = s.leave.Add(-length)
	}
	d.all = append(d.all, s)
	return nil
}

// Rows returns a row for each person, in the order in which they joined.
func (d *Deriver) Rows() ([]stagedoor.Decoded, error) {
	slices.SortStableFunc(d.all, func(a, b session) int {
		if a.join.IsZero() != b.join.IsZero() { // nobody knows when: last
			return b.join.Compare(a.join)
		}
		return cmp.Or(a.join.Compare(b.join), a.leave.Compare(b.leave))
	})
	var persons []string
	sessions := map[string][]session{}
	blank := 0
	for _, s := range d.all {
		person := s.person()
		if person == "" {
			blank++
			person = "row:" + strconv.Itoa(blank)
		}
		if len(sessions[person]) == 0 {
			persons = append(persons, person)
		}
		sessions[person] = append(sessions[person], s)
	}
	var rows []stagedoor.Decoded
	for _, person := range persons {
		raw, err := d.record(person, sessions[person])
		if err != nil {
			return nil, err
		}
		row, err := d.decoder.Decode(raw)
		if err != nil {
			return nil, err
		}
		row.Values = slices.Clone(row.Values)
		rows = append(rows, row)
	}
	return rows, nil
}

// person tells who a session's is, as well as the row does; empty where it says
// nothing.
func (s session) person() string {
	switch name := strings.TrimSpace(s.name); {
	case s.participant != "":
		return "id:" + s.participant
	case s.id != "":
		return "id:" + s.id
	case s.email != "":
		return "email:" + strings.ToLower(s.email)
	case name != "":
		return "name:" + name
	case s.user != "":
		return "user:" + s.user
	}
	return ""
}

// record is a person's row as the provider might have sent it, from their
// sessions in order of time.
func (d *Deriver) record(person string, sessions []session) ([]byte, error) {
	first := func(field func(session) string) string {
		for _, s := range sessions {
			if value := field(s); value != "" {
				return value
			}
		}
		return ""
	}
	var joined, left time.Time
	breakouts := 0
	for _, s := range sessions {
		if joined.IsZero() {
			joined = s.join
		}
		if s.leave.After(left) {
			left = s.leave
		}
		if s.breakout {
			breakouts++
		}
	}
	seconds := int64(together(sessions) / time.Second)
	w := record{line: []byte{'{'}}
	w.text("meeting_uuid", d.part.Value)
	w.raw("meeting_id", number(d.part.Carried["meeting_id"]))
	w.text("meeting_start_time", text(d.part.Carried["meeting_start_time"]))
	w.text("person", person)
	w.text("name", first(func(s session) string { return s.name }))
	w.text("user_email", first(func(s session) string { return s.email }))
	w.text("participant_user_id", first(func(s session) string { return s.participant }))
	w.text("registrant_id", first(func(s session) string { return s.registrant }))
	w.text("first_join", moment(joined))
	w.text("last_leave", moment(left))
	w.raw("seconds", strconv.FormatInt(seconds, 10))
	w.raw("minutes", strconv.FormatInt((seconds+59)/60, 10))
	w.raw("rejoins", strconv.Itoa(max(0, len(sessions)-breakouts-1)))
	w.raw("breakouts", strconv.Itoa(breakouts))
	return append(w.line, '}'), w.err
}

// together is the length of the union of the sessions, which come in the order
// in which they began.
func together(sessions []session) time.Duration {
	var sum time.Duration
	var until time.Time
	for _, s := range sessions {
		if s.join.IsZero() || !s.leave.After(s.join) {
			continue
		}
		from := s.join
		if until.After(from) {
			from = until
		}
		if s.leave.After(from) {
			sum += s.leave.Sub(from)
			until = s.leave
		}
	}
	return sum
}

// record writes a JSON object, member by member.
type record struct {
	line []byte
	err  error
}

func (w *record) raw(name, value string) {
	if len(w.line) > 1 {
		w.line = append(w.line, ',')
	}
	w.line = append(append(append(append(w.line, '"'), name...), `":`...), value...)
}

func (w *record) text(name, value string) {
	quoted, err := jsontext.AppendQuote(nil, value)
	if err != nil && w.err == nil {
		w.err = err
	}
	w.raw(name, string(quoted))
}

// number writes an id of digits as a JSON number, and null where there is none.
func number(id any) string {
	digits := text(id)
	if n, err := strconv.ParseInt(digits, 10, 64); err == nil {
		return strconv.FormatInt(n, 10)
	}
	return "null"
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339Nano)
}
