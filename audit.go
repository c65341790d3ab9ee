package stagedoor

import "time"

// AuditRow is a line of the audit as the store keeps it. What it says stands in
// Line, and is true only as far as MAC vouches for it: the store is where an
// attacker may have been.
type AuditRow struct {
	// Arrival grows with every row that is written, whatever its chain; the store
	// gives it.
	Arrival  int64
	Chain    int64 // 1, 2, 3 …: one for each process that wrote
	Sequence int64 // in the chain; 0 is the line that opens it
	Line     string
	MAC      []byte
	At       time.Time // a copy of the line's, to look rows up by; microseconds, UTC
}

// AuditEnd is how far a chain reaches.
type AuditEnd struct {
	Chain    int64
	Sequence int64
	MAC      []byte
	Arrival  int64
}

// AuditState is what a process needs to know to write its next lines.
type AuditState struct {
	Own     AuditEnd   // of its chain; zero if no such chain is there
	Opening AuditRow   // the newest line that opens a chain; zero if none is kept
	Ends    []AuditEnd // of the chains that were written to after Opening
	Anchor  []byte     // what vouches for the lines that were removed; nil if none were
}

// AuditQuery says which lines to list: those that fulfil all that is set.
type AuditQuery struct {
	Since, Until time.Time // Until is exclusive
	Actor        string
	Credential   string
	Action       string
	// After is the row that was listed last, by its Arrival. Where it is set the
	// oldest rows after it come, in the order in which they arrived; otherwise the
	// newest by their time, newest first.
	After int64
	Limit int
}
