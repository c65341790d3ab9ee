package zoomsim_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stagedoor/stagedoor/zoomsim"
)

func manage(t *testing.T, sim *zoomsim.Simulator, method, path, body string) response {
	t.Helper()
	return send(t, method, sim.Info().ManagementURL+path, body)
}

func TestStats(t *testing.T) {
	now := newClock()
	sim := start(t, zoomsim.Options{Now: now.Now})
	expect(t, manage(t, sim, "GET", "/stats", ""), 200,
		`{"requests":0,"by_label":{},"by_operation":{},"tokens_minted":0,"unauthorized":0,"rate_limited":{"second":0,"daily":0},"peak":0,"faults_fired":{},`+
			`"by_family":{},"peak_let_through":{},"other_traffic":{"sent":0,"refused":0},"token_requests":{}}`)

	token := mint(t, sim)
	for range 12 {
		get(t, sim, token, "/report/meeting_activities")
	}
	now.advance(time.Second)
	get(t, sim, token, "/users/me")
	get(t, sim, "wrong", "/users/you")
	get(t, sim, token, "/nowhere")
	addFaults(t, sim, zoomsim.Fault{Kind: zoomsim.HTTP500, Count: 2}, zoomsim.Fault{Kind: zoomsim.Daily429})
	get(t, sim, token, "/users")
	get(t, sim, token, "/users")
	get(t, sim, token, "/users")
	expect(t, manage(t, sim, "GET", "/stats", ""), 200,
		`{"requests":18,"by_label":{"Heavy":12,"Light":2,"Medium":3},`+
			`"by_operation":{"GET /report/meeting_activities":12,"GET /users":3,"GET /users/{userId}":2,"unrecognized":1},`+
			`"tokens_minted":1,"unauthorized":1,"rate_limited":{"second":2,"daily":1},"peak":12,"faults_fired":{"429_daily":1,"http_500":2},`+
			`"by_family":{"general":17},"peak_let_through":{"Heavy":10,"Light":1},"other_traffic":{"sent":0,"refused":0},"token_requests":{"account_credentials client_secret_basic":1}}`)
}

