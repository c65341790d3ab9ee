package web

import (
	"context"
	"crypto/subtle"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/web/words"
)

// sessionCookie is the cookie's name where the page came over plain HTTP, which
// is on loopback alone; over HTTPS the browser holds it to this host (RFC 6265bis
// section 4.1.3, read 2026-11).
func sessionCookie(secure bool) string {
	if secure {
		return "__Host-stagedoor"
	}
	return "stagedoor"
}

type visitorKey struct{}

// visitorOf is who looks at the page; the zero Visitor where nobody signed in.
func visitorOf(ctx context.Context) Visitor {
	v, _ := ctx.Value(visitorKey{}).(Visitor)
	return v
}

// withVisitor is the context of what a visitor does.
func withVisitor(ctx context.Context, v Visitor, from string) context.Context {
	ctx = context.WithValue(ctx, visitorKey{}, v)
	return stagedoor.WithActor(ctx, stagedoor.Actor{Name: v.Operator.Name, Role: v.Operator.Role, From: from})
}

// formBytes is how much a form may hold.
const formBytes = 1 << 20

// guard lets through to a route who may come there, and shows what went wrong.
func (s *site) guard(to route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = s.identified(r)
		r.Body = http.MaxBytesReader(w, r.Body, formBytes)
		if err := s.admit(r, to.role); err != nil {
			s.refuse(w, r, err)
			return
		}
		if err := to.handle(w, r); err != nil {
			s.failed(w, r, err)
		}
	})
}

// identified notes who comes, if anybody did sign in.
func (s *site) identified(r *http.Request) *http.Request {
	v, err := s.visitor(r, r.Header.Get("X-By-Itself") != "")
	if err != nil {
		return r
	}
	return r.WithContext(withVisitor(r.Context(), v, stagedoor.AddressOf(r)))
}

// visitor is whose session the request's cookie is of, now. Pages say what they ask
// by themselves; who claims it falsely has their own session end early.
func (s *site) visitor(r *http.Request, byItself bool) (Visitor, error) {
	c, err := r.Cookie(sessionCookie(s.secure(r)))
	if err != nil {
		return Visitor{}, err
	}
	return s.People.Visitor(r.Context(), stagedoor.NewSecret(c.Value), byItself)
}

// admit says why somebody may not come here; nil: they may.
func (s *site) admit(r *http.Request, role stagedoor.Role) error {
	v := visitorOf(r.Context())
	if role != anybody && v.Operator.Role == "" {
		return &stagedoor.Error{Op: "show a page", Kind: stagedoor.KindUnauthenticated, Cause: "nobody is signed in", Fix: "Sign in."}
	}
	if role != anybody && !v.Operator.Role.Includes(role) {
		return &stagedoor.Error{
			Op: "show a page", Kind: stagedoor.KindForbidden,
			Cause: "this is for the role " + string(role) + ", and yours is " + string(v.Operator.Role), Fix: "Ask an admin to do it, or to give you the role.",
		}
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead || v.Operator.Role == "" {
		return nil
	}
	given := r.Header.Get("X-CSRF-Token")
	if given == "" {
		given = r.PostFormValue("csrf")
	}
	if subtle.ConstantTimeCompare([]byte(given), []byte(v.CSRF)) != 1 {
		return &stagedoor.Error{
			Op: "take a form", Kind: stagedoor.KindForbidden,
			Cause: "the form is not one of this session", Fix: "Load the page again, and send the form once more.",
		}
	}
	return nil
}

// refuse answers who may not come: a page that needs signing in leads there, and
// comes back afterwards. A form of a session that has ended is not taken, and says so.
func (s *site) refuse(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case stagedoor.KindOf(err) != stagedoor.KindUnauthenticated:
		s.failed(w, r, err)
	case fragment(r) || r.URL.Path == "/events":
		w.Header().Set("HX-Redirect", signInFrom(from(r)))
		http.Error(w, "Sign in first.", http.StatusUnauthorized)
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		http.Redirect(w, r, signInFrom(r.URL.RequestURI()), http.StatusSeeOther)
	case !browser(r):
		s.failed(w, r, err)
	default:
		problem := problemOf(err)
		problem.Detail, problem.Fix = words.FormOfNobody, words.FormOfNobodyDo
		if err := s.show(w, r, page{Title: words.SignInTitle, Status: problem.Status}, signInPage(signInForm{Next: "/", Failure: &problem})); err != nil {
			s.failed(w, r, err)
		}
	}
}

// signInFrom is where one signs in to go on to a path.
func signInFrom(path string) string {
	if path = ownPath(path); path == "/" {
		return "/sign-in"
	}
	return "/sign-in?next=" + url.QueryEscape(path)
}

// from is the page of which htmx asks for a part.
func from(r *http.Request) string {
	at, err := url.Parse(r.Header.Get("HX-Current-URL"))
	if err != nil {
		return "/"
	}
	return at.RequestURI()
}

// fragment reports whether a part of a page is asked for, by htmx.
func fragment(r *http.Request) bool {
	return r.Header.Get("HX-Request") == "true" && r.Header.Get("HX-History-Restore-Request") != "true"
}

// secure reports whether the browser came over HTTPS, also where a proxy in front
// ends it.
func (s *site) secure(r *http.Request) bool { return strings.HasPrefix(s.Base(r), "https://") }

// ownPath is a path of this site to go on to, or "/": never an address elsewhere,
// whatever a browser makes of backslashes, tabs and double slashes.
func ownPath(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(text, "/") {
		return "/"
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == '\\' || r == 0x7f }) || path.Clean(u.Path) != strings.TrimSuffix(u.Path, "/") && u.Path != "/" {
		return "/"
	}
	return u.RequestURI()
}
