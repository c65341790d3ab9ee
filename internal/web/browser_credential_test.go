package web_test

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/browsertest"
	"github.com/stagedoor/stagedoor/zoomsim"
)

// fill fills in the form of a credential of the simulated account.
func (w *world) fill(p *browsertest.Page, name, secret string) {
	p.Type("Credential Name", name)
	p.Type("Zoom App: Account ID", w.info.AccountID)
	p.Type("Zoom App: Client ID", w.info.ClientID)
	p.Type("Zoom App: Client Secret", secret)
	p.Choose("The account's plan", "business")
	p.Click("button", "Advanced: addresses and hosts")
	p.Type("Token URL", w.info.TokenURL)
	p.Type("API URL", w.info.APIURL)
	p.Type("Further hosts", strings.TrimSuffix(strings.TrimPrefix(w.info.APIURL, "http://"), "/v2"))
}

// TestAddCredential: purposes give scopes, the check shows its steps, and the tile is
// there.
func TestAddCredential(t *testing.T) {
	w := newWorld(t)
	p := w.signedIn(stagedoor.RoleAdmin)
	p.Click("link", "Add Credential")
	p.Shows("Add New Credential", "only the check's own scope")
	p.Tick("Reports")
	p.Shows("report:read:", "UsageReport:Read")
	p.Choose("Names as your app shows them", "classic")
	p.Shows("report:read:admin")
	w.fill(p, "Acme reports", w.info.ClientSecret)
	p.Type("Credential Description", "attendance for HR, daily")
	p.Type("Labels", "team=hr")
	p.Click("button", "Check")
	p.Shows("Token", "minted; it lasts 1h", "Plan business: Zoom permits 40 Heavy calls a second, and 60000 a day", "Zoom takes these values. Save the credential to keep them.")
	p.Click("button", "Save")
	p.At("/credentials/acme-reports")
	p.Shows("Acme reports", "good", "attendance for HR, daily", "Renewed automatically, nothing to do.")
	p.Click("link", "Credentials")
	p.Shows("Acme reports", "team=hr", "in 1 hour", "not used yet")
	if strings.Contains(p.Text(), w.info.ClientSecret) {
		t.Error("the secret is shown")
	}
	p.Type("Search by name, description or label", "nothing like it")
	p.Shows("None match")
	p.Until(`location.search === "?q=nothing+like+it" || location.search === "?q=nothing%20like%20it"`)
	p.Type("Search by name, description or label", "hr")
	p.Shows("Acme reports")
}

