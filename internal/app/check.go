package app

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/egress"
	"github.com/stagedoor/stagedoor/internal/vault"
	"github.com/stagedoor/stagedoor/internal/zoom"
)

// Add saves a new credential. With check it is proven first, and nothing is
// saved that Zoom refused; without, it is saved as unverified.
func (a *App) Add(ctx context.Context, c stagedoor.Credential, check bool) (stagedoor.Credential, vault.Proof, error) {
	if err := a.CheckForm(c); err != nil {
		return c, vault.Proof{}, err
	}
	v, err := a.Vault(ctx)
	if err != nil {
		return c, vault.Proof{}, err
	}
	if _, err := v.Credential(ctx, c.Slug); err == nil {
		return c, vault.Proof{}, &stagedoor.Error{
			Op: "save a credential", Subject: "credential " + c.Slug, Kind: stagedoor.KindExists,
			Cause: "there is one by that name",
			Fix:   "Choose another name, change it with `stagedoor credential edit " + c.Slug + "`, or remove it first with `stagedoor credential remove " + c.Slug + "`.",
		}
	} else if stagedoor.KindOf(err) != stagedoor.KindNotFound {
		return c, vault.Proof{}, err
	}
	c.CreatedBy, c.Status = Who(), stagedoor.StatusUnverified
	var proof vault.Proof
	var token stagedoor.Token
	if check {
		proof, token, err = a.prove(ctx, c)
		if err != nil {
			return c, proof, err
		}
		c.Status, c.CheckedAt, c.CheckedBy = stagedoor.StatusVerified, proof.CheckedAt, c.CreatedBy
	}
	saved, err := v.Add(ctx, c)
	if err != nil {
		return c, proof, err
	}
	if check {
		err = share(ctx, v, saved.ID, token)
	}
	return saved, proof, err
}

// Check proves a saved credential and notes the result; the token that it
// minted becomes the shared one.
func (a *App) Check(ctx context.Context, c stagedoor.Credential) (vault.Proof, error) {
	proof, token, err := a.prove(ctx, c)
	if c.ID == "" {
		return proof, err
	}
	status, reason := stagedoor.StatusVerified, ""
	switch kind := stagedoor.KindOf(err); {
	case err == nil:
	case kind.Row().Retry || kind == stagedoor.KindUnreachable || !token.Value.IsZero() && !kind.Row().Person:
		return proof, err // it could not tell; what was known stays
	default:
		status, reason = stagedoor.StatusFailing, stagedoor.NoticeOf(err).Cause
	}
	v, open := a.Vault(ctx)
	if open != nil {
		return proof, open
	}
	if saving := v.SetStatus(ctx, c.ID, status, reason, Who()); saving != nil {
		return proof, saving
	}
	if !token.Value.IsZero() {
		if sharing := share(ctx, v, c.ID, token); sharing != nil {
			return proof, sharing
		}
	}
	return proof, err
}

// Prove checks a credential and keeps nothing.
func (a *App) Prove(ctx context.Context, c stagedoor.Credential) (vault.Proof, error) {
	proof, _, err := a.prove(ctx, c)
	return proof, err
}

// prove checks with the newest secret alone, and apart from the shared row: a
// check must not be answered by a token that another secret got.
func (a *App) prove(ctx context.Context, c stagedoor.Credential) (vault.Proof, stagedoor.Token, error) {
	alone := c
	alone.ID = ""
	if len(c.ClientSecrets) > 1 {
		alone.ClientSecrets = c.ClientSecrets[:1]
	}
	conn, err := a.Connect(ctx, alone, Use{})
	if err != nil {
		return vault.Proof{Credential: c.Slug, CheckedAt: now()}, stagedoor.Token{}, err
	}
	defer conn.Close()
	p := &prover{conn: conn}
	proof, err := vault.Check(ctx, c, first(c.ValidationURL, conn.Provider.Validation), p, now())
	return proof, p.token, err
}

// leaseForSaving is how long writing a token that is there already may take.
const leaseForSaving = 2 * time.Second

// share makes a token that a check minted the one that all processes use.
func share(ctx context.Context, v *vault.Vault, id string, t stagedoor.Token) error {
	tokens := v.Tokens(id)
	row, taken, err := tokens.Lease(ctx, leaseForSaving)
	if err != nil || !taken {
		return err // somebody is minting, and will save theirs
	}
	row.Token, row.Refused = t, nil
	_, err = tokens.Save(ctx, row)
	return err
}

type prover struct {
	conn  *Connection
	token stagedoor.Token
}

func (p *prover) Mint(ctx context.Context) (stagedoor.Token, error) {
	var err error
	p.token, err = p.conn.Source.Mint(ctx)
	return p.token, err
}

func (p *prover) Call(ctx context.Context, address string) ([]byte, error) {
	client, err := p.conn.API()
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(ctx, stagedoor.Request{Path: address})
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}

// Fitting prefers cheap lists that nearly every account has.
func (p *prover) Fitting(scopes []string) string {
	table := zoom.Operations()
	for _, path := range []string{"/users", "/users/me", "/groups", "/roles", "/rooms", "/phone/users", "/tracking_fields", "/report/users"} {
		if op, ok := table.Find(http.MethodGet, path); ok && len(op.Required) == 0 && covers(scopes, op) {
			return path
		}
	}
	for _, op := range table.All() {
		if op.Method == http.MethodGet && !strings.Contains(op.Path, "{") && len(op.Required) == 0 && !op.Deprecated && covers(scopes, op) {
			return op.Path
		}
	}
	return ""
}

func covers(scopes []string, op stagedoor.Operation) bool {
	return slices.ContainsFunc(op.Scopes(), func(s string) bool { return slices.Contains(scopes, s) })
}

// AccountID asks which account of a provider a user's access token belongs to.
func (a *App) AccountID(ctx context.Context, p stagedoor.Provider, token stagedoor.Secret, user, apiURL string, allow []string) (string, error) {
	out, err := egress.New(egress.Options{Hosts: p.Hosts, Allow: allow, CAFile: a.settings.CAFile})
	if err != nil {
		return "", err
	}
	client, err := zoom.New(zoom.Config{
		HTTP: bearer{token: token, base: out}, APIURL: apiURL, Provider: p,
		Subject: "the access token given", Version: Version,
	})
	if err != nil {
		return "", err
	}
	resp, err := client.Do(ctx, stagedoor.Request{Path: zoom.Path("/users/{userId}", user)})
	if err != nil {
		return "", err
	}
	var profile struct {
		AccountID string `json:"account_id"`
	}
	if err := json.Unmarshal(resp.Body, &profile); err != nil || profile.AccountID == "" {
		return "", &stagedoor.Error{
			Op: "read the account id", Subject: "user " + user, Kind: stagedoor.KindBadAnswer, Tracking: resp.Tracking,
			Cause: "Zoom's answer names no account id",
			Fix:   "Use --user me, or the id or e-mail address of a user of your own account.",
		}
	}
	return profile.AccountID, nil
}
