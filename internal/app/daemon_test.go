package app

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/stream"
	"github.com/stagedoor/stagedoor/zoomsim"
)

// A startedDaemon is a running daemon with the credential acme of a simulated account,
// and a second App on its home, as commands are.
type startedDaemon struct {
	url    string
	app    *App
	secret stagedoor.Secret // of the caller reports
	info   zoomsim.Info
}

func startDaemon(t *testing.T, rules ...stagedoor.Rule) startedDaemon {
	t.Helper()
	sim, err := zoomsim.Start(zoomsim.Options{Users: 8, Meetings: 120, Limits: "off", Plan: "business"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sim.Close() })
	info, home := sim.Info(), t.TempDir()
	none := func(string) string { return "" }
	open := func(s Settings) *App {
		settings, err := s.Resolve(none)
		if err != nil {
			t.Fatal(err)
		}
		a, err := Open(settings, Environment{Getenv: none, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := a.Close(); err != nil {
				t.Error(err)
			}
		})
		return a
	}
	serving := open(Settings{Home: home, Serve: ServeSettings{Listen: "127.0.0.1:0"}})
	v, err := serving.Vault(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c, err := v.Add(t.Context(), stagedoor.Credential{
		Slug: "acme", Name: "Acme", Provider: "zoom", AccountID: info.AccountID, ClientID: info.ClientID, Plan: stagedoor.PlanBusiness,
		TokenURL: info.TokenURL, APIURL: info.APIURL, AllowHosts: []string{strings.TrimSuffix(strings.TrimPrefix(info.APIURL, "http://"), "/v2")},
		ClientSecrets: []stagedoor.Secret{stagedoor.NewSecret(info.ClientSecret)},
	})
	if err != nil {
		t.Fatal(err)
	}
	callers, err := serving.Callers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, secret, err := callers.Add(t.Context(), stagedoor.Caller{Name: "reports", CredentialID: c.ID, Provider: "zoom", CreatedBy: "ada", Rules: rules}, true)
	if err != nil {
		t.Fatal(err)
	}
	d, err := serving.Serve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := d.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return startedDaemon{url: d.URL(), app: open(Settings{Home: home, PublicURL: d.URL()}), secret: secret, info: info}
}

// caller is the caller reports.
func (g startedDaemon) caller(t *testing.T) stagedoor.Caller {
	t.Helper()
	callers, err := g.app.Callers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	who, err := callers.Find(t.Context(), "reports")
	if err != nil {
		t.Fatal(err)
	}
	return who
}

// token is what a caller gets for its secret.
func (g startedDaemon) token(t *testing.T, who stagedoor.Caller, secret stagedoor.Secret) string {
	t.Helper()
	answer, err := http.PostForm(g.url+"/oauth/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {who.ID}, "client_secret": {secret.Reveal()},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var granted struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&granted); err != nil || granted.AccessToken == "" {
		t.Fatalf("%s, %v", answer.Status, err)
	}
	return granted.AccessToken
}

// ask makes a request at the gate and returns its status and body.
func (g startedDaemon) ask(t *testing.T, token, path string) (int, []byte) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, g.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, body
}

