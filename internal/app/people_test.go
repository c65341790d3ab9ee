package app

import (
	"strings"
	"testing"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/operator"
)

// TestOperatorsInTheAudit goes through the life of an operator: who did what stands
// in the audit, in whose name, and neither a link, a password, a cookie nor what a
// stranger typed for a name.
func TestOperatorsInTheAudit(t *testing.T) {
	none := func(string) string { return "" }
	settings, err := Settings{Home: t.TempDir()}.Resolve(none)
	if err != nil {
		t.Fatal(err)
	}
	a, err := Open(settings, Environment{Getenv: none, PasswordWork: operator.Work{Memory: 8, Passes: 1, Lanes: 1}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	ctx := stagedoor.WithActor(t.Context(), stagedoor.Actor{Name: "root", Role: stagedoor.RoleAdmin})
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, link, err := a.InviteOperator(ctx, "anna", stagedoor.RoleAdmin)
	must(err)
	const password, slip = "seven geese cross the road", "my-password-typed-for-a-name"
	_, err = a.AcceptInvitation(t.Context(), link, stagedoor.NewSecret(password), "192.0.2.1")
	must(err)
	for name, password := range map[string]string{"anna": "a wrong one", slip: password} {
		_, err := a.SignIn(t.Context(), stagedoor.SignIn{Name: name, Password: stagedoor.NewSecret(password), From: "192.0.2.9"})
		if stagedoor.KindOf(err) != stagedoor.KindUnauthenticated {
			t.Fatal(err)
		}
	}
	in, err := a.SignIn(t.Context(), stagedoor.SignIn{Name: "anna", Password: stagedoor.NewSecret(password), From: "192.0.2.1"})
	must(err)
	must(a.SignOut(asOperator(t.Context(), in.Operator, "192.0.2.1"), in.Cookie))
	if _, _, err := a.Session(t.Context(), in.Cookie); stagedoor.KindOf(err) != stagedoor.KindUnauthenticated {
		t.Errorf("after signing out: %v", err)
	}
	if err := a.RemoveOperator(ctx, "anna"); stagedoor.KindOf(err) != stagedoor.KindConflict {
		t.Errorf("the last admin was removed: %v", err)
	}
	log, err := a.auditLog(t.Context())
	must(err)
	must(log.Commit(t.Context(), stagedoor.Event{At: now(), Actor: "test", Action: "test", Result: "ok"})) // what was noted is written too
	rows, err := a.Audit(t.Context(), stagedoor.AuditQuery{Limit: 100})
	must(err)
	var lines []string
	for _, row := range rows {
		lines = append(lines, row.Line)
	}
	all := strings.Join(lines, "\n")
	for _, want := range []string{
		`"person root","action":"operator.invite","subject":"operator anna"`, `"person anna","action":"operator.accept"`, `"person anna","action":"operator.sign-in"`,
		`"nobody","action":"operator.sign-in","subject":"operator anna"`, `"nobody","action":"operator.sign-in","from":"192.0.2.9"`,
		`"person anna","action":"operator.sign-out"`, `"action":"operator.remove","subject":"operator anna"`, `"result":"conflict"`, `"from":"192.0.2.1"`,
	} {
		if !strings.Contains(all, want) {
			t.Errorf("%s is not in\n%s", want, all)
		}
	}
	for _, secret := range []string{link.Reveal(), password, slip, in.Cookie.Reveal(), in.Known.Reveal()} {
		if strings.Contains(all, secret) {
			t.Errorf("a secret is in the audit:\n%s", all)
		}
	}
}
