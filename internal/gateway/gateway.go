package gateway

import (
	"context"
	"net/http"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Callers knows who calls, and what they may do. internal/caller fulfils it,
// through app.
type Callers interface {
	// Verify returns the caller of an access token; the error is of
	// [stagedoor.KindUnauthenticated].
	Verify(ctx context.Context, accessToken stagedoor.Secret) (stagedoor.Caller, error)
	// Permit returns the operation that a request is, or why it may not be made:
	// KindUsage, KindForbidden (then the operation is returned too, for the audit)
	// or KindNotFound. The path is escaped, as it came, and starts with the base.
	Permit(c stagedoor.Caller, base, method, path string) (stagedoor.Operation, error)
}

// Credentials opens what requests are sent with.
type Credentials interface {
	// Open returns the live connection of a credential. It is called for every
	// request, and so answers from memory where it can.
	Open(ctx context.Context, slug string) (Connection, error)
}

// Connection is a credential that is ready for use, lent to one request.
type Connection interface {
	// Base is the path that the API's operations start with: "/v2".
	Base() string
	// Send sends a request with the credential's token, when the quota gives it
	// its turn, and returns the answer as soon as it begins. The error is a
	// [stagedoor.Error] that says why there is no answer.
	Send(*http.Request, Sending) (Sent, error)
	// Token returns the document of the token itself, which lasts minTTL at least.
	Token(ctx context.Context, minTTL time.Duration) ([]byte, error)
	// Close gives the connection back. Answers have been read by then.
	Close()
}

// Sending says how a request is to be sent.
type Sending struct {
	Use       stagedoor.Use
	Operation stagedoor.Operation
	// Body returns the request's body where it is short enough to be kept, and
	// nil where it is not. It waits for the caller, so it is to be asked only where
	// the body decides something.
	Body func() []byte
	// File: the request's URL is that of a file, in full, and not a path of the
	// API. Redirects are answers.
	File bool
	// Bare sends a file's request without the token, which is then not bound to
	// the credential's hosts, but to https and to public addresses.
	Bare bool
}

// Sent is an answer that has begun.
type Sent struct {
	Response *http.Response // nil where there is an error
	// Refused says what an answer of 400 and above means; nil for others.
	Refused *stagedoor.Error
	// Left is what is known of the limit after a 429, also beside an error.
	Left     *Left         // nil: nothing is known
	Waited   time.Duration // for the quota
	Upstream time.Duration // from sending to the beginning of the answer
	// Healed: the token was rejected, and another one brought the answer.
	Healed bool
}

// Left is what is left of the limit that refused a request.
type Left struct {
	Limit     int // 0: not known
	Remaining int
}

// Observer is told of each request, for metrics. Its methods may be called by
// many goroutines at once.
type Observer interface {
	// Began is told of a request whose caller is known.
	Began()
	// Ended follows each Began.
	Ended(Observation)
}

// Observation is what metrics may know of a request.
type Observation struct {
	Caller, Credential string
	Label              stagedoor.Label // "" where it was refused before the operation was known
	Status             int
	Result             string // "ok" or a [stagedoor.Kind]
	Duration           time.Duration
	Waited, Upstream   time.Duration // as in [Sent]
	Sent, Received     int64         // bytes of bodies
	Healed             bool
}

// Options say what the gateway works with.
type Options struct {
	Callers     Callers     // required
	Credentials Credentials // required
	// Document writes the OpenAPI document of what a caller may call at server,
	// the address of the caller's credential here. Nil: there is none.
	Document func(ctx context.Context, c stagedoor.Caller, server string) ([]byte, error)
	// PublicURL is how callers reach this daemon, without a final slash. Required
	// with Document.
	PublicURL func(*http.Request) string
	// Record is told of every request, for the audit. Nil: nobody is.
	Record func(stagedoor.Event)
	// Observer is told of every request, for metrics. Nil: nobody is.
	Observer Observer

	Version string // of Stagedoor; may be empty
	// Instance names this process in Via, so that it knows its own requests when
	// they come back. Empty: random.
	Instance string

	MaxBody    int64         // of a request, in bytes; 0: 2 GiB
	Idle       time.Duration // how long no byte may move in either direction; 0: 60 s
	IdleStream time.Duration // the same of text/event-stream; 0: 10 min
}

// Prefix is the path that everything here is below.
const Prefix = "/to/"
