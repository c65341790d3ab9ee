package gateway

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
)

// both runs a test over HTTP/1.1 and over HTTP/2.
func both(t *testing.T, run func(t *testing.T, change func(*world))) {
	t.Run("1.1", func(t *testing.T) { run(t, func(w *world) { w.old = true }) })
	t.Run("2", func(t *testing.T) { run(t, func(*world) {}) })
}

func TestEventsAreFlushedAtOnce(t *testing.T) {
	both(t, func(t *testing.T, change func(*world)) {
		next := make(chan struct{})
		w := newWorld(t, func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
			for i := range 3 {
				fmt.Fprintf(rw, "data: %d\n\n", i)
				http.NewResponseController(rw).Flush()
				<-next // the caller has it, or this never goes on
			}
		}, change)
		resp, err := w.gate.Client().Do(w.request("GET", "/to/acme/v2/events", nil))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		lines := bufio.NewReader(resp.Body)
		for i := range 3 {
			line, err := lines.ReadString('\n')
			if err != nil || line != fmt.Sprintf("data: %d\n", i) {
				t.Fatalf("event %d: %q, %v", i, line, err)
			}
			_, _ = lines.ReadString('\n')
			next <- struct{}{}
		}
	})
}

// Bytes go both ways at once, before either body has ended.
func TestBodiesStreamBothWays(t *testing.T) {
	both(t, func(t *testing.T, change func(*world)) {
		w := newWorld(t, func(rw http.ResponseWriter, r *http.Request) {
			c := http.NewResponseController(rw)
			_ = c.EnableFullDuplex()
			rw.WriteHeader(200)
			_ = c.Flush()
			buffer := make([]byte, 100)
			for {
				n, err := r.Body.Read(buffer)
				_, _ = rw.Write(bytes.ToUpper(buffer[:n]))
				_ = c.Flush()
				if err != nil {
					return
				}
			}
		}, change)
		read, write := io.Pipe()
		resp, err := w.gate.Client().Do(w.request("POST", "/to/acme/v2/echo", read))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		for _, word := range []string{"one", "two", "three"} {
			if _, err := io.WriteString(write, word); err != nil {
				t.Fatal(err)
			}
			got := make([]byte, len(word))
			if _, err := io.ReadFull(resp.Body, got); err != nil || string(got) != strings.ToUpper(word) {
				t.Fatalf("%q, %v", got, err)
			}
		}
		write.Close()
		if rest, err := io.ReadAll(resp.Body); err != nil || len(rest) > 0 {
			t.Fatalf("%q, %v", rest, err)
		}
	})
}

func TestLongUploadsAndAnswersArriveWhole(t *testing.T) {
	both(t, func(t *testing.T, change func(*world)) {
		content := bytes.Repeat([]byte("0123456789abcdef"), 1<<16) // 1 MiB
		w := newWorld(t, func(rw http.ResponseWriter, r *http.Request) {
			sum := sha256.New()
			n, err := io.Copy(sum, r.Body)
			rw.Header().Set("X-Sum", fmt.Sprintf("%x %d %v %d", sum.Sum(nil), n, err, r.ContentLength))
			rw.Header().Set("Trailer", "X-After")
			rw.Write(content)
			rw.Header().Set("X-After", "the end")
		}, change)
		for _, length := range []int64{-1, int64(len(content))} { // chunked, and with its length
			r := w.request("POST", "/to/acme/v2/files", struct{ io.Reader }{bytes.NewReader(content)})
			r.ContentLength = length
			a := w.do(r)
			want := fmt.Sprintf("%x %d <nil> %d", sha256.Sum256(content), len(content), length)
			if got := a.Header.Get("X-Sum"); got != want {
				t.Errorf("the upstream got %s, not %s", got, want)
			}
			if a.body != string(content) {
				t.Errorf("the answer has %d bytes", len(a.body))
			}
			if a.Trailer.Get("X-After") != "the end" {
				t.Errorf("trailers: %v", a.Trailer)
			}
		}
		if e := w.event(); e.Sent != int64(len(content)) || e.Received != int64(len(content)) || e.Result != "ok" {
			t.Errorf("%+v", e)
		}
	})
}

