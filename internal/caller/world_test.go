package caller_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/caller"
	"github.com/stagedoor/stagedoor/internal/zoom"
)

// memory is a store of one process.
type memory struct {
	mu         sync.Mutex
	rows       []stagedoor.Caller
	revoked    map[string]time.Time
	assertions map[string]time.Time
	reads      int
	broken     error
}

func (m *memory) AddCaller(_ context.Context, c stagedoor.Caller) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rows = slices.DeleteFunc(m.rows, func(r stagedoor.Caller) bool { return r.Name == c.Name && !r.RevokedAt.IsZero() })
	if slices.ContainsFunc(m.rows, func(r stagedoor.Caller) bool { return r.Name == c.Name }) {
		return &stagedoor.Error{Kind: stagedoor.KindExists}
	}
	m.rows = append(m.rows, c)
	return nil
}

func (m *memory) Callers(context.Context) ([]stagedoor.Caller, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reads++
	return slices.Clone(m.rows), m.broken
}

func (m *memory) UpdateCaller(_ context.Context, id string, edit func(*stagedoor.Caller) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	at := slices.IndexFunc(m.rows, func(r stagedoor.Caller) bool { return r.ID == id })
	if at < 0 {
		return &stagedoor.Error{Kind: stagedoor.KindNotFound}
	}
	row := m.rows[at]
	if err := edit(&row); err != nil {
		return err
	}
	m.rows[at] = row
	return nil
}

func (m *memory) RevokeToken(_ context.Context, id string, expires time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.revoked == nil {
		m.revoked = map[string]time.Time{}
	}
	m.revoked[id] = expires
	return nil
}

func (m *memory) RevokedTokens(context.Context) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var ids []string
	for id := range m.revoked {
		ids = append(ids, id)
	}
	return ids, nil
}

func (m *memory) UseAssertion(_ context.Context, id string, expires time.Time) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.assertions == nil {
		m.assertions = map[string]time.Time{}
	}
	_, used := m.assertions[id]
	m.assertions[id] = expires
	return !used, nil
}

// clock is a wall clock that a test sets.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) wall() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

var tokenKey = []byte("0123456789abcdef0123456789abcdef")

// world is the callers of a database, the store below them and their clock.
type world struct {
	*caller.Callers
	store *memory
	clock *clock
}

func options() caller.Options {
	return caller.Options{
		Operations: func(provider string) []stagedoor.Operation {
			if provider == "zoom" {
				return zoom.Operations().All()
			}
			return nil
		},
	}
}

func newWorld() world {
	w := world{store: &memory{}, clock: &clock{at: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)}}
	o := options()
	o.Wall = w.clock.wall
	w.Callers = caller.Open(w.store, tokenKey, o)
	return w
}

// rulesOf reads rules as a person writes them: "allow GET /users/*", "deny
// /users/me", "allow-scope …", "deny-scope …".
func rulesOf(t testing.TB, texts ...string) []stagedoor.Rule {
	t.Helper()
	var list []stagedoor.Rule
	for _, text := range texts {
		how, what, _ := strings.Cut(text, " ")
		verb, scoped := strings.CutSuffix(how, "-scope")
		if scoped {
			list = append(list, stagedoor.Rule{Deny: verb == "deny", Scope: what})
			continue
		}
		rule, err := caller.ParseRule(what, "/v2", verb == "deny")
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, rule)
	}
	return list
}

// add adds a caller with these rules.
func (w world) add(t testing.TB, name string, rules ...string) (stagedoor.Caller, stagedoor.Secret) {
	t.Helper()
	c, secret, err := w.Add(context.Background(), stagedoor.Caller{
		Name: name, CredentialID: "id-acme", Credential: "acme", Provider: "zoom", CreatedBy: "ann", Rules: rulesOf(t, rules...),
	}, true)
	if err != nil {
		t.Fatal(err)
	}
	return c, secret
}

// wantKind checks that err is explained, of this kind, and says words.
func wantKind(t testing.TB, err error, kind stagedoor.Kind, words ...string) {
	t.Helper()
	e, ok := errors.AsType[*stagedoor.Error](err)
	if !ok || e.Kind != kind {
		t.Fatalf("got %v, want an error of kind %s", err, kind)
	}
	for _, word := range words {
		if !strings.Contains(e.Error(), word) {
			t.Errorf("the error does not say %q: %v", word, e)
		}
	}
}
