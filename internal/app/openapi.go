package app

import (
	"cmp"
	"context"
	"strings"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/openapi"
	"github.com/stagedoor/stagedoor/internal/stream"
)

// Document writes the OpenAPI document of what a caller may call. server is the
// address of its credential at the gateway, "https://gate.example.com/to/acme".
// It may be called by many goroutines at once, once [App.Callers] was. A provider
// without a table of operations gets a document without any, which says so.
func (a *App) Document(ctx context.Context, who stagedoor.Caller, server string) ([]byte, error) {
	return a.document(ctx, who, server, false)
}

func (a *App) document(ctx context.Context, who stagedoor.Caller, server string, swagger bool) ([]byte, error) {
	callers, err := a.Callers(ctx)
	if err != nil {
		return nil, err
	}
	p, err := a.Provider(who.Provider)
	if err != nil {
		return nil, err
	}
	c, err := a.vault.Credential(ctx, who.Credential)
	if err != nil {
		return nil, err
	}
	gate := strings.TrimSuffix(server, "/to/"+who.Credential)
	o := openapi.Options{
		Title:       p.Title + ", " + cmp.Or(c.Name, c.Slug),
		Description: "What the rules of the caller " + who.Name + " allow, through Stagedoor.",
		Server:      server + p.APIBase,
		TokenURL:    gate + "/oauth/token",
		Scope:       "to:" + who.Credential,
		Swagger:     swagger,
	}
	if p.BuiltOn() == stagedoor.Zoom.Name {
		o.Streams = stream.All()
	} else {
		o.Description += " Stagedoor has no table of this service's operations, so none are listed; its own documents do."
	}
	for _, r := range callers.Reach(who) {
		o.Operations = append(o.Operations, described(r))
	}
	return openapi.Document(o)
}

func described(r stagedoor.Reached) openapi.Operation {
	return openapi.Operation{Operation: r.Operation, Narrowed: r.Narrowed, Except: r.Except}
}
