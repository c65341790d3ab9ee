package stagedoor

import "encoding/json"

// StreamInfo is everything that is known of a stream.
type StreamInfo struct {
	Name        string `json:"name"`
	Title       string `json:"title"`
	Family      string `json:"family"`
	Derived     bool   `json:"derived"`
	From        string `json:"derived_from,omitempty"` // the stream that it is worked out from, out of the same calls
	Description string `json:"description"`
	Docs        string `json:"docs,omitempty"`

	Operation string              `json:"operation,omitempty"` // "GET /users"
	Label     Label               `json:"label,omitempty"`
	PageSize  int                 `json:"page_size,omitempty"`
	Params    map[string]string   `json:"params,omitempty"`
	Passes    []map[string]string `json:"passes,omitempty"`
	Window    *StreamWindow       `json:"window,omitempty"`
	Partition *StreamPartition    `json:"partition,omitempty"`
	Plan      Plan                `json:"plan"` // the smallest that has it
	Limits    []StreamLimit       `json:"limits"`
	Scopes    StreamScopes        `json:"scopes"`
	Roles     []string            `json:"roles"` // what the role of the app's owner must permit

	Columns    []StreamColumn  `json:"columns"`
	Key        StreamKey       `json:"key"`
	ShowsGone  bool            `json:"shows_gone"`
	EmptyMeans *Notice         `json:"empty_means,omitempty"`
	Example    json.RawMessage `json:"example,omitempty"`

	// With a credential.
	Credential string   `json:"credential,omitempty"`
	Readable   *bool    `json:"readable,omitempty"` // nil where it can not be told
	Why        string   `json:"why,omitempty"`      // why not, or why it can not be told
	Missing    []string `json:"missing,omitzero"`   // scopes
}

// StreamWindow tells how a stream is bounded by days.
type StreamWindow struct {
	LookBackMonths int     `json:"look_back_months"` // 0: no limit known
	SettleHours    float64 `json:"settle_hours"`     // how long after a day its rows may still come
	SliceDays      int     `json:"slice_days"`       // that are read and written as one; 0: a calendar month
}

// StreamPartition tells of which stream's rows a stream is read for each.
type StreamPartition struct {
	Stream string `json:"stream"`
	Column string `json:"column"`
	Param  string `json:"param"`
	Only   string `json:"only,omitempty"` // the rows that have some: "type=Meeting"
	// Nested tells that the parts of the same days are read and written as one.
	Nested bool `json:"nested"`
}

// StreamLimit is a rate limit under one plan; 0 is none.
type StreamLimit struct {
	Plan      Plan    `json:"plan"`
	PerSecond int     `json:"per_second,omitempty"`
	PerMinute int     `json:"per_minute,omitempty"`
	PerDay    int     `json:"per_day,omitempty"`
	DayOver   []Label `json:"per_day_over,omitempty"` // the labels that share PerDay, where there are several
}

// StreamScopes are the least scopes that a stream is read with, those of its
// parents included: all of one style.
type StreamScopes struct {
	Granular []string `json:"granular"`
	Classic  []string `json:"classic"`
}

// StreamColumn is one column.
type StreamColumn struct {
	Name  string     `json:"name"`
	Field string     `json:"field"`          // in Zoom's record; empty where it has none
	From  string     `json:"from,omitempty"` // then: the column it comes from, "history_meetings.topic"
	Type  ColumnType `json:"type"`
	About string     `json:"about,omitempty"`
}

// StreamKey tells what a row's key is made of.
type StreamKey struct {
	Day     []string `json:"day"`
	ID      []string `json:"id"`
	Content []string `json:"content"`
}
