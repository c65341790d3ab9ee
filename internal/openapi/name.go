package openapi

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// nameLength is how long an operationId may be: Salesforce made action names of
// 80 characters out of them, and cuts longer ones.
const nameLength = 80

// operationID names an operation: getReportMeetingActivities,
// getUsersByUserId, getUsersMe. It depends on method and path alone, so that the
// flows and scripts that use the name outlast a change of the caller's rules.
// It has only letters and digits, begins with a letter, and no two operations
// share it, in whatever letter case: where a path has characters that a name
// can not hold, or too many, the name ends with a hash of it.
func operationID(method, path string) string {
	var b strings.Builder
	b.WriteString(strings.ToLower(method))
	exact := true
	for _, segment := range strings.Split(strings.TrimPrefix(path, "/"), "/") {
		if name, ok := strings.CutPrefix(segment, "{"); ok {
			b.WriteString("By" + camel(strings.TrimSuffix(name, "}")))
			continue
		}
		b.WriteString(camel(segment))
		exact = exact && plain(segment)
	}
	name := b.String()
	if !exact || len(name) > nameLength {
		sum := sha256.Sum256([]byte(method + " " + path))
		hash := "X" + hex.EncodeToString(sum[:])[:8]
		name = name[:min(len(name), nameLength-len(hash))] + hash
	}
	return name
}

// camel joins the words of a text, each with a capital.
func camel(text string) string {
	var b strings.Builder
	start := true
	for _, r := range text {
		switch {
		case r >= 'a' && r <= 'z' && start:
			b.WriteRune(r - 'a' + 'A')
			start = false
		case letterOrDigit(r):
			b.WriteRune(r)
			start = false
		default:
			start = true
		}
	}
	return b.String()
}

// plain reports whether a segment is of the kind that Zoom's own paths have:
// then its name tells it from all others.
func plain(segment string) bool {
	for _, r := range segment {
		if !letterOrDigit(r) && r != '_' && r != '-' {
			return false
		}
	}
	return segment != ""
}

func letterOrDigit(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

// shapeOf is a path without the names of its parameters: two that differ in
// nothing else are the same to OpenAPI, and may not both be there.
func shapeOf(path string) string {
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		if strings.HasPrefix(segment, "{") {
			segments[i] = "{}"
		}
	}
	return strings.Join(segments, "/")
}

// parametersOf are the names of the parameters of a path.
func parametersOf(path string) []string {
	var names []string
	for _, segment := range strings.Split(path, "/") {
		if name, ok := strings.CutPrefix(segment, "{"); ok {
			names = append(names, strings.TrimSuffix(name, "}"))
		}
	}
	return names
}
