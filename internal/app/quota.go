package app

import (
	"context"
	"log/slog"
	"maps"
	"slices"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/quota"
	"github.com/stagedoor/stagedoor/internal/zoom"
)

// spender is an account's quota as one use of it sees it.
type spender struct {
	account *quota.Account
	use     stagedoor.Use
}

func (s spender) Admit(ctx context.Context, call stagedoor.Call) (stagedoor.Turn, error) {
	return s.account.Admit(ctx, call, s.use)
}

// callerName is what the ledger calls the commands of this program.
const callerName = "cli"

func (u Use) of(c stagedoor.Credential) stagedoor.Use {
	return stagedoor.Use{Credential: c.Slug, Caller: callerName, Run: u.Run, Class: u.Class}
}

// quota returns the quota of the credential's account. All credentials of one
// account share it, and so do all processes; that of a credential which is
// stored nowhere is this process's own.
func (a *App) quota(ctx context.Context, c stagedoor.Credential, p stagedoor.Provider) (*quota.Account, error) {
	// A check of a credential that is not saved yet counts too, where there is a
	// database already.
	shared := c.Slug != stagedoor.EnvSlug && (c.ID != "" || a.store != nil)
	if !shared {
		return a.quotaAs(c, p, c.Plan, false), nil
	}
	v, err := a.Vault(ctx)
	if err != nil {
		return nil, err
	}
	all, err := v.List(ctx)
	if err != nil {
		return nil, err
	}
	return a.quotaAs(c, p, accountPlan(all, c), true), nil
}

// quotaAs returns the quota of the credential's account, taken to have a plan.
func (a *App) quotaAs(c stagedoor.Credential, p stagedoor.Provider, plan stagedoor.Plan, shared bool) *quota.Account {
	// The store keeps no account id in the clear.
	name := accountName(p.Name, c.AccountID)
	a.mu.Lock()
	defer a.mu.Unlock()
	if q := a.quotas[name]; q != nil && q.TakenAs() == plan {
		return q
	} else if q != nil {
		// Another plan by now: those that have the former go on with it until they
		// are replaced, and then close it.
		a.former = append(a.former, q)
	}
	o := quota.Options{Provider: p, Plan: plan, Account: name, Notify: a.paceChanged(c)}
	if shared {
		o.Store = a.store
	}
	if a.quotas == nil {
		a.quotas = map[string]*quota.Account{}
	}
	a.quotas[name] = quota.Open(o)
	return a.quotas[name]
}

// accountPlan is the plan that a saved credential's account is taken to have: the
// lowest of its credentials', which are among all.
func accountPlan(all []stagedoor.Credential, c stagedoor.Credential) stagedoor.Plan {
	plan := c.Plan
	for _, other := range all {
		if other.Provider == c.Provider && other.AccountID == c.AccountID {
			plan = lower(plan, other.Plan)
		}
	}
	return plan
}

// forgetQuota gives an account's quota to nobody any more. Whoever calls it closes
// the quota.
func (a *App) forgetQuota(q *quota.Account) {
	a.mu.Lock()
	defer a.mu.Unlock()
	maps.DeleteFunc(a.quotas, func(_ string, other *quota.Account) bool { return other == q })
	a.former = slices.DeleteFunc(a.former, func(other *quota.Account) bool { return other == q })
}

// lower returns the plan that permits less.
func lower(one, other stagedoor.Plan) stagedoor.Plan {
	for _, plan := range []stagedoor.Plan{stagedoor.PlanFree, stagedoor.PlanPro} {
		if one == plan || other == plan {
			return plan
		}
	}
	return one
}

// paceChanged logs that other apps take part of a rate, or leave it again, and
// tells who looks.
func (a *App) paceChanged(c stagedoor.Credential) func(quota.Event) {
	return func(e quota.Event) {
		level := slog.LevelInfo
		if a.env.Waiting == nil { // a daemon, where nobody else tells
			level = slog.LevelWarn
		}
		a.env.Log.Log(context.Background(), level, "pace", "credential", c.Slug, "label", e.Label, "says", e.Says)
		if a.env.Waiting != nil {
			a.env.Waiting(zoom.Event{Operation: string(e.Label), Kind: stagedoor.KindRateLimited, Cause: e.Says})
		}
	}
}

// Quota returns what is known of the quota of the credential's account.
func (a *App) Quota(ctx context.Context, c stagedoor.Credential) (stagedoor.QuotaReport, error) {
	p, err := a.Provider(c.Provider)
	if err != nil {
		return stagedoor.QuotaReport{}, err
	}
	q, err := a.quota(ctx, c, p)
	if err != nil {
		return stagedoor.QuotaReport{}, err
	}
	return q.Report(ctx)
}
