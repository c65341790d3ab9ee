package stream

import (
	"slices"
	"strings"

	"github.com/stagedoor/stagedoor"
)

// All returns every stream, family by family, in the order in which one may want
// to know them: what is read by another comes after it.
func All() []stagedoor.Stream {
	return slices.Concat(
		people(), scheduled(), reportHistory(), reportParticipants(), reportMeetings(), reports(), reportLogs(), recordings(), dashboards(),
	)
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

// near says which stream or family a misspelt word most likely means: the one
// that is the fewest letters away, or else one that holds it.
func near(word string) string {
	word = strings.ToLower(strings.ReplaceAll(word, "-", "_"))
	best, least := "", 4
	for _, name := range append(names(), families()...) {
		if away := stagedoor.Distance(word, name); away < least && away < min(len(word), len(name)) {
			best, least = name, away
		}
	}
	for _, name := range append(names(), families()...) {
		if best == "" && len(word) > 4 && strings.Contains(name, word) {
			best = name
		}
	}
	if best == "" {
		return ""
	}
	return "Did you mean " + best + "? "
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
