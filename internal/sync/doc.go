// Package sync moves streams into a destination, slice by slice, and writes a
// [stagedoor.Receipt] of what it did.
//
// An [Engine] first plans ([Engine.Plan]): which days were asked for, which of
// them the destination holds already (by the checkpoints that it keeps itself),
// which the provider no longer keeps; the rest is cut into slices of whole UTC
// days, a calendar month at most. Then it runs ([Engine.Run]): a slice is read
// from its first page to its last and committed with its checkpoint, or not at
// all. A page token never outlives its slice; a slice whose token died is read
// again from its start, and rows keep their keys, so nothing is lost or doubled.
//
// Package sync knows neither HTTP nor SQL: it is given a [Reader], a [Decoder]
// and a [stagedoor.Destination].
package sync
