package zoomsim

import (
	"fmt"
	"slices"
)

// A group is one row of GET /groups. Who is in it stands with the users.
type group struct {
	id, name string
	edited   bool
}

// maxGroups is how many an account may have (Zoom API Hub, Users, read 2026-11).
const maxGroups = 5000

// oddGroupNames break careless writers, as people's names do; "select" and "group"
// are words of SQL.
var oddGroupNames = []string{
	"Everybody", "select", `The "Green Room"`, "=GROUP(1)", "Lights, sound; wigs", "🎭 Troupe", "فريق", "group", "<b>Front</b>",
}

// newGroups makes up one group for each two users, and three at least, with the
// ids given first. Free accounts have none.
func newGroups(o Options, ids []string) []*group {
	if o.Plan == "free" {
		return nil
	}
	groups := make([]*group, min(max(len(ids), o.Users/2), maxGroups))
	for i := range groups {
		r := randomFor(o.Seed, "group", i)
		g := &group{id: randomID(r)}
		if i < len(ids) {
			g.id = ids[i]
		}
		if i < len(oddGroupNames) {
			g.name = oddGroupNames[i]
		} else {
			g.name = fmt.Sprintf("%s %d", pick(r, departments), i+1)
		}
		groups[i] = g
	}
	return groups
}

// memberships are the groups of the user number i: none for one in twelve, for the
// others the first, which is nearly everybody, and up to three more. The last
// group of many stays empty.
func memberships(o Options, groups []*group, i int) []string {
	if len(groups) == 0 || i%12 == 5 {
		return nil
	}
	r := randomFor(o.Seed, "membership", i)
	ids := []string{groups[0].id}
	choices := len(groups) - 1
	if len(groups) > 3 {
		choices--
	}
	for range r.IntN(4) {
		if choices == 0 {
			break // all others were taken away
		}
		if id := groups[1+r.IntN(choices)].id; !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// groupRecord is a group as GET /groups sends it (Zoom API Hub, Users, read
// 2026-11).
type groupRecord struct {
	ID           string `json:"id"`
	Name         string `json:"name"`
	TotalMembers int    `json:"total_members"`
}

func (a *account) groupRecords() []groupRecord {
	sizes := map[string]int{}
	for _, u := range a.users {
		for _, id := range u.groupIDs {
			sizes[id]++
		}
	}
	rows := make([]groupRecord, len(a.groups))
	for i, g := range a.groups {
		rows[i] = groupRecord{g.id, g.name, sizes[g.id]}
	}
	return rows
}

// memberRecord is a row of GET /groups/{groupId}/members (as above). Who was
// invited and has not come yet has no id.
type memberRecord struct {
	ID        string `json:"id,omitempty"`
	Email     string `json:"email"`
	FirstName string `json:"first_name,omitempty"`
	LastName  string `json:"last_name,omitempty"`
	Type      int    `json:"type"`
}

func (a *account) memberRecords(groupID string) []memberRecord {
	var rows []memberRecord
	for _, u := range a.users {
		if slices.Contains(u.groupIDs, groupID) {
			rows = append(rows, memberRecord{u.id, u.email, u.firstName, u.lastNameNow(), u.kind})
		}
	}
	return rows
}

func (a *account) findGroup(id string) *group {
	for _, g := range a.groups {
		if g.id == id {
			return g
		}
	}
	return nil
}

// listGroups is GET /groups. Its default page_size is not published; here it is
// that of the other lists.
func (s *Simulator) listGroups(c *call) *answer {
	if s.options.Plan == "free" {
		return errPaidOnly(s.account.id)
	}
	p := parameters{query: c.query}
	size := p.number("page_size", 30, 300)
	if problem := p.problem(); problem != nil {
		return problem
	}
	start, refusal := s.pageStart(c)
	if refusal != nil {
		return refusal
	}
	rows := s.account.groupRecords()
	found := cut(s.pages, c, rows, start, size, true)
	return ok(struct {
		Groups        []groupRecord `json:"groups"`
		NextPageToken string        `json:"next_page_token"`
		TotalRecords  int           `json:"total_records"`
	}{found.rows, found.next, len(rows)})
}

// listGroupMembers is GET /groups/{groupId}/members, with both ways of paging.
func (s *Simulator) listGroupMembers(c *call) *answer {
	if s.options.Plan == "free" {
		return errPaidOnly(s.account.id)
	}
	p := parameters{query: c.query}
	size := p.number("page_size", 30, 2000)
	at, refusal := s.numberedPage(c, &p, size)
	if refusal != nil {
		return refusal
	}
	if s.account.findGroup(c.args[0]) == nil {
		return errNoGroup(c.args[0])
	}
	rows := s.account.memberRecords(c.args[0])
	found := cut(s.pages, c, rows, at.start, size, at.byToken)
	return ok(struct {
		numberedList
		Members []memberRecord `json:"members"`
	}{at.list(len(rows), size, found.next), found.rows})
}
