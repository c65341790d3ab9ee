package zoomsim

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// An account is the made-up company.
type account struct {
	id     string
	number int64
	name   string
	domain string
	users  []*user // the owner first
	groups []*group
	gone   map[*user]bool  // listed, and not there any more
	barred map[string]bool // by id: those who may not schedule
}

// A user is one row of GET /users and the source of a profile. Times are as
// Zoom writes them. Empty fields are left out of answers, as Zoom does.
type user struct {
	id                string // empty while pending
	firstName         string
	lastName          string
	email             string
	kind              int // 1 basic, 2 licensed
	status            string
	lapsed            bool // the invitation of a pending user
	pmi               int64
	timezone          string
	verified          int
	dept              string
	createdAt         string
	lastLoginTime     string
	lastClientVersion string
	employeeID        string
	groupIDs          []string
	hostKey           string
	roleID            string
	roleName          string
	costCenter        string
	jobTitle          string
	location          string
	phoneNumber       string

	studio      bool   // the busiest host: of a third of all meetings, and each is recorded
	newLastName string // since an edit; reports have the name of their day
	edited      bool
}

// displayName is the user's in reports.
func (u *user) displayName() string {
	return strings.TrimSpace(u.firstName + " " + u.lastName)
}

// lastNameNow is the user's in lists.
func (u *user) lastNameNow() string { return cmp.Or(u.newLastName, u.lastName) }

// Names that break careless programs: quotes, commas, a leading "=" (a formula
// to a spreadsheet), tabs, emoji, combining marks, right-to-left text.
var awkwardNames = [][2]string{
	{"Zoë", "O'Malley"},
	{"伟", "王"},
	{`Robert "Bobby"`, "Tables"},
	{"Ana, María", "Núñez"},
	{"=SUM(1,1)", "Formula"},
	{"🎭", "Stagehand"},
	{"Tab\tbed", "Person"},
	{"محمد", "الأحمد"},
	{"Jose\u0301", "Combining"},
	{"Back\\slash", "<b>Bold</b>"},
	{"👩‍👩‍👧", "Family"},
	{"Mo", ""},
}

var (
	firstNames  = strings.Fields("Ada Bela Carla Dmitri Elena Farid Greta Hugo Ines Jonas Kofi Lena Mei Nadia Omar Priya Quinn Rosa Sven Tara")
	lastNames   = strings.Fields("Abbott Bauer Castillo Dubois Eriksen Fischer Garcia Haddad Ivanova Jensen Kowalski Lindqvist Moreau Novak Okafor Petrov Rossi Schmidt Tanaka Weber")
	companies   = strings.Fields("harbour lantern orchard quarry saddle timber velvet willow")
	departments = []string{"Stage", "Lighting", "Sound & Video", "Front of House", "Wardrobe, Wigs", "Ingénierie"}
	timezones   = []string{"Europe/Berlin", "America/New_York", "Asia/Tokyo", "UTC", "America/Sao_Paulo"}
	jobTitles   = []string{"Technician", "Producer", "Director", "Engineer"}
)

// roles are the account's. Zoom fixes the ids 0 (owner), 1 (admin) and 2
// (member); own roles have long ids.
var roles = []struct{ id, name string }{
	{"0", "Owner"},
	{"1", "Admin"},
	{"2", "Member"},
	{"Rq8xVDeZQzKyCJjnzmF1Lw", "Stage Manager"},
}

