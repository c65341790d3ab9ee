package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/stagedoor/stagedoor"
)

// most is how many bytes a request's body may have.
const most = 256 << 10

// arrival is what handlers need to know of the request that they do not take.
type arrival struct {
	base  string
	path  string
	query url.Values
}

type arrivalKey struct{}

func arrivalOf(ctx context.Context) arrival {
	a, ok := ctx.Value(arrivalKey{}).(arrival)
	if !ok {
		a.query = url.Values{}
	}
	return a
}

// ServeHTTP lets in who may, and answers.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if p := s.serve(w, r); p != nil {
		writeProblem(w, p)
	}
}

// serve answers, or returns why not. What can be refused without knowing who asks is
// refused first, then who may not, and only then the body is read.
func (s *site) serve(w http.ResponseWriter, r *http.Request) *Problem {
	if r.URL.Path == documentAlias {
		r.URL.Path = Prefix + "/openapi.json"
	}
	route, p := s.find(w, r)
	if p != nil {
		return p
	}
	who := stagedoor.Actor{Program: true, From: stagedoor.AddressOf(r)}
	var token stagedoor.OperatorToken
	if route.Role != "" {
		var err error
		if token, err = s.let(w, r, route.Role); err != nil {
			return problemOf(err)
		}
		who.Name, who.Role = token.Name, token.Role
	}
	body, p := read(w, r)
	if p != nil {
		return p
	}
	ctx := stagedoor.WithActor(r.Context(), who)
	a := arrival{path: r.URL.Path, query: r.URL.Query()}
	if s.Base != nil {
		a.base = s.Base(r)
	}
	r = r.WithContext(context.WithValue(ctx, arrivalKey{}, a))
	do := func() *recorded { return s.do(r, body) }
	if key := r.Header.Values("Idempotency-Key"); len(key) > 0 && route.Writes() {
		answer, err := s.keys.once(r, token.ID, key, body, do)
		if err != nil {
			return problemOf(err)
		}
		answer.write(w)
		return nil
	}
	do().write(w)
	return nil
}

