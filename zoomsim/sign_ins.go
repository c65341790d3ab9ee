package zoomsim

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// A signIn is one row of GET /report/activities: somebody signed in or out.
type signIn struct {
	at         int64 // Unix milliseconds, of a whole second
	email      string
	kind       string // "Sign in" or "Sign out"
	ipAddress  string
	clientType string
	version    string
	edited     bool
}

func (i signIn) when() int64 { return i.at }

// MarshalJSON writes the row as Zoom does (Zoom API Hub, Meetings,
// reportSignInSignOutActivities, read 2026-11).
func (i signIn) MarshalJSON() ([]byte, error) {
	return encode(struct {
		ClientType string `json:"client_type"`
		Email      string `json:"email"`
		IPAddress  string `json:"ip_address"`
		Time       string `json:"time"`
		Type       string `json:"type"`
		Version    string `json:"version"`
	}{i.clientType, i.email, i.ipAddress, stamp(time.UnixMilli(i.at)), i.kind, i.version}), nil
}

// newSignIns makes up two sessions for each meeting that was held, from since to
// until, newest first. Three sessions in ten have no end: the client was closed.
func newSignIns(o Options, users []*user, since, until time.Time) []signIn {
	edges := edgesOf(since, until)
	var rows []signIn
	for i := range 2 * o.Meetings {
		r := randomFor(o.Seed, "session", i)
		row := newSignIn(r, pick(r, users))
		began := within(r, since, until.Add(day)).Truncate(time.Second)
		if i < len(edges) {
			began = edges[i].start
			if began.IsZero() {
				began = edges[i].end.Truncate(time.Second)
			}
		}
		row.at = began.UnixMilli()
		rows = append(rows, row)
		ended := began.Add(time.Duration(1+r.IntN(9*3600)) * time.Second)
		if r.IntN(10) < 7 && ended.Before(until.Add(day)) {
			row.kind, row.at = "Sign out", ended.UnixMilli()
			rows = append(rows, row)
		}
	}
	slices.SortStableFunc(rows, func(a, b signIn) int { return cmp.Compare(b.at, a.at) })
	return withDuplicates(rows, randomFor(o.Seed, "sign-in duplicates", 0))
}

func newSignIn(r *rand.Rand, u *user) signIn {
	row := signIn{email: u.email, kind: "Sign in", clientType: pick(r, []string{"Browser", "Windows", "Mac", "iOS", "Android", "ZoomRooms, Mac", "Linux"})}
	row.version = fmt.Sprintf("6.%d.%d.%d", r.IntN(9), r.IntN(12), 1000+r.IntN(60_000))
	if row.clientType == "Browser" {
		row.version = pick(r, []string{"-", ""})
	}
	row.ipAddress = fmt.Sprintf("%s.%d", pick(r, []string{"192.0.2", "198.51.100", "203.0.113"}), 1+r.IntN(254))
	if r.IntN(5) == 0 {
		row.ipAddress = fmt.Sprintf("2001:db8:%x::%x", r.IntN(1<<16), 1+r.IntN(1<<16-1))
	}
	return row
}

// listSignIns is GET /report/activities: both days inclusive, at most a month,
// within six months. Without to it is until today, and without from the thirty
// days up to it; Zoom's page says only that both may be absent.
func (s *Simulator) listSignIns(c *call) *answer {
	if s.options.Plan == "free" {
		return errPaidOnly(s.account.id)
	}
	p := parameters{query: c.query}
	to := s.options.Today
	if p.text("to") != "" {
		to = p.day("to")
	}
	from := to.AddDate(0, 0, -29)
	if p.text("from") != "" {
		from = p.day("from")
	}
	size := p.number("page_size", 30, 300) // no maximum is published; this is that of the other reports
	if refusal := s.window(&p, from, to, true); refusal != nil {
		return refusal
	}
	start, refusal := s.pageStart(c)
	if refusal != nil {
		return refusal
	}
	found := cut(s.pages, c, between(s.shownSignIns(), from, to), start, size, true)
	return ok(struct {
		Logs          []signIn `json:"activity_logs"`
		From          string   `json:"from"`
		NextPageToken string   `json:"next_page_token"`
		PageSize      int      `json:"page_size"`
		To            string   `json:"to"`
	}{found.rows, from.Format(dayLayout), found.next, size, to.Format(dayLayout)})
}

// shownSignIns are the rows that the app owner's role shows.
func (s *Simulator) shownSignIns() []signIn {
	if s.options.NoAdminLogs {
		return nil
	}
	return s.signIns.all()
}
