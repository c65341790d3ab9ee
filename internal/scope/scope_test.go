package scope_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/scope"
	"github.com/stagedoor/stagedoor/internal/stream"
	"github.com/stagedoor/stagedoor/internal/zoom"
)

var catalogue = scope.New(zoom.Operations().All())

// every returns each purpose, for reading and where there is one for writing,
// and all together.
func every(t *testing.T) map[string][]scope.Use {
	t.Helper()
	cases := map[string][]scope.Use{}
	for _, p := range scope.Purposes() {
		names := []string{p.Name}
		if len(p.Writes) > 0 {
			names = append(names, p.Name+":write")
		}
		for _, name := range names {
			parsed, err := scope.ParsePurposes([]string{name})
			if err != nil || len(parsed) != 1 || parsed[0].Name != name {
				t.Fatalf("%s: %v, %v", name, parsed, err)
			}
			cases[name] = catalogue.Uses(parsed[0])
			cases["all"] = append(cases["all"], cases[name]...)
		}
	}
	for _, s := range stream.All() {
		op, ok := zoom.Operations().Find(s.Method, s.Path)
		if !ok {
			t.Errorf("%s reads %s %s, which the table does not have", s.Name, s.Method, s.Path)
		}
		cases["stream "+s.Name] = []scope.Use{{Operation: op, For: "stream " + s.Name}}
	}
	return cases
}

// TestPurposesAreInTheTable holds that each operation of a purpose exists, is
// not deprecated, and is one that a Server-to-Server app can be let into.
func TestPurposesAreInTheTable(t *testing.T) {
	for _, p := range scope.Purposes() {
		for _, name := range slices.Concat(p.Reads, p.Writes) {
			method, path, _ := strings.Cut(name, " ")
			op, ok := zoom.Operations().Find(method, path)
			switch {
			case !ok || op.Path != path:
				t.Errorf("%s: %s is not in the table", p.Name, name)
			case op.Deprecated:
				t.Errorf("%s: %s is deprecated", p.Name, name)
			case strings.HasPrefix(path, "/accounts/"):
				t.Errorf("%s: %s is for master accounts", p.Name, name)
			}
			if len(catalogue.Candidates(op, stagedoor.ClassicScopes)) == 0 && len(catalogue.Candidates(op, stagedoor.GranularScopes)) == 0 {
				t.Errorf("%s: no scope of either style opens %s", p.Name, name)
			}
		}
		for _, name := range p.Reads {
			if !strings.HasPrefix(name, "GET ") {
				t.Errorf("%s: %s does not read", p.Name, name)
			}
		}
	}
}

// TestLeastCoversAndNoMore holds for every purpose and stream, in both styles:
// the list permits each operation or says why not, drop any one scope and some
// operation is not permitted, each scope is in the table and of the right kind,
// and the answer does not depend on the order of the question.
func TestLeastCoversAndNoMore(t *testing.T) {
	known := map[stagedoor.ScopeStyle]map[string]bool{stagedoor.ClassicScopes: {}, stagedoor.GranularScopes: {}}
	for _, op := range zoom.Operations().All() {
		for _, name := range op.ClassicScopes {
			known[stagedoor.ClassicScopes][name] = true
		}
		for _, name := range op.GranularScopes {
			known[stagedoor.GranularScopes][name] = true
		}
	}
	permits := func(held []string, use scope.Use, style stagedoor.ScopeStyle) bool {
		return slices.ContainsFunc(catalogue.Candidates(use.Operation, style), func(name string) bool { return slices.Contains(held, name) })
	}
	for name, uses := range every(t) {
		for _, style := range []stagedoor.ScopeStyle{stagedoor.ClassicScopes, stagedoor.GranularScopes} {
			list := catalogue.Least(style, uses)
			held := list.Scopes()
			var closed []string
			for _, c := range list.Closed {
				closed = append(closed, c.Operation)
			}
			for _, use := range uses {
				if permits(held, use, style) == slices.Contains(closed, use.Operation.Name()) {
					t.Errorf("%s, %s: %s is neither permitted nor said to be closed, or both", name, style, use.Operation.Name())
				}
			}
			for i, dropped := range held {
				rest := slices.Delete(slices.Clone(held), i, i+1)
				if !slices.ContainsFunc(uses, func(u scope.Use) bool { return permits(held, u, style) && !permits(rest, u, style) }) {
					t.Errorf("%s, %s: %s can be left out", name, style, dropped)
				}
				if !known[style][dropped] {
					t.Errorf("%s, %s: %s is in no operation", name, style, dropped)
				}
				if strings.HasSuffix(dropped, ":master") || !slices.Contains(strings.Split(dropped, ":"), "admin") {
					t.Errorf("%s, %s: %s is not for a Server-to-Server app", name, style, dropped)
				}
				if !strings.Contains(name, "write") && name != "all" && !strings.Contains(dropped, ":read:") {
					t.Errorf("%s, %s: %s writes, and reading is asked for", name, style, dropped)
				}
			}
			slices.Reverse(uses)
			if diff := cmp.Diff(held, catalogue.Least(style, uses).Scopes()); diff != "" {
				t.Errorf("%s, %s: the order of the question changes the answer:\n%s", name, style, diff)
			}
			for _, need := range list.Needs {
				if len(need.For) == 0 || len(need.Operations) == 0 {
					t.Errorf("%s, %s: %s does not say what it is for", name, style, need.Scope)
				}
			}
		}
	}
}

