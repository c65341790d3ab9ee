package oauth

import (
	"net/http"

	"github.com/stagedoor/stagedoor"
)

// introspection is the answer on a token that counts. There is no username: a
// caller acts for itself.
// Source: RFC 7662 section 2.2, read 2026-11.
type introspection struct {
	Active     bool   `json:"active"`
	Scope      string `json:"scope"`
	ClientID   string `json:"client_id"`
	ClientName string `json:"client_name"` // the caller's; our own addition, named as in RFC 7591
	TokenType  string `json:"token_type"`
	Expires    int64  `json:"exp"` // Unix seconds
	Issued     int64  `json:"iat"`
	Subject    string `json:"sub"`
	Audience   string `json:"aud"`
	Issuer     string `json:"iss"`
	ID         string `json:"jti"`
}

// introspect tells an operator, whom the guard let through, what a token is. Of
// one that does not count it says nothing more.
func (s *server) introspect(w http.ResponseWriter, r *http.Request) {
	p, err := read(w, r, nil)
	if err == nil && p["token"] == "" {
		err = malformed("The parameter token is missing. Send the access token that is asked about.")
	}
	if err != nil {
		refuse(w, refusalOf(err))
		return
	}
	c, grant, err := s.Callers.Verify(r.Context(), stagedoor.NewSecret(p["token"]))
	switch {
	case err == nil:
		answer(w, http.StatusOK, introspection{
			Active: true, Scope: scopeOf(c), ClientID: c.ID, ClientName: c.Name, TokenType: tokenType,
			Expires: grant.Expires.Unix(), Issued: grant.Issued.Unix(),
			Subject: c.ID, Audience: s.apiURL(r, c), Issuer: s.base(r), ID: grant.ID,
		})
	case stagedoor.KindOf(err) == stagedoor.KindUnauthenticated:
		answer(w, http.StatusOK, struct {
			Active bool `json:"active"`
		}{false})
	default:
		refuse(w, refusalOf(err))
	}
}
