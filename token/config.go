package token

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor"
)

// DefaultMargin is how long before its expiry a token is renewed.
const DefaultMargin = 300 * time.Second

// Config is what a [Source] is made from. Provider and Credential are
// required; the zero value of everything else is a sensible choice.
type Config struct {
	// Provider says how the service grants tokens.
	Provider stagedoor.Provider
	// Credential holds account id, client id and client secrets, newest first.
	// Its TokenURL and APIURL win over the provider's, its AllowHosts come on
	// top of the provider's hosts, and its Slug names it in messages.
	Credential stagedoor.Credential
	// HTTP carries the requests to the token endpoint, and nothing else. The
	// default is an http.Transport that honours HTTPS_PROXY and NO_PROXY.
	HTTP http.RoundTripper
	// Shared, if set, is where processes share the credential's token.
	Shared Shared
	// Margin is how long before expiry a token is renewed, less up to a tenth
	// so that processes do not renew in step. It is never more than half of a
	// token's lifetime. Default [DefaultMargin].
	Margin time.Duration
	// NoRenewAhead is for programs that need a token once: nothing runs in the
	// background, and a token is renewed only when the one at hand does not do.
	NoRenewAhead bool
	// Tries is how often one mint asks the token endpoint while what failed may
	// pass by itself; [Source.Get] may go on with further mints. Default 4.
	Tries int
	// Patience is how long [Source.Get] waits for a usable token where its context
	// has no deadline. Default [DefaultPatience].
	Patience time.Duration
	// Wall is the wall clock. Default time.Now, of which one call gives the
	// wall and the monotonic reading; another clock gives the wall alone.
	Wall func() time.Time
	// Notify, if set, is told what happened, in the goroutine that did it and
	// before waiting callers are let go. It must return soon and be safe for
	// concurrent use.
	Notify func(Event)
}

// NewSource checks c and returns a Source; it does no input or output. Renewal
// ahead of expiry stops when ctx ends, or when nobody asked for two lifetimes;
// in the second case the next use starts it again. When ctx has ended, a token
// that still lives is handed out, but no new one is minted.
func NewSource(ctx context.Context, c Config) (*Source, error) {
	hosts := hostList{patterns: c.Provider.Hosts, extra: c.Credential.AllowHosts, slug: c.Credential.Slug}
	tokenURL, err := c.tokenURL(hosts)
	if err != nil {
		return nil, err
	}
	apiURL, err := c.apiURL(hosts)
	if err != nil {
		return nil, err
	}
	if problems := c.problems(); len(problems) > 0 {
		return nil, &stagedoor.Error{
			Op: "prepare tokens", Subject: subject(c.Credential), Kind: stagedoor.KindUsage,
			Cause: strings.Join(problems, "; "), Fix: "Correct the credential or the provider file.",
		}
	}
	if c.Margin == 0 {
		c.Margin = DefaultMargin
	}
	var own *http.Transport
	if c.HTTP == nil {
		own = defaultTransport()
		c.HTTP = own
	}
	if c.Tries == 0 {
		c.Tries = tries
	}
	if c.Patience == 0 {
		c.Patience = DefaultPatience
	}
	if c.Notify == nil {
		c.Notify = func(Event) {}
	}
	s := &Source{
		margin: c.Margin, patience: c.Patience, noRenewAhead: c.NoRenewAhead, wall: c.Wall, notify: c.Notify,
		shared: c.Shared, subject: subject(c.Credential), provider: c.Provider, hosts: hosts,
		own: own, started: time.Now(),
	}
	s.grant = grant{
		provider: c.Provider, credential: c.Credential, secrets: c.Credential.ClientSecrets,
		tokenURL: tokenURL, apiURL: apiURL, hosts: hosts, base: c.HTTP, now: s.now,
		tries: c.Tries, retrying: s.tellRetrying,
	}
	s.ctx, s.cancel = context.WithCancel(ctx)
	context.AfterFunc(s.ctx, s.stopTimer)
	return s, nil
}

