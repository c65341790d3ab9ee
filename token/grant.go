package token

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// Bounds of one mint, which together stay below a lease ([leaseFor]), so that
// who mints does not lose it to its own patience.
const (
	tries     = 4
	tryFor    = 10 * time.Second
	mintFor   = 25 * time.Second
	longPause = 5 * time.Second // a Retry-After beyond this ends the mint
)

// grantParam is what the standard calls the parameter that names the grant.
// Source: RFC 6749 section 4.4.2.
const grantParam = "grant_type"

// grant asks a token endpoint for tokens. It is used by one goroutine at a time.
type grant struct {
	provider   stagedoor.Provider
	credential stagedoor.Credential
	secrets    []stagedoor.Secret // newest first
	tokenURL   string
	apiURL     string // the credential's own, without the base; may be empty
	hosts      hostList
	base       http.RoundTripper
	now        func() (wall, mono time.Time)
	asked      time.Time // monotonic instant at which the last try began
	failed     int       // tries in a row
	tries      int
	retrying   func(failure *stagedoor.Error, pause time.Duration) // told before each pause
}

// grantedToken is a token as the endpoint gave it.
type grantedToken struct {
	token  stagedoor.Token
	sent   time.Time     // instant of the request: the lifetime counts from here, never too long
	life   time.Duration // as the endpoint said
	events []Event       // what is worth telling
}

// mint gets a token. What may pass (429, 5xx, the network) is tried a few
// times, as far as ctx allows; what a person must mend is returned at once.
func (g *grant) mint(ctx context.Context) (grantedToken, *stagedoor.Error) {
	bounded, cancel := context.WithTimeout(ctx, mintFor)
	defer cancel()
	for try := 1; ; try++ {
		_, g.asked = g.now()
		got, failure := g.askWithEach(bounded)
		if failure == nil {
			g.failed = 0
			return got, nil
		}
		g.failed++
		if ctx.Err() != nil {
			return got, g.explained(stagedoor.Error{
				Kind: stagedoor.KindInterrupted, Cause: "it was interrupted", Err: context.Cause(ctx),
			})
		}
		if try >= g.tries || !failure.Kind.Row().Retry {
			return got, failure
		}
		wall, mono := g.now()
		pause := max(0, g.every()-mono.Sub(g.asked))
		if failure.RetryAt.After(wall.Add(pause)) {
			pause = failure.RetryAt.Sub(wall)
		}
		if pause > longPause {
			return got, failure
		}
		g.retrying(failure, pause)
		if !sleep(bounded, pause) {
			return got, failure
		}
	}
}

// every is how often the endpoint is asked at most while callers wait for it.
func (g *grant) every() time.Duration {
	if g.failed > manyFailures {
		return lateAttemptEvery
	}
	return attemptEvery
}

// askWithEach asks with the newest secret and, if that one is refused, with
// the one before: a new secret may be set here before it is at the provider.
func (g *grant) askWithEach(ctx context.Context) (grantedToken, *stagedoor.Error) {
	var first *stagedoor.Error
	for i, secret := range g.secrets {
		got, failure := g.ask(ctx, secret)
		switch {
		case failure == nil && i == 0 && len(g.secrets) > 1:
			g.secrets = g.secrets[:1]
			got.events = append(got.events, Event{Kind: EventSecretProven, Detail: "The newest client secret works; older ones are not needed any more."})
			return got, nil
		case failure == nil && i > 0:
			got.events = append(got.events, Event{Kind: EventSecretOld, Err: first, Detail: "The newest client secret was refused; an older one works."})
			return got, nil
		case failure == nil:
			return got, nil
		case !refusedClient(failure.Kind):
			if first != nil && !failure.Kind.Row().Retry {
				return got, first
			}
			return got, failure
		case first == nil:
			first = failure
		}
	}
	return grantedToken{}, first
}

// ask makes one request with one secret.
func (g *grant) ask(ctx context.Context, secret stagedoor.Secret) (grantedToken, *stagedoor.Error) {
	ctx, cancel := context.WithTimeout(ctx, tryFor)
	defer cancel()
	params := url.Values{grantParam: {g.provider.Token.Grant}}
	for name, value := range g.provider.Token.Params {
		params.Set(name, strings.ReplaceAll(value, "{account_id}", g.credential.AccountID))
	}
	style := oauth2.AuthStyleInHeader
	if g.provider.Token.Auth == "body" {
		style = oauth2.AuthStyleInParams
	}
	config := clientcredentials.Config{
		ClientID: g.credential.ClientID, ClientSecret: secret.Reveal(), TokenURL: g.tokenURL,
		EndpointParams: params, AuthStyle: style,
	}
	exchange := &exchange{base: g.base, request: g.provider.Token, names: g.provider.Response, now: g.now}
	client := &http.Client{Transport: exchange}
	wall, mono := g.now()
	granted, err := config.Token(context.WithValue(ctx, oauth2.HTTPClient, client))
	switch {
	case exchange.answer == nil:
		return grantedToken{}, g.unreached(ctx, err)
	case err != nil || !exchange.answer.granted():
		return grantedToken{}, g.refused(*exchange.answer, secret)
	}
	return g.grantedToken(*exchange.answer, granted, wall, mono), nil
}

