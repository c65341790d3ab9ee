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
	// paramForm is narrow on purpose: what stands here goes into a URL.
	paramForm = lazy(`^[A-Za-z0-9._-]{1,100}$`)
	pathForm  = lazy(`^[^.\s]+(\.[^.\s]+){0,9}$`)
	group     = lazy(`\{(\w+)\}`)
)

// lazy compiles a pattern when it is first needed: most commands need none, and
// all would wait for it.
func lazy(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

// check returns every problem of a provider that was decoded.
func check(p stagedoor.Provider) Problems {
	var found Problems
	bad := func(field, reason, fix string) {
		found = append(found, Problem{Field: field, Reason: reason, Fix: fix})
	}
	oneOf := func(field, value string, allowed ...string) {
		if value == "" && allowed[0] != "" {
			bad(field, "it is missing", "Use one of: "+strings.Join(allowed, ", ")+".")
		} else if !slices.Contains(allowed, value) {
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
	checkRequest(p.Token, bad, oneOf)
	checkResponse(p.Response, bad, oneOf)
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
		oneOf(at+".family", string(l.Family), string(stagedoor.FamilyGeneral), string(stagedoor.FamilyPhone), string(stagedoor.FamilyContactCenter))
		oneOf(at+".plan", string(l.Plan), string(stagedoor.PlanFree), string(stagedoor.PlanPro), string(stagedoor.PlanBusiness))
		if l.PerSecond < 0 || l.PerMinute < 0 || l.PerDay < 0 {
			bad(at, "a limit is negative", "Leave out what is not limited.")
		}
	}
	for i, l := range p.ObjectLimits {
		at := fmt.Sprintf("object_limits[%d]", i)
		if l.Name == "" || len(l.Operations) == 0 || l.PerDay <= 0 {
			bad(at, "it lacks name, operations or per_day", "Say all three, such as per_day: 100.")
		}
		if field, value, ok := strings.Cut(l.Where, "="); l.Where != "" && (!ok || field == "" || value == "") {
			bad(at+".where", fmt.Sprintf("%q is no FIELD=VALUE", l.Where), "Write it such as action=create.")
		}
		oneOf(at+".plan", string(l.Plan), "", string(stagedoor.PlanFree), string(stagedoor.PlanPro), string(stagedoor.PlanBusiness))
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

func checkRequest(r stagedoor.TokenRequest, bad func(field, reason, fix string), oneOf func(field, value string, allowed ...string)) {
	if r.Grant == "" {
		bad("token.grant", "it is missing", "Write the value of grant_type, such as client_credentials.")
	}
	oneOf("token.method", r.Method, "", "POST", "GET")
	oneOf("token.in", r.In, "", "form", "query")
	oneOf("token.auth", r.Auth, "", "header", "body")
	switch {
	case r.Method == "GET" && r.In != "query":
		bad("token.method", "GET has no body to hold the parameters", "Add in: query, or use POST.")
	case r.In == "query" && r.Auth == "body":
		bad("token.auth", "in: query leaves the body empty, and a client secret never goes into a URL", "Use auth: header, or in: form.")
	}
	if r.GrantParam != "" && !paramForm().MatchString(r.GrantParam) {
		bad("token.grant_param", fmt.Sprintf("%q is no name of a parameter", r.GrantParam), "Write letters, digits and . _ - only, such as grant.")
	}
	for _, key := range slices.Sorted(maps.Keys(r.Params)) {
		field := "token.params." + key
		switch {
		case !paramForm().MatchString(key):
			bad("token.params", fmt.Sprintf("%q is no name of a parameter", key), "Write letters, digits and . _ - only.")
		case key == "client_id" || key == "client_secret":
			bad(field, "it is filled in from the credential", "Take it out; auth says where client id and secret go.")
		case key == r.GrantParam || key == "grant_type":
			bad(field, "it names the grant", "Take it out; grant holds its value, and grant_param its name.")
		}
		for _, m := range group().FindAllStringSubmatch(r.Params[key], -1) {
			if m[1] != "account_id" {
				bad(field, "{"+m[1]+"} stands for nothing", "Only {account_id} is filled in; secrets never go into parameters.")
			}
		}
	}
}

func checkResponse(r stagedoor.TokenResponse, bad func(field, reason, fix string), oneOf func(field, value string, allowed ...string)) {
	if len(r.AccessToken) == 0 {
		bad("response.access_token", "it is missing", "Name the field of the answer that holds the token.")
	}
	for _, list := range []struct {
		field string
		names []string
	}{
		{"access_token", r.AccessToken},
		{"token_type", r.TokenType},
		{"expires_in", r.ExpiresIn},
		{"expires_at", r.ExpiresAt},
		{"scope", r.Scope},
		{"api_url", r.APIURL},
		{"error", r.Error},
		{"code", r.Code},
		{"message", r.Message},
	} {
		for i, name := range list.names {
			if !pathForm().MatchString(name) {
				bad(fmt.Sprintf("response.%s[%d]", list.field, i), fmt.Sprintf("%q is no field of an answer", name), "Write its name, or its path, such as data.token.value.")
			}
		}
	}
	oneOf("response.expires_unit", r.ExpiresUnit, "", "seconds", "minutes", "milliseconds")
	for i, word := range r.BearerTypes {
		if strings.TrimSpace(word) != word || word == "" {
			bad(fmt.Sprintf("response.bearer_types[%d]", i), fmt.Sprintf("%q is no token type", word), "Write the word that the service's answer has, such as bearer.")
		}
	}
	if r.Lifetime < 0 || r.Lifetime > longestLifetime || r.Lifetime > 0 && r.Lifetime < time.Second {
		bad("response.lifetime", r.Lifetime.String()+" is no lifetime of a token", "Write a duration such as 1h.")
	}
}

func checkRule(at string, r stagedoor.ErrorRule, bad func(field, reason, fix string), oneOf func(field, value string, allowed ...string)) {
	if !nameForm().MatchString(r.ID) {
		bad(at+".id", fmt.Sprintf("%q is no id", r.ID), "Use lower-case letters, digits and hyphens.")
	}
	oneOf(at+".at", r.At, "", stagedoor.AtToken, stagedoor.AtAPI, stagedoor.AtElsewhere)
	if !slices.ContainsFunc(stagedoor.Kinds(), func(row stagedoor.KindRow) bool { return row.Kind == r.Kind }) {
		bad(at+".kind", fmt.Sprintf("%q is not known", r.Kind), "Use a kind of docs/errors.md, such as invalid_client, token_refused or rate_limited.")
	}
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
