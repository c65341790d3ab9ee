package client

import (
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"net/url"
	"time"

	"github.com/stagedoor/stagedoor"
)

const credentials = "/credentials"

// Credentials lists credentials and how they stand, in the order of their slugs.
func (c *Client) Credentials(ctx context.Context) iter.Seq2[stagedoor.CredentialState, error] {
	return each[stagedoor.CredentialState](ctx, c, credentials, nil)
}

// Credential shows a credential, and names what is saved of it for
// [Client.EditCredential].
func (c *Client) Credential(ctx context.Context, slug string) (state stagedoor.CredentialState, etag string, err error) {
	header, err := c.call(ctx, http.MethodGet, credentials+in(slug), nil, nil, &state)
	return state, header.Get("ETag"), err
}

// NewCredential is a credential that is to be added.
type NewCredential struct {
	Slug          string            `json:"slug,omitempty"` // empty: made from the name
	Name          string            `json:"name"`
	Description   string            `json:"description,omitempty"`
	Provider      string            `json:"provider,omitempty"` // empty: zoom
	AccountID     string            `json:"account_id,omitempty"`
	ClientID      string            `json:"client_id,omitempty"`
	ClientSecret  stagedoor.Secret  `json:"-"`
	Plan          stagedoor.Plan    `json:"plan,omitempty"` // empty: pro
	Purposes      []string          `json:"purposes,omitempty"`
	Labels        map[string]string `json:"labels,omitempty"`
	TokenURL      string            `json:"token_url,omitempty"`
	APIURL        string            `json:"api_url,omitempty"`
	ValidationURL string            `json:"validation_url,omitempty"`
	AllowHosts    []string          `json:"allow_hosts,omitempty"`
	Unchecked     bool              `json:"-"` // save it without asking Zoom
}

// sent is what goes over the wire: the one place where a secret leaves its type.
func (n NewCredential) sent() any {
	return struct {
		NewCredential
		ClientSecret string `json:"client_secret"`
		Check        bool   `json:"check"`
	}{n, n.ClientSecret.Reveal(), !n.Unchecked}
}

// SavedCredential is a credential after a change, with the proof where it was checked.
type SavedCredential struct {
	Credential stagedoor.CredentialState `json:"credential"`
	Proof      *stagedoor.Proof          `json:"proof"`
}

// AddCredential adds a credential, which Zoom must not refuse.
func (c *Client) AddCredential(ctx context.Context, n NewCredential) (SavedCredential, error) {
	return act[SavedCredential](ctx, c, http.MethodPost, credentials, n.sent())
}

// CredentialChange is what is to be changed of a credential; what is nil stays.
type CredentialChange struct {
	Slug          *string            `json:"slug,omitempty"`
	Name          *string            `json:"name,omitempty"`
	Description   *string            `json:"description,omitempty"`
	AccountID     *string            `json:"account_id,omitempty"`
	ClientID      *string            `json:"client_id,omitempty"`
	Plan          *stagedoor.Plan    `json:"plan,omitempty"`
	Purposes      *[]string          `json:"purposes,omitempty"`
	Labels        *map[string]string `json:"labels,omitempty"`
	TokenURL      *string            `json:"token_url,omitempty"`
	APIURL        *string            `json:"api_url,omitempty"`
	ValidationURL *string            `json:"validation_url,omitempty"`
	AllowHosts    *[]string          `json:"allow_hosts,omitempty"`
	Check         *bool              `json:"check,omitempty"` // nil: Zoom is asked first
	IfMatch       string             `json:"-"`               // the etag that it must still have; empty: whatever it is
}

// EditCredential changes a credential.
func (c *Client) EditCredential(ctx context.Context, slug string, change CredentialChange) (SavedCredential, error) {
	var saved SavedCredential
	var headers []string
	if change.IfMatch != "" {
		headers = []string{"If-Match", change.IfMatch}
	}
	_, err := c.call(ctx, http.MethodPatch, credentials+in(slug), nil, change, &saved, headers...)
	return saved, err
}

// SetCredentialSecret puts a new client secret in place, which Zoom must not refuse.
func (c *Client) SetCredentialSecret(ctx context.Context, slug string, secret stagedoor.Secret) (SavedCredential, error) {
	return act[SavedCredential](ctx, c, http.MethodPut, credentials+in(slug)+"/secret", map[string]string{"client_secret": secret.Reveal()})
}

// CheckCredential proves a credential. A proof that is not verified is no error: its
// steps say why.
func (c *Client) CheckCredential(ctx context.Context, slug string) (stagedoor.Proof, error) {
	return act[stagedoor.Proof](ctx, c, http.MethodPost, credentials+in(slug)+"/check", nil)
}

// DisableCredential switches a credential off.
func (c *Client) DisableCredential(ctx context.Context, slug, reason string) (stagedoor.CredentialState, error) {
	return act[stagedoor.CredentialState](ctx, c, http.MethodPost, credentials+in(slug)+"/disable", map[string]string{"reason": reason})
}

// EnableCredential switches a credential on again.
func (c *Client) EnableCredential(ctx context.Context, slug string) (stagedoor.CredentialState, error) {
	return act[stagedoor.CredentialState](ctx, c, http.MethodPost, credentials+in(slug)+"/enable", nil)
}

// RemoveCredential removes a credential; with force, all that hangs on it too.
func (c *Client) RemoveCredential(ctx context.Context, slug string, force bool) error {
	_, err := c.call(ctx, http.MethodDelete, credentials+in(slug), forced(force), nil, nil)
	return err
}

func forced(force bool) url.Values {
	if !force {
		return nil
	}
	return url.Values{"force": {"true"}}
}

// CredentialDependents is what goes when a credential is removed.
func (c *Client) CredentialDependents(ctx context.Context, slug string) (stagedoor.Dependents, error) {
	return get[stagedoor.Dependents](ctx, c, credentials+in(slug)+"/dependents", nil)
}

// CredentialTroubles lists what went wrong with a credential, the newest first.
func (c *Client) CredentialTroubles(ctx context.Context, slug string) iter.Seq2[stagedoor.Trouble, error] {
	return each[stagedoor.Trouble](ctx, c, credentials+in(slug)+"/troubles", nil)
}

// CompareScopes holds the scopes of a credential's token against what purposes and
// streams need; without any, against its own purposes.
func (c *Client) CompareScopes(ctx context.Context, slug string, purposes, streams []string) (stagedoor.ScopeComparison, error) {
	return get[stagedoor.ScopeComparison](ctx, c, credentials+in(slug)+"/scopes", url.Values{"purpose": purposes, "stream": streams})
}

// Quota is what a credential's account may still call today, and who called.
func (c *Client) Quota(ctx context.Context, slug string) (stagedoor.QuotaReport, error) {
	return get[stagedoor.QuotaReport](ctx, c, credentials+in(slug)+"/quota", nil)
}

// QuotaCurve is how the calls of a credential's account grew over a UTC day; the zero
// day is today.
func (c *Client) QuotaCurve(ctx context.Context, slug string, day time.Time) (stagedoor.QuotaCurve, error) {
	query := url.Values{}
	if !day.IsZero() {
		query.Set("day", day.UTC().Format(time.DateOnly))
	}
	return get[stagedoor.QuotaCurve](ctx, c, credentials+in(slug)+"/quota/curve", query)
}

// text is a secret in an answer.
type text struct{ stagedoor.Secret }

// UnmarshalJSON keeps it where it is not printed.
func (t *text) UnmarshalJSON(data []byte) error {
	var plain string
	err := json.Unmarshal(data, &plain)
	t.Secret = stagedoor.NewSecret(plain)
	return err
}
