package stagedoor

import (
	"strings"
	"time"
	"unicode"
)

// DefaultSlug is the slug of the credential that was added without a name;
// commands that name none use it.
const DefaultSlug = "default"

// EnvSlug names the credential that is read from ZOOM_ACCOUNT_ID,
// ZOOM_CLIENT_ID and ZOOM_CLIENT_SECRET and stored nowhere.
const EnvSlug = "env"

// Credential is what an app at a provider was given, and how we use it.
type Credential struct {
	ID          string            `json:"id"`   // random, for ever; part of what its seal is bound to
	Slug        string            `json:"slug"` // unique; what commands and URLs call it
	Name        string            `json:"name"` // free text
	Description string            `json:"description,omitempty"`
	Provider    string            `json:"provider"`
	AccountID   string            `json:"account_id"`
	ClientID    string            `json:"client_id"`
	Plan        Plan              `json:"plan"`
	Purposes    []string          `json:"purposes,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`

	// TokenURL, APIURL and ValidationURL are empty where the provider's own
	// are used. An APIURL means the same with and without the provider's base
	// path (/v2).
	TokenURL      string `json:"token_url,omitempty"`
	APIURL        string `json:"api_url,omitempty"`
	ValidationURL string `json:"validation_url,omitempty"`
	// AllowHosts are HOST or HOST:PORT to which requests with this credential
	// may go beside the provider's own hosts.
	AllowHosts []string `json:"allow_hosts,omitempty"`

	// ClientSecrets are newest first; those before stay until a newer one has
	// worked once.
	ClientSecrets []Secret `json:"-"`
	// SecretUnproven says that there is more than one: the newest has not
	// worked yet, and one before it may be in use.
	SecretUnproven bool `json:"secret_unproven,omitempty"`

	Status       Status    `json:"status"`
	StatusReason string    `json:"status_reason,omitempty"`
	Used         bool      `json:"-"` // a token was handed out: the slug is fixed
	CreatedAt    time.Time `json:"created_at"`
	CreatedBy    string    `json:"created_by"`
	ChangedAt    time.Time `json:"changed_at"`
	ChangedBy    string    `json:"changed_by"`
	SecretSetAt  time.Time `json:"secret_set_at"`
	CheckedAt    time.Time `json:"checked_at,omitzero"`
	CheckedBy    string    `json:"checked_by,omitempty"`
}

// Status is what is known of a credential.
type Status string

// The statuses of a credential.
const (
	StatusUnverified Status = "unverified" // saved without a check
	StatusVerified   Status = "verified"   // a check proved it
	StatusFailing    Status = "failing"    // the last check or mint was refused; the reason says by what
	StatusDisabled   Status = "disabled"   // switched off by a person
)

// Plan is the Zoom plan of an account, which decides its rate limits. Zoom's
// API does not tell it, so a person does.
// Source: developers.zoom.us/docs/api/rate-limits, read 2026-11.
type Plan string

// The plans. Education, enterprise and partner accounts count as business.
const (
	PlanFree     Plan = "free"
	PlanPro      Plan = "pro"
	PlanBusiness Plan = "business"
)

// ParsePlan understands the names of plans as people write them; empty is pro.
func ParsePlan(text string) (Plan, error) {
	switch strings.ToLower(strings.TrimSuffix(strings.TrimSpace(text), "+")) {
	case "free", "basic":
		return PlanFree, nil
	case "", "pro":
		return PlanPro, nil
	case "business", "education", "enterprise", "partner", "partners":
		return PlanBusiness, nil
	}
	return "", &Error{
		Op: "read the plan", Subject: "\"" + text + "\"", Kind: KindUsage,
		Cause: "it is not a Zoom plan that Stagedoor knows",
		Fix:   "Use free, pro or business (education, enterprise and partners count as business).",
	}
}

// Slugify derives a slug from a display name: lower-case letters, digits and
// single hyphens. It returns "" where nothing is left.
func Slugify(name string) string {
	var b strings.Builder
	gap := false
	for _, r := range strings.ToLower(name) {
		if r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			if gap && b.Len() > 0 {
				b.WriteByte('-')
			}
			gap = false
			b.WriteRune(r)
			continue
		}
		gap = true
	}
	return b.String()
}

// RenewSecretAfter is the age from which people are reminded to put a new
// client secret in place. Zoom's never end by themselves, so that this is our
// advice and no limit.
const RenewSecretAfter = 90 * 24 * time.Hour

// SecretDue reports whether the client secret is old enough for a reminder.
// While a new one is being put in place there is nothing to remind of.
func (c Credential) SecretDue(now time.Time) bool {
	return !c.SecretSetAt.IsZero() && !c.SecretUnproven && now.Sub(c.SecretSetAt) >= RenewSecretAfter
}

// SealedCredential is a credential as the store keeps it: everything that may
// be read without the key in Credential, the rest in Fields, each sealed by
// the credential's own data key, which is itself sealed in DataKey.
type SealedCredential struct {
	Credential
	DataKey []byte
	Fields  map[string][]byte
}
