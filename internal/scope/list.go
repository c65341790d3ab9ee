package scope

import (
	"slices"
	"strings"

	"github.com/stagedoor/stagedoor"
)

// Use is an operation that must be permitted, and for what: "reports" or
// "stream users".
type Use struct {
	Operation stagedoor.Operation
	For       string
}

// Uses returns what a purpose uses.
func (c *Catalogue) Uses(p stagedoor.Purpose) []Use {
	var uses []Use
	for _, name := range p.Operations() {
		if op, ok := c.byName[name]; ok {
			uses = append(uses, Use{Operation: op, For: p.Name})
		}
	}
	return uses
}

// Least returns the fewest and narrowest scopes that permit the uses: no scope
// of it can be left out, none writes where one that reads would do.
func (c *Catalogue) Least(style stagedoor.ScopeStyle, uses []Use) stagedoor.ScopeList {
	list := stagedoor.ScopeList{Style: style, Needs: []stagedoor.ScopeNeed{}, Closed: []stagedoor.ScopeClosed{}}
	alternatives := make([][]string, len(uses))
	for i, use := range uses {
		alternatives[i] = c.Candidates(use.Operation, style)
		if len(alternatives[i]) == 0 {
			closeFor(&list, use, c.whyClosed(use.Operation, style))
		}
	}
	for _, name := range cover(alternatives, func(a, b string) int { return c.order(style, a, b) }) {
		list.Needs = append(list.Needs, c.need(style, name, uses, alternatives))
	}
	return list
}

// need says what a scope of a list is for.
func (c *Catalogue) need(style stagedoor.ScopeStyle, name string, uses []Use, alternatives [][]string) stagedoor.ScopeNeed {
	n := stagedoor.ScopeNeed{Scope: name, For: []string{}, Operations: []string{}}
	// What is among the alternatives of all that the scope is for would do in
	// its place.
	var instead []string
	for i, use := range uses {
		if !slices.Contains(alternatives[i], name) {
			continue
		}
		if len(n.For) == 0 {
			instead = slices.Clone(alternatives[i])
		}
		instead = slices.DeleteFunc(instead, func(other string) bool {
			return other == name || !slices.Contains(alternatives[i], other)
		})
		n.For = appendNew(n.For, use.For)
		n.Operations = appendNew(n.Operations, use.Operation.Name())
		n.Roles = appendNew(n.Roles, use.Operation.Roles...)
		if !slices.Contains(listed(use.Operation, style), name) {
			n.Note = "Zoom's document of " + use.Operation.Name() + " lists only " + strings.TrimSuffix(name, ":admin") + ", a user's own form of it"
		}
	}
	if len(instead) > 0 {
		n.Or = instead
	}
	if isMaster(name) {
		n.Note = "it exists for master accounts with sub-accounts only"
	}
	return n
}

func closeFor(l *stagedoor.ScopeList, use Use, why string) {
	name := use.Operation.Name()
	for i := range l.Closed {
		if l.Closed[i].Operation == name {
			l.Closed[i].For = appendNew(l.Closed[i].For, use.For)
			return
		}
	}
	l.Closed = append(l.Closed, stagedoor.ScopeClosed{Operation: name, For: []string{use.For}, Why: why})
}

// whyClosed says why no scope of a style opens an operation.
func (c *Catalogue) whyClosed(op stagedoor.Operation, style stagedoor.ScopeStyle) string {
	if names := listed(op, style); len(names) > 0 {
		return "only an app that acts for one user can be granted " + strings.Join(names, " or ") + ", a Server-to-Server app can not"
	}
	other := stagedoor.ClassicScopes
	if style == stagedoor.ClassicScopes {
		other = stagedoor.GranularScopes
	}
	if names := c.Candidates(op, other); len(names) > 0 {
		return "Zoom's document names no " + string(style) + " scope for it; an app with " + string(other) + " scopes reads it with " + names[0]
	}
	return "Zoom's document names no scope for it"
}

func appendNew(list []string, values ...string) []string {
	for _, v := range values {
		if !slices.Contains(list, v) {
			list = append(list, v)
		}
	}
	return list
}