// TestMinimalSets holds that the lists are those that integrators publish; to
// the reports belong the users, whose ids one of them asks for.
func TestMinimalSets(t *testing.T) {
	granular := map[string]string{
		"users":      "user:read:list_users:admin user:read:user:admin user:read:settings:admin group:read:list_groups:admin group:read:list_members:admin role:read:list_roles:admin role:read:list_members:admin",
		"meetings":   "meeting:read:list_meetings:admin meeting:read:meeting:admin meeting:read:past_meeting:admin meeting:read:list_past_instances:admin meeting:read:list_past_participants:admin meeting:read:list_registrants:admin meeting:read:list_polls:admin",
		"reports":    "report:read:list_users:admin report:read:user:admin report:read:meeting:admin report:read:list_meeting_participants:admin report:read:meeting_activity_log:admin report:read:user_activities:admin report:read:operation_logs:admin report:read:list_history_meetings:admin report:read:telephone:admin report:read:upcoming_meetings_webinars:admin user:read:list_users:admin",
		"recordings": "cloud_recording:read:list_user_recordings:admin cloud_recording:read:list_recording_files:admin",
		"phone":      "phone:read:list_users:admin phone:read:list_call_logs:admin phone:read:list_call_recordings:admin",
	}
	classic := map[string]string{
		"users":      "group:read:admin role:read:admin user:read:admin",
		"meetings":   "meeting:read:admin",
		"webinars":   "webinar:read:admin",
		"recordings": "recording:read:admin",
		"reports":    "report:read:admin user:read:admin",
		"dashboards": "dashboard:read:admin",
		"phone":      "phone:read:admin",
	}
	for style, sets := range map[stagedoor.ScopeStyle]map[string]string{stagedoor.GranularScopes: granular, stagedoor.ClassicScopes: classic} {
		for name, want := range sets {
			p, err := scope.ParsePurposes([]string{name})
			if err != nil {
				t.Fatal(err)
			}
			got := catalogue.Least(style, catalogue.Uses(p[0])).Scopes()
			if diff := cmp.Diff(slices.Sorted(slices.Values(strings.Fields(want))), got); diff != "" {
				t.Errorf("%s, %s:\n%s", name, style, diff)
			}
		}
	}
}

func TestClosed(t *testing.T) {
	p, err := scope.ParsePurposes([]string{"reports"})
	if err != nil {
		t.Fatal(err)
	}
	closed := catalogue.Least(stagedoor.GranularScopes, catalogue.Uses(p[0])).Closed
	want := []stagedoor.ScopeClosed{
		{Operation: "GET /report/daily", For: []string{"reports"}, Why: "Zoom's document names no granular scope for it; an app with classic scopes reads it with report:read:admin"},
		{Operation: "GET /report/cloud_recording", For: []string{"reports"}, Why: "Zoom's document names no granular scope for it; an app with classic scopes reads it with report:read:admin"},
	}
	if diff := cmp.Diff(want, closed); diff != "" {
		t.Error(diff)
	}
	if closed := catalogue.Least(stagedoor.ClassicScopes, catalogue.Uses(p[0])).Closed; len(closed) > 0 {
		t.Errorf("classic: %v", closed)
	}
	bookmarks, _ := zoom.Operations().Find("GET", "/chat/messages/bookmarks")
	list := catalogue.Least(stagedoor.GranularScopes, []scope.Use{{Operation: bookmarks, For: "a test"}})
	if len(list.Needs) != 0 || len(list.Closed) != 1 || !strings.Contains(list.Closed[0].Why, "a Server-to-Server app can not") {
		t.Errorf("an operation for users only: %+v", list)
	}
	locked, _ := zoom.Operations().Find("GET", "/accounts/{accountId}/lock_settings")
	list = catalogue.Least(stagedoor.GranularScopes, []scope.Use{{Operation: locked, For: "a test"}})
	if len(list.Needs) != 1 || !strings.Contains(list.Needs[0].Note, "master accounts") {
		t.Errorf("an operation of master accounts: %+v", list)
	}
}

func TestParsePurposes(t *testing.T) {
	for text, want := range map[string]string{
		"reports":              "reports",
		"Reports,USERS":        "users reports",
		"users users:write":    "users:write",
		"team_chat":            "team-chat",
		"Team Chat:write":      "team-chat:write",
		"phone:read":           "phone",
		"recordings:write,":    "recordings:write",
		"dashboards meetings ": "meetings dashboards",
	} {
		words := strings.Fields(text)
		if strings.Contains(text, "Team ") {
			words = []string{text}
		}
		got, err := scope.ParsePurposes(words)
		if err != nil || strings.Join(scope.Names(got), " ") != want {
			t.Errorf("%q: %v, %v; want %s", text, scope.Names(got), err, want)
		}
	}
	for text, want := range map[string]string{
		"report":            "Did you mean reports?",
		"chat":              "Did you mean team-chat?",
		"webniars":          "Did you mean webinars?",
		"everything":        "users, meetings, webinars, phone, recordings, reports, dashboards, team-chat",
		"reports:write":     "nothing can be changed",
		"report:read:admin": "the name of a scope",
	} {
		_, err := scope.ParsePurposes([]string{text})
		if stagedoor.KindOf(err) != stagedoor.KindUsage || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	if list, err := scope.ParsePurposes([]string{""}); err != nil || len(list) != 0 {
		t.Errorf("nothing: %v, %v", list, err)
	}
}
