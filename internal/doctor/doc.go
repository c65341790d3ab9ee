// Package doctor says what is wrong in words that lead on: [Explain] takes any
// error text that a person pastes and finds its cause and fix in the provider's
// error table, and [Catalogue] prints that table as a page.
//
// It calls nobody. The errors of Stagedoor itself are explained where they
// happen, from the same table.
package doctor
