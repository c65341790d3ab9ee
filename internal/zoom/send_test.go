package zoom

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stagedoor/stagedoor"
)

func TestAnswerOfSuccess(t *testing.T) {
	c, f := newClient(t, func(o *Config) { o.Version = "1.2.3" }, says(201, `{"id":1}`))
	response, e := doAs(t.Context(), t, c, stagedoor.Request{Method: "post", Path: "/users/me/meetings", Body: []byte(`{"topic":"x"}`)})
	if e != nil {
		t.Fatal(e)
	}
	if response.Status != 201 || string(response.Body) != `{"id":1}` || response.Tracking != "v=2.0;clid=us02;rid=WEB_1" ||
		response.Operation.Name() != "POST /users/{userId}/meetings" {
		t.Errorf("got %+v", response)
	}
	r := f.got[0]
	if r.Method != "POST" || f.bodies[0] != `{"topic":"x"}` || r.ContentLength != 13 {
		t.Errorf("sent %s %q", r.Method, f.bodies[0])
	}
	for name, want := range map[string]string{"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "stagedoor/1.2.3"} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestNoContentIsFine(t *testing.T) {
	c, f := newClient(t, nil, says(204, ""))
	response, e := doAs(t.Context(), t, c, stagedoor.Request{Method: "DELETE", Path: "/meetings/1"})
	if e != nil || response.Status != 204 || len(response.Body) != 0 {
		t.Errorf("got %+v, %v", response, e)
	}
	if f.got[0].Body != nil || f.got[0].Header.Get("Content-Type") != "" {
		t.Error("a body was sent")
	}
}

// transient are the faults that pass by themselves.
func transient() map[string]reply {
	reset := &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	return map[string]reply{
		"empty 500":      says(500, ""),
		"HTML from edge": says(503, "<html><head><title>503 Service Unavailable</title></head></html>"),
		"JSON 500":       says(500, `{"code":500,"message":"Internal"}`),
		"reset":          fails(reset),
		"no answer":      fails(io.EOF),
		"dial":           fails(&net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}),
		"no such host":   fails(&net.DNSError{Err: "no such host", Name: "api.zoom.us"}),
		"body broke off": breaksOff(`{"users":[`, io.ErrUnexpectedEOF),
		"body was reset": breaksOff(`{"users":[`, reset),
		// What was refused can not be read, and it may be that there are no rows.
		"refusal broke off": refusesAndBreaksOff(400, `{"code":3`, io.ErrUnexpectedEOF),
		"no progress":       hangs,
		"URL error":         fails(&url.Error{Op: "Get", URL: "https://api.zoom.us/?canary", Err: reset}),
		"token endpoint":    fails(&stagedoor.Error{Op: "mint a token", Kind: stagedoor.KindUnavailable}),
	}
}

func TestTransientFaultsAreTriedAgain(t *testing.T) {
	for name, fault := range transient() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var events []Event
				c, f := newClient(t, func(o *Config) {
					o.Patience = 15 * time.Minute
					o.Notify = func(e Event) { events = append(events, e) }
				}, fault, fault, says(200, `{"users":[]}`))
				response, e := do(t, c, "/users")
				if e != nil || string(response.Body) != `{"users":[]}` || f.count() != 3 {
					t.Errorf("after %d requests: %v", f.count(), e)
				}
				if len(events) != 2 || events[0].Operation != "GET /users" || events[0].Attempt != 1 || events[1].Attempt != 2 ||
					events[0].Wait <= 0 || events[0].Cause != "" && strings.Contains(events[0].Cause, "canary") {
					t.Errorf("told of %+v", events)
				}
			})
		})
	}
}

func TestPatienceEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, f := newClient(t, nil, says(500, ""))
		began := time.Now()
		_, e := do(t, c, "/users")
		if e == nil || e.Kind != stagedoor.KindUnavailable || e.Status != 500 || e.Tracking == "" {
			t.Fatalf("got %v", e)
		}
		if took := time.Since(began); took > 15*time.Second || took < 7*time.Second {
			t.Errorf("gave up after %v", took)
		}
		// Full jitter: 0 to 200 ms, doubling up to 5 s.
		if f.count() < 6 || f.count() > 60 {
			t.Errorf("%d requests", f.count())
		}
	})
}

