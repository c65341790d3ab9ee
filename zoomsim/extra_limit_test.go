package zoomsim_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/stagedoor/stagedoor/zoomsim"
)

// write sends a request with a body straight to the handler.
func (s *session) write(method, path, body string) response {
	return s.serve(method, "/v2"+path, body, "Authorization: Bearer "+s.token, "Content-Type: application/json")
}

// Phone and Contact Center have budgets of their own on paid plans: the figures
// of developers.zoom.us/docs/api/rate-limits, read 2026-11.
func TestFamiliesHaveTheirOwnLimits(t *testing.T) {
	type row struct {
		path          string
		pro, business int
	}
	families := map[string][]row{
		"phone": {{"/phone/call_logs/x", 20, 40}, {"/phone/users", 10, 20}, {"/phone/call_history", 5, 10}, {"/phone/fax/logs/x/file/y", 5, 10}},
		"contact_center": {
			{"/contact_center/users/x", 20, 40}, {"/contact_center/users", 10, 20}, {"/contact_center/analytics/agents/status_history", 5, 10},
		},
	}
	for _, plan := range []string{"pro", "business"} {
		s := newSession(t, zoomsim.Options{Plan: plan})
		for _, rows := range families {
			for _, r := range rows {
				want := map[string]int{"pro": r.pro, "business": r.business}[plan]
				if got := s.passed(r.path, 2*want); got != want {
					t.Errorf("%s %s: %d, want %d (%s)", plan, r.path, got, want, s.ask(r.path).Header.Get("X-RateLimit-Category"))
				}
			}
		}
		if got, want := s.passed("/report/meeting_activities", 100), map[string]int{"pro": 10, "business": 40}[plan]; got != want {
			t.Errorf("%s: Heavy of everything else: %d, want %d", plan, got, want)
		}
		stats := s.sim.Stats()
		if stats.ByFamily["phone"] == 0 || stats.ByFamily["contact_center"] == 0 || stats.ByFamily["general"] != 100 {
			t.Errorf("by family: %v", stats.ByFamily)
		}
		if want := map[string]int{"pro": 5, "business": 10}[plan]; stats.PeakLetThrough["phone Heavy"] != want {
			t.Errorf("peaks: %v", stats.PeakLetThrough)
		}
	}

	free := newSession(t, zoomsim.Options{Plan: "free"})
	if got := free.passed("/phone/users", 1) + free.passed("/users", 5); got != 2 {
		t.Errorf("on the free plan %d Medium requests passed, want 2 in all", got)
	}
}

func TestDailyCapOfPhone(t *testing.T) {
	s := newSession(t, zoomsim.Options{})
	s.now.advance(-11 * time.Hour)
	left := 15_000 - s.passed("/phone/fax/logs/x/file/y", 5)
	for ; left > 0; left -= 5 {
		if got := s.passed("/phone/call_history", 5); got != 5 {
			t.Fatalf("with %d left, %d passed", left, got)
		}
		s.now.advance(time.Second)
	}
	expect(t, s.ask("/phone/call_history"), 429, daily)
	expect(t, s.ask("/phone/fax/logs/x/file/y"), 429, daily)
	if got := s.passed("/report/meeting_activities", 1) + s.passed("/contact_center/analytics/agents/status_history", 1); got != 2 {
		t.Errorf("the cap is not Phone's alone: %d passed", got)
	}
}

// passed asks n times and counts what no limit refused, whatever the answer.
func (s *session) passed(path string, n int) int {
	passed := 0
	for range n {
		if s.ask(path).Status != 429 {
			passed++
		}
	}
	return passed
}

const writeScopes = "meeting:write:meeting:admin meeting:update:meeting:admin webinar:write:webinar:admin webinar:update:webinar:admin " +
	"meeting:write:registrant:admin webinar:write:registrant:admin webinar:update:registrant_status:admin meeting:update:registrant_status:admin " +
	"user:write:user:admin user:read:user:admin user:delete:user:admin group:write:group:admin meeting:delete:meeting:admin"

func newWriter(t rapid.TB, o zoomsim.Options) *session {
	o.Scopes = strings.Fields(writeScopes)
	return newSession(t, o)
}

// until asks for the same until it is refused and returns how often it was not.
func (s *session) until(method, path, body string, most int) (int, response) {
	for n := range most {
		if got := s.write(method, path, body); got.Status == 429 {
			return n, got
		}
		s.now.advance(50 * time.Millisecond) // keeps to the label's limit
	}
	return most, response{}
}

