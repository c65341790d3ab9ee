package stagedoor

import (
	"errors"
	"time"
)

// Receipt tells what one run did, slice by slice. `sync … --json` prints it.
type Receipt struct {
	Run         string         `json:"run"`
	Credential  string         `json:"credential"`
	Destination string         `json:"destination"`
	Started     time.Time      `json:"started"`
	Ended       time.Time      `json:"ended"`
	State       string         `json:"state"` // done, partial, failed, interrupted
	Streams     []StreamReport `json:"streams"`
	NotBegun    []string       `json:"not_begun,omitempty"` // streams whose turn had not come when the run ended
}

// StreamReport is a receipt's part on one stream.
type StreamReport struct {
	Stream string       `json:"stream"`
	Form   string       `json:"form,omitempty"`       // the key that held the rows, where the stream knows more than one
	Parts  *PartsReport `json:"partitions,omitempty"` // of streams that are read in parts
	// Slices may be kept elsewhere; SlicesWritten counts those that were
	// written all the same.
	Slices        []SliceReport  `json:"slices"`
	SlicesWritten int            `json:"slices_written"`
	Returned      int            `json:"returned"`
	Written       int            `json:"written"`
	Gone          int            `json:"gone,omitempty"` // rows that got _deleted_at
	Requests      int            `json:"requests"`
	Retries       int            `json:"retries"`
	Skipped       []Skip         `json:"skipped,omitempty"`
	Drift         map[string]int `json:"drift,omitempty"`   // fields that the stream does not know → rows that had them
	Cleaned       int            `json:"cleaned,omitempty"` // values with NUL or lone surrogates, replaced in columns and kept in _raw
	Notices       []Notice       `json:"notices,omitempty"`
	Error         *Notice        `json:"error,omitempty"` // what stopped it
}

// PartsReport tells by what a stream was read in parts.
type PartsReport struct {
	Of       string `json:"of"` // the parent stream: "users"
	Count    int    `json:"count"`
	Gone     int    `json:"gone,omitempty"`     // parts that were not there (any more, or not yet) when they were read
	Ended    int    `json:"ended,omitempty"`    // parts of former runs that the parent does not list any more
	Requests int    `json:"requests,omitempty"` // calls that finding them took
}

// The states of a slice in a receipt.
const (
	SliceWritten = "written"
	SliceFailed  = "failed"
	SliceSkipped = "skipped" // its part is not there any more
	SliceEnded   = "ended"   // nothing was read: its part is not listed any more, and its rows are marked
)

// SliceReport is a receipt's part on one slice.
type SliceReport struct {
	Slice    string   `json:"slice"`
	State    string   `json:"state"`                // written, failed, skipped or ended
	Asked    []string `json:"asked"`                // the calls, without page tokens
	Parts    int      `json:"partitions,omitempty"` // where parts lie inside the slice: how many were read by these calls
	Returned int      `json:"returned"`
	Written  int      `json:"written"`
	Gone     int      `json:"gone,omitempty"` // rows that got _deleted_at
	Pages    int      `json:"pages"`
	Requests int      `json:"requests"`           // calls that were sent, also for readings that broke off
	Retries  int      `json:"retries"`            // those of them that were sent again
	Restarts int      `json:"restarts,omitempty"` // times it was read again from its start
	Total    *int     `json:"total,omitempty"`    // the provider's own count, where it gives one
}

// Skip is something that was asked for and is not there.
type Skip struct {
	What   string `json:"what"` // "2026-01-01..2026-02-28", "row 17 of 2026-03-01..2026-03-31"
	Reason string `json:"reason"`
	Rows   int    `json:"rows,omitempty"`
}

// Notice is an error or a warning as data.
type Notice struct {
	Kind     Kind   `json:"kind"`
	Cause    string `json:"cause"`
	Fix      string `json:"fix,omitempty"`
	Code     string `json:"code,omitempty"`
	Tracking string `json:"x_zm_trackingid,omitempty"`
}

// NoticeOf returns err as data.
func NoticeOf(err error) Notice {
	if e, ok := errors.AsType[*Error](err); ok {
		return Notice{Kind: e.Kind, Cause: e.Cause, Fix: e.Fix, Code: e.Code, Tracking: e.Tracking}
	}
	return Notice{Kind: KindInternal, Cause: err.Error()}
}
