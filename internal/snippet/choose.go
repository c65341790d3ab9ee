package snippet

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Reachable is an operation that the caller's rules allow.
type Reachable struct {
	stagedoor.Operation
	Narrowed string // the path as far as the rules allow it; empty: the whole template
}

// best is what most callers are for.
const best = "GET /report/meeting_activities"

// Choose returns the call that shows most of what a caller may do: the meeting
// activities of the last seven days, or another stream, or whatever reads with
// the fewest things to fill in; one that changes something only where it may
// read nothing. base is the API's, "/v2". permit says whether the caller may
// make the very request. False: nothing is allowed that is known.
func Choose(list []Reachable, streams []stagedoor.Stream, base string, today time.Time, permit func(method, path string) bool) (Call, bool) {
	type choice struct {
		call Call
		rank int
	}
	var choices []choice
	for _, r := range list {
		call := Call{Method: r.Method, Path: base + cmp.Or(r.Narrowed, r.Path)}
		// A user that every account has: the app's owner.
		if mine := strings.ReplaceAll(call.Path, "{userId}", "me"); permit(r.Method, mine) {
			call.Path = mine
		}
		if !strings.Contains(call.Path, "{") && !permit(r.Method, call.Path) {
			continue
		}
		stream := slices.IndexFunc(streams, func(s stagedoor.Stream) bool { return s.Method+" "+s.Path == r.Name() })
		if stream >= 0 {
			call.Query = queryOf(streams[stream], today)
		}
		for _, segment := range strings.Split(call.Path, "/") {
			if strings.HasPrefix(segment, "{") {
				call.Fill = append(call.Fill, segment)
			}
		}
		for _, name := range r.Required {
			if !slices.ContainsFunc(call.Query, func(p Param) bool { return p.Name == name }) {
				call.Query = append(call.Query, Param{name, "{" + name + "}"})
				call.Fill = append(call.Fill, "{"+name+"}")
			}
		}
		c := choice{call, 2 * len(call.Fill)}
		switch {
		case r.Name() == best:
			c.rank -= 4
		case stream >= 0:
			c.rank -= 2
		}
		if r.Deprecated {
			c.rank++
		}
		if r.Method != "GET" {
			c.rank += 100
		}
		if r.Method == "DELETE" {
			c.rank += 100
		}
		choices = append(choices, c)
	}
	if len(choices) == 0 {
		return Call{}, false
	}
	return slices.MinFunc(choices, func(a, b choice) int {
		return cmp.Or(a.rank-b.rank, len(a.call.Path)-len(b.call.Path), strings.Compare(a.call.Path, b.call.Path), strings.Compare(a.call.Method, b.call.Method))
	}).call, true
}

// queryOf is what a stream's operation is asked with, for the seven days before
// today.
func queryOf(s stagedoor.Stream, today time.Time) []Param {
	var query []Param
	if s.Window != nil && s.Window.From != "" {
		query = append(query,
			Param{s.Window.From, today.AddDate(0, 0, -7).Format(time.DateOnly)},
			Param{s.Window.To, today.AddDate(0, 0, -1).Format(time.DateOnly)})
	}
	var names []string
	for name := range s.Params {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		query = append(query, Param{name, s.Params[name]})
	}
	return query
}

// OfRules returns a call for a service of which no operations are known: the
// path that proves its tokens, or the first that a rule allows, with its * to be
// filled in. False: no rule allows a path.
func OfRules(rules []stagedoor.Rule, base, validation string, permit func(method, path string) bool) (Call, bool) {
	if validation != "" && permit("GET", base+validation) {
		return Call{Method: "GET", Path: base + validation}, true
	}
	for _, rule := range rules {
		if rule.Deny || rule.Path == "" {
			continue
		}
		call := Call{Method: "GET", Path: base}
		if len(rule.Methods) > 0 && !slices.Contains(rule.Methods, "GET") {
			call.Method = rule.Methods[0]
		}
		for _, segment := range strings.Split(strings.TrimPrefix(rule.Path, "/"), "/") {
			switch segment {
			case "*", "**":
				segment = "{" + map[string]string{"*": "id", "**": "path"}[segment] + "}"
				call.Fill = append(call.Fill, segment)
			default:
				segment = url.PathEscape(segment)
			}
			call.Path += "/" + segment
		}
		if len(call.Fill) > 0 || permit(call.Method, call.Path) {
			return call, true
		}
	}
	return Call{}, false
}