func TestExtraLimits(t *testing.T) {
	const host = `You have exceeded the daily rate limit (100) of %s Create/Update API requests permitted for this particular user. You may resume these requests at GMT 00:00:00.`
	const person = `You have exceeded the daily rate limit of (%d) for %s API requests for the registrant (%s). You can resume these API requests at GMT 00:00:00.`
	for _, test := range []struct {
		name, method, path, body string
		want                     int
		message                  string
		others                   [][3]string // method, path, body: also refused
		free                     [][3]string // not refused
	}{
		{
			"host", "POST", "/users/me/meetings", "{}", 100, fmt.Sprintf(host, "Meeting"),
			[][3]string{{"POST", "/users/me/webinars", "{}"}, {"PATCH", "/meetings/1234567890", "{}"}, {"PATCH", "/webinars/9876543210", "{}"}},
			[][3]string{{"POST", "/users/somebody/meetings", "{}"}, {"DELETE", "/meetings/1234567890", ""}},
		},
		{
			"webinar registrant", "POST", "/webinars/1/registrants", `{"email":"Ada@example.com"}`, 3,
			fmt.Sprintf(person, 3, "Add a webinar registrant", "Ada@example.com"),
			[][3]string{{"POST", "/webinars/2/registrants", `{"email":"ada@example.com"}`}},
			[][3]string{{"POST", "/webinars/1/registrants", `{"email":"eve@example.com"}`}, {"POST", "/webinars/1/registrants", `nonsense`}},
		},
		{
			"registrant status", "PUT", "/webinars/1/registrants/status", `{"action":"approve","registrants":[{"id":"a"},{"id":"a"},{"id":"b"}]}`, 10,
			fmt.Sprintf(person, 10, "webinar Update registrant's status", "a"),
			[][3]string{{"PUT", "/webinars/1/registrants/status", `{"registrants":[{"id":"c"},{"id":"b"}]}`}},
			[][3]string{{"PUT", "/webinars/1/registrants/status", `{"registrants":[{"id":"c"}]}`}},
		},
		{
			"groups", "POST", "/groups", `{}`, 100,
			`You have reached the maximum daily rate limit for this API. Refer to the response header for details on when you can make another request.`,
			nil, nil,
		},
		{
			"users", "POST", "/users", `{"action":"create"}`, 1_500,
			`You have reached the maximum daily rate limit for this API. Refer to the response header for details on when you can make another request.`,
			nil,
			[][3]string{{"POST", "/users", `{"action":"custCreate"}`}},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newWriter(t, zoomsim.Options{})
			n, got := s.until(test.method, test.path, test.body, test.want+1)
			if n != test.want {
				t.Fatalf("%d passed, want %d", n, test.want)
			}
			encoded, _ := json.Marshal(test.message)
			expect(t, got, 429, `{"code":429,"message":`+string(encoded)+`}`)
			if test.want == 100 && test.name == "host" {
				expectHeaders(t, got, map[string]string{"X-RateLimit-Category": "Light", "X-RateLimit-Type": "", "X-RateLimit-Limit": "", "Retry-After": ""})
			}
			for _, other := range test.others {
				if got := s.write(other[0], other[1], other[2]); got.Status != 429 {
					t.Errorf("%v is not refused: %s", other, got.Body)
				}
			}
			for _, free := range test.free {
				if got := s.write(free[0], free[1], free[2]); got.Status != 404 {
					t.Errorf("%v: %d %s", free, got.Status, got.Body)
				}
			}
			if limited := s.sim.Stats().RateLimited; limited != (zoomsim.RateLimited{Daily: 1 + len(test.others)}) {
				t.Errorf("counted %+v", limited)
			}
			s.now.advance(today.Add(24*time.Hour - time.Nanosecond).Sub(s.now.Now()))
			if got := s.write(test.method, test.path, test.body); got.Status != 429 {
				t.Errorf("just before midnight: %s", got.Body)
			}
			s.now.advance(time.Nanosecond)
			if got := s.write(test.method, test.path, test.body); got.Status != 404 {
				t.Errorf("after midnight: %d %s", got.Status, got.Body)
			}
		})
	}
}

func TestNewUsersByPlan(t *testing.T) {
	for plan, want := range map[string]int{"free": 50, "business": 10_000} {
		s := newWriter(t, zoomsim.Options{Plan: plan})
		s.now.advance(-11 * time.Hour)
		n := 0
		for ; n <= want; n++ {
			if got := s.write("POST", "/users", `{"action":"create"}`); got.Status == 429 {
				break
			}
			s.now.advance(250 * time.Millisecond)
		}
		if n != want {
			t.Errorf("%s: %d new users, want %d", plan, n, want)
		}
	}
}

