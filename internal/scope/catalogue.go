package scope

import (
	"cmp"
	"slices"
	"strings"

	"github.com/stagedoor/stagedoor"
)

// Catalogue knows the scopes of all operations. It does not change, and may be
// used by many goroutines at once.
type Catalogue struct {
	byName map[string]stagedoor.Operation // "GET /users"
	// uses counts in how many operations a scope stands: the fewer, the
	// narrower it is.
	uses map[stagedoor.ScopeStyle]map[string]int
}

// New makes a catalogue of the operations.
func New(operations []stagedoor.Operation) *Catalogue {
	c := &Catalogue{byName: map[string]stagedoor.Operation{}, uses: map[stagedoor.ScopeStyle]map[string]int{stagedoor.ClassicScopes: {}, stagedoor.GranularScopes: {}}}
	for _, op := range operations {
		c.byName[op.Name()] = op
		for _, style := range []stagedoor.ScopeStyle{stagedoor.ClassicScopes, stagedoor.GranularScopes} {
			for _, name := range listed(op, style) {
				c.uses[style][name]++
			}
		}
	}
	return c
}

// listed returns the scopes of one style that Zoom's document lists.
func listed(op stagedoor.Operation, style stagedoor.ScopeStyle) []string {
	if style == stagedoor.ClassicScopes {
		return op.ClassicScopes
	}
	return op.GranularScopes
}

// has reports whether any operation lists the scope, in either style.
func (c *Catalogue) has(name string) bool {
	return c.uses[stagedoor.ClassicScopes][name] > 0 || c.uses[stagedoor.GranularScopes][name] > 0
}

// The kinds of scopes by who may hold them.
func isAdmin(name string) bool  { return slices.Contains(strings.Split(name, ":"), "admin") }
func isMaster(name string) bool { return strings.HasSuffix(name, ":master") }
func isWrite(name string) bool {
	parts := strings.Split(name, ":")
	return len(parts) < 2 || parts[1] != "read"
}

// Candidates returns the scopes of a style of which any one permits the
// operation to a Server-to-Server app, the least first: those that only read
// before those that write, narrow before broad. Such an app holds the :admin
// forms; where an operation lists none but the master form, that one is
// returned, which only a master account can grant.
//
// Zoom's documents forget the :admin form in places (GET
// /meetings/{meetingId}/recordings lists recording:read alone). Where other
// operations list it, it is taken to include the user's own form.
func (c *Catalogue) Candidates(op stagedoor.Operation, style stagedoor.ScopeStyle) []string {
	names := listed(op, style)
	var fit []string
	for _, name := range names {
		switch {
		case isAdmin(name):
			fit = append(fit, name)
		case !isMaster(name) && c.uses[style][name+":admin"] > 0:
			fit = append(fit, name+":admin")
		}
	}
	if len(fit) == 0 {
		for _, name := range names {
			if isMaster(name) {
				fit = append(fit, name)
			}
		}
	}
	slices.SortFunc(fit, func(a, b string) int { return c.order(style, a, b) })
	return slices.Compact(fit)
}

// order sorts scopes from the least: reading before writing, narrow before
// broad, then by name.
func (c *Catalogue) order(style stagedoor.ScopeStyle, a, b string) int {
	return cmp.Or(
		cmp.Compare(cost(a), cost(b)),
		cmp.Compare(c.uses[style][a], c.uses[style][b]),
		cmp.Compare(a, b),
	)
}

// Permits reports whether a token with the scopes may call the operation; one
// that lists no scope at all is open to every token.
func (c *Catalogue) Permits(held []string, op stagedoor.Operation) bool {
	all := op.Scopes()
	if len(all) == 0 {
		return true
	}
	for _, style := range []stagedoor.ScopeStyle{stagedoor.GranularScopes, stagedoor.ClassicScopes} {
		all = append(all, c.Candidates(op, style)...)
	}
	return slices.ContainsFunc(all, func(name string) bool { return slices.Contains(held, name) })
}

// StyleOf tells which vocabulary the scopes of a token are in, and false where
// none of them tells. Names that operations list decide; the form of others
// counts only where there are none.
func (c *Catalogue) StyleOf(held []string) (stagedoor.ScopeStyle, bool) {
	votes, forms := map[stagedoor.ScopeStyle]int{}, map[stagedoor.ScopeStyle]int{}
	for _, name := range held {
		switch granular, classic := c.uses[stagedoor.GranularScopes][name] > 0, c.uses[stagedoor.ClassicScopes][name] > 0; {
		case granular && classic:
		case granular:
			votes[stagedoor.GranularScopes]++
		case classic:
			votes[stagedoor.ClassicScopes]++
		case strings.Count(strings.TrimSuffix(strings.TrimSuffix(name, ":admin"), ":master"), ":") >= 2:
			forms[stagedoor.GranularScopes]++
		default:
			forms[stagedoor.ClassicScopes]++
		}
	}
	if len(votes) == 0 {
		votes = forms
	}
	if votes[stagedoor.ClassicScopes] > votes[stagedoor.GranularScopes] {
		return stagedoor.ClassicScopes, true
	}
	return stagedoor.GranularScopes, len(votes) > 0
}
