package cli_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// The commands of scripts that speak to a daemon, beside `exec stagedoor serve
// --listen $DAEMON &serve&` and `kill -INT serve`.

// address takes a free port and sets a variable to it, and STAGEDOOR_PUBLIC_URL:
// address DAEMON.
func address(ts *testscript.TestScript, _ bool, args []string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	defer listener.Close()
	ts.Setenv(args[0], listener.Addr().String())
	ts.Setenv("STAGEDOOR_PUBLIC_URL", "http://"+listener.Addr().String())
}

// up waits until a daemon is ready: up $DAEMON.
func up(ts *testscript.TestScript, _ bool, args []string) {
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		answer, err := http.Get("http://" + args[0] + "/readyz")
		if err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(end) {
			ts.Fatalf("no daemon is ready at %s: %v", args[0], err)
		}
	}
}

// grant asks the daemon for an access token, as the file of `caller add --json`
// says, and sets a variable to it: grant $DAEMON reports.json TOKEN.
func grant(ts *testscript.TestScript, _ bool, args []string) {
	var g guest
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[1])), &g))
	answer, err := http.PostForm("http://"+args[0]+"/oauth/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {g.ClientID}, "client_secret": {g.ClientSecret},
	})
	ts.Check(err)
	defer answer.Body.Close()
	var granted struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&granted); err != nil || granted.AccessToken == "" {
		ts.Fatalf("the daemon granted no token: %s %v", answer.Status, err)
	}
	ts.Setenv(args[2], granted.AccessToken)
}

// raw sends a request as it stands, which no client would, and asserts the status;
// its answer is stdout: raw 404 $DAEMON 'GET /to/acme/v2/../x' 'Header: value' 'body=…'.
// Where any of several will do: raw 400|404.
func raw(ts *testscript.TestScript, _ bool, args []string) {
	status, text := ask(ts, args[1:])
	fmt.Fprint(ts.Stdout(), text)
	if !slices.Contains(strings.Split(args[0], "|"), status) {
		ts.Fatalf("%s: status %s, want %s\n%s", args[2], status, args[0], text)
	}
}

// ask sends a request as raw is told to, and returns the status and the answer.
func ask(ts *testscript.TestScript, args []string) (status, all string) {
	daemon, line, headers := args[0], args[1], args[2:]
	body := ""
	if n := len(headers); n > 0 && strings.HasPrefix(headers[n-1], "body=") {
		body, headers = strings.TrimPrefix(headers[n-1], "body="), headers[:n-1]
	}
	var b strings.Builder
	b.WriteString(line + " HTTP/1.1\r\n")
	if !strings.Contains(strings.Join(headers, "\n"), "Host:") {
		headers = append(headers, "Host: "+daemon)
	}
	for _, header := range headers {
		b.WriteString(header + "\r\n")
	}
	fmt.Fprintf(&b, "Connection: close\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	conn, err := net.Dial("tcp", daemon)
	ts.Check(err)
	defer conn.Close()
	ts.Check(conn.SetDeadline(time.Now().Add(time.Minute)))
	_, err = io.WriteString(conn, b.String())
	ts.Check(err)
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		ts.Fatalf("%s: no answer: %v", line, err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	ts.Check(err)
	var said strings.Builder
	fmt.Fprintf(&said, "%s\n", answer.Status)
	ts.Check(answer.Header.Write(&said))
	fmt.Fprintf(&said, "\n%s\n", text)
	return fmt.Sprint(answer.StatusCode), said.String()
}

// operated is raw with the operator's token that stands in operator.txt.
func operated(ts *testscript.TestScript, neg bool, args []string) {
	header := "Authorization: Bearer " + strings.TrimSpace(ts.ReadFile("operator.txt"))
	raw(ts, neg, slices.Insert(slices.Clone(args), 3, header))
}

// seen asserts that the simulator was asked for a path, as it stood in the request,
// or with ! that it was not: seen /v2/users/me; ! seen /v2/users.
func seen(ts *testscript.TestScript, neg bool, args []string) {
	answer, err := http.Get(ts.Getenv("MANAGEMENT") + "/requests")
	ts.Check(err)
	defer answer.Body.Close()
	found := false
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, 1<<20)
	var all []string
	for lines.Scan() {
		var r struct{ Path string }
		ts.Check(json.Unmarshal(lines.Bytes(), &r))
		all = append(all, r.Path)
		found = found || strings.HasPrefix(r.Path, args[0])
	}
	ts.Check(lines.Err())
	if found == neg {
		ts.Fatalf("Zoom was asked for: %s", strings.Join(all, ", "))
	}
}

// sent prints what the simulator's log has of requests with a path and query:
// sent '/v2/users page_size=30'.
func sent(ts *testscript.TestScript, _ bool, args []string) {
	answer, err := http.Get(ts.Getenv("MANAGEMENT") + "/requests")
	ts.Check(err)
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r struct{ Path, Query string }
		ts.Check(json.Unmarshal(lines.Bytes(), &r))
		if r.Path+" "+r.Query == args[0] {
			fmt.Fprintln(ts.Stdout(), lines.Text())
		}
	}
	ts.Check(lines.Err())
}
