package caller_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/caller"
)

// everyMethod is every method that the gateway passes on, and some that it does
// not.
var everyMethod = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get", "Get", "PROPFIND", "GET ", ""}

// ruleKinds are one of each kind of rule, each with a path that it keeps a caller
// from, and one that it lets it to where there is one.
var ruleKinds = []struct {
	name, open, shut string
	rules            []string
}{
	{"no rule", "", "/users/me", nil},
	{"allow literal", "/users", "/users/me", []string{"allow /users"}},
	{"allow literal with method", "/users", "/users/me", []string{"allow GET /users"}},
	{"allow *", "/users/you", "/users/you/settings", []string{"allow /users/*"}},
	{"allow * in the middle", "/users/you/settings", "/users/you/token", []string{"allow GET,POST /users/*/settings"}},
	{"allow **", "/report/daily", "/users/me", []string{"allow /report/**"}},
	{"allow ** with method", "/report/daily", "/users/me", []string{"allow GET /report/**"}},
	{"allow granular scope", "/users", "/report/daily", []string{"allow-scope user:read:list_users:admin"}},
	{"allow classic scope", "/report/daily", "/users/me", []string{"allow-scope report:read:admin"}},
	{"deny literal", "/users/you", "/users/me", []string{"allow /**", "deny /users/me"}},
	{"deny literal with method", "/users/you", "/users/me", []string{"allow /**", "deny GET,POST,PUT,PATCH,DELETE,OPTIONS /users/me"}},
	{"deny *", "/users", "/users/me/settings", []string{"allow /**", "deny /users/*/settings"}},
	{"deny **", "/report/daily", "/users/me/settings", []string{"allow /**", "deny /users/**"}},
	{"deny granular scope", "/groups", "/users", []string{"allow /**", "deny-scope user:read:list_users:admin", "deny POST,PUT,PATCH,DELETE,OPTIONS /users"}},
	{"deny classic scope", "/users", "/report/daily", []string{"allow /**", "deny-scope report:read:admin", "deny POST,PUT,PATCH,DELETE,OPTIONS /report/daily"}},
}

