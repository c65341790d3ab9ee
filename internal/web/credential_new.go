package web

import (
	"cmp"
	"context"
	"net/http"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/web/words"
)

func (s *site) credentialNewRoutes() []route {
	return []route{
		{"GET /credentials/new", stagedoor.RoleAdmin, s.newCredential},
		{"POST /credentials", stagedoor.RoleAdmin, s.saveCredential},
		{"POST /credentials/form/fields", stagedoor.RoleAdmin, s.fields},
		{"POST /credentials/form/look/{field}", stagedoor.RoleAdmin, s.look},
		{"POST /credentials/form/scopes", stagedoor.RoleAdmin, s.scopesPart},
		{"POST /credentials/form/account-id", stagedoor.RoleAdmin, s.readAccountID},
		{"POST /credentials/form/check", stagedoor.RoleAdmin, s.checkNew},
	}
}

func (s *site) newCredential(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	return s.showNew(w, r, credentialForm{c: stagedoor.Credential{Provider: cmp.Or(q.Get("provider"), stagedoor.Zoom.Name), Purposes: q["purposes"]}})
}

func (s *site) showNew(w http.ResponseWriter, r *http.Request, f credentialForm) error {
	f, err := s.ready(f)
	if err != nil {
		return err
	}
	f.back = "/credentials"
	t, err := s.tiles(r)
	if err != nil {
		return err
	}
	p := page{Title: words.NewTitle, Section: "/credentials", Scripts: []string{"credential.js"}}
	if f.failure != nil {
		p.Status = f.failure.Status
	}
	return s.show(w, r, p, newCredentialPage(t, f))
}

// typed holds that a form can be checked at all.
func (s *site) typed(ctx context.Context, c stagedoor.Credential) error {
	service := s.service(c.Provider)
	for _, name := range []string{"account_id", "client_id", "client_secret"} {
		f, there := service.value(name)
		if remark, odd := s.Credentials.Remark(c, name); there && odd && remark.Sure {
			return &stagedoor.Error{Op: "read the form", Subject: f.Label, Kind: stagedoor.KindUsage, Cause: f.Label + ": " + remark.Says, Fix: cmp.Or(f.Where, words.FieldAsk) + "."}
		}
	}
	if err := s.Credentials.CheckForm(c); err != nil {
		return err
	}
	return s.Credentials.Free(ctx, c)
}

// checkNew begins to check what is in the form, and saves nothing.
func (s *site) checkNew(w http.ResponseWriter, r *http.Request) error {
	f, err := s.formOf(r)
	if err == nil {
		err = s.typed(r.Context(), f.c)
	}
	if err != nil {
		return s.told(w, r, err)
	}
	k, err := s.checks.begin(r, s.Now(), s.Credentials.PlanHints(f.c.Provider, f.c.Plan, f.c.Purposes), func(ctx context.Context, watcher stagedoor.Watcher) (stagedoor.Proven, error) {
		return s.Credentials.ProveNew(ctx, f.c, watcher)
	})
	if err != nil {
		return s.told(w, r, err)
	}
	shown := k.shown()
	shown.New = true
	return s.swap(w, r, http.StatusOK, checkSteps(shown))
}

// saveCredential saves what was proven, or proves it first, or saves it unverified
// where that is asked for.
func (s *site) saveCredential(w http.ResponseWriter, r *http.Request) error {
	f, err := s.formOf(r)
	if err == nil {
		err = s.typed(r.Context(), f.c)
	}
	if err != nil {
		return s.notSaved(w, r, f, checkShown{New: true, Done: true}, err)
	}
	var saved stagedoor.Credential
	seen := &checking{}
	k := s.checks.find(r, r.PostForm.Get("checked"))
	switch {
	case r.PostForm.Has("unverified"):
		saved, _, err = s.Credentials.Add(r.Context(), f.c, false, nil)
	case k != nil && k.ended() && k.err == nil:
		saved, err = s.Credentials.AddProven(r.Context(), f.c, k.proven)
		if stagedoor.KindOf(err) == stagedoor.KindConflict && saved.ID == "" { // it was changed after the check
			saved, _, err = s.Credentials.Add(r.Context(), f.c, true, seen)
		}
	default:
		saved, _, err = s.Credentials.Add(r.Context(), f.c, true, seen)
	}
	if err != nil {
		shown := seen.shown()
		shown.New, shown.Done = true, true
		return s.notSaved(w, r, f, shown, err)
	}
	if k != nil {
		s.checks.drop(k.id)
	}
	return s.goOn(w, r, credentialPath(saved.Slug))
}

// notSaved shows why a form was not saved: with a script in the form, where what was
// typed stays, and without one on the page, with everything but the secret.
func (s *site) notSaved(w http.ResponseWriter, r *http.Request, f credentialForm, shown checkShown, err error) error {
	problem := problemOf(err)
	if problem.Status >= http.StatusInternalServerError && problem.Kind == stagedoor.KindInternal {
		return err
	}
	problem.Fix = stagedoor.WithoutCommands(problem.Fix)
	shown.Err = &problem
	if fragment(r) {
		return s.swap(w, r, problem.Status, checkSteps(shown))
	}
	f.check, f.failure = shown, &problem
	return s.showNew(w, r, f)
}
