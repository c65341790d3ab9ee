package app

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor"
)

// UsualTTL is how long a token lasts at least where nobody says otherwise.
const UsualTTL = 5 * time.Minute

// LastingToken hands out a token that lasts minTTL at least; below zero,
// [UsualTTL], or half of what the service grants where that is less.
func (c *Connection) LastingToken(ctx context.Context, minTTL time.Duration) (stagedoor.Token, error) {
	t, err := c.Source.Get(ctx, max(minTTL, 0))
	if err != nil || minTTL >= 0 {
		return t, err
	}
	if usual := min(UsualTTL, t.Expiry.Sub(t.Minted)/2); time.Until(t.Expiry) < usual {
		return c.Source.Get(ctx, usual)
	}
	return t, nil
}

// TokenDocument is a token as JSON, for programs. This is where tokens leave the
// program on purpose.
func (c *Connection) TokenDocument(t stagedoor.Token) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(struct {
		AccessToken string    `json:"access_token"`
		TokenType   string    `json:"token_type"`
		ExpiresIn   int64     `json:"expires_in"` // seconds
		ExpiresAt   time.Time `json:"expires_at"`
		Scope       string    `json:"scope"`
		APIURL      string    `json:"api_url"`
	}{
		t.Value.Reveal(), t.Type, int64(time.Until(t.Expiry).Seconds()), t.Expiry.UTC().Truncate(time.Second),
		strings.Join(t.Scopes, " "), c.APIURL(t),
	})
	return b.Bytes(), err
}
