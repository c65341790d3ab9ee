package zoomsim_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/stagedoor/stagedoor/zoomsim"
)

const (
	perSecond = `{"code":429,"message":"You have reached the maximum per-second rate limit for this API. Try again later."}`
	daily     = `{"code":429,"message":"You have reached the maximum daily rate limit for this API. Refer to the response header for details on when you can make another request."}`
)

// labelled has one cheap request of each label. None succeeds, and all count.
var labelled = []struct {
	name, path  string
	free, pro   int
	business    int
	freeDaily   int
	window      time.Duration
	afterLimits int // the answer once limits let it through
}{
	{"Light", "/users/nobody", 4, 30, 80, 6_000, time.Second, 404},
	{"Medium", "/users?page_size=0", 2, 20, 60, 2_000, time.Second, 400},
	{"Heavy", "/report/meeting_activities", 1, 10, 40, 1_000, time.Second, 400},
	{"Resource-intensive", "/metrics/meetings", 10, 10, 20, 30_000, time.Minute, 400},
}

func TestLimitsByPlanAndLimiter(t *testing.T) {
	for _, plan := range []string{"free", "pro", "business"} {
		for _, limiter := range []string{"fixed", "sliding", "bucket"} {
			t.Run(plan+" "+limiter, func(t *testing.T) {
				s := newSession(t, zoomsim.Options{Plan: plan, Limiter: limiter})
				for _, l := range labelled {
					want := map[string]int{"free": l.free, "pro": l.pro, "business": l.business}[plan]
					if got := s.allowed(l.path, l.afterLimits, 2*want); got != want {
						t.Errorf("%s: %d of %d requests at once, want %d", l.name, got, 2*want, want)
					}
					s.now.advance(l.window)
					if got := s.allowed(l.path, l.afterLimits, 2*want); got != want {
						t.Errorf("%s: %d requests after %v, want %d", l.name, got, l.window, want)
					}
				}
			})
		}
	}
}

// What distinguishes the limiters: ten requests at the end of a second (Heavy,
// pro), then more in the next one.
func TestLimitersDiffer(t *testing.T) {
	heavy := labelled[2]
	for limiter, want := range map[string]int{
		"fixed":   10, // a new window
		"sliding": 0,  // the ten are only 0.2 s ago
		"bucket":  2,  // refilled at ten a second
	} {
		s := newSession(t, zoomsim.Options{Limiter: limiter})
		s.now.advance(900 * time.Millisecond)
		if got := s.allowed(heavy.path, heavy.afterLimits, 10); got != 10 {
			t.Fatalf("%s: %d requests", limiter, got)
		}
		s.now.advance(200 * time.Millisecond)
		if got := s.allowed(heavy.path, heavy.afterLimits, 20); got != want {
			t.Errorf("%s: %d requests 0.2 s later, want %d", limiter, got, want)
		}
	}
}

// Whatever a client does, no limiter lets more through than it permits.
func TestLimitersNeverLetMoreThrough(t *testing.T) {
	heavy := labelled[2]
	rapid.Check(t, func(t *rapid.T) {
		limiter := rapid.SampledFrom([]string{"fixed", "sliding", "bucket"}).Draw(t, "limiter")
		s := newSession(t, zoomsim.Options{Limiter: limiter})
		var let []time.Time
		for range rapid.IntRange(1, 60).Draw(t, "bursts") {
			s.now.advance(time.Duration(rapid.IntRange(0, 700).Draw(t, "ms")) * time.Millisecond)
			for range s.allowed(heavy.path, heavy.afterLimits, rapid.IntRange(1, 12).Draw(t, "burst")) {
				let = append(let, s.now.Now())
			}
		}
		for i, first := range let {
			for j := i; j < len(let); j++ {
				n, span := j-i+1, let[j].Sub(first)
				switch limiter {
				case "fixed":
					if n > 10 && first.Truncate(time.Second).Equal(let[j].Truncate(time.Second)) {
						t.Fatalf("%d requests in the second of %v", n, first)
					}
				case "sliding":
					if n > 10 && span < time.Second {
						t.Fatalf("%d requests within %v", n, span)
					}
				case "bucket":
					if float64(n) > 10+10*span.Seconds()+1e-6 {
						t.Fatalf("%d requests within %v", n, span)
					}
				}
			}
		}
	})
}

