package providertest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Mint asks for one token in the way that is to be judged: at the credential's
// token URL, by the provider's recipe, and without any cache.
type Mint func(ctx context.Context, p stagedoor.Provider, c stagedoor.Credential) (stagedoor.Token, error)

// Report is what came of a file. No part of it holds a secret.
type Report struct {
	Endpoint string  `json:"endpoint"` // where the file's own endpoint was
	Request  string  `json:"request"`  // the request for a token, as it arrived there
	Answer   string  `json:"answer"`   // the answer to it
	Refusal  string  `json:"refusal"`  // the answer to a wrong secret
	Checks   []Check `json:"checks"`
}

// Check is one thing that a file must fulfil.
type Check struct {
	Name   string            `json:"name"`
	Result string            `json:"result"` // ok or fail
	Says   string            `json:"says"`
	Fix    string            `json:"fix,omitempty"`
	Error  *stagedoor.Notice `json:"error,omitempty"` // the error that was met, where it says more
}

// Failed returns how many checks failed.
func (r Report) Failed() int {
	n := 0
	for _, c := range r.Checks {
		if c.Result != "ok" {
			n++
		}
	}
	return n
}

// run is one run of the kit.
type run struct {
	*endpoint
	ctx    context.Context
	mint   Mint
	report Report
	errors []error
}

// Run judges a provider that was loaded. Its error says that the endpoint could
// not be started, or that ctx ended.
func Run(ctx context.Context, p stagedoor.Provider, mint Mint) (Report, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return Report{}, &stagedoor.Error{
			Op: "start a token endpoint", Subject: "127.0.0.1", Kind: stagedoor.KindInternal, Err: err,
			Cause: "there is no free port on this machine: " + err.Error(), Fix: "Close some programs and try again.",
		}
	}
	e := newEndpoint(p)
	server := &http.Server{Handler: e, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener) // it ends with Close
	}()
	defer func() {
		server.Close()
		<-done
	}()

	address := url.URL{Scheme: "http", Host: listener.Addr().String(), Path: "/"}
	if u, err := url.Parse(p.TokenURL); err == nil && u.Host != "" {
		address.Path, address.RawQuery = u.Path, u.RawQuery
	}
	e.credential.Provider, e.credential.TokenURL = p.Name, address.String()
	e.credential.AllowHosts = []string{address.Host}
	r := &run{endpoint: e, ctx: ctx, mint: mint, report: Report{Endpoint: address.String()}}
	for _, check := range []func(){r.grants, r.lifetimes, r.refuses, r.explains, r.types, r.keepsSecrets} {
		if check(); ctx.Err() != nil {
			return r.report, &stagedoor.Error{Op: "try the provider", Subject: p.Name, Kind: stagedoor.KindInterrupted, Cause: "it was interrupted", Err: ctx.Err()}
		}
	}
	return r.report, nil
}

// ask mints with the endpoint in a mood, and returns what came of it.
func (r *run) ask(m mood, c stagedoor.Credential) (stagedoor.Token, error) {
	r.mu.Lock()
	r.mood = m
	r.mu.Unlock()
	t, err := r.mint(r.ctx, r.provider, c)
	if err != nil {
		r.errors = append(r.errors, err)
	}
	return t, err
}

func (r *run) ok(name, format string, args ...any) {
	r.report.Checks = append(r.report.Checks, Check{Name: name, Result: "ok", Says: fmt.Sprintf(format, args...)})
}

func (r *run) fail(name string, err error, says, fix string) {
	c := Check{Name: name, Result: "fail", Says: says, Fix: fix}
	if err != nil {
		notice := stagedoor.NoticeOf(err)
		c.Error = &notice
	}
	r.report.Checks = append(r.report.Checks, c)
}

// last shows the last request and the answer to it.
func (r *run) last() (request, answer string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.requests) == 0 {
		return "", ""
	}
	at := len(r.requests) - 1
	request = r.show(Show(r.requests[at], r.bodies[at]))
	// RFC 6749 joins the two after encoding each, so the secret stands here
	// as it was encoded; show has put its name in its place.
	a := r.answers[at]
	return request, fmt.Sprintf("%d %s\n\n%s\n", a.status, http.StatusText(a.status), r.show(string(a.body)))
}

// grants: a token comes, it is the right one, and it was asked for as the file
// says.
func (r *run) grants() {
	t, err := r.ask(mood{}, r.credential)
	r.report.Request, r.report.Answer = r.last()
	switch {
	case err != nil:
		r.fail("token", err, "no token came of an answer that holds one", "Look at the answer above: the names in response must lead to its fields.")
	case t.Value.Reveal() != r.token || t.Type != "Bearer":
		r.fail("token", nil, "another field of the answer was taken for the token", "Correct response.access_token.")
	case len(r.provider.Response.APIURL) > 0 && r.provider.APIURL != "" && t.APIURL != r.provider.APIURL:
		r.fail("token", nil, "the API URL of the answer was not followed", "Add its host to hosts.")
	default:
		r.ok("token", "one request, one token; scopes %s", strings.Join(t.Scopes, " "))
	}
	r.mu.Lock()
	complaints := slices.Clone(r.complaints)
	r.mu.Unlock()
	if len(complaints) > 0 {
		r.fail("request", nil, strings.Join(complaints, "; "), "This is a defect of Stagedoor, not of the file.")
		return
	}
	r.ok("request", "as the file says: grant, parameters, place of id and secret")
}

