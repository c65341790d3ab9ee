package caller_test

import (
	"testing"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/caller"
)

const (
	yes       = stagedoor.Kind("")
	forbidden = stagedoor.KindForbidden
	usage     = stagedoor.KindUsage
	notFound  = stagedoor.KindNotFound
)

// someone is a caller that no store has.
func someone(t testing.TB, rules ...string) stagedoor.Caller {
	t.Helper()
	return stagedoor.Caller{Name: "reports", Provider: "zoom", Rules: rulesOf(t, rules...)}
}

func TestRulesDecide(t *testing.T) {
	c := caller.Open(&memory{}, tokenKey, options())
	for _, test := range []struct {
		rules        []string
		method, path string
		want         stagedoor.Kind
	}{
		// Nothing is allowed that no rule allows.
		{[]string{"deny /users/me"}, "GET", "/v2/users", forbidden},
		{[]string{"allow GET /users"}, "GET", "/v2/users", yes},
		{[]string{"allow GET /users"}, "POST", "/v2/users", forbidden},
		{[]string{"allow GET /users"}, "HEAD", "/v2/users", forbidden},
		{[]string{"allow GET,HEAD /users"}, "HEAD", "/v2/users", yes},
		{[]string{"allow GET /users"}, "GET", "/v2/users/me", forbidden},
		{[]string{"allow /users"}, "DELETE", "/v2/users", yes},
		{[]string{"allow GET /v2/users"}, "GET", "/v2/users", yes},
		{[]string{"allow GET /users/{userId}"}, "GET", "/v2/users/me", yes},
		{[]string{"allow GET /users"}, "GET", "/v2/Users", forbidden},

		// * is one segment, ** any number of them.
		{[]string{"allow GET /users/*"}, "GET", "/v2/users/me", yes},
		{[]string{"allow GET /users/*"}, "GET", "/v2/users", forbidden},
		{[]string{"allow GET /users/*"}, "GET", "/v2/users/me/settings", forbidden},
		{[]string{"allow GET /users/*/settings"}, "GET", "/v2/users/me/settings", yes},
		{[]string{"allow GET /report/**"}, "GET", "/v2/report", yes},
		{[]string{"allow GET /report/**"}, "GET", "/v2/report/meetings/1/participants", yes},
		{[]string{"allow GET /report/**"}, "GET", "/v2/reports", forbidden},
		{[]string{"allow /**"}, "PATCH", "/v2/users/me", yes},
		{[]string{"allow /**"}, "PATCH", "/v2/nobody/knows", yes},

		// A deny decides, whatever is allowed and in whatever order.
		{[]string{"deny /users/me", "allow /users/**"}, "GET", "/v2/users/me", forbidden},
		{[]string{"allow /users/**", "deny /users/me"}, "GET", "/v2/users/me", forbidden},
		{[]string{"allow /users/**", "deny /users/me"}, "GET", "/v2/users/ME", forbidden},
		{[]string{"allow /users/**", "deny /users/me"}, "GET", "/v2/users/me.", forbidden},
		{[]string{"allow /users/**", "deny /users/me"}, "GET", "/v2/users/me%20", forbidden},
		{[]string{"allow /users/**", "deny /users/me"}, "GET", "/v2/users/me.json", forbidden},
		{[]string{"allow /users/**", "deny /users/*/settings"}, "GET", "/v2/users/me/settings.XML", forbidden},
		{[]string{"allow /users/**", "deny /users/me"}, "GET", "/v2/users/.json", yes},
		{[]string{"allow /users/**", "deny /users/jo@example.com"}, "GET", "/v2/users/jo@example.org", yes},
		{[]string{"allow /users/**", "deny /users/me"}, "GET", "/v2/users/you", yes},
		{[]string{"allow /users/**", "deny DELETE /users/**"}, "GET", "/v2/users/me", yes},
		{[]string{"allow /users/**", "deny DELETE /users/**"}, "DELETE", "/v2/users/me", forbidden},
		{[]string{"allow /users/**", "deny GET /users/me"}, "HEAD", "/v2/users/me", forbidden},

		// Rules by scope, of both vocabularies.
		{[]string{"allow-scope report:read:meeting_activity_log:admin"}, "GET", "/v2/report/meeting_activities", yes},
		{[]string{"allow-scope report:read:meeting_activity_log:admin"}, "GET", "/v2/report/daily", forbidden},
		{[]string{"allow-scope report:read:meeting_activity_log:admin"}, "HEAD", "/v2/report/meeting_activities", forbidden},
		{[]string{"allow-scope report:read:admin"}, "GET", "/v2/report/daily", yes},
		{[]string{"allow-scope report:read:admin"}, "GET", "/v2/v2/report/daily", notFound},
		{[]string{"allow-scope report:read:admin"}, "GET", "/v2/Report/daily", forbidden},
		{[]string{"allow-scope user:read:admin"}, "GET", "/v2/users/jo@example.com", yes},
		{[]string{"allow-scope user:read:admin"}, "DELETE", "/v2/users/jo@example.com", forbidden},
		{[]string{"allow /**", "deny-scope report:read:admin"}, "GET", "/v2/report/daily", forbidden},
		{[]string{"allow /**", "deny-scope report:read:admin"}, "GET", "/v2/REPORT/Daily.", forbidden},
		{[]string{"allow /**", "deny-scope report:read:admin"}, "HEAD", "/v2/report/daily", forbidden},
		{[]string{"allow /**", "deny-scope report:read:admin"}, "GET", "/v2/users", yes},
		// A literal of the table wins over a parameter: this is another operation.
		{[]string{"allow-scope meeting:read:meeting:admin"}, "GET", "/v2/meetings/85746065", yes},
		{[]string{"allow-scope meeting:read:meeting:admin"}, "GET", "/v2/meetings/meeting_summaries", forbidden},

		// Identifiers as clients write them.
		{[]string{"allow GET /users/*"}, "GET", "/v2/users/jo@example.com", yes},
		{[]string{"allow GET /users/*"}, "GET", "/v2/users/jo%40example.com", yes},
		{[]string{"allow GET /users/jo@example.com"}, "GET", "/v2/users/jo%40example.com", yes},
		{[]string{"allow GET /users/jo+x@example.com"}, "GET", "/v2/users/jo%2Bx%40example.com", yes},
		{[]string{"allow GET /users/jo@example.com"}, "GET", "/v2/users/Jo@example.com", forbidden},
		{[]string{"allow GET /users/*"}, "GET", "/v2/users/KDcuGIm1QgePTO8WbOqwIQ", yes},
		{[]string{"allow GET /users/*"}, "GET", "/v2/users/a%20b", yes},
		{[]string{"allow GET /users/*"}, "GET", "/v2/users/m%C3%BCller@example.com", yes},
		{[]string{"allow GET /users/*"}, "GET", "/v2/users/o'neil@example.com", yes},
		{[]string{"allow GET /users/*"}, "GET", "/v2/users/%7Ejo", yes},

		// Outside the base there is nothing.
		{[]string{"allow /**"}, "GET", "", notFound},
		{[]string{"allow /**"}, "GET", "/", notFound},
		{[]string{"allow /**"}, "GET", "/v2", notFound},
		{[]string{"allow /**"}, "GET", "/v2/", notFound},
		{[]string{"allow /**"}, "GET", "/v1/users", notFound},
		{[]string{"allow /**"}, "GET", "/V2/users", notFound},
		{[]string{"allow /**"}, "GET", "/%762/users", notFound},
		{[]string{"allow /**"}, "GET", "/v2%2Fusers", notFound},
		{[]string{"allow /**"}, "GET", "/v22/users", notFound},
		{[]string{"allow /**"}, "GET", "/oauth/token", notFound},
		{[]string{"allow /**"}, "GET", "//v2/users", notFound},
		{[]string{"allow /**"}, "GET", "/x/../v2/users", notFound},
		{[]string{"allow /**"}, "GET", "https://api.zoom.us/v2/users", usage},
		{[]string{"allow /**"}, "OPTIONS", "*", usage},
		{[]string{"allow /**"}, "get", "/v2/users", usage},
		{[]string{"allow /**"}, "TRACE", "/v2/users", usage},
		{[]string{"allow /**"}, "", "/v2/users", usage},
	} {
		_, err := c.Permit(someone(t, test.rules...), "/v2", test.method, test.path)
		got := yes
		if err != nil {
			got = stagedoor.KindOf(err)
		}
		if got != test.want {
			t.Errorf("%v: %s %s: got %q (%v), want %q", test.rules, test.method, test.path, got, err, test.want)
		}
	}
}

