package web

import (
	"net/http"
	"slices"

	"github.com/stagedoor/stagedoor"
)

// route is one address of the page.
type route struct {
	pattern string         // as http.ServeMux has it: "GET /credentials/{slug}"
	role    stagedoor.Role // the least that may come here; anybody: nobody need be signed in
	handle  func(http.ResponseWriter, *http.Request) error
}

// anybody is the role of routes for which nobody need be signed in.
const anybody stagedoor.Role = ""

// routes is the one table of all addresses. Each page gives its own rows; what
// changes something is a POST, so that forms work without a script.
func (s *site) routes() []route {
	return slices.Concat(
		[]route{
			{"GET /{$}", anybody, s.home},
			{"GET /assets/{hash}/{name}", anybody, s.asset},
			{"GET /robots.txt", anybody, s.robots},
			{"POST /theme", anybody, s.setTheme},
			{"GET /events", stagedoor.RoleViewer, s.events},
			{"/", anybody, s.missing},
		},
		s.signInRoutes(),
		s.meRoutes(),
		s.operatorRoutes(),
		s.credentialRoutes(),
		s.credentialNewRoutes(),
		s.credentialDetailRoutes(),
		s.checkRoutes(),
		s.callerRoutes(),
		s.quotaRoutes(),
		s.auditRoutes(),
		s.healthRoutes(),
	)
}

func (s *site) robots(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, err := w.Write([]byte("User-agent: *\nDisallow: /\n"))
	return err
}

func (s *site) missing(http.ResponseWriter, *http.Request) error {
	return &stagedoor.Error{
		Op: "show a page", Kind: stagedoor.KindNotFound,
		Cause: "there is nothing at this address",
		Fix:   "Look whether the address was copied whole. Programs get a token from POST /oauth/token and call /to/CREDENTIAL/v2/…; people begin at /.",
	}
}

// setTheme keeps whether the pages are light or dark; "" is as the system is.
func (s *site) setTheme(w http.ResponseWriter, r *http.Request) error {
	theme := r.PostFormValue("theme")
	if theme != "light" && theme != "dark" {
		theme = ""
	}
	http.SetCookie(w, &http.Cookie{
		Name: themeCookie, Value: theme, Path: "/", MaxAge: 365 * 24 * 60 * 60, HttpOnly: true,
		Secure: s.secure(r), SameSite: http.SameSiteLaxMode,
	})
	http.Redirect(w, r, ownPath(r.PostFormValue("back")), http.StatusSeeOther)
	return nil
}

const themeCookie = "theme"

// themeOf is "light", "dark", or "" as the system is.
func themeOf(r *http.Request) string {
	c, err := r.Cookie(themeCookie)
	if err != nil || c.Value != "light" && c.Value != "dark" {
		return ""
	}
	return c.Value
}
