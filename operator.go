package stagedoor

import "time"

// Role is what an operator may do. Each may do what the one before it may.
type Role string

// The roles.
const (
	RoleViewer   Role = "viewer"   // sees states and figures, no account or client id
	RoleOperator Role = "operator" // sees everything but secrets, and acts on runs
	RoleAdmin    Role = "admin"    // changes credentials, callers and operators
)

// Includes reports whether the role may do what other may.
func (r Role) Includes(other Role) bool {
	rank := map[Role]int{RoleViewer: 1, RoleOperator: 2, RoleAdmin: 3}
	return rank[other] > 0 && rank[r] >= rank[other]
}

// OperatorToken is what a program of an operator (a Prometheus server, say) shows
// to the daemon in the place of a person's sign-in. Only its hash is kept.
type OperatorToken struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"` // unique
	Role      Role      `json:"role"`
	Hash      []byte    `json:"-"` // SHA-256 of a token with 256 random bits
	CreatedAt time.Time `json:"created_at"`
	CreatedBy string    `json:"created_by"`
	ExpiresAt time.Time `json:"expires_at,omitzero"`
}

// Ended reports whether the token counts no more.
func (t OperatorToken) Ended(now time.Time) bool {
	return !t.ExpiresAt.IsZero() && !now.Before(t.ExpiresAt)
}

// Operator is a person who signs in to the page.
type Operator struct {
	ID   string `json:"id"`   // random, for ever
	Name string `json:"name"` // unique; what they sign in with: "anna"
	Role Role   `json:"role"`
	// Password is what argon2id made of it, with its parameters and salt, in the
	// form of the PHC (github.com/P-H-C/phc-string-format, read 2026-11); empty
	// until the invitation was accepted.
	Password     string    `json:"-"`
	CreatedAt    time.Time `json:"created_at"`
	CreatedBy    string    `json:"created_by"`
	PasswordAt   time.Time `json:"password_set_at,omitzero"`
	LastSignInAt time.Time `json:"last_sign_in_at,omitzero"`
}

// Invitation lets its bearer, once, set the password of an operator: of a new one,
// or of one whose password was reset. Only the hash of its link's secret is kept.
type Invitation struct {
	ID         string
	OperatorID string
	Hash       []byte // SHA-256 of 256 random bits
	CreatedAt  time.Time
	CreatedBy  string
	ExpiresAt  time.Time
}

// Session is one browser of an operator who signed in. Only the hash of the
// cookie's secret is kept.
type Session struct {
	ID         string
	OperatorID string
	Hash       []byte // SHA-256 of 256 random bits
	CreatedAt  time.Time
	SeenAt     time.Time // rounded, so that reading pages does not write each time
	ExpiresAt  time.Time // however much it is used
	From       string    // the address it was begun from
	Browser    string    // what the browser said of itself, shortened
}

// SignIn is what somebody shows in order to be let in to the page.
type SignIn struct {
	Name     string
	Password Secret
	From     string // the address that it comes from
	Browser  string // what the browser says of itself
	Known    Secret // what this browser was given when somebody last signed in from it; may be zero
}

// SignedIn is what somebody is given who was let in.
type SignedIn struct {
	Operator Operator
	Session  Session
	Cookie   Secret // of the session; only its hash is kept
	Known    Secret // shown with the next [SignIn], strangers' failures do not delay it
}
