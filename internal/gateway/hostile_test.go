package gateway

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// hostile is an upstream that writes whatever it likes.
func hostile(t *testing.T, says func(head string) string) *http.Transport {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				lines := bufio.NewReader(conn)
				var head strings.Builder
				for {
					line, err := lines.ReadString('\n')
					if err != nil {
						return
					}
					if head.WriteString(line); line == "\r\n" {
						break
					}
				}
				_, _ = io.WriteString(conn, says(head.String()))
			}()
		}
	}()
	return &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "tcp", listener.Addr().String())
	}}
}

// What an upstream does wrong stays between it and the gateway.
func TestHostileUpstreams(t *testing.T) {
	for name, c := range map[string]struct {
		says   string
		status int
		never  []string // in the answer to the caller, with its header
	}{
		"changes the protocol unasked":  {"HTTP/1.1 101 Switching Protocols\r\n\r\nsmuggled", 502, []string{"smuggled"}},
		"changes to one unasked":        {"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\nsmuggled", 502, []string{"smuggled"}},
		"early hints that set a cookie": {"HTTP/1.1 103 Early Hints\r\nSet-Cookie: a=early\r\nStrict-Transport-Security: max-age=0\r\nClear-Site-Data: \"*\"\r\nLink: </early>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, []string{"a=early", "max-age=0", "Clear-Site-Data"}},
		"two lengths":                   {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!", 502, nil},
		"a length and chunks":           {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 200, []string{"Content-Length: 100"}},
		"a header that is none":         {"HTTP/1.1 200 OK\r\nX-A\r\nContent-Length: 2\r\n\r\nok", 502, nil},
		"no HTTP":                       {"SSH-2.0-OpenSSH_9.6\r\n", 502, nil},
		"a status of no kind":           {"HTTP/1.1 999 \x1b[31mred\r\nContent-Length: 2\r\n\r\nok", 999, []string{"\x1b"}},
		"headers without an end":        {"HTTP/1.1 200 OK\r\n" + strings.Repeat("X-A: "+strings.Repeat("a", 1000)+"\r\n", 12_000), 502, nil},
		"1xx without an end":            {strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: </"+strings.Repeat("a", 1000)+">\r\n\r\n", 20_000), 502, nil},
		"its own hop-by-hop headers":    {"HTTP/1.1 200 OK\r\nConnection: X-Secret\r\nX-Secret: hop\r\nProxy-Authenticate: Basic\r\nContent-Length: 2\r\n\r\nok", 200, []string{"hop", "Proxy-Authenticate"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil, func(w *world) {
				w.old = true
				w.base = hostile(t, func(string) string { return c.says })
			})
			conn := dial(t, w.plain())
			_ = conn.SetReadDeadline(time.Now().Add(30 * time.Second)) // for a gateway that never answers
			io.WriteString(conn, "GET /to/acme/v2/x HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+callersToken+"\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n")
			text, err := io.ReadAll(conn.Reader)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(text), fmt.Sprintf("HTTP/1.1 %d", c.status)) {
				t.Errorf("%.300q", text)
			}
			for _, never := range c.never {
				if strings.Contains(string(text), never) {
					t.Errorf("there is %q in %.600q", never, text)
				}
			}
		})
	}
}

// No header of a connection goes on, whatever the caller says of its own.
func TestConnectionHeadersStayHere(t *testing.T) {
	heads := make(chan string, 1)
	w := newWorld(t, nil, func(w *world) {
		w.base = hostile(t, func(head string) string { heads <- head; return "HTTP/1.1 204 No Content\r\n\r\n" })
	})
	conn := dial(t, w.plain())
	io.WriteString(conn, "GET /to/acme/v2/x HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+callersToken+"\r\nConnection: Upgrade, HTTP2-Settings, Authorization, Via, User-Agent, X-Mine\r\n"+
		"Upgrade: h2c\r\nHTTP2-Settings: AAMA\r\nX-Mine: 1\r\nX_HTTP_Method_Override: DELETE\r\nX_Forwarded_For: 1.2.3.4\r\nX_Original-URL: /v2/secret\r\nKeep-Alive: 5\r\nProxy-Connection: x\r\nProxy-Authorization: Basic x\r\nTE: trailers, deflate\r\nTrailer: X-A\r\n\r\n")
	conn.response(t, "GET")
	head := strings.ToLower(<-heads)
	for _, never := range []string{"upgrade", "http2-settings", "x-mine", "keep-alive", "proxy-", "deflate", "trailer:", callersToken, "override", "forwarded", "original"} {
		if strings.Contains(head, never) {
			t.Errorf("%q went on:\n%s", never, head)
		}
	}
	for _, there := range []string{"authorization: bearer zoom-token-a", "via: 1.1 stagedoor-", "user-agent: stagedoor"} {
		if !strings.Contains(head, there) {
			t.Errorf("%q is missing:\n%s", there, head)
		}
	}
}

// No page of another site may read an answer, and no cache that callers share may
// give one caller's to another.
func TestAnswersAreNobodyElses(t *testing.T) {
	w := newWorld(t, func(rw http.ResponseWriter, _ *http.Request) {
		h := rw.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Access-Control-Allow-Credentials", "true")
		h.Set("Access-Control-Expose-Headers", "*")
		h.Set("Service-Worker-Allowed", "/")
		h.Set("Cache-Control", "public, max-age=600")
		h.Set("Vary", "Accept-Encoding")
		h.Set("ETag", `"1"`)
	}, nil)
	a := w.get("/to/acme/v2/x")
	for name := range a.Header {
		if strings.HasPrefix(name, "Access-Control-") || name == "Service-Worker-Allowed" {
			t.Errorf("%s: %s", name, a.Header.Get(name))
		}
	}
	if vary := strings.Join(a.Header.Values("Vary"), ", "); vary != "Accept-Encoding, Authorization" || a.Header.Get("ETag") != `"1"` {
		t.Errorf("Vary: %s; %v", vary, a.Header)
	}
}

// Whoever looks for raw tokens that left finds those of the gateway too, and who
// tried to have one.
func TestRawTokensAreInTheAuditAsSuch(t *testing.T) {
	for _, allowed := range []bool{true, false} {
		w := newWorld(t, nil, func(w *world) { w.caller.AllowToken = allowed })
		w.get("/to/acme/-/token")
		if e := w.event(); e.Action != "token.hand-out" || (e.Result == "ok") != allowed || e.Actor != "caller reports" || e.Credential != "acme" {
			t.Errorf("allowed %t: %+v", allowed, e)
		}
	}
}

// The method that was judged is the one that is asked for.
func TestNoQueryChangesTheMethod(t *testing.T) {
	w := newWorld(t, func(rw http.ResponseWriter, _ *http.Request) {}, nil)
	for _, query := range []string{"_method=DELETE", "a=1&_method=put", "a=1;_method=put", "%5Fmethod=DELETE", "%255fMETHOD=DELETE", "_method"} {
		if a := w.do(w.request("POST", "/to/acme/v2/x?"+query, nil)); a.StatusCode != 400 || !strings.Contains(a.problem.Detail, "another method") {
			t.Errorf("%s: %d %s", query, a.StatusCode, a.body)
		}
	}
	if a := w.do(w.request("POST", "/to/acme/v2/x?method=DELETE&a=_method", nil)); a.StatusCode != 200 {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
}
