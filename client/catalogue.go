package client

import (
	"context"
	"iter"
	"net/http"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Provider is a service that grants tokens.
type Provider struct {
	Name       string   `json:"name"`
	Title      string   `json:"title"`
	BuiltOn    string   `json:"built_on"` // whose operations and streams hold for it
	TokenURL   string   `json:"token_url"`
	APIURL     string   `json:"api_url"`
	Validation string   `json:"validation"`
	Hosts      []string `json:"hosts"`
	Fields     []struct {
		Name     string `json:"name"`
		Title    string `json:"title"`
		Where    string `json:"where"`
		Optional bool   `json:"optional"`
	} `json:"fields"`
}

// Providers lists providers.
func (c *Client) Providers(ctx context.Context) iter.Seq2[Provider, error] {
	return each[Provider](ctx, c, "/providers", nil)
}

// Provider shows a provider.
func (c *Client) Provider(ctx context.Context, name string) (Provider, error) {
	return get[Provider](ctx, c, "/providers"+in(name), nil)
}

// Operation is an operation of a provider's API.
type Operation struct {
	Operation string   `json:"operation"` // "GET /users/{userId}"
	Product   string   `json:"product"`
	Label     string   `json:"label"`
	Classic   []string `json:"classic_scopes"`  // any one suffices
	Granular  []string `json:"granular_scopes"` // any one suffices
	Roles     []string `json:"roles"`
}

// SearchOperations returns the operations of a provider (empty: zoom) in which all
// words are found, best first, at most 200.
func (c *Client) SearchOperations(ctx context.Context, provider, words string) ([]Operation, error) {
	type found struct {
		Items []Operation `json:"items"`
	}
	f, err := get[found](ctx, c, "/operations", set("provider", provider, "q", words, "limit", pageSize))
	return f.Items, err
}

// AuditQuery says which lines of the audit to list.
type AuditQuery struct {
	Since, Until time.Time // Until is exclusive
	Actor        string    // "caller reports"
	Credential   string    // slug
	Action       string    // "caller.add"
}

// AuditLine is a line of the audit.
type AuditLine struct {
	Arrival    int64           `json:"arrival"`
	Chain      int64           `json:"chain"`
	Sequence   int64           `json:"sequence"`
	Event      stagedoor.Event `json:"event"`
	Unreadable bool            `json:"unreadable"` // it was changed since it was written
}

// Audit lists who did what, the newest first.
func (c *Client) Audit(ctx context.Context, q AuditQuery) iter.Seq2[AuditLine, error] {
	query := set("actor", q.Actor, "credential", q.Credential, "action", q.Action)
	for name, at := range map[string]time.Time{"since": q.Since, "until": q.Until} {
		if !at.IsZero() {
			query.Set(name, at.UTC().Format(time.RFC3339Nano))
		}
	}
	return each[AuditLine](ctx, c, "/audit", query)
}

// AuditHead says how far the audit reaches, in one line that is to be kept elsewhere.
func (c *Client) AuditHead(ctx context.Context) (string, error) {
	type head struct {
		Head string `json:"head"`
	}
	h, err := get[head](ctx, c, "/audit/head", nil)
	return h.Head, err
}

// VerifyAudit looks for what was done to the audit; head is what [Client.AuditHead]
// said once, or empty. What was found stands in the report, which is no error.
func (c *Client) VerifyAudit(ctx context.Context, head string) (stagedoor.AuditReport, error) {
	body := map[string]string{}
	if head != "" {
		body["head"] = head
	}
	return act[stagedoor.AuditReport](ctx, c, http.MethodPost, "/audit/verify", body)
}

// Finding is one question of the doctor and its answer.
type Finding struct {
	Name       string                `json:"name"`
	Credential string                `json:"credential"` // empty: the machine
	Result     stagedoor.CheckResult `json:"result"`
	Says       string                `json:"says"`
	Fix        string                `json:"fix"`
	Kind       stagedoor.Kind        `json:"kind"`
	TookMS     int64                 `json:"took_ms"`
}

// Findings is what an examination found.
type Findings struct {
	Checks   []Finding `json:"checks"`
	OK       int       `json:"ok"`
	Warnings int       `json:"warnings"`
	Failures int       `json:"failures"`
	Skipped  int       `json:"skipped"`
}

// Examine finds what is wrong with the machine and with credentials; none: all.
func (c *Client) Examine(ctx context.Context, credentials ...string) (Findings, error) {
	return act[Findings](ctx, c, http.MethodPost, "/doctor", map[string][]string{"credentials": append([]string{}, credentials...)})
}

// Explain says what a raw error of a provider (empty: zoom) means.
func (c *Client) Explain(ctx context.Context, provider, text string) (stagedoor.Explanation, error) {
	body := map[string]string{"text": text}
	if provider != "" {
		body["provider"] = provider
	}
	return act[stagedoor.Explanation](ctx, c, http.MethodPost, "/explain", body)
}
