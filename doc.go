// Package stagedoor holds the nouns of Stagedoor, the service entrance to the
// Zoom API for programs: [Credential], [Secret], [Token], [Provider],
// [Operation], [Stream], [Record], [Receipt] and [Error].
//
// A type that two packages of this module exchange lives here; what acts on it
// lives in a package named after the act or the technology (token, vault,
// store, zoom, sync). This package imports only the standard library, does no
// input or output, and starts nothing, so that everything else may import it.
//
// Go programs that want a token start at package token, and programs that want
// to be tested without a Zoom account at package zoomsim.
package stagedoor
