package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Account is the provider as a credential reaches it. Every method makes one
// request at most, and tries nothing twice.
type Account interface {
	// Way goes the way to an address, up to where a request would be sent.
	Way(ctx context.Context, address string) stagedoor.Way
	// Mint gets a new token with the newest client secret.
	Mint(ctx context.Context) (stagedoor.Token, error)
	// MintBefore does so with the secret before it, and keeps nothing.
	MintBefore(ctx context.Context) error
	// Call makes a GET request with the token that was minted.
	Call(ctx context.Context, path string, query url.Values) ([]byte, error)
	// Fitting returns a path that the scopes permit to call, or "".
	Fitting(scopes []string) string
	// APIURL is where calls with the token go; of the zero token, where they
	// usually go. Empty: the service has no API that we know.
	APIURL(stagedoor.Token) string
	// Heard is what servers told so far.
	Heard() Heard
}

// Patient is a credential and what it takes to examine it.
type Patient struct {
	Credential stagedoor.Credential
	Provider   stagedoor.Provider
	TokenURL   string
	Validation string // path or URL of a cheap call; empty: none
	Account    Account
	Now        func() time.Time

	// Report is the report that the account may have switched off; nil where the
	// provider has none.
	Report *Report
	// Scopes compares what a token holds with what the credential's purposes
	// need; nil where it has none.
	Scopes func(held []string) (Scopes, error)
}

// Report is one report to ask for.
type Report struct {
	Path, Page string // "/report/meeting_activities"; what people call it
	Params     url.Values
	ListKeys   []string
	Scopes     []string // any one of them suffices
	Wanted     bool     // the credential's purposes ask for reports
	Days       int
	Label      stagedoor.Label
	Empty      *stagedoor.Error // what an empty one means
}

// Scopes is a comparison of scopes.
type Scopes struct {
	Missing     []string // "report:read:admin, for reports"
	Superfluous []string
	Hints       []string
}

// How long one step of an examination may take.
const (
	mintFor = 12 * time.Second
	callFor = 15 * time.Second
)

// Examine looks a credential over, from its form to what its account may do.
func (p Patient) Examine(ctx context.Context, s *Sheet) {
	c := p.Credential
	s.form(c, p.Provider, newest(c))
	s.secretAge(c, p.Provider, p.Now())
	if !s.way(p.Account.Way(ctx, p.TokenURL), p.Now()) {
		if ctx.Err() == nil {
			s.skip("the token endpoint is not reached", "clock", "token-endpoint", "client", "account-id", "app", "scopes", "call", "report", "plan", "quota")
		}
		return
	}
	token, ok := p.grant(ctx, s)
	if ctx.Err() != nil {
		return
	}
	s.clock(p.Account.Heard())
	api := p.Account.APIURL(token)
	reached := api != ""
	if reached && !sameHost(p.TokenURL, api) {
		reached = s.way(p.Account.Way(ctx, api), p.Now())
	}
	switch {
	case ctx.Err() != nil:
	case !ok:
		s.skip("there is no token", "scopes", "call", "report", "plan", "quota")
	case !reached:
		p.scopes(s, token)
		s.skip("the API is not reached", "call", "report", "plan", "quota")
	default:
		p.scopes(s, token)
		p.call(ctx, s, token)
		refused := p.report(ctx, s, token)
		p.plan(s, refused)
		p.quota(s, refused)
	}
}

func newest(c stagedoor.Credential) stagedoor.Secret {
	if len(c.ClientSecrets) == 0 {
		return stagedoor.Secret{}
	}
	return c.ClientSecrets[0]
}

// inTime is err, but for a step whose time was up: that is the network's fault
// and nobody's wish.
func inTime(ctx context.Context, err error, what string, d time.Duration) error {
	if err == nil || ctx.Err() != nil || stagedoor.KindOf(err) != stagedoor.KindInterrupted {
		return err
	}
	return &stagedoor.Error{
		Kind: stagedoor.KindNetwork, Cause: fmt.Sprintf("%s did not answer within %s", what, d), Err: context.DeadlineExceeded,
		Fix: "Try again; if it stays so, look at the network and the proxy, and at status.zoom.us.",
	}
}

