// Package gateway is the reverse proxy under /to/: it lets a caller through to
// one credential's API with exactly the rights that the caller was given.
//
// [New] returns its handler. A request is answered in this order: has it come
// round in a circle, whose access token is it, is the credential the caller's, may the
// caller do this ([Callers]), and only then is the credential opened
// ([Credentials]) and the request sent on, byte for byte, with the caller's
// Authorization replaced. Beside the API it serves the caller's OpenAPI
// document, files ([Connection] sends both), and, to those who may have it, the
// token itself. Every request leaves one [stagedoor.Event].
//
// The path that is judged is the one that came over the wire, so the handler
// must see it: mount it with [Mount], and behind nothing that cleans paths,
// redirects, or sets deadlines of its own for whole requests.
//
// Package gateway keeps no credential, counts no quota and knows no rule.
package gateway
