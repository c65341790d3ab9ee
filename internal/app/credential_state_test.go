package app

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
)

// TestCredentialState: a call of a caller that the app's scopes do not cover shows up
// at the credential, with what to do; a use and the day's calls do too.
func TestCredentialState(t *testing.T) {
	g := startDaemon(t, stagedoor.Rule{Path: "/**"})
	ctx, token := t.Context(), g.token(t, g.caller(t), g.secret)
	if status, body := g.ask(t, token, "/to/acme/v2/users?page_size=1"); status != http.StatusOK {
		t.Fatalf("%d: %s", status, body)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, g.url+"/to/acme/v2/users/me/meetings", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	eventually(t, func() bool {
		s, err := g.app.CredentialState(ctx, "acme")
		if err != nil {
			t.Fatal(err)
		}
		return s.Trouble != nil && s.LastUsedBy == "caller reports" && s.QuotaToday != nil && s.QuotaToday.All > 0
	})
	s, err := g.app.CredentialState(ctx, "acme")
	if err != nil {
		t.Fatal(err)
	}
	if s.Trouble.Kind != stagedoor.KindScopeMissing || s.Trouble.By != "caller reports" || s.Trouble.Fix == "" || !strings.Contains(s.Trouble.Op, "POST /users/{userId}/meetings") {
		t.Errorf("the trouble is %+v", s.Trouble)
	}
	if s.Token.State != stagedoor.TokenFresh || len(s.Held) == 0 || s.Style == "" || !slices.Equal(s.Callers, []string{"reports"}) || len(s.ClientSecrets) > 0 {
		t.Errorf("the state is %+v", s)
	}
	list, err := g.app.CredentialStates(ctx)
	if err != nil || len(list) != 1 || list[0].AccountID != g.info.AccountID {
		t.Errorf("of all: %+v, %v", list, err)
	}
}

// TestServicesAtOnce has many use one App, as pages and programs do in a daemon; the
// race detector looks on.
func TestServicesAtOnce(t *testing.T) {
	g := startDaemon(t, stagedoor.Rule{Path: "/**"})
	ctx := t.Context()
	if _, err := g.app.CredentialStates(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := g.app.OperatorList(ctx); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 4 {
		for _, act := range []func() error{
			func() error { _, err := g.app.CredentialStates(ctx); return err },
			func() error { _, err := g.app.CheckCredential(ctx, "acme", nil); return err },
			func() error {
				_, err := g.app.CallerMay(ctx, "acme", stagedoor.RuleTexts{Allow: []string{"GET /users/*"}}, "GET", "/users/me")
				return err
			},
			func() error { _, err := g.app.Audit(ctx, stagedoor.AuditQuery{Limit: 10}); return err },
			func() error { _, err := g.app.Troubles(ctx, "acme"); return err },
			func() error {
				_, _, _, err := g.app.EditCredential(ctx, "acme", func(c *stagedoor.Credential) error { c.Description += "."; return nil }, true, nil)
				return err
			},
		} {
			all.Go(func() {
				if err := act(); err != nil {
					t.Error(err)
				}
			})
		}
	}
	all.Wait()
}

func TestCallerMay(t *testing.T) {
	g := startDaemon(t, stagedoor.Rule{Path: "/users/**"})
	texts := stagedoor.RuleTexts{Allow: []string{"GET /users/**", "GET /report/**"}, Deny: []string{"/users/*/token"}}
	for _, test := range []struct {
		method, path, rule, operation string
		allowed                       bool
	}{
		{"GET", "/users/x?page_size=3", "allow GET /users/**", "GET /users/{userId}", true},
		{"get", "/v2/users/x", "allow GET /users/**", "GET /users/{userId}", true},
		{"GET", "users/x/token", "deny /users/*/token", "GET /users/{userId}/token", false},
		{"DELETE", "/users/x", "", "DELETE /users/{userId}", false},
		{"GET", "/users/../accounts", "", "", false},
	} {
		d, err := g.app.CallerMay(t.Context(), "acme", texts, test.method, test.path)
		if err != nil || d.Allowed != test.allowed || d.Rule != test.rule || d.Operation != test.operation || d.Why == "" {
			t.Errorf("%s %s: %+v, %v", test.method, test.path, d, err)
		}
	}
	found, err := g.app.OperationSearch(t.Context(), "zoom", "meeting participants report", 5)
	if err != nil || !slices.ContainsFunc(found, func(op stagedoor.Operation) bool { return op.Path == "/report/meetings/{meetingId}/participants" }) {
		t.Errorf("found %v, %v", found, err)
	}
	rules, err := g.app.PurposeRules([]string{"reports"})
	if err != nil || !slices.Contains(rules.Allow, "GET /report/meetings/*/participants") {
		t.Errorf("of the purpose reports: %v, %v", rules, err)
	}
}

// eventually waits until something that a daemon does in its own time is done.
func eventually(t *testing.T, done func() bool) {
	t.Helper()
	ends := time.After(20 * time.Second)
	for look := time.NewTicker(20 * time.Millisecond); !done(); {
		select {
		case <-look.C:
		case <-ends:
			t.Fatal("it never came")
		}
	}
}
