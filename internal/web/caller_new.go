package web

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/web/words"
)

// callerForm is a form of a caller, as it is shown.
type callerForm struct {
	add         stagedoor.NewCaller
	purposes    []string
	rules       string // as they were typed
	share, ends string
	keys        string
	credentials []stagedoor.CredentialState
	all         []stagedoor.Purpose
	failure     *stagedoor.Problem
}

func (s *site) newCaller(w http.ResponseWriter, r *http.Request) error {
	f := callerForm{ends: "never"}
	f.add.Credential = r.URL.Query().Get("credential")
	return s.showNewCaller(w, r, f)
}

func (s *site) showNewCaller(w http.ResponseWriter, r *http.Request, f callerForm) error {
	var err error
	if f.credentials, err = s.Credentials.CredentialStates(r.Context()); err != nil {
		return err
	}
	if len(f.credentials) == 0 {
		return s.goOn(w, r, "/callers")
	}
	f.add.Credential = cmp.Or(f.add.Credential, f.credentials[0].Slug)
	f.all = s.Credentials.Purposes()
	p := page{Title: words.NewCallerTitle, Section: "/callers", Scripts: []string{"caller.js"}}
	if f.failure != nil {
		p.Status = f.failure.Status
	}
	return s.show(w, r, p, newCallerPage(f))
}

func (f callerForm) credentialOptions() []option {
	var list []option
	for _, c := range f.credentials {
		list = append(list, option{c.Slug, c.Name + " (" + c.Slug + ")", c.Slug == f.add.Credential})
	}
	return list
}

// callerFormOf reads a form, and makes rules of purposes and of what was typed.
func (s *site) callerFormOf(r *http.Request) (callerForm, error) {
	if err := r.ParseForm(); err != nil {
		return callerForm{}, &stagedoor.Error{Op: "read the form", Kind: stagedoor.KindUsage, Cause: "it can not be read", Fix: "Load the page again."}
	}
	value := func(name string) string { return strings.TrimSpace(r.PostForm.Get(name)) }
	f := callerForm{purposes: r.PostForm["purposes"], rules: value("rules"), share: value("share"), ends: cmp.Or(value("expires"), "never"), keys: value("jwks")}
	f.add.Name, f.add.Description, f.add.Credential = value("name"), value("description"), value("credential")
	f.add.AllowToken, f.add.NoSecret = r.PostForm.Has("allow_token"), r.PostForm.Has("no_secret")
	f.add.RuleTexts = rulesOf(f.rules)
	of, err := s.Callers.PurposeRules(f.purposes)
	if err != nil {
		return f, err
	}
	for _, rule := range of.Allow {
		if !slices.Contains(f.add.Allow, rule) {
			f.add.Allow = append(f.add.Allow, rule)
		}
	}
	if f.add.Share, err = stagedoor.ParseShare(f.share); err != nil {
		return f, err
	}
	if f.add.ExpiresAt, err = stagedoor.ParseEnd(f.ends, s.Now()); err != nil {
		return f, err
	}
	if f.keys != "" {
		f.add.Keys, err = s.Callers.ParseCallerKeys([]byte(f.keys))
	}
	return f, err
}

func (s *site) addCaller(w http.ResponseWriter, r *http.Request) error {
	f, err := s.callerFormOf(r)
	if err == nil {
		var c stagedoor.Caller
		var secret stagedoor.Secret
		var doubts []string
		if c, secret, doubts, err = s.Callers.AddCaller(r.Context(), f.add); err == nil {
			return s.showSecret(w, r, c, secret, doubts)
		}
	}
	problem := problemOf(err)
	if problem.Status >= http.StatusInternalServerError {
		return err
	}
	f.failure = &problem
	return s.showNewCaller(w, r, f)
}

// secretShown is the page on which a caller's secret is seen, this once: it is the
// answer to a form, which no browser keeps.
type secretShown struct {
	c      stagedoor.Caller
	secret stagedoor.Secret
	base   string
	doubts []string
	former time.Time
	forms  []string
}

func (s *site) showSecret(w http.ResponseWriter, r *http.Request, c stagedoor.Caller, secret stagedoor.Secret, doubts []string) error {
	shown := secretShown{c, secret, s.Base(r), doubts, c.FormerUntil(s.Now()), s.Callers.SnippetForms()}
	return s.show(w, r, page{Title: words.SecretOnceTitle, Section: "/callers"}, callerSecretPage(shown))
}

// previewed is what rules come to that are only thought of.
type previewed struct {
	texts   stagedoor.RuleTexts
	reach   []stagedoor.Reached
	doubts  []string
	failure *stagedoor.Problem
}

func (p previewed) none() bool {
	return len(p.texts.Allow)+len(p.texts.AllowScope)+len(p.texts.Deny)+len(p.texts.DenyScope) == 0
}

// rules are all rules, as they are written.
func (p previewed) rules() string {
	var list []string
	for _, part := range []struct {
		before string
		rules  []string
	}{{"", p.texts.Allow}, {"scope ", p.texts.AllowScope}, {"deny ", p.texts.Deny}, {"deny scope ", p.texts.DenyScope}} {
		for _, rule := range part.rules {
			list = append(list, part.before+rule)
		}
	}
	return lines(list)
}

func (s *site) previewRules(w http.ResponseWriter, r *http.Request) error {
	f, err := s.callerFormOf(r)
	p := previewed{texts: f.add.RuleTexts}
	if !p.none() && f.add.Credential != "" {
		var failed error
		if p.reach, p.doubts, failed = s.Callers.CallerDoubts(r.Context(), f.add.Credential, f.add.RuleTexts); failed != nil {
			err = failed
		}
	}
	if err != nil {
		problem := problemOf(err)
		p.failure = &problem
	}
	return s.swap(w, r, http.StatusOK, rulesPreview(p))
}

// operationsFound is how many operations a search shows.
const operationsFound = 12

func (s *site) searchOperations(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	provider := stagedoor.Zoom.Name
	if c, err := s.Credentials.CredentialState(r.Context(), r.PostForm.Get("credential")); err == nil {
		provider = c.Provider
	}
	found, err := s.Callers.OperationSearch(r.Context(), provider, r.PostForm.Get("operation"), operationsFound)
	if err != nil {
		return s.told(w, r, err)
	}
	return s.swap(w, r, http.StatusOK, operationList(found, strings.TrimSpace(r.PostForm.Get("operation")) != ""))
}

// mayThought answers of rules that are only thought of.
func (s *site) mayThought(w http.ResponseWriter, r *http.Request) error {
	f, err := s.callerFormOf(r)
	m := mayShown{method: r.PostForm.Get("method"), path: strings.TrimSpace(r.PostForm.Get("path"))}
	var d stagedoor.Decision
	if err == nil {
		d, err = s.Callers.CallerMay(r.Context(), f.add.Credential, f.add.RuleTexts, m.method, m.path)
	}
	return s.swap(w, r, http.StatusOK, decision(m.answered(d, err)))
}
