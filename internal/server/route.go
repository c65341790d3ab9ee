package server

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/stagedoor/stagedoor"
)

// router hands requests to the parts. It is no http.ServeMux, which would clean
// paths and answer with redirects.
type router struct {
	options  *Options
	names    names
	gateway  bool // only what --expose gateway shows
	parts    Parts
	draining *atomic.Bool
	running  *atomic.Int64
}

func (t *router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	t.running.Add(1)
	defer t.running.Add(-1)
	began := time.Now()
	seen := &answer{ResponseWriter: w}
	defer t.recovered(seen, r)
	t.route(seen, r)
	if log := t.options.Log; log.Enabled(r.Context(), slog.LevelDebug) {
		// Neither the query nor a header: either may hold what must not be seen.
		log.Debug("request", "method", r.Method, "path", pathOf(r), "status", seen.status, "from", r.RemoteAddr, "took", time.Since(began).Round(time.Microsecond))
	}
}

// pathOf is the path of the target as it came, for the log. A target of another
// form may hold a password.
func pathOf(r *http.Request) string {
	if !strings.HasPrefix(r.RequestURI, "/") {
		return "(not a path)"
	}
	path, _, _ := strings.Cut(r.RequestURI, "?")
	return path
}

func (t *router) route(w http.ResponseWriter, r *http.Request) {
	from := t.options.originOf(r)
	for _, name := range forwardedHeaders {
		r.Header.Del(name)
	}
	if from.scheme == "https" {
		w.Header().Set("Strict-Transport-Security", "max-age=31536000")
	}
	// A target of another form than a path (RFC 9112 §3.2) is for proxies, and
	// this is none.
	target, _, _ := strings.Cut(r.RequestURI, "?")
	relayed := strings.HasPrefix(target, "/to/")
	if !relayed {
		ownHeaders(w.Header())
	}
	if !strings.HasPrefix(target, "/") {
		problem(w, &stagedoor.Error{
			Kind: stagedoor.KindUsage, Cause: "The target of the request is not a path.",
			Fix: "Send the path alone, such as GET /to/acme/v2/users/me, with the host in the Host header.",
		})
		return
	}
	if !t.names.allow(from.host) || strings.ContainsAny(from.host, "/\\@?# ") {
		ownHeaders(w.Header())
		wrongHost(w)
		return
	}
	r.RemoteAddr, r.Host = from.remote, from.host
	base := t.options.PublicURL
	if base == "" {
		base = from.scheme + "://" + from.host
	}
	r = withArrival(r, arrival{base: base, gateway: t.gateway})
	if relayed {
		t.parts.Gateway.ServeHTTP(w, r)
		return
	}
	// Who sends a few lines byte by byte holds no connection for ever. Writers that
	// know no deadline are those of tests.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(t.options.bodyTime))
	if err := crossOrigin.Check(r); err != nil {
		wrongOrigin(w)
		return
	}
	switch target {
	case "/healthz":
		t.health(w, r)
	case "/readyz":
		t.readiness(w, r)
	case "/oauth/token", "/.well-known/oauth-authorization-server":
		t.parts.OAuth.ServeHTTP(w, r)
	default:
		if t.gateway {
			notHere(w)
			return
		}
		t.operators(w, r, target)
	}
}

// operators routes what --expose gateway hides.
func (t *router) operators(w http.ResponseWriter, r *http.Request, target string) {
	switch target {
	case "/oauth/revoke", "/oauth/introspect":
		t.parts.OAuth.ServeHTTP(w, r)
	case "/metrics":
		t.parts.Guard(stagedoor.RoleViewer, onlyGet(t.parts.Metrics)).ServeHTTP(w, r)
	case "/debug":
		t.parts.Guard(stagedoor.RoleViewer, onlyGet(http.HandlerFunc(t.debug))).ServeHTTP(w, r)
	default:
		switch {
		case strings.HasPrefix(target, "/api/") && t.parts.API != nil:
			t.parts.API.ServeHTTP(w, r)
		case !strings.HasPrefix(target, "/api/") && t.parts.UI != nil:
			t.parts.UI.ServeHTTP(w, r)
		default:
			notHere(w)
		}
	}
}

// ownHeaders are what every answer of our own has, so that a browser neither
// keeps it nor makes anything of it.
func ownHeaders(h http.Header) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
}

func onlyGet(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			problem(w, &stagedoor.Error{Kind: stagedoor.KindUsage, Status: http.StatusMethodNotAllowed, Cause: "It is only read here.", Fix: "Use GET."})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// recovered ends a request whose handler panicked. What a panic says may hold a
// secret, so only where it happened is logged, and of errors of Go itself what.
func (t *router) recovered(w *answer, r *http.Request) {
	said := recover()
	if said == nil {
		return
	}
	if said == http.ErrAbortHandler {
		panic(said) // a handler's way of breaking an answer off
	}
	what := fmt.Sprintf("%T", said)
	if err, ok := said.(error); ok {
		if e, ok := errors.AsType[runtime.Error](err); ok {
			what = e.Error()
		}
	}
	t.options.Log.Error("a request met a defect", "method", r.Method, "path", pathOf(r), "panic", what, "stack", string(debug.Stack()))
	if w.status != 0 {
		panic(http.ErrAbortHandler) // half an answer must not look like a whole one
	}
	ownHeaders(w.Header())
	problem(w, &stagedoor.Error{
		Kind: stagedoor.KindInternal, Cause: "The daemon met a defect of its own.",
		Fix: "Look for \"a request met a defect\" in its log, and report it.",
	})
}

// answer notes the status of an answer. The real writer stays in reach of
// http.ResponseController.
type answer struct {
	http.ResponseWriter
	status int
}

func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= 200 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