// grant asks for a token, and tells from the answer which of the three values
// is wrong: Zoom looks at client id and secret first, then at the app, then at
// the account id.
// Source: reported answers of the token endpoint; see the error table.
func (p Patient) grant(ctx context.Context, s *Sheet) (stagedoor.Token, bool) {
	limited, cancel := context.WithTimeout(ctx, mintFor)
	defer cancel()
	token, err := p.Account.Mint(limited)
	err = inTime(ctx, err, "the token endpoint", mintFor)
	if ctx.Err() != nil {
		return token, false
	}
	values := []string{"client", "account-id", "app"}
	switch kind := stagedoor.KindOf(err); kind {
	case stagedoor.KindInvalidClient, stagedoor.KindSecretBlanks, stagedoor.KindSecretEncoded:
		s.ok("token-endpoint", "%s answers like one", p.TokenURL)
		p.refusedClient(ctx, s, err)
		s.skip("client id and secret are looked at first, and were refused", "account-id", "app")
	case stagedoor.KindAccountUnknown, stagedoor.KindAccountMalformed:
		s.ok("token-endpoint", "%s answers like one", p.TokenURL)
		s.ok("client", "client id and client secret are good: they are looked at before the account id")
		notice := stagedoor.NoticeOf(err)
		s.fail("account-id", kind, "client id and client secret are good, the account id is not: "+strings.TrimSuffix(notice.Cause, "."), notice.Fix)
		s.skip("the account id was refused", "app")
	case stagedoor.KindAppInactive, stagedoor.KindGrantUnsupported:
		s.ok("token-endpoint", "%s answers like one", p.TokenURL)
		s.ok("client", "client id and client secret are known: the endpoint speaks of the app that they belong to")
		s.failed("app", err)
		s.skip("the app is looked at before the account id, and was refused", "account-id")
	case stagedoor.KindTokenRefused:
		s.ok("token-endpoint", "%s answers like one", p.TokenURL)
		s.failed("client", err)
		s.skip("the endpoint did not say which value it refused", "account-id", "app")
	case stagedoor.KindRateLimited:
		s.warned("token-endpoint", err)
		s.skip("the endpoint asks to slow down, so nothing is known of them", values...)
	default:
		if err != nil {
			s.failed("token-endpoint", err)
			s.skip("the token endpoint gave no answer about them", values...)
			return token, false
		}
		s.ok("token-endpoint", "%s answers like one", p.TokenURL)
		s.ok("client", "client id and client secret are good")
		if p.Provider.RequiredField("account_id") {
			s.ok("account-id", "the account id is good")
		}
		s.ok("app", "it is active; its token lasts %s", short(token.Expiry.Sub(token.Minted)))
	}
	return token, err == nil
}

// refusedClient says of a refused id and secret what can be told about them.
func (p Patient) refusedClient(ctx context.Context, s *Sheet, err error) {
	if len(p.Credential.ClientSecrets) < 2 {
		s.failed("client", err)
		return
	}
	limited, cancel := context.WithTimeout(ctx, mintFor)
	defer cancel()
	if p.Account.MintBefore(limited) != nil {
		s.failed("client", err)
		return
	}
	s.fail("client", stagedoor.KindOf(err), "the client id is good, and so is the secret before the newest; the newest secret is refused",
		"If the new secret was not regenerated on the app's page, or not copied whole, set it again: `stagedoor credential set-secret NAME`. Until then the former one is used.")
}

