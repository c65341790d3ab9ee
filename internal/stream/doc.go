// Package stream is the table of streams: what can be read from Zoom, declared
// as data, one file per family. [All] lists them, [Find] finds one, and a
// [Decoder] turns a row as Zoom sent it into a [stagedoor.Record] with its key.
//
// It reads nothing itself (package zoom does), and does not know when or into
// what rows are read (package sync does).
package stream
