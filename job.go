package stagedoor

import (
	"encoding/json"
	"time"
)

// Run is one execution of a sync, as it is kept: what was asked for, by whom,
// who works on it, how far it is and how it ended.
type Run struct {
	ID           string  `json:"run"` // sorts by when it was asked for
	CredentialID string  `json:"-"`
	Credential   string  `json:"credential"` // slug
	Spec         RunSpec `json:"spec"`
	// By is who asked: "person anna", "schedule nightly".
	By       string    `json:"by"`
	Schedule string    `json:"schedule,omitempty"` // its name, for runs that one asked for
	Due      time.Time `json:"due,omitzero"`       // the time that the schedule named

	State     RunState  `json:"state"`
	CreatedAt time.Time `json:"created_at"`
	NotBefore time.Time `json:"not_before,omitzero"` // when it goes on, for one that waits
	StartedAt time.Time `json:"started_at,omitzero"` // of the last attempt
	EndedAt   time.Time `json:"ended_at,omitzero"`

	// Process works on it, or did last, and Heartbeat is its last sign of life.
	Process   Process   `json:"process,omitzero"`
	Heartbeat time.Time `json:"heartbeat_at,omitzero"`
	// Attempts is how often it was begun. Who works on it holds the number of
	// its attempt against the row's, and so knows whether it is still its own.
	Attempts int `json:"attempts"`
	Idle     int `json:"-"` // attempts in a row, the last among them, that wrote no slice

	CancelAt time.Time `json:"cancel_at,omitzero"` // when somebody asked for its end
	CancelBy string    `json:"cancel_by,omitempty"`
	// Held tells that a person stopped it, so that nobody takes it up by itself.
	Held bool   `json:"held,omitempty"`
	Note string `json:"note,omitempty"` // why it waits, stays or never ran: a sentence
	// Times is, of one that never ran, how many times of its schedule it stands for.
	Times int `json:"times,omitempty"`

	Slices   int             `json:"slices_written"` // of all attempts, as are the rows
	Rows     int             `json:"rows_written"`
	Progress json.RawMessage `json:"progress,omitempty"`
	Receipt  *Receipt        `json:"receipt,omitempty"` // of the last attempt; its slices are kept one by one
	Error    *Notice         `json:"error,omitempty"`   // what ended the last attempt
}

// RunSpec is what a run syncs, in a form that means the same to any process of
// the machine.
type RunSpec struct {
	Streams     []string          `json:"streams"` // names of streams, no families
	Since       time.Time         `json:"since,omitzero"`
	Until       time.Time         `json:"until,omitzero"`
	Params      map[string]string `json:"params,omitempty"`
	FullRefresh bool              `json:"full_refresh,omitempty"`
	Limit       int               `json:"limit,omitempty"`
	// Into is a URL whose path is absolute and which holds no secret, env:VAR, a
	// saved destination's name, or empty for stdout.
	Into string `json:"into"`
}

// RunState is how a run stands.
type RunState string

// The states of a run. What is queued or interrupted may go on; of those that
// never ran, a schedule says why.
const (
	RunQueued      RunState = "queued"
	RunRunning     RunState = "running"
	RunDone        RunState = "done"
	RunPartial     RunState = "partial"
	RunFailed      RunState = "failed"
	RunInterrupted RunState = "interrupted"
	RunCancelled   RunState = "cancelled"
	RunMissed      RunState = "missed"  // its time passed while no daemon ran
	RunSkipped     RunState = "skipped" // the schedule's run before had not ended
)

// RunStates are all of them, in the order of a run's life.
func RunStates() []RunState {
	return []RunState{RunQueued, RunRunning, RunDone, RunPartial, RunFailed, RunInterrupted, RunCancelled, RunMissed, RunSkipped}
}

// Ended reports whether nothing more will come of the run by itself.
func (r Run) Ended() bool {
	switch r.State {
	case RunQueued, RunRunning:
		return false
	case RunInterrupted:
		return r.Held
	}
	return true
}