// A meeting of the report counts for its host, not for the app's owner.
func TestHostOfAReportedMeeting(t *testing.T) {
	s := newWriter(t, zoomsim.Options{})
	rows, err := s.sim.Dataset("meeting_activities", time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	var number, host string
	for raw := range rows {
		var row struct {
			Number   string `json:"meeting_number"`
			Category string `json:"activity_category"`
			Operator string `json:"operator_email"`
		}
		decode(t, string(raw), &row)
		if row.Category == "Meeting Started" {
			number, host = strings.ReplaceAll(row.Number, " ", ""), row.Operator
		}
	}
	if n, _ := s.until("PATCH", "/meetings/"+number, "{}", 60); n != 60 {
		t.Fatalf("%d passed", n)
	}
	if n, _ := s.until("POST", "/users/"+host+"/meetings", "{}", 60); n != 40 {
		t.Errorf("%d more of the same host passed, want 40", n)
	}
}

func TestExtraLimitsNeedTheScopeAndLimits(t *testing.T) {
	s := newSession(t, zoomsim.Options{})
	if n, _ := s.until("POST", "/users/me/meetings", "{}", 110); n != 110 {
		t.Errorf("without the scope, %d passed", n)
	}
	off := newWriter(t, zoomsim.Options{Limits: "off"})
	if n, _ := off.until("POST", "/users/me/meetings", "{}", 110); n != 110 {
		t.Errorf("with limits off, %d passed", n)
	}
}

func TestUsersAreLocked(t *testing.T) {
	const locked = `{"code":429,"message":"Too many concurrent requests. A request to disassociate this user has already been made."}`
	synctest.Test(t, func(t *testing.T) {
		s := newWriter(t, zoomsim.Options{Latency: time.Second})
		first := make(chan response, 1)
		go func() { first <- s.write("DELETE", "/users/ada@example.com", "") }()
		time.Sleep(300 * time.Millisecond)
		expect(t, s.write("DELETE", "/users/ADA@example.com", ""), 429, locked)
		if got := <-first; got.Status != 404 { // counted at 0.5 s, answered at 1 s
			t.Errorf("the first: %d %s", got.Status, got.Body)
		}
		if got := s.write("DELETE", "/users/ada@example.com", ""); got.Status != 404 {
			t.Errorf("afterwards: %s", got.Body)
		}
		go func() {
			first <- s.write("POST", "/users", `{"action":"create","user_info":{"email":"new@example.com"}}`)
		}()
		time.Sleep(300 * time.Millisecond)
		if got := s.ask("/users/new@example.com"); got.Status != 429 {
			t.Errorf("while it is added: %d %s", got.Status, got.Body)
		}
		<-first
	})
}

func TestRateLimitHeaders(t *testing.T) {
	type headers = map[string]string
	pick := func(got response) headers {
		some := headers{}
		for _, name := range []string{"X-RateLimit-Category", "X-RateLimit-Type", "X-RateLimit-Limit", "X-RateLimit-Remaining", "Retry-After"} {
			if value := got.Header.Get(name); value != "" {
				some[strings.TrimPrefix(name, "X-RateLimit-")] = value
			}
		}
		return some
	}
	light, heavy := headers{"Category": "Light"}, headers{"Category": "Heavy"}
	second := headers{"Category": "Heavy", "Type": "QPS", "Limit": "1", "Remaining": "0"}
	day := headers{"Category": "Medium", "Type": "Daily-limit", "Limit": "2000", "Remaining": "0", "Retry-After": "2026-03-20T00:00:00Z"}
	for form, want := range map[string][5]headers{ // a good one, too fast, too many today, a host's success, a host's refusal
		"refusals": {heavy, second, day, light, light},
		"today":    {heavy, heavy, {"Category": "Medium"}, light, light},
		"former": {
			{"Category": "Heavy", "Limit": "1000", "Remaining": "999"},
			second, day,
			{"Category": "Light", "Limit": "100", "Remaining": "99"},
			{"Category": "Light", "Limit": "6000", "Remaining": "5899"},
		},
		"none": {{}, {}, {}, {}, {}},
	} {
		s := newWriter(t, zoomsim.Options{Plan: "free", RateLimitHeaders: form})
		got := [5]headers{pick(s.ask("/report/meeting_activities")), pick(s.ask("/report/meeting_activities"))}
		addFaults(t, s.sim, zoomsim.Fault{Kind: zoomsim.Daily429, Operation: "users"})
		got[2] = pick(s.ask("/users"))
		got[3] = pick(s.write("POST", "/users/me/meetings", "{}"))
		for range 99 {
			s.now.advance(time.Second)
			s.write("POST", "/users/me/meetings", "{}")
		}
		s.now.advance(time.Second)
		got[4] = pick(s.write("POST", "/users/me/meetings", "{}"))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", form, diff)
		}
	}
}
