// Package doctor says what is wrong in words that lead on. [Explain] takes any
// error text that a person pastes and finds its cause and fix in the provider's
// error table; [Catalogue] prints that table as a page. [Machine] and [Patient]
// look a machine and a credential over, one [Check] after another, each with
// its fix.
//
// It reads files of this machine, and calls nobody by itself: the way to a host
// and the requests are an [Account]'s, which goes where a credential may go. It
// mends nothing. The errors of other commands are explained where they happen,
// from the same table.
package doctor
