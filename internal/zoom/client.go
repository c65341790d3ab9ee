package zoom

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Config says how a [Client] reaches Zoom.
type Config struct {
	// HTTP sends requests. It puts the token on each, renews a rejected one, and
	// decides which hosts may be reached. An error of its own that is a
	// [stagedoor.Error] is handed on as it is. Required.
	HTTP http.RoundTripper
	// Check reports whether a full URL on another host than the API's may be
	// asked. Nil: none may.
	Check func(*url.URL) error

	APIURL   string // with or without the provider's base path; empty: the provider's
	Provider stagedoor.Provider
	Subject  string // what errors say the request was made for: "credential acme"
	Version  string // of Stagedoor, for the User-Agent; may be empty

	// Quota decides when a request may leave. Nil: nothing does.
	Quota Quota

	// Patience is how long one request may go on being tried after faults that
	// pass by themselves; every page of a list is a request of its own. Zero: 15
	// seconds. A sync waits for minutes.
	Patience time.Duration
	// Notify is told of every wait, before it. It may be called by several
	// goroutines at once. Nil: nobody is.
	Notify func(Event)
}

// Quota decides when requests of one account leave, for all who call it.
// internal/quota fulfils it.
type Quota interface {
	// Admit waits for the turn of a call. Its error is a [stagedoor.Error].
	Admit(ctx context.Context, call stagedoor.Call) (stagedoor.Turn, error)
}

// Event tells that a request waits before it is sent again.
type Event struct {
	Operation string // "GET /users"
	Kind      stagedoor.Kind
	Cause     string
	Wait      time.Duration
	Attempt   int // the attempt that failed, from 1
}

// Client sends requests to one account's API. It may be used by many goroutines
// at once.
type Client struct {
	http      http.RoundTripper
	checkHost func(*url.URL) error
	api       address
	provider  stagedoor.Provider
	quota     Quota // may be nil
	subject   string
	userAgent string
	patience  time.Duration
	notify    func(Event)
}

// Response is an answer that says it went well: any status of 200 to 299.
type Response struct {
	Status    int
	Header    http.Header
	Body      []byte // whole; at most 64 MiB
	Tracking  string // x-zm-trackingid
	Operation stagedoor.Operation
}

// New returns a client, or says what is wrong with its configuration.
func New(o Config) (*Client, error) {
	if o.HTTP == nil {
		return nil, &stagedoor.Error{Op: "make a client of the API", Subject: o.Subject, Kind: stagedoor.KindInternal, Cause: "it was given no way to send requests"}
	}
	if o.APIURL == "" {
		o.APIURL = o.Provider.APIURL
	}
	api, err := newAddress(o.Subject, o.APIURL, o.Provider.APIBase)
	if err != nil {
		return nil, err
	}
	c := &Client{
		http: o.HTTP, checkHost: o.Check, api: api, provider: o.Provider, quota: o.Quota,
		subject: o.Subject, userAgent: "stagedoor", patience: o.Patience, notify: o.Notify,
	}
	if o.Version != "" {
		c.userAgent += "/" + o.Version
	}
	if c.patience == 0 {
		c.patience = 15 * time.Second
	}
	return c, nil
}

// check asks whether the credential may go to another host.
func (c *Client) check(u *url.URL) error {
	if c.checkHost != nil {
		return c.checkHost(u)
	}
	return &stagedoor.Error{
		Op: "send a request", Subject: u.Host, Kind: stagedoor.KindHostRefused,
		Cause: "the host is not the API's, " + c.api.root.Host, Fix: "Give a path below the API.",
	}
}

// Do sends one request and returns its answer. It tries again, within the
// client's patience, what can be tried again without doing it twice: GET and
// HEAD after faults of the server and the network, anything after a 429 or
// where no connection came about. The error is a [stagedoor.Error].
func (c *Client) Do(ctx context.Context, request stagedoor.Request) (*Response, error) {
	call, err := c.prepare(request)
	if err != nil {
		return nil, err
	}
	response, _, err := c.send(ctx, call, nil)
	return response, err
}

// call is a request that is ready to be sent, any number of times.
type call struct {
	op      stagedoor.Operation
	objects map[string][]string
	url     *url.URL
	header  http.Header
	body    []byte
}

func (c *Client) prepare(request stagedoor.Request) (*call, error) {
	u, err := c.URL(request.Path)
	if err != nil {
		return nil, err
	}
	merge(u, request.Query)
	method := strings.ToUpper(request.Method)
	if method == "" {
		method = http.MethodGet
	}
	header := http.Header{}
	maps.Copy(header, request.Header)
	header.Set("User-Agent", c.userAgent)
	header.Set("Accept", "application/json")
	if request.Body != nil && header.Get("Content-Type") == "" {
		header.Set("Content-Type", "application/json")
	}
	op := c.operation(method, u)
	return &call{op: op, objects: c.objects(op, u, func() []byte { return request.Body }), url: u, header: header, body: request.Body}, nil
}

// operation finds what is asked for. What the table does not know counts as
// Heavy below the API, and has no label elsewhere.
func (c *Client) operation(method string, u *url.URL) stagedoor.Operation {
	path, ok := c.api.below(u)
	if !ok {
		if op, ok := Operations().Find(method, u.EscapedPath()); ok {
			return op
		}
		return stagedoor.Operation{Method: method, Path: stagedoor.Outside(u.Host+u.EscapedPath(), detailBytes)}
	}
	if op, ok := Operations().Find(method, path); ok {
		return op
	}
	return stagedoor.Operation{Method: method, Path: stagedoor.Outside(path, detailBytes), Label: stagedoor.Heavy}
}

// safe reports whether sending the request twice does nothing twice.
func (c *call) safe() bool {
	return c.op.Method == http.MethodGet || c.op.Method == http.MethodHead
}
