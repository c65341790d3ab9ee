// Package providertest holds what every provider file must fulfil. [Run] starts
// a token endpoint that behaves as the file says, on a port of this machine,
// has tokens minted at it, and judges what came of it. The tests of package
// provider run it over the built-in files and the files of docs/providers.md,
// and `stagedoor provider try` over any other.
//
// It proves that a file says what its author means, and that all of it can be
// used: the grant, the answer, the lifetime, the errors. It can not prove that
// the service behaves as the file says; only a real credential does. It does
// not mint itself: whoever calls it brings the way to (package token), so that
// what is judged is what is used.
package providertest
