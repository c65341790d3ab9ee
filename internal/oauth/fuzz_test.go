package oauth

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// FuzzTokenRequest sends anything to the token endpoint. It never panics, gives a
// token for nothing but a caller's own id and secret in the place where they
// belong, never shows a secret, and answers in the form of RFC 6749.
func FuzzTokenRequest(f *testing.F) {
	basic := func(text string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(text)) }
	const id, secret = "id-of-reports", "secret-of-reports-that-is-long-enough"
	form := "application/x-www-form-urlencoded"
	f.Add("", "grant_type=client_credentials", form, basic(id+":"+secret))
	f.Add("grant_type=account_credentials&account_id=x", "", "", basic(id+":"+secret))
	f.Add("", "grant_type=client_credentials&client_id="+id+"&client_secret="+secret, form, "")
	f.Add("client_secret="+secret, "grant_type=client_credentials", form, "")
	f.Add("", "grant_type=client_credentials&client_assertion=a.b.c&client_assertion_type="+url.QueryEscape(assertionType), form, "")
	f.Add("", `{"grant_type":"client_credentials"}`, "application/json", basic(secret+":"+id))
	f.Add("%zz", "scope=%zz&scope=a\"b", "x", "Basic ")
	f.Add("", "grant_type=client_credentials&client_secret=x", form, basic("a%3:b+c"))
	f.Fuzz(func(t *testing.T, query, body, contentType, authorization string) {
		w := newWorld(t, newFake(time.Now))
		r := httptest.NewRequest("POST", TokenPath, strings.NewReader(body))
		r.URL.RawQuery = query
		r.Header["Content-Type"] = []string{contentType}
		if authorization != "" {
			r.Header["Authorization"] = []string{authorization}
		}
		rw := httptest.NewRecorder()
		w.ServeHTTP(rw, r)

		var got map[string]any
		if err := json.Unmarshal(rw.Body.Bytes(), &got); err != nil || rw.Header().Get("Cache-Control") != "no-store" {
			t.Fatalf("%d %v %s", rw.Code, rw.Header(), rw.Body)
		}
		if _, given := got["access_token"]; given != (rw.Code == http.StatusOK) || given && !proves(authorization, body) {
			t.Fatalf("a token without proof: %d %s", rw.Code, rw.Body)
		}
		if rw.Code != http.StatusOK && (got["error"] == nil || rw.Code < 400 || rw.Code >= 500) {
			t.Fatalf("%d %s", rw.Code, rw.Body)
		}
		if strings.Contains(rw.Body.String(), secret) || strings.Contains(authorization, "Basic") && len(authorization) > 20 && strings.Contains(rw.Body.String(), authorization[6:]) {
			t.Fatalf("the answer shows what was sent: %s", rw.Body)
		}
		if len(w.events) != 1 {
			t.Fatalf("%d events", len(w.events))
		}
		wantNoSecret(t, w, "")
	})
}

// proves reads a request in the plainest way: the id and the secret as they are,
// or form-encoded, in the header or in the body.
func proves(authorization, body string) bool {
	const id, secret = "id-of-reports", "secret-of-reports-that-is-long-enough"
	if len(authorization) > 6 {
		plain, err := base64.StdEncoding.DecodeString(strings.TrimSpace(authorization[6:]))
		decoded, errDecode := url.QueryUnescape(string(plain))
		return err == nil && (string(plain) == id+":"+secret || errDecode == nil && decoded == id+":"+secret)
	}
	values, err := url.ParseQuery(body)
	return err == nil && strings.Contains(strings.Join(values["client_id"], " "), id) && strings.Contains(strings.Join(values["client_secret"], " "), secret)
}

// FuzzAssertionClaims signs anything with a caller's own key. A token is given
// only for claims that another reading finds right too.
func FuzzAssertionClaims(f *testing.F) {
	now := time.Now().Unix()
	const id = "id-of-signer"
	for _, claims := range []string{
		`{"iss":"ID","sub":"ID","aud":"AUD","exp":EXP,"jti":"a"}`,
		`{"iss":"ID","sub":"ID","aud":["x","AUD"],"exp":EXP.5,"nbf":0,"iat":-1,"jti":"a"}`,
		`{"iss":"ID","ISS":"x","sub":"ID","sub":"x","aud":"AUD","exp":EXP,"jti":"a"}`,
		`{"iss":"ID","sub":"ID","aud":null,"exp":null,"jti":null}`,
		`{"iss":"ID","sub":"ID","aud":"AUD","exp":1e999,"nbf":9e18,"jti":"a"}`,
		`[]`, `{`, ``, `null`,
	} {
		f.Add(claims)
	}
	put := strings.NewReplacer("ID", id, "AUD", issuer, "EXP", strconv.FormatInt(now+60, 10))
	f.Fuzz(func(t *testing.T, template string) {
		payload := put.Replace(template)
		w := newWorld(t, newFake(time.Now))
		w.backend.add(t, "signer", keySet(t, "ed"), time.Time{})
		rw := w.assert(sign(t, jose.EdDSA, keys()["ed"], "ed", payload))
		if rw.Code == http.StatusUnauthorized {
			return
		}
		var said map[string]any
		if err := json.Unmarshal([]byte(payload), &said); err != nil || rw.Code != http.StatusOK {
			t.Fatalf("%d %s for %s: %v", rw.Code, rw.Body, payload, err)
		}
		exp, _ := said["exp"].(float64)
		nbf, _ := said["nbf"].(float64)
		iat, _ := said["iat"].(float64)
		jti, _ := said["jti"].(string)
		aud, _ := json.Marshal(said["aud"])
		at := float64(time.Now().Unix())
		if said["iss"] != id || said["sub"] != id || !strings.Contains(string(aud), issuer) || jti == "" ||
			exp < at-skew.Seconds()-1 || exp > at+longestAssertion.Seconds()+skew.Seconds()+1 || nbf > at+skew.Seconds()+1 || iat > at+skew.Seconds()+1 {
			t.Fatalf("a token for %s", payload)
		}
	})
}
