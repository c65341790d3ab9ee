package app

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/caller"
	"github.com/stagedoor/stagedoor/internal/gateway"
	"github.com/stagedoor/stagedoor/zoomsim"
)

// gate is a gateway with real parts, in front of the simulator.
type gate struct {
	t       *testing.T
	app     *App
	sim     *zoomsim.Simulator
	live    *live
	callers *caller.Callers
	server  *httptest.Server

	mu     sync.Mutex
	events []stagedoor.Event
	healed int
}

func newGate(t *testing.T) *gate {
	t.Helper()
	home := t.TempDir()
	settings, err := Settings{Home: home, Key: "file:" + filepath.Join(home, "key")}.Resolve(func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{t: t}
	if g.app, err = Open(settings, Environment{Getenv: func(string) string { return "" }, Log: slog.New(slog.DiscardHandler)}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.app.Close(); err != nil {
			t.Error(err)
		}
	})
	if g.sim, err = zoomsim.Start(zoomsim.Options{Seed: 1, Limits: "off"}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.sim.Close() })
	info := g.sim.Info()
	v, err := g.app.Vault(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	api, err := url.Parse(info.APIURL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Add(t.Context(), stagedoor.Credential{
		Slug: "acme", Provider: "zoom", AccountID: info.AccountID, ClientID: info.ClientID, TokenURL: info.TokenURL, APIURL: info.APIURL,
		AllowHosts: []string{api.Host}, ClientSecrets: []stagedoor.Secret{stagedoor.NewSecret(info.ClientSecret)}, Plan: stagedoor.PlanBusiness,
	}); err != nil {
		t.Fatal(err)
	}
	if g.callers, err = g.app.Callers(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	t.Cleanup(cancel)
	g.live = newLive(ctx, g.app)
	t.Cleanup(g.live.Close)
	g.server = httptest.NewServer(gateway.New(gateway.Options{
		Callers: gatewayCallers{g.callers}, Credentials: g.live, Observer: g,
		Record: func(e stagedoor.Event) { g.mu.Lock(); defer g.mu.Unlock(); g.events = append(g.events, e) },
	}))
	t.Cleanup(g.server.Close)
	return g
}

func (g *gate) Began() {}
func (g *gate) Ended(o gateway.Observation) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if o.Healed {
		g.healed++
	}
}

// add makes a caller and returns an access token of its.
func (g *gate) add(name string, rules ...string) stagedoor.Secret {
	g.t.Helper()
	c, err := g.app.Credential(g.t.Context(), "acme")
	if err != nil {
		g.t.Fatal(err)
	}
	who := stagedoor.Caller{Name: name, CredentialID: c.ID, Provider: "zoom", CreatedBy: "test"}
	for _, text := range rules {
		rule, err := caller.ParseRule(text, "/v2", false)
		if err != nil {
			g.t.Fatal(err)
		}
		who.Rules = append(who.Rules, rule)
	}
	who, _, err = g.callers.Add(g.t.Context(), who, true)
	if err != nil {
		g.t.Fatal(err)
	}
	if err := g.callers.Reload(g.t.Context()); err != nil {
		g.t.Fatal(err)
	}
	if who, err = g.callers.ByID(g.t.Context(), who.ID); err != nil {
		g.t.Fatal(err)
	}
	token, _ := g.callers.Mint(who)
	return token
}

func (g *gate) get(token stagedoor.Secret, path string) (int, string, http.Header) {
	g.t.Helper()
	r, err := http.NewRequestWithContext(g.t.Context(), "GET", g.server.URL+path, nil)
	if err != nil {
		g.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token.Reveal())
	resp, err := g.server.Client().Do(r)
	if err != nil {
		g.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	return resp.StatusCode, string(text), resp.Header
}

func TestAGatewayWithRealParts(t *testing.T) {
	g := newGate(t)
	token := g.add("reports", "GET /report/**", "GET /users/*")
	since := g.sim.Info().Since
	path := "/to/acme/v2/report/meeting_activities?activity_type=All%20Activities&page_size=5&from=" + since + "&to=" + since
	status, first, header := g.get(token, path)
	if status != 200 || !strings.Contains(first, "meeting_activity_logs") || header.Get("X-Zm-Trackingid") == "" {
		t.Fatalf("%d %s %v", status, first, header)
	}
	if status, text, _ := g.get(token, "/to/acme/v2/groups"); status != 403 {
		t.Errorf("%d %s", status, text)
	}
	if status, text, _ := g.get(token, "/to/acme/v2/users/../groups"); status == 200 {
		t.Errorf("%d %s", status, text)
	}

	// A token that dies is not noticed.
	if err := g.sim.AddFaults(zoomsim.Fault{Kind: zoomsim.TokenRevoked}); err != nil {
		t.Fatal(err)
	}
	status, again, _ := g.get(token, path)
	g.server.Close()                                                                                           // what is over is recorded
	rows := func(text string) string { before, _, _ := strings.Cut(text, `"next_page_token"`); return before } // which is new each time
	if status != 200 || rows(again) != rows(first) {
		t.Errorf("%d %s\n%s", status, again, first)
	}
	if g.healed != 1 {
		t.Errorf("%d requests were healed", g.healed)
	}
	for _, e := range g.events {
		text, _ := json.Marshal(e)
		if e.Credential != "acme" || e.Actor != "caller reports" || strings.Contains(string(text), "Activities") {
			t.Errorf("%s", text)
		}
	}
	if first := g.events[0]; first.Action != "GET /report/meeting_activities" || first.Subject != "/v2/report/meeting_activities" || first.Status != 200 || first.Received == 0 || first.Tracking == "" {
		t.Errorf("%+v", first)
	}
}

// A credential changes while requests run: those that run end with what they
// had, and the next ones use what is new.
func TestAConnectionIsReplacedWhileItIsInUse(t *testing.T) {
	g := newGate(t)
	token := g.add("reports", "GET /users/*")
	if status, text, _ := g.get(token, "/to/acme/v2/users/me"); status != 200 {
		t.Fatalf("%d %s", status, text)
	}
	former, err := g.live.borrow(t.Context(), "acme", true)
	if err != nil {
		t.Fatal(err)
	}
	secret := "another-secret-of-32-characters!"
	g.sim.SetCredential(zoomsim.CredentialChange{ClientSecret: &secret})
	if _, err := g.app.vault.SetSecret(t.Context(), "acme", stagedoor.NewSecret(secret), "test"); err != nil {
		t.Fatal(err)
	}
	if err := g.live.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if status, text, _ := g.get(token, "/to/acme/v2/users/me"); status != 200 {
		t.Errorf("%d %s", status, text)
	}
	now, err := g.live.borrow(t.Context(), "acme", true)
	if err != nil {
		t.Fatal(err)
	}
	if now.Connection == former.Connection {
		t.Error("it is the same connection")
	}
	if _, err := former.Source.Get(t.Context(), 0); err != nil {
		t.Errorf("the former connection ended in use: %v", err)
	}
	now.Close()
	former.Close()
}

func TestARefusedCredentialIsAProblemAndRecovers(t *testing.T) {
	g := newGate(t)
	token := g.add("reports", "GET /users/*")
	if status, text, _ := g.get(token, "/to/acme/v2/users/me"); status != 200 {
		t.Fatalf("%d %s", status, text)
	}
	off, on := false, true
	g.sim.SetCredential(zoomsim.CredentialChange{Active: &off})
	status, text, header := g.get(token, "/to/acme/v2/users/me")
	var problem struct{ Kind, Detail, Fix, Who string }
	if err := json.Unmarshal([]byte(text), &problem); err != nil || status != 502 || header.Get("Content-Type") != "application/problem+json" ||
		problem.Kind != string(stagedoor.KindAppInactive) || problem.Who != "operator" || problem.Detail == "" || problem.Fix == "" {
		t.Errorf("%d %s", status, text)
	}
	info := g.sim.Info()
	for _, id := range []string{info.AccountID, info.ClientID, info.ClientSecret} {
		if strings.Contains(text, id) {
			t.Errorf("it tells %s: %s", id, text)
		}
	}
	g.sim.SetCredential(zoomsim.CredentialChange{Active: &on})
	// A refusal is remembered for a moment; a change of the credential ends that.
	if _, err := g.app.vault.Update(t.Context(), "acme", "test", func(c *stagedoor.Credential) error { c.Plan = stagedoor.PlanPro; return nil }); err != nil {
		t.Fatal(err)
	}
	if err := g.live.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if status, text, _ := g.get(token, "/to/acme/v2/users/me"); status != 200 {
		t.Errorf("%d %s", status, text)
	}
	if err := g.app.vault.Disable(t.Context(), "acme", "on purpose", "test"); err != nil {
		t.Fatal(err)
	}
	if err := g.live.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if status, text, _ := g.get(token, "/to/acme/v2/users/me"); status != 403 || !strings.Contains(text, `"credential_disabled"`) || !strings.Contains(text, `"operator"`) {
		t.Errorf("%d %s", status, text)
	}
	if _, err := g.callers.Revoke(t.Context(), "reports", "test"); err != nil {
		t.Fatal(err)
	}
	if status, text, header := g.get(token, "/to/acme/v2/users/me"); status != 401 || !strings.Contains(header.Get("WWW-Authenticate"), `error="invalid_token"`) {
		t.Errorf("%d %s", status, text)
	}
}

// TestQuotaOutlivesAChange holds that the quota of an account stays open while one
// connection with it ends and the next one is being opened.
func TestQuotaOutlivesAChange(t *testing.T) {
	g := newGate(t)
	c, err := g.live.borrow(t.Context(), "acme", true)
	if err != nil {
		t.Fatal(err)
	}
	used := func() int {
		g.app.mu.Lock()
		defer g.app.mu.Unlock()
		return len(g.app.quotas)
	}
	// Another request opens the connection anew, and has got the quota already.
	g.live.mu.Lock()
	g.live.opening["acme"] = make(chan struct{})
	g.live.retire("acme")
	g.live.mu.Unlock()
	g.live.giveBack(c)
	if used() != 1 {
		t.Error("the quota was closed under the connection that is being opened")
	}
	if err := g.live.connect("acme", g.live.opening["acme"]); err != nil {
		t.Fatal(err)
	}
	again, err := g.live.borrow(t.Context(), "acme", true)
	if err != nil {
		t.Fatal(err)
	}
	if again.quota != c.quota {
		t.Error("the connection has another quota than the one before it")
	}
	g.live.mu.Lock()
	g.live.retire("acme")
	g.live.mu.Unlock()
	g.live.giveBack(again)
	if used() != 0 {
		t.Error("the quota is open, and nobody uses it")
	}
}
