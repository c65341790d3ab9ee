package cli_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor/internal/postgrestest"
	"github.com/stagedoor/stagedoor/zoomsim"
)

// Examples are what people copy, so each one is run: those of every --help
// (examples_test.go) and those of the documents (docs_test.go). They speak of a
// real Zoom account; here is what stands in for it.

// substitutions turn an example into what is run, in this order.
func (w *world) substitutions() []substitution {
	host := strings.TrimSuffix(strings.TrimPrefix(w.info.APIURL, "http://"), "/v2")
	month := time.Now().UTC().AddDate(0, 0, 1-time.Now().UTC().Day()) // the first of this month
	return []substitution{
		// Where Zoom is: the simulator.
		{`https://api\.zoom\.us/v2`, w.info.APIURL},
		{`https://api\.zoom\.us`, strings.TrimSuffix(w.info.APIURL, "/v2")},
		{`https://zoom\.us/oauth/token`, w.info.TokenURL},
		{`stagedoor credential add\b`, "stagedoor credential add --token-url " + w.info.TokenURL + " --api-url " + w.info.APIURL + " --allow-host " + host},
		{`stagedoor account-id\b`, "stagedoor account-id --api-url " + w.info.APIURL + " --allow-host " + host},
		// Where docs/providers.md has its test server: the same.
		{`http://127\.0\.0\.1:8080/oauth/token`, w.info.TokenURL},
		{`127\.0\.0\.1:8080`, host},
		{`~/\.local/share/stagedoor`, `"$$STAGEDOOR_HOME"`},
		{`postgres://stagedoor:PASSWORD@db\.example\.com:5432/warehouse\?schema=zoom&sslmode=verify-full`, strings.ReplaceAll(w.database, "$", "$$")},
		// What a person fills in.
		{`--account-id (ID|ACCOUNT_ID)\b`, "--account-id " + w.info.AccountID},
		{`--client-id (ID|CLIENT_ID)\b`, "--client-id " + w.info.ClientID},
		{`([^$A-Z_])NAME\b`, "${1}acme"},
		{`\bada@example\.com\b`, w.user},
		// What Zoom keeps for six months only: last month takes October's place.
		{`\b2026-10-01\b`, month.AddDate(0, -1, 0).Format(time.DateOnly)},
		{`\b2026-10-31\b`, month.AddDate(0, 0, -1).Format(time.DateOnly)},
		// Where the daemon listens: each page has its own.
		{`(stagedoor serve\b[^\n]*?) --listen \S+`, "${1}"},
		{`(stagedoor operator (?:invite|reset) (\w+)(?: --role \w+)?)$`, "${1} --link-file ${2}-terminal.link"}, // there is no terminal
		{`stagedoor serve\b`, "stagedoor serve --listen " + w.gate},
		{`127\.0\.0\.1:8701\b`, "127.0.0.1:0"},
		{`127\.0\.0\.1:8700\b`, w.gate},
		// The program, however it is called.
		{`\bmake demo\b`, "stagedoor demo --once"},
		{`(go run )?\./cmd/stagedoor\b`, "stagedoor"},
		{`\./stagedoor\b`, "stagedoor"},
		// Places of other shells, which bash does not know.
		{`"\$\{fpath\[1\]\}/_stagedoor"`, "~/_stagedoor"},
	}
}

// notRun are the examples that can not be run here, by how they begin, and why;
// one that ends with $ is meant whole.
// There should be almost none.
var notRun = map[string]string{
	"make test":                      "it is what runs this test",
	"make build":                     "it builds the program that this test is made of, with the library downloads of a fresh machine",
	"stagedoor credential add acme$": "it asks on a terminal: TestForm types the answers in",
	"go install":                     "it would write into the developer's own folder; scripts build the same package",
}

// lasting are the commands that stay up until they are interrupted, by how they
// begin, and what they print when they are ready. They must end well then. One
// that goes on in the background (with & after it) stays up to the page's end.
var lasting = map[string]string{
	"stagedoor sim zoom":       `"api_url"|Ctrl-C ends it`,
	"stagedoor audit --follow": `credential.add`,
	"stagedoor demo":           `stay up until Ctrl-C`,
	"stagedoor serve":          `listening on `,
}

