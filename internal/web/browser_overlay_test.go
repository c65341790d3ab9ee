package web_test

import (
	"testing"

	"github.com/stagedoor/stagedoor"
)

// TestSessionEndsInForm: a session that ends while a form is filled in takes nothing
// away that was typed but the secret, says so, and the form is good after signing in.
func TestSessionEndsInForm(t *testing.T) {
	w := newWorld(t)
	p := w.signedIn(stagedoor.RoleAdmin)
	p.Go("/credentials/new")
	w.fill(p, "Acme reports", w.info.ClientSecret)
	p.Until(`window.stays = true`)
	p.Expect("401")
	p.Eval(`fetch("/sign-out", { method: "POST", headers: { "X-CSRF-Token": document.body.dataset.csrf } }).then(() => true)`, nil)
	p.Type("Labels", "team=hr")
	p.Press("Tab", false)
	p.Shows("What you typed is still here, but for secrets.")
	p.Until(`window.stays && document.getElementById("field-name").value === "Acme reports" && document.getElementById("field-client_secret").value === ""`)

	// Signed in again, in another tab of the same browser.
	p.Eval(`fetch("/sign-in", { method: "POST", body: new URLSearchParams({ name: "a-admin", password: "`+password+`" }) }).then(() => true)`, nil)
	p.Eval(`dispatchEvent(new Event("focus")) || true`, nil)
	p.Until(`window.stays && !document.getElementById("notices").innerText.includes("session has ended")`)
	p.Type("Zoom App: Client Secret", w.info.ClientSecret)
	p.Click("button", "Save")
	p.At("/credentials/acme-reports")
	p.Shows("Acme reports", "team=hr")
}

// TestFormOfAnother: what one typed is not there for who signs in after them.
func TestFormOfAnother(t *testing.T) {
	w := newWorld(t)
	_ = w.as(stagedoor.RoleOperator)
	p := w.signedIn(stagedoor.RoleAdmin)
	p.Go("/credentials/new")
	p.Type("Credential Name", "Acme reports")
	p.Expect("401")
	p.Eval(`fetch("/sign-out", { method: "POST", headers: { "X-CSRF-Token": document.body.dataset.csrf } }).then(() => true)`, nil)
	p.Type("Labels", "team=hr")
	p.Press("Tab", false)
	p.Shows("What you typed is still here")
	p.Expect("403") // the form is for admins, whom the new one is none of
	p.Eval(`fetch("/sign-in", { method: "POST", body: new URLSearchParams({ name: "a-operator", password: "`+password+`" }) }).then(() => true)`, nil)
	p.Eval(`dispatchEvent(new Event("focus")) || true`, nil)
	p.Until(`!document.getElementById("field-name")`)
}

// TestOverlaySpeaks: all outside of an overlay is behind it, and no screen reader reads
// it; what is said while one is open is said inside.
func TestOverlaySpeaks(t *testing.T) {
	w := newWorld(t)
	p := w.signedIn(stagedoor.RoleAdmin)
	p.Go("/credentials/new")
	p.Until(`document.querySelector("dialog.overlay:modal")`)
	for _, id := range []string{"notices", "said", "lost"} {
		p.Until(`document.getElementById("` + id + `").closest("dialog:modal")`)
	}
	p.Expect("ERR_")
	w.stop()
	p.Until(`!document.getElementById("lost").hidden && (() => {
  const at = document.getElementById("lost").getBoundingClientRect();
  return document.getElementById("lost").contains(document.elementFromPoint(at.x + at.width / 2, at.y + at.height / 2));
})()`)
	w.start()
	p.Until(`document.getElementById("lost").hidden`)
}

// TestClockOfTheViewer: ages are told by the daemon's clock, whatever the viewer's says.
func TestClockOfTheViewer(t *testing.T) {
	w := newWorld(t)
	w.add(w.credential())
	p := w.signedIn(stagedoor.RoleAdmin)
	// An hour that the daemon is ahead is an hour that the viewer's clock is behind.
	p.Eval(`(() => {
  document.body.dataset.now = new Date(Date.now() + 3600e3).toISOString();
  const time = document.createElement("time");
  time.id = "probe";
  time.dateTime = new Date().toISOString();
  time.dataset.relative = "";
  document.getElementById("main").append(time);
})()`, nil)
	p.Until(`document.getElementById("probe").textContent === "1 hour ago"`)
}

// TestRemovedWhileEdited: who edits what another removes is told so where they look.
func TestRemovedWhileEdited(t *testing.T) {
	w := newWorld(t)
	w.add(w.credential())
	p := w.signedIn(stagedoor.RoleAdmin)
	p.Go("/credentials/acme/edit")
	p.Type("Credential Description", "of the second")
	if _, err := w.app.RemoveCredential(t.Context(), "acme"); err != nil {
		t.Fatal(err)
	}
	p.Expect("404")
	p.Click("button", "Save")
	p.Until(`document.querySelector("dialog.overlay:modal .notice.fail")`)
	p.Until(`document.getElementById("field-description").value === "of the second"`)
}
