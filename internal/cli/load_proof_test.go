package cli_test

import (
	"context"
	"encoding/json"
	"flag"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/zoomsim"
)

// soak has TestGatewayUnderLoad run its long form, of `make soak`.
var soak = flag.Bool("soak", false, "run the long form of proofs that have one")

// patient is how late something may be: as promised where the machine has nothing
// else to do, and five times that beside other tests, which take its processors.
func patient(promised time.Duration) time.Duration {
	if *soak {
		return promised
	}
	return 5 * promised
}

// TestGatewayUnderLoad is the load proof: connections read a report through the
// daemon while tokens die, the client secret is changed, the app is deactivated
// and activated, a caller is revoked, and the daemon is killed. No caller sees
// anything of what can be healed, and a clear problem document of the rest.
func TestGatewayUnderLoad(t *testing.T) {
	// Not parallel to the others: it takes all that the machine has.
	connections, kills, every, pause := 64, 3, 500*time.Millisecond, 50*time.Millisecond
	if *soak {
		kills, every, pause = 28, 2*time.Second, 0
	}
	if testing.Short() {
		t.Skip("six seconds of load: left out in -short")
	}
	w := newWorld(t, zoomsim.Options{Plan: "business", Limits: "off"})
	w.limitless()
	minted := w.sim.Stats().TokensMinted
	if minted != 1 {
		t.Fatalf("saving the credential minted %d tokens", minted)
	}
	address := w.at()
	reports, other := w.addCaller("reports", "--allow", "GET /report/**"), w.addCaller("other", "--allow", "GET /report/meeting_activities")
	d := w.serve(address)
	base := d.url + "/to/acme"

	l := newLoad(w, connections, pause)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	tokens := []string{}
	for i := range connections {
		g, name := reports, "reports"
		if i%8 == 7 {
			g, name = other, "other"
		}
		token := w.accessToken(d, g).AccessToken
		if name == "reports" {
			tokens = append(tokens, token)
		}
		running.Go(func() { l.run(ctx, base, name, token, i) })
	}
	l.waitFor("every connection has read a report", func() bool { return l.rounds.Load() >= int64(connections) })

	// Tokens die, and in the middle of it the client secret is changed while the
	// live token still lasts.
	before := w.sim.Stats()
	atKill := before.TokensMinted - 1
	for i := range kills {
		time.Sleep(every)
		// A call is sent again once. On a machine that is slow for any reason its second
		// token must not die as well before it has arrived.
		l.waitFor("the killed token is replaced", func() bool { return w.sim.Stats().TokensMinted > atKill })
		replaced := time.Now()
		l.waitFor("the calls that it refused are answered", func() bool { return l.settled(replaced) })
		atKill = w.sim.Stats().TokensMinted
		if err := w.sim.AddFaults(zoomsim.Fault{Kind: zoomsim.TokenRevoked}); err != nil {
			t.Fatal(err)
		}
		if i != kills/2 {
			continue
		}
		// This one is replaced at once: a daemon can not mint with a secret that nobody
		// told it.
		l.waitFor("the killed token is replaced", func() bool { return w.sim.Stats().TokensMinted > atKill })
		fresh := "the-next-secret-of-this-app-0123456789"
		w.sim.SetCredential(zoomsim.CredentialChange{ClientSecret: &fresh})
		w.info.ClientSecret = fresh
		set := w.succeeds("credential", "set-secret", "acme", "--client-secret-file", w.give("fresh.txt", fresh))
		isNeverBusy(t, "credential set-secret", set.stderr)
	}
	time.Sleep(every)
	after := w.sim.Stats()
	refused, mints := after.Unauthorized-before.Unauthorized, after.TokensMinted-before.TokensMinted+minted
	healed := l.all()
	for _, a := range healed {
		if a.wrong != "" {
			t.Fatalf("a caller saw a failure while tokens died: %s\n%s", a.wrong, d.said())
		}
	}
	t.Logf("%d kills and one new secret in %s: %d answers to %d connections, all right, %d reports of a day read whole; Zoom answered %d times 401 and minted %d tokens",
		kills, (time.Duration(kills+1) * every).Round(time.Second/10), len(healed), connections, l.rounds.Load(), refused, mints)
	if refused < kills || mints > kills+2 || mints < kills {
		t.Errorf("%d times 401 and %d mints after %d kills; want at least as many 401s, and at most two mints more", refused, mints, kills)
	}

	l.survivesDeactivation(d)
	l.refusesTheRevoked(d)
	d = l.survivesKill(d, address, tokens)
	cancel()
	running.Wait()
	d.stop()
	isNeverBusy(t, "the daemon", d.said())
	for _, a := range l.all() {
		isNeverBusy(t, "an answer", a.body)
	}
	if stats := w.sim.Stats(); len(stats.TokenRequests) != 1 || stats.TokenRequests["account_credentials client_secret_basic"] == 0 {
		t.Errorf("Zoom was asked for tokens with %v", stats.TokenRequests)
	}
}

