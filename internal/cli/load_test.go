package cli_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/stagedoor/stagedoor/zoomsim"
)

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
	running map[int]time.Time // when the call of each connection began that has no answer yet
	rounds  atomic.Int64      // reports of a day that were read whole, and were right
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
	l := &load{world: w, truth: map[string][]string{}, running: map[int]time.Time{}, pause: pause, http: &http.Client{
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
		l.readDay(ctx, base, caller, token, l.days[at%len(l.days)], first)
	}
}

// readDay reads all pages of a day on one of the connections, and compares the
// records byte for byte.
func (l *load) readDay(ctx context.Context, base, caller, token, day string, connection int) {
	want := l.truth[day]
	query := url.Values{"from": {day}, "to": {day}, "page_size": {"30"}}
	for {
		l.mu.Lock()
		l.running[connection] = time.Now()
		l.mu.Unlock()
		a, page := l.call(ctx, base+"/v2/report/meeting_activities?"+query.Encode(), token)
		l.mu.Lock()
		delete(l.running, connection)
		l.mu.Unlock()
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

// settled reports whether every call that began before a moment has its answer.
func (l *load) settled(before time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, began := range l.running {
		if began.Before(before) {
			return false
		}
	}
	return true
}

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

// TestLoadSeesWhatIsWrong proves the judge: a load that reads Zoom itself finds
// nothing wrong, and one bit that somebody in between changes is found.
func TestLoadSeesWhatIsWrong(t *testing.T) {
	t.Parallel()
	w := newWorld(t, zoomsim.Options{Plan: "business", Limits: "off", Meetings: 60})
	w.addCredential()
	token, base := strings.TrimSpace(w.succeeds("token", "acme").stdout), strings.TrimSuffix(w.info.APIURL, "/v2")
	l := newLoad(w, 1, 0)
	for _, day := range l.days {
		l.readDay(t.Context(), base, "nobody", token, day, 0)
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
		l.readDay(t.Context(), base, "nobody", token, l.days[0], 0)
		list := l.since(began)
		if len(list) == 0 || !strings.Contains(list[len(list)-1].wrong, name) {
			t.Errorf("%s was not found: %+v", name, list)
		}
	}
}
