package app

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/quota"
)

const (
	// keepAlive is how long after its last use a credential's token is renewed
	// before anybody asks for it.
	keepAlive = 24 * time.Hour
	// mintsAtOnce is how many requests to token endpoints a daemon makes at once.
	mintsAtOnce = 20
	// keepEvery is how often the daemon looks which tokens are to be kept alive,
	// give or take a half.
	keepEvery = 20 * time.Second
)

// live keeps the connections of a daemon: each credential's is opened once, is
// lent to any number of requests, and is replaced when its credential changed.
type live struct {
	app *App
	ctx context.Context // of the daemon; connections end with it

	mu      sync.Mutex // guards what follows; never held over a wait
	open    map[string]*lent
	refused map[string]error // why a slug can not be opened, until something changes
	opening map[string]chan struct{}
	quotas  map[*quota.Account]int // connections that use it
	resting map[string]int64       // credential id → fence of its token when nobody had used it for long
	closing sync.WaitGroup
}

// lent is a connection that requests borrow.
type lent struct {
	*Connection
	live  *live
	print [sha256.Size]byte // of what the connection was made from

	users   int // guarded by live.mu, as is what follows
	retired bool
	used    time.Time

	lentFiles
	reading sync.Mutex // guards what follows
	report  stagedoor.QuotaReport
	readAt  time.Time
}

func newLive(ctx context.Context, a *App) *live {
	return &live{
		app: a, ctx: ctx, open: map[string]*lent{}, refused: map[string]error{}, opening: map[string]chan struct{}{},
		quotas: map[*quota.Account]int{}, resting: map[string]int64{},
	}
}

// borrow lends the connection of a credential, from memory where it can; whoever
// gets it gives it back. use says that somebody uses the credential by it.
func (l *live) borrow(ctx context.Context, slug string, use bool) (*lent, error) {
	for {
		l.mu.Lock()
		if c := l.open[slug]; c != nil {
			c.users++
			if use {
				c.used = now()
			}
			l.mu.Unlock()
			return c, nil
		}
		if err := l.refused[slug]; err != nil {
			l.mu.Unlock()
			return nil, err
		}
		wait := l.opening[slug]
		if wait == nil {
			done := make(chan struct{})
			l.opening[slug] = done
			l.mu.Unlock()
			err := l.connect(slug, done)
			if err != nil {
				return nil, err
			}
			continue
		}
		l.mu.Unlock()
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, &stagedoor.Error{Op: "use a credential", Subject: "credential " + slug, Kind: stagedoor.KindInterrupted, Cause: "the request ended first", Err: ctx.Err()}
		}
	}
}

// connect opens the connection of a slug; done is closed when that is over.
func (l *live) connect(slug string, done chan struct{}) error {
	ctx, cancel := context.WithTimeout(l.ctx, 15*time.Second)
	defer cancel()
	c, err := l.app.Credential(ctx, slug)
	var conn *Connection
	if err == nil {
		err = l.app.MarkUsed(ctx, c)
	}
	if err == nil {
		conn, err = l.app.Connect(l.ctx, c, gatewayUse())
	}
	defer l.endQuotas()
	l.mu.Lock()
	defer l.mu.Unlock()
	defer close(done)
	delete(l.opening, slug)
	if err != nil {
		if kind := stagedoor.KindOf(err); kind == stagedoor.KindNotFound || kind == stagedoor.KindDisabled {
			l.refused[slug] = err // until the next change; what is the machine's fault may pass
		}
		return err
	}
	l.open[slug] = &lent{Connection: conn, live: l, print: printOf(c), used: now()}
	if conn.quota != nil {
		l.quotas[conn.quota]++
	}
	return nil
}

func (l *live) giveBack(c *lent) {
	l.mu.Lock()
	c.users--
	over := c.retired && c.users == 0
	l.mu.Unlock()
	if over {
		l.end(c)
	}
}

// retire takes a connection out of use; requests that have it keep it to their
// end. l.mu is held.
func (l *live) retire(slug string) {
	c := l.open[slug]
	delete(l.open, slug)
	if c == nil {
		return
	}
	c.retired = true
	if c.users == 0 {
		l.closing.Go(func() { l.end(c) })
	}
}

// end closes a connection that nobody has, and the account's quota with the last
// connection that used it.
func (l *live) end(c *lent) {
	c.Connection.Close()
	c.making.Lock()
	if c.made != nil {
		c.made.close()
	}
	c.making.Unlock()
	if c.quota == nil {
		return
	}
	l.mu.Lock()
	l.quotas[c.quota]--
	l.mu.Unlock()
	l.endQuotas()
}

// endQuotas closes the quotas that no connection uses any more. None is closed
// while a connection is being opened, for that one may have been given it already:
// a credential whose secret changed is closed and opened again at the same moment.
func (l *live) endQuotas() {
	var unused []*quota.Account
	l.mu.Lock()
	if len(l.opening) == 0 {
		for q, users := range l.quotas {
			if users == 0 {
				delete(l.quotas, q)
				l.app.forgetQuota(q)
				unused = append(unused, q)
			}
		}
	}
	l.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), closing)
	defer cancel()
	for _, q := range unused {
		if err := q.Close(ctx); err != nil {
			l.app.env.Log.Warn("what was used of a quota could not be written down", "error", err)
		}
	}
}

