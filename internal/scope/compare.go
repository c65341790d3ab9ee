package scope

import "slices"

// Comparison holds a list against the scopes of a token.
type Comparison struct {
	Style       Style    `json:"style"` // the token's, which is the app's
	Missing     []Need   `json:"missing"`
	Superfluous []string `json:"superfluous"` // held, and not needed for the uses
	Closed      []Closed `json:"closed"`      // open to no scope of this style, and not to this token
	Hints       []string `json:"hints"`       // on names that are odd
}

// Compare says which scopes a token lacks for the uses, and which of its scopes
// they do not need.
func (c *Catalogue) Compare(uses []Use, held []string) Comparison {
	style, _ := c.StyleOf(held)
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
	comparison := Comparison{Style: style, Missing: least.Needs, Superfluous: []string{}, Closed: least.Closed, Hints: []string{}}
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
