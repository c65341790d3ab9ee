package snippet

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const secret = "the-Secret_of-the.caller~42"

// gate is a stand-in for the gateway: its token endpoint and one operation.
type gate struct {
	*httptest.Server
	mu      sync.Mutex
	tokens  int      // granted
	calls   []string // that were let in
	bodies  []string
	revoked bool // the first token counts for nothing
	refuse  int  // the status of all calls, where it is not 0
}

// seen returns what was let in so far.
func (g *gate) seen() (tokens int, calls, bodies []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.tokens, g.calls, g.bodies
}

// anew forgets what was seen; from now on the first token counts for nothing, or
// each call is refused with a status.
func (g *gate) anew(revoked bool, refuse int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tokens, g.calls, g.bodies, g.revoked, g.refuse = 0, nil, nil, revoked, refuse
}

func newGate(t *testing.T) *gate {
	g := &gate{}
	g.Server = httptest.NewServer(g)
	t.Cleanup(g.Close)
	return g
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	body, _ := io.ReadAll(r.Body)
	if r.URL.Path == "/oauth/token" {
		id, password, _ := r.BasicAuth()
		if id != "caller_r2d2" || password != secret || r.Method != http.MethodPost || !strings.Contains(string(body), "grant_type=client_credentials") {
			w.WriteHeader(http.StatusUnauthorized)
			io.WriteString(w, `{"error":"invalid_client"}`)
			return
		}
		g.tokens++
		fmt.Fprintf(w, `{"access_token": "token-%d", "token_type": "Bearer", "expires_in": 3600, "scope": "to:acme"}`, g.tokens)
		return
	}
	number := 0
	if _, err := fmt.Sscanf(r.Header.Get("Authorization"), "Bearer token-%d", &number); err != nil || number == 0 || g.revoked && number == 1 {
		w.WriteHeader(http.StatusUnauthorized)
		io.WriteString(w, `{"title":"The access token has ended"}`)
		return
	}
	if g.refuse != 0 {
		w.WriteHeader(g.refuse)
		io.WriteString(w, `{"title":"No rule allows it"}`)
		return
	}
	g.calls, g.bodies = append(g.calls, r.Method+" "+r.URL.String()), append(g.bodies, string(body))
	io.WriteString(w, `{"page_size": 30, "meeting_activity_logs": []}`)
}

// programs are the forms that are programs, what runs each, and how to find out
// whether it is here.
var programs = []struct {
	form, needs string
	command     func(t *testing.T, file string) *exec.Cmd
	retries     bool // a token that was revoked is replaced
}{
	{form: "curl", needs: "curl", command: func(t *testing.T, file string) *exec.Cmd { return exec.Command("sh", file) }},
	{form: "python", needs: "python3", retries: true, command: func(t *testing.T, file string) *exec.Cmd { return exec.Command("python3", file) }},
	{form: "node", needs: "node", retries: true, command: func(t *testing.T, file string) *exec.Cmd { return exec.Command("node", file) }},
	{form: "go", needs: "go", command: built},
}

// built compiles a program as a package of this module, without writing into it.
func built(t *testing.T, file string) *exec.Cmd {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	layers, err := json.Marshal(map[string]map[string]string{"Replace": {filepath.Join(root, "internal", "program", "main.go"): file}})
	if err != nil {
		t.Fatal(err)
	}
	overlay, program := file+".json", file+".out"
	if err := os.WriteFile(overlay, layers, 0o600); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-overlay", overlay, "-o", program, "./internal/program")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return exec.Command(program)
}

