package zoomsim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// addListEditors lets edits at the company's lists. What has an id of its own
// keeps it. Reports stay as they were: they tell of people as they were then.
func (s *Simulator) addListEditors() {
	s.editors["users"] = editor{change: s.changeUser, late: s.addUser, remove: s.removeUser}
	s.editors["groups"] = editor{change: s.renameGroup, late: s.addGroup, remove: s.removeGroup}
	s.editors["group_members"] = editor{change: s.renameMember, late: s.joinGroup, remove: s.leaveGroup}
	s.editors["meetings"] = editor{change: s.changeScheduled, late: s.addScheduled, remove: s.removeScheduled}
	s.editors["meeting_registrants"] = editor{change: s.changeRegistrant, late: s.addRegistrant, remove: s.removeRegistrant}
	s.editors["recordings"] = editor{change: s.changeRecording, late: s.addRecording, remove: s.trashRecording}
}

// one returns the place of a row that may be taken, or -1.
func one[T any](r *rand.Rand, rows []T, take func(T) bool) int {
	var found []int
	for i, row := range rows {
		if take(row) {
			found = append(found, i)
		}
	}
	if len(found) == 0 {
		return -1
	}
	return pick(r, found)
}

// fresh is one of the rows that were not edited yet or, if there is none of them
// and again allows it, of those that were.
func fresh[T any](r *rand.Rand, rows []T, again bool, edited, take func(T) bool) int {
	i := one(r, rows, func(row T) bool { return !edited(row) && take(row) })
	if i < 0 && again {
		i = one(r, rows, take)
	}
	return i
}

// without returns rows less one, added returns them with one more at any place
// after the first. The rows given are not changed: somebody may be reading them.
func without[T any](rows []T, i int) []T { return slices.Delete(slices.Clone(rows), i, i+1) }

func added[T any](r *rand.Rand, rows []T, row T) []T {
	return slices.Insert(slices.Clone(rows), min(len(rows), 1+r.IntN(len(rows)+1)), row)
}

// oneUser returns a user who is there and may be taken.
func (s *Simulator) oneUser(r *rand.Rand, again bool, take func(*user) bool) *user {
	i := fresh(r, s.account.users, again, func(u *user) bool { return u.edited },
		func(u *user) bool { return !s.account.gone[u] && take(u) })
	if i < 0 {
		return nil
	}
	s.account.users[i].edited = true
	return s.account.users[i]
}

func (s *Simulator) changeUser(r *rand.Rand) bool {
	u := s.oneUser(r, true, func(*user) bool { return true })
	if u == nil {
		return false
	}
	u.dept = fmt.Sprintf("%s (move %d)", pick(r, departments), s.edits[Change+" users"])
	if u.status != "pending" {
		u.lastClientVersion = fmt.Sprintf("7.0.%d.%d(mac)", r.IntN(12), 1000+r.IntN(60_000))
	}
	return true
}

// addUser adds somebody without a licence, who has not hosted anything.
func (s *Simulator) addUser(r *rand.Rand) bool {
	i := s.options.Users + s.edits[Late+" users"]
	u := newUser(s.options, s.account, i)
	u.kind, u.edited = 1, true
	u.createdAt, u.lastLoginTime = s.lately(r), ""
	s.account.users = added(r, s.account.users, u)
	return true
}

// removeUser takes away somebody who has never hosted anything and is to host
// nothing, so that nothing hangs on him but his memberships.
func (s *Simulator) removeUser(r *rand.Rand) bool {
	hosts := map[string]bool{"": false}
	for _, m := range slices.Concat(s.meetings, s.webinars) {
		hosts[m.host.id] = true
	}
	for _, m := range s.scheduled {
		hosts[m.host.id] = true
	}
	owner := s.account.users[0]
	u := s.oneUser(r, false, func(u *user) bool { return u != owner && !u.lapsed && !hosts[u.id] && !s.account.barred[u.id] })
	if u == nil {
		return false
	}
	s.account.users = without(s.account.users, slices.Index(s.account.users, u))
	return true
}

func (s *Simulator) oneGroup(r *rand.Rand, again bool, take func(*group) bool) *group {
	i := fresh(r, s.account.groups, again, func(g *group) bool { return g.edited }, take)
	if i < 0 {
		return nil
	}
	return s.account.groups[i]
}

func (s *Simulator) renameGroup(r *rand.Rand) bool {
	g := s.oneGroup(r, true, func(*group) bool { return true })
	if g == nil {
		return false
	}
	g.name, g.edited = g.name+" (renamed)", true
	return true
}

// addGroup adds a group with up to five members.
func (s *Simulator) addGroup(r *rand.Rand) bool {
	if s.options.Plan == "free" || len(s.account.groups) >= maxGroups {
		return false
	}
	g := &group{id: randomID(r), name: fmt.Sprintf("New production %d", s.edits[Late+" groups"]), edited: true}
	s.account.groups = added(r, s.account.groups, g)
	for range 1 + r.IntN(5) {
		if u := pick(r, s.account.users); !slices.Contains(u.groupIDs, g.id) {
			u.groupIDs = append(slices.Clone(u.groupIDs), g.id)
		}
	}
	return true
}

// removeGroup takes a group away, and all its memberships; the first, which is
// nearly everybody, stays.
func (s *Simulator) removeGroup(r *rand.Rand) bool {
	g := s.oneGroup(r, false, func(g *group) bool { return g != s.account.groups[0] })
	if g == nil {
		return false
	}
	s.account.groups = without(s.account.groups, slices.Index(s.account.groups, g))
	for _, u := range s.account.users {
		u.removeFrom(g.id)
	}
	return true
}

func (u *user) removeFrom(groupID string) {
	u.groupIDs = slices.DeleteFunc(slices.Clone(u.groupIDs), func(id string) bool { return id == groupID })
}

// renameMember gives a member another last name, in all his groups and among the
// users.
func (s *Simulator) renameMember(r *rand.Rand) bool {
	u := s.oneUser(r, true, func(u *user) bool { return len(u.groupIDs) > 0 && u.status != "pending" })
	if u == nil {
		return false
	}
	u.newLastName = strings.TrimSpace(u.lastNameNow() + "-" + pick(r, lastNames))
	return true
}

// joinGroup makes a user a member of one more group.
func (s *Simulator) joinGroup(r *rand.Rand) bool {
	u := s.oneUser(r, true, func(*user) bool { return true })
	if u == nil {
		return false
	}
	g := s.oneGroup(r, true, func(g *group) bool { return !slices.Contains(u.groupIDs, g.id) })
	if g == nil {
		return false
	}
	u.groupIDs = append(slices.Clone(u.groupIDs), g.id)
	return true
}

func (s *Simulator) leaveGroup(r *rand.Rand) bool {
	u := s.oneUser(r, false, func(u *user) bool { return len(u.groupIDs) > 0 })
	if u == nil {
		return false
	}
	u.removeFrom(pick(r, u.groupIDs))
	return true
}

// lately is a moment of the last day, as Zoom writes it.
func (s *Simulator) lately(r *rand.Rand) string { return stamp(time.UnixMilli(s.lateSecond(r))) }

// stillThere returns somebody who has been here before and was not deleted since.
func (s *Simulator) stillThere(r *rand.Rand) *user {
	i := one(r, s.joined, func(u *user) bool { return !s.account.gone[u] && slices.Contains(s.account.users, u) })
	return s.joined[i] // the owner always is
}
