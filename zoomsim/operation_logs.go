package zoomsim

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// operationCategories are the values of category_type beside all (Zoom API Hub,
// Meetings, reportOperationLogs, read 2026-11).
var operationCategories = []string{
	"user", "user_settings", "account", "billing", "im", "recording", "phone_contacts", "webinar", "sub_account", "role", "zoom_rooms",
}

// An operationLog is one row of GET /report/operationlogs: an admin changed
// something.
type operationLog struct {
	at       int64 // Unix milliseconds, of a whole second
	operator string
	category string
	action   string
	detail   string
	edited   bool
}

func (l operationLog) when() int64 { return l.at }

// MarshalJSON writes the row as Zoom does (same source).
func (l operationLog) MarshalJSON() ([]byte, error) {
	return encode(struct {
		Action   string `json:"action"`
		Category string `json:"category_type"`
		Detail   string `json:"operation_detail"`
		Operator string `json:"operator"`
		Time     string `json:"time"`
	}{l.action, l.category, l.detail, l.operator, stamp(time.UnixMilli(l.at))}), nil
}

// newOperationLogs makes up as many changes as meetings were held, from since to
// until, newest first.
func newOperationLogs(o Options, listed, joined []*user, since, until time.Time) []operationLog {
	var admins []*user
	for _, u := range joined {
		if u.roleID != "2" {
			admins = append(admins, u)
		}
	}
	edges := edgesOf(since, until)
	rows := make([]operationLog, o.Meetings)
	for i := range rows {
		r := randomFor(o.Seed, "operation", i)
		at := within(r, since, until.Add(day)).Truncate(time.Second)
		if i < len(edges) {
			at = edges[i].start
			if at.IsZero() {
				at = edges[i].end.Truncate(time.Second)
			}
		}
		rows[i] = operationLog{
			at: at.UnixMilli(), operator: pick(r, admins).email, category: operationCategories[i%len(operationCategories)],
			action: pick(r, []string{"Add", "Update", "Delete", "Batch Update"}),
		}
		rows[i].detail = changeOf(r, rows[i], pick(r, listed), i)
	}
	slices.SortStableFunc(rows, func(a, b operationLog) int { return cmp.Compare(b.at, a.at) })
	return withDuplicates(rows, randomFor(o.Seed, "operation duplicates", 0))
}

// changeOf describes a change, as a person reads it on Zoom's pages.
func changeOf(r *rand.Rand, l operationLog, u *user, i int) string {
	switch {
	case i%7 == 3:
		return "Update Announcement: " + chatLines[i/7%len(chatLines)]
	case l.category == "user" || l.category == "role":
		return fmt.Sprintf("%s User %s (%s): Role from Member to Admin", l.action, u.email, u.displayName())
	default:
		return fmt.Sprintf("%s %s - Waiting Room: from %s to %s", l.action, u.email, pick(r, []string{"On", "Off"}), pick(r, []string{"On", "Off"}))
	}
}

// listOperationLogs is GET /report/operationlogs: from and to are days or
// minutes, "2026-01-31 18:05", both inclusive, at most a month apart. No limit of
// how far back is published.
func (s *Simulator) listOperationLogs(c *call) *answer {
	if s.options.Plan == "free" {
		return errPaidOnly(s.account.id)
	}
	p := parameters{query: c.query}
	from, _ := p.minute("from")
	to, end := p.minute("to")
	size := p.number("page_size", 30, 300)
	category := p.choice("category_type", "all", append([]string{"all"}, operationCategories...)...)
	if refusal := s.window(&p, from, to, false); refusal != nil {
		return refusal
	}
	start, refusal := s.pageStart(c)
	if refusal != nil {
		return refusal
	}
	rows := instants(s.shownOperationLogs(), from, end)
	if category != "all" {
		rows = slices.DeleteFunc(slices.Clone(rows), func(l operationLog) bool { return l.category != category })
	}
	found := cut(s.pages, c, rows, start, size, true)
	return ok(struct {
		NextPageToken string         `json:"next_page_token"`
		Logs          []operationLog `json:"operation_logs"`
		PageSize      int            `json:"page_size"`
	}{found.next, found.rows, size})
}

// shownOperationLogs are the rows that the app owner's role shows.
func (s *Simulator) shownOperationLogs() []operationLog {
	if s.options.NoAdminLogs {
		return nil
	}
	return s.operationLogs.all()
}
