// Package api is /api/v1: every noun of Stagedoor as JSON, for programs. What they
// may do stands in one table ([Routes]), each row with the least role that it
// takes; who they are they show with an operator's token, as a bearer token and in
// no other way, so that no page of a stranger's can act through a browser.
//
// Errors are problem documents (RFC 9457, read 2026-11), and nothing that was sent
// stands in one where it could be a secret. Lists come in pages. A write that comes
// with an Idempotency-Key is done once, however often it comes (the draft
// draft-ietf-httpapi-idempotency-key-header-07, read 2026-11).
//
// The OpenAPI document is made from the same table and the same types that serve
// the requests: docs/openapi.json is a copy of it. The package holds no rule of its
// own on credentials, callers or runs; those are the services' that it is given,
// which the page and the commands use too.
package api