// TestWrongValues types each value that people type wrongly, and reads what is said.
func TestWrongValues(t *testing.T) {
	w := newWorld(t)
	p := w.signedIn(stagedoor.RoleAdmin)
	p.Go("/credentials/new")
	for _, test := range []struct{ label, value, says string }{
		{"Zoom App: Account ID", "ada@example.com", "That is an e-mail address. The Account ID is on the page App Credentials."},
		{"Zoom App: Account ID", "123-456-789", "That is a number; Zoom's account number is another thing."},
		{"Zoom App: Account ID", "https://zoom.us/oauth/token?account_id=abc", "the id stands after account_id="},
		{"Zoom App: Client ID", "ada@example.com", "That is an e-mail address."},
		{"Zoom App: Client ID", "two words", "That has a blank in it. Copy it again, in one piece."},
		{"Zoom App: Client Secret", "Basic abc", "That is an Authorization header."},
		{"Zoom App: Client Secret", "with a blank", "That has a blank in it."},
		{"Zoom App: Client Secret", "short", "That is shorter than Zoom's secrets (32 characters)."},
		{"Labels", "finance", "a label has a name and a value"},
	} {
		p.Type(test.label, test.value)
		p.Press("Tab", false)
		p.Shows(test.says)
		p.Type(test.label, "")
	}
	// The Base64 of id and secret, as the header has it.
	p.Type("Zoom App: Client ID", w.info.ClientID)
	p.Type("Zoom App: Client Secret", base64.StdEncoding.EncodeToString([]byte(w.info.ClientID+":"+w.info.ClientSecret)))
	p.Press("Tab", false)
	p.Shows("That is the Base64 of the Client ID and the secret.")

	// Zoom refuses a secret of the right form: the steps say so, what was typed stays,
	// and it can be saved unverified.
	wrong := "canary" + strings.Repeat("x", 26)
	w.fill(p, "Acme", wrong)
	p.Click("button", "Check")
	p.Shows("Token", "Zoom does not know this client id with this client secret", "What to do", "Save as unverified")
	p.Until(`document.getElementById("field-client_secret").value === ` + `"` + wrong + `"`)
	p.Click("button", "Save")
	p.Shows("Save as unverified")
	p.Click("button", "Save as unverified")
	p.At("/credentials/acme")
	p.Shows("not checked yet")
	p.Click("button", "Check again")
	p.Shows("Zoom does not know this client id with this client secret")
	p.Shows("does not work", "What went wrong")
	if strings.Contains(p.Text(), wrong) || strings.Contains(w.log.String(), wrong) {
		t.Error("the secret is shown or logged")
	}

	// A curl command is taken apart in the browser.
	p.Go("/credentials/new")
	p.Click("field", "Zoom App: Account ID")
	p.Eval(`(() => {
  const data = new DataTransfer();
  data.setData("text", "curl -X POST 'https://zoom.us/oauth/token?grant_type=account_credentials&account_id=abcDEF123' -H 'Authorization: Basic `+
		base64.StdEncoding.EncodeToString([]byte("theid:thesecret"))+`'");
  document.activeElement.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
})()`, nil)
	p.Shows("The pasted command was taken apart")
	p.Until(`document.getElementById("field-account_id").value === "abcDEF123" && document.getElementById("field-client_id").value === "theid" && document.getElementById("field-client_secret").value === "thesecret"`)
}

// TestNewSecret puts a new secret in place while a caller goes on.
func TestNewSecret(t *testing.T) {
	w := newWorld(t)
	w.add(w.credential())
	p := w.signedIn(stagedoor.RoleAdmin)
	p.Go("/credentials/acme")
	p.Click("link", "New secret")
	p.Type("Zoom App: Client Secret", strings.Repeat("y", 32))
	p.Click("button", "Prove and put in place")
	p.Shows("Save it beside the former")
	if c, err := w.app.SavedCredential(t.Context(), "acme"); err != nil || len(c.ClientSecrets) != 1 {
		t.Fatalf("a refused secret was saved: %v", err)
	}
	fresh := strings.Repeat("z", 32)
	w.sim.SetCredential(zoomsim.CredentialChange{ClientSecret: &fresh})
	p.Type("Zoom App: Client Secret", fresh)
	p.Click("button", "Prove and put in place")
	p.At("/credentials/acme")
	p.Shows("good")
	if c, err := w.app.SavedCredential(t.Context(), "acme"); err != nil || c.ClientSecrets[0].Reveal() != fresh {
		t.Errorf("the new secret is not in place: %v", err)
	}

	// Two admins edit it at once: the later one is told, and nothing is lost.
	other := w.signedIn(stagedoor.RoleAdmin)
	p.Click("link", "Edit")
	other.Go("/credentials/acme/edit")
	p.Type("Credential Description", "of the first")
	p.Click("button", "Save")
	p.At("/credentials/acme")
	other.Type("Credential Description", "of the second")
	other.Click("button", "Save")
	other.Shows("somebody else changed it since this form was opened; nothing was saved")
	p.Shows("of the first")

	// Off, on again, and away.
	p.Click("link", "Switch off")
	p.Type("Why", "audit until Friday")
	p.Click("button", "Switch off")
	p.At("/credentials/acme")
	p.Shows("switched off", "audit until Friday")
	p.Click("button", "Switch on")
	p.Shows("good")
	w.addCaller("reports", "GET /users/**")
	p.Click("link", "Remove")
	p.Shows("callers lose their access: reports")
	p.Type("Type the name to remove it for good: acme", "acme")
	p.Click("button", "Remove")
	p.At("/credentials")
	p.Shows("No credentials yet")
}

