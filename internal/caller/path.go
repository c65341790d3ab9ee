package caller

import (
	"strings"
	"unicode"

	"github.com/stagedoor/stagedoor"
)

// fold is what a server may make of a segment that does not mind letter case,
// blanks around it and dots behind it.
func fold(segment string) string {
	segment = strings.TrimRight(strings.TrimSpace(segment), ". ")
	return strings.Map(func(r rune) rune { return unicode.ToLower(unicode.ToUpper(r)) }, segment)
}

func (r rules) permit(base, method, path string) (stagedoor.Operation, error) {
	return stagedoor.Operation{}, &stagedoor.Error{Op: method, Kind: stagedoor.KindForbidden, Cause: "it is not built yet"}
}