// lifetimes: they are read in the file's unit, as numbers and as texts, and the
// default stands where there is none.
func (r *run) lifetimes() {
	for _, test := range []struct {
		name string
		mood mood
		want time.Duration
	}{
		{"lifetime", mood{}, r.lifetime},
		{"lifetime as text", mood{text: true}, r.lifetime},
		{"no lifetime", mood{silent: true}, r.provider.Response.Lifetime},
	} {
		t, err := r.ask(test.mood, r.credential)
		got := t.Expiry.Sub(t.Minted)
		_, answer := r.last()
		switch {
		case err != nil:
			r.fail(test.name, err, "no token came", "Look at response.")
		case got != test.want:
			r.fail(test.name, nil, fmt.Sprintf("the token is taken to last %s, but it lasts %s; the answer was %s", got, test.want, answer), "Correct response.expires_in, response.expires_unit or response.expires_at.")
		case test.mood.silent:
			r.ok(test.name, "the token is taken to last %s, the file's default", got)
		default:
			r.ok(test.name, "the token lasts %s", got)
		}
	}
}

// refuses: a wrong secret ends with an explained error, and with the kind upon
// which an older secret is tried.
func (r *run) refuses() {
	const name = "wrong secret"
	wrong := r.credential
	wrong.ClientSecrets = []stagedoor.Secret{stagedoor.NewSecret("wrong-" + r.credential.ClientSecrets[0].Reveal())}
	_, err := r.ask(mood{}, wrong)
	_, r.report.Refusal = r.last()
	e, ok := errors.AsType[*stagedoor.Error](err)
	refusal, why, known := wrongSecret(r.provider)
	switch {
	case !ok:
		r.fail(name, err, "it was taken", "This is a defect of Stagedoor, not of the file.")
	case !known:
		r.fail(name, err, why, "Add a rule to errors with at: token and kind: invalid_client, and with an example: the service's answer to a wrong secret. Without it people read a bare status, and an older secret is not tried while a new one is not in force yet.")
	case e.Kind != stagedoor.KindInvalidClient:
		r.fail(name, err, fmt.Sprintf("its answer (%d %s) is explained as %s, not as invalid_client", refusal.status, r.show(string(refusal.body)), e.Kind), "Look at response.error, response.code and response.message, and at the rules that stand before it.")
	case e.Cause == "" || e.Fix == "":
		r.fail(name, err, "the error has no cause or no fix", "Write both.")
	default:
		r.ok(name, "%s", e.Cause)
	}
}

// explains: each rule for the token endpoint explains its own example.
func (r *run) explains() {
	n := 0
	for _, rule := range r.provider.Errors {
		if rule.At != stagedoor.AtToken {
			continue
		}
		name := "error " + rule.ID
		a, why := example(r.provider, rule)
		if why != "" {
			r.fail(name, nil, why, "Add example: the service's answer as it stands, such as '401 {\"error\":\"invalid_client\"}'.")
			continue
		}
		_, err := r.ask(mood{fixed: &a}, r.credential)
		e, ok := errors.AsType[*stagedoor.Error](err)
		switch {
		case !ok:
			r.fail(name, err, "its example was taken for an answer with a token", "Look at response.error: an answer with that field is a refusal.")
		case e.Kind != rule.Kind || e.Cause != rule.Cause && !strings.Contains(rule.Cause, "{"):
			r.fail(name, err, fmt.Sprintf("its example (%d %s) is not explained by it", a.status, a.body), "Look at what the rule wants (error, code, status, message), at response.error, response.code and response.message, and at the rules that stand before it.")
		default:
			n++
		}
	}
	if n > 0 {
		r.ok("errors", "%d of the rules for the token endpoint explain their own examples", n)
	}
}

// types: a token of a type that nobody here understands is refused.
func (r *run) types() {
	_, err := r.ask(mood{kind: "kit-of-an-unknown-type"}, r.credential)
	if stagedoor.KindOf(err) != stagedoor.KindBadAnswer || err == nil {
		r.fail("other type", err, "a token that is not a bearer token was taken", "Correct response.token_type.")
		return
	}
	r.ok("other type", "a token that is not a bearer token is refused")
}

// keepsSecrets: neither an error nor a URL shows a secret, even where the
// endpoint repeats what it was sent.
func (r *run) keepsSecrets() {
	if _, err := r.ask(mood{echo: true}, r.credential); err == nil {
		r.fail("secrets", nil, "a refusal was taken for a token", "Look at response.error.")
		return
	}
	secret := r.credential.ClientSecrets[0].Reveal()
	var seen strings.Builder
	for _, err := range r.errors {
		fmt.Fprintf(&seen, "%v %+v\n", err, stagedoor.NoticeOf(err))
		if e, ok := errors.AsType[*stagedoor.Error](err); ok {
			fmt.Fprintf(&seen, "%s %s %s\n", e.Detail, e.Code, e.Tracking)
		}
	}
	r.mu.Lock()
	for _, request := range r.requests {
		seen.WriteString(request.URL.String() + "\n")
	}
	r.mu.Unlock()
	for _, form := range []string{secret, url.QueryEscape(secret), strings.TrimRight(secret, "/+=&%"), r.token} {
		if strings.Contains(seen.String(), form) {
			r.fail("secrets", nil, "an error or a URL shows a secret", "This is a defect of Stagedoor, not of the file.")
			return
		}
	}
	r.ok("secrets", "%d errors were met, and neither they nor a URL show a secret", len(r.errors))
}
