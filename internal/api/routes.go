package api

import (
	"context"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/stagedoor/stagedoor"
)

// Route is one operation of the API.
type Route struct {
	ID      string         // of the operation: "listCredentials"
	Method  string         // GET, POST …
	Path    string         // with {parameters}
	Role    stagedoor.Role // the least that it takes; empty: anybody may
	Tag     string
	Summary string
	About   string
	Status  int // of success; 0: 200
	Example any // of the request's body; nil where there is none

	register func(api huma.API, op huma.Operation, s *site)
}

// Writes reports whether the operation may change something, so that it takes an
// Idempotency-Key.
func (r Route) Writes() bool { return r.Method != http.MethodGet }

// table is every operation there is. The security of the API is tested from it.
func table() []Route {
	return slices.Concat(
		documentRoutes(), credentialRoutes(), callerRoutes(), catalogueRoutes(), quotaRoutes(), auditRoutes(),
		operatorRoutes(), runRoutes(), scheduleRoutes(), destinationRoutes(), healthRoutes(),
	)
}

// Routes is the table for whoever walks through all operations.
func Routes() []Route { return table() }

// does registers a method of the site as what an operation does.
func does[I, O any](f func(*site, context.Context, *I) (*O, error)) func(huma.API, huma.Operation, *site) {
	return func(api huma.API, op huma.Operation, s *site) {
		huma.Register(api, op, func(ctx context.Context, in *I) (*O, error) {
			out, err := f(s, ctx, in)
			if err == nil {
				return out, nil
			}
			p := problemOf(err)
			if p.Status == http.StatusInternalServerError { // the answer does not say all, so the log does
				s.Log.Error("an operation of the API failed", "operation", op.OperationID, "error", err)
			}
			return nil, p
		})
	}
}

// none is an answer without a body.
type none struct{}

// body is an answer that is one JSON value.
type body[T any] struct{ Body T }

func answer[T any](v T, err error) (*body[T], error) {
	if err != nil {
		return nil, err
	}
	return &body[T]{v}, nil
}

// ByName, as what else requests have in common, is exported so that huma sees it; it
// asks for one thing by its name.
type ByName struct {
	Name string `path:"name" maxLength:"200" doc:"Its name" example:"nightly"`
}

// BySlug asks for a credential.
type BySlug struct {
	Slug string `path:"slug" maxLength:"200" doc:"The credential's slug" example:"acme"`
}

// viewer reports whether whoever asks sees no account or client id, no host and no
// address.
func viewer(ctx context.Context) bool {
	who, _ := stagedoor.ActorOf(ctx)
	return !who.Role.Includes(stagedoor.RoleOperator)
}
