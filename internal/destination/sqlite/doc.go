// Package sqlite keeps records in one SQLite file: a table for each stream,
// and the checkpoints beside them in _stagedoor_slices. [Open] gives a
// [Destination], which fulfils stagedoor.Destination.
//
// A table is named after its stream. It has the stream's columns in order, and
// _key (the primary key; starts with the row's UTC day), _params (the
// parameters of the reading that has the row in its care, see below), _run,
// _pulled_at, _deleted_at and _raw. Times are text, RFC 3339 in UTC with
// exactly three digits of a second's fraction, so that they sort as they
// should; booleans are 0 and 1; ids, JSON and digits are text. _raw is text
// exactly as the provider sent it, or a BLOB where it holds bytes that SQLite's
// text cannot (NUL, invalid UTF-8). The tables are ordinary rowid tables, since
// rows are long: a WITHOUT ROWID table keeps whole rows in the inner pages of
// its tree.
//
// A slice is staged in memory, and beyond some MiB of all open slices together
// in a file without a name (mode 0600), so that memory stays flat and nobody
// waits for the network inside a transaction. Commit sorts it by key and writes
// it with one BEGIN IMMEDIATE: rows, marks and checkpoint, all or nothing,
// whenever the process dies. Rows that Zoom no longer gives stay
// unless the commit is told to look for them; then they get _deleted_at, if
//   - the row's key lies in the slice (its days, or anywhere for a slice
//     without days; a slice with days of a stream whose keys have none marks
//     nothing), and belongs to the slice's part, by the column that tells,
//   - the row is in the care of the same parameters: the reading without any
//     wherever that has shown the row, otherwise the last one that has, so that
//     a reading of inactive users never marks the active ones, and
//   - no other run pulled the row after this reading began.
//
// It is not Stagedoor's own database (package store), and it encrypts nothing:
// the file is made with mode 0600, since rows are personal data, and lies where
// the user put it.
package sqlite
