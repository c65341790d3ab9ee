package caller_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/caller"
)

func TestRulesAreRead(t *testing.T) {
	for text, want := range map[string]string{
		"GET /report/**":                "GET /report/**",
		" GET   /report/** ":            "GET /report/**",
		"GET,HEAD,GET /users/*":         "GET,HEAD /users/*",
		"/v2/users/{userId}/meetings":   "/users/*/meetings",
		"/users/jo@example.com":         "/users/jo@example.com",
		"DELETE /meetings/{meetingId}":  "DELETE /meetings/*",
		"/**":                           "/**",
		"GET /v2/**":                    "GET /**",
		"/users/müller@example.com":     "/users/müller@example.com",
		"PUT,POST,PATCH,DELETE /users*": "",
		"/users/ｍｅ":                     "",
		"/users/.":                      "",
		"/users/{userId":                "",
		"/users/a\\b":                   "",
		"/users/a#b":                    "",
		"/**/users":                     "",
		"/users/***":                    "",
		"GET,/users":                    "",
		"GET,,POST /users":              "",
		"/v2":                           "/v2", // no operation: below the base there is none of that name, and Doubts says so
	} {
		rule, err := caller.ParseRule(text, "/v2", false)
		switch {
		case want == "":
			wantKind(t, err, usage)
			if e := err.Error(); !strings.Contains(e, "Fix: Write it like") {
				t.Errorf("%q: no fix in %v", text, e)
			}
		case err != nil || rule.String() != want:
			t.Errorf("%q is read as %q, %v, want %q", text, rule, err, want)
		}
	}
}

// FuzzParseRule holds that what is read reads the same again, and is one that can
// be held against a request.
func FuzzParseRule(f *testing.F) {
	for _, text := range []string{"GET /report/**", "/v2/users/{userId}", "GET,HEAD /users/*", "/v2/v2/v2/x", "//", "/{a}/{b}", "* /x", "/users/\xff"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rule, err := caller.ParseRule(text, "/v2", false)
		if err != nil {
			wantKind(t, err, usage)
			return
		}
		again, err := caller.ParseRule(rule.String(), "", false)
		if err != nil || again.String() != rule.String() {
			t.Errorf("%q is read as %q, which is read as %q, %v", text, rule, again, err)
		}
	})
}

func TestRulesThatCannotBeRead(t *testing.T) {
	c := caller.Open(&memory{}, tokenKey, options())
	// A newer table may have lost a scope; a row may be damaged. What allowed
	// allows nothing then, and what denied denies everything.
	for _, broken := range []stagedoor.Rule{{Scope: "gone:read:admin"}, {Path: "users"}, {Path: "/a/**/b"}, {}} {
		who := stagedoor.Caller{Name: "x", Provider: "zoom", Rules: []stagedoor.Rule{broken}}
		_, err := c.Permit(who, "/v2", "GET", "/v2/users")
		wantKind(t, err, forbidden, "none of the rules of caller x")
		broken.Deny = true
		who.Rules = append(rulesOf(t, "allow /**"), broken)
		_, err = c.Permit(who, "/v2", "GET", "/v2/users")
		wantKind(t, err, forbidden, "can not be read any more")
	}
	// Of a provider without a table there is no scope and no UUID, and every
	// operation counts as Heavy.
	who := stagedoor.Caller{Name: "x", Provider: "other", Rules: rulesOf(t, "allow GET /things/*")}
	op, err := c.Permit(who, "", "GET", "/things/1")
	if err != nil || op.Label != stagedoor.Heavy || op.Name() != "GET /things/1" {
		t.Errorf("got %+v, %v", op, err)
	}
	_, err = c.Permit(who, "", "GET", "/things/%2FDYlohsHRtCd4ii1uC2%2BhA%3D%3D")
	wantKind(t, err, usage)
	_, err = c.Permit(who, "", "GET", "/other")
	wantKind(t, err, forbidden)
	who.Rules = []stagedoor.Rule{{Scope: "report:read:admin"}}
	_, err = c.Permit(who, "", "GET", "/report/daily")
	wantKind(t, err, forbidden)
}

