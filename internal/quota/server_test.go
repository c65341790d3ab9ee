package quota_test

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/stagedoor/stagedoor"
)

// server counts requests as Zoom may do, in one of the ways that nobody has
// settled, and refuses what is too much.
type server struct {
	mu       sync.Mutex
	counting string // fixed, sliding or bucket
	requests int
	span     time.Duration
	daily    int // 0: no limit
	phase    time.Duration
	latency  time.Duration
	jitter   time.Duration
	rand     *rand.Rand

	recent  []time.Time // let through, oldest first
	used    float64     // of the bucket
	last    time.Time
	window  time.Time
	inside  int
	byDay   map[string]int
	passed  int
	refused int
	daysOut int // refused by the day
}

func newServer(counting string, requests int, span time.Duration, seed uint64) *server {
	r := rand.New(rand.NewPCG(seed, 1))
	return &server{counting: counting, requests: requests, span: span, rand: r, phase: time.Duration(r.Int64N(int64(span))), byDay: map[string]int{}}
}

// call is one request: there, counted, and back.
func (s *server) call() stagedoor.Outcome {
	s.mu.Lock()
	there, back := s.way(), s.way()
	s.mu.Unlock()
	time.Sleep(there)
	out := s.arrive(time.Now())
	time.Sleep(back)
	return out
}

// way is one way: half of the latency and half of the jitter, each at random.
func (s *server) way() time.Duration {
	d := s.latency / 2
	if s.jitter > 0 {
		d += time.Duration(s.rand.Int64N(int64(s.jitter)))
	}
	return d
}

func (s *server) arrive(now time.Time) stagedoor.Outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	day := now.UTC().Format(time.DateOnly)
	if s.daily > 0 && s.byDay[day] >= s.daily {
		s.daysOut++
		return stagedoor.Outcome{Daily: true, Until: stagedoor.DayOf(now).AddDate(0, 0, 1)}
	}
	if !s.allow(now) {
		s.refused++
		return stagedoor.Outcome{Refused: true}
	}
	s.byDay[day]++
	s.passed++
	return stagedoor.Outcome{}
}

func (s *server) allow(now time.Time) bool {
	switch s.counting {
	case "fixed":
		if w := now.Add(s.phase).Truncate(s.span); !w.Equal(s.window) {
			s.window, s.inside = w, 0
		}
		s.inside++
		if s.inside > s.requests {
			s.inside--
			return false
		}
	case "sliding":
		for len(s.recent) > 0 && !s.recent[0].After(now.Add(-s.span)) {
			s.recent = s.recent[1:]
		}
		if len(s.recent) >= s.requests {
			return false
		}
		s.recent = append(s.recent, now)
	case "bucket":
		s.used = max(0, s.used-float64(now.Sub(s.last))/float64(s.span)*float64(s.requests))
		s.last = now
		if s.used+1 > float64(s.requests)+1e-6 {
			return false
		}
		s.used++
	}
	return true
}

// others lets other apps call so often a second, at random times, until stopped.
func (s *server) others(perSecond float64) (stop func()) {
	done := make(chan struct{})
	r := rand.New(rand.NewPCG(3, 4))
	go func() {
		for {
			timer := time.NewTimer(time.Duration(float64(time.Second) / perSecond * (0.5 + r.Float64())))
			select {
			case <-done:
				timer.Stop()
				return
			case <-timer.C:
				if out := s.arrive(time.Now()); out.Refused {
					s.mu.Lock()
					s.refused-- // theirs
					s.mu.Unlock()
				}
			}
		}
	}()
	return func() { close(done) }
}
