package zoomsim_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/stagedoor/stagedoor/zoomsim"
)

func TestMain(m *testing.M) {
	http.DefaultTransport.(*http.Transport).DisableKeepAlives = true // so that nothing idle looks like a leak
	goleak.VerifyTestMain(m)
}

// today is the simulated day of most tests: reports go from 2026-01-03 to 2026-03-18.
var today = time.Date(2026, 3, 19, 0, 0, 0, 0, time.UTC)

// A clock stands still until a test moves it.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: today.Add(12 * time.Hour)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// start starts a simulator: seed 1 on today, unless o says otherwise.
func start(t *testing.T, o zoomsim.Options) *zoomsim.Simulator {
	t.Helper()
	if o.Seed == 0 {
		o.Seed = 1
	}
	if o.Today.IsZero() {
		o.Today = today
	}
	sim, err := zoomsim.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
	})
	return sim
}

// response is a whole HTTP answer.
type response struct {
	Status int
	Header http.Header
	Body   string
}

func send(t *testing.T, method, url, body string, header ...string) response {
	t.Helper()
	got, err := trySend(method, url, body, header...)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	return got
}

// trySend sends a request with headers given as "Name: value".
func trySend(method, url, body string, header ...string) (response, error) {
	request, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return response{}, err
	}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		request.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return response{}, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return response{answer.StatusCode, answer.Header, string(text)}, err
}

const formType = "Content-Type: application/x-www-form-urlencoded"

// mint gets a token as most clients do.
func mint(t *testing.T, sim *zoomsim.Simulator) string {
	t.Helper()
	info := sim.Info()
	got := send(t, "POST", info.TokenURL, grant(info), formType, basic(info.ClientID, info.ClientSecret))
	var token struct {
		AccessToken string `json:"access_token"`
	}
	decode(t, got.Body, &token)
	if token.AccessToken == "" {
		t.Fatalf("no token: %d %s", got.Status, got.Body)
	}
	return token.AccessToken
}

func grant(info zoomsim.Info) string {
	return "grant_type=account_credentials&account_id=" + url.QueryEscape(info.AccountID)
}

// get asks the API with a token.
func get(t *testing.T, sim *zoomsim.Simulator, token, path string) response {
	t.Helper()
	return send(t, "GET", sim.Info().APIURL+path, "", "Authorization: Bearer "+token)
}

func decode(t *testing.T, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
}

// expect compares status and body.
func expect(t *testing.T, got response, status int, body string) {
	t.Helper()
	if diff := cmp.Diff(response{Status: status, Body: body}, response{Status: got.Status, Body: got.Body}); diff != "" {
		t.Errorf("answer differs (-want +got):\n%s", diff)
	}
}

func dataset(t *testing.T, sim *zoomsim.Simulator, stream string, since, until time.Time) []string {
	t.Helper()
	records, err := sim.Dataset(stream, since, until)
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for record := range records {
		rows = append(rows, string(record))
	}
	return rows
}

func TestInfo(t *testing.T) {
	sim := start(t, zoomsim.Options{Seed: 7})
	info := sim.Info()
	encoded, err := json.Marshal(info)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	decode(t, string(encoded), &fields)
	base := strings.TrimSuffix(info.TokenURL, "/oauth/token")
	for name, pattern := range map[string]string{
		"token_url":      `^http://127\.0\.0\.1:\d+/oauth/token$`,
		"api_url":        "^" + base + "/v2$",
		"management_url": "^" + base + "/sim$",
		"account_id":     `^[\w-]{22}$`,
		"client_id":      `^[\w-]{22}$`,
		"client_secret":  `^[A-Za-z0-9]{32}$`,
		"since":          `^2026-01-03$`,
		"until":          `^2026-03-18$`,
	} {
		if value, _ := fields[name].(string); !regexp.MustCompile(pattern).MatchString(value) {
			t.Errorf("%s is %q, want %s", name, value, pattern)
		}
	}
	if fields["seed"] != 7.0 || len(fields) != 9 {
		t.Errorf("got %s", encoded)
	}
}

func TestRandomSeedIsReported(t *testing.T) {
	sim, err := zoomsim.New(zoomsim.Options{Today: today})
	if err != nil {
		t.Fatal(err)
	}
	defer sim.Close()
	again := start(t, zoomsim.Options{Seed: sim.Info().Seed})
	if diff := cmp.Diff(dataset(t, sim, "users", today, today), dataset(t, again, "users", today, today)); diff != "" {
		t.Errorf("the reported seed gives another company:\n%s", diff)
	}
	other, err := zoomsim.New(zoomsim.Options{Today: today})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if sim.Info().Seed == 0 || sim.Info().Seed == other.Info().Seed {
		t.Errorf("the seeds are %d and %d", sim.Info().Seed, other.Info().Seed)
	}
}

