package web_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stagedoor/stagedoor"
)

// billing is a provider with a grant of its own, as somebody writes it into a file.
const billing = `name: acme-billing
title: Acme Billing
docs: https://billing.example.com/docs/tokens
flow: request
token_url: https://billing.example.com/auth/token?version=2
api_url: https://billing.example.com
token: {grant_param: grant, grant: machine, params: {tenant: "{account_id}"}, in: query}
response: {access_token: [access_token], lifetime: 30m}
validation: /whoami
hosts: [billing.example.com]
fields:
  - {name: account_id, title: Tenant, where: billing.example.com → Settings → Tenant}
  - {name: client_id, title: Key, where: billing.example.com → Settings → Machine access}
  - {name: client_secret, title: Key's secret, where: "shown once, when the key is made"}
`

// TestAnotherProvider: the form speaks of the provider that is chosen, keeps what was
// typed before, and lets nothing of Zoom stand there.
func TestAnotherProvider(t *testing.T) {
	w := newWorld(t)
	dir := filepath.Join(w.home, "providers")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "acme-billing.yaml"), []byte(billing), 0o600); err != nil {
		t.Fatal(err)
	}
	p := w.signedIn(stagedoor.RoleAdmin)
	p.Click("link", "Add Credential")
	p.Type("Credential Name", "Invoices")
	p.Type("Zoom App: Client Secret", "typed-for-the-wrong-one")
	p.Choose("Provider", "acme-billing")
	p.Shows("Tenant", "billing.example.com → Settings → Tenant", "Acme Billing: how its tokens are made")
	if text := p.Text(); strings.Contains(text, "Zoom App") || strings.Contains(text, "What is it for?") || strings.Contains(text, "Zoom on") {
		t.Errorf("it still speaks of Zoom: %s", text)
	}
	if found := p.Axe(axeScript(t)); len(found) > 0 {
		t.Errorf("axe: %q", found)
	}
	p.Type("Tenant", "t-77")
	p.Type("Key", "machine-1")
	p.Type("Key's secret", "hush-hush-hush")
	p.Click("button", "Save")
	p.Shows("Save as unverified") // nobody answers at billing.example.com
	p.Click("button", "Save as unverified")
	p.At("/credentials/invoices")
	p.Shows("Invoices", "acme-billing", "t-77", "machine-1")
	p.Click("link", "Edit")
	p.Shows("Tenant")
	if strings.Contains(p.Text(), "Zoom App") {
		t.Error("the form to edit it speaks of Zoom")
	}
}

// TestRemovedWhileOpen: a page of a credential that somebody removes says so.
func TestRemovedWhileOpen(t *testing.T) {
	w := newWorld(t)
	w.add(w.credential())
	p := w.signedIn(stagedoor.RoleAdmin)
	p.Go("/credentials/acme")
	p.Shows("Acme reports")
	if _, err := w.app.RemoveCredential(t.Context(), "acme"); err != nil {
		t.Fatal(err)
	}
	p.Shows("there is no credential by that name")
}
