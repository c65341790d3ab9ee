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
				Fix:   "Use one or more of: " + strings.Join(names(), ", ") + "; a family (" + strings.Join(families(), ", ") + "); or all.",
			}
		}
	}
	return found, nil
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
