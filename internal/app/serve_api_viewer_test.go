package app

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/api"
)

// TestAPIViewer holds that a viewer sees no account id, client id, host, path or
// address: it goes through every route that only reads, in a world whose values are
// known, and in which each of them is shown to an operator somewhere.
func TestAPIViewer(t *testing.T) {
	d := startDaemon(t, get("/users/**"))
	tokens := d.programs(t)
	admin := tokens["admin"]
	do := func(method, path string, body any, want int) asked {
		t.Helper()
		a := d.api(t, admin, method, api.Prefix+path, body)
		if a.status != want {
			t.Fatalf("%s %s: %d %s", method, path, a.status, a.text)
		}
		return a
	}
	folder := filepath.Join(t.TempDir(), "place-of-rows")
	do("POST", "/credentials/acme/check", nil, 200)
	do("POST", "/destinations", map[string]any{"name": "warehouse", "url": "sqlite:" + filepath.Join(folder, "zoom.db")}, 500) // there is no such folder
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	do("POST", "/destinations", map[string]any{"name": "warehouse", "url": "sqlite:" + filepath.Join(folder, "zoom.db")}, 201)
	do("POST", "/schedules", map[string]any{"name": "nightly", "credential": "acme", "streams": []string{"users"}, "into": "warehouse", "cron": "15 3 * * *"}, 201)
	do("POST", "/runs", map[string]any{"credential": "acme", "streams": []string{"users"}, "into": "warehouse"}, 201)
	for {
		var run stagedoor.Run
		if err := json.Unmarshal([]byte(do("GET", "/runs/last", nil, 200).text), &run); err != nil {
			t.Fatal(err)
		}
		if run.Ended() {
			break
		}
	}
	// A person may have given a reason in which anything stands, and what went wrong may
	// name a host.
	if _, err := d.app.DisableCredential(t.Context(), "acme", "moved to "+d.info.AccountID); err != nil {
		t.Fatal(err)
	}
	broken := map[string]any{
		"name": "Broken", "account_id": d.info.AccountID, "client_id": "client-id-of-broken", "client_secret": "x", "check": false,
		"token_url": "http://127.0.0.1:1/oauth-of-broken", "api_url": "http://127.0.0.1:2/api-of-broken", "allow_hosts": []string{"127.0.0.1:1", "127.0.0.1:2"},
	}
	do("POST", "/credentials", broken, 201)
	do("POST", "/credentials/broken/check", nil, 200)

	machine, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]string{
		"account id": d.info.AccountID, "client id": d.info.ClientID, "another client id": "client-id-of-broken", "caller's client id": d.caller(t).ID,
		"API host": strings.TrimPrefix(d.info.APIURL, "http://"), "token URL": "oauth-of-broken", "another API URL": "api-of-broken",
		"address": "127.0.0.1", "path": "place-of-rows", "machine": `"host":"` + machine + `"`, "provider's host": "api.zoom.us",
	}
	seen := map[string]bool{}
	here := map[string]string{"slug": "acme", "name": "reports", "run": "last"}
	names := map[string]string{"/providers/": "zoom", "/streams/": "users", "/schedules/": "nightly", "/callers/": "reports"}
	for _, r := range api.Routes() {
		if r.Writes() || r.Role == "" {
			continue
		}
		for part, name := range names {
			if strings.Contains(r.Path, part) {
				here["name"] = name
			}
		}
		for _, slug := range []string{"acme", "broken"} {
			here["slug"] = slug
			path := at(r.Path, here)
			if extra := map[string]string{"decideForCaller": "?path=/users/me", "getCallerSnippet": "?form=curl", "searchOperations": "?q=users", "listStreams": "?credential=acme"}[r.ID]; extra != "" {
				path += extra
			}
			all := d.api(t, admin, r.Method, path, nil)
			if all.status != http.StatusOK {
				t.Errorf("%s: %d %s", path, all.status, all.text)
			}
			viewed := d.api(t, tokens["viewer"], r.Method, path, nil)
			if r.Role == stagedoor.RoleViewer && viewed.status != http.StatusOK {
				t.Errorf("%s for a viewer: %d %s", path, viewed.status, viewed.text)
			}
			for what, value := range known {
				seen[what] = seen[what] || strings.Contains(all.text, value)
				if r.ID == "listStreams" || r.ID == "getStream" || viewed.status != http.StatusOK {
					continue // the catalogue's examples are Zoom's own
				}
				if strings.Contains(viewed.text, value) {
					t.Errorf("%s shows a viewer the %s: %s", path, what, viewed.text)
				}
			}
		}
	}
	for what := range known {
		if !seen[what] {
			t.Errorf("nothing shows the %s to an admin, so that this proves nothing about it", what)
		}
	}
}
