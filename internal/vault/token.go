package vault

import (
	"context"
	"encoding/json"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Tokens is the shared token row of one credential, opened. All processes that
// open the same database see the same row.
type Tokens struct {
	vault *Vault
	id    string
}

// Tokens returns the token row of the credential with this id.
func (v *Vault) Tokens(id string) *Tokens { return &Tokens{vault: v, id: id} }

// Load returns the row; the zero row if there never was a token. A token that
// does not open, since the credential has another data key by now, counts as
// none.
func (t *Tokens) Load(ctx context.Context) (stagedoor.TokenRow, error) {
	row, err := t.vault.store.TokenRow(ctx, t.id)
	if err != nil {
		return stagedoor.TokenRow{}, err
	}
	return t.open(ctx, row)
}

// Lease takes the right to mint for d and returns the row as it is then. It
// returns false if somebody else is minting.
func (t *Tokens) Lease(ctx context.Context, d time.Duration) (stagedoor.TokenRow, bool, error) {
	row, taken, err := t.vault.store.LeaseToken(ctx, t.id, d)
	if err != nil {
		return stagedoor.TokenRow{}, false, err
	}
	opened, err := t.open(ctx, row)
	return opened, taken && err == nil, err
}

// Save stores a token, or a refusal, under the fence of the lease that it was
// minted with, and ends the lease. It returns false, and stores nothing, if
// the lease was lost meanwhile.
func (t *Tokens) Save(ctx context.Context, row stagedoor.TokenRow) (bool, error) {
	sealed := stagedoor.SealedTokenRow{CredentialID: t.id, Fence: row.Fence, RefusedAt: row.RefusedAt}
	var err error
	if sealed.Refused, err = refusalText(row.Refused); err != nil {
		return false, err
	}
	if !row.Token.Value.IsZero() {
		key, err := t.key(ctx)
		if err != nil {
			return false, err
		}
		text, err := json.Marshal(newTokenText(row.Token))
		if err != nil {
			return false, broken("seal a token", err)
		}
		if sealed.Sealed, err = key.seal(fieldToken, text); err != nil {
			return false, err
		}
		sealed.Expiry = row.Token.Expiry
	}
	return t.vault.store.SaveToken(ctx, sealed)
}

// Drop forgets the token if it is the one that was rejected; a newer one that
// another process saved meanwhile stays.
func (t *Tokens) Drop(ctx context.Context, rejected stagedoor.Secret) error {
	for {
		row, err := t.Load(ctx)
		if err != nil || row.Token.Value.IsZero() || !row.Token.Value.Equal(rejected) {
			return err
		}
		if err := t.vault.store.DropToken(ctx, t.id, row.Fence); err != nil {
			return err
		}
		// If a lease was taken in between, the token is still there under a
		// new fence: once more.
	}
}

// key opens the credential's data key.
func (t *Tokens) key(ctx context.Context) (dataKey, error) {
	c, err := t.vault.store.Credential(ctx, t.id)
	if err != nil {
		return dataKey{}, err
	}
	return t.vault.keys.openDataKey(c)
}

func (t *Tokens) open(ctx context.Context, row stagedoor.SealedTokenRow) (stagedoor.TokenRow, error) {
	opened := stagedoor.TokenRow{
		Fence: row.Fence, LeaseUntil: row.LeaseUntil,
		Refused: parseRefusal(row.Refused), RefusedAt: row.RefusedAt,
	}
	if len(row.Sealed) == 0 {
		return opened, nil
	}
	key, err := t.key(ctx)
	if err != nil {
		return stagedoor.TokenRow{}, err
	}
	text, err := key.open(fieldToken, row.Sealed)
	var token tokenText
	if err == nil {
		err = json.Unmarshal(text, &token)
	}
	if err != nil {
		t.vault.log.DebugContext(ctx, "the shared token does not open with the credential's data key; it counts as none",
			"credential_id", t.id, "fence", row.Fence)
		return opened, nil
	}
	opened.Token = token.token()
	return opened, nil
}

// tokenText is a token as it is sealed. It is a type of its own since a
// [stagedoor.Secret] never marshals itself.
type tokenText struct {
	Value  string    `json:"value"`
	Type   string    `json:"type"`
	Expiry time.Time `json:"expiry"`
	Scopes []string  `json:"scopes,omitempty"`
	APIURL string    `json:"api_url,omitempty"`
	Minted time.Time `json:"minted"`
}

func newTokenText(t stagedoor.Token) tokenText {
	return tokenText{
		Value: t.Value.Reveal(), Type: t.Type, Expiry: t.Expiry.UTC(), Scopes: t.Scopes, APIURL: t.APIURL, Minted: t.Minted.UTC(),
	}
}

func (t tokenText) token() stagedoor.Token {
	return stagedoor.Token{
		Value: stagedoor.NewSecret(t.Value), Type: t.Type, Expiry: t.Expiry, Scopes: t.Scopes, APIURL: t.APIURL, Minted: t.Minted,
	}
}

// refusal is what is stored of a refusal by the token endpoint: our own words.
// What Zoom said is left out, since it may repeat what was sent.
type refusal struct {
	Op       string         `json:"op,omitempty"`
	Subject  string         `json:"subject,omitempty"`
	Kind     stagedoor.Kind `json:"kind"`
	Cause    string         `json:"cause,omitempty"`
	Fix      string         `json:"fix,omitempty"`
	Status   int            `json:"status,omitempty"`
	Code     string         `json:"code,omitempty"`
	Tracking string         `json:"tracking,omitempty"`
	RetryAt  time.Time      `json:"retry_at,omitzero"`
}

func refusalText(e *stagedoor.Error) ([]byte, error) {
	if e == nil {
		return nil, nil
	}
	text, err := json.Marshal(refusal{e.Op, e.Subject, e.Kind, e.Cause, e.Fix, e.Status, e.Code, e.Tracking, e.RetryAt})
	if err != nil {
		return nil, broken("store a refusal", err)
	}
	return text, nil
}

// parseRefusal returns nil for a refusal that cannot be read: it only spares
// the token endpoint a request.
func parseRefusal(text []byte) *stagedoor.Error {
	var r refusal
	if len(text) == 0 || json.Unmarshal(text, &r) != nil {
		return nil
	}
	return &stagedoor.Error{
		Op: r.Op, Subject: r.Subject, Kind: r.Kind, Cause: r.Cause, Fix: r.Fix,
		Status: r.Status, Code: r.Code, Tracking: r.Tracking, RetryAt: r.RetryAt,
	}
}
