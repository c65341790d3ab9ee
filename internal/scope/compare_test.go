package scope_test

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/scope"
	"github.com/stagedoor/stagedoor/internal/zoom"
)

func uses(t *testing.T, purposes ...string) []scope.Use {
	t.Helper()
	list, err := scope.ParsePurposes(purposes)
	if err != nil {
		t.Fatal(err)
	}
	var all []scope.Use
	for _, p := range list {
		all = append(all, catalogue.Uses(p)...)
	}
	return all
}

func TestCompare(t *testing.T) {
	tests := []struct {
		name, purposes, held         string
		style                        stagedoor.ScopeStyle
		missing, superfluous, hinted string
	}{
		{"all there, classic", "reports", "report:read:admin user:read:admin", stagedoor.ClassicScopes, "", "", ""},
		{"all there, granular, and one too many", "recordings", "cloud_recording:read:list_user_recordings:admin cloud_recording:read:list_recording_files:admin user:read:user:admin", stagedoor.GranularScopes, "", "user:read:user:admin", ""},
		{"one missing, granular", "recordings", "cloud_recording:read:list_user_recordings:admin", stagedoor.GranularScopes, "cloud_recording:read:list_recording_files:admin", "", ""},
		{"a writing scope reads too", "users", "user:write:admin group:read:admin role:read:admin", stagedoor.ClassicScopes, "", "", ""},
		{"but is one too many beside the reading one", "users", "user:write:admin user:read:admin group:read:admin role:read:admin", stagedoor.ClassicScopes, "", "user:write:admin", ""},
		{"a user's own form is no :admin form", "reports", "report:read user:read:admin", stagedoor.ClassicScopes, "report:read:admin", "report:read", "report:read is report:read:admin in a Server-to-Server app"},
		{"nothing held", "phone", "", stagedoor.GranularScopes, "phone:read:list_call_logs:admin phone:read:list_call_recordings:admin phone:read:list_users:admin", "", ""},
		{"narrow classic scopes do", "dashboards", "dashboard_meetings:read:admin dashboard_webinars:read:admin dashboard_zr:read:admin dashboard_im:read:admin dashboard_home:read:admin dashboard_crc:read:admin", stagedoor.ClassicScopes, "", "", ""},
		{"classic beside granular", "meetings", "meeting:read:admin user:read:user:admin user:read:list_users:admin", stagedoor.GranularScopes, "", "user:read:list_users:admin user:read:user:admin", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := catalogue.Compare("", uses(t, tt.purposes), strings.Fields(tt.held))
			var missing []string
			for _, need := range got.Missing {
				missing = append(missing, need.Scope)
			}
			if got.Style != tt.style || strings.Join(missing, " ") != tt.missing || strings.Join(got.Superfluous, " ") != tt.superfluous || !strings.Contains(strings.Join(got.Hints, "; "), tt.hinted) || tt.hinted == "" && len(got.Hints) > 0 {
				t.Errorf("style %s, missing %v, superfluous %v, hints %v", got.Style, missing, got.Superfluous, got.Hints)
			}
		})
	}
}

// TestWhatIsListedIsEnough holds for every purpose in both styles that a token
// with just the list lacks nothing and holds nothing superfluous, and that one
// without any one of it lacks just that one.
func TestWhatIsListedIsEnough(t *testing.T) {
	for name, all := range every(t) {
		for _, style := range []stagedoor.ScopeStyle{stagedoor.ClassicScopes, stagedoor.GranularScopes} {
			held := catalogue.Least(style, all).Scopes()
			if c := catalogue.Compare(style, all, held); len(c.Missing)+len(c.Superfluous)+len(c.Hints) > 0 {
				t.Errorf("%s, %s: missing %v, superfluous %v, hints %v", name, style, c.Missing, c.Superfluous, c.Hints)
			}
			for i, dropped := range held {
				rest := slices.Delete(slices.Clone(held), i, i+1)
				if c := catalogue.Compare(style, all, rest); len(c.Missing) != 1 {
					t.Errorf("%s, %s without %s: missing %v", name, style, dropped, c.Missing)
				}
			}
		}
	}
}

func TestClosedInAComparison(t *testing.T) {
	granular := catalogue.Least(stagedoor.GranularScopes, uses(t, "reports")).Scopes()
	if c := catalogue.Compare("", uses(t, "reports"), granular); len(c.Closed) != 2 {
		t.Errorf("closed to a granular app: %v", c.Closed)
	}
	if c := catalogue.Compare("", uses(t, "reports"), []string{"report:read:admin"}); len(c.Closed) != 0 {
		t.Errorf("closed to a classic app: %v", c.Closed)
	}
}

