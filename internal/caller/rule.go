package caller

import (
	"slices"

	"github.com/stagedoor/stagedoor"
)

// methods are those that the gateway passes on.
var methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

// rules are a caller's rules, made ready.
type rules struct {
	name  string // the caller's
	list  []ready
	table *table
}

// ready is a rule that can be held against a request.
type ready struct {
	rule     stagedoor.Rule
	segments []string // literals as they are, or for a deny folded; "*" is any
	rest     bool     // it ends in **
	scoped   map[int]bool
	broken   bool // it cannot be read: one that allows allows nothing, one that denies denies everything
}

// one is the pattern of any one segment.
const one = "*"

// ready makes a caller's rules ready.
func (c *Callers) ready(who stagedoor.Caller) rules {
	r := rules{name: who.Name, table: c.table(who.Provider)}
	for _, rule := range who.Rules {
		r.list = append(r.list, r.table.ready(rule))
	}
	return r
}

func (t *table) ready(rule stagedoor.Rule) ready {
	made := ready{rule: rule}
	if rule.Scope != "" {
		made.scoped = t.withScope(rule.Scope)
		made.broken = len(made.scoped) == 0
		return made
	}
	if checkPattern(rule.Path) != "" {
		made.broken = true
		return made
	}
	made.segments = split(rule.Path)
	if last := len(made.segments) - 1; made.segments[last] == "**" {
		made.segments, made.rest = made.segments[:last], true
	}
	if rule.Deny {
		for i, segment := range made.segments {
			made.segments[i] = fold(segment)
		}
	}
	return made
}

// allows reports whether a rule that allows is for this request, to the letter.
func (r ready) allows(q request) bool {
	if r.rule.Deny || r.broken || (len(r.rule.Methods) > 0 && !slices.Contains(r.rule.Methods, q.method)) {
		return false
	}
	if r.rule.Scope != "" {
		return q.known && q.method != "HEAD" && r.scoped[q.operation]
	}
	return r.covers(q.segments)
}

// denies reports whether a rule that denies is for this request, or for one that
// some server may take it for.
func (r ready) denies(q request) bool {
	if !r.rule.Deny {
		return false
	}
	if len(r.rule.Methods) > 0 && !slices.Contains(r.rule.Methods, q.method) &&
		!(q.method == "HEAD" && slices.Contains(r.rule.Methods, "GET")) { // HEAD tells what GET would
		return false
	}
	switch {
	case r.broken:
		return true
	case r.rule.Scope != "":
		return (q.known && r.scoped[q.operation]) || (q.knownFolded && r.scoped[q.operationFolded])
	}
	return r.covers(q.folded)
}

func (r ready) covers(segments []string) bool {
	if len(segments) < len(r.segments) || (len(segments) > len(r.segments) && !r.rest) {
		return false
	}
	for i, want := range r.segments {
		if want != one && want != segments[i] {
			return false
		}
	}
	return true
}
