package stagedoor

import (
	"strings"
	"time"
)

// Family is an allowance of its own within an account. Zoom counts Phone and
// Contact Center apart from everything else.
// Source: developers.zoom.us/docs/api/rate-limits, read 2026-11.
type Family string

// The families.
const (
	FamilyGeneral       Family = ""
	FamilyPhone         Family = "phone"
	FamilyContactCenter Family = "contact_center"
)

// Family returns the allowance that the operation is counted in.
func (o Operation) Family() Family {
	for _, f := range []Family{FamilyPhone, FamilyContactCenter} {
		if strings.HasPrefix(o.Path, "/"+string(f)+"/") {
			return f
		}
	}
	return FamilyGeneral
}

// Call is what waits for its turn: an operation, and on what, where that is
// limited by itself.
type Call struct {
	Operation
	// Objects are what it is made upon, by the names of the object limits that it
	// counts in: the host of a new meeting, the registrants of a list; "" where
	// the limit is the account's.
	Objects map[string][]string
}

// Class tells who waits for a call.
type Class string

// The classes, in the order in which they are served.
const (
	Interactive Class = "interactive" // somebody waits: it waits two seconds at most, then it is refused
	Backfill    Class = "backfill"    // nobody does: it waits as long as it takes
)

// Use tells for whom calls are made, in the queue and in the ledger.
type Use struct {
	Credential string  // slug
	Caller     string  // of the gateway, or "cli"
	Run        string  // of a sync; may be empty
	Class      Class   // empty: Interactive
	Share      float64 // of the account's rate, 0 to 1; 0: none of its own
}

// Turn is the leave to send one request.
type Turn struct {
	// Sent is called when the request left, as near to the wire as can be told;
	// again if it was sent again.
	Sent func()
	// Done is called once, however the request ended.
	Done func(Outcome)
}

// Outcome is what the answer to a request says of the quota.
type Outcome struct {
	// Unsent: no connection came about, so that the provider counted nothing.
	Unsent bool
	// Refused: a limit per second or minute refused it (429).
	Refused bool
	// Daily: the limit of the day refused it, until Until; with Narrow that of its
	// object, and nothing else.
	Daily, Narrow bool
	Until         time.Time
	// DayRemaining is what headers say is left of the day; nil if they do not.
	DayRemaining *int
}
