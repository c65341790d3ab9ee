package cli_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor/zoomsim"
)

// A said is what came back from a daemon.
type said struct {
	status int
	body   string
	err    error
}

func (d *daemon) get(path, token string) said {
	r, err := http.NewRequest(http.MethodGet, d.url+path, nil)
	if err != nil {
		return said{err: err}
	}
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return said{err: err}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return said{resp.StatusCode, string(body), err}
}

// comes waits until something is so, and fails after a time that no machine needs.
func (d *daemon) comes(what string, so func() bool) {
	d.world.t.Helper()
	began := time.Now()
	for !so() {
		if time.Since(began) > time.Minute {
			log := d.said()
			d.world.t.Fatalf("a minute has passed, and not: %s\n%s", what, log[max(0, len(log)-1000):])
		}
		time.Sleep(10 * time.Millisecond)
	}
	d.world.t.Logf("%s: after %s", what, time.Since(began).Round(time.Millisecond))
}

// turns waits until a path is answered with a status, and returns that answer.
func (d *daemon) turns(what, path, token string, status int) string {
	d.world.t.Helper()
	var last said
	defer func() {
		if d.world.t.Failed() {
			d.world.t.Logf("the last answer: %+v", last)
		}
	}()
	d.comes(what, func() bool { last = d.get(path, token); return last.status == status })
	return last.body
}

// heldWorld is a world in whose Zoom a request for a user "held" waits for a word.
func heldWorld(t *testing.T, o zoomsim.Options) (w *world, began, release chan struct{}) {
	t.Helper()
	w = newWorld(t, o)
	began, release = make(chan struct{}, 10), make(chan struct{})
	w.inFront(func(rw http.ResponseWriter, r *http.Request, zoom http.Handler) {
		if !strings.HasSuffix(r.URL.Path, "/users/held") {
			zoom.ServeHTTP(rw, r)
			return
		}
		began <- struct{}{}
		select {
		case <-release:
			_, _ = io.WriteString(rw, `{"held":true}`)
		case <-r.Context().Done():
		}
	})
	w.addCredential()
	return w, began, release
}

// holds makes a request that is under way until it is released.
func (d *daemon) holds(token string, began <-chan struct{}) <-chan said {
	ended := make(chan said, 1)
	go func() { ended <- d.get("/to/acme/v2/users/held", token) }()
	<-began
	return ended
}

// closed waits until the daemon takes no more connections.
func (d *daemon) closed() {
	d.world.t.Helper()
	d.comes("no new connections", func() bool {
		conn, err := net.Dial("tcp", strings.TrimPrefix(d.url, "http://"))
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	})
}

func (d *daemon) signal(s syscall.Signal) {
	d.world.t.Helper()
	if err := d.cmd.Process.Signal(s); err != nil {
		d.world.t.Fatal(err)
	}
}

// status is how the daemon ended.
func (d *daemon) status() int {
	<-d.ended
	if exit, ok := errors.AsType[*exec.ExitError](d.err); ok {
		return exit.ExitCode()
	}
	return 0
}