// survivesDeactivation has the app deactivated: callers get problem documents that
// say what is wrong and do not blame them, and all is well once it is active again.
func (l *load) survivesDeactivation(d *daemon) {
	t, sim := l.world.t, l.world.sim
	t.Helper()
	inactive, active := false, true
	off, before := time.Now(), sim.Stats().TokenRequests
	sim.SetCredential(zoomsim.CredentialChange{Active: &inactive})
	failed := func(a answer) bool { return a.wrong != "" }
	l.waitFor("callers are told that the app is deactivated", func() bool {
		list := slices.DeleteFunc(l.since(off), func(a answer) bool { return a.status != http.StatusBadGateway })
		return len(list) >= 64
	})
	on := time.Now()
	sim.SetCredential(zoomsim.CredentialChange{Active: &active})
	l.waitFor("callers get their answers again", func() bool {
		list := l.since(on)
		return len(list) >= 64 && !slices.ContainsFunc(list[len(list)-64:], failed)
	})
	back := time.Now()

	documents := map[string]int{}
	for _, a := range l.since(off) {
		if !failed(a) {
			continue
		}
		var document struct {
			Title, Detail string
			Status        int
		}
		if err := json.Unmarshal([]byte(a.body), &document); err != nil || a.status != http.StatusBadGateway ||
			a.kind != "application/problem+json" || document.Status != a.status || document.Title == "" || a.challenge != "" {
			t.Fatalf("while the app was deactivated a caller got no problem document, but %s %s %q", a.kind, a.challenge, a.wrong)
		}
		documents[document.Title+": "+document.Detail]++
	}
	for text, times := range documents {
		t.Logf("while the app was deactivated, %d times 502: %s", times, text)
	}
	asked := 0
	for by, times := range sim.Stats().TokenRequests {
		asked += times - before[by]
	}
	t.Logf("callers got their answers again %s after the app was activated; meanwhile Zoom was asked for a token %d times", back.Sub(on).Round(time.Second/10), asked)
	// A refusal is remembered for 5 s, so that nobody hammers the token endpoint.
	if most := 3 + int(back.Sub(off)/(4*time.Second)); asked > most {
		t.Errorf("Zoom was asked for a token %d times in %s, want %d at most", asked, back.Sub(off).Round(time.Second/10), most)
	}
}

// refusesTheRevoked revokes a caller by the command line: its next request is
// refused, and nobody else's.
func (l *load) refusesTheRevoked(d *daemon) {
	t := l.world.t
	t.Helper()
	r := l.world.succeeds("caller", "revoke", "other", "--yes")
	revoked := time.Now()
	isNeverBusy(t, "caller revoke", r.stderr)
	of := func(list []answer, caller string) []answer {
		return slices.DeleteFunc(list, func(a answer) bool { return a.caller != caller })
	}
	l.waitFor("the revoked caller is refused", func() bool {
		return slices.ContainsFunc(of(l.since(revoked), "other"), func(a answer) bool { return a.status == http.StatusUnauthorized })
	})
	time.Sleep(300 * time.Millisecond) // to see who else is served or refused after that
	var last time.Time
	for _, a := range of(l.since(revoked), "other") {
		switch {
		case a.wrong == "":
			last = a.began
		case a.status != http.StatusUnauthorized || !strings.Contains(a.challenge, `error="invalid_token"`):
			t.Errorf("the revoked caller got %q %s", a.challenge, a.wrong)
		}
	}
	for _, a := range of(l.since(revoked), "reports") {
		if a.wrong != "" {
			t.Fatalf("when another caller was revoked, this one got %s", a.wrong)
		}
	}
	late := max(0, last.Sub(revoked))
	t.Logf("the last request of the revoked caller that was served began %s after `caller revoke` had ended", late.Round(time.Millisecond))
	if late > patient(time.Second) {
		t.Errorf("a request that began %s after the revocation was served", late)
	}
}

// survivesKill kills the daemon under load and starts it again: the callers'
// tokens still work, and what was answered before is in the audit.
func (l *load) survivesKill(d *daemon, address string, tokens []string) *daemon {
	w, t := l.world, l.world.t
	t.Helper()
	killed := time.Now()
	d.kill()
	isNeverBusy(t, "the daemon that was killed", d.said())
	d = w.serve(address)
	again := time.Now()
	l.waitFor("all connections are served with the tokens that they had", func() bool {
		list := slices.DeleteFunc(l.since(again), func(a answer) bool { return a.caller != "reports" || a.wrong != "" })
		return len(list) >= 2*len(tokens)
	})
	for _, a := range l.since(again) {
		if a.wrong != "" && a.caller == "reports" {
			t.Fatalf("after the restart a caller got %s\n%s", a.wrong, d.said())
		}
	}

	verify := w.run("audit", "verify")
	if verify.status != 0 {
		t.Errorf("audit verify after the kill: exit status %d\n%s%s", verify.status, verify.stdout, verify.stderr)
	}
	isNeverBusy(t, "audit verify", verify.stderr)
	recorded := map[string]bool{}
	shown := w.succeeds("audit", "--format", "ndjson", "--limit", "100000000")
	isNeverBusy(t, "audit", shown.stderr)
	acts := map[string]int{}
	for line := range strings.Lines(shown.stdout) {
		var e stagedoor.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		recorded[e.Tracking] = true
		acts[e.Action]++
	}
	for act, times := range map[string]int{"credential.set-secret": 1, "caller.add": 2, "caller.revoke": 1, "serve.start": 2} {
		if acts[act] != times {
			t.Errorf("the audit has %s %d times, want %d", act, acts[act], times)
		}
	}
	answered, lost := 0, 0
	var oldest time.Duration // before the kill, of what is not in the audit
	for _, a := range l.all() {
		if a.tracking == "" || a.ended.After(killed) {
			continue
		}
		answered++
		if !recorded[a.tracking] {
			lost++
			oldest = max(oldest, killed.Sub(a.ended))
		}
	}
	t.Logf("of %d calls that were answered before the kill, %d are not in the audit; the oldest of them was answered %s before it; %s",
		answered, lost, oldest.Round(time.Millisecond), strings.TrimSpace(verify.stdout))
	if oldest > patient(100*time.Millisecond) {
		t.Errorf("a call that was answered %s before the kill is not in the audit", oldest)
	}
	return d
}