func TestBackoffGrowsWithFullJitter(t *testing.T) {
	for attempt, longest := range map[int]time.Duration{1: 200 * time.Millisecond, 2: 400 * time.Millisecond, 5: 3200 * time.Millisecond, 6: 5 * time.Second, 500: 5 * time.Second} {
		least, most := time.Hour, time.Duration(0)
		for range 2000 {
			d := (&fault{}).delay(attempt, 0)
			least, most = min(least, d), max(most, d)
		}
		if least > longest/10 || most > longest+1 || most < longest*9/10 {
			t.Errorf("attempt %d waits %v to %v, want 0 to %v", attempt, least, most, longest)
		}
	}
}

// A rate limit per second passes within seconds, however many other faults came
// before it.
func TestARateLimitWaitsByItsOwnCount(t *testing.T) {
	for range 1000 {
		if d := (&fault{limited: true}).delay(9, 1); d < time.Second || d > 2*time.Second {
			t.Fatalf("the first refusal after eight other faults waits %v", d)
		}
	}
}

func TestRetryAfterOfAServerErrorIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, f := newClient(t, nil, says(503, "", "Retry-After", "7"), says(200, "{}"))
		if _, e := do(t, c, "/users"); e != nil {
			t.Fatal(e)
		}
		if waited := f.times[1].Sub(f.times[0]); waited < 7*time.Second || waited > 8*time.Second {
			t.Errorf("waited %v", waited)
		}
	})
}

// A request that changes something is not sent twice unless it surely was not
// carried out.
func TestWritesAreNotDoneTwice(t *testing.T) {
	for name, again := range map[string]bool{
		"empty 500": false, "HTML from edge": false, "reset": false, "no answer": false, "body broke off": false,
		"no progress": false, "refusal broke off": false, "token endpoint": false, "dial": true, "no such host": true,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, f := newClient(t, nil, transient()[name], says(201, "{}"))
				_, e := doAs(t.Context(), t, c, stagedoor.Request{Method: "POST", Path: "/users", Body: []byte(`{"a":1}`)})
				want := map[bool]int{false: 1, true: 2}[again]
				if f.count() != want || (e == nil) != again {
					t.Errorf("%d requests, %v", f.count(), e)
				}
				if again && f.bodies[1] != `{"a":1}` {
					t.Errorf("the second time it sent %q", f.bodies[1])
				}
			})
		})
	}
	t.Run("429", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c, f := newClient(t, nil, says(429, `{"code":429,"message":"per-second"}`), says(201, "{}"))
			if _, e := doAs(t.Context(), t, c, stagedoor.Request{Method: "POST", Path: "/users", Body: []byte("{}")}); e != nil || f.count() != 2 {
				t.Errorf("%d requests, %v", f.count(), e)
			}
		})
	})
	t.Run("says so", func(t *testing.T) {
		c, _ := newClient(t, nil, transient()["reset"])
		_, e := doAs(t.Context(), t, c, stagedoor.Request{Method: "POST", Path: "/users", Body: []byte("{}")})
		if e == nil || e.Kind != stagedoor.KindNetwork || !strings.Contains(e.Cause, "not known") || !errors.Is(e, syscall.ECONNRESET) {
			t.Errorf("got %v", e)
		}
	})
}

func TestPermanentErrorsAreAnsweredAtOnce(t *testing.T) {
	for name, r := range map[string]reply{
		"scope":            says(400, `{"code":4711,"message":"Invalid access token, does not contain scopes:[a, b]."}`),
		"token rejected":   says(401, `{"code":124,"message":"Invalid access token."}`),
		"a whole refusal":  says(400, `{"message":"odd"}`),
		"a known one, cut": refusesAndBreaksOff(400, `{"code":4711,"message":"Invalid access token, does not contain scopes:[a, b]."} `, io.ErrUnexpectedEOF),
		"redirect":         says(302, "", "Location", "https://evil.example/"),
		"invalid client":   fails(&stagedoor.Error{Op: "mint a token", Kind: stagedoor.KindInvalidClient}),
		"host refused":     fails(&url.Error{Op: "Get", URL: "https://x/?canary", Err: &stagedoor.Error{Kind: stagedoor.KindHostRefused}}),
	} {
		c, f := newClient(t, nil, r, says(200, "{}"))
		_, e := do(t, c, "/users")
		if e == nil || f.count() != 1 || strings.Contains(e.Error(), "canary") {
			t.Errorf("%s: %d requests, %v", name, f.count(), e)
		}
	}
}

// What the token source says is handed on as it is.
func TestErrorsOfTheTransportAreHandedOn(t *testing.T) {
	own := &stagedoor.Error{Op: "mint a token", Subject: "credential acme", Kind: stagedoor.KindInvalidClient, Cause: "c", Fix: "f"}
	c, _ := newClient(t, nil, fails(&url.Error{Op: "Get", URL: "https://api.zoom.us/v2/users?canary=1", Err: own}))
	if _, e := do(t, c, "/users"); e != own {
		t.Errorf("got %v", e)
	}
}

