// Package cli is the command line: one file per command, which reads flags,
// calls package app and prints. [Main] runs a command line and returns its exit
// status. The user stories that hold its behaviour are scripts in testdata.
//
// Rows and documents go to stdout, everything said to a person to stderr. No
// command takes a secret as a flag's value.
package cli
