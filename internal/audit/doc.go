// Package audit keeps who did what, to what, with which credential, and how it
// ended: one [stagedoor.Event] a line. [Open] gives the [Log] that a process
// writes its lines to; [Verify] finds what was done to them since.
//
// Each process writes a chain of its own, so that many may write at once. A line's
// MAC covers the line, its place, and the MAC of the line before it. The line that
// opens a chain also names the chain opened before it, and how far every chain
// reached that grew since: so a line, a tail or a whole chain that is missing
// below the newest opening is missed. What came after the newest opening is held
// by a head ([Head]) that somebody keeps elsewhere.
//
// The key of the MACs comes from the vault. Who has the database alone can read
// the lines, and can not change them unseen; who has the key too can.
//
// The package writes no header, no body and no query of a request: an event has no
// field for one.
package audit