// problems lists, in words for people, what is missing or contradicts itself.
func (c Config) problems() []string {
	var list []string
	complain := func(bad bool, format string, args ...any) {
		if bad {
			list = append(list, fmt.Sprintf(format, args...))
		}
	}
	p, request := c.Provider, c.Provider.Token
	complain(p.Name == "", "the provider has no name")
	complain(p.Flow != "" && p.Flow != "request", "the provider's flow %q is not known", p.Flow)
	complain(request.Grant == "", "the provider names no grant type")
	complain(request.In != "" && request.In != "form" && request.In != "query", "the provider wants parameters in %q, which is neither form nor query", request.In)
	complain(request.Auth != "" && request.Auth != "header" && request.Auth != "body", "the provider wants id and secret in %q, which is neither header nor body", request.Auth)
	complain(request.Method != "" && request.Method != http.MethodPost && request.Method != http.MethodGet, "the provider wants the method %q, which is neither POST nor GET", request.Method)
	complain(request.Method == http.MethodGet && request.In != "query", "the provider wants GET, which needs the parameters in the query")
	complain(request.Auth == "body" && request.In == "query", "the provider wants everything in the query, but a client secret never goes into a URL")
	for name := range request.Params {
		switch name {
		case request.GrantParam, grantParam, "client_id", "client_secret":
			complain(true, "the provider's parameter %s is set elsewhere", name)
		}
	}
	switch p.Response.ExpiresUnit {
	case "", "seconds", "minutes", "milliseconds":
	default:
		complain(true, "the provider's unit of a lifetime %q is not known", p.Response.ExpiresUnit)
	}
	complain(p.Response.Lifetime < 0, "the provider's token lifetime is negative")
	complain(c.Credential.ClientID == "", "the client id is missing")
	complain(len(c.Credential.ClientSecrets) == 0, "the client secret is missing")
	for _, secret := range c.Credential.ClientSecrets {
		complain(secret.IsZero(), "a client secret is empty")
	}
	complain(c.Margin < 0, "the margin is negative")
	complain(c.Tries < 0, "the number of tries is negative")
	complain(c.Patience < 0, "the patience is negative")
	return list
}

func (c Config) tokenURL(hosts hostList) (string, error) {
	raw := c.Credential.TokenURL
	if raw == "" {
		raw = c.Provider.TokenURL
	}
	u, err := c.parseURL("token URL", raw)
	if err != nil {
		return "", err
	}
	if err := hosts.check(u); err != nil {
		return "", err
	}
	return u.String(), nil
}

// apiURL returns the credential's own API URL without the provider's base
// path, or "" if it has none.
func (c Config) apiURL(hosts hostList) (string, error) {
	if c.Credential.APIURL == "" {
		return "", nil
	}
	u, err := c.parseURL("API URL", c.Credential.APIURL)
	if err != nil {
		return "", err
	}
	if err := hosts.check(u); err != nil {
		return "", err
	}
	return withoutBase(u, c.Provider.APIBase), nil
}

// parseURL never repeats raw in its error: people paste secrets into the wrong
// field, and a URL may hold a password.
func (c Config) parseURL(what, raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.User != nil || u.Fragment != "" {
		return nil, &stagedoor.Error{
			Op: "prepare tokens", Subject: subject(c.Credential), Kind: stagedoor.KindUsage,
			Cause: "the " + what + " is not an absolute https address without user name and fragment",
			Fix:   "Give the whole address, such as " + c.example(what) + ".",
		}
	}
	return u, nil
}

func (c Config) example(what string) string {
	if what == "token URL" && c.Provider.TokenURL != "" {
		return c.Provider.TokenURL
	}
	if c.Provider.APIURL != "" {
		return c.Provider.APIURL
	}
	return "https://example.com"
}

func subject(c stagedoor.Credential) string {
	return strings.TrimSpace("credential " + c.Slug)
}

func defaultTransport() *http.Transport {
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		ForceAttemptHTTP2:   true,
		MaxIdleConns:        4,
		IdleConnTimeout:     30 * time.Second,
		TLSHandshakeTimeout: 10 * time.Second,
	}
}
