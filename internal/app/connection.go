package app

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/egress"
	"github.com/stagedoor/stagedoor/internal/quota"
	"github.com/stagedoor/stagedoor/internal/zoom"
	"github.com/stagedoor/stagedoor/token"
)

// Connection is a credential in use: its token, and a client of its API.
type Connection struct {
	Credential stagedoor.Credential
	Provider   stagedoor.Provider
	Source     *token.Source
	client     *zoom.Client // nil where the service has no API that we know
	quota      *quota.Account
	out        *egress.Transport
}

// Use says how a connection will be used.
type Use struct {
	// RenewAhead keeps the token alive in the background; for runs that last.
	RenewAhead bool
	// Patience is how long a request may go on being tried while Zoom is away
	// or refuses for a while. Zero: 15 s, what a person at a terminal accepts.
	Patience time.Duration
	// Waiting, if set, is told of each wait for Zoom.
	Waiting func(zoom.Event)
	// Class says who waits for the calls. Empty: a person does.
	Class stagedoor.Class
	// Run is the sync that makes the calls, for the ledger; may be empty.
	Run string

	tokenPatience time.Duration                                  // for a token; zero: the usual
	firstByte     time.Duration                                  // that an answer may take to begin; zero: the usual
	tries         int                                            // of one mint; zero: the usual
	hear          func(base http.RoundTripper) http.RoundTripper // put around every request; nil: nothing
}

// Connect prepares a credential for use; it makes no request yet. The
// connection ends with ctx.
func (a *App) Connect(ctx context.Context, c stagedoor.Credential, use Use) (*Connection, error) {
	p, err := a.Provider(c.Provider)
	if err != nil {
		return nil, err
	}
	out, err := egress.New(egress.Options{Hosts: p.Hosts, Allow: c.AllowHosts, CAFile: a.settings.CAFile, FirstByte: use.firstByte})
	if err != nil {
		return nil, err
	}
	var base http.RoundTripper = out
	if use.hear != nil {
		base = use.hear(out)
	}
	waiting := use.Waiting
	if waiting == nil {
		waiting = a.env.Waiting
	}
	config := token.Config{
		Provider: p, Credential: c, HTTP: a.fewMints(base), NoRenewAhead: !use.RenewAhead, Tries: use.tries, Patience: use.tokenPatience,
		Notify: a.tokenEvents(c, waiting),
	}
	// A credential that is stored nowhere has no row to share.
	if c.ID != "" {
		v, err := a.Vault(ctx)
		if err != nil {
			return nil, err
		}
		config.Shared = v.Tokens(c.ID)
	}
	source, err := token.NewSource(ctx, config)
	if err != nil {
		return nil, err
	}
	var way http.RoundTripper = &token.Transport{Source: source, Base: base, Allow: out.Check}
	way = logged{log: a.env.Log, credential: c.Slug, base: way}
	if c.APIURL == "" {
		way = region{source: source, api: p.APIURL, base: way}
	}
	conn := &Connection{Credential: c, Provider: p, Source: source, out: out}
	if first(c.APIURL, p.APIURL) == "" {
		return conn, nil
	}
	q, err := a.quota(ctx, c, p)
	if err != nil {
		source.Close()
		return nil, err
	}
	conn.quota = q
	conn.client, err = zoom.New(zoom.Config{
		HTTP: way, Check: out.Check, APIURL: c.APIURL, Provider: p, Quota: spender{q, use.of(c)},
		Subject: "credential " + c.Slug, Version: Version, Patience: use.Patience,
		Notify: func(e zoom.Event) {
			a.env.Log.Info("waiting", "credential", c.Slug, "operation", e.Operation, "kind", e.Kind, "wait", e.Wait, "attempt", e.Attempt)
			if waiting != nil {
				waiting(e)
			}
		},
	})
	if err != nil {
		source.Close()
		return nil, err
	}
	return conn, nil
}

// API returns the client of the credential's API.
func (c *Connection) API() (*zoom.Client, error) {
	if c.client == nil {
		return nil, &stagedoor.Error{
			Op: "call the API", Subject: "credential " + c.Credential.Slug, Kind: stagedoor.KindUsage,
			Cause: "neither the credential nor its provider " + c.Provider.Name + " says where the API is",
			Fix:   "Set it with `stagedoor credential edit " + c.Credential.Slug + " --api-url URL`.",
		}
	}
	return c.client, nil
}

