package client

import (
	"context"
	"iter"
	"net/http"

	"github.com/stagedoor/stagedoor"
)

const (
	operators = "/operators"
	tokens    = "/operator-tokens"
)

// Operators lists the people who sign in.
func (c *Client) Operators(ctx context.Context) iter.Seq2[stagedoor.Operator, error] {
	return each[stagedoor.Operator](ctx, c, operators, nil)
}

type invited struct {
	Operator stagedoor.Operator `json:"operator"`
	Link     text               `json:"link"`
}

// InviteOperator invites a person, and returns the one-time link with which they set
// their password.
func (c *Client) InviteOperator(ctx context.Context, name string, role stagedoor.Role) (stagedoor.Operator, stagedoor.Secret, error) {
	i, err := act[invited](ctx, c, http.MethodPost, operators, map[string]string{"name": name, "role": string(role)})
	return i.Operator, i.Link.Secret, err
}

// ResetOperator ends a person's password and sessions, and returns a new one-time link.
func (c *Client) ResetOperator(ctx context.Context, name string) (stagedoor.Operator, stagedoor.Secret, error) {
	i, err := act[invited](ctx, c, http.MethodPost, operators+in(name)+"/reset", nil)
	return i.Operator, i.Link.Secret, err
}

// SetOperatorRole gives a person another role, which counts at once.
func (c *Client) SetOperatorRole(ctx context.Context, name string, role stagedoor.Role) (stagedoor.Operator, error) {
	return act[stagedoor.Operator](ctx, c, http.MethodPut, operators+in(name)+"/role", map[string]string{"role": string(role)})
}

// RemoveOperator ends a person's access.
func (c *Client) RemoveOperator(ctx context.Context, name string) error {
	_, err := c.call(ctx, http.MethodDelete, operators+in(name), nil, nil, nil)
	return err
}

// OperatorTokens lists the tokens of programs.
func (c *Client) OperatorTokens(ctx context.Context) iter.Seq2[stagedoor.OperatorToken, error] {
	return each[stagedoor.OperatorToken](ctx, c, tokens, nil)
}

// AddOperatorToken makes a token for a program, which ends after a while: "365d";
// empty: it does not.
func (c *Client) AddOperatorToken(ctx context.Context, name string, role stagedoor.Role, expiresIn string) (stagedoor.OperatorToken, stagedoor.Secret, error) {
	type made struct {
		OperatorToken stagedoor.OperatorToken `json:"operator_token"`
		Token         text                    `json:"token"`
	}
	body := map[string]string{"name": name, "role": string(role)}
	if expiresIn != "" {
		body["expires_in"] = expiresIn
	}
	m, err := act[made](ctx, c, http.MethodPost, tokens, body)
	return m.OperatorToken, m.Token.Secret, err
}

// RemoveOperatorToken makes a token useless.
func (c *Client) RemoveOperatorToken(ctx context.Context, name string) error {
	_, err := c.call(ctx, http.MethodDelete, tokens+in(name), nil, nil, nil)
	return err
}
