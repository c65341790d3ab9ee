package web

import (
	"maps"
	"slices"
	"strconv"

	"github.com/a-h/templ"

	"github.com/stagedoor/stagedoor/internal/web/words"
)

// number writes a number with blanks between thousands, which every reader of
// English takes the same way.
func number(n int) string {
	text := strconv.Itoa(n)
	start := 0
	if n < 0 {
		start = 1
	}
	for i := len(text) - 3; i > start; i -= 3 {
		text = text[:i] + "\u202f" + text[i:]
	}
	return text
}

func sorted(labels map[string]string) []string { return slices.Sorted(maps.Keys(labels)) }

// checkAttributes have a field asked about while it is typed into.
func checkAttributes(f field) templ.Attributes {
	if f.Check == "" {
		return nil
	}
	return templ.Attributes{
		"hx-post": f.Check, "hx-trigger": "input changed delay:400ms, change", "hx-target": "#" + f.id() + "-error",
		"hx-swap": "outerHTML", "hx-include": "closest form", "hx-sync": "this:replace",
	}
}

// stepWord is what a step of a check is called.
func stepWord(name string) string {
	if word := words.Steps()[name]; word != "" {
		return word
	}
	return name
}
