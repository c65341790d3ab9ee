package zoom

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stagedoor/stagedoor"
)

// The messages that Zoom sends with a 429.
const (
	perSecond     = `{"code":429,"message":"You have reached the maximum per-second rate limit for this API. Try again later."}`
	perDay        = `{"code":429,"message":"You have reached the maximum daily rate limit for this API. Refer to the response header for details on when you can make another request."}`
	perHost       = `{"code":429,"message":"You have exceeded the daily rate limit (100) of Meeting Create/Update API requests permitted for this particular user. You may resume these requests at GMT 00:00:00."}`
	perRegistrant = `{"code":429,"message":"You have exceeded the daily rate limit of (3) for Add a webinar registrant API requests for the registrant (x). You can resume these API requests at GMT 00:00:00."}`
	lock          = `{"code":429,"message":"Too many concurrent requests. A request to disassociate this user has already been made."}`
)

func TestReadLimit(t *testing.T) {
	now := time.Date(2026, 11, 22, 15, 4, 5, 0, time.UTC)
	midnight := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name    string
		headers []string
		body    string
		want    limit
	}{
		{"no hint at all", nil, "", limit{}},
		{"message per second", nil, perSecond, limit{}},
		{"type QPS", []string{"X-RateLimit-Type", "QPS"}, "", limit{}},
		{"type QPS is believed before the time", []string{"X-RateLimit-Type", "QPS", "Retry-After", "86000"}, perDay, limit{}},
		{"seconds", []string{"Retry-After", "3"}, perSecond, limit{until: now.Add(3 * time.Second)}},
		{"no less than nothing", []string{"Retry-After", "-3"}, perSecond, limit{until: now}},
		{"unix reset", []string{"X-RateLimit-Reset", "1795359850"}, perSecond, limit{until: now.Add(5 * time.Second)}},
		{"nonsense", []string{"Retry-After", "soon", "X-RateLimit-Reset", "later"}, perSecond, limit{}},

		{"message per day", nil, perDay, limit{daily: true, until: midnight}},
		{"type daily", []string{"X-RateLimit-Type", "Daily-limit"}, "", limit{daily: true, until: midnight}},
		{"ISO instant", []string{"X-RateLimit-Type", "Daily-limit", "Retry-After", "2026-11-23T00:00:00Z"}, perDay, limit{daily: true, until: midnight}},
		{"ISO instant with a zone", []string{"Retry-After", "2026-11-23T01:00:00+01:00"}, perDay, limit{daily: true, until: midnight}},
		{"ISO day", []string{"Retry-After", "2026-11-23"}, perDay, limit{daily: true, until: midnight}},
		{"HTTP date", []string{"Retry-After", "Mon, 23 Nov 2026 00:00:00 GMT"}, perDay, limit{daily: true, until: midnight}},
		{"seconds to midnight", []string{"Retry-After", "32155"}, perDay, limit{daily: true, until: midnight}},
		{"a long time alone means the day", []string{"Retry-After", "2026-11-23T00:00:00Z"}, "", limit{daily: true, until: midnight}},
		{"at most 25 hours", []string{"Retry-After", "99999999999"}, perDay, limit{daily: true, until: now.Add(25 * time.Hour)}},
		{"a far date", []string{"Retry-After", "2036-01-01T00:00:00Z"}, perDay, limit{daily: true, until: now.Add(25 * time.Hour)}},
		{"an old date", []string{"Retry-After", "2020-05-31T00:00:00Z"}, perDay, limit{daily: true, until: midnight}},
		{"our clock is ahead", []string{"Retry-After", "2026-11-22T15:04:04Z"}, perDay, limit{daily: true, until: now.Add(time.Second)}},

		{"per host", nil, perHost, limit{daily: true, narrow: true, until: midnight}},
		{"per registrant", nil, perRegistrant, limit{daily: true, narrow: true, until: midnight}},
		{"lock", nil, lock, limit{narrow: true}},
	} {
		h := http.Header{}
		for i := 0; i < len(c.headers); i += 2 {
			h.Set(c.headers[i], c.headers[i+1])
		}
		got := readLimit(h, c.body, now)
		if got.daily != c.want.daily || got.narrow != c.want.narrow || !got.until.Equal(c.want.until) {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestShortLimitIsWaitedOut(t *testing.T) {
	for _, c := range []struct {
		name        string
		limited     reply
		least, most time.Duration
	}{
		{"per second", says(429, perSecond), time.Second, 2 * time.Second},
		{"no hint", says(429, ""), time.Second, 2 * time.Second},
		{"type QPS", says(429, "{}", "X-RateLimit-Type", "QPS"), time.Second, 2 * time.Second},
		{"lock", says(429, lock), time.Second, 2 * time.Second},
		{"Retry-After", says(429, perSecond, "Retry-After", "8"), 8 * time.Second, 8200 * time.Millisecond},
		{"QPS with the end of the day", says(429, perSecond, "X-RateLimit-Type", "QPS", "Retry-After", "80000"), time.Second, 2 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, f := newClient(t, nil, c.limited, says(200, "{}"))
				if _, e := do(t, client, "/report/meeting_activities"); e != nil {
					t.Fatal(e)
				}
				if waited := f.times[1].Sub(f.times[0]); waited < c.least || waited > c.most {
					t.Errorf("waited %v, want %v to %v", waited, c.least, c.most)
				}
			})
		})
	}
}

func TestShortLimitThatDoesNotEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, f := newClient(t, nil, says(429, perSecond))
		began := time.Now()
		_, e := do(t, c, "/users")
		if e == nil || e.Kind != stagedoor.KindRateLimited || e.Cause != "too many requests in a second" || !e.RetryAt.After(time.Now()) {
			t.Fatalf("got %v, again at %v", e, e.RetryAt)
		}
		if took := time.Since(began); took > 15*time.Second || f.count() < 3 || f.count() > 6 {
			t.Errorf("%d requests in %v", f.count(), took)
		}
	})
}

// A daily limit stops, at once and without another call, everything that
// counts into the same day.
func TestDailyLimitStops(t *testing.T) {
	for name, limitedReply := range map[string]reply{
		"message":    says(429, perDay),
		"type alone": says(429, "", "X-RateLimit-Type", "Daily-limit"),
		"ISO":        says(429, perDay, "Retry-After", "2000-01-02T00:00:00Z"),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // begins at 2000-01-01 00:00 UTC
				time.Sleep(15 * time.Hour)
				midnight := time.Date(2000, 1, 2, 0, 0, 0, 0, time.UTC)
				c, f := newClient(t, func(o *Config) { o.Provider = limited() }, limitedReply, says(200, "{}"))
				began := time.Now()
				for range 5 {
					for _, path := range []string{"/report/meeting_activities", "/metrics/meetings"} {
						_, e := do(t, c, path)
						if e == nil || e.Kind != stagedoor.KindDailyQuota || !e.RetryAt.Equal(midnight) || e.Subject != "credential acme" {
							t.Fatalf("%s gave %v, again at %v", path, e, e.RetryAt)
						}
					}
				}
				if took := time.Since(began); took != 0 || f.count() != 1 {
					t.Errorf("%d requests in %v, want one", f.count(), took)
				}
				for _, path := range []string{"/users", "/users/me", "/phone/call_history"} {
					if _, e := do(t, c, path); e != nil {
						t.Errorf("%s, which counts elsewhere, gave %v", path, e)
					}
				}
				time.Sleep(time.Until(midnight))
				if _, e := do(t, c, "/metrics/meetings"); e != nil {
					t.Errorf("on the next day: %v", e)
				}
			})
		})
	}
}

// Zoom limits what may be done for one host or registrant in a day; other
// hosts are free.
func TestLimitOfOneHostStopsNobodyElse(t *testing.T) {
	for _, body := range []string{perHost, perRegistrant} {
		synctest.Test(t, func(t *testing.T) {
			c, f := newClient(t, func(o *Config) { o.Provider = limited() }, says(429, body), says(201, "{}"))
			_, e := doAs(t.Context(), t, c, stagedoor.Request{Method: "POST", Path: "/users/a/meetings", Body: []byte("{}")})
			if e == nil || e.Kind != stagedoor.KindDailyQuota || e.RetryAt.IsZero() || f.count() != 1 || !strings.Contains(e.Cause, "this one user") {
				t.Fatalf("got %v", e)
			}
			if _, e := doAs(t.Context(), t, c, stagedoor.Request{Method: "POST", Path: "/users/b/meetings", Body: []byte("{}")}); e != nil {
				t.Errorf("another host got %v", e)
			}
		})
	}
}
