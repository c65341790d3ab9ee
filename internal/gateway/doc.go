// Package gateway is the reverse proxy under /to/: it lets a caller through to
// one credential's API with exactly the rights that the caller was given.
//
// [New] returns its handler. A request is answered in this order: has it come
// round in a circle, whose access token is it, is the credential the caller's, may the
// caller do this ([Callers]), and only then is the credential opened
// ([Credentials]) and the request sent on, byte for byte, with the caller's
// Authorization replaced. Beside the API it serves the caller's OpenAPI
// document, files ([Connection] sends both), and, to those who may have it, the
// token itself. Every request leaves one [stagedoor.Event].
//
// The path that is judged is the one that came over the wire, so the handler
// must see it: nothing in front of it may clean paths, redirect, or set deadlines
// of its own for whole requests. Package server hands it what begins with [Prefix].
//
// Headers: what is between the caller and the gateway stays there
// (Authorization, Cookie, Forwarded, X-Forwarded-*, the hop-by-hop ones), and so
// does what asks for another method or path than the request line. Via is
// continued (RFC 9110 §7.6.3); by it a circle is seen. The caller's User-Agent
// and Accept-Encoding go on as they are; a caller without the first is called
// stagedoor, and one without the second gets its answers plain. No X-Forwarded-*
// is added: who calls is told to nobody. Of answers, Set-Cookie and what speaks
// for a host (Strict-Transport-Security, Alt-Svc, Access-Control-* …) is dropped, and
// Vary names Authorization. A connection on which a body is left unread is closed.
//
// Errors of the gateway's own are problem documents (RFC 9457) that are also
// errors in the form of Zoom's, with code and message; Zoom's come as they are,
// 401 excepted, which to a caller means its own token.
//
// Package gateway keeps no credential, counts no quota and knows no rule.
package gateway
