package audit

import (
	"fmt"
	"time"

	"github.com/stagedoor/stagedoor"
)

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

// report is what [Verify] finds, while it looks.
type report struct {
	stagedoor.AuditReport
	told map[told]bool
}

// most is how many problems a report holds.
const most = 100

// told remembers what need not be said again of a chain.
type told struct {
	chain int64
	kind  string
}

func (r *report) add(kind string, chain, sequence int64, format string, args ...any) {
	r.Found++
	if len(r.Problems) < most {
		r.Problems = append(r.Problems, stagedoor.AuditProblem{Kind: kind, Chain: chain, Sequence: sequence, Says: fmt.Sprintf(format, args...)})
	}
}

// once is add for what many lines of a chain would say.
func (r *report) once(kind string, chain, sequence int64, format string, args ...any) {
	if r.told[told{chain, kind}] || len(r.told) > 10*most {
		return
	}
	r.told[told{chain, kind}] = true
	r.add(kind, chain, sequence, format, args...)
}

// span names lines: "line 3", "lines 3 to 5".
func span(from, to int64) string {
	if from == to {
		return fmt.Sprintf("line %d", from)
	}
	return fmt.Sprintf("lines %d to %d", from, to)
}

func stamp(t time.Time) string { return t.UTC().Format(time.DateTime) + " UTC" }