func TestHandlerWithoutListener(t *testing.T) {
	sim, err := zoomsim.New(zoomsim.Options{Today: today, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer sim.Close()
	info := sim.Info()
	if info.TokenURL+info.APIURL+info.ManagementURL != "" {
		t.Errorf("URLs are known: %+v", info)
	}
	server := httptest.NewServer(sim.Handler())
	defer server.Close()
	got := send(t, "POST", server.URL+"/oauth/token", grant(info), formType, basic(info.ClientID, info.ClientSecret))
	if !strings.Contains(got.Body, `"api_url":"`+server.URL+`"`) {
		t.Errorf("api_url is not the host that was asked: %s", got.Body)
	}

	named, err := zoomsim.New(zoomsim.Options{BaseURL: "https://zoom.example/"})
	if err != nil {
		t.Fatal(err)
	}
	defer named.Close()
	if got := named.Info().APIURL; got != "https://zoom.example/v2" {
		t.Errorf("api_url is %q", got)
	}
}

func TestSameSeedSameData(t *testing.T) {
	one := start(t, zoomsim.Options{Seed: 42, Now: func() time.Time { return today.Add(time.Hour) }})
	two := start(t, zoomsim.Options{Seed: 42, Today: today.Add(23 * time.Hour), Now: newClock().Now})
	other := start(t, zoomsim.Options{Seed: 43})
	for _, stream := range []string{"meeting_activities", "users"} {
		a, b, c := dataset(t, one, stream, time.Time{}, time.Time{}), dataset(t, two, stream, time.Time{}, time.Time{}),
			dataset(t, other, stream, time.Time{}, time.Time{})
		if diff := cmp.Diff(a, b); diff != "" {
			t.Errorf("%s differ for one seed:\n%s", stream, diff)
		}
		if slices.Equal(a, c) {
			t.Errorf("%s are the same for two seeds", stream)
		}
	}
	if a, b := one.Info(), two.Info(); a.ClientSecret != b.ClientSecret || a.AccountID != b.AccountID {
		t.Error("the credential differs for one seed")
	}
	if a, b := one.Info(), other.Info(); a.ClientSecret == b.ClientSecret || a.AccountID == b.AccountID {
		t.Error("the credential is the same for two seeds")
	}
}

// Small companies and any day of the year work, and rows stay in the days that
// Info names.
func TestSmallAccounts(t *testing.T) {
	for n := range 24 {
		sim, err := zoomsim.New(zoomsim.Options{
			Seed: int64(n) + 1, Today: time.Date(2026, time.Month(1+n%12), 1+n%3*15, 0, 0, 0, 0, time.UTC), Users: 1 + n%8, Meetings: 1 + n,
		})
		if err != nil {
			t.Fatal(err)
		}
		defer sim.Close()
		if got := dataset(t, sim, "users", today, today); len(got) != 1+n%8 {
			t.Errorf("%d users, want %d", len(got), 1+n%8)
		}
		rows := dataset(t, sim, "meeting_activities", time.Time{}, time.Time{})
		inside := dataset(t, sim, "meeting_activities", date(sim.Info().Since), date(sim.Info().Until))
		if len(rows) < 5*(1+n) || len(inside) != len(rows) {
			t.Errorf("%d rows of %d meetings, %d of them in the days of Info", len(rows), 1+n, len(inside))
		}
	}
}

func TestCloseEndsWaitingAnswers(t *testing.T) {
	arrived := make(chan struct{}, 100) // the clock is read when a request arrives
	sim, err := zoomsim.Start(zoomsim.Options{Seed: 1, Today: today, Now: func() time.Time {
		arrived <- struct{}{}
		return today
	}})
	if err != nil {
		t.Fatal(err)
	}
	token, url := mint(t, sim), sim.Info().APIURL+"/users"
	addFaults(t, sim, zoomsim.Fault{Kind: zoomsim.Slow, Delay: time.Hour})
	for len(arrived) > 0 {
		<-arrived
	}
	failed := make(chan error)
	go func() {
		_, err := trySend("GET", url, "", "Authorization: Bearer "+token)
		failed <- err
	}()
	<-arrived
	if err := sim.Close(); err != nil {
		t.Error(err)
	}
	if err := <-failed; err == nil {
		t.Error("the answer came, an hour early")
	}
	if err := sim.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}
	if _, err := trySend("GET", url, ""); err == nil {
		t.Error("it still answers after Close")
	}
}

func TestOptionsAreCheckedTogether(t *testing.T) {
	_, err := zoomsim.New(zoomsim.Options{
		BaseURL: "zoom", Users: -1, Meetings: -2, Plan: "gold", Limits: "some", Limiter: "leaky",
		Scopes: []string{"a b"}, TokenTTL: 1500 * time.Millisecond, Latency: -1, Jitter: -1, RateLimitHeaders: "all",
	})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		`BaseURL "zoom"`, "Users -1", "Meetings -2", `Plan "gold" is not one of free, pro, business`, `Limits "some"`,
		`Limiter "leaky" is not one of fixed, sliding, bucket`, `Scopes holds "a b"`, "TokenTTL 1.5s", "Latency -1ns",
		"Jitter -1ns", `RateLimitHeaders "all" is not one of refusals, today, former, none`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in:\n%v", want, err)
		}
	}
}

func TestListenErrorIsReported(t *testing.T) {
	sim := start(t, zoomsim.Options{})
	taken := strings.TrimPrefix(strings.TrimSuffix(sim.Info().APIURL, "/v2"), "http://")
	if _, err := zoomsim.Start(zoomsim.Options{Listen: taken}); err == nil {
		t.Error("two simulators on one port")
	}
}
