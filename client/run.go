package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"time"

	"github.com/stagedoor/stagedoor"
)

const (
	runs         = "/runs"
	schedules    = "/schedules"
	destinations = "/destinations"
)

// RunQuery says which runs to list.
type RunQuery struct {
	States     []stagedoor.RunState // none: all
	Credential string               // slug
	Schedule   string               // name
}

// Runs lists runs, the newest first.
func (c *Client) Runs(ctx context.Context, q RunQuery) iter.Seq2[stagedoor.Run, error] {
	query := set("credential", q.Credential, "schedule", q.Schedule)
	for _, state := range q.States {
		query.Add("state", string(state))
	}
	return each[stagedoor.Run](ctx, c, runs, query)
}

// Run shows a run by its id, the beginning of it, or "last".
func (c *Client) Run(ctx context.Context, id string) (stagedoor.Run, error) {
	return get[stagedoor.Run](ctx, c, runs+in(id), nil)
}

// RunSlices lists how a run's slices ended.
func (c *Client) RunSlices(ctx context.Context, id string) iter.Seq2[stagedoor.RunSlice, error] {
	return each[stagedoor.RunSlice](ctx, c, runs+in(id)+"/slices", nil)
}

// NewRun is a run that is asked for.
type NewRun struct {
	Credential  string            // slug
	Streams     []string          // names of streams and families, or "all"
	Since       time.Time         // the first UTC day; zero: where this stream and destination stopped
	Until       time.Time         // the last UTC day, included; zero: today
	Params      map[string]string // further query parameters
	FullRefresh bool
	Limit       int    // rows of each stream; 0: all
	Into        string // the name of a saved destination
}

func (n NewRun) sent() map[string]any {
	body := map[string]any{"credential": n.Credential, "streams": n.Streams, "into": n.Into, "full_refresh": n.FullRefresh, "limit": n.Limit}
	if len(n.Params) > 0 {
		body["params"] = n.Params
	}
	if !n.Since.IsZero() {
		body["since"] = n.Since.UTC().Format(time.DateOnly)
	}
	if !n.Until.IsZero() {
		body["until"] = n.Until.UTC().Format(time.DateOnly)
	}
	return body
}

// StartRun has the daemon do a run.
func (c *Client) StartRun(ctx context.Context, n NewRun) (stagedoor.Run, error) {
	return act[stagedoor.Run](ctx, c, http.MethodPost, runs, n.sent())
}

// CancelRun asks for a run's end.
func (c *Client) CancelRun(ctx context.Context, id string) (stagedoor.Run, error) {
	return act[stagedoor.Run](ctx, c, http.MethodPost, runs+in(id)+"/cancel", nil)
}

// ResumeRun has a run go on that ended before it was done.
func (c *Client) ResumeRun(ctx context.Context, id string) (stagedoor.Run, error) {
	return act[stagedoor.Run](ctx, c, http.MethodPost, runs+in(id)+"/resume", nil)
}

// Schedules lists schedules.
func (c *Client) Schedules(ctx context.Context) iter.Seq2[stagedoor.Schedule, error] {
	return each[stagedoor.Schedule](ctx, c, schedules, nil)
}

// Schedule shows a schedule.
func (c *Client) Schedule(ctx context.Context, name string) (stagedoor.Schedule, error) {
	return get[stagedoor.Schedule](ctx, c, schedules+in(name), nil)
}

// NewSchedule is a schedule that is to be added.
type NewSchedule struct {
	NewRun
	Name    string // empty: made from the credential and the streams
	Cron    string // "15 3 * * *"
	Zone    string // an IANA name; empty: UTC
	CatchUp stagedoor.CatchUp
	Jitter  string // "5m"
}

// AddSchedule adds a schedule.
func (c *Client) AddSchedule(ctx context.Context, n NewSchedule) (stagedoor.Schedule, error) {
	body := n.sent()
	for name, value := range map[string]string{"name": n.Name, "cron": n.Cron, "zone": n.Zone, "catch_up": string(n.CatchUp), "jitter": n.Jitter} {
		if value != "" {
			body[name] = value
		}
	}
	return act[stagedoor.Schedule](ctx, c, http.MethodPost, schedules, body)
}

// PauseSchedule has a schedule ask for nothing.
func (c *Client) PauseSchedule(ctx context.Context, name string) (stagedoor.Schedule, error) {
	return act[stagedoor.Schedule](ctx, c, http.MethodPost, schedules+in(name)+"/pause", nil)
}

// ResumeSchedule has a schedule ask again, from now on.
func (c *Client) ResumeSchedule(ctx context.Context, name string) (stagedoor.Schedule, error) {
	return act[stagedoor.Schedule](ctx, c, http.MethodPost, schedules+in(name)+"/resume", nil)
}

// RemoveSchedule removes a schedule; its runs stay.
func (c *Client) RemoveSchedule(ctx context.Context, name string) error {
	_, err := c.call(ctx, http.MethodDelete, schedules+in(name), nil, nil, nil)
	return err
}

// Destinations lists saved destinations.
func (c *Client) Destinations(ctx context.Context) iter.Seq2[stagedoor.SavedDestination, error] {
	return each[stagedoor.SavedDestination](ctx, c, destinations, nil)
}

// AddDestination saves a destination, whose URL may hold a password.
func (c *Client) AddDestination(ctx context.Context, name, description string, address stagedoor.Secret) (stagedoor.SavedDestination, error) {
	body := map[string]string{"name": name, "url": address.Reveal()}
	if description != "" {
		body["description"] = description
	}
	return act[stagedoor.SavedDestination](ctx, c, http.MethodPost, destinations, body)
}

// CheckDestination proves that a destination can be written to. Where it can not,
// its Error says why.
func (c *Client) CheckDestination(ctx context.Context, name string) (stagedoor.SavedDestination, error) {
	return act[stagedoor.SavedDestination](ctx, c, http.MethodPost, destinations+in(name)+"/check", nil)
}

// RemoveDestination removes a saved destination; with force also where schedules
// write into it.
func (c *Client) RemoveDestination(ctx context.Context, name string, force bool) error {
	_, err := c.call(ctx, http.MethodDelete, destinations+in(name), forced(force), nil, nil)
	return err
}

// Streams lists data sets: those of names and families, none for all. With a
// credential each says whether that may read it.
func (c *Client) Streams(ctx context.Context, credential string, names ...string) iter.Seq2[stagedoor.StreamInfo, error] {
	query := set("credential", credential)
	query["name"] = names
	return each[stagedoor.StreamInfo](ctx, c, "/streams", query)
}

// Stream shows a data set; credential may be empty.
func (c *Client) Stream(ctx context.Context, name, credential string) (stagedoor.StreamInfo, error) {
	return get[stagedoor.StreamInfo](ctx, c, "/streams"+in(name), set("credential", credential))
}

// Purposes lists what credentials may be for.
func (c *Client) Purposes(ctx context.Context) iter.Seq2[stagedoor.Purpose, error] {
	return each[stagedoor.Purpose](ctx, c, "/purposes", nil)
}

// Scopes is the least list of scopes for some uses. Validation does not count.
func (c *Client) Scopes(ctx context.Context, q stagedoor.ScopeQuestion) (stagedoor.ScopeList, error) {
	query := url.Values{"purpose": q.Purposes, "stream": q.Streams, "operation": q.Operations}
	if q.Style != "" {
		query.Set("style", string(q.Style))
	}
	return get[stagedoor.ScopeList](ctx, c, "/scopes", query)
}
