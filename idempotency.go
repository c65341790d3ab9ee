package stagedoor

import "time"

// KeptAnswer is what is kept of a request that came with an idempotency key, so
// that the same request again gets the same answer and is not done twice.
type KeptAnswer struct {
	Token     string    // the id of the operator's token that it came with
	Key       []byte    // SHA-256 of the key
	Request   []byte    // a keyed hash of what was asked for
	Sealed    []byte    // the answer, which may hold a secret; empty until there is one
	CreatedAt time.Time // microseconds, UTC
}
