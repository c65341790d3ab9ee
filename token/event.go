package token

import (
	"time"

	"github.com/stagedoor/stagedoor"
)

// EventKind says what happened.
type EventKind string

// The kinds of an [Event].
const (
	EventMinted        EventKind = "minted"          // the token endpoint granted a token
	EventAdopted       EventKind = "adopted"         // another process's token was taken over
	EventFailed        EventKind = "failed"          // no token was got; Err says why
	EventRetrying      EventKind = "retrying"        // an attempt failed and is made again at NextTry; Err says why
	EventSecretProven  EventKind = "secret_proven"   // the newest of several secrets worked: the older ones may be forgotten
	EventSecretOld     EventKind = "secret_old"      // the newest secret was refused, and an older one worked
	EventSharedFailed  EventKind = "shared_failed"   // the shared row could not be read or written; Err says why
	EventLeaseLost     EventKind = "lease_lost"      // another process took over, so the token just minted was thrown away
	EventAPIURLIgnored EventKind = "api_url_ignored" // the answer's API URL is not on the list of hosts
	EventLifetimeGuess EventKind = "lifetime_guess"  // the answer's lifetime was missing or made no sense; the provider's default counts
)

// Event is one thing that happened to a credential's token, for logs and for
// the credential's status. It holds no secret.
type Event struct {
	Kind    EventKind
	At      time.Time        // wall time, UTC
	Expiry  time.Time        // of the token, where there is one
	Err     *stagedoor.Error // what went wrong; nil if nothing did
	NextTry time.Time        // when a failed renewal is tried again; zero: when somebody asks
	Detail  string           // a sentence for the log; may be empty
}

// Person reports whether a person must act before it can work again.
func (e Event) Person() bool { return e.Err != nil && e.Err.Kind.Row().Person }

// State is what a [Source] knows of itself, for doctor and debug pages. It
// holds no secret.
type State struct {
	Token       stagedoor.TokenState `json:"token"`
	Minted      time.Time            `json:"minted,omitzero"`
	Expiry      time.Time            `json:"expiry,omitzero"`
	Scopes      []string             `json:"scopes,omitempty"`
	APIURL      string               `json:"api_url,omitempty"`
	Minting     bool                 `json:"minting"`               // a request is under way
	NextRenewal time.Time            `json:"next_renewal,omitzero"` // zero: when somebody asks
	Failure     *stagedoor.Error     `json:"failure,omitempty"`     // the last one, if nothing worked since
	FailedAt    time.Time            `json:"failed_at,omitzero"`
}
