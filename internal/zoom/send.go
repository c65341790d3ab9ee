package zoom

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stagedoor/stagedoor"
)

const (
	maxBody = 64 << 20
	// attemptTime is how long one attempt may take, its body included, so that
	// a connection that stalls is given up.
	attemptTime = 3 * time.Minute

	firstBackoff = 200 * time.Millisecond
	lastBackoff  = 5 * time.Second
)

// fault is an attempt that failed.
type fault struct {
	err *stagedoor.Error
	// again: sending it once more may work, and does nothing twice.
	again bool
	// limited: it was refused by a rate limit, and so surely not done.
	limited bool
	wait    time.Duration // at least; where the other side said so
}

// send sends the call until it works, accept takes its answer, or there is no
// point in going on. It returns how many requests that took.
func (c *Client) send(ctx context.Context, call *call, accept func(*Response) *stagedoor.Error) (*Response, int, error) {
	var began time.Time
	limited := 0 // attempts that a rate limit refused: other faults say nothing of how long that takes
	for attempt := 1; ; attempt++ {
		turn, err := c.admit(ctx, call, c.quota)
		if err != nil {
			return nil, attempt - 1, err
		}
		if attempt == 1 {
			began = time.Now()
		}
		response, failed := c.attempt(ctx, call, turn)
		if failed == nil && accept != nil {
			if err := accept(response); err != nil {
				failed = &fault{err: err, again: err.Kind == stagedoor.KindNetwork && call.safe()}
			}
		}
		if failed == nil {
			return response, attempt, nil
		}
		if ctx.Err() != nil {
			return nil, attempt, c.interrupted(call, ctx.Err())
		}
		if failed.limited {
			limited++
		}
		wait := failed.delay(attempt, limited)
		if !failed.again || time.Since(began)+wait > c.patience {
			if failed.limited && failed.err.RetryAt.Before(time.Now()) {
				failed.err.RetryAt = time.Now().Add(wait)
			}
			return nil, attempt, failed.err
		}
		if c.notify != nil {
			c.notify(Event{Operation: call.op.Name(), Kind: failed.err.Kind, Cause: failed.err.Cause, Wait: wait, Attempt: attempt})
		}
		if err := sleep(ctx, wait); err != nil {
			return nil, attempt, c.interrupted(call, err)
		}
	}
}

// admit waits for the call's turn.
func (c *Client) admit(ctx context.Context, call *call, quota Quota) (*turn, error) {
	if quota == nil {
		if err := ctx.Err(); err != nil {
			return nil, c.interrupted(call, err)
		}
		return &turn{}, nil
	}
	granted, err := quota.Admit(ctx, stagedoor.Call{Operation: call.op, Objects: call.objects})
	if e, ok := errors.AsType[*stagedoor.Error](err); ok && e.Subject == "" {
		named := *e
		named.Subject = c.subject
		return nil, &named
	}
	return &turn{Turn: granted}, err
}

// turn is a Turn that is ended once, and may be none.
type turn struct {
	stagedoor.Turn
	ended bool
	left  atomic.Bool // the request was written to a connection
}

func (t *turn) end(o stagedoor.Outcome) {
	if t.Done != nil && !t.ended {
		t.ended = true
		t.Done(o)
	}
}

// traced lets the turn know when the request is on the wire, and not when it
// waits for a connection.
func (t *turn) traced(ctx context.Context) context.Context {
	if t.Sent == nil {
		return ctx
	}
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteRequest: func(httptrace.WroteRequestInfo) {
			t.left.Store(true)
			t.Sent()
		},
	})
}

// delay is how long to wait after the attempt-th attempt, the limited-th that a
// rate limit refused. Requests that were
// refused together do not come back together.
func (f *fault) delay(attempt, limited int) time.Duration {
	if f.limited {
		if f.wait > 0 {
			return f.wait + rand.N(200*time.Millisecond)
		}
		return min(time.Duration(limited), 10)*time.Second + rand.N(time.Second)
	}
	longest := min(firstBackoff<<min(attempt-1, 10), lastBackoff)
	return max(f.wait, rand.N(longest)+1)
}

