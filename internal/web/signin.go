package web

import (
	"context"
	"net/http"
	"strings"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/web/words"
)

// Entry lets people in, and is what they do with their own access.
type Entry interface {
	AnyOperator(ctx context.Context) (bool, error)
	SignIn(ctx context.Context, s stagedoor.SignIn) (stagedoor.SignedIn, error)
	SignOut(ctx context.Context, cookie stagedoor.Secret) error
	Invited(ctx context.Context, link stagedoor.Secret) (stagedoor.Operator, error)
	AcceptInvitation(ctx context.Context, link, password stagedoor.Secret, from string) (stagedoor.Operator, error)
	Sessions(ctx context.Context, operatorID string) ([]stagedoor.Session, error)
	EndSession(ctx context.Context, o stagedoor.Operator, id string) error
	ChangePassword(ctx context.Context, o stagedoor.Operator, keep string, former, password stagedoor.Secret) error
}

func (s *site) signInRoutes() []route {
	return []route{
		{"GET /welcome", anybody, s.welcome},
		{"GET /sign-in", anybody, s.signInForm},
		{"POST /sign-in", anybody, s.signIn},
		{"POST /sign-out", anybody, s.signOut},
		{"GET /invitation", anybody, s.invitation},
		{"POST /invitation", anybody, s.accept},
		{"POST /invitation/for", anybody, s.invitedWhom},
	}
}

// home leads to what most people come for; where nobody may sign in yet, to how one
// begins.
func (s *site) home(w http.ResponseWriter, r *http.Request) error {
	where := "/credentials"
	if visitorOf(r.Context()).Operator.Role == "" {
		anybody, err := s.Entry.AnyOperator(r.Context())
		if err != nil {
			return err
		}
		if !anybody {
			where = "/welcome"
		}
	}
	http.Redirect(w, r, where, http.StatusSeeOther)
	return nil
}

func (s *site) welcome(w http.ResponseWriter, r *http.Request) error {
	anybody, err := s.Entry.AnyOperator(r.Context())
	if err != nil {
		return err
	}
	if anybody {
		http.Redirect(w, r, "/credentials", http.StatusSeeOther)
		return nil
	}
	return s.show(w, r, page{Title: words.WelcomeTitle}, welcomePage())
}

func (s *site) signInForm(w http.ResponseWriter, r *http.Request) error {
	next := ownPath(r.URL.Query().Get("next"))
	if visitorOf(r.Context()).Operator.Role != "" {
		http.Redirect(w, r, next, http.StatusSeeOther)
		return nil
	}
	if anybody, err := s.Entry.AnyOperator(r.Context()); err == nil && !anybody {
		http.Redirect(w, r, "/welcome", http.StatusSeeOther)
		return nil
	}
	return s.show(w, r, page{Title: words.SignInTitle}, signInPage(signInForm{Next: next}))
}

// signInForm is what a form that failed keeps: never the password.
type signInForm struct {
	Name, Next string
	Failure    *stagedoor.Problem
}

// longestName is how much of a name that was typed comes back.
const longestName = 64

func (s *site) signIn(w http.ResponseWriter, r *http.Request) error {
	name, next := strings.TrimSpace(r.PostFormValue("name")), ownPath(r.PostFormValue("next"))
	err := s.letIn(w, r, name, stagedoor.NewSecret(r.PostFormValue("password")))
	if err == nil {
		http.Redirect(w, r, next, http.StatusSeeOther)
		return nil
	}
	problem := problemOf(err)
	if problem.Status >= http.StatusInternalServerError {
		return err
	}
	// A name is not shown again that nobody can have: people type passwords into the
	// field for names.
	if !isName(name) {
		name = ""
	}
	return s.show(w, r, page{Title: words.SignInTitle, Status: problem.Status}, signInPage(signInForm{name, next, &problem}))
}

// isName reports whether a text could be an operator's name.
func isName(text string) bool {
	return text != "" && len(text) <= longestName && !strings.ContainsFunc(text, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-')
	})
}

// letIn signs somebody in, with a session that is new whatever cookie the browser
// brought, and ends the one it had.
func (s *site) letIn(w http.ResponseWriter, r *http.Request, name string, password stagedoor.Secret) error {
	known := ""
	if c, err := r.Cookie(knownCookie(s.secure(r))); err == nil {
		known = c.Value
	}
	in, err := s.Entry.SignIn(r.Context(), stagedoor.SignIn{
		Name: name, Password: password, From: stagedoor.AddressOf(r), Browser: r.UserAgent(), Known: stagedoor.NewSecret(known),
	})
	if err != nil {
		return err
	}
	if c, err := r.Cookie(sessionCookie(s.secure(r))); err == nil && visitorOf(r.Context()).Operator.Role != "" {
		_ = s.Entry.SignOut(r.Context(), stagedoor.NewSecret(c.Value)) // it ends by itself too
	}
	s.setCookie(w, r, sessionCookie(s.secure(r)), in.Cookie.Reveal(), sessionDays)
	s.setCookie(w, r, knownCookie(s.secure(r)), in.Known.Reveal(), knownDays)
	return nil
}

