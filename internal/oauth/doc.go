// Package oauth is the authorization server that callers meet: the standard
// OAuth in front of the gateway. [New] gives the handler of four addresses:
//
//	POST /oauth/token        a caller's id and secret, or its signed assertion, for an access token
//	POST /oauth/revoke       a caller ends one of its own tokens (RFC 7009)
//	POST /oauth/introspect   an operator asks whether a token counts, and whose it is (RFC 7662)
//	GET  /.well-known/oauth-authorization-server   where all that is (RFC 8414)
//
// A token is got with client_credentials (RFC 6749 section 4.4) or with Zoom's
// own account_credentials, so that a program made for Zoom needs only another
// address. Errors are those of RFC 6749 section 5.2, to the letter, with a
// description that says what to do and never repeats what was sent.
//
// It neither keeps callers nor makes tokens: it asks its [Callers]. It never sees
// a Zoom credential or a Zoom token, serves no browser (there is no CORS, no
// authorization endpoint, no OpenID Connect), and forwards nothing.
package oauth
