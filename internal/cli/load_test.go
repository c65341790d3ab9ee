package cli_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/zoomsim"
)

// soak has TestGatewayUnderLoad run its long form, of `make soak`.
var soak = flag.Bool("soak", false, "run the long form of proofs that have one")

// unlimited is Zoom without its limits, so that our own quota lets a load through.
const unlimited = `name: zoom-unlimited
title: Zoom without limits, for a load
extends: zoom
limits:
  - {label: Light, plan: business, per_second: 1000000}
  - {label: Medium, plan: business, per_second: 1000000}
  - {label: Heavy, plan: business, per_second: 1000000}
  - {label: Resource-intensive, plan: business, per_second: 1000000}
`

// limitless saves acme with a provider that has no limits.
func (w *world) limitless() {
	w.t.Helper()
	folder := w.path("home/providers")
	if err := errors.Join(os.MkdirAll(folder, 0o700), os.Chmod(w.path("home"), 0o700),
		os.WriteFile(filepath.Join(folder, "zoom-unlimited.yaml"), []byte(unlimited), 0o600)); err != nil {
		w.t.Fatal(err)
	}
	w.addCredential("--provider", "zoom-unlimited")
}

// A load is connections that read a report through the gateway, each for itself
// and without a pause but the one given, and compare what they get with the truth.
type load struct {
	world *world
	days  []string
	truth map[string][]string // records by day, as the API sends them
	http  *http.Client
	pause time.Duration

	mu      sync.Mutex
	answers []answer
	rounds  atomic.Int64 // reports of a day that were read whole, and were right
}

// An answer is how one call of a load ended.
type answer struct {
	caller       string
	began, ended time.Time
	status       int // 0: no answer came
	kind         string
	tracking     string
	body         string // unless all is well
	challenge    string // WWW-Authenticate
	wrong        string // what is wrong with it; "" nothing
}

func newLoad(w *world, connections int, pause time.Duration) *load {
	l := &load{world: w, truth: map[string][]string{}, pause: pause, http: &http.Client{
		Transport: &http.Transport{MaxIdleConns: connections, MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections},
		Timeout:   30 * time.Second,
	}}
	w.t.Cleanup(l.http.CloseIdleConnections)
	since, err1 := time.Parse(time.DateOnly, w.info.Since)
	until, err2 := time.Parse(time.DateOnly, w.info.Until)
	if err := errors.Join(err1, err2); err != nil {
		w.t.Fatal(err)
	}
	for day := since; !day.After(until); day = day.AddDate(0, 0, 1) {
		rows, err := w.sim.Dataset("meeting_activities", day, day)
		if err != nil {
			w.t.Fatal(err)
		}
		name := day.Format(time.DateOnly)
		for row := range rows {
			l.truth[name] = append(l.truth[name], string(row))
		}
		if len(l.truth[name]) > 0 {
			l.days = append(l.days, name)
		}
	}
	return l
}

// token is an access token of a caller, by the standard grant.
func (w *world) accessToken(d *daemon, g guest) *oauth2.Token {
	w.t.Helper()
	config := clientcredentials.Config{ClientID: g.ClientID, ClientSecret: g.ClientSecret, TokenURL: d.url + "/oauth/token", AuthStyle: oauth2.AuthStyleInHeader}
	token, err := config.Token(context.Background())
	if err != nil {
		w.t.Fatalf("client credentials of a caller: %v", err)
	}
	return token
}

// run reads the report of one day after the other until ctx ends.
func (l *load) run(ctx context.Context, base, caller, token string, first int) {
	for at := first; ctx.Err() == nil; at++ {
		l.readDay(ctx, base, caller, token, l.days[at%len(l.days)])
	}
}

// readDay reads all pages of a day and compares the records byte for byte.
func (l *load) readDay(ctx context.Context, base, caller, token, day string) {
	want := l.truth[day]
	query := url.Values{"from": {day}, "to": {day}, "page_size": {"30"}}
	for {
		a, page := l.call(ctx, base+"/v2/report/meeting_activities?"+query.Encode(), token)
		if ctx.Err() != nil {
			return // cut off by the end, not by the gateway
		}
		a.caller = caller
		if a.status == http.StatusOK && a.wrong == "" {
			for i, row := range page.Records {
				if i >= len(want) || want[i] != string(row) {
					a.wrong = fmt.Sprintf("%s: a record is not as Zoom has it", day)
					break
				}
			}
			want = want[min(len(page.Records), len(want)):]
			if page.Next == "" && len(want) > 0 {
				a.wrong = fmt.Sprintf("%s: %d records are missing", day, len(want))
			}
		}
		l.mu.Lock()
		l.answers = append(l.answers, a)
		l.mu.Unlock()
		if a.status != http.StatusOK || a.wrong != "" {
			time.Sleep(20 * time.Millisecond) // so does a caller that is refused
			return
		}
		if page.Next == "" {
			l.rounds.Add(1)
			return
		}
		query.Set("next_page_token", page.Next)
		time.Sleep(l.pause)
	}
}

