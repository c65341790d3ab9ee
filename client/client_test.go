package client_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/client"
	"github.com/stagedoor/stagedoor/internal/api"
	"github.com/stagedoor/stagedoor/internal/app"
	"github.com/stagedoor/stagedoor/zoomsim"
)

// door is a daemon without any credential, a simulator of Zoom, and clients of it.
type door struct {
	url  string
	app  *app.App
	info zoomsim.Info

	t        *testing.T
	document *openapi3.T

	mu    sync.Mutex
	asked map[string]bool // the routes that were asked
}

func open(t *testing.T) *door {
	t.Helper()
	sim, err := zoomsim.Start(zoomsim.Options{Users: 6, Meetings: 40, Limits: "off", Plan: "business"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sim.Close() })
	none := func(string) string { return "" }
	settings, err := app.Settings{Home: t.TempDir(), Serve: app.ServeSettings{Listen: "127.0.0.1:0"}}.Resolve(none)
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.Open(settings, app.Environment{Getenv: none, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	daemon, err := a.Serve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := daemon.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
	text, err := api.Document()
	if err != nil {
		t.Fatal(err)
	}
	document, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatal(err)
	}
	return &door{t: t, document: document, url: daemon.URL(), app: a, info: sim.Info(), asked: map[string]bool{}}
}

// as is a client with a token of a role.
func (d *door) as(t *testing.T, role stagedoor.Role) *client.Client {
	t.Helper()
	_, token, err := d.app.AddOperatorToken(t.Context(), stagedoor.OperatorToken{Name: "test-" + string(role), Role: role})
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.New(d.url, token)
	if err != nil {
		t.Fatal(err)
	}
	c.HTTP = &http.Client{Transport: d}
	return c
}

// RoundTrip notes which routes are asked, and holds each request and answer against
// the document.
func (d *door) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return answer, err
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return answer, err
	}
	answer.Body.Close()
	answer.Body = io.NopCloser(bytes.NewReader(body))
	for _, route := range api.Routes() {
		if route.Method != r.Method || !fits(route.Path, r.URL.Path) {
			continue
		}
		d.mu.Lock()
		d.asked[route.ID] = true
		d.mu.Unlock()
		d.hold(route, answer, body)
	}
	return answer, nil
}

// hold holds an answer against what the document says of it.
func (d *door) hold(route api.Route, answer *http.Response, body []byte) {
	op := d.document.Paths.Find(route.Path).GetOperation(route.Method)
	said := op.Responses.Status(answer.StatusCode)
	if said == nil {
		d.t.Errorf("%s answers %d, which the document does not know", route.ID, answer.StatusCode)
		return
	}
	kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	media := said.Value.Content.Get(kind)
	if media == nil {
		if len(body) > 0 {
			d.t.Errorf("%s answers %d with %q, which the document does not know", route.ID, answer.StatusCode, kind)
		}
		return
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		d.t.Errorf("%s: %v", route.ID, err)
		return
	}
	if err := media.Schema.Value.VisitJSON(value, openapi3.MultiErrors()); err != nil {
		d.t.Errorf("%s answers %d with what the document does not say: %v", route.ID, answer.StatusCode, err)
	}
}

func fits(pattern, path string) bool {
	want, have := strings.Split(pattern, "/"), strings.Split(path, "/")
	return slices.EqualFunc(want, have, func(w, h string) bool { return w == h || strings.HasPrefix(w, "{") && !slices.Contains(reserved, h) })
}

// reserved are words that stand where another route has a parameter.
var reserved = []string{"head"}

