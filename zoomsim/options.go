package zoomsim

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Options says which account to simulate and how strictly. The zero value works.
type Options struct {
	// Listen is the address Start listens on, host:port. Default "127.0.0.1:0", a free port.
	Listen string
	// BaseURL is the URL under which Handler is reached, without a final slash.
	// Start fills it from its listener. With New, empty leaves the URLs of Info
	// empty and lets token answers name the host that was asked.
	BaseURL string

	// Seed chooses the made-up company. Default 0: a random one is drawn; Info reports it.
	Seed int64
	// Today is the simulated day; only its UTC date counts. Reports end on the
	// day before. Zero: the day it is by Now.
	Today time.Time
	// Users is how many users the account has, whatever their status. Default (0) 40.
	Users int
	// Meetings is how many meeting instances were held. Default (0) 400, which is
	// some 6,000 activity rows.
	Meetings int

	// Plan is "free", "pro" or "business". Default "pro".
	Plan string
	// Scopes are those of the app. Default (nil): the least granular scopes that
	// reading users, groups, roles, meetings, reports, recordings and phone takes,
	// and for a business plan the dashboard.
	Scopes []string
	// AppType is the kind of app. Default "": Server-to-Server OAuth. Anything
	// else, such as "general", is refused by the token endpoint.
	AppType string
	// NoReportFeature simulates an account for which Zoom Support has not switched
	// on the meeting audit trail: meeting_activities is empty.
	NoReportFeature bool
	// GoneUsers is how many active users are listed but answer that they do not
	// exist: they were deleted between two calls. Default 0.
	GoneUsers int
	// ReportLag is how long after the end of a meeting its participants' report is
	// not there yet: it answers 404, code 3001. Default 0.
	ReportLag time.Duration
	// DurationLag is how long after the end of a meeting Zoom still works out who
	// stayed how long: the durations in its report are 0. Default 0.
	DurationLag time.Duration
	// PageRows is how many rows a page holds at most, whatever page_size asks for:
	// a server may clamp it, and a test needs fewer rows for many pages. Default
	// (0): as many as the operation permits.
	PageRows int
	// BarredUsers is how many active users may not schedule: their list of meetings
	// is refused. Default 0.
	BarredUsers int
	// NoAdminLogs simulates that the role of the app's owner shows neither
	// sign-ins nor what admins changed: activities and operationlogs are empty.
	NoAdminLogs bool
	// StrictActivityType refuses meeting_activities requests without activity_type,
	// as the published specification says. Default: absence means All Activities.
	StrictActivityType bool

	// AccountID and ClientID are 22 characters of URL-safe base64, ClientSecret is
	// 32 letters and digits. Default: drawn from the seed.
	AccountID, ClientID, ClientSecret string

	// TokenTTL is how long an access token lives, in whole seconds. Default (0) one hour.
	TokenTTL time.Duration
	// OneToken makes a new token kill the former one, as Zoom did in 2022 and 2023.
	OneToken bool

	// Latency is how long each API request is under way: half of it passes before
	// the request is counted and half after. Default 0.
	Latency time.Duration
	// Jitter is the most by which a request is late in addition, at random, before
	// it is counted; with JitterBack as much again after it. Default 0.
	Jitter     time.Duration
	JitterBack bool
	// Limits is "zoom" (the limits of Plan) or "off". Default "zoom".
	Limits string
	// Limiter is how requests are counted, as Zoom does not say: "fixed" windows
	// aligned to the clock, a "sliding" window, or a token "bucket" whose burst is
	// the limit. Default "fixed".
	Limiter string
	// RateLimitHeaders says which headers tell of limits, as accounts of what Zoom
	// sends differ (forms of X-RateLimit-… and Retry-After):
	//   - "refusals": Category on each answer of a published operation, and on 429s
	//     of the account's limits Type, Limit, Remaining and, if daily, Retry-After.
	//   - "today": Category alone, also on 429s: all that was seen in 2026.
	//   - "former": those of "refusals", and Limit and Remaining also on answers that
	//     a daily limit counted, as seen in 2020 and 2021.
	//   - "none".
	// A 429 of a host, a registrant or a lock never has Type and Retry-After.
	// Default "refusals".
	RateLimitHeaders string

	// Now is the clock of tokens, page tokens and limits. Default time.Now.
	// Delays (Latency, Jitter, slow faults) are real time.
	Now func() time.Time
}

