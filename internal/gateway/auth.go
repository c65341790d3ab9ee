package gateway

import (
	"net/http"
	"strings"

	"github.com/stagedoor/stagedoor"
)

const realm = `Bearer realm="stagedoor"`

// authenticate finds the caller by the access token that it shows.
func (x *exchange) authenticate() *refusal {
	shown, err := stagedoor.BearerOf(x.r)
	if err != nil {
		return judged(err).with("WWW-Authenticate", realm+`, error="invalid_request"`)
	}
	if shown.IsZero() {
		return refuse(http.StatusUnauthorized, stagedoor.KindUnauthenticated, "there is no access token in the Authorization header",
			"Get one with the caller's client id and secret from /oauth/token, and send it as `Authorization: Bearer …`.").with("WWW-Authenticate", realm)
	}
	c, err := x.Callers.Verify(x.r.Context(), shown)
	if stagedoor.KindOf(err) == stagedoor.KindUnauthenticated {
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
