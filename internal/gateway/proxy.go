package gateway

import (
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor"
)

const eventStream = "text/event-stream"

// send sends a request and returns the answer when it begins.
type send func(*http.Request) (Sent, error)

func sender(with func(*http.Request, Sending) (Sent, error), s Sending) func(*exchange) send {
	return func(x *exchange) send {
		s.Use = x.use()
		if x.body != nil {
			s.Body = x.body.whole
		}
		return func(r *http.Request) (Sent, error) { return with(r, s) }
	}
}

func (x *exchange) use() stagedoor.Use {
	return stagedoor.Use{Credential: x.caller.Credential, Caller: x.caller.Name, Class: stagedoor.Interactive, Share: x.caller.Share}
}

// forward sends the request on and the answer back, both as they come. Streaming,
// trailers, informational answers and the hop-by-hop headers of both directions
// are net/http/httputil's.
func (x *exchange) forward(to *url.URL, how func(*exchange) send) *refusal {
	if x.r.ContentLength > x.MaxBody {
		return x.tooLong()
	}
	through := how(x)
	var refused *refusal
	proxy := &httputil.ReverseProxy{
		BufferPool: x.buffers,
		ErrorLog:   x.silent,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL, r.Out.Host = to, ""
			r.Out.Trailer = nil // they come too late to be cloned
			x.dress(r.Out.Header)
			if x.body != nil {
				r.Out.Body, _ = x.body.again() // nothing is lost yet
				r.Out.GetBody = x.body.again
			}
		},
		Transport: tripper(func(r *http.Request) (*http.Response, error) {
			var err error
			x.sent, err = through(r)
			if err != nil {
				return nil, err
			}
			x.idle.moved()
			return x.sent.Response, nil
		}),
		ModifyResponse: x.arrived,
		ErrorHandler:   func(_ http.ResponseWriter, _ *http.Request, err error) { refused = x.wrong(err) },
	}
	proxy.ServeHTTP(x.w, x.r)
	return refused
}

type tripper func(*http.Request) (*http.Response, error)

func (t tripper) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

// arrived makes an answer fit for the caller. Its error is the answer that the
// caller gets in its place.
func (x *exchange) arrived(answer *http.Response) error {
	x.failure = x.sent.Refused
	if answer.StatusCode == http.StatusUnauthorized {
		// To the caller, 401 means its own token.
		return x.unhealed()
	}
	if answer.StatusCode == http.StatusSwitchingProtocols { // nobody asked for it
		return &stagedoor.Error{Op: "read the answer", Kind: stagedoor.KindBadAnswer, Cause: "the provider changed the protocol of the connection, for which it was not asked", Fix: "Look at the API URL of the credential."}
	}
	h := answer.Header
	bare(h)
	h.Add("Vary", "Authorization") // a cache that callers share would give one's answer to another
	switch {
	case answer.StatusCode == http.StatusTooManyRequests && x.sent.Refused != nil:
		limited(h, x.sent.Refused, x.op.Label, x.sent.Left)
	case answer.StatusCode >= 500 && h.Get("Retry-After") != "" && x.sent.Refused != nil:
		comeBack(h, x.sent.Refused.RetryAt, time.Second)
	}
	x.relocate(answer)
	x.timing(h)
	if is, _, _ := mime.ParseMediaType(h.Get("Content-Type")); is == eventStream {
		x.idle.allow(x.IdleStream)
	} else {
		x.idle.allow(x.Idle)
	}
	answer.Body = &arriving{ReadCloser: answer.Body, w: x.w}
	return nil
}

// unhealed explains a token that was rejected for good, or could not be renewed
// in time.
func (x *exchange) unhealed() *stagedoor.Error {
	e := &stagedoor.Error{Kind: stagedoor.KindTokenRejected}
	if x.sent.Refused != nil {
		copied := *x.sent.Refused
		e = &copied
	}
	if x.body != nil && e.Kind == stagedoor.KindTokenRejected {
		if _, _, lost := x.body.state(); lost {
			e.Cause = fmt.Sprintf("the provider rejected the credential's token, and a body of more than %d KiB is not kept to be sent again", keptBytes>>10)
			e.Fix = "Send the request again: there is a new token by then."
		}
	}
	return e
}

// relocate lets a redirect within the API lead back to the gateway. One to
// elsewhere stays as it is.
func (x *exchange) relocate(answer *http.Response) {
	location := answer.Header.Get("Location")
	if location == "" || answer.Request == nil || answer.Request.URL == nil {
		return
	}
	u, err := url.Parse(location)
	from := answer.Request.URL
	if err != nil || (u.Host != "" && !strings.EqualFold(u.Host, from.Host)) || !strings.HasPrefix(u.Path, "/") {
		return
	}
	base := x.conn.Base() + "/"
	before, _, found := strings.Cut(from.EscapedPath(), base)
	path, below := strings.CutPrefix(u.EscapedPath(), before)
	if !found || !below || !strings.HasPrefix(path, base) {
		return
	}
	if u.RawQuery != "" {
		path += "?" + u.RawQuery
	}
	answer.Header.Set("Location", Prefix+x.caller.Credential+path)
}

// timing appends to Server-Timing (W3C Server Timing) how long the request
// waited for the quota, for the provider, and was in the gateway's own hands.
func (x *exchange) timing(h http.Header) {
	own := time.Since(x.began) - x.sent.Waited - x.sent.Upstream
	ms := func(d time.Duration) string { return fmt.Sprintf("%.1f", float64(max(d, 0))/float64(time.Millisecond)) }
	h.Add("Server-Timing", "stagedoor;dur="+ms(own)+", stagedoor-quota;dur="+ms(x.sent.Waited)+", stagedoor-upstream;dur="+ms(x.sent.Upstream))
}

// wrong is the refusal of a request that brought no answer.
func (x *exchange) wrong(err error) *refusal {
	tooLong, broken := false, false
	if x.body != nil {
		_, tooLong, _ = x.body.state()
		broken = x.body.broken()
	}
	switch {
	case tooLong:
		return x.tooLong()
	case x.idled():
		return x.tooQuiet()
	case x.gone.Err() != nil:
		return failed(&stagedoor.Error{Kind: stagedoor.KindInterrupted, Cause: "the caller left"})
	case broken:
		return refuse(http.StatusBadRequest, stagedoor.KindUsage, "the body of the request broke off, or its chunks are not well formed", "Send the request again.")
	}
	return failed(err)
}

func (x *exchange) tooLong() *refusal {
	return refuse(http.StatusRequestEntityTooLarge, stagedoor.KindUsage, fmt.Sprintf("the body is longer than the %d bytes that the gateway takes", x.MaxBody), "Send less at a time, or ask for a higher limit.").
		with("Connection", "close")
}

func (x *exchange) tooQuiet() *refusal {
	limit := time.Duration(x.idle.limit.Load())
	return refuse(http.StatusGatewayTimeout, stagedoor.KindNetwork, fmt.Sprintf("no byte moved in either direction for %s", limit), "Try again; ask for less at a time where the answer takes long.").
		with("Connection", "close")
}

// arriving is an answer's body on its way in.
type arriving struct {
	io.ReadCloser
	w *writer
}

func (a *arriving) Read(p []byte) (int, error) {
	n, err := a.ReadCloser.Read(p)
	if n > 0 {
		a.w.moved()
	}
	if err != nil && err != io.EOF {
		a.w.aborted.Store(true)
	}
	return n, err
}

func accepts(r *http.Request, what string) bool {
	return strings.Contains(strings.ToLower(r.Header.Get("Accept")), what)
}
