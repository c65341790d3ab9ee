// Package app builds Stagedoor's parts from its settings and joins them: the
// store and the vault over it, a token source and a client of Zoom for a
// credential, a sync from a stream into a destination. [Open] builds them in
// order and [App.Close] stops them in reverse.
//
// It is the one package beside cli that sees the others. What a part does
// stands in its own package; what a person types and reads stands in cli.
package app
