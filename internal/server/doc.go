// Package server is the door of the daemon: where it listens, with which
// certificate, whom it takes a request to come from, and to which part it hands
// the request. It stops gracefully.
//
// It reads a request's target as it came and cleans nothing: what is below /to/
// goes to the gateway untouched, so that no rule is judged by another path than
// the one that is sent on, and no answer is a redirect.
//
// What the parts do stands in their packages; app gives them here as handlers.
package server