// TestErrorsAreExplained has each thing that can be wrong with an app be wrong, and
// reads what the check says of it and what to do.
func TestErrorsAreExplained(t *testing.T) {
	w := newWorld(t)
	p := w.signedIn(stagedoor.RoleAdmin)
	off, on := false, true
	for _, test := range []struct {
		name  string
		wrong func()
		right func()
		says  []string
	}{
		{
			"an account id that is none", func() { p.Type("Zoom App: Account ID", "AAAAAAAAAAAAAAAAAAAAAA") }, func() { p.Type("Zoom App: Account ID", w.info.AccountID) },
			[]string{"What to do", "Save as unverified"},
		},
		{
			"an app that is not activated", func() { w.sim.SetCredential(zoomsim.CredentialChange{Active: &off}) }, func() { w.sim.SetCredential(zoomsim.CredentialChange{Active: &on}) },
			[]string{"Activation", "Save as unverified"},
		},
		{
			"a host that is not allowed", func() { p.Type("Further hosts", "") },
			func() {
				p.Type("Further hosts", strings.TrimSuffix(strings.TrimPrefix(w.info.APIURL, "http://"), "/v2"))
			},
			[]string{"127.0.0.1", "What to do"},
		},
		{
			"a validation URL that is none", func() { p.Type("Credential Validation URL", "/users/me/nothing/here") }, func() { p.Type("Credential Validation URL", "") },
			[]string{"Validation call", "What to do"},
		},
		{
			"a plan that is too small", func() { p.Choose("The account's plan", "free"); p.Tick("Reports") }, func() { p.Choose("The account's plan", "business"); p.Tick("Reports") },
			[]string{"Reports needs the Pro plan or higher", "Zoom takes these values."},
		},
		{
			"a validation URL outside of the scopes", func() {
				w.sim.SetCredential(zoomsim.CredentialChange{Scopes: &[]string{"group:read:list_groups:admin"}})
			}, func() {},
			[]string{"is outside the app's scopes, which does not make the credential bad", "/groups is inside them", "Zoom takes these values."},
		},
	} {
		p.Go("/credentials/new")
		w.fill(p, "Acme", w.info.ClientSecret)
		test.wrong()
		p.Click("button", "Check")
		p.Shows(test.says...)
		test.right()
		if t.Failed() {
			t.Fatal(test.name)
		}
	}
}

// TestFiguresMove: calls of a caller are seen in the quota, on the tile and in the audit
// while the pages are open.
func TestFiguresMove(t *testing.T) {
	w := newWorld(t)
	w.add(w.credential())
	id, secret := w.addCaller("reports", "GET /users/**")
	quota, audit := w.signedIn(stagedoor.RoleAdmin), w.signedIn(stagedoor.RoleAdmin)
	quota.Go("/quota/acme")
	quota.Shows("Who used it", "cli") // the check of before
	audit.Go("/audit")
	audit.Shows("New lines appear by themselves.")
	granted := w.browser().post("/oauth/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret}})
	_, token, _ := strings.Cut(granted.body, `"access_token":"`)
	token, _, _ = strings.Cut(token, `"`)
	got := ask(w.browser(), "GET", "/to/acme/v2/users", map[string][]string{"Authorization": {"Bearer " + token}})
	if got.status != 200 {
		t.Fatal(got.status)
	}
	audit.Shows("caller reports", "GET /users", "ok 200")
	quota.Shows("reports")
	var canvas, rows int
	quota.Eval(`document.querySelectorAll(".curve canvas").length`, &canvas)
	quota.Eval(`document.querySelectorAll(".curve").length`, &rows)
	if canvas != 1 || rows != 1 {
		t.Errorf("%d curves are drawn in %d places", canvas, rows)
	}
	audit.Click("button", "Verify")
	audit.Shows("Nothing was changed, moved or removed.")
}