func TestBodiesAreLimited(t *testing.T) {
	both(t, func(t *testing.T, change func(*world)) {
		w := newWorld(t, func(rw http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
		}, func(w *world) { change(w); w.options.MaxBody = 100_000 })
		for _, length := range []int64{-1, 100_001} {
			r := w.request("POST", "/to/acme/v2/files", struct{ io.Reader }{strings.NewReader(strings.Repeat("x", 100_001))})
			r.ContentLength = length
			a := w.do(r)
			if a.StatusCode != 413 || a.problem.Kind != stagedoor.KindUsage || !strings.Contains(a.problem.Detail, "100000 bytes") {
				t.Errorf("length %d: %d %s", length, a.StatusCode, a.body)
			}
		}
		if a := w.do(w.request("POST", "/to/acme/v2/files", strings.NewReader(strings.Repeat("x", 100_000)))); a.StatusCode != 200 {
			t.Errorf("at the limit: %d %s", a.StatusCode, a.body)
		}
	})
}

func TestTheCallersLeavingEndsTheUpstream(t *testing.T) {
	both(t, func(t *testing.T, change func(*world)) {
		arrived, left := make(chan struct{}), make(chan struct{})
		w := newWorld(t, func(_ http.ResponseWriter, r *http.Request) {
			close(arrived)
			<-r.Context().Done()
			close(left)
		}, change)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-arrived; cancel() }()
		resp, err := w.gate.Client().Do(w.request("GET", "/to/acme/v2/slow", nil).WithContext(ctx))
		if err == nil {
			resp.Body.Close()
			t.Fatal("there was an answer")
		}
		<-left
		if e := w.event(); e.Result != "interrupted" || e.Status != 499 {
			t.Errorf("%+v", e)
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.turns.asked != 1 || w.turns.done != 1 {
			t.Errorf("turns: %+v", w.turns)
		}
	})
}

// A caller who leaves the queue of the quota is out of it.
func TestTheCallersLeavingEndsItsWaitForTheQuota(t *testing.T) {
	waiting, over := make(chan struct{}), make(chan struct{})
	w := newWorld(t, func(http.ResponseWriter, *http.Request) { t.Error("it was sent") }, func(w *world) {
		w.admit = func(ctx context.Context, call stagedoor.Call) (stagedoor.Turn, error) {
			close(waiting)
			<-ctx.Done()
			close(over)
			return stagedoor.Turn{}, &stagedoor.Error{Kind: stagedoor.KindInterrupted, Cause: "stopped"}
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-waiting; cancel() }()
	if resp, err := w.gate.Client().Do(w.request("GET", "/to/acme/v2/slow", nil).WithContext(ctx)); err == nil {
		resp.Body.Close()
		t.Fatal("there was an answer")
	}
	<-over
}

// Nothing ends a request while bytes move, and something does when none do.
func TestIdleRequestsEnd(t *testing.T) {
	both(t, func(t *testing.T, change func(*world)) {
		limit := 150 * time.Millisecond
		w := newWorld(t, func(rw http.ResponseWriter, r *http.Request) {
			c := http.NewResponseController(rw)
			switch r.URL.Path {
			case "/v2/silent":
				<-r.Context().Done()
			case "/v2/dripping":
				for range 10 { // in all longer than the limit
					select {
					case <-time.After(limit / 5):
					case <-r.Context().Done():
					}
					io.WriteString(rw, ".")
					_ = c.Flush()
				}
			case "/v2/stops":
				io.WriteString(rw, "begun")
				_ = c.Flush()
				<-r.Context().Done()
			case "/v2/events":
				rw.Header().Set("Content-Type", "text/event-stream")
				io.WriteString(rw, "data: 1\n\n")
				_ = c.Flush()
				time.Sleep(2 * limit)
				io.WriteString(rw, "data: 2\n\n")
			}
		}, func(w *world) { change(w); w.options.Idle, w.options.IdleStream = limit, time.Minute })
		if a := w.get("/to/acme/v2/silent"); a.StatusCode != 504 || a.problem.Kind != stagedoor.KindNetwork || !strings.Contains(a.problem.Detail, "no byte moved") {
			t.Errorf("silent: %d %s", a.StatusCode, a.body)
		}
		if a := w.get("/to/acme/v2/dripping"); a.body != ".........." {
			t.Errorf("dripping: %d %s", a.StatusCode, a.body)
		}
		if a := w.get("/to/acme/v2/events"); !strings.Contains(a.body, "data: 2") {
			t.Errorf("events: %d %s", a.StatusCode, a.body)
		}
		resp, err := w.gate.Client().Do(w.request("GET", "/to/acme/v2/stops", nil))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if text, err := io.ReadAll(resp.Body); err == nil || string(text) != "begun" {
			t.Errorf("stops: %q, %v: a cut answer must not look whole", text, err)
		}
	})
}

// An upload that stops neither holds the upstream nor the gateway.
func TestIdleUploadsEnd(t *testing.T) {
	both(t, func(t *testing.T, change func(*world)) {
		w := newWorld(t, func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) },
			func(w *world) { change(w); w.options.Idle = 150 * time.Millisecond })
		read, write := io.Pipe()
		defer write.Close()
		go func() { _, _ = io.WriteString(write, "begun") }()
		if a := w.do(w.request("POST", "/to/acme/v2/files", read)); a.StatusCode != 504 {
			t.Errorf("%d %s", a.StatusCode, a.body)
		}
	})
}