func TestHint(t *testing.T) {
	for name, want := range map[string]string{
		"report:read:admin":                           "",
		"report:read:list_users:admin":                "",
		"meeting_token:read:admin:local_archiving":    "",
		"report:read":                                 "report:read is report:read:admin in a Server-to-Server app",
		"user:read:user":                              "user:read:user is user:read:user:admin in a Server-to-Server app",
		"report:read:meeting_activity_log:master":     "for an account's own data it is report:read:meeting_activity_log:admin",
		"account:read:lock_settings:master":           "for master accounts",
		"team_chat:read:list_bookmarks":               "it has no :admin form",
		"user:read:list_recordings:admin":             "it is cloud_recording:read:list_user_recordings:admin",
		"user:read:list_user:admin":                   "did you mean user:read:list_users:admin?",
		"Report:Read:admin":                           "did you mean report:read:admin?",
		"reports:read":                                "did you mean report:read:admin?",
		"meeting:read:list_meetings.admin":            "did you mean meeting:read:list_meetings:admin?",
		"frobnicate:read:everything:admin":            "frobnicate:read:everything:admin is in no operation of Zoom's API",
		"division:wirte:admin":                        "", // Zoom's own spelling
		"user:read:list_users:admin\x1b[2J and so on": "is in no operation",
	} {
		got := catalogue.Hint(name)
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestStyleOf(t *testing.T) {
	for held, want := range map[string]stagedoor.ScopeStyle{
		"report:read:admin":                           stagedoor.ClassicScopes,
		"report:read:list_users:admin":                stagedoor.GranularScopes,
		"user:read:admin user:write:admin group:read": stagedoor.ClassicScopes,
		"made:read:up:admin":                          stagedoor.GranularScopes,
		"made:read":                                   stagedoor.ClassicScopes,
		"":                                            stagedoor.GranularScopes,
		"meeting:read:admin user:read:user:admin":                 stagedoor.GranularScopes,
		"meeting:read:admin user:read:admin user:read:user:admin": stagedoor.ClassicScopes,
	} {
		got, told := catalogue.StyleOf(strings.Fields(held))
		if got != want || told != (held != "") {
			t.Errorf("%q: %s, %v", held, got, told)
		}
	}
	// Every scope of the table is told apart, but for those of both.
	for _, op := range zoom.Operations().All() {
		for style, names := range map[stagedoor.ScopeStyle][]string{stagedoor.ClassicScopes: op.ClassicScopes, stagedoor.GranularScopes: op.GranularScopes} {
			for _, name := range names {
				if got, told := catalogue.StyleOf([]string{name}); told && got != style {
					t.Errorf("%s is told to be %s", name, got)
				}
			}
		}
	}
}

// TestNeedSaysInstead holds that a list names what would do in a scope's place.
func TestNeedSaysInstead(t *testing.T) {
	op, _ := zoom.Operations().Find("GET", "/metrics/meetings")
	list := catalogue.Least(stagedoor.ClassicScopes, []scope.Use{{Operation: op, For: "a test"}})
	want := []stagedoor.ScopeNeed{{
		Scope: "dashboard_meetings:read:admin", For: []string{"a test"}, Operations: []string{"GET /metrics/meetings"},
		Roles: []string{"DashboardMeetings:Read"}, Or: []string{"dashboard:read:admin"},
	}}
	if diff := cmp.Diff(want, list.Needs); diff != "" {
		t.Error(diff)
	}
	list = catalogue.Least(stagedoor.ClassicScopes, uses(t, "recordings"))
	if len(list.Needs) != 1 || !strings.Contains(list.Needs[0].Note, "GET /meetings/{meetingId}/recordings lists only recording:read") {
		t.Errorf("%+v", list.Needs)
	}
}

// TestEveryOperationAtOnce holds that the largest question is answered at once:
// all operations of the table.
func TestEveryOperationAtOnce(t *testing.T) {
	var all []scope.Use
	for _, op := range zoom.Operations().All() {
		all = append(all, scope.Use{Operation: op, For: "everything"})
	}
	for _, style := range []stagedoor.ScopeStyle{stagedoor.ClassicScopes, stagedoor.GranularScopes} {
		began := time.Now()
		list := catalogue.Least(style, all)
		t.Logf("%s: %d scopes for %d operations, %d closed, in %s", style, len(list.Needs), len(all), len(list.Closed), time.Since(began))
		for _, use := range all {
			if !catalogue.Permits(list.Scopes(), use.Operation) && !slices.ContainsFunc(list.Closed, func(c stagedoor.ScopeClosed) bool { return c.Operation == use.Operation.Name() }) {
				t.Errorf("%s is neither permitted nor closed", use.Operation.Name())
			}
		}
	}
}

// FuzzCompare holds that whatever a token says of its scopes is compared, and
// never printed as it came.
func FuzzCompare(f *testing.F) {
	f.Add("report:read:admin user:read")
	f.Add("report:read:list_users:admin \x1b[31m:::: a:b:c:d:e:f ::")
	wanted, err := scope.ParsePurposes([]string{"users", "reports"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, held string) {
		all := append(catalogue.Uses(wanted[0]), catalogue.Uses(wanted[1])...)
		c := catalogue.Compare("", all, strings.Split(held, " "))
		for _, text := range append(slices.Clone(c.Superfluous), c.Hints...) {
			if strings.ContainsFunc(text, unicode.IsControl) {
				t.Errorf("%q holds a control character", text)
			}
		}
	})
}
