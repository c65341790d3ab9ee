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

// AuditQuery says which lines to list: those that fulfil all that is set. Lines
// that open a chain are not listed.
type AuditQuery struct {
	Since, Until time.Time // Until is exclusive
	Actor        string
	Credential   string
	Action       string
	Failed       bool // only what did not end well
	// Following lists the oldest rows that arrived after the row After, in the
	// order of their arrival; otherwise the newest by their time come, newest first.
	Following bool
	After     int64
	// Before and BeforeArrival are of a row: those that come after it in the list of
	// the newest, for whoever reads it page by page.
	Before        time.Time
	BeforeArrival int64
	Limit         int
}

// AuditReader reads the audit as it was at one moment.
type AuditReader interface {
	// Rows returns the rows after the one given (the zero row: all), in the order
	// of chain and sequence.
	Rows(after AuditRow, limit int) ([]AuditRow, error)
	// Row returns one row; the zero row if it is not there.
	Row(chain, sequence int64) (AuditRow, error)
	// End returns the last row of a chain; the zero row if there is none.
	End(chain int64) (AuditRow, error)
	// Ends returns what is noted of the chains after the one given, in their order.
	Ends(after int64, limit int) ([]AuditEnd, error)
	Anchor() ([]byte, error) // nil if there is none
}

// AuditOldest is what a process needs to know to remove lines.
type AuditOldest struct {
	Rows   []AuditRow         // the oldest by arrival, without the newest of all
	Ends   map[int64]AuditEnd // of the chains of Rows
	Anchor []byte
}