// acme is the simulated account as a credential.
func (d *door) acme() client.NewCredential {
	host := strings.TrimSuffix(strings.TrimPrefix(d.info.APIURL, "http://"), "/v2")
	return client.NewCredential{
		Slug: "acme", Name: "Acme", AccountID: d.info.AccountID, ClientID: d.info.ClientID, ClientSecret: stagedoor.NewSecret(d.info.ClientSecret),
		Plan: stagedoor.PlanBusiness, TokenURL: d.info.TokenURL, APIURL: d.info.APIURL, AllowHosts: []string{host}, Labels: map[string]string{"team": "finance"},
	}
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func fine(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestEveryOperation walks through all that the API has, in the order in which
// somebody would: a credential, a caller, a run, a schedule, who did it, and the end.
func TestEveryOperation(t *testing.T) {
	d := open(t)
	c, ctx := d.as(t, stagedoor.RoleAdmin), t.Context()
	if me := must[client.Me](t)(c.Me(ctx)); me.Name != "test-admin" || me.Role != stagedoor.RoleAdmin {
		t.Errorf("me is %+v", me)
	}
	if doc := must[[]byte](t)(c.Document(ctx)); !strings.Contains(string(doc), `"openapi"`) {
		t.Errorf("the document is %.80s", doc)
	}
	t.Run("credentials", func(t *testing.T) { credentials(t, d, c) })
	t.Run("catalogue", func(t *testing.T) { catalogue(t, c) })
	t.Run("callers", func(t *testing.T) { callers(t, d, c) })
	t.Run("runs", func(t *testing.T) { runs(t, c) })
	t.Run("operators", func(t *testing.T) { operators(t, c) })
	t.Run("audit and health", func(t *testing.T) { auditAndHealth(t, c) })
	fine(t, c.RemoveCredential(ctx, "acme", true))
	if left := must[[]stagedoor.CredentialState](t)(client.All(c.Credentials(ctx))); len(left) != 0 {
		t.Errorf("%d credentials are left", len(left))
	}
	for _, route := range api.Routes() {
		if !d.asked[route.ID] {
			t.Errorf("%s was not asked: %s %s", route.ID, route.Method, route.Path)
		}
	}
}

func credentials(t *testing.T, d *door, c *client.Client) {
	ctx := t.Context()
	wrong := d.acme()
	wrong.ClientSecret = stagedoor.NewSecret("not-the-secret")
	if _, err := c.AddCredential(ctx, wrong); !client.IsKind(err, stagedoor.KindInvalidClient) {
		t.Errorf("a wrong secret: %v", err)
	}
	added := must[client.SavedCredential](t)(c.AddCredential(ctx, d.acme()))
	if added.Credential.Status != stagedoor.StatusVerified || added.Proof == nil || !added.Proof.Verified || added.Credential.CreatedBy != "test-admin" {
		t.Errorf("added as %+v, %+v", added.Credential.Credential, added.Proof)
	}
	if _, err := c.AddCredential(ctx, d.acme()); !client.IsKind(err, stagedoor.KindExists) {
		t.Errorf("the same again: %v", err)
	}
	state, etag, err := c.Credential(ctx, "acme")
	fine(t, err)
	if state.AccountID != d.info.AccountID || state.Labels["team"] != "finance" || etag == "" {
		t.Errorf("%+v, %s", state, etag)
	}
	about := "Nightly reports"
	edited := must[client.SavedCredential](t)(c.EditCredential(ctx, "acme", client.CredentialChange{Description: &about, IfMatch: etag}))
	if edited.Credential.Description != about || edited.Credential.AccountID != d.info.AccountID {
		t.Errorf("edited as %+v", edited.Credential.Credential)
	}
	_, err = c.EditCredential(ctx, "acme", client.CredentialChange{Name: &about, IfMatch: etag})
	if e, ok := errors.AsType[*stagedoor.Error](err); !ok || e.Status != http.StatusPreconditionFailed {
		t.Errorf("with an ETag from before: %v", err)
	}
	if proof := must[stagedoor.Proof](t)(c.CheckCredential(ctx, "acme")); !proof.Verified || len(proof.Steps) < 3 {
		t.Errorf("checked: %+v", proof)
	}
	if _, err := c.SetCredentialSecret(ctx, "acme", stagedoor.NewSecret("not-the-secret")); !client.IsKind(err, stagedoor.KindInvalidClient) {
		t.Errorf("a wrong new secret: %v", err)
	}
	must[client.SavedCredential](t)(c.SetCredentialSecret(ctx, "acme", stagedoor.NewSecret(d.info.ClientSecret)))
	if off := must[stagedoor.CredentialState](t)(c.DisableCredential(ctx, "acme", "being rebuilt")); off.Status != stagedoor.StatusDisabled || off.StatusReason != "being rebuilt" {
		t.Errorf("switched off: %+v", off.Credential)
	}
	must[stagedoor.CredentialState](t)(c.EnableCredential(ctx, "acme"))
	must[stagedoor.Proof](t)(c.CheckCredential(ctx, "acme"))
	must[[]stagedoor.Trouble](t)(client.All(c.CredentialTroubles(ctx, "acme")))
	if lacks := must[stagedoor.ScopeComparison](t)(c.CompareScopes(ctx, "acme", []string{"reports"}, []string{"users"})); len(lacks.Missing) != 0 {
		t.Errorf("lacks %+v", lacks.Missing)
	}
	if q := must[stagedoor.QuotaReport](t)(c.Quota(ctx, "acme")); q.Plan != stagedoor.PlanBusiness || len(q.Rates) == 0 {
		t.Errorf("quota: %+v", q)
	}
	today := stagedoor.DayOf(time.Now())
	if curve := must[stagedoor.QuotaCurve](t)(c.QuotaCurve(ctx, "acme", today)); curve.Date != today.Format(time.DateOnly) {
		t.Errorf("the curve: %+v", curve)
	}
}

func catalogue(t *testing.T, c *client.Client) {
	ctx := t.Context()
	providers := must[[]client.Provider](t)(client.All(c.Providers(ctx)))
	if zoom := must[client.Provider](t)(c.Provider(ctx, "zoom")); len(providers) < 3 || zoom.APIURL != "https://api.zoom.us" || len(zoom.Fields) < 3 {
		t.Errorf("%d providers, %+v", len(providers), zoom)
	}
	purposes := must[[]stagedoor.Purpose](t)(client.All(c.Purposes(ctx)))
	if len(purposes) < 5 || purposes[0].Title == "" {
		t.Errorf("purposes: %+v", purposes)
	}
	scopes := must[stagedoor.ScopeList](t)(c.Scopes(ctx, stagedoor.ScopeQuestion{Style: stagedoor.ClassicScopes, Purposes: []string{"reports"}}))
	if !slices.Contains(scopes.Scopes(), "report:read:admin") {
		t.Errorf("scopes: %v", scopes.Scopes())
	}
	all := must[[]stagedoor.StreamInfo](t)(client.All(c.Streams(ctx, "acme")))
	one := must[stagedoor.StreamInfo](t)(c.Stream(ctx, "meeting_activities", "acme"))
	if len(all) < 10 || one.Readable == nil || !*one.Readable || len(one.Columns) == 0 {
		t.Errorf("%d streams, %+v", len(all), one)
	}
	if found := must[[]client.Operation](t)(c.SearchOperations(ctx, "", "report users")); len(found) == 0 || found[0].Operation != "GET /report/users" {
		t.Errorf("found %+v", found)
	}
}

func callers(t *testing.T, d *door, c *client.Client) {
	ctx := t.Context()
	rules := stagedoor.RuleTexts{Allow: []string{"GET /users/**"}}
	if may := must[stagedoor.Decision](t)(c.TryRules(ctx, "acme", rules, "GET", "/users/me")); !may.Allowed || may.Rule != "allow GET /users/**" {
		t.Errorf("try: %+v", may)
	}
	made := must[client.CallerSecret](t)(c.AddCaller(ctx, client.NewCaller{Name: "reports", Credential: "acme", Rules: rules, Purposes: []string{"reports"}, Share: 0.5, ExpiresIn: "90d"}))
	if made.BaseURL != d.url+"/to/acme" || made.Caller.Share != 0.5 || made.Caller.ExpiresAt.IsZero() {
		t.Errorf("made %+v", made)
	}
	me := func(secret stagedoor.Secret) int {
		answer, err := http.PostForm(made.TokenURL, url.Values{"grant_type": {"client_credentials"}, "client_id": {made.Caller.ID}, "client_secret": {secret.Reveal()}})
		fine(t, err)
		answer.Body.Close()
		return answer.StatusCode
	}
	if status := me(made.ClientSecret); status != http.StatusOK {
		t.Errorf("its secret gets it %d", status)
	}
	rotated := must[client.CallerSecret](t)(c.RotateCallerSecret(ctx, "reports", "0"))
	if before, after := me(made.ClientSecret), me(rotated.ClientSecret); before != http.StatusUnauthorized || after != http.StatusOK {
		t.Errorf("the former secret gets it %d, the new one %d", before, after)
	}
	must[client.CallerSecret](t)(c.RotateCallerSecret(ctx, "reports", ""))
	if list := must[[]stagedoor.Caller](t)(client.All(c.Callers(ctx))); len(list) != 1 {
		t.Errorf("%d callers", len(list))
	}
	changed, _, err := c.SetCallerRules(ctx, "reports", stagedoor.RuleTexts{Allow: []string{"GET /users/*"}})
	fine(t, err)
	if one := must[stagedoor.Caller](t)(c.Caller(ctx, "reports")); len(one.Rules) != 1 || len(changed.Rules) != 1 {
		t.Errorf("rules: %+v", one.Rules)
	}
	if may := must[stagedoor.Decision](t)(c.Decide(ctx, "reports", "DELETE", "/users/me")); may.Allowed || may.Why == "" {
		t.Errorf("decided: %+v", may)
	}
	if reach := must[[]client.CallerOperation](t)(client.All(c.CallerOperations(ctx, "reports"))); len(reach) == 0 {
		t.Error("it reaches nothing")
	}
	if text := must[string](t)(c.CallerSnippet(ctx, "reports", "curl")); !strings.Contains(text, "curl") {
		t.Errorf("snippet: %s", text)
	}
	if hang := must[stagedoor.Dependents](t)(c.CredentialDependents(ctx, "acme")); !slices.Equal(hang.Callers, []string{"reports"}) {
		t.Errorf("dependents: %+v", hang)
	}
	if err := c.RemoveCredential(ctx, "acme", false); !client.IsKind(err, stagedoor.KindConflict) {
		t.Errorf("removing what a caller hangs on: %v", err)
	}
	if gone := must[stagedoor.Caller](t)(c.RevokeCaller(ctx, "reports")); gone.RevokedAt.IsZero() || gone.RevokedBy != "test-admin" {
		t.Errorf("revoked: %+v", gone)
	}
}

// until asks for a run until it stands as wanted.
func until(t *testing.T, c *client.Client, id string, wanted func(stagedoor.Run) bool) stagedoor.Run {
	t.Helper()
	for {
		run := must[stagedoor.Run](t)(c.Run(t.Context(), id))
		if wanted(run) {
			return run
		}
	}
}

func runs(t *testing.T, c *client.Client) {
	ctx := t.Context()
	place := stagedoor.NewSecret("sqlite:" + filepath.Join(t.TempDir(), "zoom.db"))
	saved := must[stagedoor.SavedDestination](t)(c.AddDestination(ctx, "warehouse", "all there is", place))
	if saved.Kind != "sqlite" || saved.CheckedAt.IsZero() {
		t.Errorf("saved %+v", saved)
	}
	if again := must[stagedoor.SavedDestination](t)(c.CheckDestination(ctx, "warehouse")); again.Error != nil {
		t.Errorf("checked: %+v", again)
	}
	if list := must[[]stagedoor.SavedDestination](t)(client.All(c.Destinations(ctx))); len(list) != 1 {
		t.Errorf("%d destinations", len(list))
	}
	started := must[stagedoor.Run](t)(c.StartRun(ctx, client.NewRun{Credential: "acme", Streams: []string{"users"}, Into: "warehouse"}))
	done := until(t, c, started.ID, stagedoor.Run.Ended)
	if done.State != stagedoor.RunDone || done.Rows == 0 || done.By != "operator token test-admin" {
		t.Errorf("the run: %+v, error %+v", done, done.Error)
	}
	if parts := must[[]stagedoor.RunSlice](t)(client.All(c.RunSlices(ctx, "last"))); len(parts) == 0 || parts[0].Stream != "users" {
		t.Errorf("slices: %+v", parts)
	}
	if list := must[[]stagedoor.Run](t)(client.All(c.Runs(ctx, client.RunQuery{States: []stagedoor.RunState{stagedoor.RunDone}, Credential: "acme"}))); len(list) != 1 || list[0].ID != started.ID {
		t.Errorf("runs: %+v", list)
	}
	if _, err := c.CancelRun(ctx, started.ID); err == nil {
		t.Error("a run that is done was cancelled")
	}
	if _, err := c.ResumeRun(ctx, started.ID); err == nil {
		t.Error("a run that is done was resumed")
	}
	if _, err := c.StartRun(ctx, client.NewRun{Credential: "acme", Streams: []string{"users"}, Into: "sqlite:/tmp/x.db"}); !client.IsKind(err, stagedoor.KindUsage) {
		t.Errorf("into a file: %v", err)
	}
	plan := client.NewSchedule{Name: "nightly", Cron: "15 3 * * *", Zone: "Europe/Berlin", Jitter: "5m", NewRun: client.NewRun{Credential: "acme", Streams: []string{"users"}, Into: "warehouse"}}
	nightly := must[stagedoor.Schedule](t)(c.AddSchedule(ctx, plan))
	if nightly.Next.IsZero() || nightly.Spec.Into != "warehouse" || nightly.CreatedBy != "test-admin" {
		t.Errorf("scheduled: %+v", nightly)
	}
	if paused := must[stagedoor.Schedule](t)(c.PauseSchedule(ctx, "nightly")); paused.PausedAt.IsZero() {
		t.Errorf("paused: %+v", paused)
	}
	if err := c.RemoveDestination(ctx, "warehouse", false); !client.IsKind(err, stagedoor.KindConflict) {
		t.Errorf("removing what a schedule writes into: %v", err)
	}
	must[stagedoor.Schedule](t)(c.ResumeSchedule(ctx, "nightly"))
	if one := must[stagedoor.Schedule](t)(c.Schedule(ctx, "nightly")); one.Next.IsZero() {
		t.Errorf("resumed: %+v", one)
	}
	if list := must[[]stagedoor.Schedule](t)(client.All(c.Schedules(ctx))); len(list) != 1 {
		t.Errorf("%d schedules", len(list))
	}
	fine(t, c.RemoveSchedule(ctx, "nightly"))
	fine(t, c.RemoveDestination(ctx, "warehouse", false))
}

func operators(t *testing.T, c *client.Client) {
	ctx := t.Context()
	anna, link, err := c.InviteOperator(ctx, "anna", stagedoor.RoleAdmin)
	fine(t, err)
	if anna.Role != stagedoor.RoleAdmin || !strings.Contains(link.Reveal(), "/invitation#sdi_") {
		t.Errorf("invited %+v", anna)
	}
	_, other, err := c.InviteOperator(ctx, "ben", stagedoor.RoleViewer)
	fine(t, err)
	if ben := must[stagedoor.Operator](t)(c.SetOperatorRole(ctx, "ben", stagedoor.RoleOperator)); ben.Role != stagedoor.RoleOperator {
		t.Errorf("ben is %+v", ben)
	}
	_, again, err := c.ResetOperator(ctx, "ben")
	fine(t, err)
	if again.Equal(other) || again.IsZero() {
		t.Error("a reset gives no new link")
	}
	if list := must[[]stagedoor.Operator](t)(client.All(c.Operators(ctx))); len(list) != 2 {
		t.Errorf("%d operators", len(list))
	}
	fine(t, c.RemoveOperator(ctx, "ben"))
	made, token, err := c.AddOperatorToken(ctx, "grafana", stagedoor.RoleViewer, "365d")
	fine(t, err)
	if made.ExpiresAt.IsZero() || !strings.HasPrefix(token.Reveal(), "sdo_") {
		t.Errorf("made %+v", made)
	}
	if list := must[[]stagedoor.OperatorToken](t)(client.All(c.OperatorTokens(ctx))); len(list) != 2 {
		t.Errorf("%d tokens", len(list))
	}
	fine(t, c.RemoveOperatorToken(ctx, "grafana"))
}

func auditAndHealth(t *testing.T, c *client.Client) {
	ctx := t.Context()
	head := must[string](t)(c.AuditHead(ctx))
	acts := map[string]int{}
	for line, err := range c.Audit(ctx, client.AuditQuery{Actor: "operator token test-admin"}) {
		fine(t, err)
		acts[line.Event.Action]++
		if line.Event.From != "127.0.0.1" && !strings.HasPrefix(line.Event.Action, "sync.") { // a run comes from nowhere
			t.Errorf("%s came from %q", line.Event.Action, line.Event.From)
		}
	}
	for _, act := range []string{
		"credential.add", "credential.edit", "credential.check", "credential.disable", "credential.enable", "credential.set-secret", "caller.add", "caller.set-rules",
		"caller.rotate-secret", "caller.revoke", "destination.add", "destination.check", "destination.remove", "run.enqueue", "run.cancel", "run.resume", "schedule.add", "schedule.pause",
		"schedule.resume", "schedule.remove", "operator.invite", "operator.set-role", "operator.reset", "operator.remove", "operator-token.add", "operator-token.remove",
	} {
		if acts[act] == 0 {
			t.Errorf("%s is not in the audit in the name of the token", act)
		}
	}
	if report := must[stagedoor.AuditReport](t)(c.VerifyAudit(ctx, head)); report.Found != 0 || report.Lines == 0 || report.Head == nil {
		t.Errorf("verified: %+v", report)
	}
	if found := must[client.Findings](t)(c.Examine(ctx, "acme")); found.OK == 0 || found.Failures != 0 {
		t.Errorf("examined: %+v", found)
	}
	if e := must[stagedoor.Explanation](t)(c.Explain(ctx, "", `{"code":4711,"message":"Invalid access token, does not contain scopes:[report:read:admin]."}`)); e.Kind != stagedoor.KindScopeMissing || e.Fix == "" {
		t.Errorf("explained: %+v", e)
	}
}

// TestManyAtOnce has many programs change and read at the same time (under the race
// detector it shows that the daemon's parts may be shared): each change is done, once,
// and stands in the audit.
func TestManyAtOnce(t *testing.T) {
	d := open(t)
	c, ctx := d.as(t, stagedoor.RoleAdmin), t.Context()
	must[client.SavedCredential](t)(c.AddCredential(ctx, d.acme()))
	const many = 12
	var all sync.WaitGroup
	for i := range many {
		all.Go(func() {
			name := fmt.Sprintf("caller-%02d", i)
			if _, err := c.AddCaller(ctx, client.NewCaller{Name: name, Credential: "acme", Rules: stagedoor.RuleTexts{Allow: []string{"GET /users/**"}}}); err != nil {
				t.Error(err)
			}
			about := "changed by " + name
			if _, err := c.EditCredential(ctx, "acme", client.CredentialChange{Description: &about}); err != nil {
				t.Error(err)
			}
			if _, err := c.CheckCredential(ctx, "acme"); err != nil {
				t.Error(err)
			}
			for _, list := range []func() error{
				func() error { _, err := client.All(c.Credentials(ctx)); return err },
				func() error { _, err := client.All(c.Callers(ctx)); return err },
				func() error { _, err := c.Quota(ctx, "acme"); return err },
				func() error { _, err := client.All(c.Streams(ctx, "acme")); return err },
				func() error { _, err := client.All(c.Audit(ctx, client.AuditQuery{})); return err },
			} {
				if err := list(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if list := must[[]stagedoor.Caller](t)(client.All(c.Callers(ctx))); len(list) != many {
		t.Errorf("%d callers, want %d", len(list), many)
	}
	if acts := must[[]client.AuditLine](t)(client.All(c.Audit(ctx, client.AuditQuery{Action: "credential.edit"}))); len(acts) != many {
		t.Errorf("%d edits are in the audit, want %d", len(acts), many)
	}
	if report := must[stagedoor.AuditReport](t)(c.VerifyAudit(ctx, "")); report.Found != 0 {
		t.Errorf("the audit: %+v", report)
	}
}

// TestSentOnce holds that a write is done once although the answer to it was lost.
func TestSentOnce(t *testing.T) {
	d := open(t)
	c := d.as(t, stagedoor.RoleAdmin)
	lost := 0
	c.HTTP = &http.Client{Transport: losing(func(r *http.Request) (*http.Response, error) {
		answer, err := http.DefaultTransport.RoundTrip(r)
		if r.Method == http.MethodPost && err == nil && lost < 2 {
			lost++
			answer.Body.Close()
			return nil, errors.New("the connection broke off")
		}
		return answer, err
	})}
	made, token, err := c.AddOperatorToken(t.Context(), "grafana", stagedoor.RoleViewer, "")
	fine(t, err)
	if lost != 2 || made.Name != "grafana" || token.IsZero() {
		t.Errorf("lost %d times; made %+v", lost, made)
	}
	grafana, err := client.New(d.url, token)
	fine(t, err)
	if me := must[client.Me](t)(grafana.Me(t.Context())); me.Name != "grafana" {
		t.Errorf("the token that came at last is that of %+v", me)
	}
}

type losing func(*http.Request) (*http.Response, error)

func (f losing) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestErrors holds what a program is told where there is no answer to read.
func TestErrors(t *testing.T) {
	for _, address := range []string{"", "door.example.com", "ftp://x", "https://u:p@x", "https://x?y"} {
		if _, err := client.New(address, stagedoor.Secret{}); !client.IsKind(err, stagedoor.KindUsage) || strings.Contains(err.Error(), "u:p") {
			t.Errorf("%q: %v", address, err)
		}
	}
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://elsewhere.example", http.StatusFound)
	}))
	token := stagedoor.NewSecret("sdo_secret-of-the-test")
	c, err := client.New(other.URL, token)
	fine(t, err)
	if _, err := c.Me(t.Context()); !client.IsKind(err, stagedoor.KindBadAnswer) {
		t.Errorf("another server: %v", err)
	}
	other.Close()
	_, err = c.Me(t.Context())
	if !client.IsKind(err, stagedoor.KindNetwork) || strings.Contains(err.Error(), token.Reveal()) {
		t.Errorf("no server: %v", err)
	}
}
