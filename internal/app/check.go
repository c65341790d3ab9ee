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
// saved that Zoom refused; without, it is saved as unverified. Here as in all that
// checks, w is told of the steps; it may be nil.
func (a *App) Add(ctx context.Context, c stagedoor.Credential, check bool, w stagedoor.Watcher) (stagedoor.Credential, stagedoor.Proof, error) {
	saved, proof, err := a.add(ctx, c, check, w)
	return saved, proof, a.DidCredential(ctx, "add", saved, added(saved), err)
}

// added is what the audit says of a new credential.
func added(c stagedoor.Credential) string {
	return "provider " + c.Provider + ", status " + string(c.Status)
}

func (a *App) add(ctx context.Context, c stagedoor.Credential, check bool, w stagedoor.Watcher) (stagedoor.Credential, stagedoor.Proof, error) {
	if err := a.CheckForm(c); err != nil {
		return c, stagedoor.Proof{}, err
	}
	if err := a.Free(ctx, c); err != nil {
		return c, stagedoor.Proof{}, err
	}
	if !check {
		saved, err := a.save(ctx, c, stagedoor.Proven{})
		return saved, stagedoor.Proof{}, err
	}
	proven, err := a.ProveNew(ctx, c, w)
	if err != nil {
		return c, proven.Proof, err
	}
	saved, err := a.addProven(ctx, c, proven)
	return saved, proven.Proof, err
}

// Free reports whether a new credential may have the name. Where there is no
// database yet, none is made.
func (a *App) Free(ctx context.Context, c stagedoor.Credential) error {
	slug := c.Slug
	if err := vault.CheckSlug(slug, c.Name); err != nil || !a.HasDatabase() {
		return err
	}
	v, err := a.Vault(ctx)
	if err != nil {
		return err
	}
	switch _, err := v.Credential(ctx, slug); {
	case stagedoor.KindOf(err) == stagedoor.KindNotFound:
		return nil
	case err != nil:
		return err
	}
	return &stagedoor.Error{
		Op: "save a credential", Subject: "credential " + slug, Kind: stagedoor.KindExists,
		Cause: "there is one by that name",
		Fix:   "Choose another name, change it with `stagedoor credential edit " + slug + "`, or remove it first with `stagedoor credential remove " + slug + "`.",
	}
}

// provenPrint is a digest of what a check of a credential is about.
func provenPrint(c stagedoor.Credential) [32]byte {
	c.ID, c.Slug, c.Plan, c.Status = "", c.ValidationURL, "", ""
	return printOf(c)
}

// ProveNew checks a credential that is not saved yet, and saves nothing.
func (a *App) ProveNew(ctx context.Context, c stagedoor.Credential, w stagedoor.Watcher) (stagedoor.Proven, error) {
	proof, token, err := a.prove(ctx, c, w)
	return stagedoor.Proven{Proof: proof, Token: token, Print: provenPrint(c)}, err
}

// AddProven saves a new credential as what its check proved; the token that the
// check minted becomes the shared one.
func (a *App) AddProven(ctx context.Context, c stagedoor.Credential, p stagedoor.Proven) (stagedoor.Credential, error) {
	saved, err := a.addProven(ctx, c, p)
	return saved, a.DidCredential(ctx, "add", saved, added(saved), err)
}

func (a *App) addProven(ctx context.Context, c stagedoor.Credential, p stagedoor.Proven) (stagedoor.Credential, error) {
	if p.Print != provenPrint(c) {
		return c, &stagedoor.Error{
			Op: "save a credential", Subject: "credential " + c.Slug, Kind: stagedoor.KindConflict,
			Cause: "it was changed after it was checked; nothing was saved", Fix: "Check it again, and save it then.",
		}
	}
	saved, err := a.save(ctx, c, p)
	if err != nil {
		return saved, err
	}
	return saved, share(ctx, a.vault, saved.ID, p.Token)
}

func (a *App) save(ctx context.Context, c stagedoor.Credential, p stagedoor.Proven) (stagedoor.Credential, error) {
	v, err := a.Vault(ctx)
	if err != nil {
		return c, err
	}
	c.CreatedBy, c.Status = By(ctx), stagedoor.StatusUnverified
	if p.Proof.Verified {
		c.Status, c.CheckedAt, c.CheckedBy = stagedoor.StatusVerified, p.Proof.CheckedAt, c.CreatedBy
	}
	return v.Add(ctx, c)
}

// Check proves a saved credential and notes the result; the token that it
// minted becomes the shared one. Where the newest of several client secrets is
// refused, the one that is in use is proven instead, and the proof says so.
func (a *App) Check(ctx context.Context, c stagedoor.Credential, w stagedoor.Watcher) (stagedoor.Proof, error) {
	proof, err := a.checkAndNote(ctx, c, w)
	if c.ID == "" {
		return proof, err
	}
	return proof, a.DidCredential(ctx, "check", c, "", err)
}

