package oauth

import (
	"net/http"
	"strings"

	"github.com/stagedoor/stagedoor"
)

// operatorToken begins the tokens of operators, which are no business of a
// caller's.
const operatorToken = "sdo_"

// revoke ends an access token of the client that asks. What is no token, or none
// that counts, is as good as revoked.
// Source: RFC 7009 sections 2.1 and 2.2, read 2026-11.
func (s *server) revoke(w http.ResponseWriter, r *http.Request) {
	a := s.begin(r, "token.revoke")
	p, err := read(w, r, nil)
	switch {
	case err != nil:
	case p["token"] == "":
		err = malformed("The parameter token is missing. Send the access token to be revoked.")
	default:
		err = s.authenticate(r, p, &a.client)
	}
	if err == nil && strings.HasPrefix(p["token"], operatorToken) {
		err = refusal{code: unsupportedTokenType, description: "This is the token of an operator. It is taken away with stagedoor operator token remove NAME."}
	}
	if err == nil {
		err = s.Callers.RevokeToken(r.Context(), a.client.caller.ID, stagedoor.NewSecret(p["token"]))
		if err != nil && stagedoor.KindOf(err) == stagedoor.KindForbidden {
			err = refusal{code: unauthorizedClient, description: "This token was given to another client. Only that one may revoke it."}
		}
	}
	if err != nil {
		s.fail(w, r, a, err)
		return
	}
	s.succeed(a)
	// The status says it all (RFC 7009 section 2.2); the body is Zoom's, for clients
	// that read it.
	answer(w, http.StatusOK, struct {
		Status string `json:"status"`
	}{"success"})
}
