package provider

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/stagedoor/stagedoor"
)

const (
	defaultLifetime = time.Hour
	// longestLifetime is above what any known provider grants; beyond it a
	// file more likely has its unit wrong.
	longestLifetime = 90 * 24 * time.Hour
)

var (
	nameForm = lazy(`^[a-z][a-z0-9-]{0,62}$`)
	hostForm = lazy(`^(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$`)
	group    = lazy(`\{(\w+)\}`)
)

// lazy compiles a pattern when it is first needed: most commands need none, and
// all would wait for it.
func lazy(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

// check returns every problem of a provider that was decoded.
func check(p stagedoor.Provider) []problem {
	var found []problem
	bad := func(field, reason, fix string) {
		found = append(found, problem{field: field, reason: reason, fix: fix})
	}
	oneOf := func(field, value string, allowed ...string) {
		if !slices.Contains(allowed, value) {
			bad(field, fmt.Sprintf("%q is not known", value), "Use one of: "+strings.TrimPrefix(strings.Join(allowed, ", "), ", ")+".")
		}
	}

	if !nameForm().MatchString(p.Name) {
		bad("name", fmt.Sprintf("%q is no name", p.Name), "Use lower-case letters, digits and hyphens, such as my-service.")
	}
	if p.Title == "" {
		bad("title", "it is missing", "Write what people call the service.")
	}
	oneOf("flow", p.Flow, "request")
	for _, address := range []struct{ field, text string }{{"token_url", p.TokenURL}, {"api_url", p.APIURL}} {
		if address.text == "" {
			continue
		}
		field := address.field
		u, err := url.Parse(address.text)
		switch {
		case err != nil || u.Host == "":
			bad(field, "it is not a URL", "Write the whole address, such as https://example.com/oauth/token.")
		case u.Scheme != "https":
			bad(field, "it is not https", "Secrets and tokens go over https only; a credential's --allow-host makes the exception for a simulator.")
		case u.User != nil:
			bad(field, "it holds a user name or password", "Take it out; the credential holds what is secret.")
		case !slices.ContainsFunc(p.Hosts, func(pattern string) bool { return matchHost(pattern, u.Hostname()) }):
			bad(field, "its host "+u.Hostname()+" is not among hosts", "Add it to hosts.")
		}
	}
	if p.APIBase != "" && (!strings.HasPrefix(p.APIBase, "/") || strings.HasSuffix(p.APIBase, "/")) {
		bad("api_base", "it is no base path", "Begin it with a slash and end it without one, such as /v2.")
	}
	if p.Validation != "" && !strings.HasPrefix(p.Validation, "/") {
		bad("validation", "it is no path", "Write the path below the base, such as /users/me.")
	}
	if p.Token.Grant == "" {
		bad("token.grant", "it is missing", "Write the value of grant_type, such as client_credentials.")
	}
	oneOf("token.in", p.Token.In, "", "form", "query")
	oneOf("token.auth", p.Token.Auth, "", "header", "body")
	for _, key := range slices.Sorted(maps.Keys(p.Token.Params)) {
		value := p.Token.Params[key]
		for _, m := range group().FindAllStringSubmatch(value, -1) {
			if m[1] != "account_id" {
				bad("token.params."+key, "{"+m[1]+"} stands for nothing", "Only {account_id} is filled in; secrets never go into parameters.")
			}
		}
	}
	if len(p.Response.AccessToken) == 0 {
		bad("response.access_token", "it is missing", "Name the field of the answer that holds the token.")
	}
	if p.Response.Lifetime < 0 || p.Response.Lifetime > longestLifetime {
		bad("response.lifetime", p.Response.Lifetime.String()+" is no lifetime of a token", "Write a duration such as 1h.")
	}
	for i, host := range append(slices.Clone(p.Hosts), p.DownloadHosts...) {
		if !hostForm().MatchString(host) {
			field := fmt.Sprintf("hosts[%d]", i)
			if i >= len(p.Hosts) {
				field = fmt.Sprintf("download_hosts[%d]", i-len(p.Hosts))
			}
			bad(field, fmt.Sprintf("%q is no host name", host), "Write a name such as api.example.com or *.example.com, without port or path.")
		}
	}
	if len(p.Fields) == 0 {
		bad("fields", "it is missing", "List what a credential holds: client_id, client_secret, and account_id if the grant needs it.")
	}
	for i, f := range p.Fields {
		oneOf(fmt.Sprintf("fields[%d].name", i), f.Name, "account_id", "client_id", "client_secret")
	}
	for i, l := range p.Limits {
		at := fmt.Sprintf("limits[%d]", i)
		oneOf(at+".label", string(l.Label), string(stagedoor.Light), string(stagedoor.Medium), string(stagedoor.Heavy), string(stagedoor.ResourceIntensive))
		oneOf(at+".plan", string(l.Plan), string(stagedoor.PlanFree), string(stagedoor.PlanPro), string(stagedoor.PlanBusiness))
		if l.PerSecond < 0 || l.PerMinute < 0 || l.PerDay < 0 {
			bad(at, "a limit is negative", "Leave out what is not limited.")
		}
	}
	ids := map[string]bool{}
	for i, r := range p.Errors {
		checkRule(fmt.Sprintf("errors[%d]", i), r, bad, oneOf)
		if ids[r.ID] {
			bad(fmt.Sprintf("errors[%d].id", i), fmt.Sprintf("%q is there twice", r.ID), "Give each rule an id of its own.")
		}
		ids[r.ID] = true
	}
	return found
}

func checkRule(at string, r stagedoor.ErrorRule, bad func(field, reason, fix string), oneOf func(field, value string, allowed ...string)) {
	if !nameForm().MatchString(r.ID) {
		bad(at+".id", fmt.Sprintf("%q is no id", r.ID), "Use lower-case letters, digits and hyphens.")
	}
	oneOf(at+".at", r.At, "", stagedoor.AtToken, stagedoor.AtAPI, stagedoor.AtElsewhere)
	var kinds []string
	for _, row := range stagedoor.Kinds() {
		kinds = append(kinds, string(row.Kind))
	}
	oneOf(at+".kind", string(r.Kind), kinds...)
	if r.Cause == "" {
		bad(at+".cause", "it is missing", "Say in a sentence why the error happens.")
	}
	names := []string{}
	if r.Message != "" {
		re, err := regexp.Compile(r.Message)
		if err != nil {
			bad(at+".message", "it is not a regular expression", "Write it in Go's syntax (pkg.go.dev/regexp/syntax).")
			return
		}
		names = re.SubexpNames()
	}
	for _, text := range []string{r.Cause, r.Fix} {
		for _, m := range group().FindAllStringSubmatch(text, -1) {
			// {userId} and the like stand for themselves in Zoom's paths.
			if m[1] != "userId" && !slices.Contains(names, m[1]) {
				bad(at, "{"+m[1]+"} stands for no group of message", "Name a group (?P<"+m[1]+">…) in message.")
			}
		}
	}
}

// matchHost reports whether a pattern of a provider's hosts covers the name.
func matchHost(pattern, host string) bool {
	if suffix, ok := strings.CutPrefix(pattern, "*"); ok {
		return strings.HasSuffix(host, suffix) && len(host) > len(suffix)
	}
	return pattern == host
}
