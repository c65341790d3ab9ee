package api

import (
	"context"
	"net/http"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Callers shows and changes callers. What each does stands at package app's.
type Callers interface {
	CallerList(ctx context.Context) ([]stagedoor.Caller, error)
	FindCaller(ctx context.Context, name string) (stagedoor.Caller, error)
	AddCaller(ctx context.Context, add stagedoor.NewCaller) (stagedoor.Caller, stagedoor.Secret, []string, error)
	SetCallerRules(ctx context.Context, name string, texts stagedoor.RuleTexts) (before, after stagedoor.Caller, doubts []string, err error)
	RotateCallerSecret(ctx context.Context, name string, keep time.Duration) (stagedoor.Caller, stagedoor.Secret, error)
	RevokeCaller(ctx context.Context, name string) (stagedoor.Caller, error)
	Decide(ctx context.Context, name, method, path string) (stagedoor.Decision, error)
	CallerMay(ctx context.Context, credential string, texts stagedoor.RuleTexts, method, path string) (stagedoor.Decision, error)
	CallerReach(ctx context.Context, who stagedoor.Caller) ([]stagedoor.Reached, error)
	PurposeRules(purposes []string) (stagedoor.RuleTexts, error)
	SnippetText(ctx context.Context, name, form string) (string, error)
}

func callerRoutes() []Route {
	const tag, one = "callers", Prefix + "/callers/{name}"
	rules := map[string]any{"allow": []string{"GET /report/**", "GET /users/*"}}
	return []Route{
		{
			ID: "listCallers", Method: http.MethodGet, Path: Prefix + "/callers", Role: stagedoor.RoleViewer, Tag: tag, Summary: "List callers",
			About: "In the order of their names, those that were revoked too.", register: does((*site).listCallers),
		},
		{
			ID: "addCaller", Method: http.MethodPost, Path: Prefix + "/callers", Role: stagedoor.RoleAdmin, Tag: tag, Status: http.StatusCreated, Summary: "Add a caller",
			About:   "Its secret stands in this answer and in no other. It may do what its rules allow, and nothing else.",
			Example: map[string]any{"name": "reports", "credential": "acme", "rules": rules, "quota_share": 0.2, "expires_in": "90d"}, register: does((*site).addCaller),
		},
		{
			ID: "getCaller", Method: http.MethodGet, Path: one, Role: stagedoor.RoleViewer, Tag: tag, Summary: "Show a caller", register: does((*site).getCaller),
		},
		{
			ID: "setCallerRules", Method: http.MethodPut, Path: one + "/rules", Role: stagedoor.RoleAdmin, Tag: tag, Summary: "Put other rules in the place of a caller's",
			About: "They count from the next request on. Doubts name what may be a slip.", Example: rules, register: does((*site).setRules),
		},
		{
			ID: "rotateCallerSecret", Method: http.MethodPost, Path: one + "/rotate-secret", Role: stagedoor.RoleAdmin, Tag: tag, Summary: "Give a caller a new secret",
			About: "It stands in this answer and in no other. The former one works on for a while.", Example: map[string]any{"keep": "24h"}, register: does((*site).rotateSecret),
		},
		{
			ID: "revokeCaller", Method: http.MethodPost, Path: one + "/revoke", Role: stagedoor.RoleAdmin, Tag: tag, Summary: "End a caller for good",
			register: does((*site).revokeCaller),
		},
		{
			ID: "decideForCaller", Method: http.MethodGet, Path: one + "/decision", Role: stagedoor.RoleViewer, Tag: tag, Summary: "Say whether a caller may make a request, and why",
			About: "Nothing is sent.", register: does((*site).decide),
		},
		{
			ID: "listCallerOperations", Method: http.MethodGet, Path: one + "/operations", Role: stagedoor.RoleViewer, Tag: tag, Summary: "List the operations that a caller may call",
			register: does((*site).reach),
		},
		{
			ID: "getCallerSnippet", Method: http.MethodGet, Path: one + "/snippet", Role: stagedoor.RoleOperator, Tag: tag, Summary: "Show how a program uses a caller",
			About: "A text to copy, with the name of a variable in the place of the secret.", register: does((*site).snippet),
		},
		{
			ID: "tryRules", Method: http.MethodPost, Path: Prefix + "/decisions", Role: stagedoor.RoleOperator, Tag: tag, Summary: "Say what rules would permit, before a caller has them",
			Example:  map[string]any{"credential": "acme", "rules": rules, "method": "GET", "path": "/users/me"},
			register: does((*site).tryRules),
		},
	}
}

// shownCaller is a caller as whoever asks may see it: a viewer no client id.
func shownCaller(ctx context.Context, c stagedoor.Caller) stagedoor.Caller {
	if viewer(ctx) {
		c.ID, c.CreatedBy, c.ChangedBy, c.RevokedBy = "", "", "", ""
	}
	return c
}

func (s *site) listCallers(ctx context.Context, in *struct{ Paged }) (*list[stagedoor.Caller], error) {
	all, err := s.Callers.CallerList(ctx)
	if err != nil {
		return nil, err
	}
	for i := range all {
		all[i] = shownCaller(ctx, all[i])
	}
	return pageOf(ctx, in.Paged, all, func(c stagedoor.Caller) string { return c.Name })
}

func (s *site) getCaller(ctx context.Context, in *ByName) (*body[stagedoor.Caller], error) {
	c, err := s.Callers.FindCaller(ctx, in.Name)
	return answer(shownCaller(ctx, c), err)
}

// AddedCaller is a caller that is to be added.
type AddedCaller struct {
	Name        string              `json:"name" minLength:"1" maxLength:"64" example:"reports"`
	Description string              `json:"description,omitempty" maxLength:"2000"`
	Credential  string              `json:"credential" minLength:"1" maxLength:"64" doc:"The slug of the credential that it is let through to" example:"acme"`
	Rules       stagedoor.RuleTexts `json:"rules,omitzero" doc:"What it may do. Allow and deny are a method and a path (\"GET /report/**\"), the others names of scopes"`
	Purposes    []string            `json:"purposes,omitempty" maxItems:"100" nullable:"false" doc:"Purposes whose operations are allowed beside the rules; listPurposes lists them"`
	Share       float64             `json:"quota_share,omitempty" minimum:"0" maximum:"1" doc:"The most of the account's rate that it takes while others wait; 0: no limit of its own"`
	AllowToken  bool                `json:"allow_token,omitempty" doc:"Lets it have Zoom's token itself, past every rule"`
	ExpiresIn   string              `json:"expires_in,omitempty" maxLength:"20" doc:"When it ends: 90d, 12h. Left out: it does not" example:"90d"`
}

// CallerSecret is a caller with what is shown of it once.
type CallerSecret struct {
	Caller       stagedoor.Caller `json:"caller"`
	ClientID     string           `json:"client_id"`
	ClientSecret string           `json:"client_secret" doc:"Shown here and nowhere again"`
	TokenURL     string           `json:"token_url" doc:"Where it gets its tokens (OAuth 2.0 client credentials)"`
	BaseURL      string           `json:"base_url" doc:"What stands for https://api.zoom.us"`
	Doubts       []string         `json:"doubts,omitempty" doc:"What may be a slip in its rules"`
}

func secretOf(ctx context.Context, c stagedoor.Caller, secret stagedoor.Secret, doubts []string) CallerSecret {
	base := arrivalOf(ctx).base
	return CallerSecret{c, c.ID, secret.Reveal(), base + "/oauth/token", base + "/to/" + c.Credential, doubts}
}

func (s *site) addCaller(ctx context.Context, in *struct{ Body AddedCaller }) (*body[CallerSecret], error) {
	n := in.Body
	add := stagedoor.NewCaller{RuleTexts: n.Rules}
	add.Name, add.Description, add.Credential, add.Share, add.AllowToken = n.Name, n.Description, n.Credential, n.Share, n.AllowToken
	if len(n.Purposes) > 0 {
		more, err := s.Callers.PurposeRules(n.Purposes)
		if err != nil {
			return nil, err
		}
		add.Allow, add.AllowScope = append(add.Allow, more.Allow...), append(add.AllowScope, more.AllowScope...)
	}
	if n.ExpiresIn != "" {
		in, err := length("expires_in", n.ExpiresIn)
		if err != nil {
			return nil, err
		}
		add.ExpiresAt = time.Now().UTC().Add(in)
	}
	c, secret, doubts, err := s.Callers.AddCaller(ctx, add)
	return answer(secretOf(ctx, c, secret, doubts), err)
}

// length is a length of time as a field has it; it must be more than nothing.
func length(field, text string) (time.Duration, error) {
	d, err := stagedoor.ParseLength(text)
	if err != nil || d <= 0 {
		return 0, &stagedoor.Error{
			Op: "read the request", Subject: field, Kind: stagedoor.KindUsage, Cause: "it is no length of time", Fix: "Write one such as 90d or 12h.",
		}
	}
	return d, nil
}

// Ruled is a caller after its rules were changed.
type Ruled struct {
	Caller stagedoor.Caller `json:"caller"`
	Doubts []string         `json:"doubts,omitempty" doc:"What may be a slip in its rules"`
}

type rulesRequest struct {
	ByName
	Body stagedoor.RuleTexts
}

func (s *site) setRules(ctx context.Context, in *rulesRequest) (*body[Ruled], error) {
	_, after, doubts, err := s.Callers.SetCallerRules(ctx, in.Name, in.Body)
	return answer(Ruled{after, doubts}, err)
}

// Keep is how long a former secret works on.
type Keep struct {
	Keep string `json:"keep,omitempty" maxLength:"20" doc:"How long the former secret works on: 24h (default), 7d, or 0 to end it at once" example:"24h"`
}

type rotateRequest struct {
	ByName
	Body *Keep `required:"false"`
}

// keptUsually is how long a former secret works on unless it is said, and keptAtMost
// the longest.
const (
	keptUsually = 24 * time.Hour
	keptAtMost  = 90 * 24 * time.Hour
)

func (s *site) rotateSecret(ctx context.Context, in *rotateRequest) (*body[CallerSecret], error) {
	keep := keptUsually
	if in.Body != nil && in.Body.Keep != "" {
		keep = 0
		if in.Body.Keep != "0" {
			var err error
			if keep, err = length("keep", in.Body.Keep); err == nil && keep > keptAtMost {
				err = &stagedoor.Error{Op: "read the request", Subject: "keep", Kind: stagedoor.KindUsage, Cause: "it is longer than 90 days", Fix: "Write hours (24h), days (7d), or 0 for not at all."}
			}
			if err != nil {
				return nil, err
			}
		}
	}
	c, secret, err := s.Callers.RotateCallerSecret(ctx, in.Name, keep)
	return answer(secretOf(ctx, c, secret, nil), err)
}

func (s *site) revokeCaller(ctx context.Context, in *ByName) (*body[stagedoor.Caller], error) {
	return answer(s.Callers.RevokeCaller(ctx, in.Name))
}

type decisionRequest struct {
	ByName
	Method string `query:"method" maxLength:"20" default:"GET" doc:"Of the request" example:"GET"`
	Path   string `query:"path" required:"true" maxLength:"2000" doc:"/users/me or /v2/users/me" example:"/users/me"`
}

func (s *site) decide(ctx context.Context, in *decisionRequest) (*body[stagedoor.Decision], error) {
	return answer(s.Callers.Decide(ctx, in.Name, in.Method, in.Path))
}

// CallerOperation is an operation that a caller may call.
type CallerOperation struct {
	Operation string   `json:"operation" example:"GET /users/{userId}"`
	Label     string   `json:"label" example:"Light"`
	Narrowed  string   `json:"narrowed,omitempty" doc:"The path as far as the rules allow it, where they do not allow the whole template"`
	Except    []string `json:"except,omitempty" doc:"Paths of the template that a rule denies all the same"`
}

type reachRequest struct {
	ByName
	Paged
}

func (s *site) reach(ctx context.Context, in *reachRequest) (*list[CallerOperation], error) {
	who, err := s.Callers.FindCaller(ctx, in.Name)
	if err != nil {
		return nil, err
	}
	reached, err := s.Callers.CallerReach(ctx, who)
	if err != nil {
		return nil, err
	}
	all := make([]CallerOperation, len(reached))
	for i, r := range reached {
		all[i] = CallerOperation{r.Name(), string(r.Label), r.Narrowed, r.Except}
	}
	return pageOf(ctx, in.Paged, all, func(o CallerOperation) string { return o.Operation + " " + o.Narrowed })
}

// Snippet is how a program uses a caller.
type Snippet struct {
	Text string `json:"text"`
}

type snippetRequest struct {
	ByName
	Form string `query:"form" required:"true" maxLength:"40" doc:"For which program: curl, python, go, node, salesforce …" example:"curl"`
}

func (s *site) snippet(ctx context.Context, in *snippetRequest) (*body[Snippet], error) {
	text, err := s.Callers.SnippetText(ctx, in.Name, in.Form)
	return answer(Snippet{text}, err)
}

// RuleTry is a request that is thought of, under rules that are.
type RuleTry struct {
	Credential string              `json:"credential" minLength:"1" maxLength:"64" example:"acme"`
	Rules      stagedoor.RuleTexts `json:"rules"`
	Method     string              `json:"method,omitempty" maxLength:"20" example:"GET"`
	Path       string              `json:"path" minLength:"1" maxLength:"2000" example:"/users/me"`
}

func (s *site) tryRules(ctx context.Context, in *struct{ Body RuleTry }) (*body[stagedoor.Decision], error) {
	t := in.Body
	return answer(s.Callers.CallerMay(ctx, t.Credential, t.Rules, t.Method, t.Path))
}
