// Package stdout prints records: as a table for people, as one JSON document,
// as a JSON object a line, or as CSV. [New] gives a [Destination], which
// fulfils stagedoor.Destination; it prints to whatever writer it is given.
//
// The rows of a slice are spooled, first in memory and then in a temporary
// file, and printed at its Commit, since a slice that was aborted is read
// again. Printing keeps no checkpoints and knows nothing of rows that are gone.
//
// Columns stand in the order of the stream. In JSON, numbers, booleans and
// null are such, times are RFC 3339 in UTC with three digits of a second's
// fraction, 64-bit integers keep every digit, and JSON columns are embedded. In
// CSV and tables all of it is text and null is empty. Text is data and is never
// altered in JSON and CSV: a cell that starts with "=" starts with it in CSV
// too, so a spreadsheet should import it as text. In a table control characters
// are escaped, so that no record can move the cursor, and on a terminal cells
// are cut to fit.
package stdout
