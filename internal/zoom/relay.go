package zoom

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Relaying says for what a request is relayed.
type Relaying struct {
	// Operation is what the request is. Zero: it is found by the address.
	Operation stagedoor.Operation
	// Quota gives it its turn. Nil: the client's own.
	Quota Quota
	// Body returns the request's body where the quota depends on it, and nil where
	// that can not be had. It is asked only then. Nil: there is none.
	Body func() []byte
}

// Relayed is an answer that has begun.
type Relayed struct {
	Response *http.Response // as it came; its body is to be closed. Nil beside an error
	// Refused says what a status of 400 and above means; nil for others.
	Refused  *stagedoor.Error
	Waited   time.Duration // for its turn
	Upstream time.Duration // from sending to the beginning of the answer
}

// Relay sends somebody else's request once, as it is, and returns the answer
// when it begins, whatever it says. Nothing is tried again: who relays has a
// caller who decides that. An address without a host is one below the API's,
// with its base. The error is a [stagedoor.Error] that says why there is no
// answer; how long it took is told beside it.
func (c *Client) Relay(request *http.Request, o Relaying) (*Relayed, error) {
	ctx := request.Context()
	u := c.locate(request.URL)
	call := &call{op: o.Operation, url: u}
	if call.op.Method == "" {
		call.op = c.operation(request.Method, u)
	}
	body := o.Body
	if body == nil {
		body = func() []byte { return nil }
	}
	call.objects = c.objects(call.op, u, body)
	quota := o.Quota
	if quota == nil {
		quota = c.quota
	}
	began := time.Now()
	turn, err := c.admit(ctx, call, quota)
	r := &Relayed{Waited: time.Since(began)}
	if err != nil {
		return r, err
	}
	defer turn.end(stagedoor.Outcome{}) // as in attempt
	sent := request.Clone(turn.traced(ctx))
	sent.URL, sent.Host = u, ""
	began = time.Now()
	answer, err := c.http.RoundTrip(sent)
	r.Upstream = time.Since(began)
	if err != nil {
		turn.end(stagedoor.Outcome{Unsent: !turn.left.Load()})
		if ctx.Err() != nil {
			return r, c.interrupted(call, context.Cause(ctx))
		}
		return r, c.unsent(call, err).err
	}
	r.Response = answer
	if answer.StatusCode != http.StatusTooManyRequests {
		turn.end(stagedoor.Outcome{DayRemaining: dayRemaining(answer.Header)})
	}
	if answer.StatusCode >= 400 {
		e, l := c.explain(call, answer.StatusCode, answer.Header, peek(answer))
		c.settle(e, l, turn)
		if answer.StatusCode >= 500 {
			e.RetryAt = comeBack(answer.Header, time.Now())
		}
		r.Refused = e
	}
	return r, nil
}

// locate returns the full address of a path with the API's base, escaped as it
// is and with its query byte for byte; a full address is returned as it is.
func (c *Client) locate(u *url.URL) *url.URL {
	if u.Host != "" {
		return u
	}
	located := *c.api.root
	located.Path, located.RawPath = c.api.root.Path+u.Path, c.api.root.EscapedPath()+u.EscapedPath()
	located.RawQuery, located.ForceQuery = u.RawQuery, u.ForceQuery
	return &located
}

// peek reads what an error says, if it is short, and leaves the body as if
// nobody had read it.
func peek(answer *http.Response) []byte {
	if answer.Body == nil {
		return nil
	}
	content, _ := io.ReadAll(io.LimitReader(answer.Body, parsedBytes)) // whoever reads on meets the error again
	answer.Body = &peeked{Reader: io.MultiReader(bytes.NewReader(content), answer.Body), Closer: answer.Body}
	switch answer.Header.Get("Content-Encoding") {
	case "", "identity":
		return content
	case "gzip": // the caller asked for it
		if r, err := gzip.NewReader(bytes.NewReader(content)); err == nil {
			plain, _ := io.ReadAll(io.LimitReader(r, parsedBytes))
			return plain
		}
	}
	return nil
}

// peeked is a body of which the first part was read and stands before it again.
type peeked struct {
	io.Reader
	io.Closer
}
