package web

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/a-h/templ"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/web/words"
)

// stampOf tells whether a credential is still what a form showed.
func stampOf(c stagedoor.Credential) string {
	text, err := json.Marshal([]any{
		c.Name, c.Description, c.AccountID, c.ClientID, c.Plan, c.Purposes, c.Labels, c.TokenURL, c.APIURL, c.ValidationURL, c.AllowHosts, c.SecretSetAt, c.Slug,
	})
	if err != nil {
		panic(err) // texts alone
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:12])
}

func (s *site) editForm(w http.ResponseWriter, r *http.Request) error {
	c, err := s.Credentials.CredentialState(r.Context(), r.PathValue("slug"))
	if err != nil {
		return err
	}
	f := credentialForm{
		c: c.Credential, labels: labelsText(c.Labels), hosts: strings.Join(c.AllowHosts, ", "), style: c.Style, stamp: stampOf(c.Credential),
	}
	return s.showEdit(w, r, f)
}

func (s *site) showEdit(w http.ResponseWriter, r *http.Request, f credentialForm) error {
	f.edit, f.back = true, credentialPath(r.PathValue("slug"))
	f, err := s.ready(f)
	if err != nil {
		return err
	}
	p := page{Title: words.EditTitle, Section: "/credentials", Scripts: []string{"credential.js"}}
	if f.failure != nil {
		p.Status = f.failure.Status
	}
	return s.show(w, r, p, editPage(r.PathValue("slug"), f))
}

// edit saves what was changed, proven where it concerns how the service is asked. A
// secret that was left empty stays.
func (s *site) edit(w http.ResponseWriter, r *http.Request) error {
	f, err := s.formOf(r)
	seen := &checking{}
	if err == nil {
		_, _, _, err = s.Credentials.EditCredential(r.Context(), r.PathValue("slug"), func(c *stagedoor.Credential) error {
			if stampOf(*c) != f.stamp {
				return &stagedoor.Error{
					Op: "change a credential", Subject: "credential " + c.Slug, Kind: stagedoor.KindConflict, Cause: words.EditChanged, Fix: words.EditLook,
				}
			}
			n := f.c
			c.Name, c.Description, c.AccountID, c.ClientID, c.Plan, c.Purposes, c.Labels = n.Name, n.Description, n.AccountID, n.ClientID, n.Plan, n.Purposes, n.Labels
			c.TokenURL, c.APIURL, c.ValidationURL, c.AllowHosts = n.TokenURL, n.APIURL, n.ValidationURL, n.AllowHosts
			if slug := strings.TrimSpace(r.PostForm.Get("slug")); slug != "" {
				c.Slug = slug
			}
			if len(n.ClientSecrets) > 0 {
				c.ClientSecrets = n.ClientSecrets
			}
			return nil
		}, !r.PostForm.Has("unverified"), seen)
	}
	if err == nil {
		slug := r.PathValue("slug")
		if changed := strings.TrimSpace(r.PostForm.Get("slug")); changed != "" {
			slug = changed
		}
		return s.goOn(w, r, credentialPath(slug))
	}
	problem := problemOf(err)
	if problem.Kind == stagedoor.KindInternal || problem.Status == http.StatusNotFound {
		return err
	}
	shown := seen.shown()
	shown.New, shown.Done, shown.Err = len(shown.Steps) > 0, true, &problem
	if fragment(r) {
		return s.swap(w, r, problem.Status, checkSteps(shown))
	}
	f.check, f.failure = shown, &problem
	return s.showEdit(w, r, f)
}

// act is a page that does one thing with a credential.
type act struct {
	c          stagedoor.CredentialState
	service    service // its provider
	check      checkShown
	failure    *stagedoor.Problem
	dependents stagedoor.Dependents
}

func (s *site) showAct(w http.ResponseWriter, r *http.Request, title string, a act, content func(act) templ.Component) error {
	var err error
	if a.c, err = s.Credentials.CredentialState(r.Context(), r.PathValue("slug")); err != nil {
		return err
	}
	a.service = s.service(a.c.Provider)
	p := page{Title: title, Section: "/credentials"}
	if a.failure != nil {
		p.Status = a.failure.Status
	}
	return s.show(w, r, p, content(a))
}

func (s *site) secretForm(w http.ResponseWriter, r *http.Request) error {
	return s.showAct(w, r, words.SecretTitle, act{}, secretForm)
}

func (s *site) setSecret(w http.ResponseWriter, r *http.Request) error {
	secret := stagedoor.NewSecret(strings.TrimRight(r.PostFormValue("client_secret"), "\r\n"))
	seen := &checking{}
	_, _, err := s.Credentials.RenewSecret(r.Context(), r.PathValue("slug"), secret, !r.PostForm.Has("unverified"), seen)
	if err == nil {
		return s.goOn(w, r, credentialPath(r.PathValue("slug")))
	}
	problem := problemOf(err)
	if problem.Kind == stagedoor.KindInternal || problem.Status == http.StatusNotFound {
		return err
	}
	shown := seen.shown()
	shown.Done, shown.Err, shown.Beside = true, &problem, len(shown.Steps) > 0
	if fragment(r) {
		return s.swap(w, r, problem.Status, checkSteps(shown))
	}
	return s.showAct(w, r, words.SecretTitle, act{check: shown, failure: &problem}, secretForm)
}

func (s *site) disableForm(w http.ResponseWriter, r *http.Request) error {
	return s.showAct(w, r, words.DisableTitle, act{}, disableForm)
}

func (s *site) disable(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.Credentials.DisableCredential(r.Context(), r.PathValue("slug"), strings.TrimSpace(r.PostFormValue("reason"))); err != nil {
		return err
	}
	return s.goOn(w, r, credentialPath(r.PathValue("slug")))
}

// enable switches on, and then says whether it works: it is on in any case.
func (s *site) enable(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.Credentials.EnableCredential(r.Context(), r.PathValue("slug")); err != nil {
		return err
	}
	return s.checkAgain(w, r)
}

func (s *site) removeForm(w http.ResponseWriter, r *http.Request) error {
	return s.showRemove(w, r, act{})
}

func (s *site) showRemove(w http.ResponseWriter, r *http.Request, a act) error {
	var err error
	if a.dependents, err = s.Credentials.CredentialDependents(r.Context(), r.PathValue("slug")); err != nil {
		return err
	}
	return s.showAct(w, r, words.RemoveCredentialTitle, a, removeForm)
}

func (s *site) remove(w http.ResponseWriter, r *http.Request) error {
	slug := r.PathValue("slug")
	err := repeated(r, slug, "remove a credential", "credential "+slug)
	if err == nil {
		if _, err = s.Credentials.RemoveCredential(r.Context(), slug); err == nil {
			return s.goOn(w, r, "/credentials")
		}
	}
	problem := problemOf(err)
	if problem.Status >= http.StatusInternalServerError || problem.Status == http.StatusNotFound {
		return err
	}
	return s.showRemove(w, r, act{failure: &problem})
}
