package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/api"
)

// programs are the tokens by which a test asks the daemon: of each role, of nobody,
// and of a caller.
func (d startedDaemon) programs(t *testing.T) map[string]string {
	t.Helper()
	tokens := map[string]string{"nobody": "", "caller": d.token(t, d.caller(t), d.secret)}
	for _, role := range []stagedoor.Role{stagedoor.RoleViewer, stagedoor.RoleOperator, stagedoor.RoleAdmin} {
		_, secret, err := d.app.AddOperatorToken(t.Context(), stagedoor.OperatorToken{Name: "test-" + string(role), Role: role})
		if err != nil {
			t.Fatal(err)
		}
		tokens[string(role)] = secret.Reveal()
	}
	return tokens
}

// asked is an answer of the API.
type asked struct {
	status int
	header http.Header
	text   string
}

func (a asked) problem(t *testing.T) api.Problem {
	t.Helper()
	var p api.Problem
	if err := json.Unmarshal([]byte(a.text), &p); err != nil || a.header.Get("Content-Type") != "application/problem+json" || p.Status != a.status || p.Detail == "" {
		t.Errorf("%d is told by no problem document: %s %s", a.status, a.header.Get("Content-Type"), a.text)
	}
	return p
}

// api sends one request to the API; headers are pairs.
func (d startedDaemon) api(t *testing.T, token, method, path string, body any, headers ...string) asked {
	t.Helper()
	var content io.Reader
	switch body := body.(type) {
	case nil:
	case string:
		content = strings.NewReader(body)
	default:
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		content = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, d.url+path, content)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if content != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return asked{answer.StatusCode, answer.Header, string(text)}
}

// at is a route's path with values for its parameters.
func at(path string, values map[string]string) string {
	for name, value := range values {
		path = strings.ReplaceAll(path, "{"+name+"}", value)
	}
	return path
}

// TestAPIRoles goes through every route with every kind of token: what the table
// says is let in, and nobody else.
func TestAPIRoles(t *testing.T) {
	d := startDaemon(t, get("/users/**"))
	tokens := d.programs(t)
	nowhere := map[string]string{"slug": "none-such", "name": "none-such", "run": "none-such"}
	for _, r := range api.Routes() {
		for who, token := range tokens {
			role := stagedoor.Role(who)
			var body any
			if r.Writes() && r.Example != nil {
				body = map[string]any{"no_such_field": 1} // nothing is done
			}
			a := d.api(t, token, r.Method, at(r.Path, nowhere), body)
			want := 0
			switch {
			case r.Role == "" || role.Includes(r.Role):
			case role.Includes(stagedoor.RoleViewer):
				want = http.StatusForbidden
			default:
				want = http.StatusUnauthorized
			}
			if want != 0 {
				if a.status != want || a.header.Get("WWW-Authenticate") == "" {
					t.Errorf("%s: %s %s answers %d, %q, want %d and a challenge", who, r.Method, r.Path, a.status, a.header.Get("WWW-Authenticate"), want)
				}
				a.problem(t)
				continue
			}
			if a.status == http.StatusUnauthorized || a.status == http.StatusForbidden || a.status >= 500 {
				t.Errorf("%s: %s %s answers %d: %s", who, r.Method, r.Path, a.status, a.text)
			}
		}
	}
}

// TestAPITokensAlone holds that the API takes a bearer token and nothing else, and
// only while it counts.
func TestAPITokensAlone(t *testing.T) {
	d := startDaemon(t, get("/users/**"))
	token := d.programs(t)["admin"]
	const path = api.Prefix + "/credentials"
	for name, headers := range map[string][]string{
		"cookie":     {"Cookie", "stagedoor=" + token},
		"basic":      {"Authorization", "Basic " + "eDo" + token},
		"query":      {},
		"not bearer": {"Authorization", "Token " + token},
		"no prefix":  {"Authorization", "Bearer " + strings.TrimPrefix(token, "sdo_")},
	} {
		where := path
		if name == "query" {
			where += "?access_token=" + token
		}
		if a := d.api(t, "", http.MethodGet, where, nil, headers...); a.status != http.StatusUnauthorized || strings.Contains(a.text, token) {
			t.Errorf("%s: %d %s", name, a.status, a.text)
		}
	}
	if a := d.api(t, token, http.MethodGet, path, nil); a.status != http.StatusOK {
		t.Fatalf("%d %s", a.status, a.text)
	}
	// A page of a stranger's does nothing through a browser.
	if a := d.api(t, token, http.MethodPost, path, map[string]any{}, "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"); a.status != http.StatusForbidden {
		t.Errorf("another origin's POST: %d", a.status)
	}
	if err := d.app.RemoveOperatorToken(t.Context(), "test-admin"); err != nil {
		t.Fatal(err)
	}
	if a := d.api(t, token, http.MethodGet, path, nil); a.status != http.StatusUnauthorized {
		t.Errorf("a removed token still reads: %d", a.status)
	}
}

