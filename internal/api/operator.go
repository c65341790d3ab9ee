package api

import (
	"context"
	"net/http"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Operators shows and changes who signs in, and the tokens of programs. What each
// does stands at package app's.
type Operators interface {
	OperatorList(ctx context.Context) ([]stagedoor.Operator, error)
	InviteOperator(ctx context.Context, name string, role stagedoor.Role) (stagedoor.Operator, stagedoor.Secret, error)
	ResetOperator(ctx context.Context, name string) (stagedoor.Operator, stagedoor.Secret, error)
	RemoveOperator(ctx context.Context, name string) error
	SetOperatorRole(ctx context.Context, name string, role stagedoor.Role) (stagedoor.Operator, error)

	OperatorTokens(ctx context.Context) ([]stagedoor.OperatorToken, error)
	AddOperatorToken(ctx context.Context, t stagedoor.OperatorToken) (stagedoor.OperatorToken, stagedoor.Secret, error)
	RemoveOperatorToken(ctx context.Context, name string) error
}

func operatorRoutes() []Route {
	const tag, one = "operators", Prefix + "/operators/{name}"
	return []Route{
		{
			ID: "listOperators", Method: http.MethodGet, Path: Prefix + "/operators", Role: stagedoor.RoleAdmin, Tag: tag, Summary: "List the people who sign in",
			register: does((*site).listOperators),
		},
		{
			ID: "inviteOperator", Method: http.MethodPost, Path: Prefix + "/operators", Role: stagedoor.RoleAdmin, Tag: tag, Status: http.StatusCreated, Summary: "Invite a person",
			About:   "The one-time link with which they set their password stands in this answer and in no other.",
			Example: map[string]any{"name": "anna", "role": "operator"}, register: does((*site).inviteOperator),
		},
		{
			ID: "setOperatorRole", Method: http.MethodPut, Path: one + "/role", Role: stagedoor.RoleAdmin, Tag: tag, Summary: "Give a person another role",
			About: "It counts at once.", Example: map[string]any{"role": "viewer"}, register: does((*site).setRole),
		},
		{
			ID: "resetOperator", Method: http.MethodPost, Path: one + "/reset", Role: stagedoor.RoleAdmin, Tag: tag, Summary: "End a person's password and sessions",
			About: "A new one-time link stands in this answer and in no other.", register: does((*site).resetOperator),
		},
		{
			ID: "removeOperator", Method: http.MethodDelete, Path: one, Role: stagedoor.RoleAdmin, Tag: tag, Status: http.StatusNoContent, Summary: "End a person's access",
			register: does((*site).removeOperator),
		},
		{
			ID: "listOperatorTokens", Method: http.MethodGet, Path: Prefix + "/operator-tokens", Role: stagedoor.RoleAdmin, Tag: tag, Summary: "List the tokens of programs",
			register: does((*site).listTokens),
		},
		{
			ID: "addOperatorToken", Method: http.MethodPost, Path: Prefix + "/operator-tokens", Role: stagedoor.RoleAdmin, Tag: tag, Status: http.StatusCreated, Summary: "Make a token for a program",
			About:   "It stands in this answer and in no other.",
			Example: map[string]any{"name": "grafana", "role": "viewer", "expires_in": "365d"}, register: does((*site).addToken),
		},
		{
			ID: "removeOperatorToken", Method: http.MethodDelete, Path: Prefix + "/operator-tokens/{name}", Role: stagedoor.RoleAdmin, Tag: tag, Status: http.StatusNoContent,
			Summary: "Make a token useless", register: does((*site).removeToken),
		},
	}
}

func (s *site) listOperators(ctx context.Context, in *struct{ Paged }) (*list[stagedoor.Operator], error) {
	all, err := s.Operators.OperatorList(ctx)
	if err != nil {
		return nil, err
	}
	return pageOf(ctx, in.Paged, all, func(o stagedoor.Operator) string { return o.Name })
}

// NewOperator is a person who is to be invited.
type NewOperator struct {
	Name string `json:"name" minLength:"1" maxLength:"64" example:"anna"`
	Role string `json:"role" enum:"viewer,operator,admin"`
}

// Invited is a person with the link that lets them set their password.
type Invited struct {
	Operator stagedoor.Operator `json:"operator"`
	Link     string             `json:"link" doc:"One-time, and shown here and nowhere again. What is behind the # reaches no server and no log"`
}

func invited(ctx context.Context, o stagedoor.Operator, link stagedoor.Secret) Invited {
	return Invited{o, arrivalOf(ctx).base + "/invitation#" + link.Reveal()}
}

func (s *site) inviteOperator(ctx context.Context, in *struct{ Body NewOperator }) (*body[Invited], error) {
	o, link, err := s.Operators.InviteOperator(ctx, in.Body.Name, stagedoor.Role(in.Body.Role))
	return answer(invited(ctx, o, link), err)
}

// NewRole is the role that a person gets.
type NewRole struct {
	Role string `json:"role" enum:"viewer,operator,admin"`
}

type roleRequest struct {
	ByName
	Body NewRole
}

func (s *site) setRole(ctx context.Context, in *roleRequest) (*body[stagedoor.Operator], error) {
	return answer(s.Operators.SetOperatorRole(ctx, in.Name, stagedoor.Role(in.Body.Role)))
}

func (s *site) resetOperator(ctx context.Context, in *ByName) (*body[Invited], error) {
	o, link, err := s.Operators.ResetOperator(ctx, in.Name)
	return answer(invited(ctx, o, link), err)
}

func (s *site) removeOperator(ctx context.Context, in *ByName) (*none, error) {
	return &none{}, s.Operators.RemoveOperator(ctx, in.Name)
}

func (s *site) listTokens(ctx context.Context, in *struct{ Paged }) (*list[stagedoor.OperatorToken], error) {
	all, err := s.Operators.OperatorTokens(ctx)
	if err != nil {
		return nil, err
	}
	return pageOf(ctx, in.Paged, all, func(t stagedoor.OperatorToken) string { return t.Name })
}

// NewToken is a token that is to be made.
type NewToken struct {
	Name      string `json:"name" minLength:"1" maxLength:"64" doc:"After the program that will use it" example:"grafana"`
	Role      string `json:"role" enum:"viewer,operator,admin"`
	ExpiresIn string `json:"expires_in,omitempty" maxLength:"20" doc:"When it ends: 90d, 12h. Left out: it does not" example:"365d"`
}

// MadeToken is a token with what is shown of it once.
type MadeToken struct {
	OperatorToken stagedoor.OperatorToken `json:"operator_token"`
	Token         string                  `json:"token" doc:"Shown here and nowhere again"`
}

func (s *site) addToken(ctx context.Context, in *struct{ Body NewToken }) (*body[MadeToken], error) {
	t := stagedoor.OperatorToken{Name: in.Body.Name, Role: stagedoor.Role(in.Body.Role)}
	if in.Body.ExpiresIn != "" {
		in, err := length("expires_in", in.Body.ExpiresIn)
		if err != nil {
			return nil, err
		}
		t.ExpiresAt = time.Now().UTC().Add(in)
	}
	made, secret, err := s.Operators.AddOperatorToken(ctx, t)
	return answer(MadeToken{made, secret.Reveal()}, err)
}

func (s *site) removeToken(ctx context.Context, in *ByName) (*none, error) {
	return &none{}, s.Operators.RemoveOperatorToken(ctx, in.Name)
}