// tricks are all the ways in which somebody may write the path shut, from
// somewhere that is open, so that a careless server finds it.
func tricks(open, shut string) []string {
	var all []string
	add := func(paths ...string) { all = append(all, paths...) }

	// Up and down again, from what is open.
	depth := strings.Count(open, "/")
	for _, dots := range []string{"..", "%2e%2e", ".%2e", "%2E.", "%252e%252e", "%25252e%25252e", "..;", "..;x=1", "..%3b", "..%00", "%2e%2e%00", "%c0%ae%c0%ae", "%e0%80%ae%e0%80%ae", "%ef%bc%8e%ef%bc%8e", "\uff0e\uff0e", "%u002e%u002e", "%25u002e", ". .", "..%20", "%20..", "...", "..%09", "%E2%80%A5"} {
		for _, slash := range []string{"/", "%2f", "%2F", "%252f", "%25252F", `\`, "%5c", "%255c", "//", "/./", "/%2e/", "%c0%af", "%ef%bc%8f", "%e2%88%95", "/;/"} {
			up := strings.Repeat(slash+dots, depth)
			add(open+up+shut, open+up+slash+shut[1:], open+up+strings.ReplaceAll(shut, "/", slash))
			add(open+slash+dots+slash+"v2"+shut, "/x"+slash+dots+shut)
		}
	}
	// Something in the place of each slash.
	for i, c := range shut {
		if c != '/' {
			continue
		}
		for _, instead := range []string{"//", "///", "/./", "/%2e/", "/%2E/", "/;/", "/;x=1/", "/%20/", "/x/../", "/x/%2e%2e/", `\`, "%5c", "%2f", "%252f", "%25252f", "/%2f", "%2f/", "/%00/", "/%0a", "/%ef%bb%bf", "%ef%bc%8f", "%c0%af", "/%E2%80%8B", "\u2215", "/\t"} {
			add(shut[:i] + instead + shut[i+1:])
		}
	}
	// Each character written in another way, or with something unseen beside it.
	for i, c := range shut {
		if c == '/' {
			continue
		}
		upper := strings.ToUpper(string(c))
		for _, instead := range []string{
			fmt.Sprintf("%%%02x", c), fmt.Sprintf("%%%02X", c), fmt.Sprintf("%%25%02x", c), fmt.Sprintf("%%2525%02x", c),
			fmt.Sprintf("%%25%%%02x%%%02x", fmt.Sprintf("%02x", c)[0], fmt.Sprintf("%02x", c)[1]), fmt.Sprintf("%%u00%02x", c),
			fmt.Sprintf("%%c1%%%02x", 0x80|c&0x3f), string(rune(0xff01 + c - '!')), strings.ReplaceAll(fmt.Sprintf("% x", string(rune(0xff01+c-'!'))), " ", "%"),
			percentAll(string(rune(0xff01 + c - '!'))),
			string(c) + "%00", string(c) + "%E2%80%8B", string(c) + "%C2%AD", string(c) + "%EF%BB%BF", string(c) + "%7f", string(c) + "%0d%0a", "%E2%80%8E" + string(c), string(c) + "\x00", string(c) + "\x01",
			upper, fmt.Sprintf("%%%02X", upper[0]),
		} {
			add(shut[:i] + instead + shut[i+1:])
		}
		if c == 's' {
			add(shut[:i]+"%C5%BF"+shut[i+1:], shut[:i]+"ſ"+shut[i+1:])
		}
		if c == 'k' || c == 'i' {
			add(shut[:i]+"%E2%84%AA"+shut[i+1:], shut[:i]+"%C4%B1"+shut[i+1:], shut[:i]+"%C4%B0"+shut[i+1:])
		}
	}
	add(strings.ToUpper(shut), shut[:1]+strings.ToUpper(shut[1:2])+shut[2:])
	// Something behind it, behind each segment, or before it.
	for _, behind := range []string{"/", "//", "/.", "/%2e", "/./", ".", "..", "...", "%2e", "%2E%2e", "%20", "%20%20", ".%20", "%20.", "%09", "%0a", "%00", "%00.json", ";", ";x=1", ";/x", "%3b", "%3Bx=1", "?", "?x", "%3f", "%3Fx", "#", "#x", "%23", "%23x", "%25", "%2500", "%", "%2", "%zz", "%%", `\`, "%5c", "%5C.", "%c2%a0", "%E3%80%80", "%ff", "%fe", "\xff", "%ed%a0%80", "/;", "/;x", "/x/..", "/x/%2e%2e", "%2f", "%2F", "%252f", "%2f%2e", " ", "\t", "\x00", "\r\n", " HTTP/1.1", "%2f..%2f"} {
		add(shut + behind)
		for i := 1; i < len(shut); i++ {
			if shut[i] == '/' {
				add(shut[:i] + behind + shut[i:])
			}
		}
	}
	for _, before := range []string{"/", "//", "/.", "/./", "/%2e", "/%2e/.", "/;", "/;x=1", "/%20", "/%00", "/%2f", "%2f", `\`, `/\`, "/%5c", "/%09", "/%ef%bb%bf", "/%EF%BB%BF", "http://api.zoom.us/v2", "//api.zoom.us/v2", "/..", "/%2e%2e", "/../v2", "/%2e%2e/v2", "/..;/v2", "/%2e%2e%2fv2", "?", "#", "@"} {
		add(before + shut)
	}
	return all
}

func percentAll(text string) string {
	var b strings.Builder
	for i := range len(text) {
		fmt.Fprintf(&b, "%%%02X", text[i])
	}
	return b.String()
}

// baseTricks write what is before the path in other ways.
func baseTricks(shut string) []string {
	var all []string
	for _, base := range []string{"/V2", "/%762", "/v%32", "/v2%2f", "/v2;", "/v2;x=1", "/v2/../v2", "/v2/..", "/v2//..", "//v2", "/./v2", "/%2e/v2", "/x/../v2", "/v1/../v2", `\v2`, "/v2%00", "/v2.", "/v2%20", "/v2?", "/v2#", "/v2%3f", "", "v2", "http://api.zoom.us/v2", "https://evil.example/v2", "//evil.example/v2", "/v2@evil.example", "/oauth", "/v2/v2/..", "/V2/../v2", "/ｖ2", "/%EF%BD%962"} {
		all = append(all, base+shut)
	}
	return all
}

// No trick leads where the plain path does not: every trick × every kind of rule
// × every method.
func TestTricksPassNoRule(t *testing.T) {
	w := newWorld()
	count, passed := 0, 0
	refused := map[stagedoor.Kind]int{}
	for n, kind := range ruleKinds {
		who := someone(t, kind.rules...)
		who.ID = fmt.Sprint("caller_", n)
		w.store.rows = append(w.store.rows, who)
		if err := w.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		open := kind.open
		if open == "" {
			open = "/users"
		}
		var paths []string
		for _, trick := range tricks(open, kind.shut) {
			paths = append(paths, "/v2"+trick)
		}
		paths = append(paths, baseTricks(kind.shut)...)
		for _, method := range everyMethod {
			if _, err := w.Permit(who, "/v2", method, "/v2"+kind.shut); err == nil {
				t.Fatalf("%s: %s of the plain path %s is allowed, so that nothing is shut", kind.name, method, kind.shut)
			}
			for _, path := range paths {
				count++
				_, err := w.Permit(who, "/v2", method, path)
				if err == nil {
					passed++
					t.Errorf("%s: %s %q is permitted", kind.name, method, path)
					continue
				}
				switch got := stagedoor.KindOf(err); got {
				case usage, forbidden, notFound:
					refused[got]++
				default:
					t.Errorf("%s: %s %q: %v", kind.name, method, path, err)
				}
			}
		}
		// The rule lets through what it is for, so that this is no test of a wall.
		if kind.open != "" {
			if _, err := w.Permit(who, "/v2", "GET", "/v2"+kind.open); err != nil {
				t.Errorf("%s: GET %s: %v", kind.name, kind.open, err)
			}
		}
	}
	t.Logf("%d tricks × kinds of rule × methods: %d permitted, refused by kind: %v", count, passed, refused)
	if count < 100_000 {
		t.Errorf("only %d were tried", count)
	}
}

// TestReadingsAgree holds the same tricks, and the open paths written in other
// ways, against the oracle: what is permitted is allowed in each meaning.
func TestReadingsAgree(t *testing.T) {
	c := caller.Open(&memory{}, tokenKey, options())
	permitted := 0
	for _, kind := range ruleKinds {
		who := someone(t, kind.rules...)
		if kind.open == "" {
			continue
		}
		for _, trick := range append(tricks(kind.shut, kind.open), kind.open) {
			if _, err := c.Permit(who, "/v2", "GET", "/v2"+trick); err != nil {
				continue
			}
			permitted++
			if ok, meaning := oracle(who.Rules, "GET", "/v2"+trick); !ok {
				t.Errorf("%s: GET %q is permitted, and may mean %q", kind.name, trick, meaning)
			}
		}
	}
	t.Logf("%d ways of writing an open path were permitted", permitted)
	if permitted == 0 {
		t.Error("nothing was permitted, so that nothing was tried")
	}
}