// TestAPIRefuses holds what is refused before anything is done.
func TestAPIRefuses(t *testing.T) {
	d := startDaemon(t, get("/users/**"))
	token := d.programs(t)["admin"]
	const list = api.Prefix + "/credentials"
	valid := `{"name":"x","client_secret":"x"}`
	for name, c := range map[string]struct {
		method, path string
		body         any
		headers      []string
		want         int
		says         string
	}{
		"nothing there":      {"GET", api.Prefix + "/nothing", nil, nil, 404, "nothing at this address"},
		"slash at the end":   {"GET", list + "/", nil, nil, 404, "nothing at this address"},
		"dots":               {"GET", api.Prefix + "/x/../credentials", nil, nil, 404, "nothing at this address"},
		"method":             {"DELETE", list, nil, nil, 405, "Use GET or POST."},
		"accept":             {"GET", list, nil, []string{"Accept", "text/html"}, 406, "application/json"},
		"a form":             {"POST", list, "name=x", []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "application/json"},
		"compressed":         {"POST", list, valid, []string{"Content-Encoding", "gzip"}, 415, "not compressed"},
		"too long":           {"POST", list, `{"name":"` + strings.Repeat("x", 300<<10) + `"}`, nil, 413, "256 KiB"},
		"no JSON":            {"POST", list, `{"name":`, nil, 400, "not one JSON value"},
		"two values":         {"POST", list, valid + valid, nil, 400, "not one JSON value"},
		"unknown field":      {"POST", list, `{"name":"x","client_secret":"x","client-id":"y"}`, nil, 422, "The body takes these fields: account_id, allow_hosts"},
		"missing field":      {"POST", list, `{"name":"x"}`, nil, 422, "the field client_secret is missing"},
		"wrong type":         {"POST", list, `{"name":7,"client_secret":"x"}`, nil, 422, "body.name: expected string"},
		"no body":            {"POST", list, nil, nil, 400, "the body is missing"},
		"body of a GET":      {"GET", list, valid, nil, 400, "no body"},
		"limit":              {"GET", list + "?limit=201", nil, nil, 422, "query.limit: expected number <= 200"},
		"no limit":           {"GET", list + "?limit=many", nil, nil, 422, "query.limit"},
		"unknown parameter":  {"GET", list + "?page=2", nil, nil, 422, "a parameter that this does not take"},
		"cursor":             {"GET", list + "?after=!", nil, nil, 400, "not the \"next\""},
		"another's cursor":   {"GET", api.Prefix + "/audit?after=LmFjbWU", nil, nil, 400, "not the \"next\""},
		"wrong plan":         {"POST", list, `{"name":"x","client_secret":"x","plan":"huge"}`, nil, 400, "Use free, pro or business"},
		"run into a file":    {"POST", api.Prefix + "/runs", `{"credential":"acme","streams":["users"],"into":"sqlite:/tmp/x.db"}`, nil, 400, "no name of a saved destination"},
		"no such credential": {"GET", list + "/none-such", nil, nil, 404, "none-such"},
		"no such provider":   {"GET", api.Prefix + "/providers/none-such", nil, nil, 404, ""},
		"no such stream":     {"GET", api.Prefix + "/streams/none-such", nil, nil, 404, ""},
	} {
		a := d.api(t, token, c.method, c.path, c.body, c.headers...)
		p := a.problem(t)
		if a.status != c.want || !strings.Contains(p.Detail+" "+p.Fix, c.says) {
			t.Errorf("%s: %d %s, want %d and %q", name, a.status, a.text, c.want, c.says)
		}
	}
	if a := d.api(t, token, http.MethodHead, list, nil); a.status != http.StatusOK || a.text != "" {
		t.Errorf("HEAD: %d %q", a.status, a.text)
	}
	if a := d.api(t, "", http.MethodGet, "/api/openapi.json", nil); a.status != http.StatusOK || !strings.HasPrefix(a.text, "{") {
		t.Errorf("the document: %d %.100s", a.status, a.text)
	}
}

// TestAPIRepeatsNothing plants a secret in each field of each request, where it
// belongs and where it does not, and looks for it in the answers.
func TestAPIRepeatsNothing(t *testing.T) {
	d := startDaemon(t, get("/users/**"))
	token := d.programs(t)["admin"]
	const canary = "CaNaRy7xQ2vLm9Zt4Wb8"
	shy := func(what string, a asked) {
		t.Helper()
		if a.status >= 500 && a.status != http.StatusBadGateway {
			t.Errorf("%s: %d %s: what is wrong with a request is no fault of ours", what, a.status, a.text)
		}
		a.problem(t)
		if strings.Contains(a.text, canary) || strings.Contains(fmt.Sprint(a.header), canary) {
			t.Errorf("%s: %d repeats what was sent: %s %v", what, a.status, a.text, a.header)
		}
		if strings.Contains(a.text, canary[:10]) {
			t.Errorf("%s: %d repeats part of what was sent: %s", what, a.status, a.text)
		}
	}
	here := map[string]string{"slug": "acme", "name": "reports", "run": "last"}
	lost := map[string]string{"slug": canary, "name": canary, "run": canary}
	for _, r := range api.Routes() {
		if path := at(r.Path, lost); path != r.Path {
			if a := d.api(t, token, r.Method, path, nil); a.status >= 400 {
				shy(r.ID+" path", a)
			}
		}
		if !r.Writes() {
			shy(r.ID+" query", d.api(t, token, r.Method, at(r.Path, here)+"?"+canary+"="+canary, nil))
			for _, name := range []string{"limit", "after", "q", "form", "path", "method", "purpose", "stream", "operation", "style", "state", "since", "provider", "credential", "name"} {
				a := d.api(t, token, r.Method, at(r.Path, here)+"?"+name+"="+canary, nil)
				if a.status >= 400 {
					shy(r.ID+" "+name, a)
				}
			}
			continue
		}
		if r.Example == nil {
			continue
		}
		for what, body := range spoilt(t, r.Example, canary) {
			a := d.api(t, token, r.Method, at(r.Path, here), body)
			if a.status >= 400 {
				shy(r.ID+" "+what, a)
			}
		}
	}
}

