package app

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/egress"
	"github.com/stagedoor/stagedoor/internal/gateway"
	"github.com/stagedoor/stagedoor/internal/zoom"
	"github.com/stagedoor/stagedoor/token"
)

// firstByte is how long an answer to the gateway may take to begin. The gateway
// itself ends requests in which nothing moves, and knows better which may wait.
const firstByte = time.Hour

// tokenPatience is how long a caller waits for a token of its credential. Many
// clients, Salesforce's among them, give up after ten seconds, and would never
// read why.
const tokenPatience = 8 * time.Second

// gatewayUse is how the gateway uses a connection.
func gatewayUse() Use {
	return Use{RenewAhead: true, tokenPatience: tokenPatience, firstByte: firstByte, hear: func(base http.RoundTripper) http.RoundTripper { return counted{discreet{base: base}} }}
}

// Open lends the connection of a credential to one request of the gateway.
func (l *live) Open(ctx context.Context, slug string) (gateway.Connection, error) {
	c, err := l.borrow(ctx, slug, true)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Close gives the connection back.
func (c *lent) Close() { c.live.giveBack(c) }

// Base is the path that the API's operations start with.
func (c *lent) Base() string { return c.Provider.APIBase }

// Send sends a request with the credential's token, in its turn.
func (c *lent) Send(r *http.Request, s gateway.Sending) (gateway.Sent, error) {
	client, err := c.clientOf(s)
	if err != nil {
		return gateway.Sent{}, err
	}
	if s.File && !s.Bare && c.Provider.APIBase == "" && strings.EqualFold(r.URL.Host, c.apiHost()) {
		// Without a base, nothing tells a file on this host from a call.
		return gateway.Sent{}, &stagedoor.Error{
			Op: "read a file", Kind: stagedoor.KindForbidden, Cause: "url is an address of the API, and not of a file", Fix: "Call the API itself.",
		}
	}
	var attempts atomic.Int32
	r = r.WithContext(context.WithValue(r.Context(), attemptsKey{}, &attempts))
	use := zoom.Relaying{Operation: s.Operation, Body: s.Body}
	if c.quota != nil {
		use.Quota = spender{c.quota, s.Use}
	}
	relayed, err := client.Relay(r, use)
	sent := gateway.Sent{
		Response: relayed.Response, Refused: relayed.Refused, Waited: relayed.Waited, Upstream: relayed.Upstream,
		Healed: attempts.Load() > 1 && relayed.Refused == nil,
	}
	refused := err
	if relayed.Refused != nil {
		refused = relayed.Refused
	}
	if refused != nil {
		c.live.app.troubled(c.Credential, "caller "+s.Use.Caller, refused)
		sent.Left = c.left(r.Context(), stagedoor.KindOf(refused), s.Operation)
	}
	return sent, err
}

func (c *lent) clientOf(s gateway.Sending) (*zoom.Client, error) {
	if !s.File {
		return c.API()
	}
	if _, err := c.API(); err != nil {
		return nil, err
	}
	f, err := c.files()
	switch {
	case err != nil:
		return nil, err
	case s.Bare:
		return f.bare, nil
	}
	return f.carrying, nil
}

func (c *lent) apiHost() string {
	u, err := url.Parse(cmp.Or(c.Credential.APIURL, c.Provider.APIURL))
	if err != nil {
		return ""
	}
	return u.Host
}

// left reads what is left of the limit that refused a call; nil where nothing
// did, or it is not known. Many that are refused at once ask the store once.
func (c *lent) left(ctx context.Context, kind stagedoor.Kind, op stagedoor.Operation) *gateway.Left {
	if kind != stagedoor.KindRateLimited && kind != stagedoor.KindDailyQuota || c.quota == nil {
		return nil
	}
	c.reading.Lock()
	defer c.reading.Unlock()
	if now().Sub(c.readAt) > time.Second {
		report, err := c.quota.Report(ctx)
		if err != nil {
			return nil
		}
		c.report, c.readAt = report, now()
	}
	if kind == stagedoor.KindRateLimited {
		for _, rate := range c.report.Rates {
			if rate.Family == op.Family() && rate.Label == op.Label {
				return &gateway.Left{Limit: rate.Requests}
			}
		}
		return nil
	}
	for _, day := range c.report.Days {
		if day.Limit > 0 && slices.Contains(day.Labels, op.Label) && strings.HasPrefix(day.Group, string(op.Family())) {
			// Whatever the ledger has: the day is over for who was refused, and that
			// the provider closed it is written down a moment later.
			return &gateway.Left{Limit: day.Limit}
		}
	}
	return nil
}

// files are the ways to the provider's files.
type files struct {
	carrying *zoom.Client // with the token, to the hosts of files
	bare     *zoom.Client // without it
	close    func()
}

// files makes the ways to files on first use: few callers read any.
func (c *lent) files() (*files, error) {
	c.making.Lock()
	defer c.making.Unlock()
	if c.made != nil {
		return c.made, nil
	}
	a, p := c.live.app, c.Provider
	hosts := slices.Concat(p.Hosts, p.DownloadHosts)
	slices.Sort(hosts)
	to, err := egress.New(egress.Options{
		Hosts: slices.Compact(hosts), Allow: c.Credential.AllowHosts, CAFile: a.settings.CAFile, FirstByte: firstByte,
	})
	if err != nil {
		return nil, err
	}
	anywhere, err := egress.New(egress.Options{Allow: c.Credential.AllowHosts, CAFile: a.settings.CAFile, Anywhere: true, FirstByte: firstByte})
	if err != nil {
		return nil, err
	}
	config := zoom.Config{APIURL: c.Credential.APIURL, Provider: p, Subject: "credential " + c.Credential.Slug, Version: Version}
	config.HTTP = logged{log: a.env.Log, credential: c.Credential.Slug, base: &token.Transport{Source: c.Source, Base: counted{discreet{base: to, follows: true}}, Allow: to.Check}}
	f := &files{close: func() { to.CloseIdleConnections(); anywhere.CloseIdleConnections() }}
	if f.carrying, err = zoom.New(config); err != nil {
		return nil, err
	}
	config.HTTP = logged{log: a.env.Log, credential: c.Credential.Slug, base: anywhere}
	if f.bare, err = zoom.New(config); err != nil {
		return nil, err
	}
	c.made = f
	return f, nil
}

// Token returns the document that `token --format json` prints. A minTTL below
// zero asks for what is usual.
func (c *lent) Token(ctx context.Context, minTTL time.Duration) ([]byte, error) {
	t, err := c.LastingToken(ctx, minTTL)
	if err != nil {
		return nil, err
	}
	return c.TokenDocument(t)
}

// lentFiles is what a connection of the gateway holds beside the API's client.
type lentFiles struct {
	making sync.Mutex // guards made
	made   *files
}

// counted is a RoundTripper that counts how often one request is sent.
type counted struct{ base http.RoundTripper }

type attemptsKey struct{}

func (c counted) RoundTrip(r *http.Request) (*http.Response, error) {
	if attempts, ok := r.Context().Value(attemptsKey{}).(*atomic.Int32); ok {
		attempts.Add(1)
	}
	return c.base.RoundTrip(r)
}
