package oauth

import (
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/stagedoor/stagedoor"
)

const (
	// assertionType is the one that RFC 7523 section 2.2 gives (read 2026-11).
	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	// longestAssertion is how far ahead an assertion may end: as long, it could be
	// used by whoever finds it before its client does.
	longestAssertion = 10 * time.Minute
	// skew is how far another machine's clock may be off.
	skew = 30 * time.Second
	// mostKeys is how many keys of a caller one assertion is tried with.
	mostKeys = 8
)

// algorithms are those with which assertions may be signed: none with a secret
// that this server would have to know.
func algorithms() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{
		jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
		jose.PS256, jose.PS384, jose.PS512, jose.RS256, jose.RS384, jose.RS512,
	}
}

func algorithmNames() []string {
	var names []string
	for _, a := range algorithms() {
		names = append(names, string(a))
	}
	return names
}

// claims are those of an assertion.
type claims struct{ jwt.Claims }

// byAssertion proves the client with an assertion that it signed with its own key.
// The claims are held to RFC 7523 section 3 and RFC 7521 section 5.2 (read
// 2026-11), with jti required: an assertion counts once.
func (s *server) byAssertion(r *http.Request, p parameters, c *client) error {
	if p["client_assertion"] == "" || p["client_assertion_type"] == "" {
		return malformed("client_assertion and client_assertion_type belong together. Send both.")
	}
	if p["client_assertion_type"] != assertionType {
		return malformed("This client_assertion_type is not known. Use " + assertionType + ".")
	}
	token, err := jwt.ParseSigned(p["client_assertion"], algorithms())
	if err != nil {
		return assertionRefused("The assertion is not a JWT that is signed by one of " + strings.Join(algorithmNames(), ", ") + ".")
	}
	var said claims
	if err := token.UnsafeClaimsWithoutVerification(&said); err != nil {
		return assertionRefused("The claims of the assertion can not be read: each of them once, iss, sub and jti as texts, exp, nbf and iat as numbers.")
	}
	// These refusals only say of the assertion what its maker knows. They come
	// before it is known whether there is such a client.
	if err := said.check(s.audiences(r), s.Wall()); err != nil {
		return err
	}
	if c.id != "" && c.id != said.Subject {
		return assertionRefused("The client_id is another than the sub of the assertion. Leave client_id out, or make them the same.")
	}
	c.id = said.Subject
	caller, err := s.Callers.ByID(r.Context(), said.Subject)
	if err != nil && stagedoor.KindOf(err) != stagedoor.KindUnauthenticated && stagedoor.KindOf(err) != stagedoor.KindNotFound {
		return err
	}
	if err != nil || !signed(token, caller.Keys) {
		// That an id exists may show in how long this took. It is no secret (RFC
		// 6749 section 2.2), and opens nothing.
		return assertionRefused("There is no caller with this client_id and a public key that fits the signature, or its time has ended. Look at kid and alg, and at the key set that the caller was added with.")
	}
	err = s.Callers.UseAssertion(r.Context(), assertionID(caller.ID, said.ID), said.Expiry.Time().Add(skew))
	if stagedoor.KindOf(err) == stagedoor.KindUnauthenticated && err != nil {
		return assertionRefused("An assertion with this jti was used already. Make a new one, with another jti, for each request.")
	}
	if err != nil {
		return err
	}
	c.caller = caller
	return nil
}

func assertionRefused(description string) refusal {
	return refusal{code: invalidClient, description: description}
}

// audiences are the names by which an assertion may be made out to this server:
// its issuer, its token endpoint, and the endpoint that is asked.
func (s *server) audiences(r *http.Request) []string {
	base := s.base(r)
	return []string{base, base + "/", base + TokenPath, base + r.URL.Path}
}

// check holds the claims to their rules.
func (c claims) check(audiences []string, now time.Time) error {
	at, slack := now.Unix(), int64(skew/time.Second)
	longest := int64(longestAssertion / time.Second)
	switch {
	case c.Issuer == "" || c.Subject == "":
		return assertionRefused("The assertion lacks iss or sub. Both are the caller's client_id.")
	case c.Issuer != c.Subject:
		return assertionRefused("iss and sub of the assertion differ. Both are the caller's client_id.")
	case len(c.Audience) == 0:
		return assertionRefused("The assertion lacks aud. It is this server's issuer, or its token_endpoint, as its metadata has them.")
	case !slices.ContainsFunc(c.Audience, func(a string) bool { return slices.Contains(audiences, a) }):
		return assertionRefused("The aud of the assertion is not this server. It is the issuer, or the token_endpoint, as the metadata has them.")
	case c.Expiry == nil:
		return assertionRefused("The assertion lacks exp. Let it end in a minute or so.")
	case int64(*c.Expiry) <= at-slack:
		return assertionRefused("The assertion has ended. Make a new one for each request, and look at the clock of the client's machine.")
	case int64(*c.Expiry) > at+longest+slack:
		return assertionRefused("The exp of the assertion is more than " + strconv.Itoa(int(longestAssertion/time.Minute)) + " minutes ahead. Let it end in a minute or so, and look at the clock of the client's machine.")
	case c.NotBefore != nil && int64(*c.NotBefore) > at+slack:
		return assertionRefused("The assertion does not count yet (nbf). Look at the clock of the client's machine.")
	case c.IssuedAt != nil && int64(*c.IssuedAt) > at+slack:
		return assertionRefused("The assertion was made in the future (iat). Look at the clock of the client's machine.")
	case c.ID == "":
		return assertionRefused("The assertion lacks jti. Give each one a random text of its own.")
	}
	return nil
}

// assertionID names one assertion of one client, and shows neither.
func assertionID(clientID, jti string) string {
	sum := sha256.Sum256([]byte(strconv.Itoa(len(clientID)) + ":" + clientID + jti))
	return hex.EncodeToString(sum[:])
}

// signed reports whether one of the keys of a key set fits the signature. A key
// that the assertion names by kid is the only one that is tried, beside those
// that have no name.
func signed(token *jwt.JSONWebToken, keySet string) bool {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if len(token.Headers) != 1 || json.Unmarshal([]byte(keySet), &set) != nil {
		return false
	}
	header := token.Headers[0]
	tried := 0
	for _, raw := range set.Keys {
		// A set may hold keys of a kind that is not known here.
		// Source: RFC 7517 section 5, read 2026-11.
		var key jose.JSONWebKey
		if json.Unmarshal(raw, &key) != nil || !fits(key, header) {
			continue
		}
		if tried++; tried > mostKeys {
			return false
		}
		if token.Claims(key.Key) == nil {
			return true
		}
	}
	return false
}

// fits reports whether a key may have made a signature with this header.
func fits(key jose.JSONWebKey, header jose.Header) bool {
	if rsaKey, ok := key.Key.(*rsa.PublicKey); ok && rsaKey.N.BitLen() < 2048 {
		return false // RFC 7518 section 3.3, read 2026-11
	}
	return key.IsPublic() && key.Valid() &&
		(key.Use == "" || key.Use == "sig") &&
		(key.Algorithm == "" || key.Algorithm == header.Algorithm) &&
		(header.KeyID == "" || key.KeyID == "" || key.KeyID == header.KeyID)
}
