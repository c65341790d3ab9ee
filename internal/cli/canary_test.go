package cli_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"github.com/stagedoor/stagedoor/internal/app"
	"github.com/stagedoor/stagedoor/zoomsim"
)

// A stage is a world in which everything that the program writes is kept, to be
// searched for secrets when the play is over.
type stage struct {
	*world
	flags []string // of every command

	mu      sync.Mutex
	secrets map[string]string // by name
	written map[string][]byte // by where it was written
}

// newStage has every secret that passes between the program and Zoom noted.
func newStage(t *testing.T, logFormat string) *stage {
	s := &stage{
		world: newWorld(t, zoomsim.Options{Plan: "business", Meetings: 150}), flags: []string{"--log-level", "debug", "--log-format", logFormat},
		secrets: map[string]string{}, written: map[string][]byte{},
	}
	s.secret("the client secret", s.info.ClientSecret)
	s.inFront(func(rw http.ResponseWriter, r *http.Request, zoom http.Handler) {
		scheme, value, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		s.secret("a "+scheme+" header", value)
		if strings.HasPrefix(r.URL.Path, "/echo/") {
			echo(rw, r)
			return
		}
		if r.URL.Path != "/oauth/token" {
			zoom.ServeHTTP(rw, r)
			return
		}
		answer := httptest.NewRecorder()
		zoom.ServeHTTP(answer, r)
		var granted struct {
			AccessToken string `json:"access_token"`
		}
		if json.Unmarshal(answer.Body.Bytes(), &granted) == nil {
			s.secret("a token", granted.AccessToken)
		}
		for name, values := range answer.Header() {
			rw.Header()[name] = values
		}
		rw.WriteHeader(answer.Code)
		_, _ = rw.Write(answer.Body.Bytes())
	})
	return s
}

// echo is a server in between that answers with what it was sent.
func echo(rw http.ResponseWriter, r *http.Request) {
	header := r.Header.Get("Authorization")
	_, value, _ := strings.Cut(header, " ")
	inner, _ := base64.StdEncoding.DecodeString(value)
	text := fmt.Sprintf("can not read Authorization: %s (%s) %q %x %X %q", header, value, inner, inner, value, base64.URLEncoding.EncodeToString([]byte(value)))
	if strings.Contains(r.URL.Path, "html") {
		rw.WriteHeader(http.StatusNotFound)
		fmt.Fprintf(rw, "<html><head><title>%s</title></head></html>", text)
		return
	}
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(http.StatusBadRequest)
	body, _ := json.Marshal(map[string]any{"code": 300, "message": text, "error": "invalid_request", "reason": text})
	_, _ = rw.Write(body)
}

func (s *stage) secret(name, value string) {
	if len(value) < len(window{}) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secrets[name+" "+fmt.Sprint(len(s.secrets))] = value
}

// someToken returns a token that Zoom handed out.
func (s *stage) someToken() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, value := range s.secrets {
		if strings.HasPrefix(name, "a token") {
			return value
		}
	}
	s.t.Fatal("Zoom handed out no token")
	return ""
}

// play runs a command and keeps what it wrote. A `token` prints the token on
// purpose: its stdout is not kept.
func (s *stage) play(status int, args ...string) result { return s.playWith(status, "", nil, args...) }

func (s *stage) playWith(status int, stdin string, env []string, args ...string) result {
	s.t.Helper()
	r := s.startWith(strings.NewReader(stdin), env, append(slices.Clone(args), s.flags...)...).wait()
	command := args[0]
	if len(args) > 1 && command != "explain" { // whose argument may be a secret
		command += " " + args[1]
	}
	s.keep(command, r, args[0] != "token")
	if r.status != status {
		s.t.Errorf("stagedoor %s: exit status %d, want %d", command, r.status, status)
	}
	return r
}

func (s *stage) keep(command string, r result, stdout bool) {
	at := fmt.Sprintf("of command %d, stagedoor %s", len(s.written), command)
	s.written["stderr "+at] = []byte(r.stderr)
	if stdout {
		s.written["stdout "+at] = []byte(r.stdout)
	}
}