// TestServeStops stops daemons by signals while an answer is under way.
func TestServeStops(t *testing.T) {
	t.Parallel()
	w, began, release := heldWorld(t, zoomsim.Options{Limits: "off", Meetings: 60})
	address := w.at()
	guest := w.addCaller("reports", "--allow", "GET /users/*")
	d := w.serve(address)
	token := w.accessToken(d, guest).AccessToken

	// One daemon a home.
	r := w.run("serve", "--listen", "127.0.0.1:0")
	if r.status != 1 || !strings.Contains(r.stderr, fmt.Sprintf("a daemon runs on this home already: process %d on ", d.cmd.Process.Pid)) || !strings.Contains(r.stderr, "--home DIR") {
		t.Errorf("a second daemon: exit status %d\n%s", r.status, r.stderr)
	}

	// SIGTERM: what is under way finishes.
	running := d.holds(token, began)
	d.signal(syscall.SIGTERM)
	d.closed()
	release <- struct{}{}
	if s := <-running; s.status != 200 || s.body != `{"held":true}` || s.err != nil {
		t.Errorf("an answer under way ended with %+v", s)
	}
	if status := d.status(); status != 0 || strings.Contains(d.said(), "cut off") {
		t.Errorf("exit status %d\n%s", status, d.said())
	}

	// SIGINT, and the time is over; the simulator's own slowness this time.
	d = w.serve(address, "--grace", "50ms")
	if err := w.sim.AddFaults(zoomsim.Fault{Kind: zoomsim.Slow, Delay: time.Hour, Count: 1}); err != nil {
		t.Fatal(err)
	}
	slow := make(chan said, 1)
	go func() { slow <- d.get("/to/acme/v2/users/me", token) }() // the token of the daemon before
	d.comes("Zoom is slow", func() bool { return w.sim.Stats().FaultsFired[zoomsim.Slow] == 1 })
	d.signal(syscall.SIGINT)
	if status := d.status(); status != 0 || !strings.Contains(d.said(), "stopped; 1 running answer cut off") {
		t.Errorf("after --grace: exit status %d\n%s", status, d.said())
	}
	if s := <-slow; s.err == nil && s.status == 200 {
		t.Errorf("an answer that was cut off looks whole: %+v", s)
	}

	// A second signal.
	d = w.serve(address, "--grace", "1h")
	running = d.holds(token, began)
	d.signal(syscall.SIGTERM)
	d.closed()
	d.signal(syscall.SIGTERM)
	if status := d.status(); status != 130 || !strings.Contains(d.said(), "a second signal") {
		t.Errorf("a second signal: exit status %d\n%s", status, d.said())
	}
	<-running

	// A daemon that was killed leaves no lock, and its callers' tokens live on.
	d = w.serve(address)
	d.kill()
	d = w.serve(address)
	if s := d.get("/to/acme/v2/users/me", token); s.status != 200 {
		t.Errorf("the token of a caller of a daemon that was killed: %+v", s)
	}
	d.stop()
	w.succeeds("audit", "verify")
	lines := w.succeeds("audit", "--json").stdout
	if starts, stops := strings.Count(lines, `"serve.start"`), strings.Count(lines, `"serve.stop"`); starts != 5 || stops != 4 {
		t.Errorf("the audit has %d starts and %d stops, want 5 and 4\n%s", starts, stops, lines)
	}
}

// TestServeFollows changes callers and credentials by other processes, and sees
// each change act in the daemon.
func TestServeFollows(t *testing.T) {
	t.Parallel()
	w, began, release := heldWorld(t, zoomsim.Options{Limits: "off", Meetings: 60})
	address := w.at()
	guest := w.addCaller("reports", "--allow", "GET /users/*")
	d := w.serve(address, "--log-level", "debug")
	token := w.accessToken(d, guest).AccessToken
	const me = "/to/acme/v2/users/me"
	d.turns("served", me, token, 200)

	w.succeeds("caller", "set-rules", "reports", "--allow", "GET /report/**")
	d.turns("rules took the right away", me, token, 403)
	w.succeeds("caller", "set-rules", "reports", "--allow", "GET /users/*")
	d.turns("rules gave it back", me, token, 200)

	w.succeeds("credential", "disable", "acme")
	if body := d.turns("the credential is off", me, token, 403); !strings.Contains(body, "credential_disabled") {
		t.Errorf("it is not said why: %s", body)
	}
	w.succeeds("credential", "enable", "acme")
	d.turns("the credential is on", me, token, 200)

	// A change while an answer is under way: that one goes on as it began.
	running := d.holds(token, began)
	fresh := "the-next-secret-of-this-app-0123456789"
	w.sim.SetCredential(zoomsim.CredentialChange{ClientSecret: &fresh})
	w.info.ClientSecret = fresh
	w.succeeds("credential", "set-secret", "acme", "--client-secret-file", w.give("fresh.txt", fresh))
	minted := w.sim.Stats().TokensMinted
	for range 2 { // the first may be healed by the token that set-secret proved the secret with
		if err := w.sim.AddFaults(zoomsim.Fault{Kind: zoomsim.TokenRevoked}); err != nil {
			t.Fatal(err)
		}
		d.turns("healed with the new secret", me, token, 200)
	}
	if w.sim.Stats().TokensMinted == minted {
		t.Error("the daemon has not minted with the new secret")
	}
	w.succeeds("credential", "edit", "acme", "--plan", "pro")
	operator := strings.TrimSpace(w.succeeds("operator", "token", "checks").stdout)
	d.comes("the other plan is in force", func() bool {
		d.get(me, token)
		return strings.Contains(d.get("/debug?format=json", operator).body, `"plan": "pro"`)
	})
	release <- struct{}{}
	if s := <-running; s.status != 200 || s.err != nil {
		t.Errorf("an answer under way ended with %+v", s)
	}

	w.succeeds("operator", "token", "remove", "checks")
	d.turns("the operator is gone", "/metrics", operator, 401)

	other := w.addCaller("other", "--allow", "GET /users/*")
	otherToken := w.accessToken(d, other).AccessToken // without a word or a wait between
	w.succeeds("caller", "revoke", "reports", "--yes")
	d.turns("the caller is revoked", me, token, 401)
	if s := d.get(me, otherToken); s.status != 200 {
		t.Errorf("another caller: %+v", s)
	}
	w.succeeds("credential", "remove", "acme", "--yes")
	d.comes("the credential is removed", func() bool { s := d.get(me, otherToken); return s.status == 401 || s.status == 404 })
	d.stop()
	isNeverBusy(t, "the daemon", d.said())
	if strings.Contains(d.said(), fresh) || strings.Contains(d.said(), otherToken) {
		t.Error("the daemon's log shows a secret")
	}
}

