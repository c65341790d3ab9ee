package app

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/vault"
)

// saved returns a credential that is stored, whatever its status, and the vault
// that keeps it.
func (a *App) saved(ctx context.Context, slug string) (*vault.Vault, stagedoor.Credential, error) {
	if slug == stagedoor.EnvSlug {
		return nil, stagedoor.Credential{}, &stagedoor.Error{
			Op: "find a credential", Subject: "credential env", Kind: stagedoor.KindUsage,
			Cause: "it is read from the ZOOM_ variables and stored nowhere, so there is nothing to show or change",
			Fix:   "`stagedoor credential check env` proves it.",
		}
	}
	v, err := a.Vault(ctx)
	if err != nil {
		return nil, stagedoor.Credential{}, err
	}
	c, err := v.Credential(ctx, slug)
	return v, c, err
}

// SavedCredential returns a credential that is stored, whatever its status.
func (a *App) SavedCredential(ctx context.Context, slug string) (stagedoor.Credential, error) {
	_, c, err := a.saved(ctx, slug)
	return c, err
}

// CredentialStates returns how all credentials stand, in the order of their slugs.
func (a *App) CredentialStates(ctx context.Context) ([]stagedoor.CredentialState, error) {
	v, err := a.Vault(ctx)
	if err != nil {
		return nil, err
	}
	list, err := v.List(ctx)
	if err != nil {
		return nil, err
	}
	return a.states(ctx, list, list)
}

// CredentialState returns how a credential stands.
func (a *App) CredentialState(ctx context.Context, slug string) (stagedoor.CredentialState, error) {
	_, c, err := a.saved(ctx, slug)
	if err != nil {
		return stagedoor.CredentialState{}, err
	}
	v, err := a.Vault(ctx)
	if err != nil {
		return stagedoor.CredentialState{}, err
	}
	all, err := v.List(ctx)
	if err != nil {
		return stagedoor.CredentialState{}, err
	}
	states, err := a.states(ctx, []stagedoor.Credential{c}, all)
	if err != nil {
		return stagedoor.CredentialState{}, err
	}
	return states[0], nil
}

// states are how those of a list stand, who are among all: reading all anew for each
// would take a hundred credentials a fifth of a second.
func (a *App) states(ctx context.Context, list, all []stagedoor.Credential) ([]stagedoor.CredentialState, error) {
	a.writeTroubles(ctx)
	callers, err := a.CallerList(ctx)
	if err != nil {
		return nil, err
	}
	schedules, err := a.Schedules(ctx)
	if err != nil {
		return nil, err
	}
	states := make([]stagedoor.CredentialState, len(list))
	for i, c := range list {
		c.ClientSecrets = nil
		s := stagedoor.CredentialState{Credential: c, Held: []string{}, Callers: []string{}, Schedules: []string{}, SecretOld: c.SecretDue(now())}
		for _, who := range callers {
			if who.CredentialID == c.ID && who.RevokedAt.IsZero() {
				s.Callers = append(s.Callers, who.Name)
			}
		}
		for _, plan := range schedules {
			if plan.CredentialID == c.ID {
				s.Schedules = append(s.Schedules, plan.Name)
			}
		}
		if err := a.tokenState(ctx, &s); err != nil {
			return nil, err
		}
		// What follows is for show: an account whose ledger can not be read has a tile
		// all the same.
		if p, err := a.Provider(c.Provider); err == nil {
			if report, err := a.quotaAs(c, p, accountPlan(all, c), true).Report(ctx); err == nil {
				s.QuotaToday = quotaToday(report)
			}
		}
		if s.LastUsedAt, s.LastUsedBy, err = a.lastUse(ctx, c.Slug); err != nil {
			return nil, err
		}
		troubles, err := a.store.Troubles(ctx, c.ID)
		if err != nil {
			return nil, err
		}
		if len(troubles) > 0 && !(c.Status == stagedoor.StatusVerified && troubles[0].LastAt.Before(c.CheckedAt)) {
			s.Trouble = &troubles[0]
		}
		states[i] = s
	}
	return states, nil
}

// tokenState tells of the token that all processes share, and where this is a daemon
// that keeps it alive, of its renewal.
func (a *App) tokenState(ctx context.Context, s *stagedoor.CredentialState) error {
	row, err := a.vault.Tokens(s.ID).Load(ctx)
	if err != nil {
		return err
	}
	s.Token = stagedoor.CredentialToken{State: row.Token.State(now(), 0), MintedAt: row.Token.Minted, ExpiresAt: row.Token.Expiry}
	if s.Token.State != stagedoor.TokenExpired {
		s.Held = append(s.Held, sorted(row.Token.Scopes)...)
		if style, ok := scopes().StyleOf(s.Held); ok {
			s.Style = style
		}
	}
	if row.Refused != nil {
		notice := stagedoor.NoticeOf(row.Refused)
		s.Token.Failure, s.Token.FailedAt = &notice, row.RefusedAt
	}
	if a.live == nil {
		return nil
	}
	if conn := a.live.sources()[s.Slug]; conn != nil {
		s.Token.NextRenewalAt = conn.Source.State().NextRenewal
	}
	return nil
}

// quotaToday is the limit that is nearest to its end.
func quotaToday(r stagedoor.QuotaReport) *stagedoor.QuotaToday {
	var today *stagedoor.QuotaToday
	all, part := 0, -1.0
	for _, day := range r.Days {
		all += day.Used
		used := -0.5 // a limit that is there is told first
		switch {
		case !day.Closed.IsZero():
			used = 2
		case day.Limit > 0:
			used = float64(day.Used) / float64(day.Limit)
		}
		if used > part {
			part = used
			today = &stagedoor.QuotaToday{Group: dayName(day), Used: day.Used, Limit: day.Limit, Left: day.Left, Closed: day.Closed}
		}
	}
	if today != nil {
		today.All = all
	}
	return today
}

// lookedThrough is how many of the newest lines of a credential are looked through
// for its last use; others are acts on it, such as checks.
const lookedThrough = 50

// lastUse is when and by whom a credential was last used, as the audit has it.
func (a *App) lastUse(ctx context.Context, slug string) (at time.Time, by string, err error) {
	rows, err := a.store.LastUses(ctx, slug, lookedThrough)
	for _, row := range rows {
		var e stagedoor.Event
		if json.Unmarshal([]byte(row.Line), &e) == nil && isUse(e.Action) {
			return e.At, e.Actor, nil
		}
	}
	return at, "", err
}

// isUse reports whether an action uses a credential, and is no act on it or on what
// hangs on it.
func isUse(action string) bool {
	noun, _, _ := strings.Cut(action, ".")
	return noun == "token" || noun == "sync" || !strings.Contains(action, ".") || strings.Contains(action, " ")
}
