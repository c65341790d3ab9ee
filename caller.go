package stagedoor

import (
	"strings"
	"time"
)

// Caller is a program that the gateway lets through to one credential. It may
// do what its rules allow, and nothing else.
type Caller struct {
	ID           string `json:"client_id"` // random, for ever; the client id of its OAuth requests
	Name         string `json:"name"`      // unique; what people and the ledger call it
	Description  string `json:"description,omitempty"`
	CredentialID string `json:"-"`
	Credential   string `json:"credential"` // the credential's slug; the store fills it in
	Provider     string `json:"-"`          // the credential's provider; the store fills it in
	// CredentialStatus is the credential's; the store fills it in.
	CredentialStatus Status `json:"-"`

	Rules []Rule `json:"rules"`
	// Share is the ceiling of the account's rate that it may use while others
	// wait, 0 to 1; 0: none of its own.
	Share float64 `json:"quota_share,omitempty"`
	// AllowToken lets it have the provider's token itself, past every rule.
	AllowToken bool `json:"allow_token,omitempty"`

	// Secrets are newest first. Two may live, so that a new one can be put in
	// place while the former still works.
	Secrets []CallerSecret `json:"-"`
	// Keys is a JSON Web Key Set (RFC 7517) of the public keys with which it may
	// sign assertions (private_key_jwt); empty: none.
	Keys string `json:"-"`

	CreatedAt time.Time `json:"created_at"`
	CreatedBy string    `json:"created_by"`
	ChangedAt time.Time `json:"changed_at"`
	ChangedBy string    `json:"changed_by"`
	ExpiresAt time.Time `json:"expires_at,omitzero"`
	RevokedAt time.Time `json:"revoked_at,omitzero"`
	RevokedBy string    `json:"revoked_by,omitempty"`
}

// The states of a caller.
const (
	CallerActive             = "active"
	CallerEnded              = "ended"
	CallerRevoked            = "revoked"
	CallerCredentialDisabled = "credential_disabled"
)

// State is how it stands with a caller in a word.
func (c Caller) State(now time.Time) string {
	switch {
	case !c.RevokedAt.IsZero():
		return CallerRevoked
	case !c.ExpiresAt.IsZero() && !now.Before(c.ExpiresAt):
		return CallerEnded
	case c.CredentialStatus == StatusDisabled:
		return CallerCredentialDisabled
	}
	return CallerActive
}

// FormerUntil is until when a caller's former secret works; zero if it does not.
func (c Caller) FormerUntil(now time.Time) time.Time {
	if len(c.Secrets) > 1 && now.Before(c.Secrets[1].ExpiresAt) {
		return c.Secrets[1].ExpiresAt
	}
	return time.Time{}
}

// CallerUse is what a caller did of late.
type CallerUse struct {
	LastAt  time.Time      `json:"last_at,omitzero"`
	Today   int            `json:"calls_today"` // of the API, by the account's ledger
	Recent  []Event        `json:"recent"`      // its newest lines of the audit, newest first
	Actions map[string]int `json:"actions"`     // how often each stands among Recent
	Failed  int            `json:"failed"`      // how many of Recent failed
}

// CallerSecret is what is kept of a caller's secret. The secret itself has 256
// random bits, so that one round of SHA-256 is enough to hide it.
type CallerSecret struct {
	Hash      []byte    `json:"hash"` // SHA-256
	CreatedAt time.Time `json:"created_at"`
	// ExpiresAt is set when a newer secret took its place; zero: it does not end.
	ExpiresAt time.Time `json:"expires_at,omitzero"`
}

// Rule allows or denies a caller some requests. Of those that match, a deny
// decides; where none denies, one that allows suffices.
type Rule struct {
	Deny    bool     `json:"deny,omitempty"`
	Methods []string `json:"methods,omitempty"` // upper case; empty: any
	// Path is a pattern of paths below the API's base: "*" stands for one
	// segment, "**" at the end for any number of them, also none. Empty where
	// Scope is given.
	Path string `json:"path,omitempty"`
	// Scope matches the operations that a token with this scope may call, by the
	// provider's table of operations.
	Scope string `json:"scope,omitempty"`
}

// String is the rule as flags write it, without allow or deny: "GET /report/**",
// "GET,HEAD /users/*", "/users/**", "report:read:admin".
func (r Rule) String() string {
	what := r.Path
	if r.Scope != "" {
		what = r.Scope
	}
	if len(r.Methods) == 0 {
		return what
	}
	return strings.Join(r.Methods, ",") + " " + what
}

// RuleFor is the rule that allows an operation, and nothing beside it.
func RuleFor(op Operation) Rule {
	parts := strings.Split(op.Path, "/")
	for i, part := range parts {
		if strings.Contains(part, "{") {
			parts[i] = "*"
		}
	}
	return Rule{Methods: []string{op.Method}, Path: strings.Join(parts, "/")}
}

// RuleTexts are rules as a person writes them. Allow and Deny have methods and a
// path ("GET /report/**"), AllowScope and DenyScope the name of a scope.
type RuleTexts struct {
	Allow      []string `json:"allow,omitempty"`
	AllowScope []string `json:"allow_scope,omitempty"`
	Deny       []string `json:"deny,omitempty"`
	DenyScope  []string `json:"deny_scope,omitempty"`
}

// NewCaller is a caller that is to be added, with what only its credential says:
// of Caller its Name, Description, Credential (a slug), Share, AllowToken, Keys and
// ExpiresAt count.
type NewCaller struct {
	Caller
	RuleTexts
	NoSecret bool // it signs with its Keys alone
}

// Reached is an operation of the provider's table that a caller may call.
type Reached struct {
	Operation
	// Narrowed is the path as far as the rules allow it, escaped: "/users/me" of
	// the template /users/{userId}. Empty: the whole template.
	Narrowed string `json:"narrowed,omitempty"`
	// Except are paths of the template, escaped, that a rule denies all the same:
	// "/users/me".
	Except []string `json:"except,omitempty"`
}