// files keeps every file that the program made so far. The key file holds the
// keyset on purpose, and nothing else.
func (s *stage) files(when string) {
	s.t.Helper()
	err := filepath.WalkDir(s.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return nil // gone meanwhile
		}
		data, err := os.ReadFile(path)
		if err == nil {
			name, _ := filepath.Rel(s.dir, path)
			s.written["file "+name+" "+when] = data
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// keys adds the keyset and each credential's data key to the secrets, opened
// as docs and the vault say they are sealed.
func (s *stage) keys() {
	s.t.Helper()
	text, err := os.ReadFile(s.path("home/key"))
	if err != nil {
		s.t.Fatal(err)
	}
	var file struct {
		PrimaryKeyID int64 `json:"primaryKeyId"`
		Key          []struct {
			KeyData struct {
				TypeURL, KeyMaterialType string
				Value                    []byte
			}
			Status, OutputPrefixType string
			KeyID                    int64
		}
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&file); err != nil || len(file.Key) != 1 || decoder.More() {
		s.t.Fatalf("the key file holds something besides one keyset (%v)", err)
	}
	raw := file.Key[0].KeyData.Value
	s.secret("the keyset", string(raw[len(raw)-32:]))

	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(text)))
	if err != nil {
		s.t.Fatal(err)
	}
	cipher, err := aead.New(handle)
	if err != nil {
		s.t.Fatal(err)
	}
	rows, err := readColumn(s.path("home/stagedoor.db"), "select id || ' ' || hex(data_key) from credentials")
	if err != nil || len(rows) == 0 {
		s.t.Fatalf("%d credentials (%v)", len(rows), err)
	}
	for _, row := range rows {
		id, sealed, _ := strings.Cut(row, " ")
		var bound, blob []byte
		for _, part := range []string{"credential", id, "data key"} {
			bound = append(binary.BigEndian.AppendUint64(bound, uint64(len(part))), part...)
		}
		if _, err := fmt.Sscanf(sealed, "%X", &blob); err != nil {
			s.t.Fatal(err)
		}
		key, err := cipher.Decrypt(blob, bound)
		if err != nil {
			s.t.Fatal("a data key does not open")
		}
		s.secret("the data key of a credential", string(key))
	}
}

// isClean fails where anything that was written holds a secret.
func (s *stage) isClean() {
	s.t.Helper()
	s.keys()
	look, other := search{}, search{}
	kinds := map[string]int{}
	for name, secret := range s.secrets {
		look.add(name, secret)
		kinds[name[:strings.LastIndexByte(name, ' ')]]++
		if !strings.HasPrefix(name, "the keyset") {
			other.add(name, secret)
		}
	}
	s.t.Logf("searched %d writings for %v", len(s.written), kinds)
	for _, kind := range []string{"the client secret", "the second client secret", "a wrong secret", "a token", "a Bearer header", "a Basic header", "the keyset", "the data key of a credential", "a caller's secret", "a caller's token", "an operator's token"} {
		if kinds[kind] == 0 {
			s.t.Errorf("there was no %s, so nothing is proven of it", kind)
		}
	}
	for where, data := range s.written {
		by := look
		if strings.HasPrefix(where, "file home/key ") {
			by = other
		}
		if found := by.in(data); len(found) > 0 {
			s.t.Errorf("%s holds %s", where, strings.Join(found, ", "))
		}
	}
}

// TestNoSecretIsWritten plays through what the program can do, with all that
// can go wrong, at log level debug, and then searches everything it wrote.
func TestNoSecretIsWritten(t *testing.T) {
	t.Parallel()
	formats := []string{"text", "json"}
	if testing.Short() {
		formats = formats[1:]
	}
	for _, format := range formats {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, format)
			s.playCredentials()
			s.playTokens()
			s.playOperators()
			s.playCalls()
			s.playSyncs()
			s.playEchoes()
			s.playGateway()
			s.playDumps()
			s.files("at the end")
			s.isClean()
		})
	}
}

