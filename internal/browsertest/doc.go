// Package browsertest has tests look at a page as people do: in Chromium, by what
// stands on buttons, links and fields, with a mouse and keys.
//
// A [Page] is a tab of a browser that shares nothing with others, as a private window.
// A script that fails, a broken rule of the content security policy and a request to
// anywhere else than the tested site fail the test, whatever it looks for. Waiting is
// always for something, never for a time.
//
// It starts no Stagedoor, and knows none of its pages.
package browsertest
