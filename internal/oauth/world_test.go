package oauth

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/caller"
	"github.com/stagedoor/stagedoor/internal/operator"
	"github.com/stagedoor/stagedoor/internal/store"
)

// backend is [Callers] that can be filled.
type backend interface {
	Callers
	add(t *testing.T, name, keys string, expires time.Time) (id string, secret stagedoor.Secret)
	end(t *testing.T, name string)
}

// backends are the two by which every story is told: one in memory that keeps the
// contract of [Callers] and nothing more, and the one of the program.
func backends(t *testing.T, story func(t *testing.T, b backend)) {
	t.Helper()
	t.Run("in memory", func(t *testing.T) { story(t, newFake(time.Now)) })
	t.Run("real", func(t *testing.T) { story(t, newInDatabase(t)) })
}

// world is a server with one caller, "reports", of the credential acme.
type world struct {
	http.Handler
	backend  backend
	id       string
	secret   stagedoor.Secret
	operator stagedoor.Secret // a viewer's token

	mu     sync.Mutex
	events []stagedoor.Event
}

const issuer = "https://gate.example.com"

func newWorld(t *testing.T, b backend) *world {
	t.Helper()
	w := &world{backend: b}
	w.id, w.secret = b.add(t, "reports", "", time.Time{})
	operators := operator.Open(&operatorStore{}, operator.Options{})
	var err error
	if _, w.operator, err = operators.Add(t.Context(), stagedoor.OperatorToken{Name: "grafana", Role: stagedoor.RoleViewer}); err != nil {
		t.Fatal(err)
	}
	w.Handler = New(Options{
		Callers: b, Operators: operators,
		Issuer: func(*http.Request) string { return issuer },
		Record: func(e stagedoor.Event) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.events = append(w.events, e)
		},
	})
	w.impatient()
	return w
}

// impatient lets nobody wait.
func (w *world) impatient() {
	w.Handler.(*server).delays.pause = func(context.Context, time.Duration) {}
}

// last is the last line of the audit.
func (w *world) last(t *testing.T) stagedoor.Event {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.events) == 0 {
		t.Fatal("nothing was recorded")
	}
	return w.events[len(w.events)-1]
}

// post sends a form, changed by edit, and returns the answer.
func (w *world) post(path, body string, edit ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, e := range edit {
		e(r)
	}
	rw := httptest.NewRecorder()
	w.ServeHTTP(rw, r)
	return rw
}

// basicly authenticates by the header.
func (w *world) basicly(r *http.Request) { r.SetBasicAuth(w.id, w.secret.Reveal()) }

// mint gets an access token.
func (w *world) mint(t *testing.T) string {
	t.Helper()
	rw := w.post(TokenPath, "grant_type=client_credentials", w.basicly)
	var got granted
	if rw.Code != http.StatusOK || json.Unmarshal(rw.Body.Bytes(), &got) != nil || got.AccessToken == "" {
		t.Fatalf("no token: %d %s", rw.Code, rw.Body)
	}
	return got.AccessToken
}

// operatorStore is an [operator.Store] in memory.
type operatorStore struct{ list []stagedoor.OperatorToken }

func (s *operatorStore) AddOperatorToken(_ context.Context, t stagedoor.OperatorToken) error {
	s.list = append(s.list, t)
	return nil
}

func (s *operatorStore) OperatorTokens(context.Context) ([]stagedoor.OperatorToken, error) {
	return s.list, nil
}

func (s *operatorStore) RemoveOperatorToken(context.Context, string) error { return nil }

// fake is the contract of [Callers] in a few maps.
type fake struct {
	wall    func() time.Time
	mu      sync.Mutex
	callers map[string]stagedoor.Caller
	secrets map[string]stagedoor.Secret
	tokens  map[string]fakeToken
	used    map[string]bool
	fails   error // what every call answers, if set
	life    time.Duration
	made    int
}

type fakeToken struct {
	caller string
	grant  Grant
}

func newFake(wall func() time.Time) *fake {
	return &fake{
		wall: wall, callers: map[string]stagedoor.Caller{}, secrets: map[string]stagedoor.Secret{},
		tokens: map[string]fakeToken{}, used: map[string]bool{},
		life: time.Hour,
	}
}

