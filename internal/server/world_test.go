package server

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
)

// A world is a server with parts that say which of them was asked, and how.
type world struct {
	*Server
	log   *record
	debug Debug
	ready error
	slow  chan struct{} // requests to /to/slow wait for it
	began chan struct{} // one word for each of them
}

// record is a log that tests read.
type record struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(p)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// newWorld starts a server on loopback.
func newWorld(t *testing.T, o Options) *world {
	t.Helper()
	w := &world{log: &record{}, slow: make(chan struct{}), began: make(chan struct{}, 100)}
	o.Log = slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	s, err := Listen(o)
	if err != nil {
		t.Fatal(err)
	}
	w.Server = s
	s.Serve(w.parts())
	t.Cleanup(func() {
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		s.Stop(ended)
	})
	return w
}

// parts are those of a world. What the server hands on is seen in their answers.
func (w *world) parts() Parts {
	part := func(name string) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			target, _, _ := strings.Cut(r.RequestURI, "?")
			switch target {
			case "/to/slow":
				w.began <- struct{}{}
				select {
				case <-w.slow:
				case <-r.Context().Done():
					return
				}
			case "/to/panic":
				panic(fmt.Sprintf("the secret is %s", "s3cret"))
			case "/to/error":
				_ = []string{name}[len(target)] // out of range
			case "/to/half":
				rw.WriteHeader(http.StatusOK)
				_ = http.NewResponseController(rw).Flush()
				panic("s3cret")
			}
			body, err := io.ReadAll(r.Body)
			if err != nil {
				rw.WriteHeader(http.StatusRequestTimeout)
			}
			fmt.Fprintf(rw, "part=%s uri=%s base=%s narrow=%v from=%s host=%s body=%s", name, r.RequestURI, Base(r), Narrow(r), r.RemoteAddr, r.Host, body)
			for _, header := range forwardedHeaders {
				if value := r.Header.Get(header); value != "" {
					fmt.Fprintf(rw, " %s=%s", header, value)
				}
			}
		})
	}
	return Parts{
		OAuth: part("oauth"), Gateway: part("gateway"), Metrics: part("metrics"),
		Guard: func(_ stagedoor.Role, next http.Handler) http.Handler {
			return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Authorization") != "Bearer operator" {
					problem(rw, &stagedoor.Error{Kind: stagedoor.KindUnauthenticated})
					return
				}
				next.ServeHTTP(rw, r)
			})
		},
		Debug: func(context.Context) (Debug, error) { return w.debug, nil },
		Ready: func(context.Context) error { return w.ready },
	}
}

// address is where the first listener is, or the second.
func (w *world) address(door int) string { return w.doors[door].listener.Addr().String() }

// A got is what came back on a connection.
type got struct {
	*http.Response
	body string
}

// dial opens a connection that gives up after a time that no machine needs.
func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// raw sends a request as it stands, which no client would: a line, and headers.
// HOST stands for the address.
func raw(t *testing.T, address, line string, headers ...string) got {
	t.Helper()
	conn := dial(t, address)
	defer conn.Close()
	if !strings.Contains("\n"+strings.Join(headers, "\n"), "\nHost:") {
		headers = append(headers, "Host: HOST")
	}
	text := line + " HTTP/1.1\r\n" + strings.Join(append(headers, "Connection: close"), "\r\n") + "\r\n\r\n"
	if _, err := io.WriteString(conn, strings.ReplaceAll(text, "HOST", address)); err != nil {
		t.Fatal(err)
	}
	return read(t, conn, line)
}

func read(t *testing.T, conn net.Conn, line string) got {
	t.Helper()
	method, _, _ := strings.Cut(line, " ")
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%.80s: %v", line, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%.80s: %v", line, err)
	}
	return got{resp, string(body)}
}
