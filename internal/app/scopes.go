package app

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/scope"
	"github.com/stagedoor/stagedoor/internal/stream"
	"github.com/stagedoor/stagedoor/internal/zoom"
)

// scopes is the catalogue of what Zoom's operations ask for.
var scopes = sync.OnceValue(func() *scope.Catalogue { return scope.New(zoom.Operations().All()) })

// ForCheck is what a list says of the validation call's scope: with it a check
// proves that Zoom takes the token, without it only that there is one.
const ForCheck = "check"

// LeastScopes returns the least list of scopes for purposes and streams (names
// of streams and families, or "all").
func (a *App) LeastScopes(style stagedoor.ScopeStyle, purposes, streams []string) (stagedoor.ScopeList, error) {
	return a.Scopes(stagedoor.ScopeQuestion{Style: style, Purposes: purposes, Streams: streams})
}

// CompareScopes says which scopes are missing among those held, and which of
// them purposes and streams do not need.
func (a *App) CompareScopes(purposes, streams, held []string) (stagedoor.ScopeComparison, error) {
	return a.Compare(stagedoor.ScopeQuestion{Purposes: purposes, Streams: streams}, held)
}

// Scopes returns the least list of scopes.
func (a *App) Scopes(q stagedoor.ScopeQuestion) (stagedoor.ScopeList, error) {
	uses, err := usesOf(q)
	if err != nil {
		return stagedoor.ScopeList{}, err
	}
	style := q.Style
	if style == "" {
		style = stagedoor.GranularScopes
	}
	return scopes().Least(style, uses), nil
}

// Compare holds the least list against the scopes of a token.
func (a *App) Compare(q stagedoor.ScopeQuestion, held []string) (stagedoor.ScopeComparison, error) {
	uses, err := usesOf(q)
	if err != nil {
		return stagedoor.ScopeComparison{}, err
	}
	return scopes().Compare(q.Style, uses, held), nil
}

func usesOf(q stagedoor.ScopeQuestion) ([]scope.Use, error) {
	var uses []scope.Use
	if op, ok := zoom.Operations().Find(http.MethodGet, first(q.Validation, stagedoor.Zoom.Validation)); ok {
		uses = append(uses, scope.Use{Operation: op, For: ForCheck})
	}
	purposes, err := scope.ParsePurposes(q.Purposes)
	if err != nil {
		return nil, err
	}
	for _, p := range purposes {
		uses = append(uses, purposeUses(p)...)
	}
	streams, err := stream.Find(q.Streams...)
	if err != nil {
		return nil, err
	}
	for _, s := range streams {
		uses = append(uses, streamUses(s, "stream "+s.Name)...)
	}
	for _, text := range q.Operations {
		op, err := findOperation(text)
		if err != nil {
			return nil, err
		}
		uses = append(uses, scope.Use{Operation: op, For: op.Name()})
	}
	return uses, nil
}

// purposeUses returns the operations of a purpose, and those that the streams
// of its families are read with: whoever clicked its list together can sync
// them, also where a stream is read for each user.
func purposeUses(p stagedoor.Purpose) []scope.Use {
	uses := scopes().Uses(p)
	for _, s := range stream.All() {
		if slices.Contains(p.Families, s.Family) {
			uses = append(uses, streamUses(s, p.Name)...)
		}
	}
	return uses
}

// streamUses returns the operations that reading a stream takes: its own, and
// those of the streams that it is read for each row of.
func streamUses(s stagedoor.Stream, what string) []scope.Use {
	uses := chainUses(s)
	for i := range uses {
		uses[i].For = what
	}
	return uses
}

// chainUses are the same, each for the stream whose operation it is.
func chainUses(s stagedoor.Stream) []scope.Use {
	var uses []scope.Use
	for depth, at := 0, s; depth < 4; depth++ {
		if op, ok := zoom.Operations().Find(at.Method, at.Path); ok {
			uses = append(uses, scope.Use{Operation: op, For: at.Name})
		}
		if at.Partition == nil {
			break
		}
		parent, ok := streamNamed(at.Partition.Stream)
		if !ok {
			break
		}
		at = parent
	}
	return uses
}

// findOperation understands "GET /users/me", and a path alone as a GET.
func findOperation(text string) (stagedoor.Operation, error) {
	method, path, ok := strings.Cut(strings.TrimSpace(text), " ")
	if !ok {
		method, path = http.MethodGet, method
	}
	method, path = strings.ToUpper(method), strings.TrimSpace(path)
	if op, ok := zoom.Operations().Find(method, path); ok {
		return op, nil
	}
	e := &stagedoor.Error{
		Op: "find the operation", Subject: "\"" + text + "\"", Kind: stagedoor.KindUsage,
		Cause: "Zoom's API has none like that",
		Fix:   "Write it like 'GET /users/{userId}' or 'PATCH /meetings/123'; developers.zoom.us/docs/api lists them all.",
	}
	var methods []string
	for _, m := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		if _, ok := zoom.Operations().Find(m, path); ok {
			methods = append(methods, m)
		}
	}
	if len(methods) > 0 {
		e.Cause = "the path is one of Zoom's API, but not with " + method
		e.Fix = "Put one of these before it: " + strings.Join(methods, ", ") + "."
	}
	return stagedoor.Operation{}, e
}