// withDefaults returns o checked, with each default filled in; all problems are
// reported together.
func (o Options) withDefaults() (Options, error) {
	var problems []error
	problem := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf(format, args...))
	}
	oneOf := func(field, value string, choices ...string) {
		if !slices.Contains(choices, value) {
			problem("%s %q is not one of %s", field, value, strings.Join(choices, ", "))
		}
	}

	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.BaseURL != "" {
		u, err := url.Parse(o.BaseURL)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			problem("BaseURL %q is not an absolute http or https URL", o.BaseURL)
		}
		o.BaseURL = strings.TrimRight(o.BaseURL, "/")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Today.IsZero() {
		o.Today = o.Now()
	}
	o.Today = startOfDay(o.Today)
	for o.Seed == 0 {
		o.Seed = rand.Int64N(1 << 31) // short enough to be typed again
	}

	if o.Users < 0 {
		problem("Users %d is negative", o.Users)
	} else if o.Users == 0 {
		o.Users = 40
	}
	if o.Meetings < 0 {
		problem("Meetings %d is negative", o.Meetings)
	} else if o.Meetings == 0 {
		o.Meetings = 400
	}

	if o.Plan == "" {
		o.Plan = "pro"
	}
	oneOf("Plan", o.Plan, "free", "pro", "business")
	if o.Limits == "" {
		o.Limits = "zoom"
	}
	oneOf("Limits", o.Limits, "zoom", "off")
	if o.Limiter == "" {
		o.Limiter = "fixed"
	}
	oneOf("Limiter", o.Limiter, "fixed", "sliding", "bucket")
	if o.RateLimitHeaders == "" {
		o.RateLimitHeaders = "refusals"
	}
	oneOf("RateLimitHeaders", o.RateLimitHeaders, "refusals", "today", "former", "none")

	if o.Scopes == nil {
		o.Scopes = defaultScopes
		if o.Plan == "business" { // other plans are not offered it
			o.Scopes = slices.Concat(o.Scopes, []string{"dashboard:read:list_meetings:admin"})
		}
	}
	o.Scopes = slices.Clone(o.Scopes) // the caller may go on with its own
	for _, scope := range o.Scopes {
		if scope == "" || strings.ContainsAny(scope, " \t\r\n") {
			problem("Scopes holds %q, which is not one scope", scope)
		}
	}

	if o.TokenTTL < 0 || o.TokenTTL%time.Second != 0 {
		problem("TokenTTL %v is not a number of whole seconds", o.TokenTTL)
	} else if o.TokenTTL == 0 {
		o.TokenTTL = time.Hour
	}
	if o.Latency < 0 {
		problem("Latency %v is negative", o.Latency)
	}
	if o.ReportLag < 0 {
		problem("ReportLag %v is negative", o.ReportLag)
	}
	if o.DurationLag < 0 {
		problem("DurationLag %v is negative", o.DurationLag)
	}
	if o.Jitter < 0 {
		problem("Jitter %v is negative", o.Jitter)
	}
	return o, errors.Join(problems...)
}

// defaultScopes are the least granular scopes for reading each product (Zoom's
// granular scopes page, https://developers.zoom.us/docs/integrations/oauth-scopes-granular/,
// read 2026-11).
var defaultScopes = strings.Fields(`
	user:read:list_users:admin user:read:user:admin user:read:settings:admin
	group:read:list_groups:admin group:read:list_members:admin
	role:read:list_roles:admin role:read:list_members:admin
	meeting:read:list_meetings:admin meeting:read:meeting:admin meeting:read:past_meeting:admin
	meeting:read:list_past_instances:admin meeting:read:list_past_participants:admin
	meeting:read:list_registrants:admin meeting:read:list_polls:admin
	report:read:list_users:admin report:read:user:admin report:read:meeting:admin
	report:read:list_meeting_participants:admin report:read:meeting_activity_log:admin
	report:read:user_activities:admin report:read:operation_logs:admin
	report:read:list_history_meetings:admin report:read:telephone:admin
	report:read:upcoming_meetings_webinars:admin
	cloud_recording:read:list_user_recordings:admin cloud_recording:read:list_recording_files:admin
	phone:read:list_users:admin phone:read:list_call_logs:admin phone:read:list_call_recordings:admin
`)
