package zoomsim

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const tokenPath = "/oauth/token"

// maxBody bounds what is read of a request to the token endpoint or management.
const maxBody = 1 << 20

// app is the Server-to-Server OAuth app as its owner may change it.
type app struct {
	secret string
	active bool
	scopes []string
}

// An accessToken holds the scopes the app had when it was minted.
type accessToken struct {
	expires time.Time
	scopes  []string
}

// A CredentialChange changes what is not nil. Scopes take effect for tokens
// minted afterwards; a changed secret ends minting with the former one at once
// while live tokens go on; a deactivated app makes live tokens invalid, until it
// is active again.
type CredentialChange struct {
	ClientSecret *string
	Active       *bool
	Scopes       *[]string
}

// SetCredential changes the app, as its owner would in the Zoom App Marketplace.
func (s *Simulator) SetCredential(change CredentialChange) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if change.ClientSecret != nil {
		s.state.app.secret = *change.ClientSecret
	}
	if change.Active != nil {
		s.state.app.active = *change.Active
	}
	if change.Scopes != nil {
		s.state.app.scopes = slices.Clone(*change.Scopes)
	}
}

// serveToken is POST /oauth/token. The grant may stand in a form body or in the
// query; a JSON body is not read (developers.zoom.us/docs/internal-apps/s2s-oauth/
// and clients in the field, read 2026-11).
func (s *Simulator) serveToken(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Pragma", "no-cache")
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	unreadable := r.ParseForm()
	s.record(r)
	if s.takeTokenFault() {
		errEdge().write(w)
		return
	}
	if r.Method != http.MethodPost {
		errTokenMethod().write(w)
		return
	}
	if unreadable != nil {
		errInvalidRequest().write(w)
		return
	}
	s.mint(r).write(w)
}

func (s *Simulator) takeTokenFault() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.faults.fireAtTokenEndpoint(&s.state.tally)
}

// mint checks in the order client, app, grant, account.
func (s *Simulator) mint(r *http.Request) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	application := &s.state.app
	switch {
	case !s.knowsClient(r):
		return errInvalidClient()
	case !application.active:
		return errAppDisabled()
	case s.options.AppType != "", r.Form.Get("grant_type") != "account_credentials":
		return errUnsupportedGrantType()
	case r.Form.Get("account_id") != s.account.id:
		return errInvalidRequest()
	}

	now := s.options.Now()
	token := s.newTokenText(now)
	if s.options.OneToken {
		clear(s.state.tokens)
	}
	scopes := application.scopes // never changed in place
	s.state.tokens[token] = &accessToken{expires: now.Add(s.options.TokenTTL), scopes: scopes}
	s.state.tally.tokensMinted++
	return ok(struct {
		AccessToken string `json:"access_token"`
		TokenType   string `json:"token_type"`
		ExpiresIn   int    `json:"expires_in"`
		Scope       string `json:"scope"`
		APIURL      string `json:"api_url"`
	}{
		AccessToken: token,
		TokenType:   "bearer",
		ExpiresIn:   int(s.options.TokenTTL / time.Second),
		Scope:       strings.Join(scopes, " "),
		APIURL:      s.apiHost(r),
	})
}

// apiHost is the base URL without /v2.
func (s *Simulator) apiHost(r *http.Request) string {
	if s.options.BaseURL != "" {
		return s.options.BaseURL
	}
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// newTokenText makes up a token that looks like Zoom's: a JWT of more than 600
// characters. Nobody reads it; the simulator looks tokens up by their text.
func (s *Simulator) newTokenText(now time.Time) string {
	var random [64]byte
	_, _ = rand.Read(random[:]) // never fails
	part := func(v any) string { return base64.RawURLEncoding.EncodeToString(encode(v)) }
	text := part(map[string]any{
		"sv": "000002", "alg": "HS512", "v": "2.0", "kid": hex.EncodeToString(random[:16]),
	}) + "." + part(map[string]any{
		"aud":  "https://oauth.zoom.us",
		"uid":  s.joined[0].id, // the owner of the app
		"ver":  10,
		"auid": hex.EncodeToString(random[:32]),
		"nbf":  now.Unix(),
		"iat":  now.Unix(),
		"exp":  now.Add(s.options.TokenTTL).Unix(),
		"code": hex.EncodeToString(random[32:]),
		"iss":  "zm:cid:" + s.options.ClientID,
		"gno":  0,
		"type": 3,
		"tid":  0,
		"aid":  s.account.id,
	})
	signature := hmac.New(sha512.New, random[:])
	signature.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(signature.Sum(nil))
}

// knowsClient checks the Basic header or, without one, client_id and
// client_secret of the body (tolerated, as Zoom's OAuth error 4706 suggests). A
// pair counts as sent and also form-decoded: RFC 6749 section 2.3.1 has clients
// encode both, which Zoom's own ids never need.
func (s *Simulator) knowsClient(r *http.Request) bool {
	id, secret, found := basicAuth(r)
	if !found {
		id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	if id == s.options.ClientID && secret == s.state.app.secret {
		return true
	}
	decodedID, err1 := url.QueryUnescape(id)
	decodedSecret, err2 := url.QueryUnescape(secret)
	return err1 == nil && err2 == nil && decodedID == s.options.ClientID && decodedSecret == s.state.app.secret
}

// basicAuth reads an Authorization header in standard or URL-safe base64, padded
// or not: all occur in the field.
func basicAuth(r *http.Request) (id, secret string, found bool) {
	scheme, encoded, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Basic") {
		return "", "", false
	}
	standard := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(strings.TrimSpace(encoded), "="))
	raw, err := base64.RawStdEncoding.DecodeString(standard)
	if err != nil {
		return "", "", true
	}
	id, secret, _ = strings.Cut(string(raw), ":")
	return id, secret, true
}

// serveRevoke is POST /oauth/revoke (developers.zoom.us/docs/integrations/oauth/).
// An unknown token is a success, as RFC 7009 section 2.2 has it; one in the query
// is refused.
func (s *Simulator) serveRevoke(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		errTokenMethod().write(w)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		errInvalidRequest().write(w)
		return
	}
	s.revoke(r).write(w)
}

func (s *Simulator) revoke(r *http.Request) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.knowsClient(r) {
		return errInvalidClient()
	}
	if r.URL.Query().Has("token") {
		return errTokenInQuery()
	}
	if !r.PostForm.Has("token") {
		return errInvalidRequest()
	}
	delete(s.state.tokens, r.PostForm.Get("token"))
	return ok(struct {
		Status string `json:"status"`
	}{"success"})
}