func (a *App) checkAndNote(ctx context.Context, c stagedoor.Credential, w stagedoor.Watcher) (stagedoor.Proof, error) {
	proof, token, worked, err := a.proveEach(ctx, c, w)
	a.troubled(c, actorOf(ctx).String(), err)
	if c.ID == "" {
		return proof, err
	}
	v, open := a.Vault(ctx)
	if open != nil {
		return proof, open
	}
	if !token.Value.IsZero() {
		if forgetting := v.SecretWorked(ctx, c.ID, c.ClientSecrets[worked]); forgetting != nil {
			return proof, forgetting
		}
	}
	status, reason := stagedoor.StatusVerified, ""
	switch kind := stagedoor.KindOf(err); {
	case err == nil && worked > 0:
		reason = formerInUse
	case err == nil:
	case kind.Row().Retry || kind == stagedoor.KindUnreachable || !token.Value.IsZero() && !kind.Row().Person:
		return proof, err // it could not tell; what was known stays
	default:
		status, reason = stagedoor.StatusFailing, stagedoor.NoticeOf(err).Cause
	}
	if saving := v.SetStatus(ctx, c.ID, status, reason, By(ctx)); saving != nil {
		return proof, saving
	}
	if !token.Value.IsZero() {
		if sharing := share(ctx, v, c.ID, token); sharing != nil {
			return proof, sharing
		}
	}
	return proof, err
}

// formerInUse is the reason beside a status while the newest client secret is
// refused.
const formerInUse = "the new client secret was refused; the one before it is in use"

// Prove checks a credential and keeps nothing.
func (a *App) Prove(ctx context.Context, c stagedoor.Credential, w stagedoor.Watcher) (stagedoor.Proof, error) {
	proof, _, err := a.prove(ctx, c, w)
	return proof, err
}

// SetSecret puts a new client secret in place. With check it is proven first,
// and then in the place of all others; one that Zoom refused is not saved.
// Without, it is saved beside them, and they are used until it has worked.
func (a *App) SetSecret(ctx context.Context, c stagedoor.Credential, secret stagedoor.Secret, check bool, w stagedoor.Watcher) (stagedoor.Credential, stagedoor.Proof, error) {
	now, proof, err := a.setSecret(ctx, c, secret, check, w)
	detail := "proven"
	if !check {
		detail = "not proven"
	}
	return now, proof, a.DidCredential(ctx, "set-secret", c, detail, err)
}

func (a *App) setSecret(ctx context.Context, c stagedoor.Credential, secret stagedoor.Secret, check bool, w stagedoor.Watcher) (stagedoor.Credential, stagedoor.Proof, error) {
	v, err := a.Vault(ctx)
	if err != nil {
		return c, stagedoor.Proof{}, err
	}
	if !check {
		now, err := v.SetSecret(ctx, c.ID, secret, By(ctx))
		return now, stagedoor.Proof{}, err
	}
	wanted := c
	wanted.ClientSecrets = []stagedoor.Secret{secret}
	proof, token, err := a.prove(ctx, wanted, w)
	if err != nil {
		return c, proof, err
	}
	now, err := v.SetProvenSecret(ctx, c.ID, secret, By(ctx))
	if err != nil || now.Status == stagedoor.StatusDisabled {
		return now, proof, err // a token would outlive being switched off
	}
	return now, proof, share(ctx, v, now.ID, token)
}

// proveEach is prove with one secret after the other, newest first, until one
// is not refused; worked is its place. What it leaves out is told as a step.
func (a *App) proveEach(ctx context.Context, c stagedoor.Credential, w stagedoor.Watcher) (proof stagedoor.Proof, t stagedoor.Token, worked int, err error) {
	proof, t, err = a.prove(ctx, c, w)
	refused := proof
	for i := 1; i < len(c.ClientSecrets) && t.Value.IsZero() && refusesSecret(stagedoor.KindOf(err)); i++ {
		former := c
		former.ClientSecrets = c.ClientSecrets[i:]
		again, token, failure := a.prove(ctx, former, w)
		if token.Value.IsZero() {
			continue // told is what is wrong with the newest
		}
		notice := stagedoor.NoticeOf(err)
		step := stagedoor.Step{Name: "secret", Result: "warn", Says: formerInUse, Notice: &notice}
		again.Steps = append(again.Steps, step)
		if w != nil {
			w.Found(step)
		}
		return again, token, i, failure
	}
	return refused, t, 0, err
}

// refusesSecret reports whether another secret may help.
func refusesSecret(k stagedoor.Kind) bool {
	return k == stagedoor.KindInvalidClient || k == stagedoor.KindSecretBlanks || k == stagedoor.KindSecretEncoded
}

// prove checks with the newest secret alone, and apart from the shared row: a
// check must not be answered by a token that another secret got.
func (a *App) prove(ctx context.Context, c stagedoor.Credential, w stagedoor.Watcher) (stagedoor.Proof, stagedoor.Token, error) {
	alone := c
	alone.ID = ""
	if len(c.ClientSecrets) > 1 {
		alone.ClientSecrets = c.ClientSecrets[:1]
	}
	conn, err := a.Connect(ctx, alone, Use{})
	if err != nil {
		return stagedoor.Proof{Credential: c.Slug, CheckedAt: now()}, stagedoor.Token{}, err
	}
	defer conn.Close()
	p := &prover{conn: conn, watcher: w}
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
	conn    *Connection
	token   stagedoor.Token
	watcher stagedoor.Watcher
}

func (p *prover) Asking(what string) {
	if p.watcher != nil {
		p.watcher.Asking(what)
	}
}

func (p *prover) Found(step stagedoor.Step) {
	if p.watcher != nil {
		p.watcher.Found(step)
	}
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