func (f *fake) add(t *testing.T, name, keys string, expires time.Time) (string, stagedoor.Secret) {
	t.Helper()
	id := "id-of-" + name
	f.callers[id] = stagedoor.Caller{ID: id, Name: name, Credential: "acme", Keys: keys, ExpiresAt: expires}
	f.secrets[id] = stagedoor.NewSecret("secret-of-" + name + "-that-is-long-enough")
	return id, f.secrets[id]
}

func (f *fake) end(t *testing.T, name string) { delete(f.callers, "id-of-"+name) }

func (f *fake) Authenticate(ctx context.Context, id string, secret stagedoor.Secret) (stagedoor.Caller, error) {
	c, err := f.ByID(ctx, id)
	if err == nil && !f.secrets[id].Equal(secret) {
		return stagedoor.Caller{}, &stagedoor.Error{Kind: stagedoor.KindUnauthenticated}
	}
	return c, err
}

func (f *fake) ByID(_ context.Context, id string) (stagedoor.Caller, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c, ok := f.callers[id]
	if f.fails == nil && (!ok || !c.ExpiresAt.IsZero() && !f.wall().Before(c.ExpiresAt)) {
		return stagedoor.Caller{}, &stagedoor.Error{Kind: stagedoor.KindUnauthenticated}
	}
	return c, f.fails
}

func (f *fake) UseAssertion(_ context.Context, id string, _ time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.used[id] {
		return &stagedoor.Error{Kind: stagedoor.KindUnauthenticated}
	}
	f.used[id] = true
	return f.fails
}

func (f *fake) Mint(c stagedoor.Caller) (stagedoor.Secret, time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.made++
	text := "sda_token-" + strconv.Itoa(f.made)
	now := f.wall()
	f.tokens[text] = fakeToken{c.ID, Grant{ID: "grant-" + strconv.Itoa(f.made), Issued: now, Expires: now.Add(f.life)}}
	return stagedoor.NewSecret(text), f.life
}

func (f *fake) Verify(ctx context.Context, token stagedoor.Secret) (stagedoor.Caller, Grant, error) {
	f.mu.Lock()
	t, ok := f.tokens[token.Reveal()]
	f.mu.Unlock()
	if !ok && f.fails == nil {
		return stagedoor.Caller{}, Grant{}, &stagedoor.Error{Kind: stagedoor.KindUnauthenticated}
	}
	c, err := f.ByID(ctx, t.caller)
	return c, t.grant, err
}

func (f *fake) RevokeToken(_ context.Context, id string, token stagedoor.Secret) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	t, ok := f.tokens[token.Reveal()]
	if ok && t.caller != id {
		return &stagedoor.Error{Kind: stagedoor.KindForbidden}
	}
	delete(f.tokens, token.Reveal())
	return f.fails
}

// inDatabase are the callers of the program, in a database of their own.
type inDatabase struct{ *caller.Callers }

func newInDatabase(t *testing.T) inDatabase {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{Database: "sqlite:" + filepath.Join(t.TempDir(), "stagedoor.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	acme := stagedoor.SealedCredential{Credential: stagedoor.Credential{ID: "credential-1", Slug: "acme", Provider: "zoom"}, DataKey: []byte("key")}
	if err := s.AddCredential(t.Context(), acme); err != nil {
		t.Fatal(err)
	}
	return inDatabase{caller.Open(s, []byte("a key of 32 bytes, for the tests"), caller.Options{})}
}

func (b inDatabase) add(t *testing.T, name, keys string, expires time.Time) (string, stagedoor.Secret) {
	t.Helper()
	c, secret, err := b.Add(t.Context(), stagedoor.Caller{
		Name: name, CredentialID: "credential-1", Provider: "zoom", CreatedBy: "ann", Keys: keys, ExpiresAt: expires,
		Rules: []stagedoor.Rule{{Path: "/users/*"}},
	}, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c.ID, secret
}

func (b inDatabase) end(t *testing.T, name string) {
	t.Helper()
	if _, err := b.Revoke(t.Context(), name, "ann"); err != nil {
		t.Fatal(err)
	}
}

func (b inDatabase) Verify(ctx context.Context, token stagedoor.Secret) (stagedoor.Caller, Grant, error) {
	c, g, err := b.Callers.Verify(ctx, token)
	return c, Grant(g), err
}
