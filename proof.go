package stagedoor

import "time"

// Proof is what a check of a credential found, step by step. It holds no secret
// and no token.
type Proof struct {
	Credential string    `json:"credential"`
	CheckedAt  time.Time `json:"checked_at"`
	Verified   bool      `json:"verified"`
	Steps      []Step    `json:"steps"`
	Scopes     []string  `json:"scopes"`
	Missing    []string  `json:"missing,omitempty"` // scopes that the credential's purposes need and the token lacks
	ExpiresAt  time.Time `json:"expires_at,omitzero"`
	AccountID  string    `json:"account_id,omitempty"` // as the API told it
	Owner      string    `json:"owner,omitempty"`      // e-mail of the user for whom the app acts
	Fitting    string    `json:"fitting,omitempty"`    // a validation URL inside the scopes, where the credential's is not
}

// Step is one question of a check and its answer.
type Step struct {
	Name   string  `json:"step"`   // "token", "scopes", "call", "account", "secret"
	Result string  `json:"result"` // "ok", "warn" or "fail"
	Says   string  `json:"says"`
	Notice *Notice `json:"notice,omitempty"`
}

// Watcher is told how far a check is, while it runs. It is called by one
// goroutine at a time.
type Watcher interface {
	Asking(what string) // what the check waits for now: "asking for a token"
	Found(Step)
}

// Proven is what a check of a credential that is not saved yet brought, for
// whoever saves it then. It is held in memory only, and never written anywhere.
type Proven struct {
	Proof Proof
	// Token is the one that the check minted; it becomes the shared one.
	Token Token
	// Print is the SHA-256 of what was proven: saving takes that, its secret
	// included, and nothing that was changed after the check.
	Print [32]byte
}

// Remark is what is odd about a value that somebody types, before it is tried. It
// never repeats the value.
type Remark struct {
	Field string `json:"field"` // "account_id"
	Says  string `json:"says"`
	Sure  bool   `json:"sure"` // it can not be right; otherwise it is only odd
}
