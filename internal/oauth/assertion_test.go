package oauth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/stagedoor/stagedoor"
)

// keys of one client. They are made once: RSA takes its time.
var keys = sync.OnceValue(func() map[string]crypto.Signer {
	must := func(key crypto.Signer, err error) crypto.Signer {
		if err != nil {
			panic(err)
		}
		return key
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	rsaKey, errRSA := rsa.GenerateKey(rand.Reader, 2048)
	ec := func(curve elliptic.Curve) crypto.Signer {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		return must(key, err)
	}
	return map[string]crypto.Signer{
		"rsa": must(rsaKey, errRSA), "ed": must(ed, err),
		"p256": ec(elliptic.P256()), "p384": ec(elliptic.P384()), "p521": ec(elliptic.P521()), "stranger": ec(elliptic.P256()),
	}
})

// keySet is what a caller's people hand in: public keys, named as above.
func keySet(t *testing.T, names ...string) string {
	t.Helper()
	var set jose.JSONWebKeySet
	for _, name := range names {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: keys()[name].Public(), KeyID: name, Use: "sig"})
	}
	text, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// sign makes an assertion of claims, of any kind.
func sign(t *testing.T, algorithm jose.SignatureAlgorithm, key any, kid string, claims any) string {
	t.Helper()
	options := &jose.SignerOptions{}
	if kid != "" {
		options.WithHeader("kid", kid)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, options)
	if err != nil {
		t.Fatal(err)
	}
	payload, ok := claims.(string)
	if !ok {
		text, err := json.Marshal(claims)
		if err != nil {
			t.Fatal(err)
		}
		payload = string(text)
	}
	signed, err := signer.Sign([]byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// good are claims that pass.
func good(id string) map[string]any {
	return map[string]any{
		"iss": id, "sub": id, "aud": issuer + TokenPath, "jti": rand.Text(),
		"exp": time.Now().Add(time.Minute).Unix(), "iat": time.Now().Unix(),
	}
}

// assert asks for a token with an assertion.
func (w *world) assert(assertion string, more ...string) *httptest.ResponseRecorder {
	form := url.Values{"grant_type": {clientCredentials}, "client_assertion_type": {assertionType}, "client_assertion": {assertion}}
	return w.post(TokenPath, form.Encode()+strings.Join(more, ""))
}

func TestAssertions(t *testing.T) {
	backends(t, func(t *testing.T, b backend) {
		w := newWorld(t, b)
		id, _ := b.add(t, "signer", keySet(t, "rsa", "ed", "p256", "p384", "p521"), time.Time{})
		for algorithm, key := range map[jose.SignatureAlgorithm]string{
			jose.RS256: "rsa", jose.RS384: "rsa", jose.RS512: "rsa", jose.PS256: "rsa", jose.PS384: "rsa", jose.PS512: "rsa",
			jose.ES256: "p256", jose.ES384: "p384", jose.ES512: "p521", jose.EdDSA: "ed",
		} {
			for _, kid := range []string{"", key} {
				rw := w.assert(sign(t, algorithm, keys()[key], kid, good(id)))
				var got granted
				if rw.Code != 200 || json.Unmarshal(rw.Body.Bytes(), &got) != nil {
					t.Errorf("%s, kid %q: %d %s", algorithm, kid, rw.Code, rw.Body)
				}
				if c, _, err := b.Verify(t.Context(), stagedoor.NewSecret(got.AccessToken)); err != nil || c.ID != id {
					t.Errorf("the token is %s's: %v", c.Name, err)
				}
			}
		}
		if e := w.last(t); e.Actor != "caller signer" || !strings.Contains(e.Detail, "private_key_jwt") {
			t.Errorf("recorded: %+v", e)
		}
	})
}

// TestAssertionClaims changes one thing after another of an assertion that passes.
func TestAssertionClaims(t *testing.T) {
	w := newWorld(t, newFake(time.Now))
	id, _ := w.backend.add(t, "signer", keySet(t, "p256"), time.Time{})
	now := time.Now()
	for name, c := range map[string]struct {
		claim string
		value any // nil: left out
		says  string
	}{
		"aud is the issuer":              {"aud", issuer, ""},
		"aud is the issuer with a slash": {"aud", issuer + "/", ""},
		"aud is one of several":          {"aud", []string{"https://other.example", issuer}, ""},
		"no iat":                         {"iat", nil, ""},
		"nbf now":                        {"nbf", now.Unix(), ""},
		"a clock that is a little ahead": {"iat", now.Add(20 * time.Second).Unix(), ""},
		"a clock that is a little late":  {"exp", now.Add(-20 * time.Second).Unix(), ""},
		"exp with a fraction":            {"exp", float64(now.Unix()) + 60.5, ""},
		"another claim":                  {"role", "admin", ""},

		"no iss":                    {"iss", nil, "lacks iss or sub"},
		"no sub":                    {"sub", nil, "lacks iss or sub"},
		"another's iss":             {"iss", "other", "iss and sub of the assertion differ"},
		"another's sub":             {"sub", "other", "iss and sub of the assertion differ"},
		"no aud":                    {"aud", nil, "lacks aud"},
		"an empty aud":              {"aud", []string{}, "lacks aud"},
		"another's aud":             {"aud", "https://zoom.us/oauth/token", "aud of the assertion is not this server"},
		"an aud that only begins":   {"aud", issuer + ".evil.example", "aud of the assertion is not this server"},
		"aud is a number":           {"aud", 5, "can not be read"},
		"no exp":                    {"exp", nil, "lacks exp"},
		"exp is over":               {"exp", now.Add(-2 * skew).Unix(), "has ended"},
		"exp is far off":            {"exp", now.Add(longestAssertion + 3*skew).Unix(), "more than 10 minutes ahead"},
		"exp is for ever":           {"exp", 1e18, "more than 10 minutes ahead"},
		"exp is beyond any time":    {"exp", 1e300, "can not be read"},
		"exp is a text":             {"exp", "tomorrow", "can not be read"},
		"nbf is to come":            {"nbf", now.Add(3 * skew).Unix(), "does not count yet"},
		"nbf is far off":            {"nbf", 1e18, "does not count yet"},
		"iat is to come":            {"iat", now.Add(3 * skew).Unix(), "made in the future"},
		"no jti":                    {"jti", nil, "lacks jti"},
		"an empty jti":              {"jti", "", "lacks jti"},
		"jti is a number":           {"jti", 7, "can not be read"},
		"iss and sub are a number":  {"sub", 7, "can not be read"},
		"an unknown client's claim": {"", nil, "no caller with this client_id and a public key"},
	} {
		t.Run(name, func(t *testing.T) {
			claims := good(id)
			switch {
			case c.claim == "":
				claims["iss"], claims["sub"] = "nobody", "nobody"
			case c.value == nil:
				delete(claims, c.claim)
			default:
				claims[c.claim] = c.value
			}
			rw := w.assert(sign(t, jose.ES256, keys()["p256"], "p256", claims))
			if c.says == "" {
				if rw.Code != 200 {
					t.Errorf("%d %s", rw.Code, rw.Body)
				}
				return
			}
			wantInvalidClient(t, rw, c.says)
		})
	}
	// The claims of one are no claims of two.
	twice, err := json.Marshal(good(id))
	if err != nil {
		t.Fatal(err)
	}
	rw := w.assert(sign(t, jose.ES256, keys()["p256"], "p256", strings.Replace(string(twice), "{", `{"sub":"other",`, 1)))
	wantInvalidClient(t, rw, "can not be read")
	rw = w.assert(sign(t, jose.ES256, keys()["p256"], "p256", "no JSON"))
	wantInvalidClient(t, rw, "can not be read")
}

func wantInvalidClient(t *testing.T, rw *httptest.ResponseRecorder, says string) {
	t.Helper()
	var got struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if err := json.Unmarshal(rw.Body.Bytes(), &got); err != nil || rw.Code != 401 || got.Error != invalidClient || !strings.Contains(got.Description, says) {
		t.Errorf("%d %s\nwant invalid_client with %q", rw.Code, rw.Body, says)
	}
}

// TestAssertionSignatures holds that only the caller's own keys count, and only as
// they are meant.
func TestAssertionSignatures(t *testing.T) {
	w := newWorld(t, newFake(time.Now))
	id, secret := w.backend.add(t, "signer", keySet(t, "rsa", "p256", "p384"), time.Time{})
	none, _ := w.backend.add(t, "without-keys", "", time.Time{})
	ended, _ := w.backend.add(t, "ended", keySet(t, "p256"), time.Now().Add(-time.Minute))
	const stranger = "no caller with this client_id and a public key that fits"
	unsigned := func() string {
		claims, err := json.Marshal(good(id))
		if err != nil {
			t.Fatal(err)
		}
		b64 := base64.RawURLEncoding.EncodeToString
		return b64([]byte(`{"alg":"none"}`)) + "." + b64(claims) + "."
	}
	whole := sign(t, jose.ES256, keys()["p256"], "p256", good(id))
	parts := strings.Split(whole, ".")
	publicRSA, err := json.Marshal(jose.JSONWebKey{Key: keys()["rsa"].Public()})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ assertion, says string }{
		"a stranger's key":                {sign(t, jose.ES256, keys()["stranger"], "", good(id)), stranger},
		"a stranger's key by our kid":     {sign(t, jose.ES256, keys()["stranger"], "p256", good(id)), stranger},
		"a kid that is not there":         {sign(t, jose.ES256, keys()["p256"], "other", good(id)), stranger},
		"the kid of another key":          {sign(t, jose.ES256, keys()["p256"], "p384", good(id)), stranger},
		"a caller without keys":           {sign(t, jose.ES256, keys()["p256"], "", good(none)), stranger},
		"a caller that has ended":         {sign(t, jose.ES256, keys()["p256"], "", good(ended)), stranger},
		"not signed":                      {unsigned(), "not a JWT that is signed by one of"},
		"signed with the secret":          {sign(t, jose.HS256, []byte(secret.Reveal()), "", good(id)), "not a JWT that is signed by one of"},
		"signed with the public key":      {sign(t, jose.HS256, publicRSA, "", good(id)), "not a JWT that is signed by one of"},
		"another payload":                 {parts[0] + "." + strings.Split(sign(t, jose.ES256, keys()["p256"], "p256", good(id)), ".")[1] + "." + parts[2], stranger},
		"a signature that is cut":         {whole[:len(whole)-4], stranger},
		"nothing in it":                   {"..", "not a JWT"},
		"one part":                        {"abc", "not a JWT"},
		"JSON serialization in its place": {`{"payload":"e30","signatures":[]}`, "not a JWT"},
	} {
		t.Run(name, func(t *testing.T) { wantInvalidClient(t, w.assert(c.assertion), c.says) })
	}
	wantInvalidClient(t, w.assert(whole, "&client_id=other"), "client_id is another than the sub")
	if rw := w.assert(whole, "&client_id="+id); rw.Code != 200 {
		t.Errorf("after all that, the whole one: %d %s", rw.Code, rw.Body)
	}
}

// TestKeySets holds which keys of a set are tried.
func TestKeySets(t *testing.T) {
	key := func(edit func(map[string]any)) map[string]any {
		text, err := json.Marshal(jose.JSONWebKey{Key: keys()["p256"].Public(), KeyID: "p256"})
		if err != nil {
			t.Fatal(err)
		}
		var fields map[string]any
		if err := json.Unmarshal(text, &fields); err != nil {
			t.Fatal(err)
		}
		edit(fields)
		return fields
	}
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(jose.JSONWebKey{Key: small.Public()})
	if err != nil {
		t.Fatal(err)
	}
	same := func(map[string]any) {}
	for name, c := range map[string]struct {
		set  any
		pass bool
	}{
		"as it is":                    {[]any{key(same)}, true},
		"beside kinds of key unknown": {[]any{map[string]any{"kty": "XYZ", "kid": "p256"}, 5, key(same)}, true},
		"without a kid":               {[]any{key(func(k map[string]any) { delete(k, "kid") })}, true},
		"for signatures":              {[]any{key(func(k map[string]any) { k["use"] = "sig" })}, true},
		"for this algorithm":          {[]any{key(func(k map[string]any) { k["alg"] = "ES256" })}, true},
		"for encryption":              {[]any{key(func(k map[string]any) { k["use"] = "enc" })}, false},
		"for another algorithm":       {[]any{key(func(k map[string]any) { k["alg"] = "ES384" })}, false},
		"with the private part":       {[]any{jose.JSONWebKey{Key: keys()["p256"], KeyID: "p256"}}, false},
		"none":                        {[]any{}, false},
		"no set":                      {"keys", false},
		"too many before it": {func() (list []any) {
			for range mostKeys {
				list = append(list, jose.JSONWebKey{Key: keys()["stranger"].Public(), KeyID: "p256"})
			}
			return append(list, key(same))
		}(), false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, newFake(time.Now))
			set, err := json.Marshal(map[string]any{"keys": c.set})
			if err != nil {
				t.Fatal(err)
			}
			id, _ := w.backend.add(t, "signer", string(set), time.Time{})
			rw := w.assert(sign(t, jose.ES256, keys()["p256"], "p256", good(id)))
			if (rw.Code == 200) != c.pass {
				t.Errorf("%d %s", rw.Code, rw.Body)
			}
		})
	}
	t.Run("a small RSA key", func(t *testing.T) {
		w := newWorld(t, newFake(time.Now))
		id, _ := w.backend.add(t, "signer", `{"keys":[`+string(text)+`]}`, time.Time{})
		wantInvalidClient(t, w.assert(sign(t, jose.RS256, small, "", good(id))), "no caller with this client_id and a public key")
	})
}

