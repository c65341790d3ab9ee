// Package token gets access tokens for a credential and keeps them alive. It
// is the only place that speaks to a token endpoint.
//
// [NewSource] makes a [Source] from a provider (how its service grants tokens,
// a [stagedoor.Provider], which is data) and a credential. A Source is an
// oauth2.TokenSource, so that anything built on golang.org/x/oauth2 can use it;
// [Source.Get] adds a context and a least remaining lifetime. [Transport] wraps
// an http.Client: it adds the token to each request and, when the service
// rejects a token, gets a new one and asks once more.
//
// A token is in one of three states. While it is fresh or stale, callers get
// it at once: two atomic loads and one reading of the clock. From the moment it
// is stale one renewal runs in the background, and its failure is no caller's
// business until the token has expired. Past that, callers wait together for
// one request to the token endpoint, each as long as its own context allows.
// Expired means that either the wall clock or the monotonic one says so: the
// first is right after a machine slept, the second when the clock was set back.
//
// Processes that use one credential share its token through [Shared], which is
// optional. What happens is told to [Config.Notify]; it never holds a secret.
//
// Not here: storing credentials, deciding who may use one, and pacing.
package token
