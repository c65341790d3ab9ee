package caller_test

import (
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"golang.org/x/text/unicode/norm"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/zoom"
)

// The oracle says in another way than the code what a request may mean, and
// whether plain rules allow that: by regular expressions over whole decoded
// paths. It knows nothing of which escapes are refused.

// patternOf is a rule's pattern as a regular expression.
func patternOf(pattern string, anyCase bool) *regexp.Regexp {
	text := regexp.QuoteMeta(pattern)
	text = strings.ReplaceAll(text, `/\*\*`, `(/.*)?`)
	text = strings.ReplaceAll(text, `\*`, `[^/]+`)
	if anyCase {
		text = "(?i)" + text
	}
	return regexp.MustCompile("^" + text + "$")
}

// templateOf is an operation's template as a regular expression.
func templateOf(template string, anyCase bool) *regexp.Regexp {
	text := regexp.MustCompile(`\\\{[^}]*\\\}`).ReplaceAllString(regexp.QuoteMeta(template), `[^/]+`)
	if anyCase {
		text = "(?i)" + text
	}
	return regexp.MustCompile("^" + text + "$")
}

type oracleOperation struct {
	stagedoor.Operation
	exact, anyCase *regexp.Regexp
	slashes        int
}

var oracleTable = sync.OnceValue(func() []oracleOperation {
	var all []oracleOperation
	for _, op := range zoom.Operations().All() {
		all = append(all, oracleOperation{op, templateOf(op.Path, false), templateOf(op.Path, true), strings.Count(op.Path, "/")})
	}
	return all
})

// operationsOf are the operations that a decoded path may be; where templates
// compete, the one whose earliest differing segment is a literal.
func operationsOf(method, decoded string, anyCase bool) []stagedoor.Operation {
	var found []stagedoor.Operation
	for _, op := range oracleTable() {
		if op.slashes != strings.Count(decoded, "/") {
			continue
		}
		re := op.exact
		if anyCase {
			re = op.anyCase
		}
		if op.Method == method && re.MatchString(decoded) {
			found = append(found, op.Operation)
		}
	}
	slices.SortFunc(found, func(a, b stagedoor.Operation) int {
		x, y := strings.Split(a.Path, "/"), strings.Split(b.Path, "/")
		for i := range x {
			if p, q := strings.HasPrefix(x[i], "{"), strings.HasPrefix(y[i], "{"); p != q {
				if p {
					return 1
				}
				return -1
			}
		}
		return 0
	})
	return found[:min(1, len(found))]
}

func hasScope(ops []stagedoor.Operation, scope string) bool {
	return slices.ContainsFunc(ops, func(op stagedoor.Operation) bool { return slices.Contains(op.Scopes(), scope) })
}

// plainlyAllowed reports what rules say of a decoded path, without any trick in
// it. Rules that deny do not mind letter case.
func plainlyAllowed(rules []stagedoor.Rule, method, decoded string) bool {
	allowed := false
	for _, rule := range rules {
		if len(rule.Methods) > 0 && !slices.Contains(rule.Methods, method) {
			continue
		}
		var matches bool
		if rule.Scope != "" {
			matches = hasScope(operationsOf(method, decoded, rule.Deny), rule.Scope)
		} else {
			matches = patternOf(rule.Path, rule.Deny).MatchString(decoded)
		}
		if matches && rule.Deny {
			return false
		}
		allowed = allowed || matches
	}
	return allowed
}

// meanings are all that servers on the way may make of a path below the base.
func meanings(wire string) []string {
	all := []string{wire}
	add := func(change func(string) string) {
		for _, text := range slices.Clone(all) {
			if made := change(text); !slices.Contains(all, made) {
				all = append(all, made)
			}
		}
	}
	decode := func(text string) string {
		if plain, err := url.PathUnescape(text); err == nil {
			return plain
		}
		return text
	}
	add(decode)
	add(decode)
	add(decode)
	all = all[1:] // what nobody decodes is no meaning, unless decoding changes nothing
	if len(all) == 0 {
		all = []string{wire}
	}
	add(func(text string) string { return strings.ReplaceAll(text, `\`, "/") })
	add(func(text string) string { // path parameters, queries, fragments, C strings
		return regexp.MustCompile(`;[^/]*|[?#\x00].*$`).ReplaceAllString(text, "")
	})
	add(func(text string) string { return norm.NFKC.String(text) })
	add(func(text string) string { return regexp.MustCompile(`[. ]+(/|$)`).ReplaceAllString(text, "$1") })
	add(path.Clean)
	add(func(text string) string { return strings.TrimRight(text, "/") })
	return all
}

// withoutUUIDs puts a placeholder where Zoom's rule lets a UUID stand, escaped
// once or twice: in the place of a parameter whose values are such.
func withoutUUIDs(method, wire string) string {
	segments := strings.Split(wire, "/")
	for i, segment := range segments {
		once, err := url.PathUnescape(segment)
		if err != nil {
			continue
		}
		twice, err := url.PathUnescape(once)
		form := regexp.MustCompile(`^[A-Za-z0-9+/]{22}==$`)
		if !form.MatchString(once) && (err != nil || !form.MatchString(twice)) {
			continue
		}
		there := slices.Clone(segments)
		there[i] = "UUID"
		for _, op := range operationsOf(method, strings.Join(there, "/"), false) {
			names := strings.Split(op.Path, "/")
			if regexp.MustCompile(`^\{(meeting(Id|UUID)|webinarId|sessionId)\}$`).MatchString(names[i]) {
				segments = there
			}
		}
	}
	return strings.Join(segments, "/")
}

// oracle reports whether each meaning of a request is plainly allowed.
func oracle(rules []stagedoor.Rule, method, wire string) (bool, string) {
	below, ok := strings.CutPrefix(wire, "/v2/")
	if !ok {
		return false, "outside the base"
	}
	for _, meaning := range meanings(withoutUUIDs(method, "/"+below)) {
		if !plainlyAllowed(rules, method, meaning) {
			return false, meaning
		}
	}
	return true, ""
}