// spoilt is a body with a text in each of its places.
func spoilt(t *testing.T, example any, canary string) map[string]string {
	t.Helper()
	text, err := json.Marshal(example)
	if err != nil {
		t.Fatal(err)
	}
	fields := map[string]any{}
	if err := json.Unmarshal(text, &fields); err != nil {
		t.Fatal(err)
	}
	bodies := map[string]string{"broken": `{"` + canary + `": ` + canary, "a text": `"` + canary + `"`, "a list": `["` + canary + `"]`}
	with := func(what string, change func(map[string]any)) {
		changed := maps.Clone(fields)
		change(changed)
		text, err := json.Marshal(changed)
		if err != nil {
			t.Fatal(err)
		}
		bodies[what] = string(text)
	}
	with("unknown field", func(m map[string]any) { m[canary] = canary })
	for _, name := range append(slices.Collect(maps.Keys(fields)), "token_url", "api_url", "validation_url", "slug", "zone", "catch_up", "jitter", "provider", "params", "labels", "allow_hosts", "purposes", "check", "keep", "head", "account_id", "client_id") {
		for form, value := range map[string]any{
			"text": canary, "long": strings.Repeat(canary, 30), "in a list": []any{canary}, "in a map": map[string]any{canary: canary}, "a path": "https://u:" + canary + "@x.example/" + canary,
		} {
			with(name+" "+form, func(m map[string]any) { m[name] = value })
		}
	}
	return bodies
}

// TestAPIShowsNoSecret holds that a client secret, once given, is in no answer and
// lies nowhere unsealed.
func TestAPIShowsNoSecret(t *testing.T) {
	d := startDaemon(t, get("/users/**"))
	token := d.programs(t)["admin"]
	const canary = "SeCrEt4Canary8xQ2vLm9"
	kept := []string{"Idempotency-Key", "add once"}
	add := map[string]any{"name": "Second", "account_id": "a", "client_id": "b", "client_secret": canary, "check": false}
	added := d.api(t, token, http.MethodPost, api.Prefix+"/credentials", add, kept...)
	if added.status != http.StatusCreated {
		t.Fatalf("%d %s", added.status, added.text)
	}
	caller := map[string]any{"name": "kept", "credential": "second", "rules": map[string]any{"allow": []string{"GET /users/**"}}}
	made := d.api(t, token, http.MethodPost, api.Prefix+"/callers", caller, "Idempotency-Key", "make once")
	var once api.CallerSecret
	if err := json.Unmarshal([]byte(made.text), &once); err != nil || made.status != http.StatusCreated || once.ClientSecret == "" {
		t.Fatalf("%d %s", made.status, made.text)
	}
	if once.TokenURL != d.url+"/oauth/token" || once.BaseURL != d.url+"/to/second" {
		t.Errorf("it is told to go to %s and %s", once.TokenURL, once.BaseURL)
	}
	again := d.api(t, token, http.MethodPost, api.Prefix+"/callers", caller, "Idempotency-Key", "make once")
	if again.text != made.text || again.header.Get("Idempotency-Replayed") != "true" || again.status != made.status {
		t.Errorf("the same request again: %d %v", again.status, again.header)
	}
	d.token(t, once.Caller, stagedoor.NewSecret(once.ClientSecret)) // and it works
	here := map[string]string{"slug": "second", "name": "kept", "run": "last"}
	answers := added.text
	for _, r := range api.Routes() {
		if !r.Writes() {
			answers += d.api(t, token, r.Method, at(r.Path, here), nil).text
		}
	}
	if strings.Contains(answers, canary) || strings.Contains(answers, once.ClientSecret) {
		t.Error("a secret stands in an answer")
	}
	lying := 0
	err := filepath.WalkDir(d.app.Home(), func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		lying++
		text, err := os.ReadFile(path)
		for _, secret := range []string{canary, once.ClientSecret, token, "make once"} {
			if bytes.Contains(text, []byte(secret)) {
				t.Errorf("%s holds a secret unsealed", entry.Name())
			}
		}
		return err
	})
	if err != nil || lying < 2 {
		t.Errorf("%d files were looked through: %v", lying, err)
	}
}