// speaksZoom reports whether a provider's API is Zoom's. The tables of operations
// and streams are for such ones only.
func speaksZoom(p stagedoor.Provider) bool { return p.BuiltOn() == stagedoor.Zoom.Name }

// KnowsScopes refuses credentials of services whose operations we do not know.
func (a *App) KnowsScopes(c stagedoor.Credential) error {
	p, err := a.Provider(c.Provider)
	if err != nil || speaksZoom(p) {
		return err
	}
	return &stagedoor.Error{
		Op: "find scopes and streams", Subject: "credential " + c.Slug, Kind: stagedoor.KindUsage,
		Cause: "it is one of " + first(p.Title, p.Name) + " (provider " + p.Name + "); purposes, scopes and streams are known of Zoom's API only",
		Fix:   "Call the service with `stagedoor api " + c.Slug + " PATH`, and look in its own documentation for the scopes.",
	}
}

// HeldScopes reads the scopes of the credential's shared token. It calls no
// operation of the API, and asks for a token only where there is none that can
// be used.
func (a *App) HeldScopes(ctx context.Context, c stagedoor.Credential) (stagedoor.HeldScopes, error) {
	if c.ID != "" {
		v, err := a.Vault(ctx)
		if err != nil {
			return stagedoor.HeldScopes{}, err
		}
		row, err := v.Tokens(c.ID).Load(ctx)
		if err != nil {
			return stagedoor.HeldScopes{}, err
		}
		if row.Token.State(now(), 0) == stagedoor.TokenFresh {
			return stagedoor.HeldScopes{Scopes: sorted(row.Token.Scopes), Minted: row.Token.Minted, Before: true}, nil
		}
	}
	conn, err := a.Connect(ctx, c, Use{})
	if err != nil {
		return stagedoor.HeldScopes{}, err
	}
	defer conn.Close()
	t, err := conn.Source.Get(ctx, 0)
	return stagedoor.HeldScopes{Scopes: sorted(t.Scopes), Minted: t.Minted}, err
}

func sorted(list []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(list)))
}

// Lacks says which scopes a token lacks for purposes, and what is odd about
// the names of those it has. The validation call counts for nothing: a check
// makes it anyway.
func (p *prover) Lacks(purposes, held []string) (missing, hints []string, err error) {
	if !speaksZoom(p.conn.Provider) {
		return nil, nil, nil
	}
	list, err := scope.ParsePurposes(purposes)
	if err != nil {
		return nil, nil, err
	}
	var uses []scope.Use
	for _, purpose := range list {
		uses = append(uses, purposeUses(purpose)...)
	}
	comparison := scopes().Compare("", uses, held)
	for _, need := range comparison.Missing {
		missing = append(missing, need.Scope)
	}
	return missing, comparison.Hints, nil
}

// ScopeHints says of names of scopes that a person typed or an error brought
// what is odd about them in a Server-to-Server app.
func ScopeHints(names []string) []string {
	var hints []string
	for _, name := range names {
		if hint := scopes().Hint(name); hint != "" && !slices.Contains(hints, hint) {
			hints = append(hints, hint)
		}
	}
	return hints
}

// scopeName finds names of scopes in a text.
var scopeName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\b[a-z][a-z0-9_]*(?::[a-z][a-z0-9_]*){1,4}\b`) })

// ScopeHintsIn says what is odd about the names of scopes in an error's text.
// A name that stands beside its own :admin form needs no hint: Zoom lists both.
func ScopeHintsIn(text string) []string {
	names := scopeName().FindAllString(text, -1)
	names = slices.DeleteFunc(names, func(name string) bool {
		at := strings.Index(name, ":")
		action, _, _ := strings.Cut(name[at+1:], ":")
		// What is no action of a scope is some other text with a colon.
		return !slices.Contains([]string{"read", "write", "update", "delete", "master"}, action)
	})
	hints := ScopeHints(slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		bare := strings.TrimSuffix(name, ":master")
		return slices.Contains(names, bare+":admin")
	}))
	return append([]string{}, hints...)
}

// Purposes are what a credential may be for.
func (a *App) Purposes() []stagedoor.Purpose { return scope.Purposes() }
