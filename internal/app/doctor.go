package app

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/doctor"
	"github.com/stagedoor/stagedoor/internal/egress"
	"github.com/stagedoor/stagedoor/internal/store"
	"github.com/stagedoor/stagedoor/internal/stream"
	"github.com/stagedoor/stagedoor/internal/zoom"
)

// Visit is what a doctor's visit cost: requests that were sent.
type Visit struct{ TokenCalls, APICalls int }

// How much of a visit is done at once, and how long one credential may take.
const (
	visitsAtOnce = 4
	visitFor     = time.Minute
)

// Doctor examines this machine, and the credentials that names lists; none:
// every saved one, and env where its variables are set. broken is the error of
// reading the settings, if there was one. tell is given each check, in order
// and one at a time.
func (a *App) Doctor(ctx context.Context, names []string, broken error, tell func(stagedoor.Check)) (Visit, error) {
	machine, err := a.machine(broken)
	if err != nil {
		return Visit{}, err
	}
	usable := machine.Examine(ctx, doctor.NewSheet("", tell))
	if ctx.Err() != nil || broken != nil {
		return Visit{}, ctx.Err()
	}
	if len(names) == 0 {
		if names, err = a.patients(ctx, usable); err != nil {
			return Visit{}, err
		}
	}
	// Each is examined on its own; what it brings is told in the order of names.
	var visit Visit
	var mu sync.Mutex
	places := make(chan struct{}, visitsAtOnce)
	sheets := make([]chan stagedoor.Check, len(names))
	for i, name := range names {
		sheets[i] = make(chan stagedoor.Check, 64)
		go func() {
			defer close(sheets[i])
			places <- struct{}{}
			defer func() { <-places }()
			cost := a.visit(ctx, name, usable, doctor.NewSheet(name, func(c stagedoor.Check) { sheets[i] <- c }))
			mu.Lock()
			defer mu.Unlock()
			visit.TokenCalls += cost.TokenCalls
			visit.APICalls += cost.APICalls
		}()
	}
	for _, sheet := range sheets {
		for check := range sheet {
			tell(check)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	return visit, ctx.Err()
}

// patients are the credentials that are examined where none is named.
func (a *App) patients(ctx context.Context, usable bool) ([]string, error) {
	var names []string
	if usable {
		v, err := a.Vault(ctx)
		if err != nil {
			return nil, err
		}
		list, err := v.List(ctx)
		if err != nil {
			return nil, err
		}
		for _, c := range list {
			names = append(names, c.Slug)
		}
	}
	for _, name := range []string{"ZOOM_ACCOUNT_ID", "ZOOM_CLIENT_ID", "ZOOM_CLIENT_SECRET"} {
		if a.env.Getenv(name) != "" {
			return append(names, stagedoor.EnvSlug), nil
		}
	}
	return names, nil
}

func (a *App) machine(broken error) (doctor.Machine, error) {
	m := doctor.Machine{
		Home: a.settings.Home, File: filepath.Join(a.settings.Home, "stagedoor.yaml"), CAFile: a.settings.CAFile,
		Settings: broken, Now: now,
		Inspect: a.inspect, Rows: a.openRows,
		Key: func() string { return "the key " + a.vault.Status().Source },
	}
	if broken != nil {
		return m, nil
	}
	var err error
	if m.Database, err = store.Path(a.settings.Database); err != nil {
		m.Settings = err
		return m, nil
	}
	path, file := strings.CutPrefix(a.settings.Key, "file:")
	switch {
	case a.settings.Key == "":
		m.KeyFile = filepath.Join(a.settings.Home, "key")
	case file && path != "":
		m.KeyFile, err = filepath.Abs(path)
	}
	return m, err
}

func (a *App) inspect(ctx context.Context) (string, error) {
	found, err := store.Inspect(ctx, a.settings.Database)
	if err != nil {
		return "", err
	}
	path, _ := store.Path(a.settings.Database) // it was read before
	says := fmt.Sprintf("schema version %d, the newest", found.Schema)
	if found.Schema < found.Known {
		says = fmt.Sprintf("schema version %d, which the next command brings to %d", found.Schema, found.Known)
	}
	return says, found.Damage(path)
}

func (a *App) openRows(ctx context.Context) (int, time.Time, error) {
	v, err := a.Vault(ctx)
	if err != nil {
		return 0, time.Time{}, err
	}
	list, err := v.List(ctx)
	var newest time.Time
	for _, c := range list {
		if c.ChangedAt.After(newest) {
			newest = c.ChangedAt
		}
	}
	return len(list), newest, err
}

// visit examines one credential.
func (a *App) visit(ctx context.Context, name string, usable bool, sheet *doctor.Sheet) Visit {
	if !usable && name != stagedoor.EnvSlug {
		sheet.Unusable(&stagedoor.Error{
			Kind: stagedoor.KindNotFound, Cause: "no saved credential can be read; see the lines about this machine",
			Fix: "Mend what they say, or save one with `stagedoor credential add " + name + "`.",
		})
		return Visit{}
	}
	limited, cancel := context.WithTimeout(ctx, visitFor)
	defer cancel()
	c, err := a.Credential(limited, name)
	if err != nil {
		sheet.Unusable(err)
		return Visit{}
	}
	account, err := a.newAccount(c)
	if err != nil {
		sheet.Unusable(err)
		return Visit{}
	}
	defer account.close()
	p := account.provider
	patient := doctor.Patient{
		Credential: c, Provider: p, TokenURL: first(c.TokenURL, p.TokenURL),
		Validation: first(c.ValidationURL, p.Validation), Account: account, Now: now,
	}
	if p.BuiltOn() == stagedoor.Zoom.Name {
		patient.Report = activityReport(c)
		if len(c.Purposes) > 0 {
			patient.Scopes = func(held []string) (doctor.Scopes, error) { return a.purposeScopes(c, held) }
		}
	}
	patient.Examine(limited, sheet)
	heard := account.Heard()
	return Visit{TokenCalls: heard.TokenCalls, APICalls: heard.APICalls}
}

// purposeScopes compares what a token holds with what the purposes need.
func (a *App) purposeScopes(c stagedoor.Credential, held []string) (doctor.Scopes, error) {
	compared, err := a.Compare(stagedoor.ScopeQuestion{Purposes: c.Purposes, Validation: c.ValidationURL}, held)
	result := doctor.Scopes{Superfluous: compared.Superfluous, Hints: compared.Hints}
	for _, need := range compared.Missing {
		// What only the check would like is told where it calls.
		uses := slices.DeleteFunc(slices.Clone(need.For), func(use string) bool { return use == ForCheck })
		if len(uses) > 0 {
			result.Missing = append(result.Missing, need.Scope+" (for "+strings.Join(uses, ", ")+")")
		}
	}
	return result, err
}

// reportDays is how far back the report is asked for: what one call permits.
const reportDays = 30

// activityReport is the report that Zoom switches on for some accounts only.
func activityReport(c stagedoor.Credential) *doctor.Report {
	found, err := stream.Find("meeting_activities")
	if err != nil || len(found) != 1 {
		return nil
	}
	s := found[0]
	params := url.Values{
		s.Window.From: {now().AddDate(0, 0, -reportDays+1).Format(time.DateOnly)}, s.Window.To: {now().Format(time.DateOnly)},
		"page_size": {"30"},
	}
	for name, value := range s.Params {
		params.Set(name, value)
	}
	r := &doctor.Report{
		Path: s.Path, Page: "the meeting activity report", Params: params, ListKeys: s.ListKeys, Days: reportDays,
		Wanted: slices.ContainsFunc(c.Purposes, func(p string) bool { return p == "reports" || strings.HasPrefix(p, "reports:") }),
		Empty:  s.EmptyMeans,
	}
	if op, ok := zoom.Operations().Find(s.Method, s.Path); ok {
		r.Scopes, r.Label = op.Scopes(), op.Label
	}
	return r
}

// account is what a doctor needs of a credential. Its connection is made when a
// token is first asked for, so that addresses which are not allowed are told as
// what they are.
type account struct {
	app        *App
	credential stagedoor.Credential
	provider   stagedoor.Provider
	way        *egress.Transport
	conn       *Connection

	mu    sync.Mutex
	heard doctor.Heard
}

var _ doctor.Account = (*account)(nil)

func (a *App) newAccount(c stagedoor.Credential) (*account, error) {
	p, err := a.Provider(c.Provider)
	if err != nil {
		return nil, err
	}
	way, err := egress.New(egress.Options{Hosts: p.Hosts, Allow: c.AllowHosts, CAFile: a.settings.CAFile})
	if err != nil {
		return nil, err
	}
	return &account{app: a, credential: c, provider: p, way: way}, nil
}

func (d *account) close() {
	if d.conn != nil {
		d.conn.Close()
	}
}

// impatience makes a client send each request once: what fails is told, not
// tried again.
const impatience = time.Millisecond

func (d *account) use() Use {
	return Use{
		Patience: impatience, tries: 1,
		hear: func(base http.RoundTripper) http.RoundTripper { return listening{account: d, base: base} },
	}
}

func (d *account) Way(ctx context.Context, address string) stagedoor.Way {
	u, err := url.Parse(address)
	if err != nil {
		return stagedoor.Way{Stage: stagedoor.StageHost, Err: &stagedoor.Error{
			Kind: stagedoor.KindUsage, Cause: "an address of the credential is not one", Fix: "Correct it: `stagedoor credential edit NAME --token-url URL --api-url URL`.",
		}}
	}
	return d.way.Probe(ctx, u)
}

// Mint uses the newest secret alone: an older one would hide that it is wrong.
func (d *account) Mint(ctx context.Context) (stagedoor.Token, error) {
	newest := d.credential
	if len(newest.ClientSecrets) > 1 {
		newest.ClientSecrets = newest.ClientSecrets[:1]
	}
	conn, err := d.app.Connect(context.WithoutCancel(ctx), newest, d.use())
	if err != nil {
		return stagedoor.Token{}, err
	}
	d.conn = conn
	return conn.Source.Mint(ctx)
}

func (d *account) MintBefore(ctx context.Context) error {
	before := d.credential
	before.ID, before.ClientSecrets = "", before.ClientSecrets[1:2]
	conn, err := d.app.Connect(ctx, before, d.use())
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = conn.Source.Mint(ctx)
	return err
}

func (d *account) Call(ctx context.Context, path string, query url.Values) ([]byte, error) {
	client, err := d.conn.API()
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(ctx, stagedoor.Request{Path: path, Query: query})
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}

func (d *account) Fitting(scopes []string) string { return (&prover{}).Fitting(scopes) }

func (d *account) APIURL(t stagedoor.Token) string {
	if d.conn != nil {
		return d.conn.APIURL(t)
	}
	return first(d.credential.APIURL, d.provider.APIURL)
}

func (d *account) Heard() doctor.Heard {
	d.mu.Lock()
	defer d.mu.Unlock()
	heard := d.heard
	heard.Limits = slices.Clone(heard.Limits)
	return heard
}

// listening is a RoundTripper that counts requests and notes what the headers
// of answers tell about the time and about quotas.
type listening struct {
	account *account
	base    http.RoundTripper
}

func (l listening) RoundTrip(r *http.Request) (*http.Response, error) {
	d := l.account
	d.mu.Lock()
	if r.Method == http.MethodPost { // the doctor asks the API by GET alone
		d.heard.TokenCalls++
	} else {
		d.heard.APICalls++
	}
	d.mu.Unlock()
	answer, err := l.base.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if date, err := http.ParseTime(answer.Header.Get("Date")); err == nil {
		d.heard.Date, d.heard.At, d.heard.Host = date, now(), r.URL.Host
	}
	if limit, ok := limitOf(answer); ok {
		d.heard.Limits = append(d.heard.Limits, limit)
	}
	return answer, nil
}

// limitOf reads what an answer says of quotas. The headers are those of Zoom's
// former page on rate limits; today's names none.
// Source: thread 18928 of devforum.zoom.us and ZoomNet, read 2026-11.
func limitOf(answer *http.Response) (doctor.Limit, bool) {
	h := answer.Header
	limit := doctor.Limit{
		Daily:   strings.HasPrefix(strings.ToLower(h.Get("X-RateLimit-Type")), "daily"),
		Limit:   numberOr(h.Get("X-RateLimit-Limit"), -1),
		Refused: answer.StatusCode == http.StatusTooManyRequests && answer.Request != nil && answer.Request.Method != http.MethodPost,
		// A 429 without a type that asks to wait for a date is a daily one.
		Remaining: numberOr(h.Get("X-RateLimit-Remaining"), -1),
		Until:     h.Get("Retry-After"),
	}
	label := h.Get("X-RateLimit-Category")
	for _, known := range []stagedoor.Label{stagedoor.Light, stagedoor.Medium, stagedoor.Heavy, stagedoor.ResourceIntensive} {
		if strings.EqualFold(string(known), label) {
			limit.Label = known
		}
	}
	if h.Get("X-RateLimit-Type") == "" && strings.Contains(limit.Until, "T") {
		limit.Daily = true
	}
	return limit, limit.Refused || label != "" || limit.Limit >= 0
}

func numberOr(text string, other int) int {
	if n, err := strconv.Atoi(strings.TrimSpace(text)); err == nil {
		return n
	}
	return other
}
