package zoom

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stagedoor/stagedoor"
)

func TestPathEscapesIdentifiers(t *testing.T) {
	for _, c := range []struct {
		id, want string
	}{
		{"96012345678", "96012345678"},
		{"jo@example.com", "jo%40example.com"},
		{"jo+test@example.com", "jo%2Btest%40example.com"},
		{"4444AAAiAAAAAiAiAiiAii==", "4444AAAiAAAAAiAiAiiAii%3D%3D"},
		{"aB+/c==", "aB%2B%2Fc%3D%3D"},         // a slash inside: once
		{"/aBc==", "%252FaBc%253D%253D"},       // at the start: twice
		{"aB//c==", "aB%252F%252Fc%253D%253D"}, // two in a row: twice
		{"/a+b//c==", "%252Fa%252Bb%252F%252Fc%253D%253D"},
		{"Jörg Müller", "J%C3%B6rg%20M%C3%BCller"},
		{"100%", "100%25"},
		{"a?b#c;d&e", "a%3Fb%23c%3Bd%26e"},
		{"..", "%252E%252E"},
		{".", "%252E"},
		{"../groups", "..%2Fgroups"},
		{"{x}", "%7Bx%7D"},
		{"", "{meetingId}"},
	} {
		if got := Path("/past_meetings/{meetingId}/participants", c.id); got != "/past_meetings/"+c.want+"/participants" {
			t.Errorf("%q gave %s, want %s", c.id, got, c.want)
		}
	}
	if got := Path("/groups/{groupId}/members/{memberId}", "g/1", "m 2"); got != "/groups/g%2F1/members/m%202" {
		t.Errorf("two identifiers gave %s", got)
	}
	if got := Path("/groups/{groupId}/members/{memberId}", "g"); got != "/groups/g/members/{memberId}" {
		t.Errorf("a missing identifier gave %s", got)
	}
}

// What Path made arrives as it is, however net/http builds the request.
func TestEscapesArriveOnTheWire(t *testing.T) {
	var got string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.RequestURI
		w.WriteHeader(http.StatusNoContent)
	}))
	defer s.Close()
	c, err := New(Config{HTTP: http.DefaultTransport, APIURL: s.URL, Provider: zoomish()})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"/a+b//c==", "a/b==", "jo+x@example.com", "Jörg Müller", "100%", "..", "{x}", "a;b"} {
		path := Path("/past_meetings/{meetingId}", id)
		if _, err := c.Do(t.Context(), stagedoor.Request{Path: path, Query: url.Values{"q": {"a b+c"}}}); err != nil {
			t.Errorf("%q: %v", id, err)
		}
		if want := "/v2" + path + "?q=a%20b%2Bc"; got != want {
			t.Errorf("%q arrived as %s, want %s", id, got, want)
		}
	}
}

func TestURLFormsMeanTheSame(t *testing.T) {
	for _, apiURL := range []string{"", "https://api.zoom.us", "https://api.zoom.us/", "https://api.zoom.us/v2", "https://api.zoom.us/v2/", "https://API.zoom.us"} {
		c, _ := newClient(t, func(o *Config) { o.APIURL = apiURL }, says(200, "{}"))
		for _, path := range []string{"/users/me", "users/me", "/v2/users/me", "https://api.zoom.us/v2/users/me", "https://api.zoom.us:443/v2/users/me"} {
			u, err := c.URL(path)
			if err != nil {
				t.Errorf("%s: %v", path, err)
				continue
			}
			if !strings.EqualFold(u.Hostname(), "api.zoom.us") || u.EscapedPath() != "/v2/users/me" {
				t.Errorf("with API URL %q, %s is %s", apiURL, path, u)
			}
			response, e := do(t, c, path)
			if e != nil || response.Operation.Name() != "GET /users/{userId}" {
				t.Errorf("with API URL %q, %s is another operation: %v", apiURL, path, e)
			}
		}
	}
}

