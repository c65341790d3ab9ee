package app

import (
	"context"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/caller"
	"github.com/stagedoor/stagedoor/internal/zoom"
)

// Callers returns the callers of the database, which is opened on first use.
func (a *App) Callers(ctx context.Context) (*caller.Callers, error) {
	a.callersOnce.Lock()
	defer a.callersOnce.Unlock()
	if a.callers != nil {
		return a.callers, nil
	}
	v, err := a.Vault(ctx)
	if err != nil {
		return nil, err
	}
	key, err := v.Subkey(ctx, "access tokens")
	if err != nil {
		return nil, err
	}
	a.callers = caller.Open(a.store, key, caller.Options{Operations: a.operations, Base: a.apiBase})
	return a.callers, nil
}

// operations are those of the API that a provider is built on; nil where we have
// no table of it.
func (a *App) operations(name string) []stagedoor.Operation {
	if p, err := a.Provider(name); err == nil && p.BuiltOn() == stagedoor.Zoom.Name {
		return zoom.Operations().All()
	}
	return nil
}

func (a *App) apiBase(name string) string {
	p, err := a.Provider(name)
	if err != nil {
		return ""
	}
	return p.APIBase
}

// AddCaller adds a caller to the credential that it names and returns it with its
// secret, which is not to be seen again, and with what may be a slip in its rules.
func (a *App) AddCaller(ctx context.Context, add stagedoor.NewCaller) (stagedoor.Caller, stagedoor.Secret, []string, error) {
	fail := func(err error) (stagedoor.Caller, stagedoor.Secret, []string, error) {
		return stagedoor.Caller{}, stagedoor.Secret{}, nil, err
	}
	if add.Credential == stagedoor.EnvSlug {
		return fail(&stagedoor.Error{
			Op: "add a caller", Subject: "caller " + add.Name, Kind: stagedoor.KindUsage,
			Cause: "the credential env is read from the ZOOM_ variables and stored nowhere, so that the daemon does not have it",
			Fix:   "Save it with `stagedoor credential add`, and name that one.",
		})
	}
	v, err := a.Vault(ctx)
	if err != nil {
		return fail(err)
	}
	credential, err := v.Credential(ctx, add.Credential)
	if err != nil {
		return fail(err)
	}
	callers, err := a.Callers(ctx)
	if err != nil {
		return fail(err)
	}
	c := add.Caller
	c.CredentialID, c.Credential, c.Provider, c.CreatedBy = credential.ID, credential.Slug, credential.Provider, By(ctx)
	if c.Rules, err = a.rules(c.Provider, add.RuleTexts); err != nil {
		return fail(err)
	}
	wanted := c
	c, secret, err := callers.Add(ctx, c, !add.NoSecret)
	if err = a.didCaller(ctx, "add", wanted, callerRights(wanted), err); err != nil {
		return fail(err)
	}
	return c, secret, callers.Doubts(c.Provider, c.Rules), nil
}

// SetCallerRules puts other rules in the place of a caller's.
func (a *App) SetCallerRules(ctx context.Context, name string, texts stagedoor.RuleTexts) (before, after stagedoor.Caller, doubts []string, err error) {
	callers, err := a.Callers(ctx)
	if err != nil {
		return before, after, nil, err
	}
	if before, err = callers.Find(ctx, name); err != nil {
		return before, after, nil, err
	}
	rules, err := a.rules(before.Provider, texts)
	if err != nil {
		return before, after, nil, err
	}
	before, after, err = callers.SetRules(ctx, name, rules, By(ctx))
	wanted := before
	wanted.Name, wanted.Rules = name, rules
	err = a.didCaller(ctx, "set-rules", wanted, callerRights(wanted), err)
	return before, after, callers.Doubts(after.Provider, rules), err
}

// RotateCallerSecret gives a caller a new secret, which is not to be seen again.
func (a *App) RotateCallerSecret(ctx context.Context, name string, keep time.Duration) (stagedoor.Caller, stagedoor.Secret, error) {
	callers, err := a.Callers(ctx)
	if err != nil {
		return stagedoor.Caller{}, stagedoor.Secret{}, err
	}
	c, secret, err := callers.RotateSecret(ctx, name, keep, By(ctx))
	return c, secret, a.didCaller(ctx, "rotate-secret", named(c, name), "", err)
}

// RevokeCaller ends a caller for good.
func (a *App) RevokeCaller(ctx context.Context, name string) (stagedoor.Caller, error) {
	callers, err := a.Callers(ctx)
	if err != nil {
		return stagedoor.Caller{}, err
	}
	c, err := callers.Revoke(ctx, name, By(ctx))
	return c, a.didCaller(ctx, "revoke", named(c, name), "", err)
}

// CallerList returns all callers, also those that were revoked, in the order of their
// names.
func (a *App) CallerList(ctx context.Context) ([]stagedoor.Caller, error) {
	callers, err := a.Callers(ctx)
	if err != nil {
		return nil, err
	}
	return callers.List(ctx)
}

// FindCaller returns a caller by its name or client id.
func (a *App) FindCaller(ctx context.Context, name string) (stagedoor.Caller, error) {
	callers, err := a.Callers(ctx)
	if err != nil {
		return stagedoor.Caller{}, err
	}
	return callers.Find(ctx, name)
}

// CallersOf returns the names of those that go with a credential when it is
// removed, in their order.
func (a *App) CallersOf(ctx context.Context, credentialID string) ([]string, error) {
	list, err := a.CallerList(ctx)
	var names []string
	for _, c := range list {
		if c.CredentialID == credentialID && c.RevokedAt.IsZero() {
			names = append(names, c.Name)
		}
	}
	return names, err
}

// rules reads rules as a person writes them.
func (a *App) rules(provider string, t stagedoor.RuleTexts) ([]stagedoor.Rule, error) {
	var list []stagedoor.Rule
	base := a.apiBase(provider)
	for _, of := range []struct {
		paths, scopes []string
		deny          bool
	}{{t.Allow, t.AllowScope, false}, {t.Deny, t.DenyScope, true}} {
		for _, text := range of.paths {
			rule, err := caller.ParseRule(text, base, of.deny)
			if err != nil {
				return nil, err
			}
			list = append(list, rule)
		}
		for _, scope := range of.scopes {
			list = append(list, stagedoor.Rule{Deny: of.deny, Scope: scope})
		}
	}
	return list, nil
}
