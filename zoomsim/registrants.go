package zoomsim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// maxRegistrants is how many may register for a meeting (Zoom API Hub, Meetings,
// meetingRegistrantCreate, read 2026-11).
const maxRegistrants = 4999

var registrantStatuses = []string{"approved", "pending", "denied"}

// A registration is a row of GET /meetings/{meetingId}/registrants as Zoom writes it
// (Zoom API Hub, Meetings, meetingRegistrants, read 2026-11). Only address and
// first name are always there.
type registration struct {
	ID                 string           `json:"id"`
	Email              string           `json:"email"`
	FirstName          string           `json:"first_name"`
	LastName           string           `json:"last_name,omitempty"`
	Address            string           `json:"address,omitempty"`
	City               string           `json:"city,omitempty"`
	State              string           `json:"state,omitempty"`
	Zip                string           `json:"zip,omitempty"`
	Country            string           `json:"country,omitempty"`
	Phone              string           `json:"phone,omitempty"`
	Industry           string           `json:"industry,omitempty"`
	Org                string           `json:"org,omitempty"`
	JobTitle           string           `json:"job_title,omitempty"`
	PurchasingTime     string           `json:"purchasing_time_frame"`
	RoleInPurchase     string           `json:"role_in_purchase_process"`
	NoOfEmployees      string           `json:"no_of_employees"`
	Comments           string           `json:"comments,omitempty"`
	CustomQuestions    []customQuestion `json:"custom_questions"`
	Status             string           `json:"status"`
	CreateTime         string           `json:"create_time"`
	JoinURL            string           `json:"join_url"`
	ParticipantPINCode int64            `json:"participant_pin_code,omitempty"`

	edited bool
}

type customQuestion struct {
	Title string `json:"title"`
	Value string `json:"value"`
}

// The enums of a registrant, each with the empty choice.
var (
	employees      = []string{"", "1-20", "21-50", "51-100", "101-250", "251-500", "501-1,000", "1,001-5,000", "5,001-10,000", "More than 10,000"}
	purchaseTimes  = []string{"", "Within a month", "1-3 months", "4-6 months", "More than 6 months", "No timeframe"}
	purchaseRoles  = []string{"", "Decision Maker", "Evaluator/Recommender", "Influencer", "Not involved"}
	industries     = []string{"Theatre", "Film & TV", "Circus, fairs", "Oper"}
	cities         = [][4]string{{"Berlin", "", "10117", "DE"}, {"New York", "NY", "10036", "US"}, {"東京", "", "100-0001", "JP"}, {"São Paulo", "SP", "01310-100", "BR"}}
	registrantAsks = []string{"May I bring a guest?", `Which seat, "stalls" or circle?`}
)

// newRegistration makes up the registrant number i of a meeting: a user of the
// account or, mostly, a guest. Of ten, seven are approved, two wait and one was
// denied.
func newRegistration(seed int64, m *scheduledMeeting, i int, users []*user) registration {
	r := randomFor(seed, fmt.Sprint("registrant ", m.number), i)
	first, last := pick(r, firstNames), pick(r, lastNames)
	if i%7 == 2 {
		name := pick(r, awkwardNames)
		first, last = name[0], name[1]
	}
	row := registration{
		ID: randomID(r), FirstName: first, LastName: last,
		Email:          fmt.Sprintf("%s%d.%d@guests.example", strings.ToLower(pick(r, firstNames)), m.number, i),
		PurchasingTime: pick(r, purchaseTimes), RoleInPurchase: pick(r, purchaseRoles), NoOfEmployees: pick(r, employees),
		CustomQuestions: []customQuestion{},
		Status:          registrantStatuses[[]int{0, 0, 1, 0, 0, 2, 0, 1, 0, 0}[i%10]],
		CreateTime:      stamp(within(r, m.createdAt, m.createdAt.Add(day)).Truncate(time.Second)),
		JoinURL:         fmt.Sprintf("https://us02web.zoom.us/w/%d?tk=%s.DQ%s", m.id, randomID(r), randomID(r)),
	}
	if at := i / 4; i%4 == 1 && at < len(users) {
		u := users[(m.number+at)%len(users)]
		row.Email, row.FirstName, row.LastName = u.email, u.firstName, u.lastName
	}
	row.addAnswers(r, i)
	return row
}

// addAnswers fills what a form may ask for, or not.
func (row *registration) addAnswers(r *rand.Rand, i int) {
	if r.IntN(3) > 0 {
		place := pick(r, cities)
		row.City, row.State, row.Zip, row.Country = place[0], place[1], place[2], place[3]
		row.Address, row.Phone = fmt.Sprintf("%d, Harbour St\nBack door", 1+r.IntN(99)), fmt.Sprintf("+1 555%07d", r.IntN(10_000_000))
	}
	if r.IntN(2) > 0 {
		row.Org, row.JobTitle, row.Industry = pick(r, companies)+" & Sons", pick(r, jobTitles), pick(r, industries)
	}
	if r.IntN(3) > 0 {
		row.Comments = chatLines[i%len(chatLines)]
		for _, title := range registrantAsks {
			row.CustomQuestions = append(row.CustomQuestions, customQuestion{title, pick(r, []string{"", "yes", "no, thanks"})})
		}
	}
	if row.Status == "approved" && r.IntN(2) > 0 {
		row.ParticipantPINCode = 1_000_000_000 + r.Int64N(9_000_000_000)
	}
}

// registrantsOf are all who have registered for a meeting.
func (s *Simulator) registrantsOf(m *scheduledMeeting) []registration {
	if edited, ok := s.registrants[m.id]; ok {
		return edited
	}
	rows := make([]registration, max(m.registrants, 0))
	for i := range rows {
		rows[i] = newRegistration(s.options.Seed, m, i, s.joined)
	}
	return rows
}

// registrantsWith are those of a status.
func (s *Simulator) registrantsWith(m *scheduledMeeting, status string) []registration {
	return slices.DeleteFunc(slices.Clone(s.registrantsOf(m)), func(row registration) bool { return row.Status != status })
}

// listRegistrants is GET /meetings/{meetingId}/registrants, of one status, with
// both ways of paging. Who registers does so for all occurrences of a series, so
// that occurrence_id shows the same, if there is such an occurrence.
func (s *Simulator) listRegistrants(c *call) *answer {
	p := parameters{query: c.query}
	status := p.choice("status", "approved", registrantStatuses...)
	size := p.number("page_size", 30, 300)
	at, refusal := s.numberedPage(c, &p, size)
	if refusal != nil {
		return refusal
	}
	m := s.findScheduled(c.args[0])
	switch {
	case m == nil:
		return errNoMeeting(c.args[0])
	case m.registrants < 0:
		return errNoRegistration(c.args[0])
	}
	if id := p.text("occurrence_id"); id != "" && !slices.ContainsFunc(s.occurrences(m, true), func(o occurrence) bool { return o.ID == id }) {
		return errNoMeeting(c.args[0])
	}
	rows := s.registrantsWith(m, status)
	found := cut(s.pages, c, rows, at.start, size, at.byToken)
	return ok(struct {
		numberedList
		Registrants []registration `json:"registrants"`
	}{at.list(len(rows), size, found.next), found.rows})
}