func TestURLBelowAGateway(t *testing.T) {
	c, _ := newClient(t, func(o *Config) { o.APIURL = "http://door.example:8700/to/acme" }, says(200, "{}"))
	for _, path := range []string{"/users/me", "/v2/users/me", "http://door.example:8700/to/acme/v2/users/me"} {
		u, err := c.URL(path)
		if err != nil || u.String() != "http://door.example:8700/to/acme/v2/users/me" {
			t.Errorf("%s is %v, %v", path, u, err)
		}
		if response, e := do(t, c, path); e != nil || response.Operation.Path != "/users/{userId}" {
			t.Errorf("%s is another operation: %v", path, e)
		}
	}
}

func TestURLRefuses(t *testing.T) {
	c, _ := newClient(t, nil, says(200, "{}"))
	for path, kind := range map[string]stagedoor.Kind{
		"/users/{userId}":                 stagedoor.KindUsage,
		"/users//settings":                stagedoor.KindUsage,
		"//evil.example/v2/users":         stagedoor.KindUsage,
		"/users/../groups":                stagedoor.KindUsage,
		"/users/%2e%2e/groups":            stagedoor.KindUsage,
		"/users/%zz":                      stagedoor.KindUsage,
		"/users/a#b":                      stagedoor.KindUsage,
		"ftp://api.zoom.us/v2/users":      stagedoor.KindUsage,
		"https://evil.example/v2/users":   stagedoor.KindHostRefused,
		"http://api.zoom.us/v2/users":     stagedoor.KindHostRefused,
		"https://api.zoom.us:81/v2/users": stagedoor.KindHostRefused,
	} {
		if _, err := c.URL(path); stagedoor.KindOf(err) != kind {
			t.Errorf("%s gave %v, want %s", path, err, kind)
		}
	}
	if _, err := c.URL("/users/{userId}?access_token=canary"); err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("got %v, want an error without the query", err)
	}
}

func TestURLOnAnotherHostAsksCheck(t *testing.T) {
	var asked string
	c, f := newClient(t, func(o *Config) {
		o.Check = func(u *url.URL) error { asked = u.Host; return nil }
	}, says(200, "{}"))
	response, e := do(t, c, "https://api-eu.zoom.us/v2/users/me")
	if e != nil || asked != "api-eu.zoom.us" || f.got[0].URL.Host != "api-eu.zoom.us" {
		t.Fatalf("asked %q: %v", asked, e)
	}
	if response.Operation.Name() != "GET /users/{userId}" {
		t.Errorf("it is %s", response.Operation.Name())
	}
}

func TestQueryIsMerged(t *testing.T) {
	c, f := newClient(t, nil, says(200, "{}"))
	_, err := c.Do(t.Context(), stagedoor.Request{
		Path:  "/report/meeting_activities?from=2026-01-01&page_size=30",
		Query: url.Values{"page_size": {"300"}, "activity_type": {"All Activities"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := f.got[0].URL.RawQuery; got != "activity_type=All%20Activities&from=2026-01-01&page_size=300" {
		t.Errorf("sent %s", got)
	}
	if _, err := c.Do(t.Context(), stagedoor.Request{Path: "/users?b=2&a=x+y"}); err != nil {
		t.Fatal(err)
	}
	if got := f.got[1].URL.RawQuery; got != "b=2&a=x+y" {
		t.Errorf("a query of the path's own was changed to %s", got)
	}
}

func TestNewRefusesWhatIsNoAPI(t *testing.T) {
	for _, apiURL := range []string{"api.zoom.us", "ftp://api.zoom.us", "https://", "https://me:canary@api.zoom.us", "https://api.zoom.us/?a=b"} {
		_, err := New(Config{HTTP: &fake{}, APIURL: apiURL, Provider: zoomish()})
		if stagedoor.KindOf(err) != stagedoor.KindUsage || strings.Contains(err.Error(), "canary") {
			t.Errorf("%q gave %v, want a usage error", apiURL, err)
		}
	}
}
