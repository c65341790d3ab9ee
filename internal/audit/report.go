package audit

import (
	"fmt"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Report is what [Verify] found.
type Report struct {
	Lines    int64        `json:"lines"`  // that are there
	Chains   int64        `json:"chains"` // of which lines are there
	First    time.Time    `json:"first,omitzero"`
	Last     time.Time    `json:"last,omitzero"`
	Removed  *Removed     `json:"removed,omitempty"` // by retention; nil: none were
	Lost     int64        `json:"lost,omitempty"`    // lines that the processes say they could not write
	Head     *HeadChecked `json:"head,omitempty"`    // the head that was compared; nil: none was
	Problems []Problem    `json:"problems"`          // the first of them
	Found    int64        `json:"problems_found"`    // all of them

	told map[told]bool
}

// Removed says what the sealed anchor vouches for.
type Removed struct {
	Lines int64     `json:"lines"`
	At    time.Time `json:"at"` // the last time that lines were removed
}

// HeadChecked says which head was compared.
type HeadChecked struct {
	At time.Time `json:"at"`
}

// Problem is one thing that is not as it was written.
type Problem struct {
	Kind     string `json:"kind"` // one of the words below
	Chain    int64  `json:"chain,omitempty"`
	Sequence int64  `json:"sequence,omitempty"`
	Says     string `json:"says"` // a sentence: what was expected, and what is there
}

// The kinds of problems.
const (
	changed  = "changed"  // a line is not the one that was written
	missing  = "missing"  // lines that were written are not there
	moved    = "moved"    // a line stands where another was written
	restored = "restored" // lines are there that were removed when their time was over
	unlinked = "unlinked" // a chain does not continue what was there before it
	noAnchor = "anchor"   // what vouches for removed lines is forged
	noHead   = "head"     // the head is not of this audit
)

// most is how many problems a report holds.
const most = 100

// told remembers what need not be said again of a chain.
type told struct {
	chain int64
	kind  string
}

func (r *Report) add(kind string, chain, sequence int64, format string, args ...any) {
	r.Found++
	if len(r.Problems) < most {
		r.Problems = append(r.Problems, Problem{Kind: kind, Chain: chain, Sequence: sequence, Says: fmt.Sprintf(format, args...)})
	}
}

// once is add for what many lines of a chain would say.
func (r *Report) once(kind string, chain, sequence int64, format string, args ...any) {
	if r.told[told{chain, kind}] || len(r.told) > 10*most {
		return
	}
	r.told[told{chain, kind}] = true
	r.add(kind, chain, sequence, format, args...)
}

// Err is nil where nothing is wrong.
func (r *Report) Err() error {
	if r.Found == 0 {
		return nil
	}
	return &stagedoor.Error{
		Op: "verify the audit", Kind: stagedoor.KindAltered,
		Cause: fmt.Sprintf("%s not as it was written", things(r.Found)),
		Fix:   "Keep a copy of the database and look at who could write it; docs/audit.md says what each finding means. A backup from before shows what was there.",
	}
}

func things(n int64) string {
	if n == 1 {
		return "one thing is"
	}
	return fmt.Sprintf("%d things are", n)
}

// span names lines: "line 3", "lines 3 to 5".
func span(from, to int64) string {
	if from == to {
		return fmt.Sprintf("line %d", from)
	}
	return fmt.Sprintf("lines %d to %d", from, to)
}

func stamp(t time.Time) string { return t.UTC().Format(time.DateTime) + " UTC" }
