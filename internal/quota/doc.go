// Package quota decides when a request may leave, so that an account's limits
// are used to the full and no request is refused by them.
//
// An [Account] is what a provider counts: everything that is called on one
// account, by whichever credential. [Account.Admit] waits for a call's turn. A
// turn comes from a lane, which paces one label of one family
// (lane.go), in an order that respects callers' shares and classes (queue.go),
// and is counted in the day's ledger (day.go). Several processes share an
// account through a document in the store, of which each holds a part for a few
// seconds (part.go).
//
// The package sends nothing and knows no HTTP: package zoom tells it how each
// request ended. The limits are data of the provider's file.
package quota
