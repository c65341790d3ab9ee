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