// Close ends the renewal of the token, and closes what is idle.
func (c *Connection) Close() {
	c.Source.Close()
	c.out.CloseIdleConnections()
}

// Token hands out a token that lasts at least minTTL, and notes that the
// credential is in use.
func (a *App) Token(ctx context.Context, c *Connection, minTTL time.Duration) (stagedoor.Token, error) {
	t, err := c.Source.Get(ctx, minTTL)
	if err == nil {
		err = a.MarkUsed(ctx, c.Credential)
	}
	return t, err
}

// MarkUsed notes that a credential is in use, which fixes its slug.
func (a *App) MarkUsed(ctx context.Context, c stagedoor.Credential) error {
	if c.ID == "" || c.Used {
		return nil
	}
	return a.vault.MarkUsed(ctx, c.ID)
}

// APIURL returns where the connection's API is, with the provider's base path.
func (c *Connection) APIURL(t stagedoor.Token) string {
	root := first(c.Credential.APIURL, t.APIURL, c.Provider.APIURL)
	u, err := url.Parse(root)
	if err != nil {
		return root
	}
	base := c.Provider.APIBase
	u.Path, u.RawQuery, u.Fragment = strings.TrimSuffix(strings.TrimSuffix(u.Path, "/"), base)+base, "", ""
	return u.String()
}

// tokenEvents logs what happens to a token and keeps the credential's status
// and secrets true.
func (a *App) tokenEvents(c stagedoor.Credential, waiting func(zoom.Event)) func(token.Event) {
	attempts := 0 // events of one source come one after another
	heard := trouble{log: a.env.Log, slug: c.Slug}
	return func(e token.Event) {
		if a.minted != nil { // a daemon
			heard.hear(e)
		}
		if e.Kind == token.EventRetrying {
			attempts++
			if waiting != nil {
				waiting(zoom.Event{Operation: e.Err.Op, Kind: e.Err.Kind, Cause: e.Err.Cause, Wait: time.Until(e.NextTry), Attempt: attempts})
			}
			a.env.Log.Info("waiting", "credential", c.Slug, "operation", e.Err.Op, "kind", e.Err.Kind, "attempt", attempts)
			return
		}
		level := slog.LevelDebug
		switch {
		case e.Kind == token.EventSecretOld:
			level = slog.LevelWarn // it works, and soon will not
		case e.Err != nil:
			level = slog.LevelInfo
		}
		a.env.Log.Log(context.Background(), level, "token "+string(e.Kind),
			"credential", c.Slug, "expiry", e.Expiry, "detail", e.Detail, "error", errorText(e.Err))
		if a.minted != nil && (e.Kind == token.EventMinted || e.Kind == token.EventFailed) {
			var err error
			if e.Err != nil { // not a nil pointer in an error
				err = e.Err
			}
			a.minted(c.Slug, err)
		}
		if c.ID == "" || !a.hasVault() {
			return
		}
		// The event may come while the command's own context is ending; what
		// it says of the credential is still worth a row.
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		var err error
		switch {
		case e.Kind == token.EventSecretProven && len(c.ClientSecrets) > 0:
			err = a.vault.SecretWorked(ctx, c.ID, c.ClientSecrets[0])
		case e.Kind == token.EventSecretOld:
			err = a.vault.SetStatus(ctx, c.ID, stagedoor.StatusVerified, formerInUse, c.CheckedBy)
		case e.Kind == token.EventMinted && c.Status == stagedoor.StatusFailing && len(c.ClientSecrets) < 2:
			err = a.vault.SetStatus(ctx, c.ID, stagedoor.StatusVerified, "", c.CheckedBy)
		case e.Person():
			a.troubled(c, "", e.Err)
			err = a.vault.SetStatus(ctx, c.ID, stagedoor.StatusFailing, e.Err.Cause, c.CheckedBy)
		}
		if err != nil {
			a.env.Log.Warn("the credential's status could not be kept", "credential", c.Slug, "error", err)
		}
	}
}

func errorText(err *stagedoor.Error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
