// Package form asks a person at a terminal. An [Asker] puts [Question]s: texts,
// secrets, one choice, several. [Screen] puts them as pages that check while
// one types, and lets one go back; [Lines] puts them as plain lines, for screen
// readers and for terminals that can not move their cursor.
//
// It knows how to ask, and nothing of what is asked for. Both need a terminal:
// who has none is asked nothing.
package form
