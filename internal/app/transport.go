package app

import (
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/token"
)

// bearer is a RoundTripper that sends one fixed token, for calls with a token
// that a person brought.
type bearer struct {
	token stagedoor.Secret
	base  http.RoundTripper
}

func (b bearer) RoundTrip(req *http.Request) (*http.Response, error) {
	clone := req.Clone(req.Context())
	clone.Header.Set("Authorization", "Bearer "+b.token.Reveal())
	return b.base.RoundTrip(clone)
}

// region is a RoundTripper that sends calls of the provider's global API to the
// host that the token's answer named, Zoom's regional ones. A host that is not
// allowed was left out of the token already. Credentials with an API URL of
// their own go there and need no region.
type region struct {
	source *token.Source
	api    string // the provider's global API
	base   http.RoundTripper
}

func (r region) RoundTrip(req *http.Request) (*http.Response, error) {
	global, err := url.Parse(r.api)
	if err != nil || req.URL.Host != global.Host {
		return r.base.RoundTrip(req)
	}
	t, err := r.source.Get(req.Context(), 0)
	if err != nil {
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, err
	}
	named, err := url.Parse(t.APIURL)
	if err != nil || named.Host == "" {
		return r.base.RoundTrip(req)
	}
	clone := req.Clone(req.Context())
	clone.URL.Scheme, clone.URL.Host, clone.Host = named.Scheme, named.Host, ""
	return r.base.RoundTrip(clone)
}

// logged is a RoundTripper that logs each call at debug level: no header, no
// query and no body, since any of them may hold what must not be seen.
type logged struct {
	log        *slog.Logger
	credential string
	base       http.RoundTripper
}

func (l logged) RoundTrip(req *http.Request) (*http.Response, error) {
	if !l.log.Enabled(req.Context(), slog.LevelDebug) { // as it is for almost every call of a gateway
		return l.base.RoundTrip(req)
	}
	began := time.Now()
	resp, err := l.base.RoundTrip(req)
	attrs := []any{
		"credential", l.credential, "method", req.Method, "host", req.URL.Host, "path", req.URL.EscapedPath(),
		"took", time.Since(began).Round(time.Millisecond),
	}
	if err != nil {
		l.log.Debug("call failed", append(attrs, "kind", stagedoor.KindOf(err))...)
		return resp, err
	}
	l.log.Debug("call", append(attrs, "status", resp.StatusCode, "tracking", resp.Header.Get("X-Zm-Trackingid"))...)
	return resp, err
}

// few is a RoundTripper that lets as many requests go at once as the channel
// holds.
type few struct {
	running chan struct{}
	base    http.RoundTripper
}

func (f few) RoundTrip(req *http.Request) (*http.Response, error) {
	select {
	case f.running <- struct{}{}:
		defer func() { <-f.running }()
		return f.base.RoundTrip(req)
	case <-req.Context().Done():
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, req.Context().Err()
	}
}

// fewMints keeps a daemon with many credentials from asking for all their tokens
// at once.
func (a *App) fewMints(base http.RoundTripper) http.RoundTripper {
	if a.mints == nil {
		return base
	}
	return few{a.mints, base}
}