// call calls the validation URL with the token.
func (p Patient) call(ctx context.Context, s *Sheet, token stagedoor.Token) {
	if p.Validation == "" {
		s.skip("the provider names no call that proves a token; `stagedoor credential edit NAME --validation-url PATH` does", "call")
		return
	}
	limited, cancel := context.WithTimeout(ctx, callFor)
	defer cancel()
	body, err := p.Account.Call(limited, p.Validation, nil)
	err = inTime(ctx, err, "GET "+p.Validation, callFor)
	switch {
	case ctx.Err() != nil:
		return
	case stagedoor.KindOf(err) == stagedoor.KindScopeMissing:
		notice := stagedoor.NoticeOf(err)
		says := "GET " + p.Validation + " is outside the app's scopes, so it proves nothing; the token itself is good"
		if better := p.Account.Fitting(token.Scopes); better != "" {
			notice.Fix = "Use one that the scopes cover: `stagedoor credential edit NAME --validation-url " + better + "`."
			says += ", and " + better + " is inside them"
		}
		s.warn("call", notice.Kind, says, notice.Fix)
		return
	case stagedoor.KindOf(err) == stagedoor.KindRateLimited || stagedoor.KindOf(err) == stagedoor.KindDailyQuota:
		s.skip("GET "+p.Validation+" was refused by a quota; see quota", "call")
		return
	case err != nil:
		s.failed("call", err)
		return
	}
	var profile struct {
		AccountID string          `json:"account_id"`
		Email     string          `json:"email"`
		Code      json.RawMessage `json:"code"`
	}
	if json.Unmarshal(body, &profile) != nil || string(bytes.TrimSpace(body)) == "null" || profile.Code != nil {
		s.fail("call", stagedoor.KindBadAnswer, "the token is good, but GET "+p.Validation+" did not answer with a JSON object of the API",
			"Look at the credential's API URL and validation URL (`stagedoor credential show NAME`), and whether a proxy or a sign-in page stands between.")
		return
	}
	if profile.AccountID != "" && p.Credential.AccountID != "" && profile.AccountID != p.Credential.AccountID {
		s.warn("call", stagedoor.KindAccountUnknown, "GET "+p.Validation+" answered, and names another account id than the credential: "+stagedoor.Outside(profile.AccountID, 60),
			"If that account is meant, say so: `stagedoor credential edit NAME --account-id ID`.")
		return
	}
	says := "GET " + p.Validation + " answered"
	if profile.Email != "" {
		says += "; the app acts for " + stagedoor.Outside(profile.Email, 100)
	}
	s.ok("call", "%s", says)
}

func (p Patient) scopes(s *Sheet, token stagedoor.Token) {
	if p.Scopes == nil {
		s.ok("scopes", "the token holds %s; no purposes are set, so none is missed (`stagedoor credential edit %s --purpose reports` sets one)", several(len(token.Scopes), "scope"), p.Credential.Slug)
		return
	}
	compared, err := p.Scopes(token.Scopes)
	if err != nil {
		s.failed("scopes", err)
		return
	}
	hints := ""
	if len(compared.Hints) > 0 {
		hints = " " + strings.Join(compared.Hints, " ")
	}
	if len(compared.Missing) > 0 {
		s.fail("scopes", stagedoor.KindScopeMissing, "missing for the purposes "+strings.Join(p.Credential.Purposes, ", ")+": "+strings.Join(compared.Missing, "; "),
			"On marketplace.zoom.us → Develop → the app → Scopes → Add Scopes, add them, then run `stagedoor credential check NAME`: only a new token holds a new scope, and it can take minutes."+hints)
		return
	}
	says := fmt.Sprintf("the token holds all that %s needs", strings.Join(p.Credential.Purposes, ", "))
	if n := len(compared.Superfluous); n > 0 {
		says += fmt.Sprintf(", and %s more than it needs", several(n, "scope"))
	}
	s.ok("scopes", "%s%s", says, hints)
}

