package stagedoor

import (
	"slices"
	"strings"
	"time"
)

// ScopeStyle is one of Zoom's two vocabularies of scopes. An app has one of them: a
// new app (since March 2024) the granular one, an older app the classic one.
// Source: developers.zoom.us/docs/internal-apps/oauth-scopes, read 2026-11.
type ScopeStyle string

// The styles.
const (
	ClassicScopes  ScopeStyle = "classic"  // resource:action[:admin]: report:read:admin
	GranularScopes ScopeStyle = "granular" // service:action:claim[:admin]: report:read:list_users:admin
)

// ParseScopeStyle understands the name of a style; empty is granular, which is
// what a new app has.
func ParseScopeStyle(text string) (ScopeStyle, error) {
	switch ScopeStyle(strings.ToLower(text)) {
	case "", GranularScopes:
		return GranularScopes, nil
	case ClassicScopes:
		return ClassicScopes, nil
	}
	return "", &Error{
		Op: "read the flags", Subject: "--style " + text, Kind: KindUsage,
		Cause: "there is no such style of scopes",
		Fix:   "Use granular (names such as report:read:list_users:admin, in apps made since 2024) or classic (such as report:read:admin).",
	}
}

// ScopeQuestion is what scopes are wanted for. The call that proves a
// credential always belongs to it.
type ScopeQuestion struct {
	Style      ScopeStyle // "": granular, or in a comparison the token's
	Purposes   []string
	Streams    []string // names of streams and families, or "all"
	Operations []string // "GET /users/{userId}", "/users/me"
	Validation string   // the validation URL; "" is the provider's own
}

// ScopeList is the least list of scopes for some uses.
type ScopeList struct {
	Style  ScopeStyle    `json:"style"`
	Needs  []ScopeNeed   `json:"scopes"` // sorted by scope, as Zoom's Scopes page groups them
	Closed []ScopeClosed `json:"closed"`
}

// Scopes returns the names alone.
func (l ScopeList) Scopes() []string {
	names := []string{}
	for _, n := range l.Needs {
		names = append(names, n.Scope)
	}
	return names
}

// ScopeNeed is one scope of a list.
type ScopeNeed struct {
	Scope      string   `json:"scope"`
	For        []string `json:"for"`               // purposes, streams and the check
	Operations []string `json:"operations"`        // what it permits of that: "GET /users"
	Roles      []string `json:"roles,omitempty"`   // what the role of the app's owner must permit: "UsageReport:Read"
	Or         []string `json:"instead,omitempty"` // other scopes that would do in its place, though no better
	Note       string   `json:"note,omitempty"`    // what is odd about it
}

// ScopeClosed is an operation for which an app of this style can be given no scope.
type ScopeClosed struct {
	Operation string   `json:"operation"`
	For       []string `json:"for"`
	Why       string   `json:"why"`
}

// ScopeComparison holds a list against the scopes of a token.
type ScopeComparison struct {
	Style       ScopeStyle    `json:"style"`
	Missing     []ScopeNeed   `json:"missing"`
	Superfluous []string      `json:"superfluous"` // held, and not needed for the uses
	Closed      []ScopeClosed `json:"closed"`      // which this token may not call, and no scope of the style opens
	Hints       []string      `json:"hints"`       // on names that are odd
}

// Purpose is what a credential is used for, in the words of people.
type Purpose struct {
	Name  string `json:"name"` // "reports", or "users:write" where it may change things too
	Title string `json:"title"`
	About string `json:"about"`
	// Needs says what the account must have beside the scopes; empty: nothing.
	Needs string `json:"needs,omitempty"`

	// Families are the families of streams that belong to it; whoever knows the
	// streams adds what they are read with.
	Families []string `json:"-"`
	// Reads and Writes are the operations that it stands for: "GET /users".
	// Writes are there in the plain purpose too; only NAME:write uses them.
	Reads  []string `json:"-"`
	Writes []string `json:"-"`
}

// PurposeWrites is the end of the name of a purpose that may change things.
const PurposeWrites = ":write"

// Write tells that the purpose includes changes.
func (p Purpose) Write() bool { return strings.HasSuffix(p.Name, PurposeWrites) }

// Operations returns what the purpose stands for, reading first.
func (p Purpose) Operations() []string {
	if p.Write() {
		return slices.Concat(p.Reads, p.Writes)
	}
	return p.Reads
}

// HeldScopes are the scopes of a credential's token.
type HeldScopes struct {
	Scopes []string
	Minted time.Time
	// Before tells that the token was minted before it was asked for here: scopes
	// that were added to the app since do not stand in it.
	Before bool
}
