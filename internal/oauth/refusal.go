package oauth

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/stagedoor/stagedoor"
)

// The error codes.
// Source: RFC 6749 section 5.2; RFC 7009 section 2.2.1 for the last but one, whose
// section 2.2.1 also has the 503 that goes with the last; read 2026-11.
const (
	invalidRequest       = "invalid_request"
	invalidClient        = "invalid_client"
	unauthorizedClient   = "unauthorized_client"
	unsupportedGrant     = "unsupported_grant_type"
	invalidScope         = "invalid_scope"
	unsupportedTokenType = "unsupported_token_type"
	unavailable          = "temporarily_unavailable"
)

// refusal is an error answer. It is made of words of ours alone: nothing of what
// was sent comes back in it.
type refusal struct {
	code        string
	status      int // 0: 400, and 401 of a client that did not prove who it is
	description string
	retry       string // Retry-After, seconds; "" none
}

// Error makes it an error, for errors.As.
func (r refusal) Error() string { return r.code + ": " + r.description }

// malformed is a request that is not of the right form.
func malformed(description string) refusal {
	return refusal{code: invalidRequest, description: description}
}

// kind is what the audit says of a refusal.
func (r refusal) kind() stagedoor.Kind {
	switch r.code {
	case invalidClient:
		return stagedoor.KindUnauthenticated
	case unauthorizedClient:
		return stagedoor.KindForbidden
	case unavailable:
		return stagedoor.KindStore
	}
	return stagedoor.KindUsage
}

// refusalOf turns any error into a refusal. One that says neither who may nor
// who may not is a trouble of this server: a client that tries again may have
// better luck.
func refusalOf(err error) refusal {
	if r, ok := errors.AsType[refusal](err); ok {
		return r
	}
	return refusal{
		code: unavailable, status: http.StatusServiceUnavailable, retry: "5",
		description: "This server can not tell at the moment. Try again in a few seconds; its operator finds the reason in its log.",
	}
}

// answered is the HTTP status. A client that did not prove who it is has a 401
// in whichever way it tried: the header alone makes it a must, but clients of all
// kinds look for it, and its challenge names a way that every caller has.
// Source: RFC 6749 section 5.2, read 2026-11.
func (r refusal) answered() int {
	switch {
	case r.status != 0:
		return r.status
	case r.code == invalidClient:
		return http.StatusUnauthorized
	}
	return http.StatusBadRequest
}

// refuse writes the answer.
func refuse(w http.ResponseWriter, r refusal) {
	if r.answered() == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="stagedoor callers", charset="UTF-8"`)
	}
	if r.retry != "" {
		w.Header().Set("Retry-After", r.retry)
	}
	answer(w, r.answered(), struct {
		Error       string `json:"error"`
		Description string `json:"error_description,omitempty"`
	}{r.code, described(r.description)})
}

// described keeps a description to the characters that it may have: printable
// ASCII without the quotation mark and the backslash.
// Source: RFC 6749 section 5.2, read 2026-11.
func described(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '"':
			return '\''
		case r < ' ' || r > '~' || r == '\\':
			return '?'
		}
		return r
	}, text)
}

// answer writes a JSON document.
func answer(w http.ResponseWriter, status int, document any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(document) // whoever asked has gone
}
