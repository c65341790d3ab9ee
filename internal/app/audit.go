package app

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/audit"
	"github.com/stagedoor/stagedoor/internal/zoom"
)

// auditLog is this process's chain, which begins with its first line.
func (a *App) auditLog(ctx context.Context) (*audit.Log, error) {
	a.auditOnce.Lock()
	defer a.auditOnce.Unlock()
	if a.audit != nil {
		return a.audit, nil
	}
	key, err := a.auditKey(ctx)
	if err != nil {
		return nil, err
	}
	a.audit = audit.Open(a.store, key, audit.Options{Process: first(a.env.Command, "stagedoor"), Version: Version, Log: a.env.Log})
	return a.audit, nil
}

func (a *App) auditKey(ctx context.Context) ([]byte, error) {
	v, err := a.Vault(ctx)
	if err != nil {
		return nil, err
	}
	return v.Subkey(ctx, "audit")
}

// Did puts an admin act into the audit before it returns, with how it ended, which
// is err. It returns err, and where the line could not be written that too. Where
// no database is open there is no audit.
func (a *App) Did(ctx context.Context, e stagedoor.Event, err error) error {
	if !a.hasVault() {
		return err
	}
	// An act that was interrupted is one all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closing)
	defer cancel()
	log, opening := a.auditLog(ctx)
	if opening != nil {
		return errors.Join(err, opening)
	}
	writing := log.Commit(ctx, a.event(ctx, e, err))
	if failure, ok := errors.AsType[*stagedoor.Error](writing); ok && err == nil {
		unseen := *failure
		unseen.Subject, unseen.Cause = e.Subject, "it was done, and could not be written into the audit: "+failure.Cause
		return &unseen
	}
	return errors.Join(err, writing)
}

// Note puts what is no admin act into the audit; it is written when the program
// ends at the latest, and its failure is logged, so that nobody who reads is kept
// waiting, or refused, by a disk that is full.
func (a *App) Note(ctx context.Context, e stagedoor.Event, err error) {
	if !a.hasVault() {
		return
	}
	log, opening := a.auditLog(context.WithoutCancel(ctx))
	if opening != nil {
		a.env.Log.Warn("the audit can not be written", "error", opening)
		return
	}
	log.Record(a.event(ctx, e, err))
}

func (a *App) event(ctx context.Context, e stagedoor.Event, err error) stagedoor.Event {
	if e.At.IsZero() {
		e.At = now()
	}
	who := actorOf(ctx)
	e.Actor, e.From, e.Result = first(e.Actor, who.String()), first(e.From, who.From), stagedoor.ResultOf(err)
	if failure, ok := errors.AsType[*stagedoor.Error](err); ok {
		e.Status, e.Tracking = max(e.Status, failure.Status), first(e.Tracking, failure.Tracking)
	}
	return e
}

// credentialAct is an admin act on a credential.
func credentialAct(act string, c stagedoor.Credential, detail string) stagedoor.Event {
	return stagedoor.Event{Action: "credential." + act, Subject: "credential " + c.Slug, Credential: c.Slug, Detail: detail}
}

// DidCredential is [App.Did] for an act on a credential.
func (a *App) DidCredential(ctx context.Context, act string, c stagedoor.Credential, detail string, err error) error {
	return a.Did(ctx, credentialAct(act, c, detail), err)
}

// edited is [App.Did] for a credential whose fields were changed.
func (a *App) edited(ctx context.Context, before, after stagedoor.Credential, err error) error {
	if err != nil {
		return a.DidCredential(ctx, "edit", before, "", err)
	}
	return a.DidCredential(ctx, "edit", after, changes(before, after), nil)
}

