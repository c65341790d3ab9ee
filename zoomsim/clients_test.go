package zoomsim_test

import (
	"bufio"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stagedoor/stagedoor/zoomsim"
)

// The requests of this file are those that clients in use send, as captured on
// the wire (versions as of 2026-11), in their own spelling of header names, their
// own encodings and their own habits; no Go client stands in between.

// wire sends a request as it stands, its lines ended by CRLF, and reads the answer.
func wire(t *testing.T, sim *zoomsim.Simulator, head, body string) response {
	t.Helper()
	host := hostOf(t, sim)
	conn, err := net.Dial("tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	head = strings.TrimSpace(strings.ReplaceAll(head, "HOST", host))
	text := strings.ReplaceAll(head, "\n", "\r\n") + "\r\n\r\n" + body
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	reader := bufio.NewReader(conn)
	for {
		answer, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		if answer.StatusCode == http.StatusContinue {
			continue
		}
		got, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response{answer.StatusCode, answer.Header, string(got)}
	}
}

func hostOf(t *testing.T, sim *zoomsim.Simulator) string {
	t.Helper()
	u, err := url.Parse(sim.Info().APIURL)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

func TestTokenRequestsOnTheWire(t *testing.T) {
	// Zoom's ids hold "-" and "_", which strict form encoders write as %2D and %5F.
	sim := start(t, zoomsim.Options{ClientID: "nl-yuJUN8FukpwcSk_E-pg", AccountID: "DU0Bvi5fZZtmWFl7WGa25w", ClientSecret: "2uUKWwJ29a7igT0LWHUxXGyt8Hzmc0eW"})
	const (
		form    = "grant_type=account_credentials&account_id=DU0Bvi5fZZtmWFl7WGa25w" // 64 bytes
		client  = "&client_id=nl-yuJUN8FukpwcSk_E-pg&client_secret=2uUKWwJ29a7igT0LWHUxXGyt8Hzmc0eW"
		chunked = "26\r\ngrant_type=account_credentials&account\r\n1a\r\n_id=DU0Bvi5fZZtmWFl7WGa25w\r\n0\r\n\r\n"
	)
	plain := base64.StdEncoding.EncodeToString([]byte("nl-yuJUN8FukpwcSk_E-pg:2uUKWwJ29a7igT0LWHUxXGyt8Hzmc0eW"))
	encoded := base64.StdEncoding.EncodeToString([]byte("nl%2DyuJUN8FukpwcSk%5FE%2Dpg:2uUKWwJ29a7igT0LWHUxXGyt8Hzmc0eW"))
	tests := map[string]struct{ head, body string }{
		"@zoom/rivet 0.4.0": {`
POST /oauth/token HTTP/1.1
Accept: application/json, text/plain, */*
Content-Type: application/x-www-form-urlencoded
Authorization: Basic ` + plain + `
User-Agent: axios/1.21.1
Content-Length: 64
Accept-Encoding: gzip, compress, deflate, br
Host: HOST
Connection: keep-alive`, form},
		"zoomapi 2.3.1": {`
POST /oauth/token?` + form + ` HTTP/1.1
content-type: application/json
authorization: Basic ` + plain + `
Host: HOST
Connection: keep-alive
Content-Length: 0`, ""},
		"openid-client 6.8.9, header": {`
POST /oauth/token HTTP/1.1
host: HOST
connection: keep-alive
accept: application/json
authorization: Basic ` + encoded + `
content-type: application/x-www-form-urlencoded;charset=UTF-8
user-agent: openid-client/v6.8.9
accept-language: *
sec-fetch-mode: cors
accept-encoding: gzip, deflate
content-length: 64`, form},
		"simple-oauth2 5.1.0, body": {`
POST /oauth/token HTTP/1.1
Accept: application/json
Content-Type: application/x-www-form-urlencoded
host: HOST
content-length: 144
Connection: close`, form + client},
		"axios, an empty object beside the query": {`
POST /oauth/token?` + form + ` HTTP/1.1
Accept: application/json, text/plain, */*
Content-Type: application/json
Content-Length: 2
Host: HOST
Authorization: Basic ` + plain, "{}"},
		"curl -0": {`
POST /oauth/token HTTP/1.0
Host: HOST
Authorization: Basic ` + plain + `
User-Agent: curl/7.88.1
Accept: */*
Content-Length: 64
Content-Type: application/x-www-form-urlencoded`, form},
		"curl -X POST without a body": {`
POST /oauth/token?` + form + ` HTTP/1.1
Host: HOST
Authorization: Basic ` + plain + `
User-Agent: curl/7.88.1
Accept: */*`, ""},
		"curl, expecting 100-continue": {`
POST /oauth/token HTTP/1.1
Host: HOST
Authorization: Basic ` + plain + `
Expect: 100-continue
Content-Length: 64
Content-Type: application/x-www-form-urlencoded`, form},
		"curl, chunked": {`
POST /oauth/token HTTP/1.1
Host: HOST
Authorization: Basic ` + plain + `
Transfer-Encoding: chunked
Content-Type: application/x-www-form-urlencoded`, chunked},
		"java.net.http 17, offering HTTP/2": {`
POST /oauth/token HTTP/1.1
Connection: Upgrade, HTTP2-Settings
Content-Length: 64
Host: HOST
HTTP2-Settings: AAEAAEAAAAIAAAAAAAMAAAAAAAQBAAAAAAUAAEAAAAYABgAA
Upgrade: h2c
User-Agent: Java-http-client/17.0.15
Authorization: Basic ` + plain + `
Content-Type: application/x-www-form-urlencoded`, form},
		"python urllib": {`
POST /oauth/token HTTP/1.1
Accept-Encoding: identity
Content-Type: application/x-www-form-urlencoded
Content-Length: 64
Host: HOST
User-Agent: Python-urllib/3.11
Authorization: Basic ` + plain + `
Connection: close`, form},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := wire(t, sim, test.head, test.body)
			if got.Status != 200 {
				t.Fatalf("%d %s", got.Status, got.Body)
			}
			if !strings.Contains(got.Body, `"token_type":"bearer","expires_in":3600`) {
				t.Error("the answer holds no token for an hour")
			}
		})
	}
	if minted := sim.Stats().TokensMinted; minted != len(tests) {
		t.Errorf("%d tokens minted, want %d", minted, len(tests))
	}
	// simple-oauth2 with bodyFormat json: Zoom reads no JSON.
	json := `{"grant_type":"account_credentials","account_id":"DU0Bvi5fZZtmWFl7WGa25w"}`
	expect(t, wire(t, sim, `
POST /oauth/token HTTP/1.1
Accept: application/json
Authorization: Basic `+plain+`
Content-Type: application/json
host: HOST
content-length: 74
Connection: close`, json), 400, `{"reason":"unsupported grant type","error":"unsupported_grant_type"}`)
}

