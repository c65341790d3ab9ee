package web_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
)

// TestRestart: a daemon is restarted while pages are open; they say so, and go on by
// themselves, with the same session.
func TestRestart(t *testing.T) {
	w := newWorld(t)
	w.add(w.credential())
	p := w.signedIn(stagedoor.RoleAdmin)
	p.Shows("Acme reports")
	p.Expect("ERR_")
	w.stop()
	p.Shows("The connection to Stagedoor is lost.")
	w.start()
	p.Until(`document.getElementById("lost").hidden`)
	other := w.credential()
	other.Slug, other.Name = "second", "Second app"
	w.add(other)
	p.Shows("Second app")
	p.Click("link", "Second app")
	p.At("/credentials/second")
}

// TestTwoBrowsers: what one does, the other sees; a role that is lowered counts at
// once, and a session that is ended leads to the sign-in.
func TestTwoBrowsers(t *testing.T) {
	w := newWorld(t)
	w.add(w.credential())
	admin, viewer := w.signedIn(stagedoor.RoleAdmin), w.signedIn(stagedoor.RoleViewer)
	viewer.Shows("Acme reports", "Adding one is for admins")
	admin.Go("/credentials/acme/disable")
	admin.Click("button", "Switch off")
	viewer.Shows("switched off")

	admin.Go("/operators/a-viewer")
	admin.Tick("operator")
	admin.Click("button", "Change the role")
	admin.At("/operators")
	viewer.Go("/credentials/acme")
	viewer.Shows("Account ID")
	admin.Go("/operators/a-viewer")
	admin.Click("button", "End the password and make a link")
	admin.Shows("It is shown this once, works once, and for 24 hours.")
	viewer.Until(`location.pathname === "/sign-in"`)
}

// TestKeyboardOnly signs in, adds a caller and opens its page without a mouse.
func TestKeyboardOnly(t *testing.T) {
	w := newWorld(t)
	w.add(w.credential())
	_ = w.as(stagedoor.RoleAdmin)
	p := w.tab()
	// to presses Tab until the focus, which must be seen, is on something of this name.
	to := func(name string) {
		t.Helper()
		for range 60 {
			p.Press("Tab", false)
			var at struct {
				Name string `json:"name"`
				Seen bool   `json:"seen"`
			}
			p.Eval(`(() => {
  const e = document.activeElement;
  const name = (e.labels && e.labels.length ? e.labels[0].innerText : e.getAttribute("aria-label") || e.innerText || "").replace(/\s+/g, " ").trim();
  return { name, seen: e === document.body || getComputedStyle(e).outlineStyle !== "none" || getComputedStyle(e).boxShadow !== "none" };
})()`, &at)
			if !at.Seen {
				t.Errorf("the focus on %q can not be seen", at.Name)
			}
			if strings.HasPrefix(at.Name, name) {
				return
			}
		}
		t.Fatalf("the keyboard does not come to %q", name)
	}
	p.Go("/sign-in")
	to("Name")
	p.Write("a-admin")
	to("Password")
	p.Write(password)
	p.Press("Enter", false)
	p.At("/credentials")
	p.Press("Tab", false)
	p.Press("Enter", false) // skip to the content
	p.Until(`document.activeElement.id === "main" || location.hash === "#main"`)
	p.Go("/callers")
	to("Add a caller")
	p.Press("Enter", false)
	p.At("/callers/new")
	to("Name")
	p.Write("by-keyboard")
	to("Users")
	p.Press(" ", false)
	p.Shows("These rules reach")
	to("Add the caller")
	p.Press("Enter", false)
	p.Shows("The secret is shown this once")
	p.Go("/credentials/acme/remove")
	p.Shows("callers lose their access: by-keyboard")
	p.Press("Escape", false)
	p.At("/credentials/acme")
}

// TestSecretIsNowhere types a secret into the form, has it refused, and looks for it in
// what the page and the browser hold, in all answers, and in the log.
func TestSecretIsNowhere(t *testing.T) {
	w := newWorld(t)
	p := w.signedIn(stagedoor.RoleAdmin)
	const canary = "canary0123456789canary0123456789"
	p.Go("/credentials/new")
	p.Record()
	w.fill(p, "Acme", canary)
	p.Click("button", "Check")
	p.Shows("Zoom does not know this client id")
	p.Click("button", "Save")
	p.Shows("Save as unverified")
	p.Click("button", "Save as unverified")
	p.At("/credentials/acme")
	p.Click("link", "Edit")
	p.Shows("Leave it empty to keep the one that is saved.")
	for what, text := range p.Kept() {
		if strings.Contains(text, canary) {
			t.Errorf("the secret stands in %s", what)
		}
	}
	// The same without a script.
	b := w.as(stagedoor.RoleAdmin)
	got := b.post("/credentials", url.Values{"name": {"Other"}, "provider": {"zoom"}, "account_id": {w.info.AccountID}, "client_id": {w.info.ClientID}, "client_secret": {canary}, "token_url": {w.info.TokenURL}, "api_url": {w.info.APIURL}, "allow_hosts": {strings.TrimSuffix(strings.TrimPrefix(w.info.APIURL, "http://"), "/v2")}})
	b.shows(got, 502, "Zoom does not know this client id", "Save as unverified")
	if strings.Contains(got.body, canary) || !strings.Contains(got.body, w.info.ClientID) {
		t.Error("a form that failed comes back with its secret, or without what was typed")
	}
	w.stop()
	if strings.Contains(w.log.String(), canary) {
		t.Error("the secret stands in the log")
	}
}

