package app

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// slow is a token endpoint that takes a second, and counts who asks at once.
type slow struct{ now, most, asked atomic.Int64 }

func (s *slow) RoundTrip(*http.Request) (*http.Response, error) {
	s.asked.Add(1)
	n := s.now.Add(1)
	defer s.now.Add(-1)
	for most := s.most.Load(); n > most && !s.most.CompareAndSwap(most, n); most = s.most.Load() {
	}
	time.Sleep(time.Second)
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
}

// A daemon with many credentials asks for twenty tokens at once, and who gives up
// waiting for its turn asks for none.
func TestFewMintsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		endpoint := &slow{}
		way := (&App{mints: make(chan struct{}, mintsAtOnce)}).fewMints(endpoint)
		for range 90 {
			go func() {
				req, _ := http.NewRequest(http.MethodPost, "https://zoom.example/oauth/token", strings.NewReader("x"))
				if _, err := way.RoundTrip(req); err != nil {
					t.Error(err)
				}
			}()
		}
		for range 10 {
			go func() {
				time.Sleep(time.Millisecond)
				ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
				defer cancel()
				req, _ := http.NewRequestWithContext(ctx, http.MethodPost, "https://zoom.example/oauth/token", strings.NewReader("x"))
				if _, err := way.RoundTrip(req); err == nil {
					t.Error("who gave up was sent all the same")
				}
			}()
		}
		time.Sleep(10 * time.Second)
		if most, asked := endpoint.most.Load(), endpoint.asked.Load(); most != 20 || asked != 90 {
			t.Errorf("%d at once of %d, want 20 of 90", most, asked)
		}
	})
}
