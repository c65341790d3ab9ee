package api

import (
	"strings"
	"testing"

	"github.com/stagedoor/stagedoor"
)

func TestScrub(t *testing.T) {
	const secret = "aB3dE6gH9jK2mN5pQ8"
	for name, c := range map[string]struct{ body, said, want string }{
		"whole":              {`{"plan":"` + secret + `"}`, `"` + secret + `": no plan`, `"[what was sent]": no plan`},
		"cut short":          {`{"plan":"` + secret + `"}`, "plan aB3dE6gH9…: no plan", "plan [what was sent]: no plan"},
		"cut short, twice":   {`{"plan":"` + secret + `"}`, "a… aB3dE6gH9… and aB3dE6g…", "a… [what was sent] and [what was sent]"},
		"part of an address": {`{"url":"https://u:` + secret + `@host/x"}`, "no host " + secret, "no host [what was sent]"},
		"a field's name":     {`{"` + secret + `":1}`, "no field " + secret, "no field [what was sent]"},
		"a name stays":       {`{"credential":"acme-production"}`, "credential acme-production: there is none", "credential acme-production: there is none"},
		"short stays":        {`{"plan":"huge"}`, "huge", "huge"},
		"not JSON":           {`{"plan":`, "said", "said"},
	} {
		p := &Problem{Problem: stagedoor.Problem{Detail: c.said, Fix: c.said, Message: c.said}}
		scrub(p, sent("/api/v1/credentials", nil, []byte(c.body)))
		for _, said := range []string{p.Detail, p.Fix, p.Message} {
			if said != c.want {
				t.Errorf("%s: %q, want %q", name, said, c.want)
			}
		}
	}
}

// FuzzScrub holds that nothing that was sent is left in an error, and that it ends.
func FuzzScrub(f *testing.F) {
	f.Add("aB3dE6gH9jK2mN5pQ8", "before ", " after")
	f.Add("……………", "…", "…")
	f.Fuzz(func(t *testing.T, text, before, after string) {
		if len(text) > 1000 || len(before)+len(after) > 1000 || text != strings.TrimSpace(text) || len(text) < shortestWithheld || strings.Contains(withheld, text) {
			return
		}
		if said := without(text, text); said != withheld {
			t.Errorf("%q becomes %q", text, said)
		}
		_ = without(before+text+after, text)
	})
}
