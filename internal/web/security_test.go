package web_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/web"
)

// names fills the places of a route's pattern with what is in the world.
func filled(pattern string) (method, path string) {
	method, path, found := strings.Cut(pattern, " ")
	if !found {
		method, path = http.MethodGet, "/there/is/no/such/page"
	}
	name := "nobody"
	if strings.HasPrefix(path, "/callers/") {
		name = "reports"
	}
	return method, strings.NewReplacer("{$}", "", "{hash}", "0", "{name}", name, "{slug}", "acme", "{id}", "none").Replace(path)
}

// TestEveryRouteForEveryRole goes through the table: who may come where, and that
// nobody changes anything without the token of their own session, or from a page of
// another site.
func TestEveryRouteForEveryRole(t *testing.T) {
	w := newWorld(t)
	w.add(w.credential())
	id, secret := w.addCaller("reports", "GET /users/**")
	browsers := map[stagedoor.Role]*browser{"": w.browser()}
	for _, role := range []stagedoor.Role{stagedoor.RoleAdmin, stagedoor.RoleOperator, stagedoor.RoleViewer} {
		browsers[role] = w.as(role)
	}
	// Neither a caller's token nor that of an operator's program opens a page.
	_, programs, err := w.app.AddOperatorToken(t.Context(), stagedoor.OperatorToken{Name: "program", Role: stagedoor.RoleAdmin})
	if err != nil {
		t.Fatal(err)
	}
	granted := w.browser().post("/oauth/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret}})
	_, callers, _ := strings.Cut(granted.body, `"access_token":"`)
	callers, _, _ = strings.Cut(callers, `"`)
	if callers == "" {
		t.Fatal(granted)
	}
	for _, to := range web.Routes() {
		method, path := filled(to.Pattern)
		for role, b := range browsers {
			if method == http.MethodPost && (path == "/sign-out" || to.Role == role) {
				continue // it would do what it is for
			}
			got := ask(b, method, path, nil)
			wanted := to.Role == "" || role.Includes(to.Role)
			refused := strings.Contains(got.body, "Nobody is signed in here any more") || strings.HasPrefix(got.header.Get("HX-Redirect"), "/sign-in") || strings.Contains(got.body, "this is for the role") || strings.HasPrefix(got.header.Get("Location"), "/sign-in?next=")
			if refused == wanted {
				t.Errorf("%s as %q: %d, %s", to.Pattern, role, got.status, got.header.Get("Location"))
			}
		}
		if to.Role != "" {
			for who, token := range map[string]string{"a caller's token": callers, "an operator's token": programs.Reveal()} {
				got := ask(w.browser(), method, path, http.Header{"Authorization": {"Bearer " + token}})
				if got.status != http.StatusUnauthorized && !strings.HasPrefix(got.header.Get("Location"), "/sign-in") {
					t.Errorf("%s with %s: %d", to.Pattern, who, got.status)
				}
			}
		}
		if method == http.MethodGet {
			continue
		}
		admin := browsers[stagedoor.RoleAdmin]
		for name, token := range map[string]string{"no token": "", "another session's": browsers[stagedoor.RoleViewer].csrf} {
			got := admin.post(path, url.Values{"csrf": {token}})
			if got.status != http.StatusForbidden || !strings.Contains(got.body, "the form is not one of this session") {
				t.Errorf("%s with %s: %d", to.Pattern, name, got.status)
			}
		}
		for name, header := range map[string]http.Header{
			"another origin":         {"Origin": {"https://evil.example"}, "Sec-Fetch-Site": {"cross-site"}},
			"another site's subpage": {"Sec-Fetch-Site": {"same-site"}},
			"an origin alone":        {"Origin": {"http://evil.example"}},
		} {
			if got := ask(admin, method, path, header); got.status != http.StatusForbidden || strings.Contains(got.body, "<html") {
				t.Errorf("%s from %s: %d", to.Pattern, name, got.status)
			}
		}
	}
}

// ask sends a request, with the form's token where there is a session.
func ask(b *browser, method, path string, header http.Header) answer {
	b.t.Helper()
	r, err := http.NewRequest(method, b.url+path, strings.NewReader(url.Values{"csrf": {b.csrf}}.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	if method == http.MethodGet {
		r.Body, r.ContentLength = nil, 0
	}
	for name, values := range header {
		r.Header[name] = values
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(r)
}

// TestHeaders holds that every answer forbids what no page of ours does.
func TestHeaders(t *testing.T) {
	w := newWorld(t)
	admin := w.as(stagedoor.RoleAdmin)
	for _, to := range web.Routes() {
		method, path := filled(to.Pattern)
		if method != http.MethodGet {
			continue
		}
		h := admin.get(path).header
		policy := h.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"} {
			if !strings.Contains(policy, part) {
				t.Errorf("%s: its policy is %q", to.Pattern, policy)
			}
		}
		if strings.Contains(policy, "unsafe") || h.Get("X-Frame-Options") != "DENY" || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: %v", to.Pattern, h)
		}
	}
}

// TestSession walks through a session as an attacker would like it to be.
func TestSession(t *testing.T) {
	w := newWorld(t)
	_ = w.as(stagedoor.RoleAdmin)

	// One whose cookie was planted gets another at sign-in, and the planted one is
	// worth nothing (fixation).
	b := w.browser()
	at, err := url.Parse(w.url)
	if err != nil {
		t.Fatal(err)
	}
	b.http.Jar.SetCookies(at, []*http.Cookie{{Name: "stagedoor", Value: "sds_planted", Path: "/"}})
	got := b.post("/sign-in", url.Values{"name": {"a-admin"}, "password": {password}, "next": {"https://evil.example/"}})
	if got.status != http.StatusSeeOther || got.header.Get("Location") != "/" {
		t.Errorf("%d to %s", got.status, got.header.Get("Location"))
	}
	for _, c := range (&http.Response{Header: got.header}).Cookies() {
		if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
			t.Errorf("the cookie %s is set as %v", c.Name, c)
		}
		if c.Value == "sds_planted" {
			t.Error("the planted session was kept")
		}
	}
	b.learn()

	// Signing out ends the session at the server, for who copied the cookie too.
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	jar.SetCookies(at, b.http.Jar.Cookies(at))
	copied := &browser{t: t, url: w.url, http: &http.Client{Jar: jar, CheckRedirect: b.http.CheckRedirect}}
	copied.shows(copied.get("/me"), http.StatusOK, "this browser")
	if got := b.post("/sign-out", nil); got.header.Get("Location") != "/sign-in" {
		t.Error(got)
	}
	if got := copied.get("/me"); got.status != http.StatusSeeOther {
		t.Errorf("the copied cookie still shows %d", got.status)
	}

	// Who types the password into the field for names does not see it again, and
	// neither the log nor the audit does.
	const typed = "My Secret 4711"
	if got := w.browser().post("/sign-in", url.Values{"name": {typed}, "password": {typed}}); got.status != http.StatusUnauthorized || strings.Contains(got.body, "4711") {
		t.Error(got)
	}
	w.stop()
	if strings.Contains(w.log.String(), "4711") || strings.Contains(w.log.String(), password) {
		t.Error("a password stands in the log")
	}
	rows, err := w.app.Audit(t.Context(), stagedoor.AuditQuery{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	acts := ""
	for _, row := range rows {
		acts += row.Line + "\n"
	}
	if strings.Contains(acts, "4711") || !strings.Contains(acts, `"operator.sign-in"`) || !strings.Contains(acts, `"operator.sign-out"`) || !strings.Contains(acts, `"result":"unauthenticated"`) {
		t.Error(acts)
	}
}

// TestSignInIsDelayed: after a few wrong passwords the right one has to wait too, and
// the page says how long.
func TestSignInIsDelayed(t *testing.T) {
	w := newWorld(t)
	_ = w.as(stagedoor.RoleAdmin)
	var got answer
	for range 20 {
		b := w.browser()
		got = b.post("/sign-in", url.Values{"name": {"a-admin"}, "password": {"wrong password"}})
		if got.status == http.StatusTooManyRequests {
			b.shows(got, http.StatusTooManyRequests, "Try again", "What to do")
			break
		}
		b.shows(got, http.StatusUnauthorized, "the name or the password is wrong")
	}
	if got.status != http.StatusTooManyRequests {
		t.Error("anybody may try for ever")
	}
}
