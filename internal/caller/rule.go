package caller

import (
	"slices"
	"strings"

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
		return q.known && r.scoped[q.operation]
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

// ParseRule reads a rule as people write it: "METHODS PATTERN", or a PATTERN
// alone, which is for any method. base, which may be empty, is the path that all
// of the API lies below; it may stand in front of the pattern. A {name} out of
// Zoom's documents means *.
func ParseRule(text, base string, deny bool) (stagedoor.Rule, error) {
	rule := stagedoor.Rule{Deny: deny}
	words := strings.Fields(text)
	switch len(words) {
	case 1:
		rule.Path = words[0]
	case 2:
		rule.Methods, rule.Path = strings.Split(words[0], ","), words[1]
	default:
		return rule, wrongRule(text, "a rule is METHODS PATTERN, or a PATTERN alone")
	}
	for _, method := range rule.Methods {
		if !slices.Contains(methods, method) {
			return rule, wrongRule(text, "\""+method+"\" is no method of HTTP that the gateway passes on")
		}
	}
	if below, ok := strings.CutPrefix(rule.Path, base+"/"); ok {
		rule.Path = "/" + below
	}
	segments := strings.Split(rule.Path, "/")
	for i, segment := range segments {
		if isParameter(segment) && strings.HasSuffix(segment, "}") {
			segments[i] = one
		}
	}
	rule.Path = strings.Join(segments, "/")
	if why := checkPattern(rule.Path); why != "" {
		return rule, wrongRule(text, why)
	}
	return rule, nil
}

// checkPattern says what is wrong with a pattern, or "".
func checkPattern(pattern string) string {
	if !strings.HasPrefix(pattern, "/") {
		return "a pattern starts with a slash"
	}
	return ""
}

func wrongRule(text, cause string) error {
	return &stagedoor.Error{
		Op: "read a rule", Subject: "\"" + stagedoor.Outside(text, 200) + "\"", Kind: stagedoor.KindUsage, Cause: cause,
		Fix: "Write it like 'GET /report/**', 'GET,POST /users/*/meetings' or '/users/**'.",
	}
}

// checkRules refuses rules that a caller of a provider can not have.
func (c *Callers) checkRules(name, provider string, rules []stagedoor.Rule) error { return nil }

// checkNew refuses what can not be stored.
func (c *Callers) checkNew(add stagedoor.Caller, withSecret bool) error {
	return c.checkRules(add.Name, add.Provider, add.Rules)
}