func TestStatsAreExactUnderConcurrency(t *testing.T) {
	now := newClock()
	sim := start(t, zoomsim.Options{Now: now.Now})
	token := mint(t, sim)
	addFaults(t, sim, zoomsim.Fault{Kind: zoomsim.HTTP500, Count: 7}, zoomsim.Fault{Kind: zoomsim.TokenEndpointDown, Count: 3})
	const clients, each = 10, 10
	var wg sync.WaitGroup
	var mu sync.Mutex
	statuses := map[int]int{}
	for range clients {
		wg.Go(func() {
			for range each {
				got, err := trySend("GET", sim.Info().APIURL+"/users", "", "Authorization: Bearer "+token)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				statuses[got.Status]++
				mu.Unlock()
			}
			info := sim.Info()
			_, _ = trySend("POST", info.TokenURL, grant(info), formType, basic(info.ClientID, info.ClientSecret))
			_ = sim.Stats()
		})
	}
	wg.Wait()
	if diff := cmp.Diff(map[int]int{200: 20, 429: 73, 500: 7}, statuses); diff != "" {
		t.Error(diff)
	}
	want := zoomsim.Stats{
		Requests: 100, ByLabel: map[string]int{"Medium": 100}, ByOperation: map[string]int{"GET /users": 100},
		TokensMinted: 8, RateLimited: zoomsim.RateLimited{Second: 73}, Peak: 100,
		FaultsFired: map[string]int{"http_500": 7, "token_endpoint_down": 3},
		ByFamily:    map[string]int{"general": 100}, PeakLetThrough: map[string]int{"Medium": 20},
		TokenRequests: map[string]int{"account_credentials client_secret_basic": 11},
	}
	if diff := cmp.Diff(want, sim.Stats()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestDatasetOverHTTP(t *testing.T) {
	sim := start(t, zoomsim.Options{})
	lines := func(rows []string) string { return strings.Join(rows, "\n") + "\n" }
	expect(t, manage(t, sim, "GET", "/dataset/users", ""), 200, lines(dataset(t, sim, "users", today, today)))
	all := manage(t, sim, "GET", "/dataset/meeting_activities", "")
	expect(t, all, 200, lines(dataset(t, sim, "meeting_activities", time.Time{}, time.Time{})))
	if all.Header.Get("Content-Type") != "application/x-ndjson" {
		t.Errorf("Content-Type is %q", all.Header.Get("Content-Type"))
	}

	// Days are inclusive at both ends.
	var days []string
	for line := range strings.Lines(all.Body) {
		var row activityRow
		decode(t, line, &row)
		if day := row.ActivityTime[:10]; day >= "2026-02-10" && day <= "2026-02-12" {
			days = append(days, strings.TrimSuffix(line, "\n"))
		}
	}
	expect(t, manage(t, sim, "GET", "/dataset/meeting_activities?since=2026-02-10&until=2026-02-12", ""), 200, lines(days))

	expect(t, manage(t, sim, "GET", "/dataset/webinars", ""), 404,
		`{"error":"unknown stream \"webinars\": there are group_members, groups, history_meetings, meeting_activities, meeting_attendance, meeting_registrants, meetings, metrics_meetings, operation_logs, recordings, report_meeting_participants, report_user_meetings, sign_in_activities, users"}`)
	expect(t, manage(t, sim, "GET", "/dataset/users?since=May&until=June", ""), 400,
		`{"error":"since \"May\" is not a day such as 2026-01-31\nuntil \"June\" is not a day such as 2026-01-31"}`)
}

func TestFaultsOverHTTP(t *testing.T) {
	sim := start(t, zoomsim.Options{})
	expect(t, manage(t, sim, "POST", "/faults", `{"faults":[
		{"kind":"slow","operation":"users","delay":"1m30s"},
		{"kind":"429_daily","delay":90.5,"after":2,"count":3}]}`), 200,
		`{"pending":[{"kind":"slow","operation":"users","after":0,"count":1,"delay":"1m30s"},`+
			`{"kind":"429_daily","after":2,"count":3,"delay":"1m30.5s"}]}`)
	expect(t, manage(t, sim, "POST", "/faults", `{"faults":[{"kind":"slow"}]}`), 200,
		`{"pending":[{"kind":"slow","operation":"users","after":0,"count":1,"delay":"1m30s"},`+
			`{"kind":"429_daily","after":2,"count":3,"delay":"1m30.5s"},{"kind":"slow","after":0,"count":1,"delay":"2s"}]}`)
}

func TestBadFaultsAddNothing(t *testing.T) {
	sim := start(t, zoomsim.Options{})
	for body, want := range map[string]string{
		`{"faults":[{"kind":"http_500"},{"kind":"explode"}]}`:         `fault 2: unknown kind \"explode\": there are token_revoked, `,
		`{"faults":[{"kind":"http_500","after":-1,"count":-2}]}`:      `fault 1: after -1 is negative\ncount -2 is negative`,
		`{"faults":[{"kind":"slow","delay":"-1s"}]}`:                  `delay -1s is negative`,
		`{"faults":[{"kind":"slow","delay":"soon"}]}`:                 `delay \"soon\" is neither a duration such as`,
		`{"faults":[{"kind":"slow","delay":[1]}]}`:                    `delay [1] is neither`,
		`{"faults":[{"kind":"http_500","operation":"/v2/users"}]}`:    `unknown operation \"/v2/users\": give`,
		`{"faults":[{"kind":"http_500","operation":"FETCH /users"}]}`: `unknown operation \"FETCH /users\"`,
		`{"faults":[{"kind":"http_500","times":3}]}`:                  `unknown field \"times\"`,
		`{"fault":[{"kind":"http_500"}]}`:                             `unknown field \"fault\"`,
		`{"faults":[{"kind":"http_500"}]} {}`:                         `more than one JSON value`,
		`{"faults":[{"kind":"http_500"}`:                              `not the JSON expected`,
		`{"faults":null}`:                                             `there is no list \"faults\"`,
		`{"faults":[null]}`:                                           `unknown kind \"\"`,
		"":                                                            `not the JSON expected`,
		`{"faults":[{"kind":"` + strings.Repeat("x", 1<<20) + `"}]}`:  `too large`,
	} {
		t.Run(fmt.Sprintf("%.60s", body), func(t *testing.T) {
			got := manage(t, sim, "POST", "/faults", body)
			var answer map[string]string
			decode(t, got.Body, &answer)
			if got.Status != 400 || !strings.Contains(got.Body, want) || answer["error"] == "" {
				t.Errorf("%d %s, want %s", got.Status, got.Body, want)
			}
		})
	}
	expect(t, manage(t, sim, "POST", "/faults", `{"faults":[]}`), 200, `{"pending":[]}`)
}

func TestCredentialOverHTTP(t *testing.T) {
	sim := start(t, zoomsim.Options{})
	expect(t, manage(t, sim, "POST", "/credential", `{"scopes":"a:read b:read"}`), 200, `{"active":true,"scopes":["a:read","b:read"]}`)
	got := manage(t, sim, "POST", "/credential", `{"client_secret":"changed","active":false,"scopes":["c:read"]}`)
	expect(t, got, 200, `{"active":false,"scopes":["c:read"]}`) // and not the secret
	if sim.Info().ClientSecret != "changed" {
		t.Errorf("the secret is %q", sim.Info().ClientSecret)
	}
	for body, want := range map[string]string{
		`{"client_secret":""}`: `client_secret is empty`,
		`{"scopes":3}`:         `scopes is neither a list of strings nor a string`,
		`{"active":"yes"}`:     `active`,
		`{"secret":"x"}`:       `unknown field`,
	} {
		if got := manage(t, sim, "POST", "/credential", body); got.Status != 400 || !strings.Contains(got.Body, want) {
			t.Errorf("%s: %d %s", body, got.Status, got.Body)
		}
	}
}

func TestResetOverHTTP(t *testing.T) {
	sim := start(t, zoomsim.Options{Now: newClock().Now})
	before := sim.Info()
	token := mint(t, sim)
	for range 25 { // uses the limit of the second up
		get(t, sim, token, "/users")
	}
	manage(t, sim, "POST", "/faults", `{"faults":[{"kind":"http_500"}]}`)
	manage(t, sim, "POST", "/credential", `{"client_secret":"changed","scopes":"a:read"}`)
	expect(t, manage(t, sim, "POST", "/reset", ""), 200, `{"status":"reset"}`)

	if diff := cmp.Diff(before, sim.Info()); diff != "" {
		t.Errorf("the credential is not as it was:\n%s", diff)
	}
	if diff := cmp.Diff(zoomsim.Stats{ByLabel: map[string]int{}, ByOperation: map[string]int{}, FaultsFired: map[string]int{}, ByFamily: map[string]int{}, PeakLetThrough: map[string]int{}, TokenRequests: map[string]int{}}, sim.Stats()); diff != "" {
		t.Errorf("statistics:\n%s", diff)
	}
	expect(t, get(t, sim, token, "/users"), 401, invalidToken)
	if got := get(t, sim, mint(t, sim), "/users"); got.Status != 200 {
		t.Errorf("afterwards: %d %s", got.Status, got.Body)
	}
}

func TestManagementIndexAndMethods(t *testing.T) {
	sim := start(t, zoomsim.Options{})
	for _, path := range []string{"", "/"} {
		got := manage(t, sim, "GET", path, "")
		var index map[string]string
		if err := json.Unmarshal([]byte(got.Body), &index); err != nil || index["GET /sim/stats"] == "" || len(index) != 6 {
			t.Errorf("%d %s", got.Status, got.Body)
		}
	}
	for path, allowed := range map[string]string{
		"/": "GET", "/stats": "GET", "/requests": "GET", "/dataset/users": "GET", "/faults": "POST", "/credential": "POST", "/reset": "POST",
	} {
		got := manage(t, sim, "PUT", path, "")
		if got.Status != 405 || got.Header.Get("Allow") != allowed || !strings.Contains(got.Body, `"error":`) {
			t.Errorf("PUT %s: %d %q %s", path, got.Status, got.Header.Get("Allow"), got.Body)
		}
	}
	expect(t, manage(t, sim, "GET", "/nothing", ""), 404, `{"error":"there is no /sim/nothing; GET /sim lists what there is"}`)
}
