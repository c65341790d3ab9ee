package zoom

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/quota"
)

// fake is Zoom in memory: it answers each request with the next of its replies,
// and with the last one from then on.
type fake struct {
	mu      sync.Mutex
	replies []reply
	got     []*http.Request // in the order they came
	bodies  []string
	times   []time.Time
}

type reply func(*http.Request) (*http.Response, error)

func (f *fake) RoundTrip(r *http.Request) (*http.Response, error) {
	body := ""
	if r.Body != nil {
		raw, _ := io.ReadAll(r.Body)
		body = string(raw)
	}
	f.mu.Lock()
	f.got, f.bodies, f.times = append(f.got, r), append(f.bodies, body), append(f.times, time.Now())
	next := f.replies[min(len(f.got), len(f.replies))-1]
	f.mu.Unlock()
	return next(r)
}

func (f *fake) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.got)
}

// says answers with a status, a body, and headers in pairs.
func says(status int, body string, headers ...string) reply {
	return func(r *http.Request) (*http.Response, error) {
		h := http.Header{"X-Zm-Trackingid": {"v=2.0;clid=us02;rid=WEB_1"}}
		for i := 0; i < len(headers); i += 2 {
			h.Set(headers[i], headers[i+1])
		}
		return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	}
}

// breaksOff sends part of a body and then fails.
func breaksOff(body string, err error) reply { return refusesAndBreaksOff(200, body, err) }

// refusesAndBreaksOff sends a status and part of a body and then fails.
func refusesAndBreaksOff(status int, body string, err error) reply {
	return func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(io.MultiReader(strings.NewReader(body), failing{err})), Request: r}, nil
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// fails gives no answer.
func fails(err error) reply {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

// hangs answers when the caller gives up.
func hangs(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// zoomish is a small provider in Zoom's shape.
func zoomish() stagedoor.Provider {
	return stagedoor.Provider{
		Name: "zoom", Title: "Zoom", APIURL: "https://api.zoom.us", APIBase: "/v2",
		Errors: []stagedoor.ErrorRule{
			{ID: "scope", At: stagedoor.AtAPI, Code: []string{"4711", "4700"}, Message: `scopes: ?\[(?P<scopes>[^\]]*)\]`, Kind: stagedoor.KindScopeMissing, Cause: "the app lacks one of {scopes}", Fix: "Add it on the app's Scopes page."},
			{ID: "token", At: stagedoor.AtAPI, Code: []string{"124"}, Kind: stagedoor.KindTokenRejected, Cause: "Zoom refused the token", Fix: "Check the credential."},
			{ID: "page-token", At: stagedoor.AtAPI, Code: []string{"300", "400"}, Message: `(?i)next.?page.?token`, Kind: stagedoor.KindPageToken, Cause: "the page token ran out", Fix: "Begin again."},
			{ID: "plan", At: stagedoor.AtAPI, Code: []string{"200"}, Message: `(?i)paid account`, Kind: stagedoor.KindPlanTooSmall, Cause: "the plan is too small", Fix: "Change the plan."},
			{ID: "second", At: stagedoor.AtAPI, Status: []int{429}, Message: `per-second`, Kind: stagedoor.KindRateLimited, Cause: "too many requests in a second", Fix: "Wait a second."},
		},
	}
}

// limited is zoomish with Zoom's limits for the Pro plan.
func limited() stagedoor.Provider {
	p := zoomish()
	p.Limits = []stagedoor.RateLimit{
		{Label: stagedoor.Light, Plan: stagedoor.PlanPro, PerSecond: 30},
		{Label: stagedoor.Medium, Plan: stagedoor.PlanPro, PerSecond: 20},
		{Label: stagedoor.Heavy, Plan: stagedoor.PlanPro, PerSecond: 10, PerDay: 30_000, DayGroup: "heavy"},
		{Label: stagedoor.ResourceIntensive, Plan: stagedoor.PlanPro, PerMinute: 10, PerDay: 30_000, DayGroup: "heavy"},
	}
	return p
}

// newClient returns a client of the replies; change may alter its Config.
func newClient(t *testing.T, change func(*Config), replies ...reply) (*Client, *fake) {
	t.Helper()
	f := &fake{replies: replies}
	config := Config{HTTP: f, Provider: zoomish(), Subject: "credential acme"}
	if change != nil {
		change(&config)
	}
	config.Quota = paced(t, config.Provider)
	c, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	return c, f
}

// paced is the quota of an account on Pro that a person calls.
func paced(t *testing.T, p stagedoor.Provider) Quota {
	a := quota.Open(quota.Options{Provider: p, Plan: stagedoor.PlanPro})
	t.Cleanup(func() { _ = a.Close(context.Background()) })
	return account{a, stagedoor.Use{Class: stagedoor.Backfill}}
}

// account is an account for one use of it.
type account struct {
	*quota.Account
	use stagedoor.Use
}

func (a account) Admit(ctx context.Context, call stagedoor.Call) (stagedoor.Turn, error) {
	return a.Account.Admit(ctx, call, a.use)
}

// do sends a GET and returns its error as ours.
func do(t *testing.T, c *Client, path string) (*Response, *stagedoor.Error) {
	t.Helper()
	return doAs(t.Context(), t, c, stagedoor.Request{Path: path})
}

func doAs(ctx context.Context, t *testing.T, c *Client, request stagedoor.Request) (*Response, *stagedoor.Error) {
	t.Helper()
	response, err := c.Do(ctx, request)
	if err == nil {
		return response, nil
	}
	e, ok := err.(*stagedoor.Error)
	if !ok {
		t.Fatalf("%T is not a *stagedoor.Error: %v", err, err)
	}
	return nil, e
}

// walk reads all pages of a list.
func walk(t *testing.T, c *Client, path string, query url.Values, keys ...string) ([]string, stagedoor.Reading, error) {
	t.Helper()
	var rows []string
	reading, err := c.Pages(t.Context(), stagedoor.Request{Path: path, Query: query}, keys, func(p stagedoor.Page) error {
		for _, row := range p.Rows {
			rows = append(rows, string(row))
		}
		return nil
	})
	return rows, reading, err
}