// TestRun runs each program against the stand-in: what it reads, what it says
// where it is refused, and that nobody sees the secret or the token.
func TestRun(t *testing.T) {
	for _, p := range programs {
		t.Run(p.form, func(t *testing.T) {
			t.Parallel()
			if p.form == "go" && testing.Short() {
				t.Skip("it compiles a program six times; internal/app runs one at a daemon")
			}
			if _, err := exec.LookPath(p.needs); err != nil {
				t.Skipf("%s is missing here (scripts/shells.sh and scripts/node.sh install what Debian has)", p.needs)
			}
			g := newGate(t)
			run := func(use Use, env ...string) (string, string, error) {
				t.Helper()
				use.TokenURL, use.BaseURL = g.URL+"/oauth/token", g.URL+"/to/acme"
				dir := t.TempDir()
				file := filepath.Join(dir, fileOf[p.form])
				text := written(t, p.form, use)
				if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				spy := spies(t, dir)
				cmd := p.command(t, file)
				cmd.Dir = dir
				cmd.Env = append(append(os.Environ(), "PATH="+filepath.Join(dir, "spies")+string(os.PathListSeparator)+os.Getenv("PATH"), "STAGEDOOR_CALLER_SECRET="), env...)
				var stdout, stderr strings.Builder
				cmd.Stdout, cmd.Stderr = &stdout, &stderr
				err := cmd.Run()
				if _, found := os.Stat(filepath.Join(dir, "made")); found == nil {
					t.Errorf("a name was run as a command")
				}
				arguments, _ := os.ReadFile(spy)
				for _, word := range []string{secret, "token-1"} {
					if strings.Contains(string(arguments), word) || strings.Contains(stderr.String(), word) {
						t.Errorf("%s is seen in\n%s\n%s", word, arguments, stderr.String())
					}
				}
				return stdout.String(), stderr.String(), err
			}
			given := "STAGEDOOR_CALLER_SECRET=" + secret

			out, messages, err := run(reports(t), given)
			var answer map[string]any
			if err != nil || json.Unmarshal([]byte(out), &answer) != nil || answer["page_size"] != 30.0 {
				t.Fatalf("%v: it printed %s\n%s", err, out, messages)
			}
			tokens, calls, _ := g.seen()
			if want := "GET /to/acme" + reports(t).Call.Target(); len(calls) != 1 || calls[0] != want || tokens != 1 {
				t.Errorf("with %d tokens it called %v, not %s", tokens, calls, want)
			}

			if _, messages, err = run(reports(t), "STAGEDOOR_CALLER_SECRET=wrong"); err == nil || !strings.Contains(messages, "invalid_client") {
				t.Errorf("with a wrong secret: %v, %s", err, messages)
			}
			if p.form != "python" { // which asks, as TestAsks shows
				if _, messages, err = run(reports(t)); err == nil || !strings.Contains(messages, "STAGEDOOR_CALLER_SECRET") {
					t.Errorf("without a secret: %v, %s", err, messages)
				}
			}

			g.anew(false, http.StatusForbidden)
			if out, messages, err = run(reports(t), given); err == nil || !strings.Contains(out+messages, "No rule allows it") {
				t.Errorf("refused: %v, %s %s", err, out, messages)
			}

			if p.retries {
				g.anew(true, 0)
				_, messages, err = run(reports(t), given)
				if tokens, calls, _ := g.seen(); err != nil || tokens != 2 || len(calls) != 1 {
					t.Errorf("with a revoked token: %v, %d tokens, %v\n%s", err, tokens, calls, messages)
				}
			}

			// Names and ids are plain words; were they not, nothing would be run.
			odd := reports(t)
			odd.Caller = "it's \"$(touch made)`touch made`\n#\\ «x» */ ''' \"\"\""
			odd.Call = Call{Method: "POST", Path: "/v2/users/me/meetings", Query: []Param{{"q", "a'b\"c$(touch made) &é"}}}
			g.anew(false, 0)
			_, messages, err = run(odd, given)
			_, calls, bodies := g.seen()
			if err != nil || len(calls) != 1 {
				t.Fatalf("%v: it called %v\n%s", err, calls, messages)
			}
			if calls[0] != "POST /to/acme/v2/users/me/meetings?q=a%27b%22c%24%28touch%20made%29%20%26%C3%A9" || bodies[0] != "{}" {
				t.Errorf("it called %s with %q", calls[0], bodies[0])
			}
		})
	}
}

// spies puts a curl in front of the true one that writes down its arguments, and
// returns where.
func spies(t *testing.T, dir string) string {
	t.Helper()
	seen := filepath.Join(dir, "arguments")
	curl, err := exec.LookPath("curl")
	if err != nil {
		return seen
	}
	script := "#!/bin/sh\nprintf '%s\\n' \"$@\" >>" + shell(seen) + "\nexec " + shell(curl) + " \"$@\"\n"
	if err := os.Mkdir(filepath.Join(dir, "spies"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "spies", "curl"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return seen
}
