package scope

import (
	"slices"

	"github.com/stagedoor/stagedoor"
)

// Compare says which scopes a token lacks for the uses, and which of its scopes
// they do not need. What is missing is named in the style; "" is the one that
// the token's scopes are in.
func (c *Catalogue) Compare(style stagedoor.ScopeStyle, uses []Use, held []string) stagedoor.ScopeComparison {
	clean := make([]string, len(held))
	for i, name := range held {
		clean[i] = stagedoor.Outside(name, nameBytes)
	}
	held = clean
	if style == "" {
		style, _ = c.StyleOf(held)
	}
	var lacking []Use
	var permitted [][]string
	for _, use := range uses {
		if !c.Permits(held, use.Operation) {
			lacking = append(lacking, use)
			continue
		}
		var by []string
		for _, name := range held {
			if c.Permits([]string{name}, use.Operation) {
				by = append(by, name)
			}
		}
		permitted = append(permitted, by)
	}
	least := c.Least(style, lacking)
	comparison := stagedoor.ScopeComparison{Style: style, Missing: least.Needs, Superfluous: []string{}, Closed: least.Closed, Hints: []string{}}
	needed := cover(permitted, func(a, b string) int { return c.order(style, a, b) })
	for _, name := range held {
		if !slices.Contains(needed, name) {
			comparison.Superfluous = appendNew(comparison.Superfluous, name)
		}
		if hint := c.Hint(name); hint != "" {
			comparison.Hints = appendNew(comparison.Hints, hint)
		}
	}
	slices.Sort(comparison.Superfluous)
	return comparison
}
