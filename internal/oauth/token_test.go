package oauth

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/operator"
)

// TestTokenRequests holds the token endpoint to RFC 6749 section 5.2, by what goes
// over the wire. In requests, ID and SECRET stand for the caller's, BASIC for both
// as the header has them, and a body's length is put in.
func TestTokenRequests(t *testing.T) {
	const (
		line  = "POST /oauth/token HTTP/1.1\nHost: gate\n"
		form  = "Content-Type: application/x-www-form-urlencoded\n"
		basic = "Authorization: Basic BASIC\n"
		cc    = "grant_type=client_credentials"
	)
	type want struct {
		status    int
		code      string
		challenge bool
		says      string
	}
	ok := want{status: 200}
	for name, c := range map[string]struct {
		request string
		want
	}{
		// What is granted.
		"by header":                          {line + form + basic + "\n" + cc, ok},
		"by header, with a scope":            {line + form + basic + "\n" + cc + "&scope=report%3Aread+user%3Aread", ok},
		"by body":                            {line + form + "\n" + cc + "&client_id=ID&client_secret=SECRET", ok},
		"by header, the same id in the body": {line + form + basic + "\n" + cc + "&client_id=ID", ok},
		"charset":                            {line + "Content-Type: application/x-www-form-urlencoded; charset=UTF-8\n" + basic + "\n" + cc, ok},
		"charset, oddly written":             {line + "Content-Type: application/x-www-form-urlencoded;charset\n" + basic + "\n" + cc, ok},
		"type in other letters":              {line + "Content-Type: Application/X-WWW-Form-URLEncoded\n" + basic + "\n" + cc, ok},
		"scheme in other letters":            {line + form + "Authorization: bAsIc BASIC\n\n" + cc, ok},
		"unknown parameters, twice too":      {line + form + basic + "\n" + cc + "&resource=a&resource=b&audience=x", ok},
		"parameters without a value":         {line + form + basic + "\n" + cc + "&scope=&client_secret=&client_assertion=&grant_type=", ok},
		"Zoom's grant":                       {line + form + basic + "\ngrant_type=account_credentials&account_id=abc", ok},
		"Zoom's grant, without an account":   {line + form + basic + "\ngrant_type=account_credentials", ok},
		"Zoom's grant, in the query":         {"POST /oauth/token?grant_type=account_credentials&account_id=a%2Bb HTTP/1.1\nHost: gate\n" + basic + "\n", ok},
		"in the query, a form without it":    {"POST /oauth/token?grant_type=account_credentials&account_id=a HTTP/1.1\nHost: gate\n" + form + basic + "\nx=y", ok},
		"in the query, JSON in the body":     {"POST /oauth/token?grant_type=account_credentials&account_id=a HTTP/1.1\nHost: gate\nContent-Type: application/json\n" + basic + "\n{}", ok},
		"in the query, the secret in a form": {"POST /oauth/token?grant_type=account_credentials&account_id=a HTTP/1.1\nHost: gate\n" + form + "\nclient_id=ID&client_secret=SECRET", ok},

		// Requests of the wrong form.
		"no grant type":             {line + form + basic + "\nscope=x", want{400, "invalid_request", false, "grant_type is missing"}},
		"nothing at all":            {line + "\n", want{400, "invalid_request", false, "grant_type is missing"}},
		"grant type twice":          {line + form + basic + "\n" + cc + "&" + cc, want{400, "invalid_request", false, "grant_type came more than once"}},
		"in query and body":         {"POST /oauth/token?" + cc + " HTTP/1.1\nHost: gate\n" + form + basic + "\n" + cc, want{400, "invalid_request", false, "grant_type came more than once"}},
		"scope twice":               {line + form + basic + "\n" + cc + "&scope=a&scope=b", want{400, "invalid_request", false, "scope came more than once"}},
		"id twice":                  {line + form + "\n" + cc + "&client_id=ID&client_id=ID&client_secret=SECRET", want{400, "invalid_request", false, "client_id came more than once"}},
		"two ways":                  {line + form + basic + "\n" + cc + "&client_id=ID&client_secret=SECRET", want{400, "invalid_request", false, "more than one way"}},
		"two other ways":            {line + form + "\n" + cc + "&client_id=ID&client_secret=SECRET&client_assertion=a.b.c&client_assertion_type=x", want{400, "invalid_request", false, "more than one way"}},
		"two headers":               {line + form + basic + basic + "\n" + cc, want{400, "invalid_request", false, "more than one way"}},
		"another id in the body":    {line + form + basic + "\n" + cc + "&client_id=other", want{400, "invalid_request", false, "client_id in the body is another"}},
		"JSON":                      {line + "Content-Type: application/json\n" + basic + "\n{\"grant_type\":\"client_credentials\"}", want{400, "invalid_request", false, "not a form"}},
		"no type":                   {line + basic + "\n" + cc, want{400, "invalid_request", false, "not a form"}},
		"badly encoded":             {line + form + basic + "\n" + cc + "&scope=%zz", want{400, "invalid_request", false, "well encoded"}},
		"badly encoded query":       {"POST /oauth/token?a=%zz HTTP/1.1\nHost: gate\n" + form + basic + "\n" + cc, want{400, "invalid_request", false, "query of the URL"}},
		"secret in the query":       {"POST /oauth/token?" + cc + "&client_id=ID&client_secret=SECRET HTTP/1.1\nHost: gate\n\n", want{400, "invalid_request", false, "client_secret must not stand in the URL"}},
		"assertion in the query":    {"POST /oauth/token?client_assertion=SECRET HTTP/1.1\nHost: gate\n" + form + basic + "\n" + cc, want{400, "invalid_request", false, "client_assertion must not stand in the URL"}},
		"assertion without type":    {line + form + "\n" + cc + "&client_assertion=a.b.c", want{400, "invalid_request", false, "belong together"}},
		"type without assertion":    {line + form + "\n" + cc + "&client_assertion_type=" + url.QueryEscape(assertionType), want{400, "invalid_request", false, "belong together"}},
		"unknown type of assertion": {line + form + "\n" + cc + "&client_assertion=a.b.c&client_assertion_type=saml", want{400, "invalid_request", false, "Use " + assertionType}},
		"too long":                  {line + form + basic + "\n" + cc + "&x=" + strings.Repeat("y", largestBody), want{413, "invalid_request", false, "longer than 64 KiB"}},

		// Grants and scopes that there are not.
		"refresh_token":      {line + form + basic + "\ngrant_type=refresh_token&refresh_token=x", want{400, "unsupported_grant_type", false, "Use client_credentials"}},
		"password":           {line + form + basic + "\ngrant_type=password&username=a&password=SECRET", want{400, "unsupported_grant_type", false, "Use client_credentials"}},
		"grant in capitals":  {line + form + basic + "\ngrant_type=CLIENT_CREDENTIALS", want{400, "unsupported_grant_type", false, "Use client_credentials"}},
		"scope with a quote": {line + form + basic + "\n" + cc + "&scope=a%22b", want{400, "invalid_scope", false, "not of the right form"}},
		"scope, two blanks":  {line + form + basic + "\n" + cc + "&scope=a++b", want{400, "invalid_scope", false, "not of the right form"}},
		"scope of Ü":         {line + form + basic + "\n" + cc + "&scope=%C3%9C", want{400, "invalid_scope", false, "not of the right form"}},

		// Clients that do not prove who they are.
		"no proof":                {line + form + "\n" + cc, want{401, "invalid_client", true, "does not authenticate"}},
		"id alone":                {line + form + "\n" + cc + "&client_id=ID", want{401, "invalid_client", true, "does not authenticate"}},
		"id in the query":         {"POST /oauth/token?client_id=ID HTTP/1.1\nHost: gate\n" + form + "\n" + cc, want{401, "invalid_client", true, "does not authenticate"}},
		"wrong secret by header":  {line + form + "Authorization: Basic WRONG\n\n" + cc, want{401, "invalid_client", true, "no caller with this client_id and client_secret"}},
		"unknown id by header":    {line + form + "Authorization: Basic NOBODY\n\n" + cc, want{401, "invalid_client", true, "no caller with this client_id and client_secret"}},
		"wrong secret by body":    {line + form + "\n" + cc + "&client_id=ID&client_secret=SECRETx", want{401, "invalid_client", true, "no caller with this client_id and client_secret"}},
		"unknown id by body":      {line + form + "\n" + cc + "&client_id=nobody&client_secret=SECRET", want{401, "invalid_client", true, "no caller with this client_id and client_secret"}},
		"secret without id":       {line + form + "\n" + cc + "&client_secret=SECRET", want{401, "invalid_client", true, "no caller with this client_id and client_secret"}},
		"pasted with a line end":  {line + form + "Authorization: Basic PASTED\n\n" + cc, want{401, "invalid_client", true, "a blank or a line end around the client_id or the client_secret"}},
		"a blank in the body":     {line + form + "\n" + cc + "&client_id=ID&client_secret=+SECRET", want{401, "invalid_client", true, "a blank or a line end around"}},
		"no Base64":               {line + form + "Authorization: Basic ID:SECRET\n\n" + cc, want{401, "invalid_client", true, "not of the form Basic"}},
		"no colon":                {line + form + "Authorization: Basic YWJj\n\n" + cc, want{401, "invalid_client", true, "not of the form Basic"}},
		"no secret in the header": {line + form + "Authorization: Basic YWJjOg==\n\n" + cc, want{401, "invalid_client", true, "not of the form Basic"}},
		"another scheme":          {line + form + "Authorization: Bearer SECRET\n\n" + cc, want{401, "invalid_client", true, "not of the form Basic"}},
		"an empty header":         {line + form + "Authorization:\n\n" + cc, want{401, "invalid_client", true, "not of the form Basic"}},
		"no assertion at all":     {line + form + "\n" + cc + "&client_assertion=SECRET&client_assertion_type=" + url.QueryEscape(assertionType), want{401, "invalid_client", true, "not a JWT that is signed by one of"}},

		// Methods and addresses.
		"GET":               {"GET /oauth/token?" + cc + " HTTP/1.1\nHost: gate\n" + basic + "\n", want{405, "invalid_request", false, "POST alone"}},
		"PUT":               {"PUT /oauth/token HTTP/1.1\nHost: gate\n" + form + basic + "\n" + cc, want{405, "invalid_request", false, "POST alone"}},
		"a slash too much":  {"POST /oauth/token/ HTTP/1.1\nHost: gate\n" + form + basic + "\n" + cc, want{404, "invalid_request", false, MetadataPath}},
		"slashes in front":  {"POST //oauth/token HTTP/1.1\nHost: gate\n" + form + basic + "\n" + cc, want{404, "invalid_request", false, MetadataPath}},
		"no OpenID Connect": {"GET /.well-known/openid-configuration HTTP/1.1\nHost: gate\n\n", want{404, "invalid_request", false, MetadataPath}},
	} {
		t.Run(name, func(t *testing.T) {
			backends(t, func(t *testing.T, b backend) {
				w := newWorld(t, b)
				secret := w.secret.Reveal()
				encode := func(id, secret string) string { return base64.StdEncoding.EncodeToString([]byte(id + ":" + secret)) }
				raw := strings.NewReplacer(
					"BASIC", encode(w.id, secret), "WRONG", encode(w.id, secret+"x"), "NOBODY", encode("nobody", secret), "PASTED", encode(w.id, secret+"\n"),
					"ID", w.id, "SECRET", secret,
				).Replace(c.request)
				resp, body := exchange(t, w, raw)
				if resp.StatusCode != c.status {
					t.Fatalf("status %d, want %d: %s", resp.StatusCode, c.status, body)
				}
				if strings.Contains(body, secret) {
					t.Error("the answer shows the secret")
				}
				for name, value := range map[string]string{"Content-Type": "application/json", "Cache-Control": "no-store", "Pragma": "no-cache"} {
					if got := resp.Header.Get(name); got != value {
						t.Errorf("%s: %q, want %q", name, got, value)
					}
				}
				if got := resp.Header.Get("WWW-Authenticate"); strings.HasPrefix(got, `Basic realm="`) != c.challenge || (got != "") != c.challenge {
					t.Errorf("challenge %q, wanted: %v", got, c.challenge)
				}
				if resp.StatusCode == 405 && resp.Header.Get("Allow") != "POST, OPTIONS" {
					t.Errorf("Allow: %q", resp.Header.Get("Allow"))
				}
				var got map[string]any
				if err := json.Unmarshal([]byte(body), &got); err != nil {
					t.Fatalf("%v: %s", err, body)
				}
				if c.status == 200 {
					wantGranted(t, w, got)
					return
				}
				description, _ := got["error_description"].(string)
				if got["error"] != c.code || !strings.Contains(description, c.says) || len(got) != 2 {
					t.Errorf("%s\nwant %s with %q", body, c.code, c.says)
				}
				// RFC 6749 section 5.2: %x20-21 / %x23-5B / %x5D-7E
				if !regexp.MustCompile(`^[\x20-\x21\x23-\x5B\x5D-\x7E]+$`).MatchString(description) {
					t.Errorf("the description has characters that it may not have: %q", description)
				}
				if c.status != 404 && c.status != 405 {
					wantRecorded(t, w, c.status, c.code)
				}
			})
		})
	}
}

