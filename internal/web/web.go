package web

import (
	"context"
	"log/slog"
	"net/http"
	"path"
	"time"

	"github.com/stagedoor/stagedoor"
)

// People knows who signed in.
type People interface {
	// Visitor returns who shows the secret of a session's cookie;
	// stagedoor.KindUnauthenticated where it is nobody's, or has ended. What an open
	// page asks by itself is no use that keeps the session going.
	Visitor(ctx context.Context, session stagedoor.Secret, byItself bool) (Visitor, error)
}

// Visitor is an operator in one of their browsers.
type Visitor struct {
	Operator stagedoor.Operator
	Session  stagedoor.Session
	// CSRF is what each form of theirs holds, and no page of another site knows.
	CSRF string
}

// Options are what the pages are made from.
type Options struct {
	People      People
	Entry       Entry
	Operators   Operators
	Credentials Credentials
	Callers     Callers
	Quota       Quota
	Audit       Audit
	Health      Health
	Live        *Live
	Version     string
	Log         *slog.Logger
	// Base is the address by which a request reached the daemon, also through a
	// proxy: "https://gate.example.com". It must be set.
	Base func(*http.Request) string
	// Now tells the time by which ages are told. If nil, time.Now.
	Now func() time.Time
}

// site is the whole of the pages.
type site struct {
	Options
	assets      *assets
	table       []route
	checks      checks
	examination examination
}

// New returns the handler of all pages.
func New(o Options) (http.Handler, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Live == nil {
		o.Live = NewLive()
	}
	assets, err := readAssets()
	if err != nil {
		return nil, err
	}
	s := &site{Options: o, assets: assets}
	s.table = s.routes()
	mux := http.NewServeMux()
	for _, r := range s.table {
		mux.Handle(r.pattern, s.guard(r))
	}
	return headers(s.clean(mux)), nil
}

// clean answers a path that is written oddly ("//to/acme", "/a/../b") as one that is
// not there: http.ServeMux would lead to what it makes of it.
func (s *site) clean(next http.Handler) http.Handler {
	missing := s.guard(route{"/", anybody, s.missing})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p := r.URL.Path; path.Clean(p) != p && path.Clean(p)+"/" != p {
			missing.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// policy is the content security policy of every page: nothing from elsewhere,
// and nothing that stands in the page itself.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// headers are on every answer.
func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Frame-Options", "DENY") // for browsers that do not know frame-ancestors
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}
