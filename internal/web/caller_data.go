package web

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/web/words"
)

// oftenShown is how many actions of a caller are shown.
const oftenShown = 6

// mostOften are the actions that stand there most often.
func mostOften(actions map[string]int) []string {
	list := slices.Sorted(maps.Keys(actions))
	slices.SortStableFunc(list, func(a, b string) int { return cmp.Compare(actions[b], actions[a]) })
	return list[:min(len(list), oftenShown)]
}

// resultBadge is how something ended, as a badge's state.
func resultBadge(result string) string {
	if result == stagedoor.ResultOf(nil) {
		return "ok"
	}
	return "fail"
}

func methodOptions(chosen string) []option {
	var list []option
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		list = append(list, option{method, method, method == chosen})
	}
	return list
}

func capitalised(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}

func operationsWord(n int) string {
	if n == 1 {
		return words.PreviewOne
	}
	return words.PreviewOf
}

func reachedText(r stagedoor.Reached) string {
	if r.Narrowed != "" {
		return r.Method + " " + r.Narrowed
	}
	return r.Name()
}

func containsText(list []string, text string) bool { return slices.Contains(list, text) }
