package caller_test

import (
	"testing"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/caller"
)

// fuzzRules are what the fuzzer chooses from: rules that allow, and rules that
// deny.
var fuzzRules = [][]string{
	{"allow GET /users/*"},
	{"allow /users/**"},
	{"allow GET /past_meetings/*", "allow GET /users"},
	{"allow GET /meetings/*"},
	{"allow-scope user:read:admin"},
	{"allow-scope meeting:read:meeting:admin", "allow /past_meetings/*/participants"},
	{"allow /**", "deny /users/me"},
	{"allow /**", "deny /users/**", "deny /meetings/*/registrants/**"},
	{"allow /**", "deny-scope report:read:admin"},
	{"allow /**"},
	{"allow GET /report/**", "deny GET /report/users/*/meetings"},
}

var moreDenies = []string{"deny /users/*", "deny GET /report/**", "deny-scope user:read:admin", "deny /**", "deny /past_meetings/*", "deny POST /meetings/*"}

// FuzzPermit holds two properties: what is permitted is plainly allowed in each
// meaning that a server could give the path (by an oracle that is written in
// another way), and one more deny never permits more.
func FuzzPermit(f *testing.F) {
	for n, kind := range ruleKinds {
		for i, trick := range tricks("/users/you", kind.shut) {
			if i%397 == n {
				f.Add(uint8(n), uint8(i), "GET", "/v2"+trick)
			}
		}
	}
	for n, path := range []string{
		"/v2/users/me", "/v2/users/jo%40example.com", "/v2/past_meetings/%252FDYlohsHRtCd4ii1uC2%252BhA%253D%253D",
		"/v2/past_meetings/%2FDYlohsHRtCd4ii1uC2+hA==/participants", "/v2/meetings/12345%2Fregistrants%2Fabcd==",
		"/v2/users/%e2%84%aa", "/v2/report/users/me/meetings", "/v2/users/a%20b", "/v2/users/.a.", "/v2/users/%7E", "/v2/users/100%25",
	} {
		f.Add(uint8(n), uint8(n), "GET", path)
	}
	c := caller.Open(&memory{}, tokenKey, options())
	f.Fuzz(func(t *testing.T, which, more uint8, method, path string) {
		if len(path) > 300 {
			return // the oracle takes each meaning apart, and there are many
		}
		texts := fuzzRules[int(which)%len(fuzzRules)]
		who := someone(t, texts...)
		op, err := c.Permit(who, "/v2", method, path)
		if err == nil {
			if ok, meaning := oracle(who.Rules, method, path); !ok {
				t.Errorf("%v: %s %q is permitted, and may mean %q", texts, method, path, meaning)
			}
			if op.Method != method || op.Path == "" || op.Label == "" {
				t.Errorf("the operation is %+v", op)
			}
		} else {
			switch stagedoor.KindOf(err) {
			case usage, forbidden, notFound:
			default:
				t.Errorf("%s %q: %v", method, path, err)
			}
		}
		who.Rules = append(who.Rules, rulesOf(t, moreDenies[int(more)%len(moreDenies)])...)
		if _, denied := c.Permit(who, "/v2", method, path); err != nil && denied == nil {
			t.Errorf("%v: %s %q is permitted by one more deny", who.Rules, method, path)
		}
	})
}