func (g *grant) grantedToken(a answer, granted *oauth2.Token, wall, mono time.Time) grantedToken {
	got := grantedToken{sent: mono, life: a.lifetime}
	if got.life == 0 {
		got.life = g.provider.Response.Lifetime
		if got.life == 0 {
			got.life = time.Hour
		}
		got.events = append(got.events, Event{
			Kind: EventLifetimeGuess, Detail: a.guess + "; " + got.life.String() + " is assumed.",
		})
	}
	minted := wall.Round(0).UTC()
	got.token = stagedoor.Token{
		Value: stagedoor.NewSecret(granted.AccessToken), Type: granted.Type(),
		Minted: minted, Expiry: minted.Add(got.life), Scopes: a.scopes,
	}
	var ok bool
	if got.token.APIURL, ok = g.chooseAPIURL(a.apiURL); !ok {
		got.events = append(got.events, Event{
			Kind: EventAPIURLIgnored, Detail: "The answer's API URL is not on the list of hosts, so it is not followed.",
		})
	}
	return got
}

// chooseAPIURL returns the API URL to use for a token that came with given:
// the credential's own, or given if it leads to a host on the list.
func (g *grant) chooseAPIURL(given string) (string, bool) {
	if g.apiURL != "" || given == "" {
		return g.apiURL, true
	}
	u, err := url.Parse(given)
	if err != nil || g.hosts.check(u) != nil {
		return "", false
	}
	return withoutBase(u, g.provider.APIBase), true
}

// exchange carries one token request and keeps what the endpoint answered; it
// hands x/oauth2 an answer in standard form. That has no Location, so that no
// redirect carries id and secret to an address that nobody checked.
type exchange struct {
	base    http.RoundTripper
	request stagedoor.TokenRequest
	names   stagedoor.TokenResponse
	now     func() (wall, mono time.Time)
	answer  *answer // nil until an answer came
}

func (e *exchange) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("Accept", "application/json")
	if err := e.shape(req); err != nil {
		return nil, err
	}
	resp, err := e.base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return nil, err
	}
	wall, _ := e.now()
	a := readAnswer(resp.StatusCode, resp.Header, body, e.names, wall)
	e.answer = &a
	body = a.standard()
	return &http.Response{
		Status: resp.Status, StatusCode: resp.StatusCode, Proto: resp.Proto, ProtoMajor: resp.ProtoMajor, ProtoMinor: resp.ProtoMinor,
		Header: http.Header{"Content-Type": {"application/json"}}, Request: req,
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
	}, nil
}

// shape makes the request that x/oauth2 wrote, a form of a POST with
// grant_type in it, into the one that the provider wants. It touches only what
// is to be otherwise.
func (e *exchange) shape(req *http.Request) error {
	named := e.request.GrantParam != "" && e.request.GrantParam != grantParam
	if !named && e.request.In != "query" {
		return nil
	}
	body, err := io.ReadAll(req.Body)
	req.Body.Close()
	if err != nil {
		return err
	}
	if named {
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return err
		}
		form[e.request.GrantParam] = form[grantParam]
		form.Del(grantParam)
		body = []byte(form.Encode())
	}
	if e.request.In != "query" {
		req.Body, req.GetBody, req.ContentLength = io.NopCloser(bytes.NewReader(body)), nil, int64(len(body))
		return nil
	}
	if req.URL.RawQuery != "" {
		req.URL.RawQuery += "&"
	}
	req.URL.RawQuery += string(body)
	req.Body, req.GetBody, req.ContentLength = http.NoBody, nil, 0
	req.Header.Del("Content-Type")
	if e.request.Method == http.MethodGet {
		req.Method = http.MethodGet
		req.Header.Set("Cache-Control", "no-store") // a token is for who asked, and no cache in between
	}
	return nil
}

// jitter spreads d by a fifth to both sides.
func jitter(d time.Duration) time.Duration {
	return d - d/5 + rand.N(2*d/5+1)
}

// sleep waits for d and reports whether ctx lasted as long.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
