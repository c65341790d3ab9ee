// Package snippet writes the code with which a caller of the gateway is used:
// for curl, Python, Go, Node, Salesforce, Postman and Power Automate, with this caller's id and
// addresses and with one call that its rules allow ([Choose]). Its parts are the
// files of the folder form. No secret is in what it writes: programs read it from
// the environment variable STAGEDOOR_CALLER_SECRET, or ask on a terminal.
//
// It does not know callers (package caller does), and runs nothing.
package snippet
