package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stagedoor/stagedoor"
)

// TestScopesOnATerminal holds that a person sees in a table what each scope is
// for and whether the token holds it; a pipe gets the names alone (scopes.txtar).
func TestScopesOnATerminal(t *testing.T) {
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	s := &session{terminal: &terminal{out: out, outTTY: true, people: &bytes.Buffer{}}}
	err = s.showScopes(scopesAnswer{Style: stagedoor.ClassicScopes, Purposes: []string{"phone"}, Credential: "acme", Scopes: []scopeRow{
		{ScopeNeed: stagedoor.ScopeNeed{Scope: "phone:read:admin", For: []string{"phone"}, Operations: []string{"GET /phone/users", "GET /phone/recordings"}}, Held: "yes"},
		{ScopeNeed: stagedoor.ScopeNeed{Scope: "user:read:admin", For: []string{"check"}, Operations: []string{"GET /users/{userId}"}}, Held: "no"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	want := `
SCOPE             FOR    OPERATION                    HELD
phone:read:admin  phone  GET /phone/users and 1 more  yes
user:read:admin   check  GET /users/{userId}          no
`
	if string(got) != strings.TrimPrefix(want, "\n") {
		t.Errorf("%s", got)
	}
}
