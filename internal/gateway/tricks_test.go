package gateway

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/caller"
	"github.com/stagedoor/stagedoor/internal/zoom"
)

// plainRule is a rule as the oracle reads it, which shares nothing with the code
// it judges but the meaning in the documents.
type plainRule struct {
	deny    bool
	methods string // "GET HEAD"; empty: any
	pattern string
	scope   string
}

func (p plainRule) rule() stagedoor.Rule {
	return stagedoor.Rule{Deny: p.deny, Methods: strings.Fields(p.methods), Path: p.pattern, Scope: p.scope}
}

// ruleKinds are callers' rules of every kind.
func ruleKinds() map[string][]plainRule {
	return map[string][]plainRule{
		"one path":             {{methods: "GET", pattern: "/users/me"}},
		"one segment":          {{methods: "GET HEAD", pattern: "/users/*"}},
		"a tree":               {{pattern: "/report/**"}},
		"a parameter within":   {{pattern: "/users/*/settings"}},
		"all but a path":       {{pattern: "/**"}, {deny: true, pattern: "/users/me"}},
		"all but a tree":       {{pattern: "/**"}, {deny: true, pattern: "/report/**"}},
		"all but a method":     {{pattern: "/**"}, {deny: true, methods: "DELETE POST", pattern: "/**"}},
		"a scope":              {{scope: "report:read:admin"}},
		"all but a scope":      {{pattern: "/**"}, {deny: true, scope: "report:read:admin"}},
		"a tree but one of it": {{pattern: "/users/**"}, {deny: true, pattern: "/users/*/settings"}},
		"nothing":              nil,
	}
}

