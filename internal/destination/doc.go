// Package destination opens the place that --into names. [Open] reads the URL
// and returns a stagedoor.Destination from one of its children: stdout prints,
// sqlite and postgres keep a table for each stream, and folder keeps files, which
// jsonl, csv and parquet lay out. Those that keep rows pass one suite, package
// destinationtest.
//
// It knows no saved destinations and reads no environment: who calls Open has
// put the URL in the place of a saved name or of env:VAR before.
package destination
