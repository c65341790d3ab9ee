package app

import (
	"context"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/operator"
)

// Operators returns the tokens of operators, of the database that is opened on
// first use.
func (a *App) Operators(ctx context.Context) (*operator.Operators, error) {
	a.operatorsOnce.Lock()
	defer a.operatorsOnce.Unlock()
	if a.operators != nil {
		return a.operators, nil
	}
	if _, err := a.Vault(ctx); err != nil { // it opens the store
		return nil, err
	}
	a.operators = operator.Open(a.store, operator.Options{})
	return a.operators, nil
}

// AddOperatorToken makes a token by its name, role and end, and returns it; it is
// shown nowhere again.
func (a *App) AddOperatorToken(ctx context.Context, t stagedoor.OperatorToken) (stagedoor.OperatorToken, stagedoor.Secret, error) {
	operators, err := a.Operators(ctx)
	if err != nil {
		return t, stagedoor.Secret{}, err
	}
	t.CreatedBy = By(ctx)
	made, secret, err := operators.Add(ctx, t)
	return made, secret, a.Did(ctx, stagedoor.Event{Action: "operator-token.add", Subject: "operator token " + t.Name, Detail: "role " + string(t.Role)}, err)
}

// OperatorTokens returns all tokens in the order of their names.
func (a *App) OperatorTokens(ctx context.Context) ([]stagedoor.OperatorToken, error) {
	operators, err := a.Operators(ctx)
	if err != nil {
		return nil, err
	}
	return operators.List(ctx)
}

// RemoveOperatorToken makes a token useless.
func (a *App) RemoveOperatorToken(ctx context.Context, name string) error {
	operators, err := a.Operators(ctx)
	if err != nil {
		return err
	}
	return a.Did(ctx, stagedoor.Event{Action: "operator-token.remove", Subject: "operator token " + name}, operators.Remove(ctx, name))
}
