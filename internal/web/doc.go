// Package web is the page for people: credentials as tiles, callers, quota, the
// audit and the machine's health, rendered here and sent as HTML.
//
// New makes a handler out of Options, which hold the services that the pages
// use, each an interface of a noun, declared beside the page that uses it. The
// one table of routes (routes.go) says of each page who may see it; nothing is
// reached that is not in the table. A page is a templ file beside the Go file of
// its handlers: credentials.go and credentials.templ. Its texts are in the child
// package words, its style and scripts in assets/.
//
// Pages work by links and forms; htmx swaps parts of them in place where there is
// a script, and Live tells them when something changed. They load nothing from
// anywhere else, and no script or style stands inside of them, which the content
// security policy holds.
//
// It is no API for programs, which is package api, and knows nothing of how
// anything is done: that is behind its interfaces.
package web