// TestHostileTextsOnPages fills every field that a person or Zoom fills with what an
// attacker would, and opens every page: no script runs, and nothing is asked for
// elsewhere, which every tab of these tests holds.
func TestHostileTextsOnPages(t *testing.T) {
	w := newWorld(t)
	const evil = `"><script>document.title="hacked"</script><img src=x onerror="document.title='hacked'"><a href="javascript:document.title='hacked'">x</a>'`
	c := w.credential()
	c.Name, c.Description, c.Labels = "Acme "+evil, evil, map[string]string{evil: evil, "team": evil}
	c.Purposes = []string{"reports"}
	w.add(c)
	if _, err := w.app.DisableCredential(t.Context(), "acme", evil); err != nil {
		t.Fatal(err)
	}
	add := stagedoor.NewCaller{Caller: stagedoor.Caller{Name: "reports", Credential: "acme", Description: evil}}
	add.Allow = []string{"GET /users/**"}
	if _, _, _, err := w.app.AddCaller(t.Context(), add); err != nil {
		t.Fatal(err)
	}
	w.app.Note(t.Context(), stagedoor.Event{Action: evil, Subject: evil, Credential: "acme", Detail: evil, Tracking: evil, From: evil}, nil)
	p, nobody := w.signedIn(stagedoor.RoleAdmin), w.tab()
	for name, path := range pages(t) {
		tab := open(p, nobody, path)
		var found struct {
			Title string `json:"title"`
			Evil  int    `json:"evil"`
		}
		tab.Eval(`({ title: document.title, evil: document.querySelectorAll("img[src=x], a[href^='javascript:'], [onerror], script:not([src])").length })`, &found)
		if found.Title == "hacked" || found.Evil > 0 {
			t.Errorf("%s: %+v", name, found)
		}
	}
	for _, path := range []string{"/credentials?q=" + url.QueryEscape(evil), "/credentials?label=" + url.QueryEscape(evil), "/callers?q=" + url.QueryEscape(evil), "/audit?actor=" + url.QueryEscape(evil), "/sign-in?next=" + url.QueryEscape("javascript:alert(1)")} {
		p.Go(path)
		var title string
		p.Eval("document.title", &title)
		if title == "hacked" {
			t.Errorf("%s ran a script", path)
		}
	}
}

// TestViewerSeesNoIDs goes through every page that a viewer may open, and looks for ids,
// hosts and addresses.
func TestViewerSeesNoIDs(t *testing.T) {
	w := newWorld(t)
	w.busy()
	caller, err := w.app.FindCaller(t.Context(), "reports")
	if err != nil {
		t.Fatal(err)
	}
	viewer, operator := w.as(stagedoor.RoleViewer), w.as(stagedoor.RoleOperator)
	if got := operator.post("/health", nil); got.status != 303 {
		t.Fatal(got.status)
	}
	operator.until("/health", "Examined")
	simulated := strings.TrimSuffix(strings.TrimPrefix(w.info.APIURL, "http://"), "/v2")
	secret := map[string]string{
		"an account id": w.info.AccountID, "a client id": w.info.ClientID, "a caller's client id": caller.ID, "Zoom's host": simulated, "a client secret": w.info.ClientSecret,
	}
	seen := map[string]bool{}
	for name, path := range pages(t) {
		got := viewer.get(path)
		if got.status != 200 {
			continue
		}
		seen[name] = true
		for what, text := range secret {
			if strings.Contains(got.body, text) {
				t.Errorf("%s shows a viewer %s", name, what)
			}
		}
		if strings.Contains(plain(got.body), "from 127.0.0.1") || strings.Contains(plain(got.body), "@") {
			t.Errorf("%s shows a viewer an address: %s", name, plain(got.body))
		}
	}
	for _, name := range []string{"credentials", "credentials-one", "callers", "callers-one", "quota", "quota-one", "audit", "health", "me"} {
		if !seen[name] {
			t.Errorf("a viewer does not see %s", name)
		}
	}
	if body := operator.get("/credentials/acme").body; !strings.Contains(body, w.info.AccountID) {
		t.Error("an operator does not see the account id")
	}
}

// until asks for a page until it says something.
func (b *browser) until(path, text string) {
	b.t.Helper()
	ends := time.After(20 * time.Second)
	for tick := time.NewTicker(50 * time.Millisecond); !strings.Contains(plain(b.get(path).body), text); {
		select {
		case <-tick.C:
		case <-ends:
			b.t.Fatalf("%s never says %q", path, text)
		}
	}
}

// start starts the daemon again, at the same address.
func (w *world) start() {
	w.t.Helper()
	address, err := url.Parse(w.url)
	if err != nil {
		w.t.Fatal(err)
	}
	w.serve(address.Host)
}
