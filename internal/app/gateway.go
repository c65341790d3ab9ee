package app

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor/internal/gateway"
	"github.com/stagedoor/stagedoor/internal/zoom"
)

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
	client, err := c.API()
	if err != nil {
		return gateway.Sent{}, err
	}
	relayed, err := client.Relay(r, zoom.Relaying{Operation: s.Operation, Quota: spender{c.quota, s.Use}, Body: s.Body})
	if relayed == nil {
		return gateway.Sent{}, err
	}
	return gateway.Sent{Response: relayed.Response, Refused: relayed.Refused, Waited: relayed.Waited, Upstream: relayed.Upstream}, err
}

// Token returns the document that `token --format json` prints.
func (c *lent) Token(ctx context.Context, minTTL time.Duration) ([]byte, error) {
	t, err := c.Source.Get(ctx, minTTL)
	if err != nil {
		return nil, err
	}
	return json.Marshal(struct {
		AccessToken string    `json:"access_token"`
		TokenType   string    `json:"token_type"`
		ExpiresIn   int64     `json:"expires_in"` // seconds
		ExpiresAt   time.Time `json:"expires_at"`
		Scope       string    `json:"scope"`
		APIURL      string    `json:"api_url"`
	}{t.Value.Reveal(), t.Type, int64(time.Until(t.Expiry).Seconds()), t.Expiry.UTC().Truncate(time.Second), strings.Join(t.Scopes, " "), c.APIURL(t)})
}