// A substitution puts a text in the place of what a pattern matches.
type substitution struct{ pattern, with string }

// exampleWorld is a world in which examples run: acme is saved, files that they
// name are there, and a write is answered.
func exampleWorld(t *testing.T) *world {
	t.Helper()
	needs(t, "bash")
	w := newWorld(t, zoomsim.Options{Plan: "business", Meetings: 60, Users: 12, Limits: "off"})
	// The simulator has no writes: what it has let in and would refuse only for
	// that reason is answered here. Nor is it the service of docs/providers.md, with
	// the standard grant and one path.
	w.inFront(func(rw http.ResponseWriter, r *http.Request, zoom http.Handler) {
		if serviceOfPage(rw, r, w.info) {
			return
		}
		if r.Method == http.MethodGet || !strings.HasPrefix(r.URL.Path, "/v2/") || !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ") {
			zoom.ServeHTTP(rw, r)
			return
		}
		body, _ := io.ReadAll(r.Body)
		if r.Method != http.MethodPost {
			rw.WriteHeader(http.StatusNoContent)
			return
		}
		rw.Header().Set("Content-Type", "application/json")
		rw.WriteHeader(http.StatusCreated)
		rw.Write(body)
	})
	w.gate = freeAddress(t)
	w.addCredential()
	w.succeeds("operator", "token", "grafana")
	w.user = strings.TrimSpace(w.succeeds("api", "acme", "/users/me", "-q", ".email").stdout)
	token := strings.TrimSpace(w.succeeds("token", "acme").stdout)
	for name, text := range map[string]string{
		"secret.txt": w.info.ClientSecret + "\n", "new.txt": w.info.ClientSecret + "\n",
		// The file that docs/providers.md begins with, for the commands about it.
		"my-service.yaml": "name: my-service\ntitle: My service\nextends: client-credentials\ntoken_url: https://auth.example.com/oauth/token\napi_url: https://api.example.com\nhosts: [auth.example.com, api.example.com]\n",
		"meeting.json":    `{"topic":"Lunch","type":2}`, "meetings.json": `{"topic":"Lunch","type":2}`,
		"bin/some-program":                        "#!/bin/sh\n" + `echo '{"reason":"Invalid client_id or client_secret","error":"invalid_client"}' >&2` + "\n",
		".config/fish/completions/stagedoor.fish": "",
	} {
		path := w.path(name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o700)); err != nil {
			t.Fatal(err)
		}
	}
	if postgrestest.Installed() {
		c := postgrestest.Start(t)
		name := fmt.Sprintf("examples_%d", postgresPlaces.Add(1))
		if err := c.Exec("postgres", "CREATE DATABASE "+name); err != nil {
			t.Fatal(err)
		}
		w.database = c.URL(postgrestest.Admin, name, "schema", "zoom")
		w.env = append(w.env, "DEST="+w.database)
	}
	w.env = append(w.env, "PATH="+w.path("bin")+string(os.PathListSeparator)+os.Getenv("PATH"),
		"TOKEN="+token, "PROFILE="+w.path("profile.ps1"),
		"STAGEDOOR_CLIENT_SECRET="+w.info.ClientSecret,
		"ZOOM_ACCOUNT_ID="+w.info.AccountID, "ZOOM_CLIENT_ID="+w.info.ClientID, "ZOOM_CLIENT_SECRET="+w.info.ClientSecret,
		"ZOOM_TOKEN_URL="+w.info.TokenURL, "ZOOM_API_URL="+w.info.APIURL,
		"PYTHONDONTWRITEBYTECODE=1", "LC_ALL=C.UTF-8")
	return w
}

