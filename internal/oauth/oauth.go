package oauth

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor"
)

// The addresses, below the issuer's.
const (
	TokenPath      = "/oauth/token"
	RevokePath     = "/oauth/revoke"
	IntrospectPath = "/oauth/introspect"
	MetadataPath   = "/.well-known/oauth-authorization-server"
)

// Callers know who may have a token, and make it. An error of
// [stagedoor.KindUnauthenticated] refuses the caller, one of
// [stagedoor.KindForbidden] the grant; any other means that nobody can tell now.
type Callers interface {
	Clients
	Tokens
}

// Clients know the callers by what they prove themselves with.
type Clients interface {
	// Authenticate takes as long for an id that nobody has as for a wrong secret.
	Authenticate(ctx context.Context, clientID string, secret stagedoor.Secret) (stagedoor.Caller, error)
	// ByID returns a caller that is neither revoked nor at its end.
	ByID(ctx context.Context, clientID string) (stagedoor.Caller, error)
	// UseAssertion notes that the assertion of this id was used; the second time
	// it is KindUnauthenticated.
	UseAssertion(ctx context.Context, id string, expires time.Time) error
}

// Tokens makes, reads and ends callers' access tokens.
type Tokens interface {
	Mint(c stagedoor.Caller) (token stagedoor.Secret, life time.Duration)
	Verify(ctx context.Context, accessToken stagedoor.Secret) (stagedoor.Caller, Grant, error)
	RevokeToken(ctx context.Context, clientID string, accessToken stagedoor.Secret) error
}

// Grant is what an access token says of itself.
type Grant struct {
	ID      string // of this token alone
	Issued  time.Time
	Expires time.Time
}

// Operators guards what only operators may ask.
type Operators interface {
	Require(role stagedoor.Role, next http.Handler) http.Handler
}

// Options are the parts that the server stands on. All are required, but for
// TokenOnly and Wall.
type Options struct {
	Callers   Callers
	Operators Operators
	// Issuer is the public address of this server, "https://gate.example.com":
	// what metadata and api_url begin with, and what assertions are made out to.
	Issuer func(*http.Request) string
	// TokenOnly reports whether a request came by a way that leads to no endpoint
	// but the token's: then the metadata names no other. If nil, none does.
	TokenOnly func(*http.Request) bool
	// Record takes one event for each token request and each revocation. The
	// caller's address in it is the request's RemoteAddr: whoever stands behind a
	// proxy puts the true one there first.
	Record func(stagedoor.Event)
	// Wall tells the time by which assertions end. If nil, time.Now.
	Wall func() time.Time
}

// server is the handler of [New].
type server struct {
	Options
	introspection http.Handler
	delays        *delays
}

// New returns the handler of the four addresses; any other is a 404.
func New(o Options) http.Handler {
	if o.Wall == nil {
		o.Wall = time.Now
	}
	if o.TokenOnly == nil {
		o.TokenOnly = func(*http.Request) bool { return false }
	}
	s := &server{Options: o, delays: newDelays()}
	s.introspection = o.Operators.Require(stagedoor.RoleViewer, http.HandlerFunc(s.introspect))
	return s
}

// ServeHTTP goes by the exact path: nothing is cleaned and nobody is redirected,
// since a client that follows a redirect would send its secret twice.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	switch path := r.URL.Path; {
	case path == TokenPath:
		s.post(w, r, http.HandlerFunc(s.token))
	case path == RevokePath:
		s.post(w, r, http.HandlerFunc(s.revoke))
	case path == IntrospectPath:
		s.post(w, r, s.introspection)
	case path == MetadataPath, path == MetadataPath+s.issuerPath(r):
		s.metadata(w, r)
	default:
		uncached(w)
		refuse(w, refusal{status: http.StatusNotFound, code: invalidRequest, description: "There is nothing at this address. See " + MetadataPath + " for what there is."})
	}
}

// post lets only POST through.
func (s *server) post(w http.ResponseWriter, r *http.Request, next http.Handler) {
	uncached(w)
	switch r.Method {
	case http.MethodPost:
		next.ServeHTTP(w, r)
	case http.MethodOptions:
		w.Header().Set("Allow", "POST, OPTIONS")
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("Allow", "POST, OPTIONS")
		refuse(w, refusal{status: http.StatusMethodNotAllowed, code: invalidRequest, description: "This address takes POST alone."})
	}
}

// uncached keeps the answer out of every cache.
// Source: RFC 6749 section 5.1, read 2026-11.
func uncached(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Pragma", "no-cache")
}

// base is the issuer without a slash at its end.
func (s *server) base(r *http.Request) string { return strings.TrimRight(s.Issuer(r), "/") }
