package app

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/stagedoor/stagedoor"
)

// CallerMay says what the gateway would do with a request of a caller that has these
// rules, and why: of one that is only thought of. The path is as callers write it,
// "/users/me" or "/v2/users/me".
func (a *App) CallerMay(ctx context.Context, credential string, texts stagedoor.RuleTexts, method, path string) (stagedoor.Decision, error) {
	_, c, err := a.saved(ctx, credential)
	if err != nil {
		return stagedoor.Decision{}, err
	}
	rules, err := a.rules(c.Provider, texts)
	if err != nil {
		return stagedoor.Decision{}, err
	}
	return a.decide(ctx, stagedoor.Caller{Name: "it", Provider: c.Provider, Rules: rules}, method, path)
}

// Decide says what the gateway would do with a request of a caller, and why.
func (a *App) Decide(ctx context.Context, name, method, path string) (stagedoor.Decision, error) {
	who, err := a.FindCaller(ctx, name)
	if err != nil {
		return stagedoor.Decision{}, err
	}
	return a.decide(ctx, who, method, path)
}

func (a *App) decide(ctx context.Context, who stagedoor.Caller, method, path string) (stagedoor.Decision, error) {
	callers, err := a.Callers(ctx)
	if err != nil {
		return stagedoor.Decision{}, err
	}
	base := a.apiBase(who.Provider)
	path, _, _ = strings.Cut(strings.TrimSpace(path), "?") // rules know no query
	if base != "" && path != base && !strings.HasPrefix(path, base+"/") {
		path = base + "/" + strings.TrimPrefix(path, "/")
	}
	return callers.Decide(who, base, strings.ToUpper(cmp.Or(strings.TrimSpace(method), "GET")), path), nil
}

// CallerReach returns the operations that a caller may call, of those that are known
// of its provider.
func (a *App) CallerReach(ctx context.Context, who stagedoor.Caller) ([]stagedoor.Reached, error) {
	callers, err := a.Callers(ctx)
	if err != nil {
		return nil, err
	}
	return callers.Reach(who), nil
}

// OperationSearch returns operations of a provider in which all words of a text are
// found, best first, at most so many: in their paths, products and scopes.
func (a *App) OperationSearch(_ context.Context, provider, text string, limit int) ([]stagedoor.Operation, error) {
	if _, err := a.Provider(provider); err != nil {
		return nil, err
	}
	words := strings.Fields(strings.ToLower(text))
	if len(words) == 0 {
		return nil, nil
	}
	type hit struct {
		op   stagedoor.Operation
		rank int
	}
	var hits []hit
	for _, op := range a.operations(provider) {
		if op.Deprecated {
			continue
		}
		name, about := strings.ToLower(op.Name()), strings.ToLower(op.Product+" "+strings.Join(op.Scopes(), " "))
		rank, all := len(op.Path), true
		for _, word := range words {
			switch {
			case strings.Contains(name, word):
			case strings.Contains(about, word):
				rank += 200
			default:
				all = false
			}
		}
		if all {
			hits = append(hits, hit{op, rank})
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(a.rank, b.rank) })
	var list []stagedoor.Operation
	for _, h := range hits[:min(len(hits), limit)] {
		list = append(list, h.op)
	}
	return list, nil
}

// PurposeRules are the least rules with which a caller can do what purposes are for:
// one that allows each operation.
func (a *App) PurposeRules(purposes []string) (stagedoor.RuleTexts, error) {
	var texts stagedoor.RuleTexts
	uses, err := usesOf(stagedoor.ScopeQuestion{Purposes: purposes})
	if err != nil {
		return texts, err
	}
	for _, use := range uses {
		if use.For == ForCheck {
			continue
		}
		text := stagedoor.RuleFor(use.Operation).String()
		if !slices.Contains(texts.Allow, text) {
			texts.Allow = append(texts.Allow, text)
		}
	}
	slices.Sort(texts.Allow)
	return texts, nil
}

// SnippetText is what [App.Snippet] writes.
func (a *App) SnippetText(ctx context.Context, name, form string) (string, error) {
	var b strings.Builder
	err := a.Snippet(ctx, &b, name, form)
	return b.String(), err
}