func (s *stage) playCredentials() {
	wrong := "wR0ng/secret=of+this&app%that\"is<no\\use>"
	s.secret("a wrong secret", wrong)
	at := s.atSim()
	add := func(name string, more ...string) []string {
		return append(append([]string{"credential", "add", name}, at...), more...)
	}
	right, bad := s.give("secret.txt", s.info.ClientSecret+"\n"), s.give("wrong.txt", wrong+"\n")
	s.playWith(4, wrong, nil, add("acme", "--client-secret-stdin")...)
	s.playWith(4, "", []string{"STAGEDOOR_CLIENT_SECRET=" + wrong}, add("acme")...)
	s.play(4, add("acme", "--client-secret-file", bad)...)
	s.play(2, add("acme", "--client-secret", wrong)...)
	s.play(4, add("acme", "--client-secret-file", s.give("blank.txt", s.info.ClientSecret+"  \n"))...)
	s.play(4, append(add("acme", "--client-secret-file", right), "--account-id", "of-another-account")...)

	s.playWith(0, s.info.ClientSecret, nil, add("acme", "--client-secret-stdin", "--json")...)
	s.playWith(0, "", []string{"STAGEDOOR_CLIENT_SECRET=" + s.info.ClientSecret}, add("beta")...)
	s.play(0, add("gamma", "--client-secret-file", right)...)
	s.play(0, add("unproven", "--client-secret-file", bad, "--no-check")...)
	s.play(4, "token", "unproven")
	s.play(4, "credential", "check", "unproven")
	s.play(4, "credential", "check", "unproven", "--json")
	s.play(4, "credential", "set-secret", "acme", "--client-secret-file", bad)
	s.play(4, "credential", "edit", "acme", "--client-id", "of-another-app")
	for _, verb := range []string{"show", "check"} {
		s.play(0, "credential", verb, "acme")
		s.play(0, "credential", verb, "acme", "--json")
	}
	s.play(0, "credential", "list")
	s.play(0, "credential", "list", "--json")
	s.play(0, "credential", "edit", "acme", "--description", "for reports", "--json")
	s.play(0, "credential", "disable", "acme", "--reason", "a test")
	s.play(1, "token", "acme")
	s.play(0, "credential", "enable", "acme")

	second := "2nd+client/secret=of&this%app\"with<odd\\signs>ü"
	s.secret("the second client secret", second)
	s.sim.SetCredential(zoomsim.CredentialChange{ClientSecret: &second})
	s.playWith(0, second, nil, "credential", "set-secret", "acme", "--client-secret-stdin")
	s.play(0, "credential", "set-secret", "beta", "--client-secret-file", s.give("second.txt", second), "--no-check")
	s.play(0, "credential", "check", "beta")
	s.play(4, "credential", "check", "gamma")
	s.play(0, "key", "status")
	s.play(0, "key", "status", "--json")
}

// playOperators makes tokens for operators. The one that is printed on purpose is
// to be nowhere else.
func (s *stage) playOperators() {
	s.t.Helper()
	for _, args := range [][]string{{"grafana"}, {"checks", "--role", "admin", "--json"}} {
		r := s.startWith(strings.NewReader(""), nil, slices.Concat([]string{"operator", "token"}, args, s.flags)...).wait()
		s.keep("operator token", r, false)
		_, token, found := strings.Cut(r.stdout, "sdo_")
		if !found {
			s.t.Fatalf("no token: exit status %d\n%s", r.status, r.stderr)
		}
		s.secret("an operator's token", token[:43])
		s.play(1, append([]string{"operator", "token"}, args...)...)
	}
	s.play(0, "operator", "token", "list")
	s.play(0, "operator", "token", "list", "--json")
	s.play(0, "operator", "token", "remove", "checks")
}

