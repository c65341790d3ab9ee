package app

import (
	"context"
	"io"
	"slices"
	"strings"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/snippet"
	"github.com/stagedoor/stagedoor/internal/stream"
)

// definition is the form that is no code: what Power Automate imports.
const definition = "powerautomate"

// SnippetForms are what [App.Snippet] writes.
func SnippetForms() []string { return append(snippet.Forms(), definition) }

// SnippetRunsElsewhere reports whether a form is for a service on the internet.
func SnippetRunsElsewhere(form string) bool {
	return form == "salesforce" || strings.HasPrefix(form, definition)
}

// Snippet writes the code with which a caller is used, for one of
// [SnippetForms]; the last of these is the OpenAPI 2.0 document. It holds no
// secret.
func (a *App) Snippet(ctx context.Context, w io.Writer, name, form string) error {
	if !slices.Contains(SnippetForms(), form) {
		return &stagedoor.Error{
			Op: "write the snippet", Subject: "--for " + form, Kind: stagedoor.KindUsage,
			Cause: "there is no such form", Fix: "Use " + strings.Join(SnippetForms(), ", ") + ".",
		}
	}
	callers, err := a.Callers(ctx)
	if err != nil {
		return err
	}
	who, err := callers.Find(ctx, name)
	if err != nil {
		return err
	}
	p, err := a.Provider(who.Provider)
	if err != nil {
		return err
	}
	use := snippet.Use{
		Caller: who.Name, Credential: who.Credential, ClientID: who.ID,
		TokenURL: a.BaseURL() + "/oauth/token", BaseURL: a.BaseURL() + "/to/" + who.Credential,
	}
	if form == definition {
		text, err := a.document(ctx, who, use.BaseURL, true)
		if err == nil {
			_, err = w.Write(append(text, '\n'))
		}
		return err
	}
	permit := func(method, path string) bool {
		_, err := callers.Permit(who, p.APIBase, method, path)
		return err == nil
	}
	var reachable []snippet.Reachable
	for _, r := range callers.Reach(who) {
		reachable = append(reachable, snippet.Reachable{Operation: r.Operation, Narrowed: r.Narrowed})
	}
	found := false
	if len(reachable) > 0 {
		use.Call, found = snippet.Choose(reachable, stream.All(), p.APIBase, now(), permit)
	}
	if !found {
		use.Call, found = snippet.OfRules(who.Rules, p.APIBase, p.Validation, permit)
	}
	if !found {
		return &stagedoor.Error{
			Op: "write the snippet", Subject: "caller " + who.Name, Kind: stagedoor.KindForbidden,
			Cause: "its rules allow no call, so there is none to show",
			Fix:   "Give it some with `stagedoor caller set-rules " + who.Name + " --allow 'GET /users/*'`.",
		}
	}
	return snippet.Write(w, form, use)
}
