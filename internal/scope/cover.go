package scope

import (
	"maps"
	"slices"
)

// cost weighs a scope: one that writes weighs more than any number that read,
// so that nobody is told to grant a change where reading is enough.
func cost(name string) int {
	if isWrite(name) {
		return 1000
	}
	return 1
}

// cover returns the cheapest set of scopes in which each of the alternatives
// finds one, sorted by name; alternatives without a scope are passed over. The
// order says which of two equals is taken.
//
// It is a smallest set cover. What real operations ask for falls to the three
// reductions nearly always; the search is for the rest.
func cover(alternatives [][]string, order func(a, b string) int) []string {
	open := inOrder(alternatives, order)
	chosen := []string{}
	for {
		// A scope that is the only one left for something is taken.
		forced := map[string]bool{}
		for _, a := range open {
			if len(a) == 1 {
				forced[a[0]] = true
			}
		}
		if len(forced) > 0 {
			chosen = slices.AppendSeq(chosen, maps.Keys(forced))
			open = slices.DeleteFunc(open, func(a []string) bool {
				return slices.ContainsFunc(a, func(name string) bool { return forced[name] })
			})
			continue
		}
		reduced, changed := withoutDominated(open, order)
		if !changed {
			break
		}
		open = reduced
	}
	chosen = append(chosen, search(open, order)...)
	slices.Sort(chosen)
	return chosen
}

// inOrder returns the alternatives that have a scope, sorted, so that what is
// taken does not hang on the order in which they came.
func inOrder(alternatives [][]string, order func(a, b string) int) [][]string {
	var sorted [][]string
	for _, a := range alternatives {
		if len(a) > 0 {
			sorted = append(sorted, slices.SortedFunc(slices.Values(a), order))
		}
	}
	slices.SortFunc(sorted, func(a, b []string) int { return slices.CompareFunc(a, b, order) })
	return sorted
}

// withoutDominated takes out the scopes in whose place another does at least
// as much and costs no more.
func withoutDominated(open [][]string, order func(a, b string) int) ([][]string, bool) {
	does := map[string][]int{}
	for i, a := range open {
		for _, name := range a {
			does[name] = append(does[name], i)
		}
	}
	names := make([]string, 0, len(does))
	for name := range does {
		names = append(names, name)
	}
	slices.SortFunc(names, order)
	gone := map[string]bool{}
	for _, name := range names {
		for _, other := range names {
			if name == other || gone[other] || cost(other) > cost(name) || !subset(does[name], does[other]) {
				continue
			}
			if same := len(does[name]) == len(does[other]) && cost(name) == cost(other); same && order(name, other) < 0 {
				continue
			}
			gone[name] = true
			break
		}
	}
	if len(gone) == 0 {
		return open, false
	}
	reduced := make([][]string, len(open))
	for i, a := range open {
		reduced[i] = slices.DeleteFunc(slices.Clone(a), func(name string) bool { return gone[name] })
	}
	return reduced, true
}

func subset(small, big []int) bool {
	for _, i := range small {
		if _, found := slices.BinarySearch(big, i); !found {
			return false
		}
	}
	return true
}

// search tries every set, giving up those that cost no less than the best.
func search(open [][]string, order func(a, b string) int) []string {
	var best []string
	most := -1
	var try func(open [][]string, chosen []string, spent int)
	try = func(open [][]string, chosen []string, spent int) {
		if most >= 0 && spent >= most {
			return
		}
		if len(open) == 0 {
			best, most = slices.Clone(chosen), spent
			return
		}
		// Where there is the least choice, the fewest ways are to be tried.
		at := 0
		for i, a := range open {
			if len(a) < len(open[at]) {
				at = i
			}
		}
		names := slices.SortedFunc(slices.Values(open[at]), order)
		for _, name := range names {
			left := slices.DeleteFunc(slices.Clone(open), func(a []string) bool { return slices.Contains(a, name) })
			try(left, append(chosen, name), spent+cost(name))
		}
	}
	try(open, nil, 0)
	return best
}
