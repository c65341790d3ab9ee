package server

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// sent is how a request ended that ran while the daemon stopped.
type sent struct {
	status int
	err    error
}

// slowly makes a request that does not end by itself.
func (w *world) slowly(t *testing.T) <-chan sent {
	t.Helper()
	ended := make(chan sent, 1)
	go func() {
		resp, err := http.Get(w.URL() + "/to/slow")
		if err == nil {
			_, err = io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			ended <- sent{resp.StatusCode, err}
			return
		}
		ended <- sent{0, err}
	}()
	<-w.began
	return ended
}

// stop begins to stop, and returns when new connections are refused.
func (w *world) stop(t *testing.T, ctx context.Context) <-chan int64 {
	t.Helper()
	cut := make(chan int64, 1)
	go func() { cut <- w.Stop(ctx) }()
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		conn, err := net.Dial("tcp", w.address(0))
		if err != nil {
			return cut
		}
		_ = conn.Close()
		if time.Now().After(end) {
			t.Fatal("a daemon that stops takes new connections")
		}
	}
}

// TestStop holds that a running answer finishes, while the operators' listener
// shows that no more callers should come.
func TestStop(t *testing.T) {
	w := newWorld(t, Options{Expose: ExposeGateway, OperatorListen: "127.0.0.1:0"})
	first, second := w.slowly(t), w.slowly(t)
	if raw(t, w.address(1), "GET /readyz").StatusCode != 200 {
		t.Error("it is not ready")
	}
	cut := w.stop(t, t.Context())
	isProblem(t, "/readyz of a daemon that stops", raw(t, w.address(1), "GET /readyz"), 503)
	if raw(t, w.address(1), "GET /healthz").StatusCode != 200 || raw(t, w.address(1), "GET /metrics", "Authorization: Bearer operator").StatusCode != 200 {
		t.Error("nobody sees it stop")
	}
	if w.Running() != 2 {
		t.Errorf("%d run", w.Running())
	}
	close(w.slow)
	for _, ended := range []<-chan sent{first, second} {
		if s := <-ended; s.status != 200 || s.err != nil {
			t.Errorf("a running answer ended with %+v", s)
		}
	}
	if n := <-cut; n != 0 {
		t.Errorf("%d answers cut off", n)
	}
	if _, err := net.Dial("tcp", w.address(1)); err == nil {
		t.Error("the operators' listener stays")
	}
	select {
	case err := <-w.Failed():
		t.Errorf("a stop is no failure: %v", err)
	default:
	}
}

// TestStopIsBounded holds that what does not end is cut off when its time is over,
// with both listeners, and that the handlers have ended then.
func TestStopIsBounded(t *testing.T) {
	w := newWorld(t, Options{Expose: ExposeGateway, OperatorListen: "127.0.0.1:0"})
	running := w.slowly(t)
	idle := dial(t, w.address(0)) // a connection that never asks holds nothing up
	ctx, hurry := context.WithCancel(t.Context())
	cut := w.stop(t, ctx)
	select {
	case s := <-running:
		t.Errorf("it was cut off too soon: %+v", s)
	default:
	}
	hurry()
	if n := <-cut; n != 1 {
		t.Errorf("%d answers cut off, want 1", n)
	}
	if s := <-running; s.err == nil {
		t.Errorf("an answer that was cut off looks whole: %+v", s)
	}
	if w.Running() != 0 {
		t.Error("a handler runs on")
	}
	if _, err := io.ReadAll(idle); err != nil {
		if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
			t.Error("an idle connection stays open")
		}
	}
}

// TestBrokenListener holds that the daemon is told when a listener ends by itself.
func TestBrokenListener(t *testing.T) {
	w := newWorld(t, Options{})
	_ = w.doors[0].listener.Close()
	e, ok := errorOf(<-w.Failed())
	if !ok || e.Fix == "" {
		t.Errorf("%+v", e)
	}
}