func wantGranted(t *testing.T, w *world, got map[string]any) {
	t.Helper()
	token, _ := got["access_token"].(string)
	if _, grant, err := w.backend.Verify(t.Context(), stagedoor.NewSecret(token)); err != nil || time.Until(grant.Expires) > time.Hour {
		t.Errorf("the token does not count: %v", err)
	}
	delete(got, "access_token")
	want := map[string]any{"token_type": "bearer", "expires_in": 3600.0, "scope": "to:acme", "api_url": issuer + "/to/acme"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	e := w.last(t)
	if e.Actor != "caller reports" || e.Action != "token.mint" || e.Credential != "acme" || e.Result != "ok" || e.Status != 200 || e.From == "" ||
		!strings.Contains(e.Detail, "_credentials, client_secret_") {
		t.Errorf("recorded: %+v", e)
	}
	wantNoSecret(t, w, token)
}

func wantRecorded(t *testing.T, w *world, status int, code string) {
	t.Helper()
	if len(w.events) != 1 {
		t.Fatalf("%d events for one request", len(w.events))
	}
	if e := w.last(t); e.Status != status || !strings.Contains(e.Detail, code) || e.Result == "ok" || e.Action != "token.mint" || e.Actor == "" {
		t.Errorf("recorded: %+v", e)
	}
	wantNoSecret(t, w, "")
}

// wantNoSecret searches the audit for what must not be there.
func wantNoSecret(t *testing.T, w *world, token string) {
	t.Helper()
	text, err := json.Marshal(w.events)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{w.secret.Reveal(), token} {
		if secret != "" && strings.Contains(string(text), secret) {
			t.Errorf("the audit shows a secret: %s", text)
		}
	}
}

// exchange sends a request as it stands, but for its lines' ends and its body's
// length, and returns the answer.
func exchange(t *testing.T, handler http.Handler, raw string) (*http.Response, string) {
	t.Helper()
	server := httptest.NewServer(handler)
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	head, body, _ := strings.Cut(raw, "\n\n")
	head = strings.ReplaceAll(strings.TrimRight(head, "\n"), "\n", "\r\n")
	if _, err := fmt.Fprintf(conn, "%s\r\nContent-Length: %d\r\n\r\n%s", head, len(body), body); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(text)
}

// TestOptionsAndHead holds that nothing is let through to scripts of other sites,
// and that nothing but POST makes a token.
func TestOptionsAndHead(t *testing.T) {
	w := newWorld(t, newFake(time.Now))
	for _, path := range []string{TokenPath, RevokePath, IntrospectPath} {
		r := httptest.NewRequest("OPTIONS", path, nil)
		r.Header.Set("Origin", "https://evil.example")
		r.Header.Set("Access-Control-Request-Method", "POST")
		rw := httptest.NewRecorder()
		w.ServeHTTP(rw, r)
		if rw.Code != http.StatusNoContent || rw.Header().Get("Allow") != "POST, OPTIONS" || rw.Header().Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("OPTIONS %s: %d %v", path, rw.Code, rw.Header())
		}
		r = httptest.NewRequest("HEAD", path, nil)
		w.basicly(r)
		rw = httptest.NewRecorder()
		w.ServeHTTP(rw, r)
		if rw.Code != http.StatusMethodNotAllowed {
			t.Errorf("HEAD %s: %d", path, rw.Code)
		}
	}
	if len(w.events) != 0 {
		t.Errorf("recorded: %+v", w.events)
	}
}

