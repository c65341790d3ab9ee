package provider

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stagedoor/stagedoor"
)

// Problem is one thing that is wrong with a file.
type Problem struct {
	Line   int    `json:"line,omitempty"`  // 0: it is about the file as a whole
	Field  string `json:"field,omitempty"` // as a YAML path: "errors[3].kind"; empty: none in particular
	Reason string `json:"reason"`
	Fix    string `json:"fix"`
}

// String is the problem in one line, without its fix.
func (p Problem) String() string {
	var where []string
	if p.Line > 0 {
		where = append(where, fmt.Sprintf("line %d", p.Line))
	}
	if p.Field != "" {
		where = append(where, p.Field)
	}
	if len(where) == 0 {
		return p.Reason
	}
	return strings.Join(where, ", ") + ": " + p.Reason
}

// Problems are all that is wrong with a file.
type Problems []Problem

// Error lists them in one line.
func (p Problems) Error() string {
	var lines []string
	for _, problem := range p {
		lines = append(lines, problem.String())
	}
	return strings.Join(lines, "; ")
}

func refuse(name string, problems Problems) error {
	var fixes []string
	for _, p := range problems {
		if p.Fix != "" && !slices.Contains(fixes, p.Fix) {
			fixes = append(fixes, p.Fix)
		}
	}
	return &stagedoor.Error{
		Op: "read the provider file", Subject: name, Kind: stagedoor.KindProvider,
		Cause: problems.Error(), Fix: strings.Join(fixes, " "), Err: problems,
	}
}
