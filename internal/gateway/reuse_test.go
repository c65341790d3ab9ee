package gateway

import (
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// What is left of a body must not be read as a request: a proxy in front that
// shares its connections among clients would have one of them answered with what
// another one asked for.
func TestARestOfABodyIsNoRequest(t *testing.T) {
	smuggled := "GET /to/acme/v2/smuggled HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + callersToken + "\r\n\r\n"
	cases := map[string]struct {
		token, target, framing, first string
		status                        int
	}{
		"the API answers early":      {callersToken, "/to/acme/v2/early", "Content-Length: 1000", "begun", 403},
		"the token is none":          {"x", "/to/acme/v2/x", "Content-Length: 1000", "begun", 401},
		"a rule refuses":             {callersToken, "/to/acme/v2/secret", "Content-Length: 1000", "begun", 403},
		"the chunks are wrong":       {callersToken, "/to/acme/v2/reads", "Transfer-Encoding: chunked", "zz\r\n", 400},
		"the chunks stop being such": {callersToken, "/to/acme/v2/early", "Transfer-Encoding: chunked", "5\r\nbegun\r\n", 403},
		"it waits to be asked for":   {callersToken, "/to/acme/v2/early", "Content-Length: 1000\r\nExpect: 100-continue", "", 403},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			var seen []string
			w := newWorld(t, func(rw http.ResponseWriter, r *http.Request) {
				mu.Lock()
				seen = append(seen, r.URL.Path)
				mu.Unlock()
				if r.URL.Path == "/v2/reads" {
					_, _ = io.Copy(io.Discard, r.Body)
				}
				_ = http.NewResponseController(rw).EnableFullDuplex() // it answers early
				rw.WriteHeader(403)
			}, nil)
			conn := dial(t, w.plain())
			io.WriteString(conn, "POST "+c.target+" HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+c.token+"\r\n"+c.framing+"\r\n\r\n"+c.first)
			resp := conn.response(t, "POST")
			if resp.StatusCode != c.status {
				t.Errorf("%d, not %d", resp.StatusCode, c.status)
			}
			if !resp.Close {
				t.Error("the connection is said to go on")
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			for range 5 {
				if _, err := io.WriteString(conn, smuggled); err != nil {
					break // it was closed
				}
			}
			if rest, _ := io.ReadAll(conn.Reader); strings.Contains(string(rest), "HTTP/1.1") {
				t.Errorf("there was a second answer: %.60q", rest)
			}
			mu.Lock()
			defer mu.Unlock()
			if slices.Contains(seen, "/v2/smuggled") {
				t.Errorf("the API got %q", seen)
			}
		})
	}
}

// A request that was refused does not hold its connection until its body has
// come, which it may never do.
func TestARefusedRequestDoesNotWaitForItsBody(t *testing.T) {
	w := newWorld(t, func(rw http.ResponseWriter, _ *http.Request) {
		_ = http.NewResponseController(rw).EnableFullDuplex() // it answers early
		rw.WriteHeader(403)
	}, nil)
	address := w.plain()
	for _, token := range []string{"x", callersToken} {
		conn := dial(t, address)
		io.WriteString(conn, "POST /to/acme/v2/early HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+token+"\r\nContent-Length: 1000\r\n\r\nbegun")
		_ = conn.SetReadDeadline(time.Now().Add(30 * time.Second)) // for a gateway that never lets go
		resp := conn.response(t, "POST")
		_, _ = io.Copy(io.Discard, resp.Body)
		if _, err := conn.ReadByte(); err == nil {
			t.Error("there was more")
		} else if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
			t.Error("the connection is still held")
		}
	}
}

// A body that was read to its end leaves the connection as good as it was.
func TestAWholeBodyKeepsTheConnection(t *testing.T) {
	w := newWorld(t, func(rw http.ResponseWriter, r *http.Request) { _, _ = io.Copy(rw, r.Body) }, nil)
	conn := dial(t, w.plain())
	for range 3 {
		for framing, body := range map[string]string{"Content-Length: 5": "whole", "Transfer-Encoding: chunked": "5\r\nwhole\r\n0\r\n\r\n"} {
			io.WriteString(conn, "POST /to/acme/v2/x HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+callersToken+"\r\n"+framing+"\r\n\r\n"+body)
			resp := conn.response(t, "POST")
			if text, err := io.ReadAll(resp.Body); err != nil || string(text) != "whole" || resp.Close {
				t.Fatalf("%s: %d %q, %v, closed: %t", framing, resp.StatusCode, text, err, resp.Close)
			}
		}
	}
}
