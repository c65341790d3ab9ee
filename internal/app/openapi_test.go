package app

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"github.com/stagedoor/stagedoor"
)

// withCaller is an App in a home of its own, with a credential acme of a provider
// and a caller of it.
func withCaller(t *testing.T, provider string, rules ...stagedoor.Rule) (*App, stagedoor.Caller) {
	t.Helper()
	none := func(string) string { return "" }
	settings, err := Settings{Home: t.TempDir(), PublicURL: "https://gate.example.com"}.Resolve(none)
	if err != nil {
		t.Fatal(err)
	}
	a, err := Open(settings, Environment{Getenv: none})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	v, err := a.Vault(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c, err := v.Add(t.Context(), stagedoor.Credential{
		Slug: "acme", Name: "Acme GmbH", Provider: provider, AccountID: "a", ClientID: "c",
		TokenURL: "https://auth.example.com/token", APIURL: "https://api.example.com", AllowHosts: []string{"auth.example.com", "api.example.com"},
		ClientSecrets: []stagedoor.Secret{stagedoor.NewSecret("the secret of acme")}, Plan: stagedoor.PlanPro,
	})
	if err != nil {
		t.Fatal(err)
	}
	callers, err := a.Callers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := callers.Add(t.Context(), stagedoor.Caller{Name: "reports", CredentialID: c.ID, Provider: provider, CreatedBy: "ada", Rules: rules}, true); err != nil {
		t.Fatal(err)
	}
	who, err := callers.Find(t.Context(), "reports")
	if err != nil {
		t.Fatal(err)
	}
	return a, who
}

func get(path string) stagedoor.Rule { return stagedoor.Rule{Methods: []string{"GET"}, Path: path} }

func TestDocumentOfACaller(t *testing.T) {
	for name, test := range map[string]struct {
		provider string
		rules    []stagedoor.Rule
		server   string
		paths    []string
		says     string
	}{
		"zoom": {
			provider: "zoom", rules: []stagedoor.Rule{get("/report/meeting_activities"), get("/users/me"), {Deny: true, Path: "/users/*/settings"}},
			server: "https://gate.example.com/to/acme/v2", paths: []string{"/report/meeting_activities", "/users/me"},
		},
		"without a table": {
			provider: "client-credentials", rules: []stagedoor.Rule{get("/**")},
			server: "https://gate.example.com/to/acme", says: "no table",
		},
	} {
		a, who := withCaller(t, test.provider, test.rules...)
		text, err := a.Document(t.Context(), who, "https://gate.example.com/to/acme")
		if err != nil {
			t.Fatal(err)
		}
		doc, err := openapi3.NewLoader().LoadFromData(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := doc.Validate(context.Background()); err != nil {
			t.Error(err)
		}
		flow := doc.Components.SecuritySchemes["oauth2"].Value.Flows.ClientCredentials
		if doc.Servers[0].URL != test.server || flow.TokenURL != "https://gate.example.com/oauth/token" || flow.Scopes["to:acme"] == "" {
			t.Errorf("%s: it stands at %s, with tokens of %s for %v", name, doc.Servers[0].URL, flow.TokenURL, flow.Scopes)
		}
		if !strings.Contains(doc.Info.Title, "Acme GmbH") || !strings.Contains(doc.Info.Description, test.says) || strings.Contains(string(text), "the secret of") {
			t.Errorf("%s: it is headed %q, %q", name, doc.Info.Title, doc.Info.Description)
		}
		var paths []string
		for path := range doc.Paths.Map() {
			paths = append(paths, path)
		}
		slices.Sort(paths)
		if diff := cmp.Diff(test.paths, paths); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestSnippetOfACaller(t *testing.T) {
	written := func(a *App, form string) (string, error) {
		var out strings.Builder
		err := a.Snippet(t.Context(), &out, "reports", form)
		return out.String(), err
	}
	a, who := withCaller(t, "zoom", get("/users/*"), stagedoor.Rule{Deny: true, Path: "/users/me"})
	for _, form := range SnippetForms() {
		text, err := written(a, form)
		if err != nil || !strings.Contains(text, "gate.example.com") || strings.Contains(text, "the secret of") {
			t.Errorf("%s: %v\n%s", form, err, text)
		}
		// The one that it may not read is in no code.
		if strings.Contains(text, "/users/me\"") || form != "powerautomate" && form != "powerautomate-code" && !strings.Contains(text, "/v2/users/") {
			t.Errorf("%s calls\n%s", form, text)
		}
		if (form == "curl" || form == "python") && !strings.Contains(text, who.ID) {
			t.Errorf("%s does not know its id:\n%s", form, text)
		}
	}
	_, err := written(a, "cobol")
	if stagedoor.KindOf(err) != stagedoor.KindUsage || !strings.Contains(err.Error(), "powerautomate-code") {
		t.Errorf("for cobol: %v", err)
	}

	a, _ = withCaller(t, "client-credentials", get("/things/*"))
	if text, err := written(a, "curl"); err != nil || !strings.Contains(text, "https://gate.example.com/to/acme/things/{id}") || !strings.Contains(text, "# Fill in {id}") {
		t.Errorf("%v\n%s", err, text)
	}
	a, _ = withCaller(t, "client-credentials", get("/things"), stagedoor.Rule{Deny: true, Path: "/**"})
	if _, err := written(a, "curl"); stagedoor.KindOf(err) != stagedoor.KindForbidden || !strings.Contains(err.Error(), "allow no call") {
		t.Errorf("of a caller who may do nothing: %v", err)
	}
}