// A UUID may stand as Zoom's documents want it, and nothing else may.
func TestUUIDsOfMeetings(t *testing.T) {
	c := caller.Open(&memory{}, tokenKey, options())
	const uuid = "aDYlohsHRtCd4ii1uC2+hA==" // of Zoom's documents
	for _, test := range []struct {
		rule, path string
		want       stagedoor.Kind
	}{
		{"allow GET /past_meetings/*", "/past_meetings/" + uuid, yes},
		{"allow GET /past_meetings/*", "/past_meetings/aDYlohsHRtCd4ii1uC2%2BhA%3D%3D", yes},
		{"allow GET /past_meetings/*", "/past_meetings/aDYlohsHRtCd4ii1uC2%252BhA%253D%253D", yes},
		{"allow GET /past_meetings/*", "/past_meetings/%2FDYlohsHRtCd4ii1uC2%2BhA%3D%3D", yes},
		{"allow GET /past_meetings/*", "/past_meetings/%252FDYlohsHRtCd4ii1uC2%252BhA%253D%253D", yes},
		{"allow GET /past_meetings/*", "/past_meetings/%252fDYlohs%252f%252ftCd4ii1uC2%252bhA%253d%253d", yes},
		{"allow GET /past_meetings/*", "/past_meetings/%252FDYlohsHRtCd4ii1uC2+hA==", yes},
		{"allow GET /past_meetings/*/participants", "/past_meetings/a%2FYlohsHRtCd4ii1uC2%2BhA%3D%3D/participants", yes},
		{"allow GET /past_meetings/**", "/past_meetings/a%2FYlohsHRtCd4ii1uC2%2BhA%3D%3D/participants", yes},
		{"allow GET /past_meetings/*", "/past_meetings/a%2FYlohsHRtCd4ii1uC2%2BhA%3D%3D/participants", forbidden},
		{"allow-scope meeting:read:past_meeting:admin", "/past_meetings/%252FDYlohsHRtCd4ii1uC2%252BhA%253D%253D", yes},
		{"allow GET /report/webinars/*", "/report/webinars/%252FDYlohsHRtCd4ii1uC2%252BhA%253D%253D", yes},
		{"allow GET /videosdk/sessions/*", "/videosdk/sessions/%252FDYlohsHRtCd4ii1uC2%252BhA%253D%253D", yes},
		{"allow GET /meetings/*/recordings", "/meetings/%252FDYlohsHRtCd4ii1uC2%252BhA%253D%253D/recordings", yes},

		// Where the table has no such parameter, it may not.
		{"allow GET /users/*", "/users/%2FDYlohsHRtCd4ii1uC2%2BhA%3D%3D", usage},
		{"allow GET /users/*", "/users/aDYlohsHRtCd4ii1uC2%252BhA%253D%253D", usage},
		{"allow GET /phone/sms/sessions/*", "/phone/sms/sessions/%2FDYlohsHRtCd4ii1uC2%2BhA%3D%3D", usage},
		{"allow /**", "/nobody/knows/%2FDYlohsHRtCd4ii1uC2%2BhA%3D%3D", usage},
		// Of another form, it may not.
		{"allow GET /past_meetings/*", "/past_meetings/%2FDYlohsHRtCd4ii1uC2%2BhA%3D", usage},
		{"allow GET /past_meetings/*", "/past_meetings/%2FDYlohsHRtCd4ii1uC2%2BhAA%3D%3D", usage},
		{"allow GET /past_meetings/*", "/past_meetings/%2FDYlohsHRtCd4ii1uC2%252BhA%253D%253D", usage},
		{"allow GET /past_meetings/*", "/past_meetings/%25252FDYlohsHRtCd4ii1uC2%25252BhA==", usage},
		{"allow GET /past_meetings/*", "/past_meetings/%252FDYlohsHRtCd4ii1uC2%252B%2568A==", usage},
		{"allow GET /past_meetings/*", "/past_meetings/%252FDYlohsHRtCd4ii1uC2..hA==", usage},
		{"allow GET /past_meetings/*", "/past_meetings/..%2F..%2FusersCd4ii1uC2hA==", usage},
		// Where a server that decodes too early would find another operation in it,
		// that one must be allowed too.
		{"allow GET /meetings/*", "/meetings/12345%2Fregistrants%2Fabcd==", forbidden},
		{"allow GET /webinars/*", "/webinars/12345678%2Fpanelists%2Fabc==", yes}, // there is no GET of one panelist
	} {
		who := someone(t, test.rule)
		_, err := c.Permit(who, "/v2", "GET", "/v2"+test.path)
		got := yes
		if err != nil {
			got = stagedoor.KindOf(err)
		}
		if got != test.want {
			t.Errorf("%s: %s: got %q (%v), want %q", test.rule, test.path, got, err, test.want)
		}
	}
}
