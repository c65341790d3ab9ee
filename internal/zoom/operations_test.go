package zoom

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stagedoor/stagedoor"
)

func TestTableHoldsAllOfZoom(t *testing.T) {
	all := Operations().All()
	methods, labels, paging := map[string]int{}, map[stagedoor.Label]int{}, map[stagedoor.Paging]int{}
	deprecated := 0
	for _, op := range all {
		methods[op.Method]++
		labels[op.Label]++
		paging[op.Paging]++
		if op.Deprecated {
			deprecated++
		}
		if found, ok := Operations().Find(op.Method, Path(op.Path, "1", "2", "3", "4", "5")); !ok || found.Path != op.Path {
			t.Errorf("%s with identifiers is found as %q", op.Name(), found.Name())
		}
	}
	if len(all) != 1719 {
		t.Errorf("%d operations", len(all))
	}
	if diff := cmp.Diff(map[string]int{"GET": 794, "POST": 344, "PATCH": 243, "PUT": 48, "DELETE": 290}, methods); diff != "" {
		t.Errorf("methods (-want +got):\n%s", diff)
	}
	// 22 operations have no label and count as Heavy.
	if diff := cmp.Diff(map[stagedoor.Label]int{
		stagedoor.Light: 914, stagedoor.Medium: 603, stagedoor.Heavy: 162 + 22, stagedoor.ResourceIntensive: 18,
	}, labels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	if paging[stagedoor.PagingToken] != 366 || paging[stagedoor.PagingNumber] != 4 || deprecated != 49 {
		t.Errorf("%d by token, %d by number, %d deprecated", paging[stagedoor.PagingToken], paging[stagedoor.PagingNumber], deprecated)
	}
}

func TestOperationIsWhole(t *testing.T) {
	got, ok := Operations().Find("GET", "/report/meeting_activities")
	want := stagedoor.Operation{
		Product: "Meetings", Method: "GET", Path: "/report/meeting_activities", Label: stagedoor.Heavy,
		ClassicScopes:  []string{"report:read:admin"},
		GranularScopes: []string{"report:read:meeting_activity_log:admin"},
		Roles:          []string{"UsageReport:Read"},
		Query:          []string{"from", "to", "page_size", "next_page_token", "meeting_number", "search_key", "activity_type"},
		Required:       []string{"from", "to", "activity_type"},
		Paging:         stagedoor.PagingToken,
		ListKeys:       []string{"meeting_activity_logs"},
		Success:        []int{200},
	}
	if diff := cmp.Diff(want, got); !ok || diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFind(t *testing.T) {
	for _, c := range []struct {
		method, path, want string
		label              stagedoor.Label
	}{
		{"GET", "/users", "GET /users", stagedoor.Medium},
		{"get", "/v2/users?page_size=300&status=active", "GET /users", stagedoor.Medium},
		{"GET", "/users/me", "GET /users/{userId}", stagedoor.Light},
		{"GET", "/users/summary", "GET /users/summary", stagedoor.Medium},
		{"DELETE", "/users/summary", "DELETE /users/{userId}", stagedoor.Light},
		{"GET", "/v2/users/jo%40example.com/settings", "GET /users/{userId}/settings", stagedoor.Medium},
		{"GET", "/meetings/meeting_summaries", "GET /meetings/meeting_summaries", stagedoor.Medium},
		{"GET", "/meetings/96012345678", "GET /meetings/{meetingId}", stagedoor.Light},
		{"GET", "/past_meetings/%252Fa%252F%252Fb%253D%253D/participants", "GET /past_meetings/{meetingId}/participants", stagedoor.Medium},
		{"GET", "/past_meetings/a%2Fb%3D%3D/participants", "GET /past_meetings/{meetingId}/participants", stagedoor.Medium},
		{"GET", "/%75sers/me", "GET /users/{userId}", stagedoor.Light},
		{"GET", "/metrics/meetings", "GET /metrics/meetings", stagedoor.ResourceIntensive},
		{"GET", "/metrics/webinars", "GET /metrics/webinars", stagedoor.ResourceIntensive},
		{"GET", "/metrics/zoomrooms", "GET /metrics/zoomrooms", stagedoor.ResourceIntensive},
		{"GET", "/metrics/chat", "GET /metrics/chat", stagedoor.ResourceIntensive},
		{"GET", "/metrics/zoomrooms/issues", "GET /metrics/zoomrooms/issues", stagedoor.Heavy},
		{"GET", "/clips/1", "GET /clips/{clipId}", stagedoor.Heavy}, // has no label
	} {
		op, ok := Operations().Find(c.method, c.path)
		if !ok || op.Name() != c.want || op.Label != c.label {
			t.Errorf("%s %s is %q %s, want %q %s", c.method, c.path, op.Name(), op.Label, c.want, c.label)
		}
	}
	for _, path := range []string{
		"", "/", "users", "/users/", "//users", "/users//settings", "/users/../groups", "/users/%2e%2e/settings",
		"/users/./settings", "/nothing", "/users/1/nothing", "/users/%zz", "/v2", "/v2/",
	} {
		if op, ok := Operations().Find("GET", path); ok {
			t.Errorf("GET %q is %s, want nothing", path, op.Name())
		}
	}
	if op, ok := Operations().Find("PUT", "/users"); ok {
		t.Errorf("PUT /users is %s, want nothing", op.Name())
	}
}

func TestAllIsACopy(t *testing.T) {
	Operations().All()[0].Path = "changed"
	if Operations().All()[0].Path == "changed" {
		t.Error("a caller changed the table")
	}
}

func BenchmarkFind(b *testing.B) {
	table := Operations()
	b.ReportAllocs()
	for b.Loop() {
		table.Find("GET", "/v2/past_meetings/a%2Fb%3D%3D/participants?page_size=300")
	}
}
