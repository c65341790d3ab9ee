// Package caller is who may come in, and what each of them may do: the programs
// that the gateway lets through to a credential, their rules, and their OAuth
// tokens. [Open] gives the [Callers] of a database.
//
// A caller is refused whatever its rules do not allow. [Callers.Permit] judges a
// request by its path exactly as it came on the wire, and takes no path that two
// servers could read in two ways: what it allows is what arrives. Rules are read
// by [ParseRule]; those by scope go through the provider's table of operations.
//
// Secrets are kept as hashes. Access tokens are kept nowhere: each says in itself
// whose it is and when it ends, under a MAC, so that they outlive a restart; only
// those that were revoked early have a row. Everything that a request needs is in
// memory, and [Callers.Reload] brings it up to date.
//
// The package speaks neither HTTP nor OAuth, and knows no credential's secret.
package caller
