package zoomsim_test

import (
	"strings"
	"testing"

	"github.com/stagedoor/stagedoor/zoomsim"
)

func TestAuthentication(t *testing.T) {
	sim := start(t, zoomsim.Options{})
	token, users := mint(t, sim), sim.Info().APIURL+"/users"
	const none = `{"code":124,"message":"Requires an access token."}`
	expect(t, send(t, "GET", users, ""), 401, none)
	expect(t, send(t, "GET", users, "", "Authorization: Bearer "), 401, none)
	expect(t, send(t, "GET", users, "", "Authorization: Basic "+token), 401, none)
	expect(t, send(t, "GET", users, "", "Authorization: Bearer nonsense"), 401, invalidToken)
	expect(t, send(t, "GET", users+"?access_token="+token, ""), 401,
		`{"code":124,"message":"Invalid access token, this access token is not supported as query parameter string."}`)
	if got := send(t, "GET", users, "", "Authorization: bEaReR "+token); got.Status != 200 {
		t.Errorf("the scheme is case-sensitive: %s", got.Body)
	}
	if got := sim.Stats().Unauthorized; got != 5 {
		t.Errorf("%d unauthorized, want 5", got)
	}
}

func TestUnrecognized(t *testing.T) {
	sim := start(t, zoomsim.Options{Scopes: []string{"user:read:admin"}})
	auth := "Authorization: Bearer " + mint(t, sim)
	base := strings.TrimSuffix(sim.Info().APIURL, "/v2")
	const want = `{"code":2300,"message":"This API endpoint is not recognized."}`
	for _, request := range []string{
		"GET /v2/nowhere", "GET /v2/users/", "GET /v2//users", "PUT /v2/users", "OPTIONS /v2/users", "GET /v2/users/%zz",
		"GET /users", "GET /v2", "GET /", "GET /v2/users/me/settings", // the last is published but not simulated
	} {
		method, path, _ := strings.Cut(request, " ")
		got, err := trySend(method, base+path, "", auth)
		if strings.Contains(path, "%zz") { // Go's own client refuses to send that
			if err == nil {
				t.Error("sent a garbled path")
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Run(request, func(t *testing.T) { expect(t, got, 404, want) })
	}
	if got := send(t, "HEAD", base+"/v2/users", "", auth); got.Status != 404 || got.Body != "" {
		t.Errorf("HEAD: %d %q", got.Status, got.Body)
	}
	if got := sim.Stats().ByOperation["GET /users/{userId}/settings"]; got != 1 {
		t.Errorf("a published operation was counted %d times", got)
	}
}

func TestScopes(t *testing.T) {
	const missing = `{"code":4711,"message":"Invalid access token, does not contain scopes:[report:read:meeting_activity_log:admin, report:read:admin]."}`
	tests := map[string]struct {
		scopes string
		want   string // "" if any answer but a scope error
	}{
		"granular": {"report:read:meeting_activity_log:admin", ""},
		"classic":  {"report:read:admin", ""},
		"other":    {"user:read:admin report:read:user:admin", missing},
		"none":     {"", missing},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			sim := start(t, zoomsim.Options{Scopes: append([]string{}, strings.Fields(test.scopes)...)})
			// Scopes are checked before parameters, which are all missing here.
			got := get(t, sim, mint(t, sim), "/report/meeting_activities")
			if test.want != "" {
				expect(t, got, 400, test.want)
			} else if got.Status != 400 || !strings.Contains(got.Body, `"code":300`) {
				t.Errorf("%d %s", got.Status, got.Body)
			}
		})
	}
}

func TestHeadersOfEveryAnswer(t *testing.T) {
	sim := start(t, zoomsim.Options{})
	token := mint(t, sim)
	ids := map[string]bool{}
	for path, category := range map[string]string{
		"/users/me": "Light", "/users": "Medium", "/report/meeting_activities": "Heavy", "/metrics/meetings": "Resource-intensive",
		"/users/nobody": "Light", "/users/me/webinar_templates": "Heavy", // published without a label
	} {
		got := get(t, sim, token, path)
		if got.Header.Get("X-RateLimit-Category") != category {
			t.Errorf("%s (%d) has category %q", path, got.Status, got.Header.Get("X-RateLimit-Category"))
		}
		if got.Header.Get("Content-Type") != "application/json;charset=UTF-8" {
			t.Errorf("%s has type %q", path, got.Header.Get("Content-Type"))
		}
		id := got.Header.Get("x-zm-trackingid")
		if ids[id] || !strings.HasPrefix(id, "v=2.0;clid=us02;rid=WEB_") {
			t.Errorf("tracking id %q is used or misshapen", id)
		}
		ids[id] = true
	}
}
