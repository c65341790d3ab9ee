package client

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor"
)

// prefix is where the API begins below the daemon's address.
const prefix = "/api/v1"

// tries is how often a request is sent where the connection breaks off.
const tries = 3

// longest is how many bytes of an answer are read.
const longest = 64 << 20

// Client asks one daemon. Its methods may be called at the same time.
type Client struct {
	// HTTP sends the requests; nil: a client of its own that follows no redirect. The
	// token is not to go where it was not meant for.
	HTTP *http.Client

	base  string
	token stagedoor.Secret
	own   *http.Client
}

// New returns a Client of the daemon at an address, "https://door.example.com", and
// shows it an operator's token. Nothing is sent yet.
func New(address string, token stagedoor.Secret) (*Client, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, &stagedoor.Error{
			Op: "make a client", Subject: "the address of the daemon", Kind: stagedoor.KindUsage,
			Cause: "it is no absolute http or https address without user name, query and fragment", Fix: "Give it like https://door.example.com.",
		}
	}
	return &Client{
		base: strings.TrimRight(address, "/"), token: token,
		own: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}, nil
}

// call sends a request and reads its answer into a value; in and out may be nil.
func (c *Client) call(ctx context.Context, method, path string, query url.Values, in, out any, headers ...string) (http.Header, error) {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return nil, failed(method, path, "the request can not be written as JSON", err)
		}
	}
	target := c.base + prefix + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	key := ""
	if method != http.MethodGet {
		key = rand.Text() // at least 128 random bits
	}
	for try := 1; ; try++ {
		header, again, err := c.send(ctx, method, target, path, body, key, out, headers)
		if !again || try == tries || ctx.Err() != nil {
			return header, err
		}
	}
}

// send sends a request once. again tells that the connection broke off, so that the
// same request may be sent again: with its key it is done once.
func (c *Client) send(ctx context.Context, method, target, path string, body []byte, key string, out any, headers []string) (header http.Header, again bool, err error) {
	req, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	if err != nil {
		return nil, false, failed(method, path, "the request can not be made", err)
	}
	req.Header.Set("Authorization", "Bearer "+c.token.Reveal())
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	sender := c.HTTP
	if sender == nil {
		sender = c.own
	}
	answer, err := sender.Do(req)
	if err != nil {
		return nil, true, unreached(ctx, method, path, err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, longest))
	if err != nil {
		return nil, true, unreached(ctx, method, path, err)
	}
	if answer.StatusCode >= 300 {
		return answer.Header, false, refused(method, path, answer, text)
	}
	if out == nil || len(text) == 0 {
		return answer.Header, false, nil
	}
	if err := json.Unmarshal(text, out); err != nil {
		return nil, false, failed(method, path, "the answer is not of the form that this client knows", err)
	}
	return answer.Header, false, nil
}

func failed(method, path, cause string, err error) error {
	return &stagedoor.Error{
		Op: method + " " + prefix + path, Kind: stagedoor.KindBadAnswer, Cause: cause, Err: err,
		Fix: "Use the version of this package that belongs to the daemon's.",
	}
}

func unreached(ctx context.Context, method, path string, err error) error {
	e := &stagedoor.Error{
		Op: method + " " + prefix + path, Kind: stagedoor.KindNetwork, Err: err, Cause: "the daemon was not reached, or its answer broke off",
		Fix: "Look whether `stagedoor serve` runs, and at the address.",
	}
	if ctx.Err() != nil {
		e.Kind, e.Cause, e.Fix = stagedoor.KindInterrupted, "it was given up before there was an answer", ""
	}
	return e
}

// refused is what a problem document says.
func refused(method, path string, answer *http.Response, text []byte) error {
	e := &stagedoor.Error{Op: method + " " + prefix + path, Kind: stagedoor.KindBadAnswer, Status: answer.StatusCode}
	var p stagedoor.Problem
	kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	if kind != "application/problem+json" || json.Unmarshal(text, &p) != nil {
		e.Cause = "what answered is no Stagedoor: " + strconv.Itoa(answer.StatusCode) + " without a problem document"
		e.Fix = "Look at the address of the daemon."
		return e
	}
	e.Kind, e.Cause, e.Fix, e.Tracking = p.Kind, p.Detail, p.Fix, p.Tracking
	if seconds, err := strconv.Atoi(answer.Header.Get("Retry-After")); err == nil {
		e.RetryAt = time.Now().UTC().Add(time.Duration(seconds) * time.Second)
	}
	return e
}

// get reads one thing.
func get[T any](ctx context.Context, c *Client, path string, query url.Values) (T, error) {
	var v T
	_, err := c.call(ctx, http.MethodGet, path, query, nil, &v)
	return v, err
}

// act writes, and reads what comes of it.
func act[T any](ctx context.Context, c *Client, method, path string, in any) (T, error) {
	var v T
	_, err := c.call(ctx, method, path, nil, in, &v)
	return v, err
}

// pageSize is how many things of a list are fetched at a time.
const pageSize = "200"

// each reads a list page by page. An error ends it.
func each[T any](ctx context.Context, c *Client, path string, query url.Values) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		asked := url.Values{"limit": {pageSize}}
		for name, values := range query {
			asked[name] = values
		}
		for {
			page, err := get[struct {
				Items []T    `json:"items"`
				Next  string `json:"next"`
			}](ctx, c, path, asked)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, item := range page.Items {
				if !yield(item, nil) {
					return
				}
			}
			if page.Next == "" {
				return
			}
			asked.Set("after", page.Next)
		}
	}
}

// All collects a list.
func All[T any](list iter.Seq2[T, error]) ([]T, error) {
	var all []T
	for item, err := range list {
		if err != nil {
			return all, err
		}
		all = append(all, item)
	}
	return all, nil
}

// IsKind reports whether an error is of a kind.
func IsKind(err error, kind stagedoor.Kind) bool {
	e, ok := errors.AsType[*stagedoor.Error](err)
	return ok && e.Kind == kind
}

// in is a part of a path.
func in(name string) string { return "/" + url.PathEscape(name) }

// set sets the values of a query that are there.
func set(pairs ...string) url.Values {
	query := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			query.Set(pairs[i], pairs[i+1])
		}
	}
	return query
}

// Me is whose token is shown.
type Me struct {
	Name    string         `json:"name"`
	Role    stagedoor.Role `json:"role"`
	Version string         `json:"version"` // of the daemon
}

// Me says whose token this is, and what it may do.
func (c *Client) Me(ctx context.Context) (Me, error) { return get[Me](ctx, c, "/me", nil) }

// Document returns the OpenAPI document, for which no token is needed.
func (c *Client) Document(ctx context.Context) ([]byte, error) {
	return get[json.RawMessage](ctx, c, "/openapi.json", nil)
}
