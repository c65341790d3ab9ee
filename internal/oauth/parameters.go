package oauth

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
)

// largestBody is how much of a request's body is read, in bytes. A signed
// assertion has a few kilobytes.
const largestBody = 64 << 10

// parameters are those of a request that this server knows, each with its one
// value, which is never empty.
// Source: RFC 6749 section 3.2 (without a value: as if omitted; twice: refused;
// not known: ignored), read 2026-11.
type parameters map[string]string

// known are the names that may stand in a body.
var known = []string{
	"grant_type", "scope", "account_id",
	"client_id", "client_secret", "client_assertion_type", "client_assertion",
	"token", "token_type_hint",
}

// inQuery are those that may stand in the URL of the token endpoint instead: there
// Zoom's clients put them. None is a secret.
var inQuery = []string{"grant_type", "scope", "account_id"}

// notInQuery land in logs of servers and proxies when they stand in a URL.
var notInQuery = []string{"client_secret", "client_assertion", "token"}

// read returns the parameters of a request: those of its form, and of its query
// those that may stand there.
func read(w http.ResponseWriter, r *http.Request, fromQuery []string) (parameters, error) {
	all := url.Values{}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, malformed("The query of the URL is not well encoded. Send the parameters in the body.")
	}
	for _, name := range notInQuery {
		if query.Has(name) {
			return nil, malformed("A " + name + " must not stand in the URL, where logs keep it. Send it in the body, and have it replaced if it was a live one.")
		}
	}
	for _, name := range fromQuery {
		all[name] = query[name]
	}
	form, err := readForm(w, r, all.Get("grant_type") != "")
	if err != nil {
		return nil, err
	}
	p := parameters{}
	for _, name := range known {
		values := slices.DeleteFunc(slices.Concat(all[name], form[name]), func(v string) bool { return v == "" })
		switch len(values) {
		case 0:
		case 1:
			p[name] = values[0]
		default:
			return nil, malformed("The parameter " + name + " came more than once. Send it once.")
		}
	}
	return p, nil
}

// readForm reads the body. One that is no form is refused, unless the parameters
// came without it: some clients of Zoom post an empty document of JSON with them.
func readForm(w http.ResponseWriter, r *http.Request, without bool) (url.Values, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largestBody))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, refusal{code: invalidRequest, status: http.StatusRequestEntityTooLarge, description: "The body is longer than 64 KiB, which no request to this address needs."}
	}
	if err != nil {
		return nil, malformed("The body broke off. Send the request again.")
	}
	if len(body) == 0 {
		return nil, nil
	}
	// A charset that is oddly written is no reason to refuse.
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) {
		kind = ""
	}
	if kind != "application/x-www-form-urlencoded" {
		if without {
			return nil, nil
		}
		return nil, malformed("The body is not a form. Send the parameters as Content-Type: application/x-www-form-urlencoded, not as JSON.")
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, malformed("The body is not a well encoded form. Encode each name and value, as in grant_type=client_credentials.")
	}
	return form, nil
}
