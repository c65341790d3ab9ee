package web_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/app"
	"github.com/stagedoor/stagedoor/internal/operator"
	"github.com/stagedoor/stagedoor/zoomsim"
)

// A world is a running daemon with its page, in front of a simulated Zoom.
type world struct {
	t    *testing.T
	info zoomsim.Info
	sim  *zoomsim.Simulator
	url  string
	app  *app.App // another process on the same home, as commands are
	log  *logged  // of the daemon
	home string
	stop func()
}

// logged is what a daemon logs.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func none(string) string { return "" }

func newWorld(t *testing.T) *world {
	t.Helper()
	sim, err := zoomsim.Start(zoomsim.Options{Users: 8, Meetings: 30, Limits: "off", Plan: "business"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sim.Close() })
	w := &world{t: t, info: sim.Info(), sim: sim, log: &logged{}}
	w.home = t.TempDir()
	d := w.serve("127.0.0.1:0")
	w.url, w.app = d.URL(), w.open(app.Settings{Home: w.home, PublicURL: d.URL()})
	t.Cleanup(func() {
		if t.Failed() && testing.Verbose() {
			t.Log(w.log.String())
		}
	})
	return w
}

// serve starts a daemon, which is stopped with the test, or before.
func (w *world) serve(address string) *app.Daemon {
	w.t.Helper()
	a := w.opened(app.Settings{Home: w.home, Serve: app.ServeSettings{Listen: address}})
	d, err := a.Serve(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	w.stop = sync.OnceFunc(func() {
		_, err := d.Stop(context.Background())
		if err := errors.Join(err, a.Close()); err != nil {
			w.t.Error(err)
		}
	})
	w.t.Cleanup(w.stop)
	return d
}

// open opens an App, which is closed with the test.
func (w *world) open(s app.Settings) *app.App {
	w.t.Helper()
	a := w.opened(s)
	w.t.Cleanup(func() {
		if err := a.Close(); err != nil {
			w.t.Error(err)
		}
	})
	return a
}

func (w *world) opened(s app.Settings) *app.App {
	w.t.Helper()
	settings, err := s.Resolve(none)
	if err != nil {
		w.t.Fatal(err)
	}
	a, err := app.Open(settings, app.Environment{
		Getenv: none, Log: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		PasswordWork: operator.Work{Memory: 64, Passes: 1, Lanes: 1},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

// credential is one of the simulated account, which a test may change before it is
// saved.
func (w *world) credential() stagedoor.Credential {
	return stagedoor.Credential{
		Slug: "acme", Name: "Acme reports", Description: "for finance", Provider: "zoom", AccountID: w.info.AccountID, ClientID: w.info.ClientID,
		Plan: stagedoor.PlanBusiness, TokenURL: w.info.TokenURL, APIURL: w.info.APIURL, Labels: map[string]string{"team": "finance"},
		AllowHosts:    []string{strings.TrimSuffix(strings.TrimPrefix(w.info.APIURL, "http://"), "/v2")},
		ClientSecrets: []stagedoor.Secret{stagedoor.NewSecret(w.info.ClientSecret)},
	}
}

// add saves a credential, proven.
func (w *world) add(c stagedoor.Credential) {
	w.t.Helper()
	if _, _, err := w.app.Add(w.t.Context(), c, true, nil); err != nil {
		w.t.Fatal(err)
	}
}

// addCaller adds a caller to acme and returns its client id and secret.
func (w *world) addCaller(name string, allow ...string) (string, string) {
	w.t.Helper()
	c, secret, _, err := w.app.AddCaller(w.t.Context(), stagedoor.NewCaller{
		Caller: stagedoor.Caller{Name: name, Credential: "acme"}, RuleTexts: stagedoor.RuleTexts{Allow: allow},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return c.ID, secret.Reveal()
}

// A browser is one in which somebody is signed in, or nobody.
type browser struct {
	t    *testing.T
	url  string
	http *http.Client
	csrf string
}

// answer is what came back.
type answer struct {
	status int
	body   string
	header http.Header
}

func (w *world) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return &browser{t: w.t, url: w.url, http: &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

const password = "tram lantern oxide walnut 9"

// as is a browser in which an operator of a role has signed in, by a one-time link.
func (w *world) as(role stagedoor.Role) *browser {
	w.t.Helper()
	b := w.browser()
	if role == "" {
		return b
	}
	_, link, err := w.app.InviteOperator(w.t.Context(), "a-"+string(role), role)
	if stagedoor.KindOf(err) == stagedoor.KindExists && err != nil {
		b.signIn("a-" + string(role))
		return b
	}
	if err != nil {
		w.t.Fatal(err)
	}
	if got := b.post("/invitation", url.Values{"link": {w.url + "/invitation#" + link.Reveal()}, "password": {password}, "again": {password}}); got.status != http.StatusSeeOther {
		w.t.Fatalf("the invitation was answered by %d: %s", got.status, plain(got.body))
	}
	b.learn()
	return b
}

func (b *browser) signIn(name string) {
	b.t.Helper()
	if got := b.post("/sign-in", url.Values{"name": {name}, "password": {password}}); got.status != http.StatusSeeOther {
		b.t.Fatalf("signing in was answered by %d: %s", got.status, plain(got.body))
	}
	b.learn()
}

var csrfOf = regexp.MustCompile(`data-csrf="([^"]+)"`)

// learn reads what forms of this session hold.
func (b *browser) learn() {
	b.t.Helper()
	found := csrfOf.FindStringSubmatch(b.get("/me").body)
	if found == nil {
		b.t.Fatal("the page of a signed-in operator holds no token for forms")
	}
	b.csrf = found[1]
}

func (b *browser) get(path string) answer {
	b.t.Helper()
	r, err := http.NewRequest(http.MethodGet, b.url+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.do(r)
}

func (b *browser) post(path string, form url.Values) answer {
	b.t.Helper()
	if b.csrf != "" && !form.Has("csrf") {
		if form == nil {
			form = url.Values{}
		}
		form.Set("csrf", b.csrf)
	}
	r, err := http.NewRequest(http.MethodPost, b.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", b.url)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.do(r)
}

func (b *browser) do(r *http.Request) answer {
	b.t.Helper()
	r.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	got, err := b.http.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer got.Body.Close()
	if strings.HasPrefix(got.Header.Get("Content-Type"), "text/event-stream") {
		return answer{got.StatusCode, "", got.Header}
	}
	body, err := io.ReadAll(got.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{got.StatusCode, string(body), got.Header}
}

// shows holds that an answer is a page of this status that says all of these.
func (b *browser) shows(got answer, status int, texts ...string) {
	b.t.Helper()
	if got.status != status {
		b.t.Errorf("the answer is %d, want %d: %s", got.status, status, plain(got.body))
		return
	}
	for _, text := range texts {
		if !strings.Contains(plain(got.body), text) {
			b.t.Errorf("the page does not say %q:\n%s", text, plain(got.body))
		}
	}
}

var tag = regexp.MustCompile(`(?s)<(style|script).*?</(style|script)>|<[^>]*>`)

// plain is the text of a page.
func plain(page string) string {
	text := tag.ReplaceAllString(page, " ")
	for from, to := range map[string]string{"&#34;": `"`, "&#39;": "'", "&amp;": "&", "&lt;": "<", "&gt;": ">"} {
		text = strings.ReplaceAll(text, from, to)
	}
	return strings.Join(strings.Fields(text), " ")
}