func TestAnswersWithoutBodies(t *testing.T) {
	both(t, func(t *testing.T, change func(*world)) {
		w := newWorld(t, func(rw http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/v2/204":
				rw.WriteHeader(204)
			case "/v2/304":
				rw.Header().Set("ETag", `"x"`)
				rw.WriteHeader(304)
			default:
				rw.Header().Set("Content-Length", "12345")
			}
		}, change)
		for _, path := range []string{"204", "304"} {
			if a := w.get("/to/acme/v2/" + path); fmt.Sprint(a.StatusCode) != path || a.body != "" {
				t.Errorf("%s: %d %q", path, a.StatusCode, a.body)
			}
		}
		if a := w.do(w.request("HEAD", "/to/acme/v2/x", nil)); a.StatusCode != 200 || a.ContentLength != 12345 {
			t.Errorf("HEAD: %d %d", a.StatusCode, a.ContentLength)
		}
	})
}

// A body is asked for only when the upstream wants it.
func TestExpectContinue(t *testing.T) {
	w := newWorld(t, func(rw http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Refuse") != "" {
			rw.WriteHeader(403)
			return
		}
		_, _ = io.Copy(rw, r.Body)
	}, nil)
	address := w.plain()
	head := "POST /to/acme/v2/x HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + callersToken + "\r\nContent-Length: 4\r\nExpect: 100-continue\r\n"
	c := dial(t, address)
	io.WriteString(c, head+"\r\n")
	if line, _ := c.ReadString('\n'); !strings.HasPrefix(line, "HTTP/1.1 100") {
		t.Fatalf("%q", line)
	}
	_, _ = c.ReadString('\n')
	io.WriteString(c, "body")
	resp := c.response(t, "POST")
	if text, _ := io.ReadAll(resp.Body); string(text) != "body" {
		t.Errorf("%d %q", resp.StatusCode, text)
	}
	c = dial(t, address)
	io.WriteString(c, head+"X-Refuse: yes\r\n\r\n")
	if line, _ := c.ReadString('\n'); !strings.HasPrefix(line, "HTTP/1.1 403") {
		t.Errorf("refused: %q", line)
	}
}
