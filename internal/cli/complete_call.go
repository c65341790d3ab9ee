package cli

import (
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/zoom"
)

// completeCall completes NAME [METHOD] PATH.
func (s *session) completeCall(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 && !isMethod(args[0]) && !isPath(args[0]) {
		args = args[1:]
	} else if len(args) == 0 && !strings.HasPrefix(word, "/") {
		return s.completeCredentials(cmd, args, word)
	}
	switch {
	case len(args) == 0 && strings.HasPrefix(word, "/"):
		return operationPaths("GET", word)
	case len(args) == 0:
		return []string{"GET\tread", "POST\tmake", "PATCH\tchange", "PUT\treplace", "DELETE\tremove"}, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	case len(args) == 1 && isMethod(args[0]):
		return operationPaths(strings.ToUpper(args[0]), word)
	}
	return nil, cobra.ShellCompDirectiveNoFileComp
}

// operationPaths goes on with a path by one segment, as a shell does with files:
// 700 paths at once help nobody. What a person has typed for a {name} is kept.
func operationPaths(method, word string) ([]string, cobra.ShellCompDirective) {
	before, part, _ := cutLast(word, "/")
	typed := strings.Split(before, "/") // its first is empty, as is the template's
	found := map[string]string{}
	for _, op := range zoom.Operations().All() {
		segments := strings.Split(op.Path, "/")
		if op.Method != method || len(segments) <= len(typed) || !follows(segments, typed) {
			continue
		}
		for _, next := range fits(segments[len(typed)], part) {
			path := before + "/" + next
			if len(segments) > len(typed)+1 {
				found[path+"/"] = ""
				continue
			}
			found[path] = strings.TrimSuffix(string(op.Label)+", "+usualScope(op), ", ")
		}
	}
	directive := cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	var words []string
	for _, path := range slices.Sorted(maps.Keys(found)) {
		if strings.HasSuffix(path, "/") {
			directive |= cobra.ShellCompDirectiveNoSpace
		}
		words = append(words, path+"\t"+found[path])
	}
	return words, directive
}

// usualScope is the scope of an operation that Server-to-Server apps are shown:
// the one for administrators, where there is one.
func usualScope(op stagedoor.Operation) string {
	for _, scope := range op.GranularScopes {
		if strings.HasSuffix(scope, ":admin") {
			return scope
		}
	}
	if len(op.GranularScopes) > 0 {
		return op.GranularScopes[0]
	}
	return ""
}

// follows reports whether typed segments may be a template's first ones.
func follows(template, typed []string) bool {
	for i, segment := range typed {
		if segment != template[i] && (segment == "" || !strings.HasPrefix(template[i], "{")) {
			return false
		}
	}
	return true
}

// fits returns what a segment that starts with part may be.
func fits(segment, part string) []string {
	switch {
	case strings.HasPrefix(segment, part):
		if segment == "{userId}" && part == "" {
			return []string{"me", segment}
		}
		return []string{segment}
	case segment == "{userId}" && strings.HasPrefix("me", part):
		return []string{"me"}
	case strings.HasPrefix(segment, "{"):
		return []string{part} // an identifier of theirs
	}
	return nil
}

// completeParams offers the query parameters of the operation, required ones
// first.
func (s *session) completeParams(_ *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	directive := cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveKeepOrder
	if len(args) == 0 || strings.Contains(word, "=") {
		return nil, directive
	}
	method := "GET"
	if len(args) > 1 && isMethod(args[len(args)-2]) {
		method = args[len(args)-2]
	}
	op, known := zoom.Operations().Find(method, args[len(args)-1])
	if !known {
		return nil, directive
	}
	var required, others []string
	for _, name := range op.Query {
		if slices.Contains(op.Required, name) {
			required = append(required, name+"=\trequired")
		} else if name != "next_page_token" {
			others = append(others, name+"=")
		}
	}
	return append(required, others...), directive
}
