package gateway

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/stagedoor/stagedoor"
)

// refusal is an answer of the gateway's own.
type refusal struct {
	status int
	err    *stagedoor.Error
	header http.Header // beside the usual; may be nil
	// What the audit says, where that is more than the caller may see; may be nil.
	audited *stagedoor.Error
}

func refuse(status int, kind stagedoor.Kind, cause, fix string) *refusal {
	return &refusal{status: status, err: &stagedoor.Error{Op: "let a request through", Kind: kind, Cause: cause, Fix: fix}}
}

func (r *refusal) with(name, value string) *refusal {
	if r.header == nil {
		r.header = http.Header{}
	}
	r.header.Add(name, value)
	return r
}

// judged is the refusal of a request that is itself at fault: by its token, its
// path, or the caller's rules.
func judged(err error) *refusal {
	e := asError(err)
	return &refusal{status: e.Kind.Row().HTTP, err: e}
}

// failed is the refusal of a request that could not be served. Its status is
// never one by which callers would look for the fault in the request or in their
// own token.
func failed(err error) *refusal {
	e := asError(err)
	r := &refusal{status: http.StatusBadGateway, err: e}
	switch e.Kind {
	case stagedoor.KindDisabled, stagedoor.KindForbidden:
		r.status = http.StatusForbidden
	case stagedoor.KindHostRefused: // the list is not the caller's to see
		r.status = http.StatusForbidden
		full := *e
		full.Cause = e.Subject + ": " + e.Cause // a redirect may have led there
		r.audited = &full
		r.err = &stagedoor.Error{Op: e.Op, Kind: e.Kind, Cause: "the address is not on the credential's list of hosts, or not a public one", Fix: "Look at the address. Whoever keeps this gateway can add a host with --allow-host."}
	case stagedoor.KindRateLimited:
		r.status = http.StatusTooManyRequests
	case stagedoor.KindDailyQuota: // its fix speaks to whoever runs a command
		r.status = http.StatusTooManyRequests
		again := *e
		again.Fix = "Send the request again when Retry-After has passed. Whoever runs Stagedoor sees with `stagedoor quota` who used it."
		r.err = &again
	case stagedoor.KindStore, stagedoor.KindKey, stagedoor.KindSchemaNewer, stagedoor.KindInternal:
		r.status = http.StatusInternalServerError
	case stagedoor.KindInterrupted:
		r.status = stagedoor.KindInterrupted.Row().HTTP
	case stagedoor.KindNotFound: // which others there are is not the caller's to see
		r.err = &stagedoor.Error{Op: e.Op, Kind: e.Kind, Cause: "the credential of this caller is no longer there", Fix: "Make a caller of another credential."}
	}
	return r
}

func asError(err error) *stagedoor.Error {
	if e, ok := errors.AsType[*stagedoor.Error](err); ok {
		return e
	}
	return &stagedoor.Error{Op: "let a request through", Kind: stagedoor.KindInternal, Cause: "something went wrong inside the gateway", Fix: "Try again; the gateway's log says more.", Err: err}
}

// write sends the refusal, and nothing of what was meant for another answer.
func (r *refusal) write(w http.ResponseWriter) {
	h := w.Header()
	for name, values := range r.header {
		h[name] = append(h[name], values...)
	}
	if r.err.Tracking != "" {
		h.Set("X-Zm-Trackingid", r.err.Tracking)
	}
	stagedoor.ProblemOf(r.err, r.status).Write(w)
}

// limited adds to a 429, the gateway's own or Zoom's, what is known of the limit.
// The headers are Zoom's own, so that one reading of them serves for both;
// Retry-After alone is changed, from the instants that Zoom sends to the seconds
// of RFC 9110 §10.2.3 which every client reads.
// Source: the headers' names, former pages of developers.zoom.us/docs/api/rate-limits
// and live answers, read 2026-11.
func limited(h http.Header, e *stagedoor.Error, label stagedoor.Label, left *Left) {
	comeBack(h, e.RetryAt, time.Second)
	set := func(name, value string) {
		if h.Get(name) == "" && value != "" {
			h.Set(name, value)
		}
	}
	set("X-RateLimit-Category", string(label))
	if e.Kind == stagedoor.KindDailyQuota {
		set("X-RateLimit-Type", "Daily-limit")
	} else {
		set("X-RateLimit-Type", "QPS")
	}
	if left != nil && left.Limit > 0 {
		set("X-RateLimit-Limit", strconv.Itoa(left.Limit))
		set("X-RateLimit-Remaining", strconv.Itoa(left.Remaining))
	}
}

// comeBack writes Retry-After in whole seconds. A limit that does not say when it
// ends counts seconds, so the usual wait is given.
func comeBack(h http.Header, at time.Time, usual time.Duration) {
	wait := usual
	if !at.IsZero() {
		wait = max(time.Until(at), 0)
	}
	if wait > 0 || !at.IsZero() {
		h.Set("Retry-After", strconv.Itoa(max(int(math.Ceil(wait.Seconds())), 1)))
	}
}