// serviceOfPage answers what is asked of my-service.
func serviceOfPage(rw http.ResponseWriter, r *http.Request, info zoomsim.Info) bool {
	const token = "a-token-of-the-service"
	if r.Header.Get("Authorization") == "Bearer "+token && path.Base(r.URL.Path) == "things" {
		io.WriteString(rw, `{"things":[{"id":1},{"id":2}]}`)
		return true
	}
	if r.Method != http.MethodPost || path.Base(r.URL.Path) != "token" {
		return false
	}
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	if id, secret, _ := r.BasicAuth(); !bytes.Contains(body, []byte("client_credentials")) || id != info.ClientID || secret != info.ClientSecret {
		return false
	}
	io.WriteString(rw, `{"access_token":"`+token+`","token_type":"Bearer","expires_in":600,"scope":"read"}`)
	return true
}

// fresh is the same world in a folder of its own, so that examples do not see
// each other.
func (w *world) fresh(t *testing.T) *world {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(w.dir)); err != nil {
		t.Fatal(err)
	}
	// CopyFS does not keep modes, and a key that others can read is refused.
	for name, mode := range map[string]os.FileMode{"home": 0o700, "home/key": 0o600, "home/stagedoor.db": 0o600, "tmp": 0o700, "bin/some-program": 0o700} {
		if err := os.Chmod(filepath.Join(dir, name), mode); err != nil {
			t.Fatal(err)
		}
	}
	other := &world{t: t, sim: w.sim, info: w.info, dir: dir, asked: w.asked, user: w.user, gate: freeAddress(t), database: w.database}
	for _, entry := range w.env {
		other.env = append(other.env, strings.ReplaceAll(entry, w.dir, dir))
	}
	other.env = append(other.env, "STAGEDOOR_PUBLIC_URL=http://"+other.gate)
	return other
}

// substitute makes an example into what is run.
func (w *world) substitute(text string) string {
	for _, s := range w.substitutions() {
		text = regexp.MustCompile(s.pattern).ReplaceAllString(text, s.with)
	}
	return text
}

var addsCredential = regexp.MustCompile(`\bstagedoor credential add(?: ([a-z][a-z0-9-]*)| NAME)?`)

// errSkipped tells that a command was not run, and why.
type errSkipped struct{ why string }

func (e errSkipped) Error() string { return e.why }

// shell runs one command of an example as a person's shell would, and returns
// what it printed. The error says what was run and how it ended; it is an
// [errSkipped] where a program is missing.
func (w *world) shell(command string) (string, error) {
	for begin, why := range notRun {
		if whole, ok := strings.CutSuffix(begin, "$"); ok && command == whole || !ok && strings.HasPrefix(command, begin) {
			return "", errSkipped{why}
		}
	}
	for _, program := range []string{"curl", "jq", "sqlite3", "python3", "man", "zsh", "fish"} {
		if regexp.MustCompile(`(^|[|(;&]\s*|\bxargs .*)` + program + `\b`).MatchString(command) {
			if _, err := exec.LookPath(program); err != nil {
				return "", errSkipped{program + " is missing here (scripts/shells.sh installs what Debian has)"}
			}
		}
	}
	if strings.Contains(command, "env:DEST") && w.database == "" {
		return "", errSkipped{"the server of PostgreSQL is missing here (scripts/postgres.sh installs what Debian has)"}
	}
	if m := addsCredential.FindStringSubmatch(command); m != nil {
		// The name is free for someone who adds it.
		w.run("credential", "remove", "--yes", map[bool]string{true: m[1], false: "default"}[m[1] != ""])
	}
	run, background := strings.CutSuffix(w.substitute(command), "&")
	var ready string
	for begin, pattern := range lasting {
		if strings.HasPrefix(run, begin) && !strings.Contains(run, "--once") {
			ready, run = pattern, "exec "+run
		}
	}
	if background && ready == "" {
		return "", fmt.Errorf("it goes on in the background: say in the table lasting what it prints when it is ready\n%s", command)
	}
	var out output
	cmd := exec.Command("bash", "-c", "set -eu -o pipefail\n"+run)
	cmd.Dir, cmd.Env = w.dir, w.env
	cmd.Stdout, cmd.Stderr = &out, &out
	if background {
		return w.inBackground(cmd, run, ready)
	}
	hung := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	defer hung.Stop()
	if ready != "" {
		out.ready, out.pattern = make(chan struct{}), regexp.MustCompile(ready)
	}
	err := cmd.Start()
	if err == nil && ready != "" {
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		select {
		case <-out.ready:
			err = cmd.Process.Signal(syscall.SIGINT)
			err = errors.Join(err, <-ended)
		case err = <-ended:
			err = errors.Join(fmt.Errorf("it ended before it was ready (/%s/)", ready), err)
		}
	} else if err == nil {
		err = cmd.Wait()
	}
	if err != nil {
		return out.String(), fmt.Errorf("%w\nrun as\n%s\nit printed\n%s", err, indent(run), indent(out.String()))
	}
	return out.String(), nil
}

