package providertest

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/stagedoor/stagedoor"
)

// endpoint is a token endpoint that behaves as a provider file says: it wants
// exactly the request of the file and answers with the file's own fields.
type endpoint struct {
	provider   stagedoor.Provider
	credential stagedoor.Credential // what it takes
	token      string
	lifetime   time.Duration

	mu         sync.Mutex
	mood       mood
	requests   []*http.Request // as they came, their bodies read
	bodies     [][]byte
	answers    []answer
	complaints []string // what was not as the file says
}

// mood is how the endpoint differs from its best behaviour.
type mood struct {
	silent bool    // it names no lifetime
	text   bool    // numbers are texts, and instants numbers
	kind   string  // the token's type; empty: a bearer token
	echo   bool    // it refuses, and repeats all that it was sent
	fixed  *answer // it answers this, whatever it is asked
}

// answer is what an endpoint says.
type answer struct {
	status int
	body   []byte
}

func newEndpoint(p stagedoor.Provider) *endpoint {
	// The marks after the random text are those that get lost where a secret is
	// not encoded as its place wants it.
	c := stagedoor.Credential{
		Slug: "try", AccountID: "account-" + rand.Text(), ClientID: "client-" + rand.Text(),
		ClientSecrets: []stagedoor.Secret{stagedoor.NewSecret(rand.Text() + "/+=&%")},
	}
	lifetime := 45 * time.Minute
	if p.Response.Lifetime == lifetime {
		lifetime = 30 * time.Minute // or the default could not be told from it
	}
	return &endpoint{provider: p, credential: c, token: "token-" + rand.Text(), lifetime: lifetime}
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		http.Error(w, "the request broke off", http.StatusBadRequest)
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.requests, e.bodies = append(e.requests, r), append(e.bodies, body)
	now := time.Now().UTC().Truncate(time.Second)
	a := e.answer(r, body, now)
	e.answers = append(e.answers, a)
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Date", now.Format(http.TimeFormat))
	if a.status == http.StatusTooManyRequests || a.status >= 500 {
		header.Set("Retry-After", "60") // longer than a mint waits, so that nobody here does
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body)
}

func (e *endpoint) answer(r *http.Request, body []byte, now time.Time) answer {
	known := e.judge(r, body)
	switch {
	case e.mood.fixed != nil:
		return *e.mood.fixed
	case e.mood.echo:
		said := document{}
		said.put(named(e.provider.Response.Error, "error"), "invalid_client")
		said.put(named(e.provider.Response.Message, "reason"), "no such client: "+r.Header.Get("Authorization")+" "+string(body)+" "+e.credential.ClientSecrets[0].Reveal())
		return answer{http.StatusBadRequest, said.json()}
	case !known:
		if refusal, _, ok := wrongSecret(e.provider); ok {
			return refusal
		}
		said := document{}
		said.put(named(e.provider.Response.Error, "error"), "invalid_client")
		return answer{http.StatusUnauthorized, said.json()}
	}
	return answer{http.StatusOK, e.grant(now)}
}

// grant writes an answer with a token, with the first of the names that the
// file gives for each field.
func (e *endpoint) grant(now time.Time) []byte {
	names := e.provider.Response
	said := document{}
	said.put(named(names.AccessToken, "access_token"), e.token)
	kind := e.mood.kind
	if kind == "" {
		kind = named(names.BearerTypes, "bearer")
	}
	said.put(named(names.TokenType, "token_type"), kind)
	said.put(named(names.Scope, "scope"), "read write")
	if len(names.APIURL) > 0 && e.provider.APIURL != "" {
		said.put(names.APIURL[0], e.provider.APIURL)
	}
	switch {
	case e.mood.silent:
	case len(names.ExpiresAt) > 0 && len(names.ExpiresIn) == 0:
		at := now.Add(e.lifetime)
		if e.mood.text {
			said.put(names.ExpiresAt[0], at.Unix())
		} else {
			said.put(names.ExpiresAt[0], at.Format(time.RFC3339))
		}
	default:
		count := int64(e.lifetime / map[string]time.Duration{"minutes": time.Minute, "milliseconds": time.Millisecond, "": time.Second, "seconds": time.Second}[names.ExpiresUnit])
		if e.mood.text {
			said.put(named(names.ExpiresIn, "expires_in"), strconv.FormatInt(count, 10))
		} else {
			said.put(named(names.ExpiresIn, "expires_in"), count)
		}
	}
	return said.json()
}

