package app

import (
	"slices"
	"strings"
	"testing"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/scope"
	"github.com/stagedoor/stagedoor/internal/stream"
	"github.com/stagedoor/stagedoor/internal/zoom"
)

// TestPurposesCoverTheirStreams holds that whoever clicked the list of a
// purpose together can sync every stream of it, and that each stream belongs to
// one.
func TestPurposesCoverTheirStreams(t *testing.T) {
	a := &App{}
	belongs := map[string]bool{}
	for _, p := range scope.Purposes() {
		for _, style := range []stagedoor.ScopeStyle{stagedoor.ClassicScopes, stagedoor.GranularScopes} {
			list, err := a.LeastScopes(style, []string{p.Name}, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range stream.All() {
				if !slices.Contains(p.Families, s.Family) {
					continue
				}
				belongs[s.Name] = true
				if c, err := a.CompareScopes(nil, []string{s.Name}, list.Scopes()); err != nil || len(c.Missing)+len(c.Closed) > 0 {
					t.Errorf("with the %s scopes for %s, %s lacks %v (%v)", style, p.Name, s.Name, c.Missing, err)
				}
			}
		}
	}
	for _, s := range stream.All() {
		if !belongs[s.Name] {
			t.Errorf("no purpose has the family %s of the stream %s", s.Family, s.Name)
		}
	}
}

// TestListsHoldTheCheck holds that the call which proves a credential can be
// made with every list, also where the credential has one of its own.
func TestListsHoldTheCheck(t *testing.T) {
	a := &App{}
	for validation, want := range map[string]string{"": "user:read:user:admin", "/users": "user:read:list_users:admin"} {
		list, err := a.Scopes(stagedoor.ScopeQuestion{Purposes: []string{"phone"}, Validation: validation})
		if err != nil || !slices.Contains(list.Scopes(), want) {
			t.Errorf("%q: %v, %v", validation, list.Scopes(), err)
		}
	}
}

// TestChildNeedsItsParent holds that a stream which is read for each row of
// another needs the other's scopes.
func TestChildNeedsItsParent(t *testing.T) {
	child := stagedoor.Stream{
		Name: "child", Method: "GET", Path: "/report/users/{userId}/meetings",
		Partition: &stagedoor.Partition{Stream: "users", Column: "id", Param: "userId"},
	}
	var names []string
	for _, use := range streamUses(child, "child") {
		names = append(names, use.Operation.Name())
	}
	if got := strings.Join(names, ", "); got != "GET /report/users/{userId}/meetings, GET /users" {
		t.Error(got)
	}
	if got := describe(child); got.Plan != stagedoor.PlanPro || !slices.Equal(got.Scopes.Granular, []string{"report:read:user:admin", "user:read:list_users:admin"}) {
		t.Errorf("plan %s, scopes %v", got.Plan, got.Scopes)
	}
}

func TestFindOperation(t *testing.T) {
	for text, want := range map[string]string{
		"GET /users/{userId}":         "GET /users/{userId}",
		"/v2/users/me":                "GET /users/{userId}",
		"patch  /meetings/123":        "PATCH /meetings/{meetingId}",
		" /report/meeting_activities": "GET /report/meeting_activities",
	} {
		op, err := findOperation(text)
		if err != nil || op.Name() != want {
			t.Errorf("%q: %s, %v", text, op.Name(), err)
		}
	}
	for text, want := range map[string]string{
		"POST /users/me/settings": "Put one of these before it: GET, PATCH.",
		"/nothing/like/that":      "Zoom's API has none like that",
		"users":                   "Zoom's API has none like that",
		"":                        "Zoom's API has none like that",
	} {
		_, err := findOperation(text)
		if stagedoor.KindOf(err) != stagedoor.KindUsage || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestPlans holds that reports and dashboards are the operations that say in
// Zoom's documents which plan they need, and that streams say so too.
func TestPlans(t *testing.T) {
	for path, want := range map[string]stagedoor.Plan{
		"/report/daily": stagedoor.PlanPro, "/metrics/meetings": stagedoor.PlanBusiness, "/users": stagedoor.PlanFree,
	} {
		if _, ok := zoom.Operations().Find("GET", path); !ok || smallestPlan(path) != want {
			t.Errorf("%s: %s", path, smallestPlan(path))
		}
	}
}

func TestScopeHintsIn(t *testing.T) {
	for text, want := range map[string]string{
		`{"code":4711,"message":"… does not contain scopes:[report:read]"}`:                                            "report:read is report:read:admin in a Server-to-Server app",
		`{"code":4711,"message":"… does not contain scopes:[user:read:list_users:admin, user:read, user:read:admin]"}`: "",
		`does not contain scopes:[report:read:meeting_activity_log:admin, report:read:meeting_activity_log:master]`:    "",
		`HTTP/1.1 400: time 12:30:01 see https://api.zoom.us:443/x insufficient scope`:                                 "",
		`scope not granted: user:read:list_user:admin`:                                                                 "user:read:list_user:admin is in no operation of Zoom's API; did you mean user:read:list_users:admin?",
	} {
		if got := strings.Join(ScopeHintsIn(text), "; "); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