func TestTheOperationIsNamed(t *testing.T) {
	c := caller.Open(&memory{}, tokenKey, options())
	who := someone(t, "allow /**", "deny-scope group:read:admin")
	for path, want := range map[string]string{
		"/v2/report/meeting_activities":          "GET /report/meeting_activities",
		"/v2/users/jo%40example.com":             "GET /users/{userId}",
		"/v2/nobody/knows":                       "GET /nobody/knows",
		"/v2/" + strings.Repeat("x/", 300) + "x": "GET /" + strings.Repeat("x/", 99) + "x…",
	} {
		op, err := c.Permit(who, "/v2", "GET", path)
		if err != nil || op.Name() != want {
			t.Errorf("%s is %q, %v, want %q", path, op.Name(), err, want)
		}
	}
	op, err := c.Permit(who, "/v2", "HEAD", "/v2/users/me")
	if err != nil || op.Name() != "HEAD /users/{userId}" || op.Label != stagedoor.Light {
		t.Errorf("got %+v, %v", op, err)
	}
	_, err = c.Permit(who, "/v2", "GET", "/v2/groups/1")
	wantKind(t, err, forbidden, "GET /groups/{groupId}", "--deny 'group:read:admin' denies it", "stagedoor caller show reports")
	_, err = c.Permit(someone(t, "allow GET /report/**"), "/v2", "GET", "/v2/v2/groups/1")
	wantKind(t, err, notFound, "/v2/v2/groups/1", "/v2 stands in it twice", "where the base URL ends in /v2, paths start behind it")
	_, err = c.Permit(who, "/v2", "GET", "/v2/users/%75")
	wantKind(t, err, usage, "it writes u as %75, which needs no escape")
}

func TestPublicKeys(t *testing.T) {
	ec, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	short, _ := rsa.GenerateKey(rand.Reader, 1024)
	long, _ := rsa.GenerateKey(rand.Reader, 2048)
	ed, edPrivate, _ := ed25519.GenerateKey(rand.Reader)
	set := func(keys ...jose.JSONWebKey) string {
		text, err := json.Marshal(jose.JSONWebKeySet{Keys: keys})
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	good := set(jose.JSONWebKey{Key: &ec.PublicKey, KeyID: "a"}, jose.JSONWebKey{Key: &long.PublicKey, KeyID: "b", Algorithm: "PS256", Use: "sig"}, jose.JSONWebKey{Key: ed})
	kept, err := caller.ParseKeys([]byte(good))
	if err != nil || kept != good {
		t.Errorf("kept %s, %v", kept, err)
	}
	single, _ := json.Marshal(jose.JSONWebKey{Key: &ec.PublicKey, KeyID: "a"})
	if kept, err := caller.ParseKeys(single); err != nil || !strings.HasPrefix(kept, `{"keys":[`) {
		t.Errorf("a single key is kept as %s, %v", kept, err)
	}
	for document, words := range map[string]string{
		set(jose.JSONWebKey{Key: ec}):                                                              "private key",
		set(jose.JSONWebKey{Key: long}):                                                            "private key",
		set(jose.JSONWebKey{Key: edPrivate}):                                                       "private key",
		set(jose.JSONWebKey{Key: []byte("shared")}):                                                "shared secret",
		set(jose.JSONWebKey{Key: &short.PublicKey}):                                                "1024 bits, and 2048 are the least",
		set(jose.JSONWebKey{Key: &ec.PublicKey, Use: "enc"}):                                       "is for encryption",
		set(jose.JSONWebKey{Key: &ec.PublicKey, Algorithm: "RS256"}):                               "is for the algorithm RS256; a key of its kind signs with ES256",
		set(jose.JSONWebKey{Key: &ec.PublicKey, Algorithm: "none"}):                                "is for the algorithm none",
		set(jose.JSONWebKey{Key: ed, KeyID: "a"}, jose.JSONWebKey{Key: &ec.PublicKey, KeyID: "a"}): "key 2 has the kid",
		`{"keys":[]}`: "no key in it", `[]`: "not JSON", `{}`: "no key in it", ``: "not JSON",
		`{"keys":[1]}`: "is no JSON object", `{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}`: "can not be read",
		`{"keys":[{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"}]}`:                        "can not be read",
		`{"keys":[{"kty":"RSA","n":"` + strings.Repeat("A", 400) + `","e":"AQAB","d":"x"}]}`: "private key",
		"-----BEGIN PRIVATE KEY-----\n":                                                      "PEM file",
	} {
		_, err := caller.ParseKeys([]byte(document))
		wantKind(t, err, usage, words)
		if strings.Contains(err.Error(), "AAAAAAAA") {
			t.Error("the error repeats the key")
		}
	}
}