func (s *stage) playTokens() {
	for _, format := range []string{"raw", "header", "env", "json"} {
		s.play(0, "token", "acme", "--format", format)
	}
	s.play(2, "token", "acme", "--min-ttl", "3h")
	token := s.someToken()
	host := strings.TrimSuffix(strings.TrimPrefix(s.info.APIURL, "http://"), "/v2")
	account := []string{"account-id", "--api-url", s.info.APIURL, "--allow-host", host}
	s.playWith(0, token, nil, account...)
	s.playWith(0, "", []string{"ZOOM_ACCESS_TOKEN=" + token}, account...)
	s.playWith(1, token+"x", nil, account...)

	for _, text := range []string{
		`{"code":124,"message":"Invalid access token."} for Authorization: Bearer ` + token,
		`{"code":124,"message":"Invalid access token ` + token + `"}`,
		`curl: (22) 401 -H 'Authorization: Bearer ` + token + `'`,
		`{"reason":"Invalid client_id or client_secret ` + s.info.ClientSecret + `","error":"invalid_client"}`,
		`{"code":300,"message":"no such thing","errors":[{"field":"token","message":"` + token + `"}]}`,
	} {
		s.play(0, "explain", text)
		s.playWith(0, text, nil, "explain", "-", "--json")
	}
	s.play(1, "explain", "the weather is "+token)
}

func (s *stage) playCalls() {
	token := s.someToken()
	s.play(0, "api", "acme", "/users/me")
	s.play(0, "api", "acme", "/users/me", "--include")
	s.play(0, "api", "acme", "/users", "--paginate", "--format", "json")
	s.play(1, "api", "acme", "/users/nobody@example.com")
	s.play(1, "api", "acme", "/users/nobody@example.com", "--include")
	s.play(1, "api", "acme", "/no/such/thing")
	s.play(1, "api", "acme", "https://zoom.example.com/v2/users/me")
	s.play(1, "api", "acme", "http://127.0.0.1:1/v2/users/me")
	r := s.run(append([]string{"api", "acme", "/users/me", "-p", "access_token=" + token}, s.flags...)...)
	s.keep("api with a token in the query", r, true)
	s.play(2, "api", "acme", "users/me", "-p", "page_size")
}

func (s *stage) playSyncs() {
	s.play(0, s.syncAll()...)
	s.play(0, "sync", "acme", "users", "--format", "csv")
	s.play(0, "sync", "acme", "users", "--dry-run", "--json")
	kinds := slices.DeleteFunc(slices.Clone(passing), func(kind string) bool { return kind == zoomsim.PerSecond429 })
	if err := s.sim.AddFaults(atOnce(1, kinds)...); err != nil {
		s.t.Fatal(err)
	}
	s.play(0, append(s.syncAll(), "--full-refresh")...)
	for kind, fired := range s.sim.Stats().FaultsFired {
		if fired == 0 {
			s.t.Errorf("%s did not fire", kind)
		}
	}
	inactive, active := false, true
	s.sim.SetCredential(zoomsim.CredentialChange{Active: &inactive})
	s.play(4, s.syncAll()...)
	s.sim.SetCredential(zoomsim.CredentialChange{Active: &active})
}

// playEchoes meets servers that answer with the secrets that they were sent.
func (s *stage) playEchoes() {
	root := strings.TrimSuffix(s.info.APIURL, "/v2")
	secret := s.give("echo.txt", s.info.ClientSecret)
	for _, form := range []string{"json", "html"} {
		s.play(0, append(append([]string{"credential", "add", "tokens-" + form, "--no-check", "--client-secret-file", secret}, s.atSim()...),
			"--token-url", root+"/echo/"+form)...)
		for _, args := range [][]string{{"token", "tokens-" + form}, {"credential", "check", "tokens-" + form}, {"credential", "check", "tokens-" + form, "--json"}} {
			r := s.run(append(args, s.flags...)...)
			s.keep("against an echo of "+form+": "+args[0], r, true)
			if r.status == 0 {
				s.t.Errorf("%v took the echo for a token", args)
			}
		}
	}
	for _, form := range []string{"json", "html"} {
		s.play(0, "credential", "edit", "acme", "--no-check", "--api-url", root+"/echo/"+form+"/v2")
		for _, args := range [][]string{
			{"api", "acme", "DELETE", "/users/x"},
			{"api", "acme", "POST", "/users", "-f", "x=y"},
		} {
			r := s.run(append(args, s.flags...)...)
			s.keep("api against an echo of "+form, r, true)
			if r.status == 0 {
				s.t.Errorf("%v took the echo for an answer", args)
			}
		}
	}
	s.play(0, "credential", "edit", "acme", "--api-url", s.info.APIURL)
	s.play(0, "credential", "check", "acme")
}

