package zoomsim

import "strings"

// locks are the users with a request under way that others must wait for: from
// when the simulator has counted it until it has answered. So it takes a Latency
// or a slow fault to meet one. (Zoom's own skill files for developers,
// github.com/anthropics/knowledge-work-plugins, partner-built/zoom-plugin, August
// 2026: one DELETE of a user at a time; adding a user keeps other requests for it
// waiting.)
type locks struct {
	deleting map[string]bool // by user
	creating map[string]bool
}

func newLocks() locks { return locks{map[string]bool{}, map[string]bool{}} }

// lock refuses a request that must wait for another one, and notes what others
// must wait for.
func (s *Simulator) lock(c *call) *answer {
	if s.options.Limits == "off" {
		return nil
	}
	held := &s.state.locks
	switch name := c.operation.name(); {
	case name == "POST /users":
		if key := s.userKey(c.body.UserInfo.Email); key != "" {
			c.hold(held.creating, key)
		}
	case strings.HasPrefix(c.operation.path+"/", "/users/{userId}/"):
		key := s.userKey(c.args[0])
		switch {
		case held.creating[key]:
			return s.refuseLocked("create")
		case name != "DELETE /users/{userId}":
		case held.deleting[key]:
			return s.refuseLocked("disassociate")
		default:
			c.hold(held.deleting, key)
		}
	}
	return nil
}

// refuseLocked counts with the limits per second: it is over in a moment.
func (s *Simulator) refuseLocked(what string) *answer {
	s.state.tally.rateLimited.Second++
	return errLocked(what)
}

func (c *call) hold(held map[string]bool, key string) {
	if held[key] {
		return // an earlier request holds it and lets it go
	}
	held[key] = true
	c.release = func() { delete(held, key) }
}

// unlock ends what lock noted.
func (s *Simulator) unlock(c *call) {
	if c.release == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c.release()
}
