package stagedoor

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Provider is how a service grants tokens and takes requests. It is data: a
// file fills in one of a few token flows that stand in code (package token).
// The doc comments here are the reference for those files; the keys are the
// yaml tags. docs/providers.md shows how to write one.
type Provider struct {
	Name  string `yaml:"name"`  // what a credential's provider field says: "zoom"
	Title string `yaml:"title"` // what people call the service: "Zoom"
	Docs  string `yaml:"docs"`  // the page that describes the grant

	// Extends names the built-in provider that this one builds on: "zoom". A key
	// that stands in the file replaces the other's whole value; a key that does
	// not is taken over. Errors are the exception: the file's own rules come
	// before the other's, and one with the id of another takes its place. Only a
	// built-in provider that itself extends none can be named.
	Extends string `yaml:"extends"`

	// Flow is the token flow to use. There is one so far: "request", a single
	// form or query request that answers with the token.
	Flow string `yaml:"flow"`

	TokenURL string `yaml:"token_url"` // https; empty: the credential names it
	APIURL   string `yaml:"api_url"`   // https, without the base; empty: the credential names it, or there is none
	APIBase  string `yaml:"api_base"`  // path that every operation starts with: "/v2"; may be empty

	Token      TokenRequest  `yaml:"token"`
	Response   TokenResponse `yaml:"response"`
	Validation string        `yaml:"validation"` // path, below the base, of a cheap call that proves a token; empty: none

	// Hosts are the names that requests with a credential may go to; a leading
	// "*." stands for one or more labels. DownloadHosts are further ones for
	// files only.
	Hosts         []string `yaml:"hosts"`
	DownloadHosts []string `yaml:"download_hosts"`

	Fields []Field     `yaml:"fields"` // what a credential must hold
	Limits []RateLimit `yaml:"limits"`
	// ObjectLimits are further ones, by what is called upon.
	ObjectLimits []ObjectLimit `yaml:"object_limits"`
	Errors       []ErrorRule   `yaml:"errors"` // the first that matches explains
}

// TokenRequest is the request of the "request" flow.
type TokenRequest struct {
	Method     string            `yaml:"method"`      // "POST" (default), or "GET", which has no body and so needs in: query
	Grant      string            `yaml:"grant"`       // the value of grant_type: "account_credentials"
	GrantParam string            `yaml:"grant_param"` // what the parameter is called where it is not "grant_type" (default)
	Params     map[string]string `yaml:"params"`      // further parameters; {account_id} stands for the credential's
	In         string            `yaml:"in"`          // where the parameters go: "form" (default) or "query", which leaves the body empty
	Auth       string            `yaml:"auth"`        // where client id and secret go: "header" (Basic, default) or "body"
}

// TokenResponse maps the token endpoint's answer: for each field the names
// that it goes by, compared without letter case; the first that is there wins.
// A name with dots is a path into nested objects, "data.token.value", unless
// the answer has a field by the whole name.
type TokenResponse struct {
	AccessToken []string `yaml:"access_token"`
	TokenType   []string `yaml:"token_type"`
	ExpiresIn   []string `yaml:"expires_in"` // the lifetime, as a number or as text
	Scope       []string `yaml:"scope"`      // one text with blanks, or a list
	APIURL      []string `yaml:"api_url"`

	// ExpiresUnit is what ExpiresIn counts: "seconds" (default), "minutes" or
	// "milliseconds".
	ExpiresUnit string `yaml:"expires_unit"`
	// ExpiresAt is the instant of expiry, for answers that give one in place of
	// a lifetime: RFC 3339 text, or Unix time in seconds or milliseconds as a
	// number or as text. It is held against the answer's Date, so that a wrong
	// clock here does no harm. ExpiresIn wins where both are there.
	ExpiresAt []string `yaml:"expires_at"`
	// BearerTypes are the token types that mean a bearer token, compared without
	// letter case. Default "bearer". An answer that names no type is taken for
	// bearer; any other type is refused, since a client must not use a token of
	// a type that it does not understand (RFC 6749 section 7.1).
	BearerTypes []string `yaml:"bearer_types"`

	// Error, Code and Message are where a refusal stands. An answer that has the
	// Error field is a refusal, whatever its HTTP status. Defaults: error; code;
	// reason, error_description, message.
	Error   []string `yaml:"error"`
	Code    []string `yaml:"code"`
	Message []string `yaml:"message"`

	// Lifetime is how long a token lasts where the answer does not say. It is
	// never "for ever". Default one hour.
	Lifetime time.Duration `yaml:"lifetime"`
}

// Field is one value that a credential of this provider holds.
type Field struct {
	Name     string `yaml:"name"` // account_id, client_id or client_secret
	Title    string `yaml:"title"`
	Where    string `yaml:"where"` // where a person finds it
	Optional bool   `yaml:"optional"`
}

// RateLimit is what the provider permits one account under a label and a plan,
// over all apps together. Zero means no limit of that span.
type RateLimit struct {
	Family    Family `yaml:"family"` // empty: whatever is in no other
	Label     Label  `yaml:"label"`
	Plan      Plan   `yaml:"plan"`
	PerSecond int    `yaml:"per_second"`
	PerMinute int    `yaml:"per_minute"`
	PerDay    int    `yaml:"per_day"`
	DayGroup  string `yaml:"day_group"` // labels of one group share PerDay; empty: a label by itself
}

