package server

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/stagedoor/stagedoor"
)

// health says that the process is up and answers.
func (t *router) health(w http.ResponseWriter, r *http.Request) {
	onlyGet(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { well(w) })).ServeHTTP(w, r)
}

// readiness says whether callers should be sent here.
func (t *router) readiness(w http.ResponseWriter, r *http.Request) {
	onlyGet(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
		defer cancel()
		if t.draining.Load() {
			problem(w, &stagedoor.Error{Kind: stagedoor.KindUnavailable, Status: http.StatusServiceUnavailable, Cause: "The daemon is stopping."})
			return
		}
		if err := t.parts.Ready(ctx); err != nil {
			// Everybody may ask, so the cause is for the log alone.
			t.options.Log.Warn("not ready", "error", err)
			problem(w, &stagedoor.Error{Kind: stagedoor.KindStore, Status: http.StatusServiceUnavailable, Cause: "The daemon can not reach its database.", Fix: "See its log."})
			return
		}
		well(w)
	})).ServeHTTP(w, r)
}

func well(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, "ok\n")
}
