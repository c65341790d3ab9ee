package web_test

import (
	"net/http"
	"testing"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/browsertest"
)

// tab opens a tab of a browser of its own on the world's page.
func (w *world) tab() *browsertest.Page {
	w.t.Helper()
	return browsertest.Open(w.t, w.url, 1280, 900)
}

// signedIn is a tab in which an operator of this role has signed in by typing.
func (w *world) signedIn(role stagedoor.Role) *browsertest.Page {
	w.t.Helper()
	p := w.tab()
	name := "a-" + string(role)
	if _, link, err := w.app.InviteOperator(w.t.Context(), name, role); err == nil {
		p.Go("/invitation#" + link.Reveal())
		p.Shows("This link is for " + name)
		p.Type("Password", password)
		p.Type("The same password again", password)
		p.Click("button", "Set the password and sign in")
	} else {
		p.Go("/sign-in")
		p.Type("Name", name)
		p.Type("Password", password)
		p.Click("button", "Sign in")
	}
	p.At("/credentials")
	return p
}

// TestFirstSignIn: nobody may sign in yet; the first admin is invited at the machine,
// opens the link, and is in.
func TestFirstSignIn(t *testing.T) {
	w := newWorld(t)
	p := w.tab()
	p.Go("/")
	p.At("/welcome")
	p.Shows("Welcome to Stagedoor", "stagedoor operator invite NAME --role admin")
	_, link, err := w.app.InviteOperator(t.Context(), "anna", stagedoor.RoleAdmin)
	if err != nil {
		t.Fatal(err)
	}
	p.Go("/invitation#" + link.Reveal())
	p.Shows("This link is for anna (admin).")
	if at := p.Path(); at != "/invitation" {
		t.Errorf("the secret of the link stays in the address: %s", at)
	}
	p.Type("Password", "short")
	p.Type("The same password again", "short")
	p.Click("button", "Set the password and sign in")
	p.Shows("the password has less than 12 characters")
	p.Type("Password", password)
	p.Type("The same password again", password+"?")
	p.Click("button", "Set the password and sign in")
	p.Shows("the two passwords are not the same")
	p.Type("The same password again", password)
	p.Click("button", "Set the password and sign in")
	p.At("/credentials")
	p.Shows("No credentials yet", "Add Credential", "anna")

	p.Click("button", "Sign out")
	p.Until(`location.pathname === "/sign-in" && document.readyState === "complete"`)
	p.Go("/credentials?q=x")
	p.Until(`location.pathname === "/sign-in"`)
	p.Type("Name", "anna")
	p.Type("Password", "wrong password")
	p.Click("button", "Sign in")
	p.Shows("the name or the password is wrong")
	p.Type("Password", password)
	p.Press("Enter", false)
	p.At("/credentials?q=x")

	// The link worked once.
	other := w.tab()
	other.Expect(http.StatusText(http.StatusUnauthorized))
	other.Go("/invitation#" + link.Reveal())
	other.Shows("the link counts no more")
}
