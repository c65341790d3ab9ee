package gateway

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/stagedoor/stagedoor"
)

// target is what a request asks for, byte for byte as it came.
type target struct {
	credential string
	path       string // escaped; starts with a slash
	query      string
	asked      bool // there was a question mark, though perhaps nothing after it
}

// targetOf reads the request's target from the wire, not from what net/http made
// of it. Only the origin form (RFC 9112 §3.2.1) names something below /to/.
func targetOf(r *http.Request) (target, *refusal) {
	raw := r.RequestURI
	if !strings.HasPrefix(raw, "/") {
		return target{}, refuse(http.StatusBadRequest, stagedoor.KindUsage, "the target of the request is not a path", "Send the path alone in the request line, and the host in the Host header.")
	}
	var t target
	var path string
	path, t.query, t.asked = strings.Cut(raw, "?")
	for i := range len(raw) {
		if c := raw[i]; c <= ' ' || c >= 0x7f || c == '#' || c == '\\' {
			return target{}, refuse(http.StatusBadRequest, stagedoor.KindUsage, "the target of the request holds a character that an address may not hold", "Escape it with a percent sign.")
		}
	}
	rest, ok := strings.CutPrefix(path, Prefix)
	if !ok {
		return target{}, nothing()
	}
	t.credential, t.path, ok = strings.Cut(rest, "/")
	t.path = "/" + t.path
	if !ok || t.credential == "" {
		return target{}, nothing()
	}
	return t, nil
}

// nothing is the answer for what is not there and for what is somebody else's,
// which the caller can not tell apart.
func nothing() *refusal {
	return refuse(http.StatusNotFound, stagedoor.KindNotFound, "there is nothing here for this caller", "A caller's paths start with "+Prefix+" and the name of its credential: "+Prefix+"NAME/v2/users/me.")
}

// elsewhere is the answer to a path of any other credential than the caller's own,
// whether there is one by that name or not. The own is no news to the caller: its
// token's scope names it.
func elsewhere(own string) *refusal {
	r := nothing()
	r.err.Fix = "This caller's paths start with " + Prefix + own + "/: " + Prefix + own + "/v2/users/me."
	return r
}

// url returns the target as an address without a host; false where net/url would
// write another path than the one that came.
func (t target) url() (*url.URL, bool) {
	plain, err := url.PathUnescape(t.path)
	if err != nil {
		return nil, false
	}
	u := &url.URL{Path: plain, RawPath: t.path, RawQuery: t.query, ForceQuery: t.asked}
	return u, u.EscapedPath() == t.path
}

// hasToken reports whether a query holds an access token, which would be sent on
// and lie in logs on the way (RFC 6750 §2.3 advises against it too).
func hasToken(query string) bool {
	return names(query, "access_token", "download_access_token", "download_token")
}

// asksForMethod reports whether a query asks for another method than the request
// line, which some frameworks believe of a POST.
// Source: Spring Framework, HiddenHttpMethodFilter; Rack, MethodOverride; read 2026-11-25.
func asksForMethod(query string) bool { return names(query, "_method") }

// names reports whether a query has a parameter by one of these names.
func names(query string, any ...string) bool {
	parameters := strings.FieldsFunc(query, func(r rune) bool { return r == '&' || r == ';' })
	return slices.ContainsFunc(parameters, func(parameter string) bool {
		name, _, _ := strings.Cut(parameter, "=")
		for range 3 { // escaped once, or more often in the hope of passing by here
			plain, err := url.QueryUnescape(name)
			if err != nil || plain == name {
				break
			}
			name = plain
		}
		return slices.Contains(any, strings.ToLower(strings.TrimSpace(name)))
	})
}

func tokenInQuery() *refusal {
	return refuse(http.StatusBadRequest, stagedoor.KindUsage, "there is an access token in the query", "Send the token of the caller in the Authorization header alone; the gateway puts the credential's own on the request.")
}

// methods are those that are sent on. TRACE would show the credential's token in
// its answer, and CONNECT asks for another kind of proxy.
func methods() []string {
	return []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions}
}
