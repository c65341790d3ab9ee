// Package words holds every English text of the page in one place, one file per
// page, so that they can be read in one go, kept alike, and translated one day.
// Texts of errors are not here: they come with the error, from where it happened.
package words

// What stands on every page.
const (
	Product   = "Stagedoor"
	Skip      = "Skip to the content"
	SignIn    = "Sign in"
	SignOut   = "Sign out"
	Theme     = "Colours"
	ThemeAuto = "System"
	Light     = "Light"
	Dark      = "Dark"
	Copy      = "Copy"
	Copied    = "Copied"
	Close     = "Close"
	Cancel    = "Cancel"
	Back      = "Back"
	Version   = "Version"
	WhatToDo  = "What to do"
	WentWrong = "That did not work"
	Lost      = "The connection to Stagedoor is lost. The page goes on by itself when it is back."
	Main      = "Main"
	Required  = "required"

	Leaves     = "Parts of the list"
	LeafBefore = "Previous"
	LeafAfter  = "Next"
	LeafOf     = "of"
)

// Section is a line of the navigation.
type Section struct{ Path, Name string }

// Sections are what can be gone to, in order.
func Sections() []Section {
	return []Section{
		{"/credentials", "Credentials"},
		{"/callers", "Callers"},
		{"/quota", "Quota"},
		{"/audit", "Audit"},
		{"/health", "Health"},
		{"/operators", "Operators"},
	}
}