// TestServeKeepsTokensAlive holds that the token of a credential that is used is
// renewed before anybody asks, and that one which nobody uses costs nothing.
func TestServeKeepsTokensAlive(t *testing.T) {
	t.Parallel()
	w := newWorld(t, zoomsim.Options{Limits: "off", Meetings: 60, TokenTTL: 3 * time.Second})
	w.addCredential()
	w.succeeds(append([]string{"credential", "add", "idle", "--no-check", "--client-secret-file", w.give("idle.txt", w.info.ClientSecret)}, w.atSim()...)...)
	address := w.at()
	guest := w.addCaller("reports", "--allow", "GET /users/*")
	d := w.serve(address)
	token := w.accessToken(d, guest).AccessToken
	operator := strings.TrimSpace(w.succeeds("operator", "token", "checks").stdout)
	if s := d.get("/to/acme/v2/users/me", token); s.status != 200 {
		t.Fatalf("%+v", s)
	}
	before := w.sim.Stats().TokensMinted
	d.comes("two renewals that nobody asked for", func() bool { return w.sim.Stats().TokensMinted >= before+2 })
	type credential struct {
		Name    string
		Token   string
		Renewal time.Time `json:"next_renewal"`
		Quota   []struct{ Name, Span string }
	}
	var page struct{ Credentials []credential }
	var document said
	// While a renewal is under way, the page has no next one.
	d.comes("the page tells of the next renewal", func() bool {
		page.Credentials, document = nil, d.get("/debug?format=json", operator)
		if err := json.Unmarshal([]byte(document.body), &page); err != nil || len(page.Credentials) != 2 {
			t.Fatalf("%v %s", err, document.body)
		}
		return slices.ContainsFunc(page.Credentials, func(c credential) bool { return c.Name == "acme" && !c.Renewal.IsZero() })
	})
	for _, c := range page.Credentials {
		switch {
		case c.Name == "acme" && c.Token == "expired",
			c.Name == "idle" && (!c.Renewal.IsZero() || c.Token != "expired"), len(c.Quota) == 0:
			t.Errorf("%+v", c)
		}
	}
	// The figures have each limit that the page has, and nothing that is secret.
	metrics := d.get("/metrics", operator)
	for _, c := range page.Credentials {
		for _, q := range c.Quota {
			series := fmt.Sprintf(`stagedoor_quota_used{credential=%q,label=%q,span=%q}`, c.Name, q.Name, q.Span)
			if n := strings.Count(metrics.body, series); n != 1 {
				t.Errorf("%s stands there %d times", series, n)
			}
		}
	}
	for _, series := range []string{
		`stagedoor_gateway_requests_total{caller="reports",code="200",credential="acme",label="Light",result="ok"} 1`,
		`stagedoor_oauth_requests_total{result="ok"} 1`, `stagedoor_token_mints_total{credential="acme",result="ok"}`,
		"stagedoor_gateway_requests_in_flight 0", "stagedoor_callers 1",
	} {
		if !strings.Contains(metrics.body, series) {
			t.Errorf("the figures lack %s", series)
		}
	}
	if strings.Contains(metrics.body, `token_mints_total{credential="idle"`) {
		t.Error("a token was minted that nobody uses")
	}
	html := d.get("/debug", operator)
	for what, text := range map[string]string{"/metrics": metrics.body, "/debug": html.body, "/debug as JSON": document.body} {
		for name, secret := range map[string]string{
			"the client secret": w.info.ClientSecret, "the client id": w.info.ClientID, "the account id": w.info.AccountID,
			"the caller's secret": guest.ClientSecret, "the caller's id": guest.ClientID, "the caller's token": token, "the operator's token": operator,
		} {
			if strings.Contains(text, secret) {
				t.Errorf("%s shows %s", what, name)
			}
		}
	}
	if t.Failed() {
		t.Logf("%s\n%s", document.body, metrics.body)
	}
	d.stop()
}