// Clients encode the blank of "All Activities" in two ways and send the number -1
// in a third; all of them read the same report to the same end.
func TestReportRequestsOnTheWire(t *testing.T) {
	sim := start(t, zoomsim.Options{Limits: "off"})
	token := mint(t, sim)
	tests := map[string]struct {
		activityType string
		escape       func(string) string
		head         string // after the request line's path
	}{
		"@zoom/rivet 0.4.0": {"All+Activities", url.QueryEscape, ` HTTP/1.1
Accept: application/json
Content-Type: application/json
Authorization: Bearer TOKEN
User-Agent: rivet/0.4.0 node/20.20.2 linux/6.1
Accept-Encoding: gzip, compress, deflate, br
Host: HOST
Connection: keep-alive`},
		"openid-client 6.8.9": {"All+Activities", url.QueryEscape, ` HTTP/1.1
host: HOST
connection: keep-alive
authorization: Bearer TOKEN
user-agent: openid-client/v6.8.9
accept: */*
sec-fetch-mode: cors
accept-encoding: gzip, deflate`},
		// encodeURIComponent writes %20, too; "bearer" is as the token answer spells it.
		"curl -G --data-urlencode": {"All%20Activities", url.QueryEscape, ` HTTP/1.1
Host: HOST
User-Agent: curl/7.88.1
Accept: */*
Authorization: bearer TOKEN`},
		// Some encode no "/" and no "=" in a query: RFC 3986 lets both stand.
		"number, HTTP/1.0": {"-1", strings.NewReplacer("+", "%2B").Replace, ` HTTP/1.0
Host: HOST
Authorization: Bearer TOKEN`},
	}
	want := dataset(t, sim, "meeting_activities", date("2026-02-01"), date("2026-02-28"))
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var rows []string
			for next := ""; ; {
				path := "/v2/report/meeting_activities?from=2026-02-01&to=2026-02-28&activity_type=" + test.activityType + "&page_size=300"
				if next != "" {
					path += "&next_page_token=" + test.escape(next)
				}
				got := wire(t, sim, "GET "+path+strings.ReplaceAll(test.head, "TOKEN", token), "")
				if got.Status != 200 {
					t.Fatalf("%s: %d %s", path, got.Status, got.Body)
				}
				var page activityPage
				decode(t, got.Body, &page)
				rows = append(rows, strs(page.Logs)...)
				if next = *page.NextPageToken; next == "" {
					break
				}
			}
			if diff := cmp.Diff(want, rows); diff != "" {
				t.Errorf("rows differ from the dataset (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUserRequestsOnTheWire(t *testing.T) {
	sim := start(t, zoomsim.Options{Limits: "off", Users: 100})
	token := mint(t, sim)
	email := ""
	for _, row := range dataset(t, sim, "users", today, today) {
		var user struct{ ID, Email string }
		decode(t, row, &user)
		if user.ID != "" && strings.Contains(user.Email, "+") {
			email = user.Email
		}
	}
	if email == "" {
		t.Fatal("no address holds a plus sign")
	}
	want := get(t, sim, token, "/users/"+url.PathEscape(email)).Body
	for name, head := range map[string]string{
		// rivet and zoomapi put the address into the path as it is.
		"address as it is": "GET /v2/users/" + email + " HTTP/1.1\nhost: HOST\nauthorization: Bearer TOKEN",
		"address encoded":  "GET /v2/users/" + strings.NewReplacer("+", "%2b", "@", "%40", ".", "%2E").Replace(email) + " HTTP/1.1\nhost: HOST\nauthorization: Bearer TOKEN",
		"through a proxy":  "GET http://HOST/v2/users/" + email + " HTTP/1.1\nHost: HOST\nAuthorization: Bearer TOKEN",
		"a JSON body":      "GET /v2/users/" + email + " HTTP/1.1\nHost: HOST\nContent-Type: application/json\nContent-Length: 2\nAuthorization: Bearer TOKEN",
	} {
		t.Run(name, func(t *testing.T) {
			body := ""
			if strings.Contains(head, "Content-Length") {
				body = "{}"
			}
			expect(t, wire(t, sim, strings.ReplaceAll(head, "TOKEN", token), body), 200, want)
		})
	}
}
