// Package operator knows who may look into a running Stagedoor and act on it.
// [Operators] keeps the tokens that operators' programs show (a Prometheus
// server, a script): each has a name, a [stagedoor.Role] and an end. Only the
// SHA-256 of a token is kept; the token itself is seen once, by whoever made it.
//
// [Operators.Verify] answers from memory, so that no request waits for the
// database; [Operators.Reload] brings the memory up to date, whenever the
// store's revision moved. [Operators.Require] puts a guard before an HTTP handler.
//
// The programs that are let through to Zoom are not operators but callers, and
// none of a caller's tokens opens anything here.
package operator
