package stagedoor

import "time"

// Token is an access token and what came with it.
type Token struct {
	Value  Secret
	Type   string    // "Bearer"
	Expiry time.Time // wall time, UTC, without a monotonic reading
	Scopes []string
	APIURL string    // where its API is, without the base path; empty if the provider did not say
	Minted time.Time // wall time, UTC
}

// TokenState is how usable a token is.
type TokenState string

// The states of a token.
const (
	TokenFresh   TokenState = "fresh"   // use it
	TokenStale   TokenState = "stale"   // use it, and renew it
	TokenExpired TokenState = "expired" // do not use it
)

// State tells how usable the token is at now, when it is to be renewed margin
// before its expiry.
func (t Token) State(now time.Time, margin time.Duration) TokenState {
	switch {
	case t.Value.IsZero() || !now.Before(t.Expiry):
		return TokenExpired
	case !now.Before(t.Expiry.Add(-margin)):
		return TokenStale
	}
	return TokenFresh
}

// TokenRow is the current token of one credential as processes share it. The
// zero TokenRow has no token and no lease.
type TokenRow struct {
	Token Token
	// Fence grows by one with every lease that was taken. A write that carries
	// an older fence than the row's is dropped: its writer lost the lease.
	Fence      int64
	LeaseUntil time.Time // somebody is minting until then; zero if nobody is
	// Refused is the last refusal of the token endpoint, kept so that many
	// processes do not hammer it; nil after a token was saved.
	Refused   *Error
	RefusedAt time.Time
}

// SealedTokenRow is a [TokenRow] as the store keeps it.
type SealedTokenRow struct {
	CredentialID string
	Sealed       []byte // the token; empty if there is none
	Expiry       time.Time
	Fence        int64
	LeaseUntil   time.Time
	Refused      []byte // JSON of the refusal (kind, cause, fix); it holds no secret
	RefusedAt    time.Time
}
