// Package provider turns provider files into [stagedoor.Provider] values: the
// files that come with Stagedoor ([BuiltIn]), those of the user ([Folder]) and
// any other ([Load]).
//
// A file that is not valid is refused with its name, line, field, the reason
// and what to do; a file is either taken whole or not at all. Nothing is read
// that was not asked for: finding a provider opens one file at most, and none
// for Zoom. The package does not act on a provider: package token asks for
// tokens, zoom calls the API, and providertest holds what a file must fulfil.
package provider

//go:generate go test . -run TestZoomValue -update
