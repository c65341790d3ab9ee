package web_test

import (
	"flag"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/browsertest"
	"github.com/stagedoor/stagedoor/internal/nodetest"
	"github.com/stagedoor/stagedoor/internal/web"
)

// busy fills a world with what people see on a working day.
func (w *world) busy() {
	w.t.Helper()
	c := w.credential()
	c.Purposes = []string{"reports", "users"}
	w.add(c)
	other := w.credential()
	other.Slug, other.Name, other.Description, other.Labels = "webinars", "Webinars", "the events team's app; ask ben", map[string]string{"team": "events", "env": "test"}
	w.add(other)
	id, secret := w.addCaller("reports", "GET /users/**", "GET /report/**")
	w.addCaller("salesforce", "GET /users/*", "GET /meetings/*", "POST /users/*/meetings", "GET /report/**")
	granted := w.browser().post("/oauth/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret}})
	_, token, _ := strings.Cut(granted.body, `"access_token":"`)
	token, _, _ = strings.Cut(token, `"`)
	for _, path := range []string{"/users?page_size=30", "/users/me", "/report/operationlogs?from=2026-11-01&to=2026-11-20", "/meetings/1", "/users?page_size=30"} {
		r, err := http.NewRequest(http.MethodGet, w.url+"/to/acme/v2"+path, nil)
		if err != nil {
			w.t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			w.t.Fatal(err)
		}
		answer.Body.Close()
	}
	// An app that Zoom refuses.
	broken := w.credential()
	broken.Slug, broken.Name, broken.Description, broken.Labels = "old-app", "Old app", "to be removed in January", nil
	broken.ClientSecrets = []stagedoor.Secret{stagedoor.NewSecret(strings.Repeat("x", 32))}
	if _, _, err := w.app.Add(w.t.Context(), broken, false, nil); err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.app.CheckCredential(w.t.Context(), "old-app", nil); err == nil {
		w.t.Fatal("the broken credential is good")
	}
}

// pages are the addresses of all pages that are read, by what their picture is called.
func pages(t *testing.T) map[string]string {
	t.Helper()
	named := map[string]string{}
	for _, to := range web.Routes() {
		method, path, _ := strings.Cut(to.Pattern, " ")
		if method != http.MethodGet || strings.HasPrefix(path, "/assets") || strings.Contains(path, "{form}") || strings.Contains(path, "{id}") {
			continue
		}
		switch path {
		case "/{$}", "/robots.txt", "/events", "/health/progress", "/welcome":
			continue
		}
		name := strings.Trim(strings.NewReplacer("{slug}", "one", "{name}", "one", "/", "-").Replace(path), "-")
		path = strings.NewReplacer("{slug}", "acme", "{name}", "reports").Replace(path)
		if strings.HasPrefix(path, "/operators/") {
			path = "/operators/a-admin"
		}
		named[name] = path
	}
	if len(named) < 20 {
		t.Fatalf("only %d pages", len(named))
	}
	return named
}

// axeScript is axe-core's; the test is skipped where it can not be fetched.
func axeScript(t *testing.T) string {
	t.Helper()
	dir := nodetest.Project(t, filepath.Join("testdata", "axe"), 18)
	text, err := os.ReadFile(filepath.Join(dir, "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// open shows a page: those of nobody to nobody.
func open(p, nobody *browsertest.Page, path string) *browsertest.Page {
	if path == "/sign-in" || path == "/invitation" {
		p = nobody
	}
	p.Go(path)
	return p
}

// TestEveryPageIsForEverybody: axe finds nothing, in both themes, wide and narrow; none
// is wider than 360 px; nothing moves by itself; the first view is light.
func TestEveryPageIsForEverybody(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a browser")
	}
	script := axeScript(t)
	w := newWorld(t)
	w.busy()
	p, nobody := w.signedIn(stagedoor.RoleAdmin), w.tab()
	for name, path := range pages(t) {
		for _, form := range []struct {
			name  string
			width int
			dark  bool
		}{{"wide and light", 1280, false}, {"narrow and dark", 360, true}, {"narrow and light", 360, false}, {"wide and dark", 1280, true}} {
			for _, tab := range []*browsertest.Page{p, nobody} {
				tab.Size(form.width, 800)
				tab.Dark(form.dark)
			}
			tab := open(p, nobody, path)
			if by := tab.Overflow(); by > 0 {
				t.Errorf("%s, %s: %d px wider than what is seen", name, form.name, by)
			}
			if form.name == "wide and light" {
				if score := tab.Shift(); score > 0.01 {
					t.Errorf("%s: the layout shifts by %.3f", name, score)
				}
				if n := tab.Bytes(); n > 150_000 {
					t.Errorf("%s: %d bytes over the wire", name, n)
				}
			}
			if form.dark == (form.width == 360) { // each theme once
				for _, found := range tab.Axe(script) {
					t.Errorf("%s, %s: %s", name, form.name, found)
				}
			}
		}
	}
}

var screenshots = flag.Bool("screenshots", false, "write docs/ui anew")

// TestScreenshots writes the pictures of docs/ui (make screenshots).
func TestScreenshots(t *testing.T) {
	if !*screenshots {
		t.Skip("make screenshots writes docs/ui")
	}
	dir := filepath.Join("..", "..", "docs", "ui")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	first := w.tab()
	first.Go("/welcome")
	shoot(t, first, dir, "welcome")
	w.busy()
	p, nobody := w.signedIn(stagedoor.RoleAdmin), w.tab()
	p.Go("/health")
	p.Click("button", "Examine now")
	p.Until(`!document.querySelector("[aria-busy]") && document.body.innerText.includes("Examined")`)
	named := pages(t)
	for name, path := range named {
		shoot(t, open(p, nobody, path), dir, name)
	}
	named["welcome"] = ""
	text := "# The page, as it looks\n\nMade by `make screenshots` from the page as it is, on a simulated account.\n"
	for _, name := range slices.Sorted(maps.Keys(named)) {
		text += "\n## " + name + "\n\n![" + name + ", light](" + name + "-light.png)\n\n![" + name + ", dark and narrow](" + name + "-narrow-dark.png)\n\n" +
			"Also [dark](" + name + "-dark.png) and [light and narrow](" + name + "-narrow-light.png).\n"
	}
	if err := os.WriteFile(filepath.Join(dir, "README.md"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// shoot takes the four pictures of a page.
func shoot(t *testing.T, p *browsertest.Page, dir, name string) {
	t.Helper()
	for _, form := range []struct {
		name  string
		width int
		dark  bool
	}{{"light", 1280, false}, {"dark", 1280, true}, {"narrow-light", 360, false}, {"narrow-dark", 360, true}} {
		p.Size(form.width, 800)
		p.Dark(form.dark)
		p.Go(p.Path())
		text, err := browsertest.Small(p.Shot())
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name+"-"+form.name+".png"), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p.Size(1280, 800)
	p.Dark(false)
}
