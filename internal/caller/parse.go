package caller

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stagedoor/stagedoor"
)

// ParseRule reads a rule as people write it: "METHODS PATTERN", or a PATTERN
// alone, which is for any method. base, which may be empty, is the path that all
// of the API lies below; it may stand in front of the pattern. A {name} out of
// Zoom's documents means *.
func ParseRule(text, base string, deny bool) (stagedoor.Rule, error) {
	rule := stagedoor.Rule{Deny: deny}
	words := strings.Fields(text)
	switch {
	case len(words) == 0:
		return rule, wrongRule(text, "it is empty")
	case len(words) > 2:
		return rule, wrongRule(text, "a rule is METHODS PATTERN, or a PATTERN alone; several methods are joined by commas without blanks, and a pattern has no blank")
	case len(words) == 1 && slices.Contains(methods, strings.ToUpper(words[0])):
		return rule, wrongRule(text, "a pattern is missing after the method")
	case len(words) == 1:
		rule.Path = words[0]
	default:
		rule.Methods, rule.Path = strings.Split(words[0], ","), words[1]
	}
	for _, method := range rule.Methods {
		switch upper := strings.ToUpper(method); {
		case slices.Contains(methods, method):
		case slices.Contains(methods, upper):
			return rule, wrongRule(text, "methods are written in capitals: "+upper+", not "+method)
		case method == "*":
			return rule, wrongRule(text, "a rule for any method is the PATTERN alone, without a *")
		default:
			return rule, wrongRule(text, "\""+method+"\" is no method that the gateway passes on; those are "+strings.Join(methods, ", "))
		}
	}
	slices.Sort(rule.Methods)
	rule.Methods = slices.Compact(rule.Methods)
	if base != "" {
		if below, ok := strings.CutPrefix(rule.Path, base+"/"); ok {
			rule.Path = "/" + below
		}
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
	switch {
	case strings.Contains(pattern, "://"):
		return "it is a whole address; a pattern is a path below the API's, like /users/*"
	case !strings.HasPrefix(pattern, "/") && strings.Contains(pattern, ":") && !strings.Contains(pattern, "/"):
		return "it looks like a scope; those are for --allow-scope and --deny-scope"
	case !strings.HasPrefix(pattern, "/"):
		return "a pattern starts with a slash"
	case pattern == "/":
		return "it matches nothing, since there is no operation at the root; /** matches everything"
	}
	segments := split(pattern)
	for i, segment := range segments {
		if why := checkSegment(segment, i == len(segments)-1); why != "" {
			return why
		}
	}
	return ""
}

func checkSegment(segment string, last bool) string {
	switch {
	case segment == one, segment == "**" && last:
		return ""
	case segment == "**":
		return "** stands for any number of segments, and may only come at the end; * stands for one"
	case segment == "" && last:
		return "it ends in a slash; no operation does"
	case segment == "":
		return "it has two slashes in a row; no operation has"
	case strings.Contains(segment, "*"):
		return "* stands for one whole segment, and cannot be part of one as in " + segment
	case strings.ContainsAny(segment, "?#"):
		return "a rule is about the path alone, and sees no query (?) and no fragment (#)"
	case strings.Contains(segment, "%"):
		return "a pattern is written plain, without percent signs: jo@example.com, not jo%40example.com"
	case strings.ContainsAny(segment, `\;{}`):
		return "it holds a character that no path of the API has (one of \\ ; { })"
	}
	if why := suspect(segment); why != "" {
		return why
	}
	return ""
}

func wrongRule(text, cause string) error {
	return &stagedoor.Error{
		Op: "read a rule", Subject: "\"" + stagedoor.Outside(text, 200) + "\"", Kind: stagedoor.KindUsage, Cause: cause,
		Fix: "Write it like 'GET /report/**', 'GET,POST /users/*/meetings' or '/users/**': * is one segment, ** at the end is any number of them.",
	}
}

// checkRules refuses rules that a caller of a provider can not have.
func (c *Callers) checkRules(name, provider string, list []stagedoor.Rule) error {
	t := c.table(provider)
	for i, rule := range list {
		for _, before := range list[:i] {
			if before.String() == rule.String() && before.Deny != rule.Deny {
				return wrongRule(rule.String(), "it is both allowed and denied; a deny decides, so that the other says nothing")
			}
		}
		if rule.Scope == "" {
			if why := checkPattern(rule.Path); why != "" {
				return wrongRule(rule.String(), why)
			}
			continue
		}
		if err := t.checkScope(rule.Scope, provider); err != nil {
			return err
		}
	}
	return nil
}

// checkScope refuses a scope that no operation has.
func (t *table) checkScope(scope, provider string) error {
	e := &stagedoor.Error{
		Op: "read a rule", Subject: "scope \"" + stagedoor.Outside(scope, 120) + "\"", Kind: stagedoor.KindUsage,
	}
	switch {
	case t == nil:
		e.Cause = "a rule by scope goes through a table of operations, and there is none for the provider " + provider
		e.Fix = "Write the rule by method and path: --allow 'GET /things/*'."
		return e
	case len(t.withScope(scope)) > 0:
		return nil
	case strings.ContainsAny(scope, "/*") || !strings.Contains(scope, ":"):
		e.Cause = "it is not the name of a scope, which looks like report:read:admin or user:read:user:admin"
		e.Fix = "A rule by method and path is for --allow and --deny."
		return e
	}
	e.Cause = "no operation of the API has this scope"
	e.Fix = "`stagedoor scopes` lists the scopes by purpose and stream."
	if near := t.nearScopes(scope); len(near) > 0 {
		e.Fix = "Did you mean " + strings.Join(near, " or ") + "? " + e.Fix
	}
	return e
}

// nearScopes are those whose names are the most alike.
func (t *table) nearScopes(scope string) []string {
	wanted := strings.ToLower(scope)
	least := 3 + len(wanted)/10
	found := map[string]int{}
	for _, op := range t.all {
		for _, name := range op.Scopes() {
			if _, seen := found[name]; !seen {
				found[name] = min(distance(wanted, name), distance(wanted+":admin", name)+1)
			}
		}
	}
	var near []string
	for name, d := range found {
		if d < least {
			near = append(near, name)
		}
	}
	slices.SortFunc(near, func(a, b string) int {
		if d := found[a] - found[b]; d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	return near[:min(len(near), 3)]
}

// distance is the Levenshtein distance in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}

// files is the path that stands, in rules alone, for the files that the gateway
// reads at /-/download?url=.
const files = "/-/download"

// Doubts says of each rule that cannot be wrong but may be a slip what is odd
// about it: a pattern that is for no operation that we know.
func (c *Callers) Doubts(provider string, list []stagedoor.Rule) []string {
	t := c.table(provider)
	if t == nil {
		return nil
	}
	var doubts []string
	for _, rule := range list {
		allow := rule
		allow.Deny = false // to the letter
		r := t.ready(allow)
		if rule.Scope == "" && rule.Path != files && !slices.ContainsFunc(t.all, func(op stagedoor.Operation) bool { return mayMean(r, op) }) {
			doubts = append(doubts, fmt.Sprintf("%s matches no operation that Zoom documents: is it spelt right?", rule))
		}
	}
	return doubts
}

// mayMean reports whether some request for the operation is one that the rule is
// for.
func mayMean(r ready, op stagedoor.Operation) bool {
	if len(r.rule.Methods) > 0 && !slices.Contains(r.rule.Methods, op.Method) {
		return false
	}
	template := split(op.Path)
	if len(template) < len(r.segments) || (len(template) > len(r.segments) && !r.rest) {
		return false
	}
	for i, want := range r.segments {
		if want != one && !isParameter(template[i]) && want != template[i] {
			return false
		}
	}
	return true
}
