package zoomsim

import (
	"fmt"
	"strings"
)

var userStatuses = []string{"active", "inactive", "pending"}

// userRecord is a user as GET /users sends it (Zoom API Hub, Users, read
// 2026-11). Zoom leaves out what it does not know.
type userRecord struct {
	ID                string            `json:"id,omitempty"`
	FirstName         string            `json:"first_name,omitempty"`
	LastName          string            `json:"last_name,omitempty"`
	DisplayName       string            `json:"display_name,omitempty"`
	Email             string            `json:"email"`
	Type              int               `json:"type"`
	PMI               int64             `json:"pmi,omitempty"`
	Timezone          string            `json:"timezone,omitempty"`
	Verified          int               `json:"verified"`
	Dept              string            `json:"dept,omitempty"`
	CreatedAt         string            `json:"created_at"`
	UserCreatedAt     string            `json:"user_created_at,omitempty"`
	LastLoginTime     string            `json:"last_login_time,omitempty"`
	LastClientVersion string            `json:"last_client_version,omitempty"`
	EmployeeUniqueID  string            `json:"employee_unique_id,omitempty"`
	GroupIDs          []string          `json:"group_ids,omitempty"`
	RoleID            string            `json:"role_id"`
	Status            string            `json:"status"`
	HostKey           string            `json:"host_key,omitempty"`
	CustomAttributes  []customAttribute `json:"custom_attributes,omitempty"`
}

type customAttribute struct {
	Key   string `json:"key"`
	Name  string `json:"name"`
	Value string `json:"value"`
}

// userRow is a user's record; include is a value of include_fields or "".
func userRow(u *user, include string) userRecord {
	row := userRecord{
		ID:                u.id,
		FirstName:         u.firstName,
		LastName:          u.lastNameNow(),
		DisplayName:       strings.TrimSpace(u.firstName + " " + u.lastNameNow()),
		Email:             u.email,
		Type:              u.kind,
		PMI:               u.pmi,
		Timezone:          u.timezone,
		Verified:          u.verified,
		Dept:              u.dept,
		CreatedAt:         u.createdAt,
		UserCreatedAt:     u.createdAt,
		LastLoginTime:     u.lastLoginTime,
		LastClientVersion: u.lastClientVersion,
		EmployeeUniqueID:  u.employeeID,
		GroupIDs:          u.groupIDs,
		RoleID:            u.roleID,
		Status:            u.status,
	}
	switch {
	case include == "host_key":
		row.HostKey = u.hostKey
	case include == "custom_attributes" && u.costCenter != "":
		row.CustomAttributes = []customAttribute{{Key: "cc", Name: "Cost centre", Value: u.costCenter}}
	}
	return row
}

// listUsers is GET /users, with both ways of paging.
func (s *Simulator) listUsers(c *call) *answer {
	p := parameters{query: c.query}
	status := p.choice("status", "active", userStatuses...)
	size := p.number("page_size", 30, 2000)
	include := p.choice("include_fields", "", "custom_attributes", "host_key")
	license := p.choice("license", "", "zoom_workforce_management", "zoom_compliance_management")
	at, refusal := s.numberedPage(c, &p, size)
	if refusal != nil {
		return refusal
	}

	users := s.usersOf(status, p.text("role_id"))
	if license != "" {
		users = nil // nobody here holds one of these add-ons
	}
	found := cut(s.pages, c, users, at.start, size, at.byToken)
	rows := make([]userRecord, len(found.rows))
	for i, u := range found.rows {
		rows[i] = userRow(u, include)
	}
	return ok(struct {
		numberedList
		Users []userRecord `json:"users"`
	}{at.list(len(users), size, found.next), rows})
}

// usersOf returns the users of a status and, unless roleID is "", of a role.
func (s *Simulator) usersOf(status, roleID string) []*user {
	var users []*user
	for _, u := range s.account.users {
		if u.status == status && (roleID == "" || roleID == u.roleID) {
			users = append(users, u)
		}
	}
	return users
}

// userProfile is what GET /users/{userId} adds to the record.
type userProfile struct {
	userRecord
	RoleName        string        `json:"role_name"`
	UsePMI          bool          `json:"use_pmi"`
	AccountID       string        `json:"account_id"`
	AccountNumber   int64         `json:"account_number"`
	Company         string        `json:"company"`
	CMSUserID       string        `json:"cms_user_id"`
	JID             string        `json:"jid,omitempty"`
	JobTitle        string        `json:"job_title"`
	CostCenter      string        `json:"cost_center"`
	Location        string        `json:"location"`
	Language        string        `json:"language"`
	LoginTypes      []int         `json:"login_types"`
	PersonalMeeting string        `json:"personal_meeting_url,omitempty"`
	PhoneNumbers    []phoneNumber `json:"phone_numbers,omitempty"`
	PhoneNumber     string        `json:"phone_number,omitempty"`
	Cluster         string        `json:"cluster"`
}

type phoneNumber struct {
	Country  string `json:"country"`
	Code     string `json:"code"`
	Number   string `json:"number"`
	Label    string `json:"label"`
	Verified bool   `json:"verified"`
}

// getUser is GET /users/{userId}, by id, by e-mail address, by employee_unique_id
// if search_by_unique_id says so, or "me" for the owner of the app, for whom the
// token acts.
func (s *Simulator) getUser(c *call) *answer {
	userID := c.args[0]
	u := s.findUser(userID, strings.EqualFold(c.query.Get("search_by_unique_id"), "true")) // Python writes True
	switch {
	case u == nil || s.account.gone[u]:
		return errNoUser(userID)
	case u.lapsed:
		return errInvitationLapsed()
	}
	profile := userProfile{
		userRecord:    userRow(u, "custom_attributes"),
		RoleName:      u.roleName,
		AccountID:     s.account.id,
		AccountNumber: s.account.number,
		Company:       s.account.name,
		JobTitle:      u.jobTitle,
		CostCenter:    u.costCenter,
		Location:      u.location,
		Language:      "en-US",
		LoginTypes:    []int{100},
		Cluster:       "us02",
	}
	if u.status != "pending" {
		profile.JID = strings.ToLower(u.id) + "@xmpp.zoom.us"
		profile.PersonalMeeting = fmt.Sprintf("https://us02web.zoom.us/j/%d", u.pmi)
		profile.PhoneNumber = u.phoneNumber
		country, number, _ := strings.Cut(u.phoneNumber, " ")
		profile.PhoneNumbers = []phoneNumber{{Country: "US", Code: country, Number: number, Label: "Office", Verified: true}}
	}
	return ok(profile)
}

func (s *Simulator) findUser(userID string, byUniqueID bool) *user {
	if userID == "me" {
		return s.account.users[0]
	}
	for _, u := range s.account.users {
		switch {
		case byUniqueID && u.employeeID == userID,
			!byUniqueID && (u.id == userID || strings.EqualFold(u.email, userID)):
			return u
		}
	}
	return nil
}
