package app

import (
	"context"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/caller"
	"github.com/stagedoor/stagedoor/internal/zoom"
)

// Callers returns the callers of the database, which is opened on first use.
func (a *App) Callers(ctx context.Context) (*caller.Callers, error) {
	if a.callers != nil {
		return a.callers, nil
	}
	v, err := a.Vault(ctx)
	if err != nil {
		return nil, err
	}
	key, err := v.Subkey(ctx, "access tokens")
	if err != nil {
		return nil, err
	}
	a.callers = caller.Open(a.store, key, caller.Options{Operations: a.operations, Base: a.apiBase})
	return a.callers, nil
}

// operations are those of the API that a provider is built on; nil where we have
// no table of it.
func (a *App) operations(name string) []stagedoor.Operation {
	if p, err := a.Provider(name); err == nil && p.BuiltOn() == stagedoor.Zoom.Name {
		return zoom.Operations().All()
	}
	return nil
}

func (a *App) apiBase(name string) string {
	p, err := a.Provider(name)
	if err != nil {
		return ""
	}
	return p.APIBase
}