// Process names one process of one machine.
type Process struct {
	ID     string `json:"-"` // random; no two processes have the same
	Host   string `json:"host,omitempty"`
	PID    int    `json:"pid,omitempty"`
	Daemon bool   `json:"daemon,omitempty"` // it is the `serve` of its home, of which there is one at a time
}

// RunSlice is the store's copy of how one slice of a run ended. The checkpoint in
// the destination is what counts; this is for show.
type RunSlice struct {
	At     time.Time `json:"at"`
	Stream string    `json:"stream"`
	SliceReport
}

// RunQuery says which runs to list, the newest first.
type RunQuery struct {
	States     []RunState // empty: all
	Credential string     // slug
	Schedule   string     // name
	Unheld     bool       // only those that no person stopped
	// Before and BeforeID are when a run was asked for and its id: those that come
	// after it in the list, for whoever reads it page by page.
	Before   time.Time
	BeforeID string
	Limit    int // 0: no limit
}

// RunLease is what a process may know of its own run without much ado.
type RunLease struct {
	Attempts int // not the process's own: another has taken the run up
	Idle     int // as the run's
	CancelAt time.Time
	CancelBy string
}

// CatchUp says what a schedule does about times that passed while no daemon ran.
type CatchUp string

// The policies.
const (
	CatchUpOnce CatchUp = "once" // one run for all of them
	CatchUpAll  CatchUp = "all"  // one run for each
	CatchUpNone CatchUp = "none" // they are noted as missed, and that is all
)

// Schedule asks for runs at the times that a cron expression names in a zone.
type Schedule struct {
	ID           string  `json:"-"` // random, for ever
	Name         string  `json:"schedule"`
	CredentialID string  `json:"-"`
	Credential   string  `json:"credential"` // slug; the store fills it in
	Spec         RunSpec `json:"spec"`

	Cron    string        `json:"cron"`
	Zone    string        `json:"zone"` // an IANA name
	CatchUp CatchUp       `json:"catch_up"`
	Jitter  time.Duration `json:"jitter_ns"` // the most by which its runs begin later

	PausedAt time.Time `json:"paused_at,omitzero"`
	PausedBy string    `json:"paused_by,omitempty"`
	// Next is the time that it asks for next, without jitter; zero while it is
	// paused, and where the expression names no time any more.
	Next    time.Time `json:"next_due,omitzero"`
	LastRun string    `json:"last_run,omitempty"` // the newest run that it asked for
	LastDue time.Time `json:"last_due,omitzero"`
	// Missed and Skipped count times without a run of their own, as [RunMissed]
	// and [RunSkipped].
	Missed  int `json:"missed"`
	Skipped int `json:"skipped"`
	// LastState and LastDone are of its newest run and of the newest that ended as
	// done; the store fills them in.
	LastState RunState  `json:"last_state,omitempty"`
	LastDone  time.Time `json:"last_done_at,omitzero"`

	CreatedAt time.Time `json:"created_at"`
	CreatedBy string    `json:"created_by"`
}

// SavedDestination is a destination under a name. Its URL may hold a password, so
// that it is sealed; what is here may be shown.
type SavedDestination struct {
	ID          string    `json:"-"` // random, for ever; part of what its seal is bound to
	Name        string    `json:"destination"`
	Description string    `json:"description,omitempty"`
	Kind        string    `json:"kind"`  // "sqlite", "postgres"
	Place       string    `json:"place"` // as the destination calls itself; it holds no secret
	CreatedAt   time.Time `json:"created_at"`
	CreatedBy   string    `json:"created_by"`
	CheckedAt   time.Time `json:"checked_at,omitzero"` // the last check
	Error       *Notice   `json:"error,omitempty"`     // what that check fell on; nil: it works
}

// SealedDestination is a saved destination as the store keeps it: URL is sealed by
// a key of its own, which is sealed in DataKey.
type SealedDestination struct {
	SavedDestination
	DataKey []byte
	URL     []byte
}
