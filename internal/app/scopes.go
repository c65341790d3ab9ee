package app

import (
	"net/http"
	"sync"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/scope"
	"github.com/stagedoor/stagedoor/internal/stream"
	"github.com/stagedoor/stagedoor/internal/zoom"
)

// scopes is the catalogue of what Zoom's operations ask for.
var scopes = sync.OnceValue(func() *scope.Catalogue { return scope.New(zoom.Operations().All()) })

// forCheck says in a list what the validation call's scope is for: without it
// a check can prove a token, but not that the API takes it.
const forCheck = "check"

// LeastScopes returns the least list of scopes for purposes and streams (names
// of streams and families, or "all"). The call that proves a credential is
// always among what it must permit.
func (a *App) LeastScopes(style scope.Style, purposes, streams []string) (scope.List, error) {
	uses, err := usesOf(purposes, streams, "")
	if err != nil {
		return scope.List{}, err
	}
	return scopes().Least(style, uses), nil
}

// CompareScopes says which scopes are missing among those held, and which of
// them purposes and streams do not need.
func (a *App) CompareScopes(purposes, streams, held []string) (scope.Comparison, error) {
	uses, err := usesOf(purposes, streams, "")
	if err != nil {
		return scope.Comparison{}, err
	}
	return scopes().Compare(uses, held), nil
}

// usesOf returns the operations behind purposes, streams and the validation
// call ("" is the provider's own).
func usesOf(purposes, streams []string, validation string) ([]scope.Use, error) {
	var uses []scope.Use
	if op, ok := zoom.Operations().Find(http.MethodGet, first(validation, stagedoor.Zoom.Validation)); ok {
		uses = append(uses, scope.Use{Operation: op, For: forCheck})
	}
	list, err := scope.ParsePurposes(purposes)
	if err != nil {
		return nil, err
	}
	for _, p := range list {
		uses = append(uses, scopes().Uses(p)...)
	}
	wanted, err := stream.Find(streams...)
	if err != nil {
		return nil, err
	}
	for _, s := range wanted {
		uses = append(uses, streamUses(s)...)
	}
	return uses, nil
}

// streamUses returns the operations that reading a stream takes: its own, and
// its parents'.
func streamUses(s stagedoor.Stream) []scope.Use {
	var uses []scope.Use
	for at, depth := s, 0; depth < 4; depth++ { // a stream is never its own parent's parent
		if op, ok := zoom.Operations().Find(at.Method, at.Path); ok {
			uses = append(uses, scope.Use{Operation: op, For: "stream " + s.Name})
		}
		if at.Partition == nil {
			break
		}
		parents, err := stream.Find(at.Partition.Stream)
		if err != nil || len(parents) == 0 {
			break
		}
		at = parents[0]
	}
	return uses
}