// TestEncodedBasic holds both readings of the header: the encoded one of RFC 6749,
// and the one that most clients send.
func TestEncodedBasic(t *testing.T) {
	b := newFake(time.Now)
	w := newWorld(t, b)
	for _, secret := range []string{"with+plus", "with%20percent", "with blank", "a:b", "ü/?&=", "100%"} {
		b.secrets[w.id] = stagedoor.NewSecret(secret)
		for name, sent := range map[string]string{"as it is": secret, "encoded": url.QueryEscape(secret)} {
			if rw := w.post(TokenPath, "grant_type=client_credentials", func(r *http.Request) { r.SetBasicAuth(w.id, sent) }); rw.Code != 200 {
				t.Errorf("%q %s: %d %s", secret, name, rw.Code, rw.Body)
			}
		}
	}
	// The reading that was right is the one that is forgiven nothing else.
	if rw := w.post(TokenPath, "grant_type=client_credentials", func(r *http.Request) { r.SetBasicAuth(w.id, "100") }); rw.Code != 401 {
		t.Errorf("a part of the secret: %d", rw.Code)
	}
}

// TestEndedCallers holds that a caller that was revoked, or has ended, gets none.
func TestEndedCallers(t *testing.T) {
	backends(t, func(t *testing.T, b backend) {
		w := newWorld(t, b)
		w.mint(t)
		b.end(t, "reports")
		rw := w.post(TokenPath, "grant_type=client_credentials", w.basicly)
		if rw.Code != 401 || !strings.Contains(rw.Body.String(), "invalid_client") {
			t.Errorf("revoked: %d %s", rw.Code, rw.Body)
		}
		if e := w.last(t); strings.Contains(e.Actor, w.id) || e.Result != "unauthenticated" {
			t.Errorf("recorded: %+v", e)
		}
	})
}

