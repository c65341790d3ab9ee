package api

import (
	"cmp"
	"context"
	"net/http"
	"strings"

	"github.com/stagedoor/stagedoor"
)

// Health looks whether all is well, and explains what is not. What each does stands
// at package app's.
type Health interface {
	Examine(ctx context.Context, names []string, tell func(stagedoor.Check)) error
	Explain(ctx context.Context, provider, text string) (stagedoor.Explanation, error)
}

func healthRoutes() []Route {
	const tag = "health"
	return []Route{
		{
			ID: "examine", Method: http.MethodPost, Path: Prefix + "/doctor", Role: stagedoor.RoleOperator, Tag: tag, Summary: "Find what is wrong, and how to mend it",
			About:   "Looks at the machine, the way to Zoom and each credential, or those that are named. It makes three calls a credential and mints one token.",
			Example: map[string]any{"credentials": []string{"acme"}}, register: does((*site).examine),
		},
		{
			ID: "explain", Method: http.MethodPost, Path: Prefix + "/explain", Role: stagedoor.RoleViewer, Tag: tag, Summary: "Say what a raw error means",
			About:   "Any error text: Zoom's raw answer, or another program's message around it. Nothing of the text stands in the answer but codes and names of scopes that the error table knows.",
			Example: map[string]any{"text": `{"code":4711,"message":"Invalid access token, does not contain scopes:[report:read:admin]."}`}, register: does((*site).explain),
		},
	}
}

// Patients are the credentials that are to be examined.
type Patients struct {
	Credentials []string `json:"credentials,omitempty" maxItems:"200" nullable:"false" doc:"Their slugs; none: all"`
}

// Findings is what an examination found.
type Findings struct {
	Checks   []Finding `json:"checks" nullable:"false"`
	OK       int       `json:"ok"`
	Warnings int       `json:"warnings"`
	Failures int       `json:"failures"`
	Skipped  int       `json:"skipped"`
}

// Finding is one question and its answer.
type Finding struct {
	Name       string                `json:"name" example:"tls"`
	Credential string                `json:"credential,omitempty" doc:"Empty: the machine"`
	Result     stagedoor.CheckResult `json:"result" enum:"ok,warn,fail,skip"`
	Says       string                `json:"says"`
	Fix        string                `json:"fix,omitempty"`
	Kind       stagedoor.Kind        `json:"kind,omitempty"`
	TookMS     int64                 `json:"took_ms"`
}

func (s *site) examine(ctx context.Context, in *struct {
	Body *Patients `required:"false"`
},
) (*body[Findings], error) {
	var names []string
	if in.Body != nil {
		names = in.Body.Credentials
	}
	f := Findings{Checks: []Finding{}}
	err := s.Health.Examine(ctx, names, func(c stagedoor.Check) {
		fix := c.Fix
		if c.Credential != "" {
			fix = strings.ReplaceAll(fix, "NAME", c.Credential)
		}
		f.Checks = append(f.Checks, Finding{c.Name, c.Credential, c.Result, c.Says, fix, c.Kind, c.Took.Milliseconds()})
		switch c.Result {
		case stagedoor.CheckOK:
			f.OK++
		case stagedoor.CheckWarn:
			f.Warnings++
		case stagedoor.CheckFail:
			f.Failures++
		case stagedoor.CheckSkip:
			f.Skipped++
		}
	})
	return answer(f, err)
}

// RawError is an error text.
type RawError struct {
	Text     string `json:"text" minLength:"1" maxLength:"100000"`
	Provider string `json:"provider,omitempty" maxLength:"64" doc:"Whose error it is; default: zoom"`
}

func (s *site) explain(ctx context.Context, in *struct{ Body RawError }) (*body[stagedoor.Explanation], error) {
	provider := cmp.Or(in.Body.Provider, stagedoor.Zoom.Name)
	if err := s.knows(provider); err != nil {
		return nil, err
	}
	return answer(s.Health.Explain(ctx, provider, in.Body.Text))
}
