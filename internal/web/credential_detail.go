package web

import (
	"cmp"
	"context"
	"net/http"
	"strings"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/web/words"
)

func (s *site) credentialDetailRoutes() []route {
	return []route{
		{"GET /credentials/{slug}", stagedoor.RoleViewer, s.credential},
		{"POST /credentials/{slug}/check", stagedoor.RoleOperator, s.checkAgain},
		{"GET /credentials/{slug}/edit", stagedoor.RoleAdmin, s.editForm},
		{"POST /credentials/{slug}/edit", stagedoor.RoleAdmin, s.edit},
		{"GET /credentials/{slug}/secret", stagedoor.RoleAdmin, s.secretForm},
		{"POST /credentials/{slug}/secret", stagedoor.RoleAdmin, s.setSecret},
		{"GET /credentials/{slug}/disable", stagedoor.RoleAdmin, s.disableForm},
		{"POST /credentials/{slug}/disable", stagedoor.RoleAdmin, s.disable},
		{"POST /credentials/{slug}/enable", stagedoor.RoleAdmin, s.enable},
		{"GET /credentials/{slug}/remove", stagedoor.RoleAdmin, s.removeForm},
		{"POST /credentials/{slug}/remove", stagedoor.RoleAdmin, s.remove},
	}
}

// detail is what the page of a credential shows.
type detail struct {
	c        stagedoor.CredentialState
	role     stagedoor.Role
	troubles []stagedoor.Trouble
	runs     []stagedoor.Run
	wanted   []stagedoor.ScopeList // in both vocabularies; none where no purpose is set
	compared *stagedoor.ScopeComparison
	base     string // of the gateway; empty for who may not know it
	check    checkShown
}

// runsShown is how many runs of a credential its page shows.
const runsShown = 5

func (s *site) credential(w http.ResponseWriter, r *http.Request) error {
	return s.showCredential(w, r, checkShown{})
}

func (s *site) showCredential(w http.ResponseWriter, r *http.Request, check checkShown) error {
	ctx, slug := r.Context(), r.PathValue("slug")
	c, err := s.Credentials.CredentialState(ctx, slug)
	if err != nil {
		return err
	}
	d := detail{role: visitorOf(ctx).Operator.Role, check: check}
	if d.troubles, err = s.Credentials.Troubles(ctx, slug); err != nil {
		return err
	}
	all, err := s.Credentials.Runs(ctx, stagedoor.RunQuery{Credential: c.Slug, Limit: runsShown})
	if err != nil {
		return err
	}
	d.runs = all
	if len(c.Purposes) > 0 {
		for _, style := range []stagedoor.ScopeStyle{stagedoor.GranularScopes, stagedoor.ClassicScopes} {
			list, err := s.Credentials.Scopes(stagedoor.ScopeQuestion{Style: style, Purposes: c.Purposes, Validation: c.ValidationURL})
			if err != nil {
				return err
			}
			d.wanted = append(d.wanted, list)
		}
		if len(c.Held) > 0 {
			compared, err := s.Credentials.Compare(stagedoor.ScopeQuestion{Purposes: c.Purposes, Validation: c.ValidationURL}, c.Held)
			if err != nil {
				return err
			}
			d.compared = &compared
		}
	}
	for i := range d.troubles {
		d.troubles[i].Fix = strings.ReplaceAll(d.troubles[i].Fix, "NAME", c.Slug)
	}
	d.c = s.seen(c, d.role)
	if d.role.Includes(stagedoor.RoleOperator) {
		d.base = s.Base(r)
	} else {
		for i, t := range d.troubles {
			d.troubles[i] = stagedoor.Trouble{At: t.At, LastAt: t.LastAt, Count: t.Count, Kind: t.Kind, Cause: t.Kind.Row().Means, Fix: words.AskOperator}
		}
	}
	p := page{Title: c.Name, Section: "/credentials"}
	if check.Err != nil {
		p.Status = check.Err.Status
	}
	return s.show(w, r, p, credentialPage(d))
}

// checkAgain checks a saved credential: step by step where there is a script.
func (s *site) checkAgain(w http.ResponseWriter, r *http.Request) error {
	slug := r.PathValue("slug")
	if !fragment(r) {
		seen := &checking{}
		_, err := s.Credentials.CheckCredential(r.Context(), slug, seen)
		shown := seen.shown()
		shown.Done = true
		if err != nil {
			problem := problemOf(err)
			shown.Err = &problem
		}
		return s.showCredential(w, r, shown)
	}
	c, err := s.Credentials.CredentialState(r.Context(), slug)
	if err != nil {
		return s.told(w, r, err)
	}
	k, err := s.checks.begin(r, s.Now(), s.Credentials.PlanHints(c.Provider, c.Plan, c.Purposes), func(ctx context.Context, watcher stagedoor.Watcher) (stagedoor.Proven, error) {
		_, err := s.Credentials.CheckCredential(ctx, slug, watcher)
		return stagedoor.Proven{}, err
	})
	if err != nil {
		return s.told(w, r, err)
	}
	return s.swap(w, r, http.StatusOK, checkSteps(k.shown()))
}

// tokenWord is the state of a token.
func tokenWord(t stagedoor.CredentialToken) string {
	return cmp.Or(map[stagedoor.TokenState]string{
		stagedoor.TokenFresh: words.TokenFresh, stagedoor.TokenStale: words.TokenStale,
	}[t.State], words.TokenNoneShort)
}

// missing are the scopes that the token lacks.
func (d detail) missing() []string {
	var names []string
	if d.compared != nil {
		for _, need := range d.compared.Missing {
			names = append(names, need.Scope)
		}
	}
	return names
}

func joined(list []string) string { return strings.Join(list, ", ") }

// runBadge is the state of a run as a badge's.
func runBadge(state stagedoor.RunState) string {
	switch state {
	case stagedoor.RunDone:
		return "ok"
	case stagedoor.RunPartial, stagedoor.RunInterrupted:
		return "warn"
	case stagedoor.RunFailed:
		return "fail"
	}
	return "off"
}
