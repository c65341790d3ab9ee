// Package postgres keeps records in a schema of a PostgreSQL database (13 or
// newer): a table for each stream, and the checkpoints beside them in
// _stagedoor_slices. [Open] gives a [Destination], which fulfils
// stagedoor.Destination.
//
// A table is named after its stream. It has the stream's columns in order, and
// _key (the primary key; starts with the row's UTC day; sorts by bytes, whatever
// the database's language), _params (the parameters of the reading that has the
// row in its care, see below), _run, _pulled_at, _deleted_at and _raw. Times are
// timestamptz, whole numbers bigint, others double precision. Lists and objects
// are json and not jsonb: jsonb refuses \u0000 and lone surrogates, sorts names
// and forgets repeated ones, while json keeps the text as it came and has the
// same operators; who wants to index them adds a jsonb column of his own.
// _raw is the record as the provider sent it. PostgreSQL's text can not hold NUL
// or what is not UTF-8: of such a record _raw has U+FFFD in their place, and
// _raw_bytes, which is null otherwise, has the very bytes, so that
// coalesce(_raw_bytes, convert_to(_raw, 'UTF8')) is exact for every row. A key
// longer than an index takes keeps its beginning and ends in a hash.
//
// A slice is staged on this side, in memory and beyond that in a temporary file
// without a name, in the form that COPY takes. So no connection is held while
// pages come from the provider, and one that is lost meanwhile is nobody's loss.
// Commit sends it in one transaction: straight into the table where that holds
// none of the slice's keys yet, and otherwise through a temporary table and a
// merge. Rows, marks and checkpoint come together or not at all. A commit that
// fails for a passing reason (a lost connection, a server that starts again, a
// deadlock) is sent again; when the connection is lost during COMMIT itself, the
// checkpoint tells whether it came through. COMMIT does not wait for the server's
// disk: Finish does, and Close, and both fail where a crash of the server has taken
// something that was committed; see settle.go. Commits into one table wait for each
// other by an advisory lock, also those of other processes. Nothing lasts beyond
// a transaction, so PgBouncer's transaction mode is fine.
//
// Rows that Zoom no longer gives stay unless the commit is told to look for
// them; then they get _deleted_at, if
//   - the row's key lies in the slice (its days, or anywhere for a slice
//     without days; a slice with days of a stream whose keys have none marks
//     nothing), and belongs to the slice's part, by the column that tells,
//   - the row is in the care of the same parameters: the reading without any
//     wherever that has shown the row, otherwise the last one that has, and
//   - no other run pulled the row after this reading began.
//
// It is no store of Stagedoor's own, it does not tune the server, and it makes
// no views: the tables are the user's to query, index and grant.
package postgres