// playDumps has the program panic with a token at hand, and a running sync
// print all its goroutines and die where it stands.
func (s *stage) playDumps() {
	for _, how := range []string{"value", "pointer", "printed", "error", "nil"} {
		p := s.startProgram("panicking", nil, []string{"GOTRACEBACK=system"}, how)
		r := p.wait()
		s.keep("that panics: "+how, r, true)
		if r.status != 2 || !strings.Contains(r.stderr, "goroutine ") || !strings.Contains(r.stderr, "panic: ") {
			s.t.Errorf("panic %s: exit status %d\n%s", how, r.status, r.stderr)
		}
	}

	front := s.front.Load()
	asked := 0
	var p *process
	started := make(chan struct{})
	s.inFront(func(rw http.ResponseWriter, r *http.Request, zoom http.Handler) {
		if asked++; asked == 4 {
			<-started
			s.files("while a sync runs")
			_ = p.cmd.Process.Signal(syscall.SIGQUIT)
			<-r.Context().Done()
			return
		}
		(*front)(rw, r, zoom)
	})
	p = s.startWith(nil, []string{"GOTRACEBACK=system"}, append(append(s.syncAll(), "--full-refresh"), s.flags...)...)
	close(started)
	r := p.wait()
	s.front.Store(front)
	s.keep("sync, which got SIGQUIT", r, true)
	s.files("after SIGQUIT")
	if r.status != 2 || !strings.Contains(r.stderr, "SIGQUIT") || strings.Count(r.stderr, "\ngoroutine ") < 2 {
		s.t.Errorf("SIGQUIT: exit status %d\n%s", r.status, r.stderr)
	}
}

// panicWithToken is a program of the tests: it does what `stagedoor token acme`
// does, and panics with the token in its hands.
func panicWithToken() {
	ctx := context.Background()
	must := func(err error) {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	settings, err := app.Settings{}.Resolve(os.Getenv)
	must(err)
	log := slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	a, err := app.Open(settings, app.Environment{Getenv: os.Getenv, Log: log})
	must(err)
	c, err := a.Credential(ctx, "acme")
	must(err)
	conn, err := a.Connect(ctx, c, app.Use{RenewAhead: true})
	must(err)
	token, err := a.Token(ctx, conn, time.Minute)
	must(err)
	log.Info("all that is at hand", "token", token, "credential", c, "connection", conn, "app", a, "source", conn.Source)
	switch os.Args[1] {
	case "value":
		panic(token)
	case "pointer":
		panic(&c)
	case "printed":
		for _, v := range []any{token, &token, c, &c, conn, *conn, a, *a, conn.Source} {
			fmt.Fprintf(os.Stderr, "%v %+v %#v %s %q %x\n", v, v, v, v, v, v)
		}
		panic(fmt.Sprintf("%v %+v %#v", token, c, conn))
	case "error":
		_, err := a.Credential(ctx, "nobody")
		panic(errors.Join(err, fmt.Errorf("with %v and %+v", token, c)))
	case "nil":
		func(value string, header http.Header) {
			var none *app.Connection
			none.Close()
			_, _ = io.WriteString(os.Stdout, value+header.Get("Authorization"))
		}(token.Value.Reveal(), http.Header{"Authorization": {"Bearer " + token.Value.Reveal()}})
	}
}