// find is the route of a request. The mux would clean paths and redirect, which no
// program expects.
func (s *site) find(w http.ResponseWriter, r *http.Request) (*Route, *Problem) {
	nowhere := problemOf(&stagedoor.Error{
		Kind: stagedoor.KindNotFound, Cause: "there is nothing at this address", Fix: "What there is stands in " + Prefix + "/openapi.json.",
	})
	if path.Clean(r.URL.Path) != r.URL.Path {
		return nil, nowhere
	}
	if _, pattern := s.mux.Handler(r); pattern != "" {
		return s.routes[pattern], nil
	}
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		other := &http.Request{Method: method, URL: r.URL, Host: r.Host}
		if _, pattern := s.mux.Handler(other); pattern != "" {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) == 0 {
		return nil, nowhere
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	return nil, methodNotAllowed(allowed)
}

// let is whose token a request shows, where its role includes another.
func (s *site) let(w http.ResponseWriter, r *http.Request, least stagedoor.Role) (stagedoor.OperatorToken, error) {
	shown, err := stagedoor.BearerOf(r)
	if err != nil {
		return stagedoor.OperatorToken{}, err
	}
	const realm = `Bearer realm="stagedoor operators"`
	t, err := s.Tokens.Verify(r.Context(), shown)
	switch {
	case err != nil && stagedoor.KindOf(err) != stagedoor.KindUnauthenticated:
	case err != nil && shown.IsZero():
		w.Header().Set("WWW-Authenticate", realm)
	case err != nil:
		w.Header().Set("WWW-Authenticate", realm+`, error="invalid_token"`)
	case !t.Role.Includes(least):
		w.Header().Set("WWW-Authenticate", realm+`, error="insufficient_scope"`)
		err = &stagedoor.Error{
			Op: "let an operator in", Subject: "operator token " + t.Name, Kind: stagedoor.KindForbidden,
			Cause: "its role is " + string(t.Role) + ", and this needs " + string(least),
			Fix:   "Make a token with `stagedoor operator token NAME --role " + string(least) + "`.",
		}
	}
	return t, err
}

// read is the body of a request, which is JSON and not too long, if there is one.
func read(w http.ResponseWriter, r *http.Request) ([]byte, *Problem) {
	if !accepts(r) {
		return nil, usage(http.StatusNotAcceptable, "answers here are application/json, and the Accept header does not take that", "Send Accept: application/json, or no Accept header.")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	if _, tooLong := errors.AsType[*http.MaxBytesError](err); tooLong {
		return nil, usage(http.StatusRequestEntityTooLarge, "the body is longer than 256 KiB", "Send less.")
	}
	if err != nil {
		return nil, usage(http.StatusBadRequest, "the body broke off", "Send it again.")
	}
	if len(body) == 0 {
		return body, nil
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return nil, usage(http.StatusBadRequest, "a GET has no body here", "Leave the body out.")
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" || r.Header.Get("Content-Encoding") != "" {
		return nil, usage(http.StatusUnsupportedMediaType, "the body is taken as application/json, not compressed", "Send Content-Type: application/json.")
	}
	return body, nil
}

// accepts reports whether the Accept header takes JSON.
func accepts(r *http.Request) bool {
	values := r.Header.Values("Accept")
	if len(values) == 0 {
		return true
	}
	for part := range strings.SplitSeq(strings.Join(values, ","), ",") {
		kind, params, err := mime.ParseMediaType(part)
		if err != nil || params["q"] == "0" {
			continue
		}
		if slices.Contains([]string{"*/*", "application/*", "application/json", "application/problem+json"}, kind) {
			return true
		}
	}
	return false
}

// do has the operation done, and takes out of an error what was sent.
func (s *site) do(r *http.Request, body []byte) *recorded {
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	r.Header = r.Header.Clone()
	r.Header.Set("Accept", "application/json")
	answer := &recorded{header: http.Header{}}
	s.mux.ServeHTTP(answer, r)
	if answer.Status >= 400 {
		var p Problem
		if json.Unmarshal(answer.Body, &p) == nil {
			scrub(&p, sent(r.URL.Path, r.URL.Query(), body))
			answer.Body, _ = json.Marshal(p) // texts and numbers alone: it can not fail
			answer.Body = append(answer.Body, '\n')
		}
	}
	answer.Headers = map[string]string{}
	for _, name := range []string{"Content-Type", "Link", "ETag", "Retry-After"} {
		if value := answer.header.Get(name); value != "" {
			answer.Headers[name] = value
		}
	}
	return answer
}

// recorded is an answer before it is sent.
type recorded struct {
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    []byte            `json:"body"`
	header  http.Header
	again   bool // it was kept from a request before
}

// Header is the answer's, of which few are sent.
func (a *recorded) Header() http.Header { return a.header }

func (a *recorded) WriteHeader(status int) {
	if a.Status == 0 {
		a.Status = status
	}
}

func (a *recorded) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	a.Body = append(a.Body, p...)
	return len(p), nil
}

func (a *recorded) write(w http.ResponseWriter) {
	h := w.Header()
	for name, value := range a.Headers {
		h.Set(name, value)
	}
	h.Set("Cache-Control", "no-store")
	if a.again {
		h.Set("Idempotency-Replayed", "true")
	}
	if a.Status == 0 {
		a.Status = http.StatusOK
	}
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.Body) // who has gone needs no answer
}

func writeProblem(w http.ResponseWriter, p *Problem) {
	text, _ := json.Marshal(p) // texts and numbers alone: it can not fail
	a := recorded{Status: p.Status, Headers: map[string]string{"Content-Type": p.ContentType("")}, Body: append(text, '\n')}
	a.write(w)
}
