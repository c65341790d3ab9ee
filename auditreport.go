package stagedoor

import (
	"fmt"
	"time"
)

// AuditReport is what a look through the whole audit found.
type AuditReport struct {
	Lines    int64             `json:"lines"`  // that are there
	Chains   int64             `json:"chains"` // of which lines are there
	First    time.Time         `json:"first,omitzero"`
	Last     time.Time         `json:"last,omitzero"`
	Removed  *AuditRemoved     `json:"removed,omitempty"` // by retention; nil: none were
	Lost     int64             `json:"lost,omitempty"`    // lines that the processes say they could not write
	Head     *AuditHeadChecked `json:"head,omitempty"`    // the head that was compared; nil: none was
	Problems []AuditProblem    `json:"problems"`          // the first of them
	Found    int64             `json:"problems_found"`    // all of them
}

// AuditRemoved says what the sealed anchor vouches for.
type AuditRemoved struct {
	Lines int64     `json:"lines"`
	At    time.Time `json:"at"` // the last time that lines were removed
}

// AuditHeadChecked says which head was compared.
type AuditHeadChecked struct {
	At time.Time `json:"at"`
}

// AuditProblem is one thing that is not as it was written.
type AuditProblem struct {
	Kind     string `json:"kind"` // changed, missing, moved, restored, unlinked, anchor, head
	Chain    int64  `json:"chain,omitempty"`
	Sequence int64  `json:"sequence,omitempty"`
	Says     string `json:"says"` // a sentence: what was expected, and what is there
}

// Err is nil where nothing is wrong, and else a [KindAltered].
func (r AuditReport) Err() error {
	if r.Found == 0 {
		return nil
	}
	things := "one thing is"
	if r.Found > 1 {
		things = fmt.Sprintf("%d things are", r.Found)
	}
	return &Error{
		Op: "verify the audit", Kind: KindAltered,
		Cause: things + " not as it was written",
		Fix:   "Keep a copy of the database and look at who could write it; docs/audit.md says what each finding means. A backup from before shows what was there.",
	}
}