const (
	sessionDays = 7   // as long as a session can last
	knownDays   = 400 // as long as browsers keep any cookie
)

// knownCookie is the name of the cookie of a browser that somebody signed in from
// before.
func knownCookie(secure bool) string {
	if secure {
		return "__Host-known"
	}
	return "known"
}

func (s *site) setCookie(w http.ResponseWriter, r *http.Request, name, value string, days int) {
	age := days * 24 * 60 * 60
	if value == "" {
		age = -1
	}
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: age, HttpOnly: true, Secure: s.secure(r), SameSite: http.SameSiteLaxMode,
	})
}

func (s *site) signOut(w http.ResponseWriter, r *http.Request) error {
	if c, err := r.Cookie(sessionCookie(s.secure(r))); err == nil {
		if err := s.Entry.SignOut(r.Context(), stagedoor.NewSecret(c.Value)); err != nil && stagedoor.KindOf(err) != stagedoor.KindUnauthenticated {
			return err
		}
	}
	s.setCookie(w, r, sessionCookie(s.secure(r)), "", 0)
	// What the browser still has of the pages is of no use to who comes next.
	w.Header().Set("Clear-Site-Data", `"cache"`)
	http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
	return nil
}

func (s *site) invitation(w http.ResponseWriter, r *http.Request) error {
	return s.show(w, r, page{Title: words.InvitationTitle, Scripts: []string{"invitation.js"}}, invitationPage(nil))
}

// linkOf is the secret of a one-time link, of which the whole or the end was pasted.
func linkOf(text string) stagedoor.Secret {
	if _, secret, ok := strings.Cut(text, "#"); ok {
		text = secret
	}
	return stagedoor.NewSecret(strings.TrimSpace(text))
}

// invitedWhom tells whom a link is for.
func (s *site) invitedWhom(w http.ResponseWriter, r *http.Request) error {
	o, err := s.Entry.Invited(r.Context(), linkOf(r.PostFormValue("link")))
	if err != nil {
		return s.told(w, r, err)
	}
	return s.swap(w, r, http.StatusOK, invitedNotice(o))
}

func (s *site) accept(w http.ResponseWriter, r *http.Request) error {
	password := stagedoor.NewSecret(r.PostFormValue("password"))
	err := error(nil)
	if !password.Equal(stagedoor.NewSecret(r.PostFormValue("again"))) {
		err = differ()
	}
	var o stagedoor.Operator
	if err == nil {
		o, err = s.Entry.AcceptInvitation(r.Context(), linkOf(r.PostFormValue("link")), password, stagedoor.AddressOf(r))
	}
	if err != nil {
		problem := problemOf(err)
		if fragment(r) || problem.Status >= http.StatusInternalServerError {
			return s.told(w, r, err)
		}
		return s.show(w, r, page{Title: words.InvitationTitle, Status: problem.Status, Scripts: []string{"invitation.js"}}, invitationPage(&problem))
	}
	// The password is set and the link used up, whatever comes of signing in: too many
	// failures from this address before, for example.
	if err := s.letIn(w, r, o.Name, password); err != nil {
		s.Log.Info("an invitation was accepted, and nobody signed in", "operator", o.Name, "error", err)
		return s.goOn(w, r, "/sign-in")
	}
	return s.goOn(w, r, "/credentials")
}

func differ() error {
	return &stagedoor.Error{Op: "set a password", Kind: stagedoor.KindUsage, Cause: words.PasswordsDiffer, Fix: words.TypeTheSame}
}

// goOn leads on after a form that was taken, with or without a script.
func (s *site) goOn(w http.ResponseWriter, r *http.Request, where string) error {
	if fragment(r) {
		w.Header().Set("HX-Redirect", where)
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	http.Redirect(w, r, where, http.StatusSeeOther)
	return nil
}

// told shows what is wrong with a form in the form itself, so that what was typed
// stays in the browser; where there is no script, on a page.
func (s *site) told(w http.ResponseWriter, r *http.Request, err error) error {
	problem := problemOf(err)
	if !fragment(r) || problem.Status >= http.StatusInternalServerError {
		return err
	}
	return s.swap(w, r, problem.Status, noticeBox("fail", problem.Detail, problem.Fix))
}
