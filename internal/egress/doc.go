// Package egress is the way out: it decides to which hosts a request that
// carries a credential may go, and takes it there.
//
// [Transport] is an [net/http.RoundTripper] that asks two questions. Before a
// request is sent: is the host, by name, on the credential's list? The list is
// the provider's own hosts and what a person added with --allow-host. And while
// a connection is dialed: is the address that the name resolved to a public
// one? The second is asked of the very address that is connected to, so DNS can
// not change its mind in between. Private addresses are reached only where
// --allow-host names the host.
//
// Behind HTTPS_PROXY it is the proxy that resolves and dials, so the first
// question alone is asked. Every hop of a redirect is a request of its own and
// is asked again.
//
// Package egress puts no credential on a request and knows no token.
package egress