// printOf tells whether a credential changed in what a connection is made from.
func printOf(c stagedoor.Credential) [sha256.Size]byte {
	secrets := make([]string, len(c.ClientSecrets))
	for i, s := range c.ClientSecrets {
		secrets[i] = s.Reveal()
	}
	text, err := json.Marshal([]any{
		c.ID, c.Slug, c.Provider, c.AccountID, c.ClientID, c.Plan, c.TokenURL, c.APIURL, c.AllowHosts,
		c.Status == stagedoor.StatusDisabled, secrets,
	})
	if err != nil {
		panic(err) // texts alone
	}
	return sha256.Sum256(text) // one does not keep secrets to compare them
}

// Reload replaces the connections whose credential changed, was disabled or
// removed. One whose account has another plan by now is replaced too, since all
// credentials of an account share its quota.
func (l *live) Reload(ctx context.Context) error {
	l.mu.Lock()
	clear(l.refused)
	slugs := make([]string, 0, len(l.open))
	for slug := range l.open {
		slugs = append(slugs, slug)
	}
	l.mu.Unlock()
	if len(slugs) == 0 {
		return nil
	}
	all, err := l.app.vault.List(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, slug := range slugs {
		c, err := l.app.vault.Credential(ctx, slug)
		gone := stagedoor.KindOf(err) == stagedoor.KindNotFound
		if err != nil && !gone {
			errs = append(errs, err)
			continue
		}
		plan := accountPlan(all, c)
		l.mu.Lock()
		if open := l.open[slug]; open != nil && (gone || open.print != printOf(c) || open.quota != nil && open.quota.TakenAs() != plan) {
			l.retire(slug)
		}
		l.mu.Unlock()
	}
	return errors.Join(errs...)
}

// Keep renews the tokens of credentials that were used within [keepAlive], until
// ctx ends. Those of a daemon that starts come a little apart.
func (l *live) Keep(ctx context.Context) {
	for {
		for _, slug := range l.wanted(ctx) {
			if pause(ctx, rand.N(200*time.Millisecond)) != nil {
				return
			}
			l.closing.Go(func() { l.touch(ctx, slug) })
		}
		if pause(ctx, keepEvery/2+rand.N(keepEvery)) != nil {
			return
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// touch has a credential's source see a use, which keeps it renewing. A token
// that has ended is renewed only where the connection is new: after a refusal the
// source tries as often as is good by itself, and callers ask anyway.
func (l *live) touch(ctx context.Context, slug string) {
	c, err := l.borrow(ctx, slug, false)
	if err != nil {
		return // whoever uses it is told
	}
	defer l.giveBack(c)
	state := c.Source.State()
	if state.Token == stagedoor.TokenExpired && !state.FailedAt.IsZero() {
		return
	}
	_, _ = c.Source.Get(ctx, 0) // its events are logged, and its state is on the debug page
}

// wanted are the credentials whose tokens are to be kept alive: what this
// process used, and what some other process minted for in the last day. It closes
// connections that nobody used for as long.
func (l *live) wanted(ctx context.Context) []string {
	list, err := l.app.vault.List(ctx)
	if err != nil {
		l.app.env.Log.Warn("credentials could not be looked through for renewal", "error", err)
		return nil
	}
	var slugs []string
	for _, c := range list {
		if c.Status == stagedoor.StatusDisabled || c.Status == stagedoor.StatusFailing {
			continue
		}
		row, err := l.app.store.TokenRow(ctx, c.ID)
		if err != nil {
			continue
		}
		l.mu.Lock()
		open := l.open[c.Slug]
		switch fence, rests := l.resting[c.ID]; {
		case open != nil && (open.users > 0 || now().Sub(open.used) < keepAlive):
			delete(l.resting, c.ID)
			slugs = append(slugs, c.Slug)
		case open != nil:
			l.resting[c.ID] = row.Fence
			l.retire(c.Slug)
		case now().Sub(row.Expiry) < keepAlive && !(rests && fence == row.Fence):
			slugs = append(slugs, c.Slug)
		}
		l.mu.Unlock()
	}
	return slugs
}

// sources are the connections that are open, by slug.
func (l *live) sources() map[string]*Connection {
	l.mu.Lock()
	defer l.mu.Unlock()
	conns := make(map[string]*Connection, len(l.open))
	for slug, c := range l.open {
		conns[slug] = c.Connection
	}
	return conns
}

// Close ends all connections, after the requests that have them.
func (l *live) Close() {
	l.mu.Lock()
	slugs := make([]string, 0, len(l.open))
	for slug := range l.open {
		slugs = append(slugs, slug)
	}
	slices.Sort(slugs)
	for _, slug := range slugs {
		l.retire(slug)
	}
	l.mu.Unlock()
	l.closing.Wait()
}
