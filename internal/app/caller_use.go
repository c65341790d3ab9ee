package app

import (
	"context"
	"encoding/json"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/caller"
)

// callerLines is how many of its newest lines a caller's use is told from.
const callerLines = 200

// CallerUse says what a caller did of late.
func (a *App) CallerUse(ctx context.Context, name string) (stagedoor.CallerUse, error) {
	who, err := a.FindCaller(ctx, name)
	if err != nil {
		return stagedoor.CallerUse{}, err
	}
	use := stagedoor.CallerUse{Recent: []stagedoor.Event{}, Actions: map[string]int{}}
	rows, err := a.store.LastActs(ctx, "caller "+who.Name, callerLines)
	if err != nil {
		return use, err
	}
	for _, row := range rows {
		var e stagedoor.Event
		if json.Unmarshal([]byte(row.Line), &e) != nil {
			continue
		}
		if use.LastAt.IsZero() {
			use.LastAt = e.At
		}
		use.Recent = append(use.Recent, e)
		use.Actions[e.Action]++
		if e.Result != stagedoor.ResultOf(nil) {
			use.Failed++
		}
	}
	report, err := a.QuotaOf(ctx, who.Credential)
	if stagedoor.KindOf(err) == stagedoor.KindNotFound && err != nil {
		return use, nil // a caller that was revoked may outlive its credential's name
	}
	for _, line := range report.Lines {
		if line.Caller == who.Name && line.Credential == who.Credential {
			use.Today += line.Calls
		}
	}
	return use, err
}

// QuotaOf is [App.Quota] of a credential by its slug, whatever its status.
func (a *App) QuotaOf(ctx context.Context, slug string) (stagedoor.QuotaReport, error) {
	_, c, err := a.saved(ctx, slug)
	if err != nil {
		return stagedoor.QuotaReport{}, err
	}
	return a.Quota(ctx, c)
}

// SnippetForms are what [App.SnippetText] writes.
func (a *App) SnippetForms() []string { return SnippetForms() }

// CallerDoubts are what may be a slip in rules that are only thought of.
func (a *App) CallerDoubts(ctx context.Context, credential string, texts stagedoor.RuleTexts) (reach []stagedoor.Reached, doubts []string, err error) {
	_, c, err := a.saved(ctx, credential)
	if err != nil {
		return nil, nil, err
	}
	callers, err := a.Callers(ctx)
	if err != nil {
		return nil, nil, err
	}
	rules, err := a.rules(c.Provider, texts)
	if err != nil {
		return nil, nil, err
	}
	return callers.Reach(stagedoor.Caller{Name: "it", Provider: c.Provider, Rules: rules}), callers.Doubts(c.Provider, rules), nil
}

// ParseCallerKeys reads the public keys with which a caller signs assertions.
func (a *App) ParseCallerKeys(document []byte) (string, error) { return caller.ParseKeys(document) }
