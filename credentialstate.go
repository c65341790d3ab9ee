package stagedoor

import "time"

// CredentialState is a credential and how it stands with it now: what a tile of
// the page shows. It holds no secret.
type CredentialState struct {
	Credential

	Token CredentialToken `json:"token"`
	Held  []string        `json:"scopes"` // of its token; empty where it has none
	Style ScopeStyle      `json:"scope_style,omitempty"`
	// QuotaToday are the calls of today (UTC) of the credential's whole account; nil
	// where they are not known.
	QuotaToday *QuotaToday `json:"quota_today,omitempty"`

	LastUsedAt time.Time `json:"last_used_at,omitzero"` // zero: it was never used, or not as far back as the audit goes
	LastUsedBy string    `json:"last_used_by,omitempty"`
	// SecretOld tells that the client secret is old enough for a reminder.
	SecretOld bool `json:"secret_due,omitempty"`

	Callers   []string `json:"callers"`   // names of those that are let through to it
	Schedules []string `json:"schedules"` // names
	// Trouble is the newest error that a person must mend; nil where there was none
	// since the credential was last proven.
	Trouble *Trouble `json:"trouble,omitempty"`
}

// CredentialToken tells of the token of a credential without the token.
type CredentialToken struct {
	State     TokenState `json:"state"` // [TokenExpired] also where there never was one
	MintedAt  time.Time  `json:"minted_at,omitzero"`
	ExpiresAt time.Time  `json:"expires_at,omitzero"`
	// NextRenewalAt is when it is renewed without anybody asking; zero: when
	// somebody asks next.
	NextRenewalAt time.Time `json:"next_renewal_at,omitzero"`
	// Failure is what the token endpoint refused last; nil where it did not, or
	// granted one since.
	Failure  *Notice   `json:"failure,omitempty"`
	FailedAt time.Time `json:"failed_at,omitzero"`
}

// QuotaToday are the calls of one UTC day of an account, of the daily limit that is
// nearest to its end.
type QuotaToday struct {
	Group string `json:"group"`
	Used  int    `json:"used"`
	Limit int    `json:"limit"` // 0: none
	Left  int    `json:"left"`
	All   int    `json:"all"` // the calls of all limits
	// Closed: the provider refuses until then; zero where it does not.
	Closed time.Time `json:"closed,omitzero"`
}

// Dependents is what goes, or ends, when a credential is removed.
type Dependents struct {
	Callers   []string `json:"callers"`
	Schedules []string `json:"schedules"`
	Runs      []string `json:"runs"` // that go on now, or wait
}
