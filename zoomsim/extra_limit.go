package zoomsim

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// An extraLimit is a daily limit of some operations on top of their label's. It
// is counted for somebody: a host, a registrant or the account. Its day ends at
// 00:00 UTC. The simulator counts these requests although it does not simulate
// what they do; only those with the scope come this far.
type extraLimit struct {
	count   string         // operations with the same name are counted together
	perDay  map[string]int // by plan
	whom    func(s *Simulator, c *call) []subject
	refusal func(perDay int, whom subject, again time.Time) *answer
}

// A subject is whom a request is counted for.
type subject struct{ id, shown string }

var extraLimits = func() map[string]extraLimit {
	all := map[string]extraLimit{
		// How many users and groups an account may add (Zoom API Hub, Users,
		// March 2026). 5,000 groups in all is no rate and not simulated.
		"POST /users":  {"users", map[string]int{"free": 50, "pro": 1_500, "business": 10_000}, creation, accountRefusal},
		"POST /groups": {"groups", samePerDay(100), wholeAccount, accountRefusal},
	}
	for _, kind := range []string{"meeting", "webinar"} {
		plural := kind + "s"
		one := "/" + plural + "/{" + kind + "Id}"
		// A host's meetings and webinars count together, whatever their ids. DELETE
		// does not count: its header was seen to count down from the label's limit
		// (devforum.zoom.us threads 18928 and 59670, read 2026-11).
		host := extraLimit{count: "host", perDay: samePerDay(100), refusal: func(perDay int, _ subject, _ time.Time) *answer {
			return errHostLimit(kind, perDay)
		}}
		host.whom = hostNamed
		all["POST /users/{userId}/"+plural] = host
		host.whom = hostOfMeeting
		all["PATCH "+one] = host
		// A registrant counts across meetings, and across webinars: the limit was
		// met with different webinars (devforum.zoom.us thread 141856).
		all["POST "+one+"/registrants"] = extraLimit{kind + " registrant", samePerDay(3), oneRegistrant, func(perDay int, whom subject, _ time.Time) *answer {
			return errRegistrantLimit("Add a "+kind+" registrant", perDay, whom.shown)
		}}
		all["PUT "+one+"/registrants/status"] = extraLimit{kind + " registrant status", samePerDay(10), allRegistrants, func(perDay int, whom subject, _ time.Time) *answer {
			return errRegistrantLimit(kind+" Update registrant's status", perDay, whom.shown)
		}}
	}
	return all
}()

func samePerDay(n int) map[string]int { return map[string]int{"free": n, "pro": n, "business": n} }

// accountRefusal has the text of the labels' daily limits; which text Zoom has
// for these two is not known.
func accountRefusal(perDay int, _ subject, again time.Time) *answer { return errDaily(perDay, again) }

// extraCounts is what was used of extra limits on a day.
type extraCounts struct {
	day  time.Time
	used map[[2]string]int // by count and subject
}

// takeExtra counts a request on its extra limit, or returns the refusal. A
// refused request uses nothing of it, though it used its label's.
func (s *Simulator) takeExtra(c *call) *answer {
	limit, found := extraLimits[c.operation.name()]
	if !found || s.options.Limits == "off" {
		return nil
	}
	perDay, counts := limit.perDay[s.options.Plan], &s.state.extra
	if today := startOfDay(c.now); !today.Equal(counts.day) {
		counts.day, counts.used = today, map[[2]string]int{}
	}
	whom := limit.whom(s, c)
	for _, who := range whom {
		if counts.used[[2]string{limit.count, who.id}] >= perDay {
			s.state.tally.rateLimited.Daily++
			return limit.refusal(perDay, who, counts.day.Add(day))
		}
	}
	for _, who := range whom {
		key := [2]string{limit.count, who.id}
		counts.used[key]++
		c.daily = &dailyLeft{perDay, perDay - counts.used[key]}
	}
	return nil
}

// writeBody is what limits read of the body of a write.
type writeBody struct {
	Action   string `json:"action"`
	UserInfo struct {
		Email string `json:"email"`
	} `json:"user_info"`
	registrant
	Registrants []registrant `json:"registrants"`
}

type registrant struct {
	ID    string `json:"id"`
	Email string `json:"email"`
}

// readBody reads the body of a request that has limits of its own. One that
// cannot be read counts for nobody: Zoom refuses it as malformed.
func (c *call) readBody(w http.ResponseWriter, r *http.Request) {
	if c.operation == nil || extraLimits[c.operation.name()].whom == nil {
		return
	}
	var body writeBody
	if json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&body) == nil {
		c.body = body
	}
}

func wholeAccount(*Simulator, *call) []subject { return []subject{{}} }

// creation is a user added by invitation; other actions do not count.
func creation(_ *Simulator, c *call) []subject {
	if c.body.Action == "create" {
		return []subject{{}}
	}
	return nil
}

func oneRegistrant(_ *Simulator, c *call) []subject { return c.body.registrant.subjects() }

func allRegistrants(_ *Simulator, c *call) []subject {
	var all []subject
	for _, r := range c.body.Registrants {
		for _, who := range r.subjects() {
			if !slices.ContainsFunc(all, func(known subject) bool { return known.id == who.id }) {
				all = append(all, who)
			}
		}
	}
	return all
}

// subjects is the registrant by address or else by id, or nobody.
func (r registrant) subjects() []subject {
	switch {
	case r.Email != "":
		return []subject{{strings.ToLower(r.Email), r.Email}}
	case r.ID != "":
		return []subject{{r.ID, r.ID}}
	}
	return nil
}

// hostNamed is the user in the path.
func hostNamed(s *Simulator, c *call) []subject { return []subject{{id: s.userKey(c.args[0])}} }

// hostOfMeeting is who hosts the meeting in the path. Of one that is neither
// scheduled nor was held, such as one that a client believes it has made, the
// simulator does not know the host; it takes the owner of the app.
func hostOfMeeting(s *Simulator, c *call) []subject {
	if m := s.findScheduled(c.args[0]); m != nil {
		return []subject{{id: s.userKey(m.host.email)}}
	}
	if m := s.findHeld(strings.ReplaceAll(c.args[0], " ", "")); m != nil {
		return []subject{{id: s.userKey(m.host.email)}}
	}
	return []subject{{id: s.userKey("me")}}
}

// userKey is the same for all ways to name a user.
func (s *Simulator) userKey(userID string) string {
	if u := s.findUser(userID, false); u != nil {
		userID = u.email
	}
	return strings.ToLower(userID)
}