// TestDocumentAtTheGate reads the document as a caller does, and makes the calls
// that it names: each is allowed, its answer is as described, and what the
// document does not name is refused.
func TestDocumentAtTheGate(t *testing.T) {
	g := startDaemon(t, get("/report/**"), get("/users"), get("/users/*"), get("/users/*/meetings"), get("/users/*/recordings"), stagedoor.Rule{Deny: true, Path: "/users/summary"}, stagedoor.Rule{Deny: true, Path: "/users/nobody"})
	token := g.token(t, g.caller(t), g.secret)
	status, text := g.ask(t, token, "/to/acme/openapi.json")
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, text)
	}
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	server, ok := strings.CutPrefix(doc.Servers[0].URL, g.url)
	if !ok {
		t.Fatalf("its server is %s", doc.Servers[0].URL)
	}
	for _, s := range stream.All() {
		if s.Derived || !strings.HasPrefix(s.Path, "/report/") && !strings.HasPrefix(s.Path, "/users") {
			continue // no call of Zoom's, or none that the rules allow
		}
		item := doc.Paths.Value(s.Path)
		if item == nil || item.Get == nil {
			t.Errorf("it does not name %s", s.Path)
			continue
		}
		query := url.Values{}
		for _, p := range item.Get.Parameters {
			switch v := p.Value; {
			case v.Schema.Value.Default != nil:
				query.Set(v.Name, v.Schema.Value.Default.(string))
			case v.Required && v.In == "query", v.Name == "from", v.Name == "to":
				query.Set(v.Name, g.info.Until)
			}
		}
		path := strings.Replace(s.Path, "{userId}", "me", 1)
		if strings.Contains(path, "{") {
			continue // of which meeting, its parent tells
		}
		status, body := g.ask(t, token, server+path+"?"+query.Encode())
		var answer any
		if err := json.Unmarshal(body, &answer); err != nil || status != http.StatusOK {
			t.Errorf("%s: %d %s", s.Path, status, body)
			continue
		}
		if err := item.Get.Responses.Value("200").Value.Content["application/json"].Schema.Value.VisitJSON(answer); err != nil {
			t.Errorf("%s: %v", s.Path, err)
		}
	}
	for _, path := range []string{"/users/summary", "/users/nobody", "/roles", "/users/me/settings"} {
		if doc.Paths.Value(path) != nil {
			t.Errorf("it names %s", path)
		}
		status, body := g.ask(t, token, server+path)
		var refusal any
		if json.Unmarshal(body, &refusal) != nil || status != http.StatusForbidden {
			t.Errorf("%s: %d %s", path, status, body)
		} else if err := doc.Components.Schemas["Error"].Value.VisitJSON(refusal); err != nil {
			t.Errorf("the refusal is not as described: %v\n%s", err, body)
		}
	}
	if except := doc.Paths.Value("/users/{userId}").Get.Description; !strings.Contains(except, "Not allowed: /users/nobody.") {
		t.Errorf("what is cut out is not told: %s", except)
	}
}

// TestSnippetsAtTheGate runs the programs that are made for a caller.
func TestSnippetsAtTheGate(t *testing.T) {
	g := startDaemon(t, get("/report/meeting_activities"))
	for form, command := range map[string][]string{"curl": {"sh"}, "python": {"python3"}, "node": {"node"}, "go": {"go", "run"}} {
		t.Run(form, func(t *testing.T) {
			for _, program := range []string{command[0], map[string]string{"curl": "curl"}[form]} {
				if _, err := exec.LookPath(program); program != "" && err != nil {
					t.Skipf("%s is missing here (scripts/shells.sh and scripts/node.sh install what Debian has)", program)
				}
			}
			var text strings.Builder
			if err := g.app.Snippet(t.Context(), &text, "reports", form); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "call"+map[string]string{"node": ".mjs", "go": ".go"}[form])
			if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(command[0], append(command[1:], file)...)
			cmd.Env = append(os.Environ(), "STAGEDOOR_CALLER_SECRET="+g.secret.Reveal())
			out, err := cmd.CombinedOutput()
			var answer struct {
				Logs []json.RawMessage `json:"meeting_activity_logs"`
			}
			if err != nil || json.Unmarshal(out, &answer) != nil || len(answer.Logs) == 0 {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}

// TestLetInAtOnce adds a caller by another process, as scripts do, and asks for
// its token in the next line.
func TestLetInAtOnce(t *testing.T) {
	g := startDaemon(t, get("/users/*"))
	callers, err := g.app.Callers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	who := g.caller(t)
	for range 5 {
		_, secret, err := callers.RotateSecret(t.Context(), who.Name, 0, "ada")
		if err != nil {
			t.Fatal(err)
		}
		g.token(t, who, secret)
	}
}