// ObjectLimit is what the provider permits in a UTC day on one object (a host, a
// registrant, or the account as a whole), over all apps together, whatever the
// label. A call upon several objects counts for each.
type ObjectLimit struct {
	Name       string   `yaml:"name"`       // what messages call it: "meetings and webinars of a host"
	Operations []string `yaml:"operations"` // "POST /users/{userId}/meetings"; they count together
	// Object is the path's parameter, or the field of the JSON body, that names the
	// object; "registrants.email" is the email of each in a list. Empty: the
	// account as a whole.
	Object string `yaml:"object"`
	Where  string `yaml:"where"` // only calls whose body has this: "action=create"; empty: all
	Plan   Plan   `yaml:"plan"`  // only on this plan; empty: on each
	PerDay int    `yaml:"per_day"`
}

// BuiltOn names the service whose API this is: the provider that it extends, or
// else itself. What holds for Zoom (its operations, streams and errors) holds
// for every provider that is built on "zoom".
func (p Provider) BuiltOn() string {
	if p.Extends != "" {
		return p.Extends
	}
	return p.Name
}

// RequiredField reports whether a credential needs the field to be useful.
func (p Provider) RequiredField(name string) bool {
	return slices.ContainsFunc(p.Fields, func(f Field) bool { return f.Name == name && !f.Optional })
}

// Limit returns what is permitted for the label of a family under the plan; the
// zero RateLimit permits everything.
func (p Provider) Limit(family Family, label Label, plan Plan) RateLimit {
	for _, l := range p.Limits {
		if l.Family == family && l.Label == label && l.Plan == plan {
			return l
		}
	}
	return RateLimit{}
}

// Where an [Answer] came from.
const (
	AtToken     = "token"     // the token endpoint
	AtAPI       = "api"       // the provider's API
	AtElsewhere = "elsewhere" // another program's message, pasted by a person
)

// Answer is what is known of an error before it is explained.
type Answer struct {
	At      string // AtToken, AtAPI, AtElsewhere, or empty if not known
	Status  int    // HTTP status; 0 if not known
	Code    string // "4711"
	Error   string // the token endpoint's word: "invalid_client"
	Message string // the message or reason, or for AtElsewhere the whole text
}

// ErrorRule explains one error of a provider. What it does not name matches
// anything; Message is a regular expression whose named groups may stand in
// Cause and Fix as {name}.
type ErrorRule struct {
	ID      string   `yaml:"id"` // names it in the catalogue: "scope-missing"
	At      string   `yaml:"at"`
	Status  []int    `yaml:"status"`
	Code    []string `yaml:"code"`
	Error   []string `yaml:"error"`
	Message string   `yaml:"message"`
	Kind    Kind     `yaml:"kind"`
	Cause   string   `yaml:"cause"`
	Fix     string   `yaml:"fix"`
	Example string   `yaml:"example"` // the error as people meet it; a test holds that this rule explains it
	Source  string   `yaml:"source"`
}

// Explain returns an [Error] with kind, cause and fix by the first rule that
// matches, and false if there is none.
func (p Provider) Explain(a Answer) (*Error, bool) {
	rule, groups, ok := p.Rule(a)
	if !ok {
		return nil, false
	}
	code := a.Code
	if code == "" {
		code = a.Error
	}
	return &Error{
		Kind: rule.Kind, Cause: fill(rule.Cause, groups), Fix: fill(rule.Fix, groups),
		Status: a.Status, Code: Outside(code, 60), Detail: Outside(a.Message, detailBytes),
	}, true
}

// Rule returns the first rule that matches the answer and the named groups of
// its message.
func (p Provider) Rule(a Answer) (ErrorRule, map[string]string, bool) {
	for _, rule := range p.Errors {
		if groups, ok := rule.match(a); ok {
			return rule, groups, true
		}
	}
	return ErrorRule{}, nil, false
}

func (r ErrorRule) match(a Answer) (map[string]string, bool) {
	if r.At != "" && a.At != "" && r.At != a.At {
		return nil, false
	}
	if len(r.Status) > 0 && !slices.Contains(r.Status, a.Status) {
		return nil, false
	}
	if len(r.Code) > 0 && !slices.Contains(r.Code, a.Code) {
		return nil, false
	}
	if len(r.Error) > 0 && !slices.Contains(r.Error, a.Error) {
		return nil, false
	}
	groups := map[string]string{}
	if r.Message != "" {
		re, err := compile(r.Message)
		if err != nil {
			return nil, false
		}
		found := re.FindStringSubmatch(a.Message)
		if found == nil {
			return nil, false
		}
		for i, name := range re.SubexpNames() {
			if name != "" {
				groups[name] = found[i]
			}
		}
	}
	return groups, true
}

// What others wrote is kept this long, in bytes: enough for a sentence, and for
// a list of scopes, from which people copy.
const (
	detailBytes = 300
	groupBytes  = 2 << 10
)

func fill(text string, groups map[string]string) string {
	for name, value := range groups {
		text = strings.ReplaceAll(text, "{"+name+"}", Outside(value, groupBytes))
	}
	return text
}

// compiled keeps the patterns of rules, which are few and never change.
var compiled sync.Map // string → *regexp.Regexp

func compile(pattern string) (*regexp.Regexp, error) {
	if re, ok := compiled.Load(pattern); ok {
		return re.(*regexp.Regexp), nil
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, err
	}
	compiled.Store(pattern, re)
	return re, nil
}
