// Package zoom is the only client of Zoom's API.
//
// [Client] sends one request with [Client.Do] and walks a paged list with
// [Client.Pages]. It sends each request when its [Quota] gives it its turn, waits
// out short rate limits, tries again after faults that pass by themselves, and
// explains every refusal as a [stagedoor.Error] through the
// provider's table. [Table] is the list of Zoom's operations, with labels,
// scopes, parameters and list keys, and [Path] puts identifiers into their
// paths as Zoom wants them.
//
// Package zoom holds no credential: the [net/http.RoundTripper] it is given
// puts the token on each request, renews it, and decides which hosts may be
// reached. It does not know what a stream is, nor where rows go, and counts
// no quota: it tells its Quota how each request ended.
package zoom