// newAccount makes up the company. About one user in ten is inactive and one in
// twelve pending (one of those with a lapsed invitation), once there are enough
// users for that; the first is the owner of the app.
func newAccount(o Options) *account {
	r := randomFor(o.Seed, "account", 0)
	a := &account{
		id:     cmp.Or(o.AccountID, randomID(r)),
		number: 10_000_000 + r.Int64N(90_000_000),
		domain: fmt.Sprintf("%s-%s.example", pick(r, companies), pick(r, lastNames)),
	}
	a.domain = strings.ToLower(a.domain)
	a.name = strings.TrimSuffix(a.domain, ".example")
	inactive, pending := 0, 0
	if o.Users >= 6 {
		inactive, pending = max(1, o.Users/10), max(2, o.Users/12)
	}
	a.groups = newGroups(o, []string{randomID(r), randomID(r), randomID(r)})
	awkward := r.Perm(len(awkwardNames))
	for i := range o.Users {
		u := newUser(o, a, i)
		if i%3 == 1 {
			name := awkwardNames[awkward[i/3%len(awkward)]]
			u.firstName, u.lastName = name[0], name[1]
		}
		switch {
		case i >= o.Users-pending:
			a.users = append(a.users, u.asPending(i == o.Users-pending))
		case i >= o.Users-pending-inactive:
			u.status = "inactive"
			a.users = append(a.users, u)
		default:
			a.users = append(a.users, u)
		}
	}
	if i := slices.IndexFunc(a.users, func(u *user) bool { return u.status == "active" && u.kind == 2 }); i >= 0 {
		a.users[i].studio = true
	}
	return a
}

// joined are the users who have been here: all but the pending ones.
func (a *account) joined() []*user {
	var joined []*user
	for _, u := range a.users {
		if u.status != "pending" {
			joined = append(joined, u)
		}
	}
	return joined
}

// newUser makes up the active user number i.
func newUser(o Options, a *account, i int) *user {
	r := randomFor(o.Seed, "user", i)
	u := &user{
		id:                randomID(r),
		firstName:         pick(r, firstNames),
		lastName:          pick(r, lastNames),
		kind:              1,
		status:            "active",
		pmi:               1_000_000_000 + r.Int64N(9_000_000_000),
		timezone:          pick(r, timezones),
		verified:          1,
		createdAt:         stamp(o.Today.Add(-time.Duration(100*24+r.IntN(1000*24)) * time.Hour)),
		hostKey:           fmt.Sprintf("%06d", r.IntN(1_000_000)),
		lastClientVersion: fmt.Sprintf("6.%d.%d.%d(win)", r.IntN(9), r.IntN(12), 1000+r.IntN(60_000)),
		roleID:            "2",
		jobTitle:          pick(r, jobTitles),
		phoneNumber:       fmt.Sprintf("+1 555%07d", r.IntN(10_000_000)),
	}
	u.email = emailAddress(r, u, i, a.domain)
	if o.Plan != "free" && r.IntN(3) > 0 {
		u.kind = 2
	}
	// Optional fields: any of them may be missing.
	if r.IntN(4) > 0 {
		u.dept = pick(r, departments)
	}
	if r.IntN(5) > 0 {
		u.lastLoginTime = stamp(o.Today.Add(-time.Duration(r.IntN(60*24)) * time.Hour))
	}
	if r.IntN(3) > 0 {
		u.employeeID = fmt.Sprintf("E%012d", r.Int64N(1_000_000_000_000))
	}
	u.groupIDs = memberships(o, a.groups, i)
	if r.IntN(2) > 0 {
		u.costCenter, u.location = fmt.Sprintf("CC-%d", r.IntN(100)), "Hall "+string(rune('A'+r.IntN(6)))
	}
	switch {
	case i == 0:
		u.roleID = "0"
	case r.IntN(6) == 0:
		u.roleID = pick(r, []string{"1", roles[3].id})
	}
	for _, role := range roles {
		if role.id == u.roleID {
			u.roleName = role.name
		}
	}
	return u
}

// asPending returns what the account knows of somebody who was invited: Zoom
// lists neither an id nor anything a login would have brought.
func (u *user) asPending(lapsed bool) *user {
	return &user{
		email:     u.email,
		kind:      u.kind,
		status:    "pending",
		lapsed:    lapsed,
		timezone:  u.timezone,
		dept:      u.dept,
		createdAt: u.createdAt,
		groupIDs:  u.groupIDs,
		roleID:    u.roleID,
		roleName:  u.roleName,
	}
}

// emailAddress is unique by the user's number; some addresses need encoding in a
// path ("+") or hold capitals.
func emailAddress(r *rand.Rand, u *user, i int, domain string) string {
	local := strings.ToLower(u.firstName + "." + u.lastName)
	switch r.IntN(6) {
	case 0:
		local += "+zoom"
	case 1:
		local = u.firstName + "." + u.lastName
	}
	return fmt.Sprintf("%s%d@%s", local, i, domain)
}
