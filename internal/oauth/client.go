package oauth

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"github.com/stagedoor/stagedoor"
)

// The ways in which a client authenticates.
// Source: IANA, OAuth Token Endpoint Authentication Methods, read 2026-11.
const (
	byBasic = "client_secret_basic"
	byPost  = "client_secret_post"
	byKey   = "private_key_jwt"
)

// client is who makes a request, as far as it is known.
type client struct {
	caller stagedoor.Caller // with an ID only once it is proven
	id     string           // what it calls itself; not proven
	method string
}

// pair is an id and the secret that came with it.
type pair struct {
	id     string
	secret stagedoor.Secret
}

// authenticate finds out who the client is. c holds what is known of it also
// where that fails.
func (s *server) authenticate(r *http.Request, p parameters, c *client) error {
	authorization := r.Header.Values("Authorization")
	_, secret := p["client_secret"]
	_, assertion := p["client_assertion"]
	_, assertionType := p["client_assertion_type"]
	ways := 0
	for _, used := range []bool{len(authorization) > 0, secret, assertion || assertionType} {
		if used {
			ways++
		}
	}
	c.id = p["client_id"]
	switch {
	case ways > 1 || len(authorization) > 1:
		// Source: RFC 6749 section 2.3, read 2026-11.
		return malformed("The client authenticates in more than one way. Use one: the Authorization header, client_secret in the body, or client_assertion in the body.")
	case len(authorization) > 0:
		c.method = byBasic
		return s.bySecret(r.Context(), c, basic(authorization[0]), true)
	case secret:
		c.method = byPost
		return s.bySecret(r.Context(), c, []pair{{c.id, stagedoor.NewSecret(p["client_secret"])}}, false)
	case assertion || assertionType:
		c.method = byKey
		return s.byAssertion(r, p, c)
	}
	return refusal{
		code:        invalidClient,
		description: "The client does not authenticate. Send the caller's client_id and client_secret in the Authorization header (Basic) or in the body.",
	}
}

// bySecret proves the client with the first of the pairs that fits.
func (s *server) bySecret(ctx context.Context, c *client, pairs []pair, header bool) error {
	// The same words for an id that nobody has and for a wrong secret: who guesses
	// learns nothing.
	no := refusal{
		code:        invalidClient,
		description: "There is no caller with this client_id and client_secret, or its time has ended. See stagedoor caller list; stagedoor caller rotate-secret NAME gives a new secret.",
	}
	if len(pairs) == 0 {
		no.description = "The Authorization header is not of the form Basic BASE64(client_id:client_secret)."
		return no
	}
	if last := pairs[len(pairs)-1]; blank(last.id) || blank(last.secret.Reveal()) {
		no.description = "There is a blank or a line end around the client_id or the client_secret, as pasting leaves it. Send both without."
	}
	claimed := c.id
	c.id = pairs[0].id
	if header && claimed != "" && claimed != pairs[0].id && claimed != pairs[len(pairs)-1].id {
		return malformed("The client_id in the body is another than that of the Authorization header. Send it in one place.")
	}
	for _, pair := range pairs {
		caller, err := s.Callers.Authenticate(ctx, pair.id, pair.secret)
		switch stagedoor.KindOf(err) {
		case stagedoor.KindUnauthenticated:
		case stagedoor.KindForbidden:
			return refusal{code: unauthorizedClient, description: "This caller may not have a token in this way."}
		default:
			if err == nil {
				c.id, c.caller = caller.ID, caller
			}
			return err
		}
	}
	return no
}

// blank reports whether a text has blanks around it. No id or secret has any.
func blank(text string) bool { return strings.TrimSpace(text) != text }

// basic reads id and secret from an Authorization header; none where it holds
// none. RFC 6749 wants both form-encoded first, which few clients do: where the
// two readings differ, either may be the right one.
// Source: RFC 6749 section 2.3.1; RFC 7617 section 2; read 2026-11.
func basic(header string) []pair {
	scheme, value, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Basic") {
		return nil
	}
	plain, err := base64.StdEncoding.DecodeString(strings.TrimSpace(value))
	if err != nil {
		return nil
	}
	id, secret, found := strings.Cut(string(plain), ":")
	if !found || id == "" || secret == "" {
		return nil
	}
	raw := pair{id, stagedoor.NewSecret(secret)}
	decodedID, errID := url.QueryUnescape(id)
	decodedSecret, errSecret := url.QueryUnescape(secret)
	if errID != nil || errSecret != nil || (decodedID == id && decodedSecret == secret) {
		return []pair{raw}
	}
	return []pair{{decodedID, stagedoor.NewSecret(decodedSecret)}, raw}
}