func TestAnswersHaveABound(t *testing.T) {
	c, f := newClient(t, nil, func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(endless{}), Request: r}, nil
	})
	_, e := do(t, c, "/users")
	if e == nil || e.Kind != stagedoor.KindBadAnswer || !strings.Contains(e.Cause, "64 MiB") || f.count() != 1 {
		t.Errorf("after %d requests: %v", f.count(), e)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestContextEndsEverything(t *testing.T) {
	for name, replies := range map[string][]reply{
		"while it waits for the answer":     {hangs},
		"while it waits to try again":       {says(503, "", "Retry-After", "60")},
		"while it waits for the rate limit": {says(429, "", "Retry-After", "60")},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, f := newClient(t, func(o *Config) { o.Patience = time.Hour }, replies...)
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(3*time.Second, cancel)
				began := time.Now()
				_, e := doAs(ctx, t, c, stagedoor.Request{Path: "/users"})
				if e == nil || e.Kind != stagedoor.KindInterrupted || !errors.Is(e, context.Canceled) || f.count() != 1 {
					t.Errorf("after %d requests: %v", f.count(), e)
				}
				if took := time.Since(began); took != 3*time.Second {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
	t.Run("before it began", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		c, f := newClient(t, nil, says(200, "{}"))
		if _, e := doAs(ctx, t, c, stagedoor.Request{Path: "/users"}); e == nil || e.Kind != stagedoor.KindInterrupted || f.count() != 0 {
			t.Errorf("after %d requests: %v", f.count(), e)
		}
	})
	t.Run("deadline in the queue", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c, f := newClient(t, func(o *Config) { o.Provider = limited() }, says(200, "{}"))
			do(t, c, "/metrics/meetings")
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, e := doAs(ctx, t, c, stagedoor.Request{Path: "/metrics/meetings"})
			if e == nil || !errors.Is(e, context.DeadlineExceeded) || f.count() != 1 {
				t.Errorf("after %d requests: %v", f.count(), e)
			}
		})
	})
}

// Requests leave as their account's quota lets them: never more in any second
// (or minute) than permitted, and not in a bunch.
func TestPace(t *testing.T) {
	for _, c := range []struct {
		path     string
		requests int // Pro's limit
		span     time.Duration
	}{
		{"/users/me", 30, time.Second},
		{"/users", 20, time.Second},
		{"/report/meeting_activities", 10, time.Second},
		{"/metrics/meetings", 10, time.Minute},
		{"/no/such/operation", 10, time.Second}, // counts as Heavy
	} {
		t.Run(c.path, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, f := newClient(t, func(o *Config) { o.Provider = limited() }, says(200, "{}"))
				var all sync.WaitGroup
				for range 50 {
					all.Go(func() { do(t, client, c.path) })
				}
				all.Wait()
				if f.count() != 50 {
					t.Fatalf("%d requests", f.count())
				}
				for i := range 49 {
					if gap := f.times[i+1].Sub(f.times[i]); gap < c.span/time.Duration(c.requests)/2 {
						t.Fatalf("request %d left %v after the one before", i+2, gap)
					}
				}
				for i := range 50 - c.requests {
					if took := f.times[i+c.requests].Sub(f.times[i]); took < c.span {
						t.Fatalf("requests %d to %d left within %v", i+1, i+c.requests+1, took)
					}
				}
				if took, most := f.times[49].Sub(f.times[0]), time.Duration((50+c.requests-1)/c.requests)*c.span*110/100; took > most {
					t.Errorf("50 requests took %v, want %v at most", took, most)
				}
			})
		})
	}
	t.Run("without a limit", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			client, f := newClient(t, nil, says(200, "{}"))
			began := time.Now()
			for range 100 {
				do(t, client, "/users")
			}
			if took := time.Since(began); took != 0 || f.count() != 100 {
				t.Errorf("%d requests took %v", f.count(), took)
			}
		})
	})
	t.Run("by label", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			client, _ := newClient(t, func(o *Config) { o.Provider = limited() }, says(200, "{}"))
			began := time.Now()
			for _, path := range []string{"/metrics/meetings", "/report/meeting_activities", "/users", "/users/me", "/phone/users"} {
				do(t, client, path)
			}
			if took := time.Since(began); took != 0 {
				t.Errorf("labels waited for each other, %v", took)
			}
		})
	})
}