// TestAway holds that trouble of our own is not taken for a wrong secret.
func TestAway(t *testing.T) {
	b := newFake(time.Now)
	w := newWorld(t, b)
	b.fails = &stagedoor.Error{Kind: stagedoor.KindStore, Cause: "the disk is full"}
	for path, body := range map[string]string{
		TokenPath: "grant_type=client_credentials", RevokePath: "token=sda_x",
	} {
		rw := w.post(path, body, w.basicly)
		wantAway(t, path, rw)
		if e := w.last(t); e.Result != string(stagedoor.KindStore) || e.Status != 503 {
			t.Errorf("recorded: %+v", e)
		}
	}
	wantAway(t, IntrospectPath, w.post(IntrospectPath, "token=sda_x", func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+w.operator.Reveal()) }))
}

func wantAway(t *testing.T, path string, rw *httptest.ResponseRecorder) {
	t.Helper()
	if rw.Code != 503 || rw.Header().Get("WWW-Authenticate") != "" || rw.Header().Get("Retry-After") == "" ||
		!strings.Contains(rw.Body.String(), "temporarily_unavailable") || strings.Contains(rw.Body.String(), "disk") {
		t.Errorf("%s: %d %v %s", path, rw.Code, rw.Header(), rw.Body)
	}
}

// TestNotThisClient holds what a client is told that proved who it is and may
// have no token all the same.
func TestNotThisClient(t *testing.T) {
	b := newFake(time.Now)
	w := newWorld(t, b)
	b.fails = &stagedoor.Error{Kind: stagedoor.KindForbidden}
	rw := w.post(TokenPath, "grant_type=client_credentials", w.basicly)
	if rw.Code != 400 || !strings.Contains(rw.Body.String(), `"error":"unauthorized_client"`) || rw.Header().Get("WWW-Authenticate") != "" {
		t.Errorf("forbidden: %d %v %s", rw.Code, rw.Header(), rw.Body)
	}
	if e := w.last(t); e.Result != string(stagedoor.KindForbidden) {
		t.Errorf("recorded: %+v", e)
	}
	b.fails, b.life = nil, 0
	rw = w.post(TokenPath, "grant_type=client_credentials", w.basicly)
	if rw.Code != 401 || !strings.Contains(rw.Body.String(), `"error":"invalid_client"`) || strings.Contains(rw.Body.String(), "access_token") {
		t.Errorf("a token that would end at once: %d %s", rw.Code, rw.Body)
	}
	if operatorToken != operator.Prefix {
		t.Errorf("operators' tokens begin with %s, not with %s", operator.Prefix, operatorToken)
	}
}

// TestMixedUpSecret holds that who puts the secret where the id belongs does not
// leave it in the audit.
func TestMixedUpSecret(t *testing.T) {
	backends(t, func(t *testing.T, b backend) {
		w := newWorld(t, b)
		w.post(TokenPath, "grant_type=client_credentials", func(r *http.Request) { r.SetBasicAuth(w.secret.Reveal(), w.id) })
		w.post(TokenPath, url.Values{"grant_type": {"client_credentials"}, "client_id": {w.secret.Reveal()}, "client_secret": {w.id}}.Encode())
		w.post(TokenPath, url.Values{"grant_type": {w.secret.Reveal()}}.Encode(), w.basicly)
		wantNoSecret(t, w, "")
		if got := w.events[0].Actor; got != "client "+w.secret.Reveal()[:12]+"…" {
			t.Errorf("actor %q", got)
		}
	})
}
