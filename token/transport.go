package token

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"

	"github.com/stagedoor/stagedoor"
)

// maxPeek is how much of a 4xx answer is read to see whether it rejects the
// token, in bytes. Other answers are not touched.
const maxPeek = 64 << 10

// Transport is an http.RoundTripper that adds the Source's token to each
// request. If the service rejects the token, that token is invalidated, and a
// request whose body can be sent again is retried once with another. Every
// other answer is handed on as it came, its body intact. Errors of its own are
// *[stagedoor.Error].
type Transport struct {
	Source *Source
	// Base carries the requests. Default http.DefaultTransport.
	Base http.RoundTripper
	// Allow says whether a request with the token may go to an address; its
	// error is returned as it is. It is asked for redirects too. The default
	// allows the hosts of the Source's provider and credential.
	Allow func(*url.URL) error
}

var _ http.RoundTripper = (*Transport)(nil)

// RoundTrip sends a copy of req with the token. It closes req's body, also
// when it returns an error.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	token, err := t.admit(req)
	if err != nil {
		closeBody(req)
		return nil, err
	}
	resp, err := t.send(req, req.Body, token)
	if err != nil || !t.rejected(resp) {
		return resp, err
	}
	t.Source.Invalidate(token)
	body, ok := replay(req)
	if !ok {
		return resp, nil
	}
	token, err = t.Source.Get(req.Context(), 0)
	if err != nil {
		// Why there is no other token says more than that this one was rejected.
		resp.Body.Close()
		if body != nil {
			body.Close()
		}
		return nil, err
	}
	resp.Body.Close()
	resp, err = t.send(req, body, token)
	if err == nil && t.rejected(resp) {
		// Not once more for this request, but the next one must not begin with
		// a token that is known to be dead.
		t.Source.Invalidate(token)
	}
	return resp, err
}

func (t *Transport) admit(req *http.Request) (stagedoor.Token, error) {
	allow := t.Allow
	if allow == nil {
		allow = t.Source.hosts.check
	}
	if err := allow(req.URL); err != nil {
		return stagedoor.Token{}, err
	}
	return t.Source.Get(req.Context(), 0)
}

func (t *Transport) send(req *http.Request, body io.ReadCloser, token stagedoor.Token) (*http.Response, error) {
	sent := req.Clone(req.Context())
	sent.Body = body
	sent.Header.Set("Authorization", token.Type+" "+token.Value.Reveal())
	base := t.Base
	if base == nil {
		base = http.DefaultTransport
	}
	resp, err := base.RoundTrip(sent)
	if err == nil {
		resp.Request = req // the copy holds the token
	}
	return resp, err
}

// rejected reports whether the answer says that the token is not valid (any
// more). It leaves the body as if nobody had read it.
func (t *Transport) rejected(resp *http.Response) bool {
	if resp.StatusCode < 400 || resp.StatusCode > 499 {
		return false
	}
	peeked, err := io.ReadAll(io.LimitReader(resp.Body, maxPeek))
	resp.Body = &unread{Reader: io.MultiReader(bytes.NewReader(peeked), failing{err}, resp.Body), Closer: resp.Body}
	plain, readable := decoded(resp, peeked)
	plain = bytes.TrimSpace(plain)
	if !readable || len(plain) == 0 || err != nil {
		return resp.StatusCode == http.StatusUnauthorized // it broke off, or says nothing
	}
	var said map[string]json.RawMessage
	if json.Unmarshal(plain, &said) != nil || said == nil {
		return false
	}
	code := text(field(said, []string{"code"}))
	if code == "" {
		return resp.StatusCode == http.StatusUnauthorized
	}
	rule, _, ok := t.Source.provider.Rule(stagedoor.Answer{
		At: stagedoor.AtAPI, Status: resp.StatusCode, Code: code, Message: text(field(said, []string{"message"})),
	})
	return ok && rule.Kind == stagedoor.KindTokenRejected
}

// decoded undoes the compression that a caller asked for itself.
func decoded(resp *http.Response, body []byte) (plain []byte, ok bool) {
	switch resp.Header.Get("Content-Encoding") {
	case "", "identity":
		return body, true
	case "gzip":
		r, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil, false
		}
		plain, err = io.ReadAll(io.LimitReader(r, maxPeek))
		return plain, err == nil
	}
	return nil, false
}

// replay returns the body to send a second time; false if there is no way.
func replay(req *http.Request) (io.ReadCloser, bool) {
	if req.Body == nil || req.Body == http.NoBody {
		return req.Body, true
	}
	if req.GetBody == nil {
		return nil, false
	}
	body, err := req.GetBody()
	return body, err == nil
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		req.Body.Close()
	}
}

// unread is a body of which the first part was read and stands before it again.
type unread struct {
	io.Reader
	io.Closer
}

// failing passes on the error at which peeking ended; none if it ended well.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) {
	if f.err == nil || errors.Is(f.err, io.EOF) {
		return 0, io.EOF
	}
	return 0, f.err
}
