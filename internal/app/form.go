package app

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/doctor"
	"github.com/stagedoor/stagedoor/internal/egress"
	"github.com/stagedoor/stagedoor/internal/scope"
	"github.com/stagedoor/stagedoor/internal/vault"
)

// CheckForm refuses addresses and hosts that can not be what they are meant to
// be, before they are saved. It never repeats an address: people paste secrets
// into the wrong field, and an address may hold a password.
func (a *App) CheckForm(c stagedoor.Credential) error {
	p, err := a.Provider(c.Provider)
	if err != nil {
		return err
	}
	for _, address := range []struct{ flag, text string }{{"--token-url", c.TokenURL}, {"--api-url", c.APIURL}} {
		if address.text == "" {
			continue
		}
		u, err := url.Parse(address.text)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.Fragment != "" {
			return &stagedoor.Error{
				Op: "save a credential", Subject: address.flag, Kind: stagedoor.KindUsage,
				Cause: "it is not an absolute https address without user name, password and fragment",
				Fix:   "Give it like https://example.com/path.",
			}
		}
	}
	if u, err := url.Parse(c.ValidationURL); err != nil || u.User != nil || u.Fragment != "" {
		return &stagedoor.Error{
			Op: "save a credential", Subject: "--validation-url", Kind: stagedoor.KindUsage,
			Cause: "it is neither a path nor an address without user name and password", Fix: "Give it like /users/me.",
		}
	}
	if len(c.Purposes) > 0 {
		if err := a.KnowsScopes(c); err != nil {
			return err
		}
		if _, err := scope.ParsePurposes(c.Purposes); err != nil {
			return err
		}
	}
	_, err = egress.New(egress.Options{Hosts: p.Hosts, Allow: c.AllowHosts, CAFile: a.settings.CAFile})
	return err
}

// Remark says what is odd about one field of a credential that is being typed in;
// false where nothing is. The field is called as in JSON.
func (a *App) Remark(c stagedoor.Credential, field string) (stagedoor.Remark, bool) {
	p, err := a.Provider(c.Provider)
	if err != nil {
		return stagedoor.Remark{}, false
	}
	v := doctor.Values{Zoom: p.BuiltOn() == stagedoor.Zoom.Name, AccountID: c.AccountID, ClientID: c.ClientID}
	if len(c.ClientSecrets) > 0 {
		v.Secret = c.ClientSecrets[0]
	}
	var odd doctor.Oddity
	switch field {
	case "account_id":
		odd = v.OfAccountID()
	case "client_id":
		odd = v.OfClientID()
	case "client_secret":
		odd = v.OfSecret()
	default:
		one := stagedoor.Credential{Provider: c.Provider}
		switch field {
		case "token_url":
			one.TokenURL = c.TokenURL
		case "api_url":
			one.APIURL = c.APIURL
		case "validation_url":
			one.ValidationURL = c.ValidationURL
		case "allow_hosts":
			one.AllowHosts = c.AllowHosts
		case "name", "slug":
			err = vault.CheckSlug(first(c.Slug, stagedoor.Slugify(c.Name)), c.Name)
		}
		if err == nil {
			err = a.CheckForm(one)
		}
		if err == nil {
			return stagedoor.Remark{}, false
		}
		notice := stagedoor.NoticeOf(err)
		return stagedoor.Remark{Field: field, Says: capital(notice.Cause) + ". " + notice.Fix, Sure: true}, true
	}
	switch odd.Is {
	case "":
		return stagedoor.Remark{}, false
	case "is missing":
		return stagedoor.Remark{Field: field, Says: odd.Instead, Sure: true}, true
	}
	return stagedoor.Remark{Field: field, Says: "That " + odd.Is + ". " + odd.Instead, Sure: odd.Sure}, true
}

func capital(text string) string {
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// FittingURL is a validation URL that needs no scope beside those of the purposes;
// "" where there is none, or the usual one is that.
func (a *App) FittingURL(purposes []string) string {
	list, err := scope.ParsePurposes(purposes)
	if err != nil || len(list) == 0 {
		return ""
	}
	var uses []scope.Use
	for _, p := range list {
		uses = append(uses, purposeUses(p)...)
	}
	found := (&prover{}).Fitting(scopes().Least(stagedoor.GranularScopes, uses).Scopes())
	if found == stagedoor.Zoom.Validation {
		return ""
	}
	return found
}

// ProviderList returns the providers that can be chosen from; files of the user's
// that can not be read are left out.
func (a *App) ProviderList() ([]stagedoor.Provider, error) {
	entries, err := a.Providers().List()
	var list []stagedoor.Provider
	for _, e := range entries {
		if e.Err == nil {
			list = append(list, e.Provider)
		}
	}
	return list, err
}

// ReadAccountID asks which account an access token that somebody pasted belongs to,
// with "Bearer" before it or not.
func (a *App) ReadAccountID(ctx context.Context, provider, user string, token stagedoor.Secret, apiURL string, allow []string) (string, error) {
	text := strings.TrimSpace(token.Reveal())
	if len(text) > 7 && strings.EqualFold(text[:7], "bearer ") {
		text = strings.TrimSpace(text[7:])
	}
	switch {
	case text == "":
		return "", &stagedoor.Error{
			Op: "read the access token", Kind: stagedoor.KindUsage, Cause: "there is none", Fix: "Pipe it in, set ZOOM_ACCESS_TOKEN, or paste it into the page.",
		}
	case strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }):
		return "", &stagedoor.Error{
			Op: "read the access token", Kind: stagedoor.KindUsage, Cause: "it holds blanks or characters that no token has",
			Fix: "Give the token alone, without quotes and without anything around it.",
		}
	}
	p, err := a.Provider(first(provider, stagedoor.Zoom.Name))
	if err != nil {
		return "", err
	}
	return a.AccountID(ctx, p, stagedoor.NewSecret(text), first(user, "me"), apiURL, allow)
}

// PlanHints are what a plan means for what a credential is for: how fast programs can
// read, and which purposes ask for more.
func (a *App) PlanHints(provider string, plan stagedoor.Plan, purposes []string) []stagedoor.Step {
	p, err := a.Provider(provider)
	if err != nil || !speaksZoom(p) {
		return nil
	}
	limit := p.Limit("", stagedoor.Heavy, plan)
	says := fmt.Sprintf("%s: Zoom permits %d Heavy calls a second", plan, limit.PerSecond)
	if limit.PerDay > 0 {
		says += fmt.Sprintf(", and %d a day", limit.PerDay)
	}
	steps := []stagedoor.Step{{Name: "plan", Result: "ok", Says: says}}
	list, err := scope.ParsePurposes(purposes)
	if err != nil {
		return steps
	}
	for _, purpose := range list {
		needs := stagedoor.PlanFree
		for _, use := range purposeUses(purpose) {
			needs = larger(needs, smallestPlan(use.Operation.Path))
		}
		if larger(needs, plan) != plan {
			steps = append(steps, stagedoor.Step{Name: "plan", Result: "warn", Says: purpose.Title + " needs " + first(purpose.Needs, "the "+string(needs)+" plan or higher") + "; if the account has it, set the plan in the form"})
		}
	}
	return steps
}
