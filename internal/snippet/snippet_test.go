package snippet

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/stream"
	"github.com/stagedoor/stagedoor/internal/zoom"
)

var update = flag.Bool("update", false, "write testdata anew")

var today = time.Date(2026, 11, 24, 13, 0, 0, 0, time.UTC)

func anything(string, string) bool { return true }

// reports is the use of a caller that may read the report.
func reports(t testing.TB) Use {
	t.Helper()
	call, ok := Choose(reachable(t, "GET /report/meeting_activities"), stream.All(), "/v2", today, anything)
	if !ok {
		t.Fatal("no call is found")
	}
	return Use{
		Caller: "reports", Credential: "acme", ClientID: "caller_r2d2",
		TokenURL: "https://gate.example.com/oauth/token", BaseURL: "https://gate.example.com/to/acme", Call: call,
	}
}

func reachable(t testing.TB, names ...string) []Reachable {
	t.Helper()
	var list []Reachable
	for _, op := range zoom.Operations().All() {
		for _, name := range names {
			if op.Name() == name {
				list = append(list, Reachable{Operation: op})
			}
		}
	}
	if len(list) != len(names) {
		t.Fatalf("the table has %d of %v", len(list), names)
	}
	return list
}

func written(t testing.TB, form string, u Use) string {
	t.Helper()
	var out bytes.Buffer
	if err := Write(&out, form, u); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestForms(t *testing.T) {
	creates := reports(t)
	creates.Caller = "rooms"
	creates.Call, _ = Choose(reachable(t, "PATCH /meetings/{meetingId}"), stream.All(), "/v2", today, anything)
	for name, use := range map[string]Use{"reads": reports(t), "writes": creates} {
		for _, form := range Forms() {
			got := written(t, form, use)
			file := filepath.Join("testdata", name, fileOf[form])
			if *update {
				if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s (-want +got; go test -update writes it anew):\n%s", file, diff)
			}
		}
	}
	if err := Write(&bytes.Buffer{}, "cobol", reports(t)); err == nil || !strings.Contains(err.Error(), "there is no form") {
		t.Errorf("cobol: %v", err)
	}
}

// TestBehindAPath holds that a gateway may stand below a path of its host.
func TestBehindAPath(t *testing.T) {
	use := reports(t)
	use.BaseURL = "https://apps.example.com/stagedoor/to/acme"
	if use.Origin() != "https://apps.example.com" || use.Prefix() != "/stagedoor/to/acme" {
		t.Errorf("%s and %s", use.Origin(), use.Prefix())
	}
}

func TestChoose(t *testing.T) {
	for _, test := range []struct {
		name   string
		list   []Reachable
		permit func(method, path string) bool
		want   string
		fill   string
	}{
		{name: "the report of all", list: everything(), want: "GET /v2/report/meeting_activities?from=2026-11-17&to=2026-11-23&activity_type=All%20Activities"},
		{name: "another stream", list: reachable(t, "GET /users", "GET /roles"), want: "GET /v2/users"},
		{
			name: "a stream of a user", list: reachable(t, "GET /report/users/{userId}/meetings", "GET /meetings/{meetingId}"),
			want: "GET /v2/report/users/me/meetings?from=2026-11-17&to=2026-11-23",
		},
		{
			name: "a user, but not oneself", list: reachable(t, "GET /users/{userId}"),
			permit: func(_, path string) bool { return path != "/v2/users/me" },
			want:   "GET /v2/users/{userId}", fill: "{userId}",
		},
		{name: "one path", list: []Reachable{{Operation: reachable(t, "GET /users/{userId}")[0].Operation, Narrowed: "/users/jo@example.com"}}, want: "GET /v2/users/jo@example.com"},
		{name: "reading before writing", list: reachable(t, "POST /users", "DELETE /meetings/{meetingId}", "GET /meetings/{meetingId}/registrants"), want: "GET /v2/meetings/{meetingId}/registrants", fill: "{meetingId}"},
		{name: "writing before deleting", list: reachable(t, "DELETE /meetings/{meetingId}", "POST /users/{userId}/meetings"), want: "POST /v2/users/me/meetings"},
		{name: "nothing", want: " "},
	} {
		if test.permit == nil {
			test.permit = anything
		}
		call, _ := Choose(test.list, stream.All(), "/v2", today, test.permit)
		if got := call.Method + " " + call.Target(); got != test.want || call.ToFill() != test.fill {
			t.Errorf("%s: %s, to fill in %q", test.name, got, call.ToFill())
		}
	}
}

func everything() []Reachable {
	var list []Reachable
	for _, op := range zoom.Operations().All() {
		list = append(list, Reachable{Operation: op})
	}
	return list
}

func TestOfRules(t *testing.T) {
	rule := func(text string) stagedoor.Rule {
		method, path, _ := strings.Cut(text, " ")
		return stagedoor.Rule{Methods: []string{method}, Path: path}
	}
	for want, test := range map[string]struct {
		validation string
		rules      []stagedoor.Rule
	}{
		"GET /api/ping":               {validation: "/ping", rules: []stagedoor.Rule{rule("GET /**")}},
		"GET /api/things/{id}/{path}": {rules: []stagedoor.Rule{{Deny: true, Path: "/other"}, rule("GET /things/*/**")}},
		"POST /api/a%20thing":         {rules: []stagedoor.Rule{rule("POST /a thing")}},
		" ":                           {rules: []stagedoor.Rule{{Scope: "read"}}},
	} {
		call, _ := OfRules(test.rules, "/api", test.validation, anything)
		if got := call.Method + " " + call.Target(); got != want {
			t.Errorf("%s, not %s", got, want)
		}
	}
}
