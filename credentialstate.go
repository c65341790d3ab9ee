package stagedoor

import "time"

// CredentialState is a credential and how it stands with it now: what a tile of
// the page shows. It holds no secret.
type CredentialState struct {
	Credential

	Token CredentialToken `json:"token"`
	Held  HeldScopes      `json:"scopes"`
	// QuotaToday are the calls of today (UTC) of the credential's whole account; nil
	// where they are not known.
	QuotaToday *QuotaToday `json:"quota_today,omitempty"`

	LastUsedAt time.Time `json:"last_used_at,omitzero"` // zero: it was never used, or not since this is noted
	LastUsedBy string    `json:"last_used_by,omitempty"`
	// SecretAge is how long ago the client secret was set.
	SecretAge time.Duration `json:"-"`
	// SecretDue tells that it is old enough for a reminder.
	SecretDue bool `json:"secret_due,omitempty"`

	Callers   []string `json:"callers"`   // names of those that are let through to it
	Schedules []string `json:"schedules"` // names
	// Trouble is the newest error; nil where there was none.
	Trouble *Trouble `json:"trouble,omitempty"`
}

// CredentialToken tells of the token of a credential without the token.
type CredentialToken struct {
	State     TokenState `json:"state"`
	MintedAt  time.Time  `json:"minted_at,omitzero"`
	ExpiresAt time.Time  `json:"expires_at,omitzero"`
	// NextRenewalAt is when it is renewed without anybody asking; zero: when
	// somebody asks next.
	NextRenewalAt time.Time `json:"next_renewal_at,omitzero"`
	// Failure says why the token endpoint refused the last time, and Fix what to do;
	// empty where it did not.
	FailedAt time.Time `json:"failed_at,omitzero"`
	Kind     Kind      `json:"kind,omitempty"` // of the failure
	Failure  string    `json:"failure,omitempty"`
	Fix      string    `json:"fix,omitempty"`
}

// HeldScopes are the scopes of a credential's token.
type HeldScopes struct {
	Scopes []string   `json:"held"`
	Style  ScopeStyle `json:"style,omitempty"` // "" where the names do not tell
	Minted time.Time  `json:"minted_at,omitzero"`
	// Before tells that the token was minted before it was asked for here: scopes
	// that were added to the app since do not stand in it.
	Before bool `json:"-"`
}

// QuotaToday are the calls of one UTC day of an account, those of the daily limit
// that is nearest to its end.
type QuotaToday struct {
	Group  string  `json:"group"`
	Labels []Label `json:"labels"`
	Used   int     `json:"used"`
	Limit  int     `json:"limit"` // 0: none
	Left   int     `json:"left"`
	// All are the calls of all labels.
	All int `json:"all"`
	// Closed: the provider refuses until then; zero where it does not.
	Closed time.Time `json:"closed,omitzero"`
}
