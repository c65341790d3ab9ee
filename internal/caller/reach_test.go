package caller

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/zoom"
)

// ofZoom are callers of which nothing is stored: rules need no more.
func ofZoom() *Callers {
	return Open(nil, make([]byte, 32), Options{
		Operations: func(provider string) []stagedoor.Operation {
			if provider != "zoom" {
				return nil
			}
			return zoom.Operations().All()
		},
		Base: func(string) string { return "/v2" },
	})
}

// withRules is a caller with rules: "GET /users/*", "deny GET /users/me",
// "scope report:read:admin".
func withRules(t interface{ Fatal(...any) }, rules ...string) stagedoor.Caller {
	who := stagedoor.Caller{ID: "caller_x", Name: "x", Credential: "acme", Provider: "zoom"}
	for _, text := range rules {
		text, deny := strings.CutPrefix(text, "deny ")
		if scope, ok := strings.CutPrefix(text, "scope "); ok {
			who.Rules = append(who.Rules, stagedoor.Rule{Scope: scope, Deny: deny})
			continue
		}
		rule, err := ParseRule(text, "/v2", deny)
		if err != nil {
			t.Fatal(err)
		}
		who.Rules = append(who.Rules, rule)
	}
	return who
}

func TestReach(t *testing.T) {
	for _, test := range []struct {
		name  string
		rules []string
		only  string // those whose template begins so
		want  []string
	}{
		{name: "nothing"},
		{name: "a template", rules: []string{"GET /users/*"}, want: []string{
			"GET /users/{userId}",
			// These are operations of their own, not users.
			"GET /users/summary", "GET /users/vanity_name", "GET /users/email",
		}},
		{name: "one path", rules: []string{"GET /users/me"}, want: []string{"GET /users/me of {userId}"}},
		{name: "escaped", rules: []string{"GET /users/jo@example.com/settings"}, want: []string{"GET /users/jo@example.com/settings of {userId}/settings"}},
		{name: "two paths", rules: []string{"GET /users/me", "GET /users/jo"}, want: []string{"GET /users/jo of {userId}", "GET /users/me of {userId}"}},
		{name: "the wider one says it", rules: []string{"GET /report/meetings/1", "GET /report/meetings/*", "GET /report/meetings/{meetingId}"}, want: []string{"GET /report/meetings/{meetingId}"}},
		{name: "another operation's path", rules: []string{"GET /meetings/meeting_summaries"}, want: []string{"GET /meetings/meeting_summaries"}},
		{name: "methods", rules: []string{"PATCH,DELETE /users/*/settings"}, want: []string{"PATCH /users/{userId}/settings"}},
		{name: "all below", rules: []string{"/report/meetings/**"}, want: []string{
			"GET /report/meetings/{meetingId}", "GET /report/meetings/{meetingId}/participants", "GET /report/meetings/{meetingId}/polls",
			"GET /report/meetings/{meetingId}/qa", "GET /report/meetings/{meetingId}/survey",
		}},
		{name: "a scope", rules: []string{"scope report:read:meeting_activity_log:admin"}, want: []string{"GET /report/meeting_activities"}},
		{name: "a deny of all of it", rules: []string{"GET /report/meeting_activities", "deny /report/**"}},
		{name: "a deny of another method", rules: []string{"GET /report/meeting_activities", "deny POST /report/**"}, want: []string{"GET /report/meeting_activities"}},
		{name: "a deny in another letter case", rules: []string{"GET /report/meeting_activities", "deny GET /Report/*"}},
		{name: "a deny by scope", rules: []string{"GET /report/meeting_activities", "deny scope report:read:admin"}},
		{name: "a hole", rules: []string{"GET /users/*/settings", "deny GET /users/me/settings", "deny /users/me/**"}, want: []string{"GET /users/{userId}/settings but /users/me/settings"}},
		{name: "a deny of one path that is allowed", rules: []string{"GET /users/me", "GET /users/jo", "deny GET /users/ME"}, want: []string{"GET /users/jo of {userId}"}},
		{name: "a deny of another operation's path", rules: []string{"GET /meetings/{meetingId}", "deny GET /meetings/meeting_summaries"}, want: []string{"GET /meetings/{meetingId}"}, only: "/meetings/{meetingId}"},
		{name: "a scope and a hole", rules: []string{"scope user:read:user:admin", "deny GET /users/me"}, want: []string{"GET /users/{userId} but /users/me"}},
	} {
		var got []string
		for _, r := range ofZoom().Reach(withRules(t, test.rules...)) {
			if !strings.HasPrefix(r.Path, test.only) {
				continue
			}
			line := r.Name()
			if r.Narrowed != "" {
				_, rest, _ := strings.Cut(r.Path, "/users/")
				line = r.Method + " " + r.Narrowed + " of " + rest
			}
			if len(r.Except) > 0 {
				line += " but " + strings.Join(r.Except, ", ")
			}
			got = append(got, line)
		}
		slices.Sort(got)
		slices.Sort(test.want)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", test.name, test.rules, diff)
		}
	}
	if got := ofZoom().Reach(stagedoor.Caller{Provider: "other", Rules: []stagedoor.Rule{{Path: "/**"}}}); got != nil {
		t.Errorf("of an unknown service it reaches %v", got)
	}
	if got := ofZoom().Reach(withRules(t, "/**")); len(got) != 1719 {
		t.Errorf("of all %d operations it reaches %d", 1719, len(got))
	}
}

