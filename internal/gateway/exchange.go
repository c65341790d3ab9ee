package gateway

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor"
)

// farewell is how long a caller whose body nobody wants may go on sending it: a
// connection that is closed on one who sends may take the answer with it.
const farewell = 500 * time.Millisecond

// exchange is one request and its answer.
type exchange struct {
	*gateway
	r      *http.Request // its context ends with the exchange
	w      *writer
	began  time.Time
	gone   context.Context // ends when the caller leaves
	cancel context.CancelCauseFunc
	idle   *idle
	body   *body // nil: it has none

	caller   stagedoor.Caller // empty until it is known
	observed bool
	path     string // of the request, below the credential
	action   string // where it is no operation of the API
	op       stagedoor.Operation
	conn     Connection // nil until it is open
	sent     Sent
	failure  *stagedoor.Error // nil: it went well
}

func (g *gateway) begin(w http.ResponseWriter, r *http.Request) *exchange {
	x := &exchange{gateway: g, began: time.Now(), gone: r.Context(), path: r.URL.EscapedPath()}
	ctx, cancel := context.WithCancelCause(r.Context())
	x.r, x.cancel = r.WithContext(ctx), cancel
	limit := g.Idle
	if accepts(r, eventStream) {
		limit = g.IdleStream
	}
	x.idle = watch(limit, x.giveUp)
	x.w = &writer{ResponseWriter: w, moved: x.idle.moved, own: w.Header().Clone()}
	if r.Body != nil && r.Body != http.NoBody && r.ContentLength != 0 {
		x.body = newBody(r.Body, g.MaxBody, x.idle.moved)
		// Else net/http would wait for the whole body before it sends the answer's
		// beginning. HTTP/2 needs no leave for it.
		_ = http.NewResponseController(w).EnableFullDuplex()
		if r.ProtoMajor < 2 {
			x.w.unread = func() bool { return !x.body.whollyRead() }
		}
	}
	x.idle.start()
	return x
}

// giveUp ends a request in which no byte moves, also where it waits for the
// caller.
func (x *exchange) giveUp() {
	begun := x.w.status.Load() != 0
	x.cancel(errIdle) // from here on the refusal may be on its way, which is not to be cut
	c := http.NewResponseController(x.w)
	past := time.Unix(1, 0)
	if x.body != nil && x.body.end() {
		_ = c.SetReadDeadline(past) // where the connection has none, it waits for its end
	}
	if begun {
		_ = c.SetWriteDeadline(past)
	} else {
		_ = c.SetWriteDeadline(time.Now().Add(10 * farewell))
	}
}

// idled reports whether the request was ended because no byte moved.
func (x *exchange) idled() bool { return errors.Is(context.Cause(x.r.Context()), errIdle) }

// answer sends a refusal, where there is still somebody to read it and nothing
// was sent yet.
func (x *exchange) answer(refused *refusal) {
	x.failure = cmp.Or(refused.audited, refused.err)
	if x.w.status.Load() != 0 {
		return
	}
	if x.gone.Err() != nil && !x.idled() {
		x.failure = &stagedoor.Error{Kind: stagedoor.KindInterrupted, Cause: "the caller left"}
		return
	}
	if refused.status == http.StatusTooManyRequests {
		limited(x.w.Header(), refused.err, x.op.Label, x.sent.Left)
	} else {
		comeBack(x.w.Header(), refused.err.RetryAt, 0)
	}
	x.timing(x.w.Header())
	if x.caller.Credential != "" {
		// What is to be typed can be typed as it stands.
		e := *refused.err
		e.Fix = strings.ReplaceAll(e.Fix, "NAME", x.caller.Credential)
		refused.err = &e
	}
	refused.write(x.w)
}

// end closes what the exchange opened and records it. It runs also when the
// connection to the caller was broken off.
func (x *exchange) end() {
	x.idle.stop()
	if x.body != nil {
		x.leave()
	}
	idled := x.idled()
	x.cancel(context.Canceled)
	if x.conn != nil {
		x.conn.Close()
	}
	status := int(x.w.status.Load())
	switch {
	case x.failure != nil:
	case x.w.aborted.Load() && idled:
		x.failure = x.tooQuiet().err
	case x.w.aborted.Load() && x.gone.Err() == nil:
		x.failure = &stagedoor.Error{Kind: stagedoor.KindNetwork, Cause: "the answer broke off"}
	case x.gone.Err() != nil:
		x.failure = &stagedoor.Error{Kind: stagedoor.KindInterrupted, Cause: "the caller left"}
	}
	if status == 0 {
		status = stagedoor.KindInterrupted.Row().HTTP
	}
	x.record(status)
}

// leave ends the reading of the body. net/http would wait for a read that is under
// way, and then, without an end, for what is left of the body.
func (x *exchange) leave() {
	c := http.NewResponseController(x.w)
	if x.body.end() && c.SetReadDeadline(time.Unix(1, 0)) == nil {
		x.body.rest() // net/http undoes the deadline of a read that is still under way
	}
	if x.r.ProtoMajor < 2 && !x.body.whollyRead() {
		_ = c.SetReadDeadline(time.Now().Add(farewell))
	}
}

func (x *exchange) record(status int) {
	result, detail := "ok", ""
	if x.failure != nil {
		result, detail = string(x.failure.Kind), stagedoor.Outside(x.failure.Cause, 300)
	}
	if x.sent.Healed && detail == "" {
		detail = "the token was rejected, and another one sent"
	}
	var sent int64
	if x.body != nil {
		sent, _, _ = x.body.state()
	}
	took, received := time.Since(x.began), x.w.bytes.Load()
	if x.Record != nil {
		actor := "nobody"
		if x.caller.Name != "" {
			actor = "caller " + x.caller.Name
		}
		x.Record(stagedoor.Event{
			At: x.began.UTC(), Actor: actor, Action: x.operation(), Subject: stagedoor.Outside(x.path, 300),
			Credential: x.caller.Credential, From: stagedoor.AddressOf(x.r), Result: result, Detail: detail, Status: status,
			Sent: sent, Received: received, Duration: took, Tracking: x.tracking(),
		})
	}
	if x.observed && x.Observer != nil {
		x.Observer.Ended(Observation{
			Caller: x.caller.Name, Credential: x.caller.Credential, Label: x.op.Label,
			Status: status, Result: result, Duration: took, Waited: x.sent.Waited, Upstream: x.sent.Upstream,
			Sent: sent, Received: received, Healed: x.sent.Healed,
		})
	}
}

// operation names what was asked for: an operation of the API where it is known,
// else the method alone.
func (x *exchange) operation() string {
	switch {
	case x.action != "":
		return x.action
	case x.op.Method != "":
		return x.op.Name()
	}
	return stagedoor.Outside(x.r.Method, 20)
}

func (x *exchange) tracking() string {
	if x.sent.Response != nil {
		return stagedoor.TrackingID(x.sent.Response.Header)
	}
	if x.failure != nil {
		return x.failure.Tracking
	}
	return ""
}
