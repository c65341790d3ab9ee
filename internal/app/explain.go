package app

import (
	"context"
	"strings"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/doctor"
)

// Explain says what an error text of a provider means and how to mend it: a raw
// answer, or another program's message around one.
func Explain(p stagedoor.Provider, text string) (stagedoor.Explanation, error) {
	if strings.TrimSpace(text) == "" {
		return stagedoor.Explanation{}, &stagedoor.Error{
			Op: "explain", Kind: stagedoor.KindUsage, Cause: "there is no text to explain",
			Fix: "Paste the error in quotes, or pipe it in: `stagedoor explain -`.",
		}
	}
	explained, rule, ok := doctor.Explain(p, text)
	if !ok {
		return stagedoor.Explanation{}, &stagedoor.Error{
			Op: "explain", Kind: stagedoor.KindNotFound, Cause: "nothing in the error table matches this text",
			Fix: "Paste the whole answer with its body, such as {\"code\":…,\"message\":…}; docs/errors.md lists what is known.",
		}
	}
	e := stagedoor.Explanation{Rule: rule, Notice: stagedoor.NoticeOf(explained), Hints: []string{}}
	if explained.Kind == stagedoor.KindScopeMissing {
		e.Hints = ScopeHintsIn(text)
	}
	return e, nil
}

// Explain is [Explain] by the provider's name.
func (a *App) Explain(_ context.Context, provider, text string) (stagedoor.Explanation, error) {
	p, err := a.Provider(provider)
	if err != nil {
		return stagedoor.Explanation{}, err
	}
	return Explain(p, text)
}

// Examine is [App.Doctor] in a daemon, whose settings could be read.
func (a *App) Examine(ctx context.Context, names []string, tell func(stagedoor.Check)) error {
	_, err := a.Doctor(ctx, names, nil, tell)
	return err
}
