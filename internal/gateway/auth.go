package gateway

import (
	"net/http"
	"strings"

	"github.com/stagedoor/stagedoor"
)

const realm = `Bearer realm="stagedoor"`

// authenticate finds the caller by the access token in the Authorization header,
// the only place where one counts (RFC 6750 §2.1).
func (x *exchange) authenticate() *refusal {
	given := x.r.Header.Values("Authorization")
	if len(given) > 1 {
		return refuse(http.StatusBadRequest, stagedoor.KindUsage, "there is more than one Authorization header", "Send one.").
			with("WWW-Authenticate", realm+`, error="invalid_request"`)
	}
	scheme, token := "", ""
	if len(given) == 1 {
		scheme, token, _ = strings.Cut(given[0], " ")
		token = strings.TrimSpace(token)
	}
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return refuse(http.StatusUnauthorized, stagedoor.KindUnauthenticated, "there is no access token in the Authorization header",
			"Get one with the caller's client id and secret from /oauth/token, and send it as `Authorization: Bearer …`.").with("WWW-Authenticate", realm)
	}
	c, err := x.Callers.Verify(x.r.Context(), stagedoor.NewSecret(token))
	if stagedoor.KindOf(err) == stagedoor.KindUnauthenticated && err != nil {
		return judged(err).with("WWW-Authenticate", realm+`, error="invalid_token", error_description="the access token is not known, has ended, or was revoked"`)
	}
	if err != nil {
		return failed(err)
	}
	x.caller = c
	return nil
}

// cameRound reports whether this very process sent the request.
func (x *exchange) cameRound() bool {
	for _, line := range x.r.Header.Values("Via") {
		for _, entry := range strings.Split(line, ",") {
			if words := strings.Fields(entry); len(words) > 1 && strings.EqualFold(words[1], x.Instance) {
				return true
			}
		}
	}
	return false
}
