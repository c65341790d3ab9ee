package web

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stagedoor/stagedoor"
)

// people are operators by the secret of their session.
type people map[string]Visitor

func (p people) Visitor(_ context.Context, session stagedoor.Secret, _ bool) (Visitor, error) {
	v, ok := p[session.Reveal()]
	if !ok {
		return Visitor{}, &stagedoor.Error{Kind: stagedoor.KindUnauthenticated}
	}
	return v, nil
}

// everybody has a session of each role, whose secret is the role's name.
func everybody() people {
	p := people{}
	for _, role := range []stagedoor.Role{stagedoor.RoleViewer, stagedoor.RoleOperator, stagedoor.RoleAdmin} {
		p[string(role)] = Visitor{Operator: stagedoor.Operator{ID: string(role), Name: "a " + string(role), Role: role}, CSRF: "csrf of " + string(role)}
	}
	return p
}

// noCredentials is a Stagedoor that has none.
type noCredentials struct{ Credentials }

func (noCredentials) CredentialStates(context.Context) ([]stagedoor.CredentialState, error) {
	return nil, nil
}

func options() Options {
	return Options{People: everybody(), Credentials: noCredentials{}, Version: "test", Live: NewLive(), Base: func(r *http.Request) string {
		if r.TLS != nil {
			return "https://" + r.Host
		}
		return "http://" + r.Host
	}}
}

// visit asks for a page as somebody of a role; "" is nobody.
func visit(t *testing.T, h http.Handler, role stagedoor.Role, method, path, form string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(form))
	r.Header.Set("Accept", "text/html,*/*;q=0.8")
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("X-CSRF-Token", "csrf of "+string(role))
	}
	if role != "" {
		r.AddCookie(&http.Cookie{Name: "stagedoor", Value: string(role)})
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// TestGenerated holds that what templ makes of the pages is up to date.
func TestGenerated(t *testing.T) {
	if testing.Short() {
		t.Skip("runs templ")
	}
	dir := t.TempDir()
	sources, err := filepath.Glob("*.templ")
	if err != nil || len(sources) == 0 {
		t.Fatal(sources, err)
	}
	for _, source := range sources {
		text, err := os.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, source), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("go", "tool", "templ", "generate", "-path", dir).CombinedOutput(); err != nil {
		t.Fatalf("templ: %v\n%s", err, out)
	}
	for _, source := range sources {
		name := strings.TrimSuffix(source, ".templ") + "_templ.go"
		want, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(name); err != nil || string(withoutPaths(got)) != string(withoutPaths(want)) {
			t.Errorf("%s is not what templ makes of %s: run make generate (%v)", name, source, err)
		}
	}
}

// withoutPaths leaves out where templ was run, which its errors name.
func withoutPaths(text []byte) []byte {
	return regexp.MustCompile(`FileName: `+"`[^`]*`").ReplaceAll(text, nil)
}

func TestOwnPath(t *testing.T) {
	for text, want := range map[string]string{
		"/credentials": "/credentials", "/audit?q=a&b=c": "/audit?q=a&b=c", "": "/", "//evil.example": "/", "/\\evil.example": "/", "https://evil.example/": "/",
		"/%2f%2fevil.example": "/", "/\tevil": "/", "javascript:alert(1)": "/", "/a/../b": "/", "evil": "/", "///evil": "/", "/ok/": "/ok/",
	} {
		if got := ownPath(text); got != want {
			t.Errorf("%q leads to %q, want %q", text, got, want)
		}
	}
}

func TestLayout(t *testing.T) {
	h, err := New(options())
	if err != nil {
		t.Fatal(err)
	}
	if w := visit(t, h, "", "GET", "/credentials", ""); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/sign-in?next=%2Fcredentials" {
		t.Errorf("nobody: %d, %s", w.Code, w.Header().Get("Location"))
	}
	w := visit(t, h, stagedoor.RoleViewer, "GET", "/credentials", "")
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "<h1>Credentials</h1>") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") {
		t.Error(w.Header())
	}
}

// FuzzOwnPath holds that whatever is to be gone on to lies on this site.
func FuzzOwnPath(f *testing.F) {
	for _, seed := range []string{"/", "//evil.example", "/\\evil", "https://evil.example", "/a?b=c#d", "/%2f/x", "\t//x", "/./x", "javascript:x"} {
		f.Add(seed)
	}
	base, err := url.Parse("https://gate.example.com/sign-in")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := ownPath(text)
		to, err := base.Parse(got)
		if err != nil || to.Host != base.Host || to.Scheme != base.Scheme || !strings.HasPrefix(got, "/") || strings.HasPrefix(got, "//") || strings.ContainsAny(got, "\\\t\r\n") {
			t.Errorf("%q leads to %q", text, got)
		}
	})
}