// report asks for one row of the report, and returns the error if the account
// was refused it.
func (p Patient) report(ctx context.Context, s *Sheet, token stagedoor.Token) error {
	r := p.Report
	switch {
	case r == nil:
		s.skip("the provider has no report that may be switched off", "report")
		return nil
	case !r.Wanted && !anyOf(token.Scopes, r.Scopes):
		s.skip("the app has no scope for "+r.Page+", and no purpose asks for it", "report")
		return nil
	}
	limited, cancel := context.WithTimeout(ctx, callFor)
	defer cancel()
	body, err := p.Account.Call(limited, r.Path, r.Params)
	err = inTime(ctx, err, "GET "+r.Path, callFor)
	if ctx.Err() != nil {
		return nil
	}
	switch kind := stagedoor.KindOf(err); {
	case err == nil:
	case kind == stagedoor.KindRateLimited || kind == stagedoor.KindDailyQuota:
		s.skip("GET "+r.Path+" was refused by a quota; see quota", "report")
		return err
	case r.Wanted:
		s.failed("report", err)
		return err
	default:
		s.warned("report", err)
		return err
	}
	rows, ok := rowsIn(body, r.ListKeys)
	switch {
	case !ok:
		s.fail("report", stagedoor.KindBadAnswer, "GET "+r.Path+" answered without its list", "Look at the credential's API URL (`stagedoor credential show NAME`), and whether something stands between.")
	case rows == 0:
		s.warn("report", r.Empty.Kind, fmt.Sprintf("%s is empty for the last %d days: %s", r.Page, r.Days, r.Empty.Cause), r.Empty.Fix)
	default:
		s.ok("report", "%s has rows in the last %d days", r.Page, r.Days)
	}
	return nil
}

func anyOf(held, wanted []string) bool {
	for _, h := range held {
		for _, w := range wanted {
			if h == w {
				return true
			}
		}
	}
	return false
}

// rowsIn counts the rows of a page; false where there is no list.
func rowsIn(body []byte, keys []string) (int, bool) {
	var page map[string]json.RawMessage
	if json.Unmarshal(body, &page) != nil {
		return 0, false
	}
	for _, key := range keys {
		var rows []json.RawMessage
		if raw, ok := page[key]; ok && json.Unmarshal(raw, &rows) == nil {
			return len(rows), true
		}
	}
	return 0, false
}

// plan compares the plan that a person named with what answers showed. The
// provider does not tell it, so silence proves nothing.
func (p Patient) plan(s *Sheet, refused error) {
	c := p.Credential
	if len(p.Provider.Limits) == 0 {
		s.skip("the provider has no plans", "plan")
		return
	}
	edit := func(plan stagedoor.Plan) string {
		return fmt.Sprintf("If that is the account's plan, say so: `stagedoor credential edit NAME --plan %s`. If it is not, look on zoom.us → Admin → Account Management → Billing, and whether the app belongs to the account that you mean.", plan)
	}
	if stagedoor.KindOf(refused) == stagedoor.KindPlanTooSmall {
		if c.Plan == stagedoor.PlanFree {
			s.ok("plan", "free, as configured; reports need Pro or higher")
			return
		}
		s.warn("plan", stagedoor.KindPlanTooSmall, fmt.Sprintf("%s is configured, but Zoom refused a report as not part of the plan", c.Plan), edit(stagedoor.PlanFree))
		return
	}
	for _, l := range p.Account.Heard().Limits {
		if l.Limit <= 0 {
			continue
		}
		if allowed := permitted(p.Provider.Limit(stagedoor.FamilyGeneral, l.Label, c.Plan), l.Daily); allowed > l.Limit {
			span := "in a short time"
			if l.Daily {
				span = "in a day"
			}
			s.warn("plan", stagedoor.KindPlanTooSmall, fmt.Sprintf("%s is configured (%d %s calls %s), and Zoom's answer permits %d", c.Plan, allowed, l.Label, span, l.Limit),
				edit(fitting(p.Provider, l)))
			return
		}
	}
	s.ok("plan", "%s is configured, and nothing in the answers speaks against it (Zoom's API does not tell the plan)", c.Plan)
}