// TestReachIsWhatPermitAllows draws rules and requests: what is reached is
// permitted but for its holes, and what is permitted is reached.
func TestReachIsWhatPermitAllows(t *testing.T) {
	all := zoom.Operations().All()
	callers := ofZoom()
	values := []string{"me", "zq7", "jo@example.com"}
	rapid.Check(t, func(t *rapid.T) {
		near := rapid.SliceOfN(rapid.IntRange(0, len(all)-1), 1, 5).Draw(t, "operations")
		var rules []string
		for range rapid.IntRange(1, 6).Draw(t, "rules") {
			op := all[rapid.SampledFrom(near).Draw(t, "of")]
			rules = append(rules, drawRule(t, op, values))
		}
		who := withRules(t, rules...)
		reached := callers.Reach(who)
		permitted := func(method, path string) (stagedoor.Operation, bool) {
			op, err := callers.Permit(who, "/v2", method, "/v2"+path)
			return op, err == nil
		}
		for _, r := range reached {
			path := r.Path
			if r.Narrowed != "" {
				path = r.Narrowed
			}
			concrete := filled(path, "a-value-of-no-rule")
			if op, ok := permitted(r.Method, concrete); !ok || op.Name() != r.Name() {
				t.Fatalf("%q: %s is reached, but %s is not permitted as that (%v, %s)", rules, r.Name(), concrete, ok, op.Name())
			}
			for _, hole := range r.Except {
				if _, ok := permitted(r.Method, filled(hole, "a-value-of-no-rule")); ok {
					t.Fatalf("%q: %s is said to be denied, but it is permitted", rules, hole)
				}
			}
		}
		for range 20 {
			op := all[rapid.SampledFrom(near).Draw(t, "asked for")]
			path := op.Path
			for strings.Contains(path, "{") {
				before, rest, _ := strings.Cut(path, "{")
				_, after, _ := strings.Cut(rest, "}")
				path = before + rapid.SampledFrom(values).Draw(t, "value") + after
			}
			// A value may make it another operation's path.
			found, _ := zoom.Operations().Find(op.Method, path)
			_, ok := permitted(op.Method, path)
			covered := slices.ContainsFunc(reached, func(r stagedoor.Reached) bool {
				return r.Name() == found.Name() && covers(r, path)
			})
			if ok != covered {
				t.Fatalf("%q: %s %s is permitted: %v, reached: %v", rules, op.Method, path, ok, covered)
			}
		}
	})
}

func drawRule(t *rapid.T, op stagedoor.Operation, values []string) string {
	deny := map[bool]string{true: "deny "}[rapid.IntRange(0, 3).Draw(t, "deny") == 0]
	if scopes := op.Scopes(); len(scopes) > 0 && rapid.IntRange(0, 4).Draw(t, "by scope") == 0 {
		return deny + "scope " + rapid.SampledFrom(scopes).Draw(t, "scope")
	}
	segments := strings.Split(op.Path, "/")[1:]
	for i, segment := range segments {
		if isParameter(segment) {
			segments[i] = rapid.SampledFrom(append([]string{one, one, one}, values...)).Draw(t, "segment")
		} else if rapid.IntRange(0, 9).Draw(t, "any") == 0 {
			segments[i] = one
		}
	}
	if rapid.IntRange(0, 2).Draw(t, "rest") == 0 {
		segments = append(segments[:rapid.IntRange(0, len(segments)).Draw(t, "cut")], "**")
	}
	method := rapid.SampledFrom([]string{op.Method + " ", op.Method + " ", "", "GET ", "GET,POST,DELETE "}).Draw(t, "method")
	return fmt.Sprintf("%s%s/%s", deny, method, strings.Join(segments, "/"))
}

// filled puts a value in the place of each parameter.
func filled(path, value string) string {
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		if isParameter(segment) {
			segments[i] = value
		}
	}
	return strings.Join(segments, "/")
}

// covers reports whether a path is one that is reached.
func covers(r stagedoor.Reached, path string) bool {
	of := func(form string) bool {
		have, want := strings.Split(path, "/"), strings.Split(form, "/")
		return len(have) == len(want) && within(have, want)
	}
	form := r.Path
	if r.Narrowed != "" {
		form = r.Narrowed
	}
	return of(form) && !slices.ContainsFunc(r.Except, of)
}