type activityPage struct {
	Records []json.RawMessage `json:"meeting_activity_logs"`
	Next    string            `json:"next_page_token"`
}

func (l *load) call(ctx context.Context, address, token string) (a answer, page activityPage) {
	a.began = time.Now()
	defer func() { a.ended = time.Now() }()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		a.wrong = err.Error()
		return
	}
	r.Header.Set("Authorization", "Bearer "+token)
	got, err := l.http.Do(r)
	if err != nil {
		a.wrong = err.Error()
		return
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		a.wrong = err.Error()
		return
	}
	a.status, a.kind, a.tracking = got.StatusCode, got.Header.Get("Content-Type"), got.Header.Get("X-Zm-Trackingid")
	a.challenge = got.Header.Get("WWW-Authenticate")
	if a.status != http.StatusOK {
		a.body = string(text)
		a.wrong = fmt.Sprintf("status %d: %s", a.status, text)
	} else if err := json.Unmarshal(text, &page); err != nil {
		a.wrong = fmt.Sprintf("%v in %.200s", err, text)
	} else if a.tracking == "" {
		a.wrong = "it has no x-zm-trackingid"
	}
	return
}

// since returns the answers to calls that began after a moment.
func (l *load) since(moment time.Time) []answer {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []answer
	for _, a := range l.answers {
		if a.began.After(moment) {
			list = append(list, a)
		}
	}
	return list
}

// all returns every answer so far.
func (l *load) all() []answer { return l.since(time.Time{}) }

// waitFor looks again and again until something is so, and fails after a while
// that no machine needs.
func (l *load) waitFor(what string, so func() bool) {
	l.world.t.Helper()
	for end := time.Now().Add(time.Minute); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			l.world.t.Fatalf("a minute has passed, and not: %s", what)
		}
	}
}

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
	for i := range kills {
		time.Sleep(every)
		if err := w.sim.AddFaults(zoomsim.Fault{Kind: zoomsim.TokenRevoked}); err != nil {
			t.Fatal(err)
		}
		if i != kills/2 {
			continue
		}
		// The token that was killed is replaced first: a daemon can not mint with a
		// secret that nobody told it.
		l.waitFor("the killed token is replaced", func() bool { return w.sim.Stats().TokensMinted > before.TokensMinted+i })
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

// TestLoadSeesWhatIsWrong proves the judge: a load that reads Zoom itself finds
// nothing wrong, and one bit that somebody in between changes is found.
func TestLoadSeesWhatIsWrong(t *testing.T) {
	t.Parallel()
	w := newWorld(t, zoomsim.Options{Plan: "business", Limits: "off", Meetings: 60})
	w.addCredential()
	token, base := strings.TrimSpace(w.succeeds("token", "acme").stdout), strings.TrimSuffix(w.info.APIURL, "/v2")
	l := newLoad(w, 1, 0)
	for _, day := range l.days {
		l.readDay(t.Context(), base, "nobody", token, day)
	}
	for _, a := range l.all() {
		if a.wrong != "" {
			t.Fatalf("Zoom itself is said to be wrong: %s", a.wrong)
		}
	}
	if l.rounds.Load() != int64(len(l.days)) {
		t.Fatalf("%d of %d days were read", l.rounds.Load(), len(l.days))
	}
	for name, change := range map[string]func(string) string{
		"a record is not as Zoom has it": func(text string) string { return strings.Replace(text, `"operator":"`, `"operator":"x`, 1) },
		"records are missing":            func(string) string { return `{"meeting_activity_logs":[],"next_page_token":""}` },
		"status 502":                     nil,
	} {
		w.inFront(func(rw http.ResponseWriter, r *http.Request, zoom http.Handler) {
			answer := httptest.NewRecorder()
			zoom.ServeHTTP(answer, r)
			rw.Header().Set("X-Zm-Trackingid", "x")
			if change == nil {
				rw.WriteHeader(http.StatusBadGateway)
				return
			}
			_, _ = io.WriteString(rw, change(answer.Body.String()))
		})
		began := time.Now()
		l.readDay(t.Context(), base, "nobody", token, l.days[0])
		list := l.since(began)
		if len(list) == 0 || !strings.Contains(list[len(list)-1].wrong, name) {
			t.Errorf("%s was not found: %+v", name, list)
		}
	}
}
