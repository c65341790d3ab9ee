package zoom

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stagedoor/stagedoor"
)

func TestErrorsAreExplained(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		body   string
		kind   stagedoor.Kind
		code   string
		detail string
	}{
		{"scope", 400, `{"code":4711,"message":"Invalid access token, does not contain scopes:[a:read, b:read]."}`, stagedoor.KindScopeMissing, "4711", "Invalid access token, does not contain scopes:[a:read, b:read]."},
		{"older scope", 401, `{"code":4700,"message":"Invalid access token, does not contain scopes: [report:read:admin]."}`, stagedoor.KindScopeMissing, "4700", "Invalid access token, does not contain scopes: [report:read:admin]."},
		{"token", 401, `{"code":124,"message":"Invalid access token."}`, stagedoor.KindTokenRejected, "124", "Invalid access token."},
		{"token with status 400", 400, `{"code":124,"message":"Access token is expired."}`, stagedoor.KindTokenRejected, "124", "Access token is expired."},
		{"code as text", 401, `{"code":"124","message":"Invalid access token."}`, stagedoor.KindTokenRejected, "124", "Invalid access token."},
		{"plan", 400, `{"code":200,"message":"Only available for paid account: abc"}`, stagedoor.KindPlanTooSmall, "200", "Only available for paid account: abc"},
		{"page token", 400, `{"code":300,"message":"The next page token is invalid or expired."}`, stagedoor.KindPageToken, "300", "The next page token is invalid or expired."},
		{"page token in a field", 400, `{"code":300,"message":"Validation Failed.","errors":[{"field":"next_page_token","message":"Invalid field."}]}`, stagedoor.KindPageToken, "300", "Validation Failed. next_page_token: Invalid field."},
		{"validation", 400, `{"code":300,"message":"Validation Failed.","errors":[{"field":"user_info.email","message":"Invalid field."},{"message":"Second."},"third",4]}`, stagedoor.KindBadRequest, "300", "Validation Failed. user_info.email: Invalid field. Second. third 4"},
		{"contact center", 401, `{"status":false,"errorCode":401}`, stagedoor.KindTokenRejected, "401", ""},
		{"contact center with words", 400, `{"status":false,"errorCode":"9","errorMessage":"No queue."}`, stagedoor.KindBadRequest, "9", "No queue."},
		{"unknown code", 404, `{"code":1001,"message":"User does not exist: x."}`, stagedoor.KindNotFound, "1001", "User does not exist: x."},
		{"forbidden", 403, `{"code":12703,"message":"No permission."}`, stagedoor.KindNoPermission, "12703", "No permission."},
		{"conflict", 409, `{"code":1005,"message":"Email has already been used."}`, stagedoor.KindConflict, "1005", "Email has already been used."},
		{"unauthorized without a body", 401, ``, stagedoor.KindTokenRejected, "", ""},
		{"bad request without a body", 400, ``, stagedoor.KindBadRequest, "", ""},
		{"token endpoint's form", 400, `{"reason":"Bad Request","error":"invalid_request"}`, stagedoor.KindBadRequest, "invalid_request", "Bad Request"},
		{"problem details", 400, `{"type":"x","title":"Invalid","status":400,"detail":"from is missing"}`, stagedoor.KindBadRequest, "", "from is missing"},
		{"HTML", 404, "<!doctype html>\n<html><head><title>Not\n Found</title></head></html>", stagedoor.KindNotFound, "", "Not Found"},
		{"text", 418, "I am\x00 a\x1b[31m teapot\u202e", stagedoor.KindBadRequest, "", "I am a [31m teapot"},
		{"redirect", 307, ``, stagedoor.KindBadAnswer, "", ""},
		{"not modified", 304, ``, stagedoor.KindBadAnswer, "", ""},
		{"a list", 400, `[1]`, stagedoor.KindBadRequest, "", "[1]"},
		{"null", 400, `null`, stagedoor.KindBadRequest, "", "null"},
		{"message of another form", 400, `{"code":{"a":1},"message":["x"]}`, stagedoor.KindBadRequest, "", `{"code":{"a":1},"message":["x"]}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			client, _ := newClient(t, nil, says(c.status, c.body))
			_, e := do(t, client, "/report/meeting_activities?from=2026-01-01")
			if e == nil {
				t.Fatal("no error")
			}
			if e.Kind != c.kind || e.Code != c.code || e.Detail != c.detail || e.Status != c.status {
				t.Errorf("got kind %s, code %q, status %d, detail %q", e.Kind, e.Code, e.Status, e.Detail)
			}
			if e.Op != "GET /report/meeting_activities" || e.Subject != "credential acme" || e.Tracking != "v=2.0;clid=us02;rid=WEB_1" || e.Cause == "" || e.Fix == "" {
				t.Errorf("it does not tell the story: %v", e)
			}
		})
	}
}

func TestServerErrorIsUnavailable(t *testing.T) {
	for _, body := range []string{"", "<html>", `{"code":500,"message":"x"}`} {
		synctest.Test(t, func(t *testing.T) {
			client, _ := newClient(t, func(o *Config) { o.Patience = time.Nanosecond }, says(502, body))
			if _, e := do(t, client, "/users"); e == nil || e.Kind != stagedoor.KindUnavailable {
				t.Errorf("%q gave %v", body, e)
			}
		})
	}
}

func TestScopesAreKeptWhole(t *testing.T) {
	message := "Invalid access token, does not contain scopes:[" + strings.Repeat("meeting:read:list_past_participants:admin, ", 20) + "last:scope]."
	client, _ := newClient(t, nil, says(400, `{"code":4711,"message":"`+message+`"}`))
	_, e := do(t, client, "/users")
	if e == nil || e.Detail != message || !strings.Contains(e.Cause, "last:scope") {
		t.Errorf("got %v", e)
	}
}

func TestSecretsAreCleanedAway(t *testing.T) {
	jwt := "eyJzdiI6IjAwMDAwMSIsImFsZyI6IkhTNTEyIn0.eyJhdWQiOiJodHRwczovL29hdXRoIn0.c2lnbmF0dXJl"
	for name, text := range map[string]string{
		"bearer":        "The header was Authorization: Bearer abcdefgh12345678ABCDEFG",
		"basic":         "Basic Y2xpZW50OnNlY3JldC1jYW5hcnk=",
		"JWT":           "the token " + jwt + " ended",
		"cut JWT":       "token=" + jwt[:30],
		"query":         "see https://api.zoom.us/v2/users?access_token=a1b2c3d4e5f6g7h8&x=1",
		"JSON":          `{"access_token": "a1b2c3d4e5f6g7h8"}`,
		"client secret": "tried XyZ12abCdEfGhIjKlMnOpQrStUvWxYz0",
	} {
		encoded, err := json.Marshal(map[string]any{"code": 1, "message": text, "errors": []any{map[string]any{"field": "f", "message": text}}})
		if err != nil {
			t.Fatal(err)
		}
		for _, body := range []string{string(encoded), text, "<title>" + text + "</title>"} {
			client, _ := newClient(t, nil, says(400, body))
			_, e := do(t, client, "/users")
			shown := e.Error() + e.Detail
			for _, secret := range []string{"abcdefgh1234", "Y2xpZW50", "eyJz", "eyJhdWQ", "c2lnbmF0", "a1b2c3d4", "XyZ12abC"} {
				if strings.Contains(shown, secret) {
					t.Errorf("%s: a secret is shown", name)
				}
			}
		}
	}
	for _, text := range []string{
		"Only basic information is available", "access_token: Invalid field.", "bearer authentication is required",
		"Invalid access token, does not contain scopes:[meeting:read:list_past_participants:admin].",
		"see https://developers.zoom.us/docs/api/rate-limits/",
	} {
		if got := stagedoor.Outside(text, 300); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func TestTrackingIDIsKeptWhole(t *testing.T) {
	id := "v=2.0;clid=us02;rid=WEB_0123456789abcdefABCDEF0123456789abcdef"
	client, _ := newClient(t, nil, says(400, "{}", "X-Zm-Trackingid", id))
	if _, e := do(t, client, "/users"); e == nil || e.Tracking != id || !strings.Contains(e.Error(), id) {
		t.Errorf("got %v", e)
	}
}

func FuzzExplain(f *testing.F) {
	for _, seed := range []string{
		`{"code":124,"message":"Invalid access token."}`, `{"status":false,"errorCode":401}`, "", "<html>", "[", `{"errors":[{"field":1}]}`,
		`{"code":300,"message":"x","errors":[{"field":"a","message":"b"}]}`, "\xff\xfe", `{"message":"\ud800"}`, perHost,
	} {
		f.Add(seed, 400)
	}
	c, err := New(Config{HTTP: &fake{}, Provider: limited()})
	if err != nil {
		f.Fatal(err)
	}
	op, _ := Operations().Find("GET", "/users")
	f.Fuzz(func(t *testing.T, body string, status int) {
		status = 300 + (status%300+300)%300
		e, _ := c.explain(&call{op: op}, status, nil, []byte(body))
		if e.Cause == "" || e.Fix == "" || e.Kind == "" {
			t.Errorf("unexplained: %#v", e)
		}
		if len(e.Detail) > scopesBytes || len(e.Code) > 60 || !utf8.ValidString(e.Error()+e.Detail+e.Code) {
			t.Errorf("not fit to be shown: %q %q", e.Code, e.Detail)
		}
		if strings.ContainsFunc(e.Detail+e.Code, unicode.IsControl) {
			t.Errorf("control characters in %q %q", e.Code, e.Detail)
		}
	})
}
