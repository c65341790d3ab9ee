package stagedoor

import "time"

// QuotaReport is what is known of an account's quota now, of all processes.
type QuotaReport struct {
	Plan  Plan        `json:"plan"`
	Date  string      `json:"date"` // UTC
	Rates []QuotaRate `json:"rates"`
	Days  []QuotaDay  `json:"days"`
	Lines []QuotaLine `json:"lines"` // who used it, today
}

// QuotaRate is a limit per second or minute.
type QuotaRate struct {
	Family    Family `json:"family,omitempty"`
	Label     Label  `json:"label"`
	Requests  int    `json:"requests"` // permitted in each span
	Span      string `json:"span"`     // "second" or "minute"
	Held      int    `json:"held"`     // of these by processes that run now
	Processes int    `json:"processes"`
	// Left is what other apps seem to leave, where they take part of it.
	Left float64 `json:"left,omitempty"`
}

// QuotaDay is a limit per UTC day; labels of one group share it.
type QuotaDay struct {
	Group   string  `json:"group"`
	Labels  []Label `json:"labels"`
	Limit   int     `json:"limit"` // 0: none
	Used    int     `json:"used"`  // what was lost included
	Ahead   int     `json:"ahead"` // taken out by running processes
	Planned int     `json:"planned"`
	Lost    int     `json:"lost,omitempty"` // counted for killed processes, of which some were made
	Left    int     `json:"left"`
	// ByMidnight is what will be used by the end of the day if it goes on as until
	// now; Ends is when nothing is left, if that comes first.
	ByMidnight int       `json:"by_midnight"`
	Ends       time.Time `json:"ends,omitzero"`
	Closed     time.Time `json:"closed,omitzero"` // the provider refuses until then
}

// QuotaEntry says who made calls of what.
type QuotaEntry struct {
	Family     Family `json:"family,omitempty"`
	Label      Label  `json:"label"`
	Credential string `json:"credential,omitempty"` // slug
	Caller     string `json:"caller,omitempty"`     // of the gateway, or "cli"
	Run        string `json:"run,omitempty"`
}

// QuotaLine is a line of a day's ledger.
type QuotaLine struct {
	QuotaEntry
	Calls int `json:"calls"`
}

// QuotaSample is what was called of an account by a time of its UTC day.
type QuotaSample struct {
	At    time.Time   `json:"at"`
	Lines []QuotaLine `json:"lines"`
}

// QuotaCurve is how the calls of an account grew over a UTC day.
type QuotaCurve struct {
	Date    string        `json:"date"`
	Labels  []string      `json:"labels"` // what was called: "Heavy", "phone Light"
	Points  []QuotaPoint  `json:"points"` // oldest first; the first is the day's beginning
	Callers []CallerCalls `json:"callers"`
}

// QuotaPoint is how many calls of each of a curve's labels had been made by a time.
type QuotaPoint struct {
	At    time.Time `json:"at"`
	Calls []int     `json:"calls"`
}

// CallerCalls is how many calls of a day somebody made.
type CallerCalls struct {
	Caller     string `json:"caller"` // of the gateway, or "cli"
	Credential string `json:"credential,omitempty"`
	Run        string `json:"run,omitempty"`
	Calls      int    `json:"calls"`
}
