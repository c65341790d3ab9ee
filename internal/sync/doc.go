// Package sync moves streams into a destination, slice by slice, and writes a
// [stagedoor.Receipt] of what it did.
//
// An [Engine] first plans ([Engine.Plan]): which days were asked for, which of
// them the destination holds already (by the checkpoints that it keeps itself),
// which the provider no longer keeps; the rest is cut into slices of whole UTC
// days. Then it runs ([Engine.Run]): a slice is read from its first page to its
// last and committed with its checkpoint, or not at all. A page token never
// outlives its slice; a slice whose token died, or whose list changed while it was
// read, is read again from its start, and rows keep their keys, so nothing is lost
// or doubled.
//
// A run is a row of nodes (run.go), each a list of streams that one reading
// serves: the stream itself, what is worked out of its rows, and what is read by
// them. So each parent is walked once, and to its end before its children begin: no
// page is held open while they are read. Nodes of different labels run at the same
// time, and the lists of one label side by side as its lane permits (lane.go). Of
// one part the slices are committed in the order of their days, since the next run
// begins where the first of them begins.
//
// What a whole reading leaves out is gone, and only that: not where a part was left
// out, a row was broken or the counts differ. An account that shows nothing at all
// has more likely lost a right than every row, so days that came back empty are
// gone only where other days show rows (gone.go).
//
// Package sync knows neither HTTP nor SQL: it is given a [Reader], a [Decoder], a
// [Deriver] and a [stagedoor.Destination].
package sync
