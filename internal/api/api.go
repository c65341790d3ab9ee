package api

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/stagedoor/stagedoor"
)

// Prefix is where the API begins.
const Prefix = "/api/v1"

// Tokens knows whose an operator's token is; what is nobody's is
// [stagedoor.KindUnauthenticated].
type Tokens interface {
	Verify(ctx context.Context, bearer stagedoor.Secret) (stagedoor.OperatorToken, error)
}

// Options are the services that the API gives to programs, and what it needs to
// know of where it runs. Each must be set.
type Options struct {
	Tokens       Tokens
	Credentials  Credentials
	Callers      Callers
	Catalogue    Catalogue
	Quota        Quota
	Audit        Audit
	Operators    Operators
	Runs         Runs
	Schedules    Schedules
	Destinations Destinations
	Health       Health

	Answers Answers
	// Key is 32 bytes, by which answers are sealed and requests told apart.
	Key []byte
	// Base is where whoever sends a request found the daemon: "https://door.example.com".
	Base    func(*http.Request) string
	Version string
	Log     *slog.Logger
}

// site is the API as it serves.
type site struct {
	Options
	huma     huma.API
	mux      *http.ServeMux
	routes   map[string]*Route // by the pattern of the mux
	keys     *keys
	document []byte
}

// New returns the handler of everything below /api/.
func New(o Options) (http.Handler, error) { return open(o) }

func open(o Options) (*site, error) {
	speakProblems()
	s := &site{Options: o, mux: http.NewServeMux(), routes: map[string]*Route{}}
	var err error
	if s.keys, err = newKeys(o.Answers, o.Key); err != nil {
		return nil, err
	}
	s.huma = humago.New(s.mux, humaConfig())
	for _, r := range table() {
		s.routes[r.Method+" "+r.Path] = &r
		r.register(s.huma, operation(r), s)
	}
	finish(s.huma.OpenAPI())
	s.document, err = write(s.huma.OpenAPI())
	return s, err
}

// humaConfig leaves out of huma what would add pages, paths and fields of its own.
func humaConfig() huma.Config {
	registry := huma.NewMapRegistry("#/components/schemas/", schemaName)
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0", Info: info(), Components: &huma.Components{Schemas: registry, SecuritySchemes: schemes()},
			Tags: tags(), Servers: []*huma.Server{{URL: "http://127.0.0.1:8700", Description: "where `stagedoor serve` listens unless it is told otherwise"}},
		},
		Formats:                      map[string]huma.Format{"application/json": {Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: unmarshal}, "json": {Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: unmarshal}},
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
	}
}

// unmarshal reads one JSON value and nothing behind it. Its errors repeat nothing of
// what was sent, as those of encoding/json do.
func unmarshal(data []byte, into any) error {
	d := json.NewDecoder(strings.NewReader(string(data)))
	if err := d.Decode(into); err != nil {
		return errNotJSON
	}
	if d.More() {
		return errNotJSON
	}
	return nil
}

// Document is the OpenAPI document, as docs/openapi.json holds it.
func Document() ([]byte, error) {
	s, err := open(Options{Key: make([]byte, keyBytes)})
	if err != nil {
		return nil, err
	}
	return s.document, nil
}
