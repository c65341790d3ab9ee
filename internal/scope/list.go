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

// Need is one scope of a list.
type Need struct {
	Scope      string   `json:"scope"`
	For        []string `json:"for"`               // purposes, streams and the check
	Operations []string `json:"operations"`        // what it permits of that: "GET /users"
	Roles      []string `json:"roles,omitempty"`   // what the role of the app's owner must permit: "UsageReport:Read"
	Or         []string `json:"instead,omitempty"` // other scopes that would do in its place, though no better
	Note       string   `json:"note,omitempty"`    // what is odd about it
}

// Closed is an operation for which an app of this style can be given no scope.
type Closed struct {
	Operation string   `json:"operation"`
	For       []string `json:"for"`
	Why       string   `json:"why"`
}

// List is the least list of scopes for some uses.
type List struct {
	Style  Style    `json:"style"`
	Needs  []Need   `json:"scopes"` // sorted by scope, as Zoom's Scopes page groups them
	Closed []Closed `json:"closed"`
}

// Scopes returns the names alone.
func (l List) Scopes() []string {
	names := []string{}
	for _, n := range l.Needs {
		names = append(names, n.Scope)
	}
	return names
}

// Uses returns what a purpose uses.
func (c *Catalogue) Uses(p Purpose) []Use {
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
func (c *Catalogue) Least(style Style, uses []Use) List {
	list := List{Style: style, Needs: []Need{}, Closed: []Closed{}}
	alternatives := make([][]string, len(uses))
	for i, use := range uses {
		alternatives[i] = c.Candidates(use.Operation, style)
		if len(alternatives[i]) == 0 {
			list.close(use, c.whyClosed(use.Operation, style))
		}
	}
	for _, name := range cover(alternatives, func(a, b string) int { return c.order(style, a, b) }) {
		list.Needs = append(list.Needs, c.need(style, name, uses, alternatives))
	}
	return list
}

// need says what a scope of a list is for.
func (c *Catalogue) need(style Style, name string, uses []Use, alternatives [][]string) Need {
	n := Need{Scope: name, For: []string{}, Operations: []string{}}
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

func (l *List) close(use Use, why string) {
	name := use.Operation.Name()
	for i := range l.Closed {
		if l.Closed[i].Operation == name {
			l.Closed[i].For = appendNew(l.Closed[i].For, use.For)
			return
		}
	}
	l.Closed = append(l.Closed, Closed{Operation: name, For: []string{use.For}, Why: why})
}

// whyClosed says why no scope of a style opens an operation.
func (c *Catalogue) whyClosed(op stagedoor.Operation, style Style) string {
	if names := listed(op, style); len(names) > 0 {
		return "only an app that acts for one user can be granted " + strings.Join(names, " or ") + ", a Server-to-Server app can not"
	}
	other := Classic
	if style == Classic {
		other = Granular
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
