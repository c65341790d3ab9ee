package oauth

import (
	"net/http"
	"net/url"
	"strings"
)

// metadata tells clients where everything is. The introspection endpoint takes a
// Bearer token of an operator, which is one of the words that its list of methods
// may hold.
// Source: RFC 8414 sections 2 and 3, read 2026-11.
func (s *server) metadata(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodOptions:
		w.Header().Set("Allow", "GET, HEAD, OPTIONS")
		w.WriteHeader(http.StatusNoContent)
		return
	default:
		uncached(w)
		w.Header().Set("Allow", "GET, HEAD, OPTIONS")
		refuse(w, refusal{status: http.StatusMethodNotAllowed, code: invalidRequest, description: "This address takes GET alone."})
		return
	}
	base := s.base(r)
	methods := []string{byBasic, byPost, byKey}
	w.Header().Set("Cache-Control", "max-age=300") // seconds
	document := struct {
		Issuer            string   `json:"issuer"`
		Token             string   `json:"token_endpoint"`
		TokenMethods      []string `json:"token_endpoint_auth_methods_supported"`
		TokenAlgorithms   []string `json:"token_endpoint_auth_signing_alg_values_supported"`
		Revoke            string   `json:"revocation_endpoint,omitempty"`
		RevokeMethods     []string `json:"revocation_endpoint_auth_methods_supported,omitempty"`
		RevokeAlgorithms  []string `json:"revocation_endpoint_auth_signing_alg_values_supported,omitempty"`
		Introspect        string   `json:"introspection_endpoint,omitempty"`
		IntrospectMethods []string `json:"introspection_endpoint_auth_methods_supported,omitempty"`
		GrantTypes        []string `json:"grant_types_supported"`
		ResponseTypes     []string `json:"response_types_supported"` // required, and there are none
	}{
		Issuer: base,
		Token:  base + TokenPath, TokenMethods: methods, TokenAlgorithms: algorithmNames(),
		GrantTypes: []string{clientCredentials, accountCredentials}, ResponseTypes: []string{},
	}
	if !s.TokenOnly(r) {
		document.Revoke, document.RevokeMethods, document.RevokeAlgorithms = base+RevokePath, methods, algorithmNames()
		document.Introspect, document.IntrospectMethods = base+IntrospectPath, []string{"Bearer"}
	}
	answer(w, http.StatusOK, document)
}

// issuerPath is the path of an issuer that has one: its metadata is also asked
// for below it.
// Source: RFC 8414 section 3.1, read 2026-11.
func (s *server) issuerPath(r *http.Request) string {
	u, err := url.Parse(s.base(r))
	if err != nil {
		return ""
	}
	return strings.TrimRight(u.Path, "/")
}