func TestPerSecondAnswer(t *testing.T) {
	s := newSession(t, zoomsim.Options{})
	s.allowed("/report/meeting_activities", 400, 10)
	got := s.ask("/report/meeting_activities")
	expect(t, got, 429, perSecond)
	expectHeaders(t, got, map[string]string{
		"X-RateLimit-Category": "Heavy", "X-RateLimit-Type": "QPS", "X-RateLimit-Limit": "10", "X-RateLimit-Remaining": "0", "Retry-After": "",
	})
	if limited := s.sim.Stats().RateLimited; limited != (zoomsim.RateLimited{Second: 1}) {
		t.Errorf("counted %+v", limited)
	}
	expectHeaders(t, s.ask("/users/me"), map[string]string{"X-RateLimit-Category": "Light", "X-RateLimit-Type": "", "X-RateLimit-Remaining": ""})
}

func expectHeaders(t *testing.T, got response, want map[string]string) {
	t.Helper()
	for name, value := range want {
		if got.Header.Get(name) != value {
			t.Errorf("%s is %q, want %q", name, got.Header.Get(name), value)
		}
	}
}

func TestDailyCapsOfTheFreePlan(t *testing.T) {
	for _, l := range labelled[:3] {
		t.Run(l.name, func(t *testing.T) {
			s := newSession(t, zoomsim.Options{Plan: "free"})
			s.now.advance(-11 * time.Hour) // 01:00, so that the cap fits in before midnight
			for used := 0; used < l.freeDaily; used += l.free {
				// One more than is let through: refused requests do not count.
				if got := s.allowed(l.path, l.afterLimits, l.free+1); got != l.free {
					t.Fatalf("after %d requests %d were let through", used, got)
				}
				s.now.advance(time.Second)
			}
			got := s.ask(l.path)
			expect(t, got, 429, daily)
			expectHeaders(t, got, map[string]string{
				"X-RateLimit-Category": l.name, "X-RateLimit-Type": "Daily-limit", "X-RateLimit-Limit": fmt.Sprint(l.freeDaily),
				"X-RateLimit-Remaining": "0", "Retry-After": "2026-03-20T00:00:00Z",
			})
			s.now.advance(today.Add(24*time.Hour - time.Nanosecond).Sub(s.now.Now()))
			expect(t, s.ask(l.path), 429, daily)
			s.now.advance(time.Nanosecond) // midnight
			if got := s.ask(l.path); got.Status != l.afterLimits {
				t.Errorf("after midnight: %d %s", got.Status, got.Body)
			}
		})
	}
}

// On paid plans Heavy and Resource-intensive use one cap up, and the others have none.
func TestDailyCapIsShared(t *testing.T) {
	s := newSession(t, zoomsim.Options{})
	s.now.advance(-11 * time.Hour)
	left := 30_000 - s.allowed("/metrics/meetings", 400, 10)
	for ; left > 0; left -= 10 {
		if got := s.allowed("/report/meeting_activities", 400, 10); got != 10 {
			t.Fatalf("with %d left, %d were let through", left, got)
		}
		s.now.advance(time.Second)
	}
	for _, path := range []string{"/report/meeting_activities", "/metrics/meetings"} {
		got := s.ask(path)
		expect(t, got, 429, daily)
		expectHeaders(t, got, map[string]string{"X-RateLimit-Limit": "30000", "Retry-After": "2026-03-20T00:00:00Z"})
	}
	if got := s.ask("/users/me"); got.Status != 200 {
		t.Errorf("Light: %s", got.Body)
	}
}

func TestUnauthorizedRequestsUseNothingUp(t *testing.T) {
	s := newSession(t, zoomsim.Options{})
	good := s.token
	s.token = "wrong"
	for range 20 {
		s.ask("/report/meeting_activities")
	}
	s.token = good
	if got := s.allowed("/report/meeting_activities", 400, 20); got != 10 {
		t.Errorf("%d were let through, want 10", got)
	}
}

func TestLimitsOff(t *testing.T) {
	s := newSession(t, zoomsim.Options{Limits: "off", Plan: "free"})
	if got := s.allowed("/users/nobody", 404, 7000); got != 7000 {
		t.Errorf("%d of 7000", got)
	}
	expectHeaders(t, s.ask("/users/me"), map[string]string{"X-RateLimit-Category": "Light"})
}
