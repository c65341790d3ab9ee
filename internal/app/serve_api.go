package app

import (
	"context"
	"net/http"
	"time"

	"github.com/stagedoor/stagedoor/internal/api"
	"github.com/stagedoor/stagedoor/internal/server"
)

// programs makes the API for programs. Whoever makes a token, or takes one away, is
// judged by it with the next request.
func (d *Daemon) programs(ctx context.Context) (http.Handler, error) {
	a := d.app
	key, err := a.vault.Subkey(ctx, "kept answers")
	if err != nil {
		return nil, err
	}
	h, err := api.New(api.Options{
		Tokens: d.operators, Answers: a.store, Key: key, Base: server.Base, Version: Version, Log: a.env.Log,
		Credentials: a, Callers: a, Catalogue: a, Quota: a, Audit: a, Operators: a, Runs: a, Schedules: a, Destinations: a, Health: a,
	})
	if err != nil {
		return nil, err
	}
	return d.upToDate(h), nil
}

// keepAnswers forgets once an hour the answers that can not be had again, until ctx
// ends.
func (a *App) keepAnswers(ctx context.Context) {
	for {
		if err := a.store.PruneAnswers(ctx, now().Add(-api.Kept)); err != nil && ctx.Err() == nil {
			a.env.Log.Warn("answers that are kept for idempotency keys were not removed", "error", err)
		}
		if pause(ctx, time.Hour) != nil {
			return
		}
	}
}