// judge holds a request against the file and reports whether id and secret are
// the right ones.
func (e *endpoint) judge(r *http.Request, body []byte) bool {
	want := e.provider.Token
	complain := func(bad bool, what string) {
		if bad {
			e.complaints = append(e.complaints, what)
		}
	}
	complain(r.Method != first(want.Method, http.MethodPost), "the method was "+r.Method)
	form, err := url.ParseQuery(string(body))
	complain(err != nil, "the body was no form")
	given, fixed := form, url.Values{}
	if u, err := url.Parse(e.provider.TokenURL); err == nil {
		fixed = u.Query()
	}
	if want.In == "query" {
		complain(len(body) > 0, "the body was not empty")
		complain(r.Header.Get("Content-Type") != "", "the empty body had a type")
		given = r.URL.Query()
	}
	secret := e.credential.ClientSecrets[0].Reveal()
	var id, password string
	expected := url.Values{first(want.GrantParam, "grant_type"): {want.Grant}}
	for name, value := range want.Params {
		expected.Set(name, strings.ReplaceAll(value, "{account_id}", e.credential.AccountID))
	}
	if want.Auth == "body" {
		complain(r.Header.Get("Authorization") != "", "there was an Authorization header beside the body")
		id, password = given.Get("client_id"), given.Get("client_secret")
		expected.Set("client_id", id)
		expected.Set("client_secret", password)
	} else {
		user, pass, ok := r.BasicAuth()
		complain(!ok, "there was no Basic Authorization header")
		// RFC 6749 section 2.3.1: both are form-encoded before Basic joins them.
		id, _ = url.QueryUnescape(user)
		password, _ = url.QueryUnescape(pass)
	}
	for name, values := range fixed {
		if want.In == "query" {
			expected[name] = append(values, expected[name]...)
		}
	}
	complain(given.Encode() != expected.Encode(), "the parameters were not those of the file")
	complain(strings.Contains(r.URL.String(), secret) || strings.Contains(r.URL.String(), url.QueryEscape(secret)), "the secret stood in the URL")
	return id == e.credential.ClientID && password == secret
}

// show writes a request, or an answer, as it went over the wire, with names in
// place of what is secret or random.
func (e *endpoint) show(text string) string {
	secret := e.credential.ClientSecrets[0].Reveal()
	return strings.NewReplacer(
		secret, "CLIENT_SECRET", url.QueryEscape(secret), "CLIENT_SECRET", e.token, "ACCESS_TOKEN",
		e.credential.ClientID, "CLIENT_ID", e.credential.AccountID, "ACCOUNT_ID",
	).Replace(text)
}

// Show writes a request as it goes over the wire; the value of Basic
// authorization is spelled out.
func Show(r *http.Request, body []byte) string {
	var b strings.Builder
	b.WriteString(r.Method + " " + r.URL.RequestURI() + " HTTP/1.1\n")
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	b.WriteString("Host: " + host + "\n")
	if user, password, ok := r.BasicAuth(); ok {
		b.WriteString("Authorization: Basic base64(" + user + ":" + password + ")\n")
	}
	for _, name := range []string{"Accept", "Cache-Control", "Content-Type"} {
		if value := r.Header.Get(name); value != "" {
			b.WriteString(name + ": " + value + "\n")
		}
	}
	if len(body) > 0 {
		b.WriteString("\n" + string(body) + "\n")
	}
	return b.String()
}

// document is a JSON object that grows by paths.
type document map[string]any

// put sets the value at a path; where that can not be, since a value stands in
// the way, it sets a field by the whole name.
func (d document) put(path string, value any) {
	at := d
	names := strings.Split(path, ".")
	for _, name := range names[:len(names)-1] {
		next, ok := at[name].(document)
		if _, taken := at[name]; taken && !ok {
			d[path] = value
			return
		}
		if !ok {
			next = document{}
			at[name] = next
		}
		at = next
	}
	if _, taken := at[names[len(names)-1]]; taken {
		d[path] = value
		return
	}
	at[names[len(names)-1]] = value
}

func (d document) json() []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(d); err != nil {
		return []byte("{}")
	}
	return bytes.TrimSpace(b.Bytes())
}

func named(names []string, usual string) string {
	if len(names) > 0 {
		return names[0]
	}
	return usual
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
