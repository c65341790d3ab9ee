package app

import (
	"context"
	"slices"

	"github.com/stagedoor/stagedoor"
)

// EditCredential changes what is saved of a credential. With check it is proven with
// the new values first where they concern how the service is asked, and nothing is
// saved that was refused; the proof then has steps. before is what was changed, and
// after what is saved, or was to be.
func (a *App) EditCredential(ctx context.Context, slug string, change func(*stagedoor.Credential) error, check bool, w stagedoor.Watcher) (before, after stagedoor.Credential, proof stagedoor.Proof, err error) {
	v, before, err := a.saved(ctx, slug)
	if err != nil {
		return before, before, proof, err
	}
	after = before
	if err := change(&after); err != nil {
		return before, after, proof, err
	}
	if err := a.CheckForm(after); err != nil {
		return before, after, proof, err
	}
	check = check && asksOtherwise(before, after)
	if check {
		if proof, err = a.Prove(ctx, after, w); err != nil {
			return before, after, proof, err
		}
	}
	now, err := v.Update(ctx, before.ID, By(ctx), func(c *stagedoor.Credential) error {
		if check && printOf(*c) != printOf(before) {
			return &stagedoor.Error{
				Op: "change a credential", Subject: "credential " + slug, Kind: stagedoor.KindConflict,
				Cause: "somebody else changed it while it was checked; nothing was saved", Fix: "Look at what it is now, and change it again.",
			}
		}
		return change(c)
	})
	if err = a.edited(ctx, before, now, err); err != nil {
		return before, after, proof, err
	}
	if check {
		if err := v.SetStatus(ctx, now.ID, stagedoor.StatusVerified, "", By(ctx)); err != nil {
			return before, now, proof, err
		}
		if fresh, err := v.Credential(ctx, now.ID); err == nil {
			now = fresh
		}
	}
	return before, now, proof, nil
}

// asksOtherwise reports whether two forms of a credential ask the service in different
// ways.
func asksOtherwise(before, after stagedoor.Credential) bool {
	return before.AccountID != after.AccountID || before.ClientID != after.ClientID || before.TokenURL != after.TokenURL ||
		before.APIURL != after.APIURL || before.ValidationURL != after.ValidationURL || !slices.Equal(before.AllowHosts, after.AllowHosts) ||
		!slices.EqualFunc(before.ClientSecrets, after.ClientSecrets, stagedoor.Secret.Equal)
}

// CheckCredential is [App.Check] of a saved credential by its slug.
func (a *App) CheckCredential(ctx context.Context, slug string, w stagedoor.Watcher) (stagedoor.Proof, error) {
	c, err := a.Credential(ctx, slug)
	if err != nil {
		return stagedoor.Proof{}, err
	}
	return a.Check(ctx, c, w)
}

// RenewSecret is [App.SetSecret] of a credential by its slug.
func (a *App) RenewSecret(ctx context.Context, slug string, secret stagedoor.Secret, check bool, w stagedoor.Watcher) (stagedoor.Credential, stagedoor.Proof, error) {
	_, c, err := a.saved(ctx, slug)
	if err != nil {
		return c, stagedoor.Proof{}, err
	}
	return a.SetSecret(ctx, c, secret, check, w)
}

// DisableCredential switches a credential off, and forgets its token.
func (a *App) DisableCredential(ctx context.Context, slug, reason string) (stagedoor.Credential, error) {
	v, c, err := a.saved(ctx, slug)
	if err != nil {
		return c, err
	}
	if err := a.DidCredential(ctx, "disable", c, reason, v.Disable(ctx, c.ID, reason, By(ctx))); err != nil {
		return c, err
	}
	return v.Credential(ctx, c.ID)
}

// EnableCredential switches a credential on again. It is unverified then, until
// somebody checks it.
func (a *App) EnableCredential(ctx context.Context, slug string) (stagedoor.Credential, error) {
	v, c, err := a.saved(ctx, slug)
	if err != nil {
		return c, err
	}
	if err := a.DidCredential(ctx, "enable", c, "", v.Enable(ctx, c.ID, By(ctx))); err != nil {
		return c, err
	}
	return v.Credential(ctx, c.ID)
}

// CredentialDependents is what goes, or ends, with a credential that is removed.
func (a *App) CredentialDependents(ctx context.Context, slug string) (stagedoor.Dependents, error) {
	_, c, err := a.saved(ctx, slug)
	if err != nil {
		return stagedoor.Dependents{}, err
	}
	var d stagedoor.Dependents
	if d.Callers, err = a.CallersOf(ctx, c.ID); err != nil {
		return d, err
	}
	if d.Schedules, err = a.SchedulesOf(ctx, c.ID); err != nil {
		return d, err
	}
	runs, err := a.Runs(ctx, stagedoor.RunQuery{States: []stagedoor.RunState{stagedoor.RunQueued, stagedoor.RunRunning}})
	for _, run := range runs {
		if run.CredentialID == c.ID {
			d.Runs = append(d.Runs, run.ID)
		}
	}
	return d, err
}

// RemoveCredential removes a credential and destroys its key; what hangs on it goes
// with it ([App.CredentialDependents]).
func (a *App) RemoveCredential(ctx context.Context, slug string) (stagedoor.Credential, error) {
	v, c, err := a.saved(ctx, slug)
	if err != nil {
		return c, err
	}
	return c, a.DidCredential(ctx, "remove", c, "", v.Remove(ctx, c.Slug))
}