// inBackground starts a command that stays up to the end of the test, and waits
// until what it prints, also into a file, shows that it is ready.
func (w *world) inBackground(cmd *exec.Cmd, run, ready string) (string, error) {
	out := cmd.Stdout.(*output)
	out.ready, out.pattern = make(chan struct{}), regexp.MustCompile(ready)
	pattern := out.pattern
	var file string
	if m := regexp.MustCompile(`> *(\S+) *$`).FindStringSubmatch(run); m != nil {
		file = filepath.Join(w.dir, m[1])
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	w.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGINT)
		if err := <-ended; err != nil {
			w.t.Errorf("%s\nended with %v and printed\n%s", run, err, indent(out.String()))
		}
	})
	late := time.After(time.Minute)
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-out.ready:
			return "", nil
		case err := <-ended:
			ended <- nil
			return "", fmt.Errorf("it ended before it was ready (/%s/): %w\n%s", ready, err, indent(out.String()))
		case <-late:
			return "", fmt.Errorf("it is not ready after a minute (/%s/)", ready)
		case <-look.C:
			if text, err := os.ReadFile(file); err == nil && pattern.Match(text) {
				return "", nil
			}
		}
	}
}

func indent(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n    ")
}

// output is what a command printed; ready is closed once the pattern is in it.
type output struct {
	text    bytes.Buffer // not embedded: its ReadFrom would pass Write by
	pattern *regexp.Regexp
	ready   chan struct{}
}

func (o *output) Write(text []byte) (int, error) {
	n, err := o.text.Write(text)
	if o.pattern != nil && o.pattern.Match(o.text.Bytes()) {
		o.pattern = nil
		close(o.ready)
	}
	return n, err
}

func (o *output) String() string { return o.text.String() }

// commands cuts an example into its commands: comments and blank lines fall
// away, and a line goes on after a backslash, an open quote, an open loop or a
// here document.
func commands(text string) []string {
	var list []string
	var open []string
	for _, line := range strings.Split(text, "\n") {
		if len(open) == 0 && (strings.TrimSpace(line) == "" || strings.HasPrefix(strings.TrimSpace(line), "#")) {
			continue
		}
		open = append(open, line)
		if whole := strings.Join(open, "\n"); complete(whole) {
			list = append(list, strings.TrimSpace(whole))
			open = nil
		}
	}
	if len(open) > 0 {
		list = append(list, strings.Join(open, "\n"))
	}
	return list
}

// complete asks the shell's own parser whether a command is whole.
func complete(command string) bool {
	if strings.HasSuffix(command, "\\") || strings.HasSuffix(command, "|") {
		return false
	}
	if m := regexp.MustCompile(`<<-?'?(\w+)'?`).FindStringSubmatch(command); m != nil {
		return slices.Contains(strings.Split(command, "\n")[1:], m[1])
	}
	if !strings.ContainsAny(command, "'\"{(") && !regexp.MustCompile(`\b(do|then|case)\b`).MatchString(command) {
		return true // the usual one line, without a shell to ask
	}
	return exec.Command("bash", "-n", "-c", command).Run() == nil
}
