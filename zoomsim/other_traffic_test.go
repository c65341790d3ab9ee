package zoomsim_test

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/stagedoor/stagedoor/zoomsim"
)

const heavyPath = "/report/meeting_activities"

func others(rate float64) zoomsim.Fault {
	return zoomsim.Fault{Kind: zoomsim.OtherTraffic, Operation: "/report/users/{userId}/meetings", Rate: rate}
}

// Whatever others and we send, both together get exactly what one app alone that
// asks all the time would get.
func TestOthersLeaveTheRest(t *testing.T) {
	for _, limiter := range []string{"fixed", "sliding", "bucket"} {
		t.Run(limiter, func(t *testing.T) {
			s := newSession(t, zoomsim.Options{Limiter: limiter, Plan: "business"})
			addFaults(t, s.sim, others(13.3))
			ours, alone := 0, newSession(t, zoomsim.Options{Limiter: limiter, Plan: "business"})
			without := 0
			const steps = 3000 // of 10 ms: half a minute
			for range steps {
				s.now.advance(10 * time.Millisecond)
				alone.now.advance(10 * time.Millisecond)
				ours += s.passed(heavyPath, 2)
				without += alone.passed(heavyPath, 2)
			}
			stats := s.sim.Stats()
			if stats.Requests != 2*steps || stats.RateLimited.Second != 2*steps-ours {
				t.Errorf("others are counted with ours: %+v", stats)
			}
			if sent := stats.OtherTraffic.Sent; sent < 398 || sent > 400 {
				t.Errorf("others sent %d in 30 s, want 399", sent)
			}
			theirs := stats.OtherTraffic.Sent - stats.OtherTraffic.Refused
			if theirs == 0 {
				t.Error("others got nothing at all")
			}
			// Two steps of 10 ms at an edge are the grain of this test.
			if diff := ours + theirs - without; diff < -4 || diff > 4 {
				t.Errorf("we got %d and others %d, one app alone %d", ours, theirs, without)
			}
			if most := stats.PeakLetThrough["Heavy"]; most > without {
				t.Errorf("peak %d", most)
			}
		})
	}
}

// Where they come first, we get the rest of the window and not one more.
func TestWeGetWhatIsLeftExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limiter := rapid.SampledFrom([]string{"fixed", "sliding"}).Draw(t, "limiter")
		rate := rapid.Float64Range(0.5, 20).Draw(t, "rate")
		s := newSession(t, zoomsim.Options{Limiter: limiter})
		if err := s.sim.AddFaults(others(rate)); err != nil {
			t.Fatal(err)
		}
		s.now.advance(time.Second - time.Nanosecond)
		before := s.sim.Stats().OtherTraffic
		if got, want := s.passed(heavyPath, 20), 10-(before.Sent-before.Refused); got != want {
			t.Fatalf("%v a second: others got %+v, we %d, want %d", rate, before, got, want)
		}
	})
}

func TestOthersUseTheDayUp(t *testing.T) {
	s := newSession(t, zoomsim.Options{})
	s.now.advance(-12 * time.Hour) // midnight
	addFaults(t, s.sim, others(5))
	s.now.advance(100*time.Minute + time.Second) // 30,005 requests
	expect(t, s.ask(heavyPath), 429, daily)
	expect(t, s.ask("/metrics/meetings"), 429, daily)
	if got := s.ask("/users"); got.Status != 200 {
		t.Errorf("Medium: %s", got.Body)
	}
	got := s.sim.Stats().OtherTraffic
	if got.Sent-got.Refused != 30_000 {
		t.Errorf("others: %+v", got)
	}
	s.now.advance(24*time.Hour - 100*time.Minute)
	if got := s.ask(heavyPath); got.Status == 429 {
		t.Errorf("the next day: %s", got.Body)
	}
}

func TestOtherTrafficEnds(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*zoomsim.Fault)
		want   int
	}{
		"count":    {func(f *zoomsim.Fault) { f.Count = 7 }, 7},
		"duration": {func(f *zoomsim.Fault) { f.Delay = 3 * time.Second }, 12},
		"rate":     {func(f *zoomsim.Fault) { f.Rate = 0.1 }, 6},
	} {
		s := newSession(t, zoomsim.Options{})
		fault := others(4)
		test.change(&fault)
		addFaults(t, s.sim, fault)
		s.now.advance(time.Minute)
		if got := s.sim.Stats().OtherTraffic; got.Sent != test.want {
			t.Errorf("%s: %+v, want %d sent", name, got, test.want)
		}
		s.sim.Reset()
		s.now.advance(time.Minute)
		if got := s.sim.Stats().OtherTraffic; got.Sent != 0 {
			t.Errorf("%s: after a reset %+v", name, got)
		}
	}
}

// The same seed brings the same moments, not evenly spaced ones.
func TestOtherTrafficIsIrregularAndSeeded(t *testing.T) {
	moments := func() []int {
		s := newSession(t, zoomsim.Options{})
		addFaults(t, s.sim, others(1))
		var sent []int
		for range 200 {
			s.now.advance(100 * time.Millisecond)
			sent = append(sent, s.sim.Stats().OtherTraffic.Sent)
		}
		return sent
	}
	first := moments()
	if diff := cmp.Diff(first, moments()); diff != "" {
		t.Error(diff)
	}
	gaps := map[int]bool{}
	last := -1
	for i := 1; i < len(first); i++ {
		if first[i] > first[i-1] {
			gaps[i-last] = true
			last = i
		}
	}
	if len(gaps) < 4 {
		t.Errorf("only the gaps %v", gaps)
	}
}

