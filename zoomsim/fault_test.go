package zoomsim_test

import (
	"errors"
	"io"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stagedoor/stagedoor/zoomsim"
)

func addFaults(t *testing.T, sim *zoomsim.Simulator, faults ...zoomsim.Fault) {
	t.Helper()
	if err := sim.AddFaults(faults...); err != nil {
		t.Fatal(err)
	}
}

func expectFired(t *testing.T, sim *zoomsim.Simulator, want map[string]int) {
	t.Helper()
	if diff := cmp.Diff(want, sim.Stats().FaultsFired); diff != "" {
		t.Errorf("faults fired (-want +got):\n%s", diff)
	}
}

func TestTokenRevokedFault(t *testing.T) {
	sim := start(t, zoomsim.Options{})
	doomed, other := mint(t, sim), mint(t, sim)
	addFaults(t, sim, zoomsim.Fault{Kind: zoomsim.TokenRevoked})
	expect(t, get(t, sim, "unknown", "/users/me"), 401, invalidToken) // no token to kill: does not fire
	expect(t, get(t, sim, doomed, "/users/me"), 401, invalidToken)
	expect(t, get(t, sim, doomed, "/users/me"), 401, invalidToken)
	for _, token := range []string{other, mint(t, sim)} {
		if got := get(t, sim, token, "/users/me"); got.Status != 200 {
			t.Errorf("another token: %s", got.Body)
		}
	}
	expectFired(t, sim, map[string]int{"token_revoked": 1})
	if got := sim.Stats().Unauthorized; got != 3 {
		t.Errorf("%d unauthorized, want 3", got)
	}
}

func TestPerSecondFault(t *testing.T) {
	sim := start(t, zoomsim.Options{Limits: "off"})
	token := mint(t, sim)
	addFaults(t, sim, zoomsim.Fault{Kind: zoomsim.PerSecond429, Operation: "users"})
	got := get(t, sim, token, "/users")
	expect(t, got, 429, perSecond)
	expectHeaders(t, got, map[string]string{
		"X-RateLimit-Category": "Medium", "X-RateLimit-Type": "QPS", "X-RateLimit-Limit": "20", "X-RateLimit-Remaining": "0", "Retry-After": "",
	})
	if got := get(t, sim, token, "/users"); got.Status != 200 {
		t.Errorf("it fired twice: %s", got.Body)
	}
	if limited := sim.Stats().RateLimited; limited != (zoomsim.RateLimited{Second: 1}) {
		t.Errorf("counted %+v", limited)
	}
}

func TestDailyFault(t *testing.T) {
	for _, test := range []struct {
		delay      time.Duration
		retryAfter string
		until      time.Duration
	}{
		{0, "2026-03-20T00:00:00Z", 12 * time.Hour},
		{90 * time.Second, "2026-03-19T12:01:30Z", 90 * time.Second},
		{1500 * time.Millisecond, "2026-03-19T12:00:02Z", 2 * time.Second}, // Retry-After tells whole seconds
	} {
		s := newSession(t, zoomsim.Options{Limits: "off"})
		addFaults(t, s.sim, zoomsim.Fault{Kind: zoomsim.Daily429, Operation: "meeting_activities", Delay: test.delay})
		expectRefused := func() {
			t.Helper()
			got := s.ask("/report/meeting_activities")
			expect(t, got, 429, daily)
			expectHeaders(t, got, map[string]string{
				"X-RateLimit-Type": "Daily-limit", "X-RateLimit-Limit": "30000", "X-RateLimit-Remaining": "0", "Retry-After": test.retryAfter,
			})
		}
		expectRefused()
		s.now.advance(test.until - time.Nanosecond)
		expectRefused()
		if got := s.ask("/users"); got.Status != 200 {
			t.Errorf("another label is refused: %s", got.Body)
		}
		s.now.advance(time.Nanosecond)
		if got := s.ask("/report/meeting_activities"); got.Status == 429 {
			t.Errorf("refused after %v: %s", test.until, got.Body)
		}
		expectFired(t, s.sim, map[string]int{"429_daily": 1})
		if limited := s.sim.Stats().RateLimited; limited != (zoomsim.RateLimited{Daily: 2}) {
			t.Errorf("counted %+v", limited)
		}
	}
}

func TestResetFault(t *testing.T) {
	sim := start(t, zoomsim.Options{})
	token, usersURL := mint(t, sim), sim.Info().APIURL+"/users"
	addFaults(t, sim, zoomsim.Fault{Kind: zoomsim.Reset})
	if got, err := trySend("GET", usersURL, "", "Authorization: Bearer "+token); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("no reset but %v %v", got, err)
	}
	if got := get(t, sim, token, "/users"); got.Status != 200 {
		t.Errorf("afterwards: %s", got.Body)
	}
	expectFired(t, sim, map[string]int{"reset": 1})
}

func TestServerFaults(t *testing.T) {
	sim := start(t, zoomsim.Options{})
	token := mint(t, sim)
	addFaults(t, sim, zoomsim.Fault{Kind: zoomsim.HTTP500}, zoomsim.Fault{Kind: zoomsim.HTML503})
	expect(t, get(t, sim, token, "/users"), 500, "")
	got := get(t, sim, token, "/users")
	if got.Status != 503 || !strings.HasPrefix(got.Body, "<html>") || got.Header.Get("Content-Type") != "text/html" {
		t.Errorf("%d %s %s", got.Status, got.Header, got.Body)
	}
	if got := get(t, sim, token, "/users"); got.Status != 200 {
		t.Errorf("afterwards: %s", got.Body)
	}
}

func TestSlowFaultAndLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSession(t, zoomsim.Options{Latency: 50 * time.Millisecond})
		addFaults(t, s.sim, zoomsim.Fault{Kind: zoomsim.Slow}, zoomsim.Fault{Kind: zoomsim.Slow, Delay: time.Hour})
		for _, want := range []time.Duration{2*time.Second + 50*time.Millisecond, time.Hour + 50*time.Millisecond, 50 * time.Millisecond} {
			began := time.Now()
			if got := s.ask("/users"); got.Status != 200 {
				t.Errorf("%d %s", got.Status, got.Body)
			}
			if took := time.Since(began); took != want {
				t.Errorf("it took %v, want %v", took, want)
			}
		}
	})
}

func TestTruncatedFault(t *testing.T) {
	sim := start(t, zoomsim.Options{})
	token := mint(t, sim)
	whole := get(t, sim, token, "/users/me")
	addFaults(t, sim, zoomsim.Fault{Kind: zoomsim.Truncated})
	got, err := trySend("GET", sim.Info().APIURL+"/users/me", "", "Authorization: Bearer "+token)
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error %v", err)
	}
	if got.Status != 200 || got.Header.Get("Content-Length") != whole.Header.Get("Content-Length") {
		t.Errorf("%d %s", got.Status, got.Header)
	}
	if got.Body == "" || got.Body == whole.Body || !strings.HasPrefix(whole.Body, got.Body) {
		t.Errorf("%d bytes of %d came", len(got.Body), len(whole.Body))
	}
}

func TestPageTokenExpiredFault(t *testing.T) {
	sim := start(t, zoomsim.Options{})
	token := mint(t, sim)
	addFaults(t, sim, zoomsim.Fault{Kind: zoomsim.PageTokenExpired, After: 1})
	next := url.QueryEscape(*activityOf(t, sim, token, february).NextPageToken)
	second := activityOf(t, sim, token, february+"&next_page_token="+next)
	third := activitiesPath + february + "&next_page_token=" + url.QueryEscape(*second.NextPageToken)
	activityOf(t, sim, token, february) // has no page token: passes, and does not count
	expect(t, get(t, sim, token, third), 400, badPageToken)
	if got := get(t, sim, token, third); got.Status != 200 {
		t.Errorf("afterwards: %s", got.Body)
	}
}

func TestTokenEndpointDownFault(t *testing.T) {
	sim := start(t, zoomsim.Options{})
	token, info := mint(t, sim), sim.Info()
	ask := func() response {
		return send(t, "POST", info.TokenURL, grant(info), formType, basic(info.ClientID, info.ClientSecret))
	}
	addFaults(t, sim, zoomsim.Fault{Kind: zoomsim.TokenEndpointDown, Operation: "users", After: 1, Count: 2})
	if got := get(t, sim, token, "/users"); got.Status != 200 {
		t.Errorf("it reached the API: %s", got.Body)
	}
	var statuses []int
	for range 4 {
		statuses = append(statuses, ask().Status)
	}
	if diff := cmp.Diff([]int{200, 503, 503, 200}, statuses); diff != "" {
		t.Error(diff)
	}
	expectFired(t, sim, map[string]int{"token_endpoint_down": 2})
}

func TestFaultsCountAndTakeTurns(t *testing.T) {
	s := newSession(t, zoomsim.Options{Limits: "off"})
	addFaults(t, s.sim,
		zoomsim.Fault{Kind: zoomsim.HTTP500, Operation: "GET /users", After: 2, Count: 2},
		zoomsim.Fault{Kind: zoomsim.HTML503, After: 4},
		zoomsim.Fault{Kind: zoomsim.HTTP500, Operation: "/users/{userId}"},
	)
	var statuses []int
	for _, path := range []string{"/users", "/users", "/users/me", "/users", "/users", "/users", "/users/me"} {
		statuses = append(statuses, s.ask(path).Status)
	}
	// The fourth request and the fifth fire the first fault; both count for the
	// second, which is due from the fifth on and so fires on the sixth.
	if diff := cmp.Diff([]int{200, 200, 500, 500, 500, 503, 200}, statuses); diff != "" {
		t.Error(diff)
	}
	expectFired(t, s.sim, map[string]int{"http_500": 3, "html_503": 1})
}

func TestFaultsNameTheirOperation(t *testing.T) {
	for operation, hit := range map[string]string{
		"GET /report/meeting_activities": "/report/meeting_activities",
		"/report/meeting_activities":     "/report/meeting_activities",
		"meeting_activities":             "/report/meeting_activities",
		"users":                          "/users",
		"get /users/{userId}":            "/users/me",
		"/users/me":                      "/users/nobody",
		"":                               "/nowhere",
	} {
		s := newSession(t, zoomsim.Options{Limits: "off"})
		addFaults(t, s.sim, zoomsim.Fault{Kind: zoomsim.HTTP500, Operation: operation})
		if operation != "" {
			if got := s.ask("/roles"); got.Status == 500 {
				t.Errorf("%q fired for /roles", operation)
			}
		}
		if got := s.ask(hit); got.Status != 500 {
			t.Errorf("%q did not fire for %s: %d", operation, hit, got.Status)
		}
	}
}
