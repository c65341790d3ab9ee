// Package stream is the table of streams: what can be read from Zoom, declared
// as data, one file per family or list. [All] lists them, [Find] finds one, a
// [Decoder] turns a row as Zoom sent it into a [stagedoor.Record] with its key, and
// a [Deriver] works rows out of those of another stream. README.md tells how to add
// a stream.
//
// It reads nothing itself (package zoom does), and does not know when or into
// what rows are read (package sync does).
package stream