func TestOtherTrafficOverHTTP(t *testing.T) {
	sim := start(t, zoomsim.Options{Now: newClock().Now})
	expect(t, manage(t, sim, "POST", "/faults", `{"faults":[{"kind":"other_traffic","operation":"/report/users/{userId}/meetings","rate":13.3,"delay":60}]}`), 200,
		`{"pending":[{"kind":"other_traffic","operation":"/report/users/{userId}/meetings","after":0,"count":0,"delay":"1m0s","rate":13.3}]}`)
	for body, want := range map[string]string{
		`{"kind":"other_traffic","operation":"GET /users"}`:                      "rate 0 is not a number of requests a second from 0.00001 to 1000",
		`{"kind":"other_traffic","operation":"GET /users","rate":2000}`:          "rate 2000 is not",
		`{"kind":"other_traffic","operation":"GET /users","rate":-1}`:            "rate -1 is not",
		`{"kind":"other_traffic","rate":1}`:                                      "other_traffic has no operation",
		`{"kind":"other_traffic","operation":"/users","rate":1}`:                 "may be GET /users, POST /users: name one",
		`{"kind":"other_traffic","operation":"GET /users","rate":1,"after":1}`:   "after 1: other_traffic starts at once",
		`{"kind":"slow","rate":1}`:                                               "rate 1: only other_traffic has a rate",
		`{"kind":"other_traffic","operation":"GET /users","rate":"often"}`:       "cannot unmarshal string",
		`{"kind":"other_traffic","operation":"GET /nothing","rate":1,"every":1}`: `unknown field`,
	} {
		got := manage(t, sim, "POST", "/faults", `{"faults":[`+body+`]}`)
		var refusal struct{ Error string }
		decode(t, got.Body, &refusal)
		if got.Status != 400 || !strings.Contains(refusal.Error, want) {
			t.Errorf("%s: %d %s, want %q", body, got.Status, got.Body, want)
		}
	}
}

// A fault that is accepted comes out as it went in, and nothing makes the
// simulator fall.
func FuzzFaults(f *testing.F) {
	f.Add(`{"kind":"other_traffic","operation":"GET /users","rate":13.3,"delay":"1m"}`)
	f.Add(`{"kind":"429_daily","operation":"meeting_activities","after":3,"delay":3}`)
	f.Add(`{"kind":"other_traffic","operation":"GET /users","rate":1e-5,"count":9}`)
	f.Add(`{"kind":"slow","delay":"9999999h"}`)
	s := newSession(f, zoomsim.Options{})
	f.Fuzz(func(t *testing.T, text string) {
		var fault, again zoomsim.Fault
		if json.Unmarshal([]byte(text), &fault) != nil {
			return
		}
		encoded, err := json.Marshal(fault)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(encoded, &again); err != nil {
			t.Fatalf("%s: %v", encoded, err)
		}
		second, _ := json.Marshal(again)
		if string(second) != string(encoded) {
			t.Fatalf("%s became %s", encoded, second)
		}
		if s.sim.AddFaults(fault) == nil {
			s.now.advance(time.Second)
			s.sim.Stats()
		}
		s.sim.Reset()
	})
}

// Half of the latency passes before a request is counted, and jitter too.
func TestLatencyLiesOnBothSides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSession(t, zoomsim.Options{Latency: 100 * time.Millisecond})
		go s.ask("/users")
		time.Sleep(49 * time.Millisecond)
		if got := s.sim.Stats().Requests; got != 0 {
			t.Errorf("%d counted before half of the latency", got)
		}
		time.Sleep(2 * time.Millisecond)
		if got := s.sim.Stats().Requests; got != 1 {
			t.Errorf("%d counted after half of it", got)
		}
		time.Sleep(time.Second)
	})
}

func TestJitter(t *testing.T) {
	took := func(o zoomsim.Options) (all []time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			s := newSession(t, o)
			for range 50 {
				began := time.Now()
				s.ask("/users")
				all = append(all, time.Since(began))
			}
		})
		return all
	}
	there := took(zoomsim.Options{Jitter: 30 * time.Millisecond})
	if diff := cmp.Diff(there, took(zoomsim.Options{Jitter: 30 * time.Millisecond})); diff != "" {
		t.Errorf("the same seed, other delays: %s", diff)
	}
	both := took(zoomsim.Options{Jitter: 30 * time.Millisecond, JitterBack: true})
	for name, test := range map[string]struct {
		all      []time.Duration
		ceiling  time.Duration
		exceeded time.Duration // by the longest
	}{
		"there":          {there, 30 * time.Millisecond, 20 * time.Millisecond},
		"there and back": {both, 60 * time.Millisecond, 35 * time.Millisecond},
	} {
		longest, distinct := time.Duration(0), map[time.Duration]bool{}
		for _, d := range test.all {
			longest = max(longest, d)
			distinct[d] = true
		}
		if longest > test.ceiling || longest < test.exceeded || len(distinct) < 25 {
			t.Errorf("%s: longest %v, %d different", name, longest, len(distinct))
		}
	}
}