// uuid is how Zoom writes the ids of meetings.
var uuid = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9+/]{22}==$`) })

// permitted is the oracle: would the plain rules allow what the upstream got?
func permitted(rules []plainRule, method, target string) bool {
	escaped, _, _ := strings.Cut(target, "?")
	below, ok := strings.CutPrefix(escaped, "/v2/")
	if !ok {
		return false
	}
	var read, folded []string // as the API reads it, and as a lenient server might
	for _, segment := range strings.Split(below, "/") {
		once, err := url.PathUnescape(segment)
		if err != nil {
			return false
		}
		full := once
		for range 6 {
			next, err := url.PathUnescape(full)
			if err != nil || next == full {
				break
			}
			full = next
		}
		if strings.ContainsAny(full, "/\\") && !uuid().MatchString(full) {
			return false
		}
		if strings.Trim(full, ". ") == "" || strings.ContainsAny(full, "\x00;?#\r\n") {
			return false
		}
		read = append(read, once)
		folded = append(folded, strings.ToLower(strings.Trim(full, ". ")))
	}
	allowed := false
	for _, r := range rules {
		if r.deny {
			if r.covers(method, folded) || method == "HEAD" && r.covers("GET", folded) {
				return false
			}
		} else if r.covers(method, read) {
			allowed = true
		}
	}
	return allowed
}

func (p plainRule) covers(method string, segments []string) bool {
	if p.scope != "" {
		if segments[0] == "v2" {
			return false // Find takes the base off, and here it is off already
		}
		op, ok := zoom.Operations().Find(method, "/"+strings.Join(segments, "/"))
		return ok && (slices.Contains(op.ClassicScopes, p.scope) || slices.Contains(op.GranularScopes, p.scope))
	}
	if p.methods != "" && !slices.Contains(strings.Fields(p.methods), method) {
		return false
	}
	want := strings.Split(p.pattern[1:], "/")
	for i, w := range want {
		switch {
		case w == "**":
			return true
		case i >= len(segments) || w != "*" && !strings.EqualFold(w, segments[i]):
			return false
		}
	}
	return len(want) == len(segments)
}

// tricks write a path below /v2 in the ways that lead servers astray. What they
// return is the target of the request line.
func tricks(plain string) map[string]string {
	const at = "/to/acme/v2"
	first, rest, _ := strings.Cut(plain[1:], "/")
	hex := func(text string, times int) string {
		percent := "%" + strings.Repeat("25", times-1)
		var b strings.Builder
		for i := range len(text) {
			fmt.Fprintf(&b, "%s%02X", percent, text[i])
		}
		return b.String()
	}
	made := map[string]string{"plain": at + plain, "a query": at + plain + "?page_size=1", "a path in the query": at + "/phone?x=/../users/me"}
	for name, dots := range map[string]string{
		"dots": "..", "escaped dots": "%2e%2e", "one escaped dot": ".%2E", "double escaped dots": "%252e%252e", "a dot": ".", "an escaped dot": "%2e",
		"dots and a blank": "..%20", "three dots": "...", "dots and a semicolon": "..;", "dots and NUL": "..%00", "full-width dots": "%ef%bc%8e%ef%bc%8e",
	} {
		made[name] = at + "/phone/" + dots + plain
		made[name+" first"] = at + "/" + dots + "/v2" + plain
		made[name+" last"] = at + plain + "/" + dots
		made[name+" out of the credential"] = "/to/acme/" + dots + "/acme/v2" + plain
		made[name+" within"] = at + "/" + first + "/x/" + dots + "/" + rest
	}
	for name, slash := range map[string]string{
		"an escaped slash": "%2F", "a lower escaped slash": "%2f", "a double escaped slash": "%252F", "thrice": "%25252F", "a backslash": "\\", "an escaped backslash": "%5C",
		"two slashes": "//", "an overlong slash": "%c0%af", "a full-width slash": "%ef%bc%8f", "a semicolon": ";/", "a fraction slash": "%E2%81%84",
	} {
		made[name] = at + "/" + first + slash + rest
		made[name+" before"] = at + slash + plain[1:]
		made[name+" after the base"] = "/to/acme/v2" + slash + first + "/" + rest
		made[name+" behind"] = at + plain + slash
		made[name+" after the credential"] = "/to/acme" + slash + "v2" + plain
		made[name+" and dots"] = at + "/phone" + slash + ".." + slash + plain[1:]
	}
	for name, path := range map[string]string{
		"upper case": strings.ToUpper(plain), "title case": "/" + strings.ToUpper(plain[1:2]) + plain[2:], "escaped": "/" + hex(first, 1) + "/" + rest,
		"escaped last": "/" + first + "/" + hex(rest, 1), "double escaped": "/" + first + "/" + hex(rest, 2), "a dot behind": plain + ".", "escaped dot behind": plain + "%2e",
		"a blank behind": plain + "%20", "NUL behind": plain + "%00", "a tab behind": plain + "%09", "a suffix": plain + ".json", "a parameter": plain + ";x=y", "escaped parameter": plain + "%3bx=y",
		"an escaped question mark": plain + "%3Fx", "a fragment": plain + "#x", "an escaped fragment": plain + "%23x", "a newline": plain + "%0d%0aX:y", "a bad escape": plain + "%zz", "half an escape": plain + "%2",
		"a Unicode escape": plain + "%u002e", "a zero-width mark": plain + "%E2%80%8B", "a Kelvin sign": strings.ReplaceAll(plain, "k", "%E2%84%AA"), "a dotless i": strings.ReplaceAll(plain, "i", "%C4%B1"),
		"a star": "/" + first + "/*", "two stars": "/**", "the base twice": "/v2" + plain, "nothing": "", "a slash": "/", "invalid UTF-8": plain + "%ff",
	} {
		made[name] = at + path
	}
	made["an absolute form"] = "http://acme.example" + at + plain
	made["an absolute form elsewhere"] = "http://api.zoom.us/v2" + plain
	made["no base"] = "/to/acme" + plain
	made["another base"] = "/to/acme/v1" + plain
	made["the base in upper case"] = "/to/acme/V2" + plain
	made["a longer base"] = "/to/acme/v2x" + plain
	made["an escaped base"] = "/to/acme/%762" + plain
	made["another credential"] = "/to/other/v2" + plain
	made["an authority"] = "//api.zoom.us/v2" + plain
	made["a star alone"] = "*"
	made["a UUID"] = at + "/past_meetings/%252Fabcdefghijklmnopqrstu%253D%253D"
	made["a UUID with dots"] = at + "/past_meetings/%252F..%252F..%252Fusers%252Fme"
	return made
}

// recorder is an upstream that writes down what it gets.
type recorder struct {
	mu  sync.Mutex
	got []string // "GET /v2/users"
}

func (r *recorder) ServeHTTP(rw http.ResponseWriter, q *http.Request) {
	r.mu.Lock()
	r.got = append(r.got, q.Method+" "+q.RequestURI)
	r.mu.Unlock()
	rw.WriteHeader(http.StatusOK)
}

func (r *recorder) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.got
	r.got = nil
	return got
}

// wire sends request lines as they are, and never reads one as a URL.
type wire struct {
	address string
	conn    net.Conn
	reader  *bufio.Reader
}

func (w *wire) send(method, target string) (status int, location string, err error) {
	for fresh := false; ; fresh = true {
		if w.conn == nil {
			if w.conn, err = net.Dial("tcp", w.address); err != nil {
				return 0, "", err
			}
			w.reader, fresh = bufio.NewReader(w.conn), true
		}
		_ = w.conn.SetDeadline(time.Now().Add(8 * time.Second)) // a hang is to be seen
		fmt.Fprintf(w.conn, "%s %s HTTP/1.1\r\nHost: gate.example\r\nAuthorization: Bearer %s\r\nContent-Length: 0\r\n\r\n", method, target, callersToken)
		resp, err := http.ReadResponse(w.reader, &http.Request{Method: method})
		if err == nil {
			_, _ = io.Copy(io.Discard, resp.Body)
			if resp.Close {
				w.close()
			}
			return resp.StatusCode, resp.Header.Get("Location"), nil
		}
		w.close()
		if fresh {
			return 0, "", err
		}
	}
}

func (w *wire) close() {
	if w.conn != nil {
		w.conn.Close()
		w.conn = nil
	}
}

// rules gives the world's caller rules that the real callers judge by.
func (w *world) rules(c *caller.Callers, kind []plainRule) {
	rules := make([]stagedoor.Rule, len(kind))
	for i, r := range kind {
		rules[i] = r.rule()
	}
	w.caller = stagedoor.Caller{ID: "caller_1", Name: "reports", Provider: "zoom", Credential: "acme", Rules: rules}
	w.permit = c.Permit
}

func realCallers() *caller.Callers {
	return caller.Open(nil, make([]byte, 32), caller.Options{
		Operations: func(string) []stagedoor.Operation { return zoom.Operations().All() },
		Base:       func(string) string { return "/v2" },
	})
}

// violations sends every trick in every method under every kind of rule, and
// returns what reached the upstream though the rules do not allow it.
func violations(t *testing.T, w *world, up *recorder, set func([]plainRule)) (bad []string, sent, through int) {
	line := &wire{address: w.plain()}
	defer line.close()
	kinds := ruleKinds()
	for _, name := range []string{"one path", "one segment", "a tree", "a parameter within", "all but a path", "all but a tree", "all but a method", "a scope", "all but a scope", "a tree but one of it", "nothing"} {
		set(kinds[name])
		paths := []string{"/users/me", "/report/daily", "/users/jo@example.com/settings"}
		if testing.Short() {
			paths = paths[len(kinds[name])%2:][:1]
		}
		for _, plain := range paths {
			for trick, target := range tricks(plain) {
				for _, method := range append(methods(), "TRACE", "get") {
					if strings.ContainsAny(target, " ") {
						t.Fatalf("%s is no request line", target)
					}
					sent++
					status, location, err := line.send(method, target)
					if err != nil {
						t.Fatalf("%s %s: %v", method, target, err)
					}
					got := up.take()
					through += len(got)
					for _, request := range got {
						gotMethod, gotTarget, _ := strings.Cut(request, " ")
						if !permitted(kinds[name], gotMethod, gotTarget) {
							bad = append(bad, fmt.Sprintf("rules %q, trick %q: %s %s reached the upstream as %s", name, trick, method, target, request))
						}
					}
					if len(got) == 0 && !slices.Contains([]int{400, 403, 404, 405, restSays}, status) && target != "*" || location != "" {
						bad = append(bad, fmt.Sprintf("rules %q, trick %q: %s %s was answered %d %s", name, trick, method, target, status, location))
					}
					if trick == "plain" && slices.Contains(methods(), method) && (len(got) == 1) != permitted(kinds[name], method, "/v2"+plain) {
						bad = append(bad, fmt.Sprintf("rules %q: %s %s was answered %d", name, method, target, status))
					}
				}
			}
		}
	}
	return bad, sent, through
}

func TestTricksReachNothingOverTheWire(t *testing.T) {
	up := &recorder{}
	w := newWorld(t, up.ServeHTTP, nil)
	c := realCallers()
	bad, sent, through := violations(t, w, up, func(kind []plainRule) { w.rules(c, kind) })
	t.Logf("%d requests (tricks × rules × methods × paths), %d of them permitted and sent on, %d wrongly", sent, through, len(bad))
	for _, b := range bad[:min(len(bad), 20)] {
		t.Error(b)
	}
	if through < 100 {
		t.Errorf("only %d requests went through: this proves nothing", through)
	}
}

// TestARemovedCheckIsSeen puts a careless judge in the place of the real one, who
// looks at the path that servers make of the one that came: the matrix must see it.
func TestARemovedCheckIsSeen(t *testing.T) {
	up := &recorder{}
	w := newWorld(t, up.ServeHTTP, nil)
	bad, _, _ := violations(t, w, up, func(kind []plainRule) {
		w.permit = func(_ stagedoor.Caller, base, method, escaped string) (stagedoor.Operation, error) {
			plain, err := url.PathUnescape(escaped)
			if plain = path.Clean(plain); err != nil || !permitted(kind, method, plain) {
				return stagedoor.Operation{}, &stagedoor.Error{Kind: stagedoor.KindForbidden, Cause: "no"}
			}
			return stagedoor.Operation{Method: method, Path: plain}, nil
		}
	})
	if len(bad) < 100 {
		t.Errorf("%d were seen", len(bad))
	}
}

// FuzzForward holds that a request is forwarded only if the path that the
// upstream received, decoded, is allowed by the plain rules.
func FuzzForward(f *testing.F) {
	for _, plain := range []string{"/users/me", "/report/daily"} {
		for _, target := range tricks(plain) {
			f.Add(target, uint8(0), uint8(4))
			f.Add(target, uint8(0), uint8(9))
		}
	}
	up := &recorder{}
	w := newWorld(f, up.ServeHTTP, nil)
	c, kinds := realCallers(), ruleKinds()
	names := make([]string, 0, len(kinds))
	for name := range kinds {
		names = append(names, name)
	}
	slices.Sort(names)
	line := &wire{address: w.plain()}
	f.Cleanup(line.close)
	f.Fuzz(func(t *testing.T, target string, method, kind uint8) {
		if target == "" || strings.ContainsFunc(target, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
			t.Skip() // it would not be one request line
		}
		rules := kinds[names[int(kind)%len(names)]]
		w.rules(c, rules)
		m := methods()[int(method)%len(methods())]
		status, location, err := line.send(m, target)
		if err != nil {
			t.Fatal(err)
		}
		if location != "" {
			t.Errorf("%q was redirected", target)
		}
		got := up.take()
		for _, request := range got {
			gotMethod, gotTarget, _ := strings.Cut(request, " ")
			if gotMethod != m || !permitted(rules, gotMethod, gotTarget) || !strings.HasSuffix(target, gotTarget) {
				t.Errorf("%s %q reached the upstream as %q", m, target, request)
			}
		}
		if len(got) == 0 && status < 400 && target != "*" || len(got) > 1 {
			t.Errorf("%s %q: %d, and the upstream got %q", m, target, status, got)
		}
	})
}