// changes names the fields in which two forms of a credential differ. What some of
// them hold is sealed, so none is shown.
func changes(before, after stagedoor.Credential) string {
	var names []string
	for name, same := range map[string]bool{
		"slug": before.Slug == after.Slug, "name": before.Name == after.Name, "description": before.Description == after.Description,
		"account id": before.AccountID == after.AccountID, "client id": before.ClientID == after.ClientID,
		"token URL": before.TokenURL == after.TokenURL, "API URL": before.APIURL == after.APIURL, "validation URL": before.ValidationURL == after.ValidationURL,
		"plan": before.Plan == after.Plan, "purposes": slices.Equal(before.Purposes, after.Purposes), "allowed hosts": slices.Equal(before.AllowHosts, after.AllowHosts),
		"client secret": slices.EqualFunc(before.ClientSecrets, after.ClientSecrets, stagedoor.Secret.Equal),
		"labels":        fmt.Sprint(before.Labels) == fmt.Sprint(after.Labels),
	} {
		if !same {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return "nothing changed"
	}
	slices.Sort(names)
	return "changed: " + strings.Join(names, ", ")
}

// didCaller is [App.Did] for an act on a caller.
func (a *App) didCaller(ctx context.Context, act string, c stagedoor.Caller, detail string, err error) error {
	return a.Did(ctx, stagedoor.Event{Action: "caller." + act, Subject: "caller " + c.Name, Credential: c.Credential, Detail: detail}, err)
}

// named is the caller by the name that was given, where none was found.
func named(c stagedoor.Caller, name string) stagedoor.Caller {
	c.Name = first(c.Name, name)
	return c
}

// callerRights says what a caller may do.
func callerRights(c stagedoor.Caller) string {
	var rights []string
	if c.AllowToken {
		rights = append(rights, "ALLOWED THE RAW TOKEN")
	}
	for _, r := range c.Rules {
		word := "allow "
		if r.Deny {
			word = "deny "
		}
		rights = append(rights, word+r.String())
	}
	if len(rights) == 0 {
		return "no rules: nothing is allowed"
	}
	return strings.Join(rights, ", ")
}

// Called notes one call of the API that a command made, or the pages of a list.
func (a *App) Called(ctx context.Context, c stagedoor.Credential, client *zoom.Client, request stagedoor.Request, began time.Time, detail string, err error) {
	if c.ID == "" {
		return // it is stored nowhere, and neither is what it does
	}
	a.troubled(c, actorOf(ctx).String(), err)
	e := stagedoor.Event{At: began.UTC(), Action: request.Method, Credential: c.Slug, Detail: detail, Duration: now().Sub(began), Sent: int64(len(request.Body))}
	if u, wrong := client.URL(request.Path); wrong == nil {
		e.Subject = u.EscapedPath()
		e.Action += " " + e.Subject
		if op, known := zoom.Operations().Find(request.Method, strings.TrimPrefix(e.Subject, "/v2")); known {
			e.Action = op.Name()
		}
	}
	a.Note(ctx, e, err)
}

// Audit lists lines of the audit.
func (a *App) Audit(ctx context.Context, q stagedoor.AuditQuery) ([]stagedoor.AuditRow, error) {
	if _, err := a.Vault(ctx); err != nil {
		return nil, err
	}
	return a.store.Audit(ctx, q)
}

// AuditArrived is the arrival of the newest line, from which one can follow.
func (a *App) AuditArrived(ctx context.Context) (int64, error) {
	if _, err := a.Vault(ctx); err != nil {
		return 0, err
	}
	return a.store.AuditArrived(ctx)
}

// VerifyAudit looks for what was done to the audit. The head may be nil.
func (a *App) VerifyAudit(ctx context.Context, head *stagedoor.AuditHead) (stagedoor.AuditReport, error) {
	v, err := a.Vault(ctx)
	if err != nil {
		return stagedoor.AuditReport{}, err
	}
	begun, err := a.store.Meta(ctx, "key of audit")
	if err != nil {
		return stagedoor.AuditReport{}, err
	}
	key, err := v.Subkey(ctx, "audit")
	if err != nil {
		return stagedoor.AuditReport{}, err
	}
	return audit.Verify(ctx, a.store, key, head, begun != nil)
}

// AuditHead makes a head to be kept elsewhere.
func (a *App) AuditHead(ctx context.Context) (stagedoor.AuditHead, error) {
	key, err := a.auditKey(ctx)
	if err != nil {
		return stagedoor.AuditHead{}, err
	}
	return audit.MakeHead(ctx, a.store, key, now)
}

// PruneAudit removes the lines whose time is over, at most so many, and says so in
// the audit. Where retention is switched off it does nothing.
func (a *App) PruneAudit(ctx context.Context, most int64) (removed int64, err error) {
	if a.settings.AuditKept == 0 {
		return 0, nil
	}
	key, err := a.auditKey(ctx)
	if err != nil {
		return 0, err
	}
	before := now().Add(-a.settings.AuditKept)
	removed, err = audit.Prune(ctx, a.store, key, before, most, now)
	if removed == 0 && err == nil {
		return 0, nil
	}
	return removed, a.Did(ctx, stagedoor.Event{
		Action: "audit.prune", Subject: "audit", Detail: fmt.Sprintf("removed %d lines from before %s", removed, before.Format(time.RFC3339)),
	}, err)
}

// pruneFew is how many lines a command removes at its end, where nothing else does
// for a day, so that no daemon is needed.
const pruneFew = 5000

// pruneNow removes old lines if some have been old for a day.
func (a *App) pruneNow(ctx context.Context) {
	if a.audit == nil || a.settings.AuditKept == 0 {
		return
	}
	oldest, err := a.store.OldestAudit(ctx)
	if err == nil && !oldest.IsZero() && now().Sub(oldest) > a.settings.AuditKept+24*time.Hour {
		_, err = a.PruneAudit(ctx, pruneFew)
	}
	if err != nil {
		a.env.Log.Warn("old lines of the audit were not removed", "error", err)
	}
}

// closeAudit writes what waits. Acts were written already; what else is lost here
// is no reason for a command to fail that did what it was asked.
func (a *App) closeAudit(ctx context.Context) {
	if a.audit == nil {
		return
	}
	a.pruneNow(ctx)
	if err := a.audit.Close(ctx); err != nil {
		a.env.Log.Warn("the audit is not whole", "error", err)
	}
}

// keepAudit removes lines whose time is over, now and once a day, until ctx ends.
func (a *App) keepAudit(ctx context.Context) {
	for {
		if _, err := a.PruneAudit(ctx, math.MaxInt64); err != nil && ctx.Err() == nil {
			a.env.Log.Error("old lines of the audit were not removed", "error", err)
		}
		if pause(ctx, 24*time.Hour) != nil {
			return
		}
	}
}

// keptFor reads a setting of how long something is kept: "90d", "2160h", or 0 for
// ever.
func keptFor(setting, text string) (time.Duration, error) {
	d, err := stagedoor.ParseLength(text) // which reads 0 too
	if err == nil && (d == 0 || d >= time.Hour && d <= 100*365*24*time.Hour) {
		return d, nil
	}
	return 0, &stagedoor.Error{
		Op: "read the settings", Subject: setting, Kind: stagedoor.KindUsage, Err: err,
		Cause: "\"" + stagedoor.Outside(text, 40) + "\" is no length of time between an hour and 100 years",
		Fix:   "Write days (90d), hours (12h), or 0 to keep it for ever.",
	}
}
