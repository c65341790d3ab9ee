// Package destinationtest is the suite that every destination which keeps rows
// must pass. A destination's own test describes itself with a [Kind] and calls
// [Test]; what only that destination has (its errors, its file) it tests itself.
//
// The suite is the long form of the comments at stagedoor.Destination. It holds
// a destination to this: every record comes back exactly; a slice that is
// written again replaces and never doubles; a slice is seen whole with its
// checkpoint or not at all, also when the process is killed; and rows are
// marked as gone only where a reading proves it. A commit with gone marks the
// rows that did not come with it and
//   - whose key lies in the slice: between its first and its last day, or
//     anywhere for a slice without days; for a slice with days of a stream
//     without a day column nothing is marked,
//   - that are of the slice's part, by the column that the stream's partition
//     names, for streams that are read in parts,
//   - that are in the care of the slice's parameters: those of the reading
//     without any wherever that has shown the row, else of the last that has,
//   - that no other run pulled after this reading began.
//
// Whether a reading without any row proves that all are gone is the engine's to
// say: one part may well have none, and a whole account hardly.
package destinationtest