func permitted(l stagedoor.RateLimit, daily bool) int {
	if daily {
		return l.PerDay
	}
	return max(l.PerSecond, l.PerMinute)
}

// fitting is the largest plan whose limit an answer does not contradict.
func fitting(p stagedoor.Provider, l Limit) stagedoor.Plan {
	for _, plan := range []stagedoor.Plan{stagedoor.PlanBusiness, stagedoor.PlanPro} {
		if allowed := permitted(p.Limit(stagedoor.FamilyGeneral, l.Label, plan), l.Daily); allowed > 0 && allowed <= l.Limit {
			return plan
		}
	}
	return stagedoor.PlanFree
}

// almost is the part of a daily quota that may be left before it is told.
const almost = 10 // a tenth

// quota tells what answers said of the account's limits. refused is the report's
// error: a day that is known to be used up is not asked for again.
func (p Patient) quota(s *Sheet, refused error) {
	h := p.Account.Heard()
	if e, ok := errors.AsType[*stagedoor.Error](refused); ok && e.Kind == stagedoor.KindDailyQuota && e.Status == 0 {
		s.fail("quota", e.Kind, fmt.Sprintf("the account's %s calls of the day are used up, by this or another app (no call was made to see it)", p.Report.Label),
			"Go on when it opens again, at "+e.RetryAt.UTC().Format(time.DateTime)+" UTC; `stagedoor quota NAME` shows who used it.")
		return
	}
	for _, l := range h.Limits {
		if !l.Refused {
			continue
		}
		if l.Daily {
			again := "at 00:00 UTC"
			if l.Until != "" {
				again = "at " + stagedoor.Outside(l.Until, 40)
			}
			s.fail("quota", stagedoor.KindDailyQuota, fmt.Sprintf("the account's %s calls of the day are used up, by this or another app (limit %s)", l.Label, told(l.Limit)),
				"Go on when it opens again, "+again+"; ask which other apps of the account call Zoom, or raise the plan.")
			return
		}
		s.warn("quota", stagedoor.KindRateLimited, fmt.Sprintf("the account's %s calls per second or minute are used up just now, by this or another app (limit %s)", l.Label, told(l.Limit)),
			"Run `stagedoor doctor NAME` again in a minute. If it stays so, other apps of the account call Zoom too much; zoom.us → App Marketplace → Manage lists them.")
		return
	}
	for _, l := range h.Limits {
		if l.Daily && l.Limit > 0 && l.Remaining >= 0 && l.Remaining < l.Limit/almost {
			s.warn("quota", stagedoor.KindDailyQuota, fmt.Sprintf("%d of %d %s calls of the day are left, for all apps of the account", l.Remaining, l.Limit, l.Label),
				"Leave large syncs until 00:00 UTC, or ask which other apps of the account call Zoom.")
			return
		}
	}
	if len(h.Limits) == 0 {
		s.ok("quota", "no answer said that one is near its end")
		return
	}
	last := h.Limits[len(h.Limits)-1]
	if last.Remaining >= 0 {
		s.ok("quota", "%d of %s %s calls are left", last.Remaining, told(last.Limit), last.Label)
		return
	}
	s.ok("quota", "no answer said that one is near its end (the last call counted as %s)", last.Label)
}

func told(n int) string {
	if n < 0 {
		return "not told"
	}
	return fmt.Sprint(n)
}

// Unusable writes down why a credential can not be examined at all.
func (s *Sheet) Unusable(err error) {
	if e, ok := errors.AsType[*stagedoor.Error](err); ok && e.Kind == stagedoor.KindDisabled {
		s.warned("credential", err)
		s.skip("it is switched off", "ids", "host", "token-endpoint")
		return
	}
	s.failed("credential", err)
}
