package client

import (
	"context"
	"iter"
	"net/http"

	"github.com/stagedoor/stagedoor"
)

const callers = "/callers"

// Callers lists callers in the order of their names, those that were revoked too.
func (c *Client) Callers(ctx context.Context) iter.Seq2[stagedoor.Caller, error] {
	return each[stagedoor.Caller](ctx, c, callers, nil)
}

// Caller shows a caller.
func (c *Client) Caller(ctx context.Context, name string) (stagedoor.Caller, error) {
	return get[stagedoor.Caller](ctx, c, callers+in(name), nil)
}

// NewCaller is a caller that is to be added.
type NewCaller struct {
	Name        string              `json:"name"`
	Description string              `json:"description,omitempty"`
	Credential  string              `json:"credential"` // slug
	Rules       stagedoor.RuleTexts `json:"rules,omitzero"`
	Purposes    []string            `json:"purposes,omitempty"` // whose operations are allowed beside the rules
	Share       float64             `json:"quota_share,omitempty"`
	AllowToken  bool                `json:"allow_token,omitempty"`
	ExpiresIn   string              `json:"expires_in,omitempty"` // "90d"; empty: it does not end
}

// CallerSecret is a caller with the secret that is shown once.
type CallerSecret struct {
	Caller       stagedoor.Caller
	ClientSecret stagedoor.Secret
	TokenURL     string
	BaseURL      string
	Doubts       []string // what may be a slip in its rules
}

type callerSecret struct {
	Caller       stagedoor.Caller `json:"caller"`
	ClientSecret text             `json:"client_secret"`
	TokenURL     string           `json:"token_url"`
	BaseURL      string           `json:"base_url"`
	Doubts       []string         `json:"doubts"`
}

func (s callerSecret) shown() CallerSecret {
	return CallerSecret{s.Caller, s.ClientSecret.Secret, s.TokenURL, s.BaseURL, s.Doubts}
}

// AddCaller adds a caller.
func (c *Client) AddCaller(ctx context.Context, n NewCaller) (CallerSecret, error) {
	s, err := act[callerSecret](ctx, c, http.MethodPost, callers, n)
	return s.shown(), err
}

// RotateCallerSecret gives a caller a new secret. The former one works on for as long
// as keep says: "24h", "7d", "0"; empty: 24 hours.
func (c *Client) RotateCallerSecret(ctx context.Context, name, keep string) (CallerSecret, error) {
	body := map[string]string{}
	if keep != "" {
		body["keep"] = keep
	}
	s, err := act[callerSecret](ctx, c, http.MethodPost, callers+in(name)+"/rotate-secret", body)
	return s.shown(), err
}

// SetCallerRules puts other rules in the place of a caller's, and says what may be a
// slip in them.
func (c *Client) SetCallerRules(ctx context.Context, name string, rules stagedoor.RuleTexts) (caller stagedoor.Caller, doubts []string, err error) {
	type ruled struct {
		Caller stagedoor.Caller `json:"caller"`
		Doubts []string         `json:"doubts"`
	}
	r, err := act[ruled](ctx, c, http.MethodPut, callers+in(name)+"/rules", rules)
	return r.Caller, r.Doubts, err
}

// RevokeCaller ends a caller for good.
func (c *Client) RevokeCaller(ctx context.Context, name string) (stagedoor.Caller, error) {
	return act[stagedoor.Caller](ctx, c, http.MethodPost, callers+in(name)+"/revoke", nil)
}

// Decide says whether a caller may make a request, and why. Nothing is sent to Zoom.
func (c *Client) Decide(ctx context.Context, name, method, path string) (stagedoor.Decision, error) {
	return get[stagedoor.Decision](ctx, c, callers+in(name)+"/decision", set("method", method, "path", path))
}

// TryRules says what rules would permit, before a caller has them.
func (c *Client) TryRules(ctx context.Context, credential string, rules stagedoor.RuleTexts, method, path string) (stagedoor.Decision, error) {
	return act[stagedoor.Decision](ctx, c, http.MethodPost, "/decisions", struct {
		Credential string              `json:"credential"`
		Rules      stagedoor.RuleTexts `json:"rules"`
		Method     string              `json:"method,omitempty"`
		Path       string              `json:"path"`
	}{credential, rules, method, path})
}

// CallerOperation is an operation that a caller may call.
type CallerOperation struct {
	Operation string   `json:"operation"` // "GET /users/{userId}"
	Label     string   `json:"label"`
	Narrowed  string   `json:"narrowed"` // the path as far as the rules allow it
	Except    []string `json:"except"`
}

// CallerOperations lists what a caller may call.
func (c *Client) CallerOperations(ctx context.Context, name string) iter.Seq2[CallerOperation, error] {
	return each[CallerOperation](ctx, c, callers+in(name)+"/operations", nil)
}

// CallerSnippet is how a program uses a caller: "curl", "python", "go" …
func (c *Client) CallerSnippet(ctx context.Context, name, form string) (string, error) {
	type snippet struct {
		Text string `json:"text"`
	}
	s, err := get[snippet](ctx, c, callers+in(name)+"/snippet", set("form", form))
	return s.Text, err
}