// attempt sends the call once.
func (c *Client) attempt(ctx context.Context, call *call, turn *turn) (*Response, *fault) {
	ctx, cancel := context.WithTimeout(turn.traced(ctx), attemptTime)
	defer cancel()
	// However it ends, the turn is over; where nothing better is known, the
	// request may have been counted.
	defer turn.end(stagedoor.Outcome{})
	var body io.Reader
	if call.body != nil {
		body = bytes.NewReader(call.body)
	}
	request, err := http.NewRequestWithContext(ctx, call.op.Method, call.url.String(), body)
	if err != nil {
		return nil, &fault{err: c.error(call, stagedoor.KindUsage, "the method is not one that HTTP has", "Use GET, POST, PUT, PATCH or DELETE.")}
	}
	request.Header = call.header.Clone()
	answer, err := c.http.RoundTrip(request)
	if err != nil {
		turn.end(stagedoor.Outcome{Unsent: !turn.left.Load()})
		return nil, c.unsent(call, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusTooManyRequests {
		turn.end(stagedoor.Outcome{DayRemaining: dayRemaining(answer.Header)})
	}
	content, err := readAll(io.LimitReader(answer.Body, maxBody+1))
	switch {
	case answer.StatusCode < 200 || answer.StatusCode > 299:
		f := c.refused(call, answer, content, turn) // explained by as much of the body as came
		if err != nil && f.err.Code == "" {
			f.again = f.again || call.safe() // what it was refused for may be in what did not come
		}
		return nil, f
	case len(content) > maxBody:
		return nil, &fault{err: c.tooLong(call, answer)}
	case err != nil:
		return nil, c.brokenOff(call, answer, err)
	}
	return &Response{
		Status: answer.StatusCode, Header: answer.Header, Body: content,
		Tracking: tracking(answer.Header), Operation: call.op,
	}, nil
}

// bodies are buffers that have grown to what answers take: a page of rows is some
// hundred kilobytes, and growing to that for each costs more than reading it.
var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// pooledBody is the most that a buffer may have grown to and be used again.
const pooledBody = 1 << 20

// readAll is io.ReadAll, with what it returns as long as its content.
func readAll(r io.Reader) ([]byte, error) {
	buffer := bodies.Get().(*bytes.Buffer)
	buffer.Reset()
	_, err := buffer.ReadFrom(r)
	content := bytes.Clone(buffer.Bytes())
	if buffer.Cap() <= pooledBody {
		bodies.Put(buffer)
	}
	return content, err
}

// refused is the fault of an answer that is not a success.
func (c *Client) refused(call *call, answer *http.Response, body []byte, turn *turn) *fault {
	e, l := c.explain(call, answer.StatusCode, answer.Header, body)
	f := &fault{err: e}
	c.settle(e, l, turn)
	switch {
	case l.daily:
	case e.Kind == stagedoor.KindRateLimited:
		f.again, f.limited = true, true
		f.wait = time.Until(e.RetryAt)
	case answer.StatusCode >= 500:
		f.again = call.safe()
		if at := comeBack(answer.Header, time.Now()); time.Until(at) <= shortWait {
			f.wait = time.Until(at)
		}
	}
	return f
}

// settle tells the quota what a refusal says of it.
func (c *Client) settle(e *stagedoor.Error, l limit, turn *turn) {
	switch {
	case l.daily:
		turn.end(stagedoor.Outcome{Daily: true, Narrow: l.narrow, Until: l.until})
	case e.Kind == stagedoor.KindRateLimited:
		turn.end(stagedoor.Outcome{Refused: !l.narrow})
	}
}

// unsent is the fault of a request that brought no answer.
func (c *Client) unsent(call *call, err error) *fault {
	if e, ok := errors.AsType[*stagedoor.Error](err); ok {
		return &fault{err: e, again: passes(e.Kind) && call.safe(), wait: time.Until(e.RetryAt)}
	}
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err // its text holds the whole URL
	}
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	again := !untrusted && (call.safe() || neverLeft(err))
	err = cleanError(err)
	var e *stagedoor.Error
	if untrusted {
		e = c.error(call, stagedoor.KindNetwork, fmt.Sprintf("the certificate of %s is not trusted: %v", c.title(), err),
			"If a proxy or a host of your own signs with its own authority, give that with --ca-file; otherwise look at the API URL.")
	} else if again {
		e = c.error(call, stagedoor.KindNetwork, fmt.Sprintf("%s was not reached: %v", c.title(), err),
			"Look at the network, the proxy (HTTPS_PROXY) and the credential's API URL, and try again.")
	} else {
		e = c.error(call, stagedoor.KindNetwork, fmt.Sprintf("the connection to %s failed (%v), and whether the request was carried out is not known", c.title(), err),
			"Look whether it was carried out before sending it again.")
	}
	e.Err = err
	return &fault{err: e, again: again}
}

// passes reports whether a fault on the way to the API (in minting a token, say)
// passes by itself within a short time.
func passes(kind stagedoor.Kind) bool {
	switch kind {
	case stagedoor.KindNetwork, stagedoor.KindUnavailable, stagedoor.KindRateLimited, stagedoor.KindStore:
		return true
	}
	return false
}

// neverLeft reports whether no connection came about, so that nothing was sent.
func neverLeft(err error) bool {
	if op, ok := errors.AsType[*net.OpError](err); ok && (op.Op == "dial" || op.Op == "proxyconnect") {
		return true
	}
	_, ok := errors.AsType[*net.DNSError](err)
	return ok
}

// brokenOff is the fault of a success whose body did not come whole.
func (c *Client) brokenOff(call *call, answer *http.Response, err error) *fault {
	err = cleanError(err)
	fix := "Look at the network and the proxy (HTTPS_PROXY), and try again."
	if !call.safe() {
		fix = fmt.Sprintf("The request was carried out (status %d): read the object instead of sending it again.", answer.StatusCode)
	}
	e := c.error(call, stagedoor.KindNetwork, fmt.Sprintf("the answer of %s broke off: %v", c.title(), err), fix)
	e.Status, e.Tracking, e.Err = answer.StatusCode, tracking(answer.Header), err
	return &fault{err: e, again: call.safe()}
}

func (c *Client) tooLong(call *call, answer *http.Response) *stagedoor.Error {
	e := c.error(call, stagedoor.KindBadAnswer, fmt.Sprintf("the answer is longer than %d MiB", maxBody>>20),
		"Ask for less at a time: a smaller page_size, or fewer days.")
	e.Status, e.Tracking = answer.StatusCode, tracking(answer.Header)
	return e
}

func (c *Client) interrupted(call *call, err error) *stagedoor.Error {
	cause := "it was stopped before an answer came"
	if errors.Is(err, context.DeadlineExceeded) {
		cause = "the time given to it ended before an answer came"
	}
	e := c.error(call, stagedoor.KindInterrupted, cause, "Run it again; what was done is kept.")
	e.Err = err
	return e
}

func (c *Client) error(call *call, kind stagedoor.Kind, cause, fix string) *stagedoor.Error {
	return &stagedoor.Error{Op: call.op.Name(), Subject: c.subject, Kind: kind, Cause: cause, Fix: fix}
}
