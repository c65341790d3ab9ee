package oauth

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestDelays holds who waits: whoever fails, longer each time, and nobody else.
func TestDelays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, newFake(time.Now))
		w.Handler.(*server).delays.pause = pause
		wrong := func(r *http.Request) { r.SetBasicAuth(w.id, "wrong") }
		from := func(address string) func(*http.Request) {
			return func(r *http.Request) { r.RemoteAddr = address }
		}
		took := func(edit ...func(*http.Request)) time.Duration {
			began := time.Now()
			w.post(TokenPath, "grant_type=client_credentials", edit...)
			return time.Since(began)
		}
		want := []time.Duration{20, 40, 80, 160, 320, 640, 1000, 1000}
		for i, ms := range want {
			if got := took(wrong); got != ms*time.Millisecond {
				t.Errorf("failure %d: answered after %s, want %d ms", i+1, got, ms)
			}
			if got := took(w.basicly, from("192.0.2.9:1")); got != 0 {
				t.Errorf("the right secret is answered after %s", got)
			}
		}
		// The id is forgiven with each success; the address is not, for any id.
		if got := took(wrong, from("192.0.2.10:1")); got != 20*time.Millisecond {
			t.Errorf("the id, from elsewhere: %s", got)
		}
		if got := took(func(r *http.Request) { r.SetBasicAuth("nobody", "x") }); got != time.Second {
			t.Errorf("another id, from the same address: %s", got)
		}
		// Of IPv6 the network counts, not the address.
		for i, ms := range want[:3] {
			id := fmt.Sprint("someone-", i)
			if got := took(func(r *http.Request) { r.SetBasicAuth(id, "x") }, from(fmt.Sprintf("[2001:db8::%d]:1", i+1))); got != ms*time.Millisecond {
				t.Errorf("%d of a network: %s", i+1, got)
			}
		}
		// What is wrong with the form is no guess.
		began := time.Now()
		w.post(TokenPath, "grant_type=password", wrong)
		w.post(TokenPath, "grant_type=client_credentials")
		if time.Since(began) != 0 {
			t.Error("a request without proof, or of the wrong form, waits")
		}
		time.Sleep(2*forgetAfter + time.Second)
		if got := took(wrong); got != 20*time.Millisecond {
			t.Errorf("after a while: %s", got)
		}
	})
}

// TestDelaysEndWithTheClient holds that nothing waits for a client that has gone.
func TestDelaysEndWithTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDelays()
		for range 10 {
			d.ids.add("id", time.Now())
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		began := time.Now()
		if !d.failed(ctx, "id", "192.0.2.1") || time.Since(began) != 10*time.Millisecond {
			t.Errorf("waited %s", time.Since(began))
		}
	})
}

// TestManyFail holds that a flood of failures holds back neither memory nor the
// caller that proves itself.
func TestManyFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, newFake(time.Now))
		s := w.Handler.(*server)
		s.delays.pause = pause
		var all sync.WaitGroup
		for i := range mostWaiting {
			all.Go(func() {
				w.post(TokenPath, "grant_type=client_credentials", func(r *http.Request) { r.SetBasicAuth(fmt.Sprint("id-", i), "x") })
			})
		}
		synctest.Wait()
		began := time.Now()
		rw := w.post(TokenPath, "grant_type=client_credentials", func(r *http.Request) { r.SetBasicAuth("one-more", "x") })
		if rw.Code != http.StatusTooManyRequests || rw.Header().Get("Retry-After") != "1" || time.Since(began) != 0 {
			t.Errorf("one more: %d %v after %s", rw.Code, rw.Header(), time.Since(began))
		}
		if rw := w.post(TokenPath, "grant_type=client_credentials", w.basicly); rw.Code != 200 || time.Since(began) != 0 {
			t.Errorf("the right secret, meanwhile: %d after %s", rw.Code, time.Since(began))
		}
		all.Wait()
		for i := range 3 * mostFailures {
			s.delays.ids.add(fmt.Sprint("guess-", i), time.Now())
		}
		if n := len(s.delays.ids.younger) + len(s.delays.ids.older); n > 2*mostFailures {
			t.Errorf("%d ids are remembered", n)
		}
	})
}
