package oauth

import (
	"net/http"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor"
)

// The grants.
const (
	clientCredentials  = "client_credentials"
	accountCredentials = "account_credentials" // Zoom's own
)

// tokenType is written as Zoom writes it. It is read without regard to case.
// Source: RFC 6749 section 5.1, read 2026-11.
const tokenType = "bearer"

// granted is the answer with a token: that of RFC 6749 section 5.1, and api_url,
// by which Zoom's clients know where the API is.
type granted struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int64  `json:"expires_in"` // seconds
	Scope       string `json:"scope"`
	APIURL      string `json:"api_url"`
}

// token is the token endpoint. account_credentials names an account beside the
// client, by account_id: here the caller's own id says which credential is meant,
// and a caller knows nothing of the account behind it, so that any account_id
// will do, also none.
func (s *server) token(w http.ResponseWriter, r *http.Request) {
	a := s.begin(r, "token.mint")
	p, err := read(w, r, inQuery)
	if err == nil {
		a.grant = safeGrant(p["grant_type"])
		err = checkGrant(p)
	}
	if err == nil {
		err = s.authenticate(r, p, &a.client)
	}
	c := a.client.caller
	var token stagedoor.Secret
	var life time.Duration
	if err == nil {
		if token, life = s.Callers.Mint(c); life <= 0 {
			err = refusal{code: invalidClient, description: "The time of this caller has ended. See stagedoor caller list."}
		}
	}
	if err != nil {
		s.fail(w, r, a, err)
		return
	}
	s.succeed(a)
	answer(w, http.StatusOK, granted{
		AccessToken: token.Reveal(), TokenType: tokenType, ExpiresIn: int64(life / time.Second),
		Scope: scopeOf(c), APIURL: s.apiURL(r, c),
	})
}

// checkGrant holds grant type and scope to their forms.
func checkGrant(p parameters) error {
	switch p["grant_type"] {
	case clientCredentials, accountCredentials:
	case "":
		return malformed("The parameter grant_type is missing. Send grant_type=" + clientCredentials + ".")
	default:
		return refusal{code: unsupportedGrant, description: "This grant_type is not offered. Use " + clientCredentials + " (or Zoom's own " + accountCredentials + ")."}
	}
	// What is asked for makes no difference, since a caller's rules decide and the
	// answer names the scope that was given (RFC 6749 section 3.3, read 2026-11);
	// but it must be a scope.
	if !isScope(p["scope"]) {
		return refusal{code: invalidScope, description: "The scope is not of the right form: words of printable ASCII with single blanks between them. It may be left out."}
	}
	return nil
}

// isScope reports whether a text is a list of scopes, or empty.
// Source: RFC 6749 section 3.3, read 2026-11.
func isScope(text string) bool {
	if text == "" {
		return true
	}
	for word := range strings.SplitSeq(text, " ") {
		if word == "" || strings.ContainsFunc(word, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }) {
			return false
		}
	}
	return true
}

// safeGrant is what the audit says of a grant type: one of ours, or that it was
// another.
func safeGrant(grant string) string {
	switch grant {
	case clientCredentials, accountCredentials:
		return grant
	case "":
		return "no grant type"
	}
	return "another grant type"
}

// scopeOf names what a caller's tokens open.
func scopeOf(c stagedoor.Caller) string { return "to:" + c.Credential }

// apiURL is where a caller finds the API.
func (s *server) apiURL(r *http.Request, c stagedoor.Caller) string {
	return s.base(r) + "/to/" + c.Credential
}
