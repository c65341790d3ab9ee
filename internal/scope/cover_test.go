package scope

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestCoverIsTheCheapest holds against trying every set: the cover finds one
// scope for everything, costs the least, and none of it can be left out.
func TestCoverIsTheCheapest(t *testing.T) {
	var names []string
	for i := range 5 {
		names = append(names, fmt.Sprintf("r%d:read:admin", i))
	}
	names = append(names, "w1:write:admin", "w2:write:admin")
	covers := func(chosen []string, alternatives [][]string) bool {
		return !slices.ContainsFunc(alternatives, func(a []string) bool {
			return len(a) > 0 && !slices.ContainsFunc(a, func(n string) bool { return slices.Contains(chosen, n) })
		})
	}
	price := func(chosen []string) (sum int) {
		for _, n := range chosen {
			sum += cost(n)
		}
		return sum
	}
	rapid.Check(t, func(t *rapid.T) {
		alternatives := rapid.SliceOfN(rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, 4, rapid.ID[string]), 0, 10).Draw(t, "alternatives")
		got := cover(alternatives, cmp.Compare[string])
		if !covers(got, alternatives) {
			t.Fatalf("%v does not cover", got)
		}
		least := -1
		for set := range 1 << len(names) {
			var chosen []string
			for i, n := range names {
				if set&(1<<i) != 0 {
					chosen = append(chosen, n)
				}
			}
			if p := price(chosen); (least < 0 || p < least) && covers(chosen, alternatives) {
				least = p
			}
		}
		if price(got) != least {
			t.Fatalf("%v costs %d, the least is %d", got, price(got), least)
		}
		for i := range got {
			if covers(slices.Delete(slices.Clone(got), i, i+1), alternatives) {
				t.Fatalf("%s of %v can be left out", got[i], got)
			}
		}
		slices.Reverse(alternatives)
		if again := cover(alternatives, cmp.Compare[string]); !slices.Equal(got, again) {
			t.Fatalf("%v, and in another order %v", got, again)
		}
	})
}

// TestCoverOfEquals is one that rapid found: four scopes of which two opposite
// ones do, and which two hung on the order of what was asked.
func TestCoverOfEquals(t *testing.T) {
	alternatives := [][]string{{"r0", "r1"}, {"r0", "r2"}, {"r1", "r3"}, {"r2", "r3"}}
	want := []string{"r0", "r3"}
	for range 2 {
		if got := cover(alternatives, cmp.Compare[string]); !slices.Equal(got, want) {
			t.Errorf("cover(%v) is %v, want %v", alternatives, got, want)
		}
		slices.Reverse(alternatives)
	}
}
