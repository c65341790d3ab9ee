package stream

import (
	"cmp"
	"slices"
	"strings"

	"github.com/stagedoor/stagedoor"
)

// All returns every stream, by family and name.
func All() []stagedoor.Stream {
	list := slices.Concat(people(), reports(), reportLogs(), reportMeetings())
	slices.SortStableFunc(list, func(a, b stagedoor.Stream) int {
		return cmp.Or(strings.Compare(a.Family, b.Family), strings.Compare(a.Name, b.Name))
	})
	return list
}

// Find returns the streams that the words name: a stream's name, a family's
// name, or "all". A word that names nothing is an error that lists what there
// is.
func Find(words ...string) ([]stagedoor.Stream, error) {
	var found []stagedoor.Stream
	for _, word := range words {
		matches := 0
		for _, s := range All() {
			if word == "all" || word == s.Name || word == s.Family {
				matches++
				if !slices.ContainsFunc(found, func(f stagedoor.Stream) bool { return f.Name == s.Name }) {
					found = append(found, s)
				}
			}
		}
		if matches == 0 {
			return nil, &stagedoor.Error{
				Op: "find the stream", Subject: "\"" + word + "\"", Kind: stagedoor.KindUsage,
				Cause: "there is no stream or family by that name",
				Fix:   near(word) + "Use one or more of: " + strings.Join(names(), ", ") + "; a family (" + strings.Join(families(), ", ") + "); or all.",
			}
		}
	}
	return found, nil
}

// near says which stream or family a misspelt word most likely means: one that
// holds it, or that is the same but for three letters at one place.
func near(word string) string {
	word = strings.ToLower(strings.ReplaceAll(word, "-", "_"))
	for _, name := range append(names(), families()...) {
		same := min(len(word), len(name))
		before := 0
		for before < same && word[before] == name[before] {
			before++
		}
		behind := 0
		for behind < same-before && word[len(word)-1-behind] == name[len(name)-1-behind] {
			behind++
		}
		if differ := max(len(word), len(name)) - before - behind; differ <= 3 && differ < same || len(word) > 4 && strings.Contains(name, word) {
			return "Did you mean " + name + "? "
		}
	}
	return ""
}

func names() []string {
	var list []string
	for _, s := range All() {
		list = append(list, s.Name)
	}
	return list
}

func families() []string {
	var list []string
	for _, s := range All() {
		if !slices.Contains(list, s.Family) {
			list = append(list, s.Family)
		}
	}
	return list
}