// TestAssertionsCountOnce holds that what was overheard is worth nothing: neither
// to the token endpoint nor to the one for revoking, nor to many at once.
func TestAssertionsCountOnce(t *testing.T) {
	backends(t, func(t *testing.T, b backend) {
		w := newWorld(t, b)
		id, _ := b.add(t, "signer", keySet(t, "p256"), time.Time{})
		other, _ := b.add(t, "other-signer", keySet(t, "p256"), time.Time{})
		claims := good(id)
		assertion := sign(t, jose.ES256, keys()["p256"], "p256", claims)
		var all sync.WaitGroup
		codes := make([]int, 8)
		for i := range codes {
			all.Go(func() { codes[i] = w.assert(assertion).Code })
		}
		all.Wait()
		passed := 0
		for _, code := range codes {
			if code == 200 {
				passed++
			}
		}
		if passed != 1 {
			t.Errorf("%d of 8 passed: %v", passed, codes)
		}
		wantInvalidClient(t, w.assert(assertion), "jti was used already")
		claims["exp"] = time.Now().Add(2 * time.Minute).Unix()
		wantInvalidClient(t, w.assert(sign(t, jose.ES256, keys()["p256"], "p256", claims)), "jti was used already")
		form := url.Values{"token": {"x"}, "client_assertion_type": {assertionType}, "client_assertion": {assertion}}
		wantInvalidClient(t, w.post(RevokePath, form.Encode()), "jti was used already")
		claims["iss"], claims["sub"] = other, other // a jti is the client's own
		if rw := w.assert(sign(t, jose.ES256, keys()["p256"], "p256", claims)); rw.Code != 200 {
			t.Errorf("another client with the same jti: %d %s", rw.Code, rw.Body)
		}
	})
}
