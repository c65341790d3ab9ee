package operator

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
)

// memory is a [Store] in memory.
type memory struct {
	list  []stagedoor.OperatorToken
	reads int
	fails error
}

func (m *memory) AddOperatorToken(_ context.Context, t stagedoor.OperatorToken) error {
	for _, other := range m.list {
		if other.Name == t.Name {
			return &stagedoor.Error{Kind: stagedoor.KindExists}
		}
	}
	m.list = append(m.list, t)
	return nil
}

func (m *memory) OperatorTokens(context.Context) ([]stagedoor.OperatorToken, error) {
	m.reads++
	return slices.Clone(m.list), m.fails
}

func (m *memory) RemoveOperatorToken(_ context.Context, name string) error {
	before := len(m.list)
	m.list = slices.DeleteFunc(m.list, func(t stagedoor.OperatorToken) bool { return t.Name == name })
	if len(m.list) == before {
		return &stagedoor.Error{Kind: stagedoor.KindNotFound}
	}
	return nil
}

type world struct {
	*Operators
	store *memory
	now   time.Time
}

func newWorld() *world {
	w := &world{store: &memory{}, now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)}
	w.Operators = Open(w.store, Options{Wall: func() time.Time { return w.now }})
	return w
}

func (w *world) add(t *testing.T, name string, role stagedoor.Role, life time.Duration) stagedoor.Secret {
	t.Helper()
	_, secret, err := w.Add(t.Context(), stagedoor.OperatorToken{Name: name, Role: role, ExpiresAt: w.now.Add(life)})
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

func TestOnlyTheHashIsKept(t *testing.T) {
	w := newWorld()
	secret := w.add(t, "grafana", stagedoor.RoleViewer, time.Hour)
	other := w.add(t, "other", stagedoor.RoleViewer, time.Hour)
	if !strings.HasPrefix(secret.Reveal(), Prefix) || len(secret.Reveal()) < len(Prefix)+43 || secret.Equal(other) {
		t.Error("a token does not begin with its prefix, is short, or is like another")
	}
	text, err := json.Marshal(w.store.list)
	if err != nil || bytes.Contains(text, []byte(secret.Reveal())) || bytes.Contains(text, []byte("ash")) {
		t.Errorf("JSON of a token shows it or its hash: %v %s", err, text)
	}
	if bytes.Contains(w.store.list[0].Hash, []byte(secret.Reveal())) || len(w.store.list[0].Hash) != 32 {
		t.Error("what is stored is not a hash")
	}
}

func TestVerifyFromMemory(t *testing.T) {
	w := newWorld()
	secret := w.add(t, "grafana", stagedoor.RoleViewer, time.Hour)
	for range 3 {
		got, err := w.Verify(t.Context(), secret)
		if err != nil || got.Name != "grafana" || got.Role != stagedoor.RoleViewer {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	if w.store.reads != 1 {
		t.Errorf("the store was read %d times, want once", w.store.reads)
	}
	later := w.add(t, "later", stagedoor.RoleViewer, 2*time.Hour)
	wantRefused(t, w, later, "is not known")
	if err := w.Remove(t.Context(), "grafana"); err != nil {
		t.Fatal(err)
	}
	if err := w.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, w, secret, "is not known")
	if _, err := w.Verify(t.Context(), later); err != nil {
		t.Error(err)
	}

	// A store that fails takes nobody's access away.
	w.store.fails = errors.New("away")
	if err := w.Reload(t.Context()); err == nil {
		t.Error("Reload hides that the store failed")
	}
	if _, err := w.Verify(t.Context(), later); err != nil {
		t.Error(err)
	}
	w.now = w.now.Add(2 * time.Hour)
	wantRefused(t, w, later, "has ended")
	wantRefused(t, w, stagedoor.Secret{}, "no operator token was sent")
	wantRefused(t, w, stagedoor.NewSecret("sda_of-a-caller"), "this is no operator token")
}

func TestStoreAwayIsNotARefusal(t *testing.T) {
	w := newWorld()
	w.store.fails = &stagedoor.Error{Kind: stagedoor.KindStore}
	if _, err := w.Verify(t.Context(), stagedoor.NewSecret(Prefix+"x")); stagedoor.KindOf(err) != stagedoor.KindStore {
		t.Errorf("got %v", err)
	}
}

func wantRefused(t *testing.T, w *world, secret stagedoor.Secret, why string) {
	t.Helper()
	_, err := w.Verify(t.Context(), secret)
	if stagedoor.KindOf(err) != stagedoor.KindUnauthenticated || !strings.Contains(err.Error(), why) || !strings.Contains(err.Error(), "stagedoor operator token") {
		t.Errorf("got %v, want a refusal with %q and a fix", err, why)
	}
	if secret.Reveal() != "" && strings.Contains(err.Error(), secret.Reveal()) {
		t.Error("the refusal shows the token")
	}
}

func TestWhatATokenMustBe(t *testing.T) {
	for name, bad := range map[string]stagedoor.OperatorToken{
		"no name":      {Role: stagedoor.RoleViewer},
		"odd name":     {Name: "Grafana!", Role: stagedoor.RoleViewer},
		"long name":    {Name: strings.Repeat("a", 65), Role: stagedoor.RoleViewer},
		"no role":      {Name: "a"},
		"unknown role": {Name: "a", Role: "root"},
		"ended":        {Name: "a", Role: stagedoor.RoleViewer, ExpiresAt: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)},
	} {
		w := newWorld()
		_, secret, err := w.Add(t.Context(), bad)
		if e, ok := errors.AsType[*stagedoor.Error](err); !ok || e.Kind != stagedoor.KindUsage || e.Fix == "" || !secret.IsZero() || len(w.store.list) > 0 {
			t.Errorf("%s: got %v, want a usage error with a fix, and no token", name, err)
		}
	}
}

func TestRequire(t *testing.T) {
	w := newWorld()
	tokens := map[stagedoor.Role]stagedoor.Secret{}
	for _, role := range []stagedoor.Role{stagedoor.RoleViewer, stagedoor.RoleOperator, stagedoor.RoleAdmin} {
		tokens[role] = w.add(t, string(role), role, time.Hour)
	}
	guarded := w.Require(stagedoor.RoleOperator, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		who, ok := Who(r.Context())
		if !ok {
			t.Error("the handler does not learn who it is")
		}
		rw.Write([]byte("hello " + who.Name))
	}))
	bearer := func(s stagedoor.Secret) []string { return []string{"Bearer " + s.Reveal()} }
	for name, c := range map[string]struct {
		headers   []string
		status    int
		challenge string
		says      string
	}{
		"nothing":             {nil, 401, `Bearer realm="stagedoor operators"`, "no operator token was sent"},
		"Basic":               {[]string{"Basic YTpi"}, 401, `Bearer realm="stagedoor operators"`, "no operator token was sent"},
		"a browser":           {[]string{":" + tokens[stagedoor.RoleAdmin].Reveal()}, 200, "", "hello admin"},
		"a browser, any name": {[]string{"ada:" + tokens[stagedoor.RoleOperator].Reveal()}, 200, "", "hello operator"},
		"a browser, a slip":   {[]string{"ada:sdo_unknown"}, 401, `Bearer realm="stagedoor operators", error="invalid_token"`, "is not known"},
		"an unknown one":      {[]string{"Bearer sdo_unknown"}, 401, `Bearer realm="stagedoor operators", error="invalid_token"`, "is not known"},
		"a caller's":          {[]string{"Bearer sda_token"}, 401, `Bearer realm="stagedoor operators", error="invalid_token"`, "this is no operator token"},
		"two headers":         {append(bearer(tokens[stagedoor.RoleAdmin]), bearer(tokens[stagedoor.RoleAdmin])...), 400, "", "more than one"},
		"a role too small":    {bearer(tokens[stagedoor.RoleViewer]), 403, `Bearer realm="stagedoor operators", error="insufficient_scope"`, "its role is viewer, and this needs operator"},
		"the role":            {bearer(tokens[stagedoor.RoleOperator]), 200, "", "hello operator"},
		"more":                {bearer(tokens[stagedoor.RoleAdmin]), 200, "", "hello admin"},
		"the scheme in lower": {[]string{"bearer " + tokens[stagedoor.RoleAdmin].Reveal()}, 200, "", "hello admin"},
	} {
		if strings.HasPrefix(name, "a browser") {
			c.headers = []string{"Basic " + base64.StdEncoding.EncodeToString([]byte(c.headers[0]))}
		}
		r := httptest.NewRequest("GET", "/debug?access_token="+tokens[stagedoor.RoleAdmin].Reveal(), nil)
		r.Header["Authorization"] = c.headers
		rw := httptest.NewRecorder()
		guarded.ServeHTTP(rw, r)
		body := rw.Body.String()
		if rw.Code != c.status || rw.Header().Get("WWW-Authenticate") != c.challenge || !strings.Contains(body, c.says) {
			t.Errorf("%s: %d, challenge %q, %s\nwant %d, %q, %q", name, rw.Code, rw.Header().Get("WWW-Authenticate"), body, c.status, c.challenge, c.says)
		}
		if rw.Code == 200 {
			continue
		}
		var problem map[string]any
		if rw.Header().Get("Content-Type") != "application/problem+json" || rw.Header().Get("Cache-Control") != "no-store" ||
			json.Unmarshal(rw.Body.Bytes(), &problem) != nil || problem["status"] != float64(c.status) || problem["title"] == "" || problem["fix"] == "" {
			t.Errorf("%s: not a problem document: %v %s", name, rw.Header(), body)
		}
		for _, secret := range tokens {
			if strings.Contains(body, secret.Reveal()) {
				t.Errorf("%s: the answer shows a token", name)
			}
		}
	}
	// A browser is asked for the token; what changes something takes none from it,
	// since it would send it for any page that asks.
	r := httptest.NewRequest("GET", "/debug", nil)
	r.Header.Set("Accept", "text/html,*/*;q=0.8")
	rw := httptest.NewRecorder()
	guarded.ServeHTTP(rw, r)
	if got := rw.Header().Values("WWW-Authenticate"); rw.Code != 401 || len(got) != 2 || !strings.HasPrefix(got[1], "Basic ") {
		t.Errorf("%d %q", rw.Code, got)
	}
	r = httptest.NewRequest("POST", "/oauth/introspect", nil)
	r.SetBasicAuth("", tokens[stagedoor.RoleAdmin].Reveal())
	rw = httptest.NewRecorder()
	guarded.ServeHTTP(rw, r)
	if rw.Code != 401 || len(rw.Header().Values("WWW-Authenticate")) != 1 {
		t.Errorf("%d %v", rw.Code, rw.Header())
	}
}
