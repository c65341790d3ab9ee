package stagedoor

import (
	"time"
)

// Stream is one data set that can be read, as data. What the declaration can
// not say (a time in a format of its own) is a [ColumnType].
type Stream struct {
	Name        string
	Title       string
	Family      string // what it is listed under: "people", "reports"
	Description string
	Docs        string // the provider's page
	Derived     bool   // computed by us, not read
	// From is the stream that a derived one is worked out from, slice by slice
	// and part by part, out of the same answers; Method, Path and all that says
	// how to read are then that stream's.
	From string

	Method string // of the operation that reads it
	Path   string
	// ListKeys are the keys of the answer that may hold the rows, the
	// provider's own first, then the forms that integrators publish.
	ListKeys []string
	PageSize int                 // the most that the provider permits
	Params   map[string]string   // always sent
	Passes   []map[string]string // one walk each, for operations that show a part at a time

	Window    *Window    // nil: not bounded by days
	Partition *Partition // nil: read as one
	Columns   []Column
	// Day are the columns whose UTC day a key starts with, the first that is
	// not empty; none where rows have no day.
	Day []string
	// ID are the columns that identify a row: the first alternative whose first
	// column is not empty, with all of its columns (an empty one among the others
	// counts as it is). Rows without any have as key a hash of the Content
	// columns and an ordinal among their equals of that day and part. Content
	// never changes once rows were written somewhere: it is what makes a row the
	// same row.
	ID      [][]string
	Content []string
	// ShowsGone tells that a row which is left out of a whole reading (of its
	// days, and of its part) is gone at the provider.
	ShowsGone bool
	// EmptyMeans is what an empty answer may mean, for people; with a kind of
	// its own so that programs can tell.
	EmptyMeans *Error
	// Example is one record as the provider sends it, for the catalogue.
	Example string
}

// Partition splits a stream that the provider shows only a part at a time: it
// is read once for each row of a parent stream. Of a parent without a window
// each part has slices of its own. Of one with a window ([Partition.Nested])
// the parent's rows of a slice's days are found first, and the slice then holds
// all of their parts: a hundred thousand meetings a year are some hundred
// slices and not a hundred thousand.
type Partition struct {
	Stream string // the parent: "users"
	Column string // of the parent's rows, whose value names the part: "id"; rows without one are no part
	Param  string // of the stream's path that it fills: "userId"
	// Into is the stream's own column that holds the part's value, since the
	// records need not name what they were asked for; it tells the rows of one
	// part from those of another.
	Into string
	// Nested tells that the parts lie inside a slice. The stream has a window
	// then, whose From and To are empty, since the parts are asked for without
	// days, and Day names a column that the parent's row fills (see Carry).
	Nested bool
	// Carry are further columns that the parent's row fills, since the records
	// lack them: the parent's column → the stream's own.
	Carry map[string]string
	// Only are the parent's rows that have parts of this stream: a column of the
	// parent → the value that it must have. Nil means all.
	Only map[string]string
	// Gone are the provider's error codes which say that the part is not there
	// (any more, or not yet) or can not be had: it is left out, with the reason,
	// and the others are read.
	Gone []string
	// Empty are codes which say that a part has no rows, which is nothing to tell.
	Empty []string
	// Alone names a column of the parent that counts people. Where it says one,
	// Gone codes mean no rows: the provider reports nothing on somebody who was
	// alone.
	Alone string
}

// Part is one part of a stream that is read in parts.
type Part struct {
	Value string // of the parent's row, by which the part is asked for
	// Carried are the values that the parent's row gives to each record of the
	// part, by the stream's own columns ([Partition.Carry]).
	Carried map[string]any
}

// Window bounds a stream by whole UTC days.
type Window struct {
	From, To string // names of the query parameters, yyyy-MM-dd, both days included
	LookBack int    // months that the provider keeps; 0 means no limit that it states
	First    int    // without LookBack: months that a first reading goes back unless it is told where to begin; 0 means that it must be told
	// Settle is how long after the end of a day its rows may still arrive.
	Settle time.Duration
	// Days is how many days a slice spans at most; 0 means a calendar month.
	Days int
}

// ColumnType is the type of a column.
type ColumnType string

// The column types.
const (
	Text         ColumnType = "text"
	Integer      ColumnType = "integer"       // 64 bits, never a float
	Real         ColumnType = "real"          //
	Boolean      ColumnType = "boolean"       //
	Timestamp    ColumnType = "timestamp"     // RFC 3339
	ActivityTime ColumnType = "activity_time" // "2024-03-21 07:09:03:216", taken as UTC
	MinuteTime   ColumnType = "minute_time"   // "12/22/2021 16:20", taken as UTC
	Digits       ColumnType = "digits"        // an id shown in groups: "982 610 0285"
	JSON         ColumnType = "json"          // a list or an object
)

// Column is one column of a stream.
type Column struct {
	Name  string // in tables and files
	Field string // in the provider's record; empty means Name
	Type  ColumnType
	About string // a line for the catalogue
}

// Source returns the name of the field in the provider's record.
func (c Column) Source() string {
	if c.Field != "" {
		return c.Field
	}
	return c.Name
}

// Record is one row with its key.
type Record struct {
	Key string
	// Values stand in the order of the stream's columns: nil, string, int64,
	// float64, bool, or time.Time in UTC. JSON columns are strings.
	Values []any
	Raw    []byte // the record as the provider sent it
}

// Decoded is a record and what was odd about it.
type Decoded struct {
	Record
	Unknown []string // fields that the stream does not know; they are in Raw
	Changed []string // columns whose value was not of their type; they are nil
	Cleaned int      // values in which NUL or lone surrogates were replaced
}

// Days is a span of whole UTC days, both included.
type Days struct {
	Since, Until time.Time // midnight UTC
}

// DayOf returns the UTC day that t lies in.
func DayOf(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

// Count returns how many days there are; 0 where Until lies before Since.
func (d Days) Count() int {
	if d.Until.Before(d.Since) {
		return 0
	}
	return int(d.Until.Sub(d.Since)/(24*time.Hour)) + 1
}

// String returns "2026-01-01..2026-01-31".
func (d Days) String() string {
	return d.Since.Format(time.DateOnly) + ".." + d.Until.Format(time.DateOnly)
}

// Slice is the part of a stream that is read and written as one: all of it, or
// a window of days; and of streams with a partition, that of one part.
type Slice struct {
	Stream    string
	Params    string // the request's own parameters in their canonical form; empty for none
	Partition string // the part's value; empty for streams that are read as one
	Days      Days   // zero for streams without a window
}

// ID names the slice in checkpoints and files: "2026-01-01..2026-01-31" or
// "all", and of a part "2026-01-01..2026-01-31@KDcuGIm1QgePTO8WbOqwIQ".
func (s Slice) ID() string {
	id := "all"
	if !s.Days.Since.IsZero() {
		id = s.Days.String()
	}
	if s.Partition != "" {
		id += "@" + s.Partition
	}
	return id
}

// Checkpoint tells how a slice was read and written.
type Checkpoint struct {
	Slice
	Run      string
	ReadAt   time.Time // when reading began; never zero
	Returned int       // rows that the provider gave
	Written  int       // rows that were written
	// Cut tells that reading was stopped before the slice's end: the rows are
	// written, but no checkpoint is kept, so the next run reads the slice again.
	Cut bool
	// Ended tells that the slice's part is not there any more at the provider.
	// Nothing was read; every row of the part, of whatever day, is marked as
	// gone, and none of its checkpoints is kept.
	Ended bool
}
