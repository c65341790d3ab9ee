package oauth

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
)

// TestRevoke holds the revocation to RFC 7009.
func TestRevoke(t *testing.T) {
	backends(t, func(t *testing.T, b backend) {
		w := newWorld(t, b)
		otherID, otherSecret := b.add(t, "other", "", time.Time{})
		mine, gone := w.mint(t), w.mint(t)
		asOther := func(r *http.Request) { r.SetBasicAuth(otherID, otherSecret.Reveal()) }
		wrong := func(r *http.Request) { r.SetBasicAuth(w.id, "wrong") }
		nobody := func(*http.Request) {}
		type step struct {
			path, body string
			who        func(*http.Request)
			status     int
			code       string
		}
		for _, c := range []step{
			{RevokePath, "token=" + mine, asOther, 400, "unauthorized_client"},
			{RevokePath, "token=" + mine, wrong, 401, "invalid_client"},
			{RevokePath, "token=" + mine, nobody, 401, "invalid_client"},
			{RevokePath, "token_type_hint=access_token", w.basicly, 400, "invalid_request"},
			{RevokePath, "token=", w.basicly, 400, "invalid_request"},
			{RevokePath, "token=a&token=b", w.basicly, 400, "invalid_request"},
			{RevokePath + "?token=" + mine, "", w.basicly, 400, "invalid_request"},
			{RevokePath, "token=" + w.operator.Reveal(), w.basicly, 400, "unsupported_token_type"},
			{RevokePath, "token=no-token-at-all", w.basicly, 200, ""},
			{RevokePath, "token=no-token-at-all&token_type_hint=refresh_token", w.basicly, 200, ""},
			{RevokePath, "token=" + gone + "&token_type_hint=of-the-moon", w.basicly, 200, ""},
			{RevokePath, "token=" + gone, w.basicly, 200, ""},
			{RevokePath, url.Values{"token": {gone}, "client_id": {w.id}, "client_secret": {w.secret.Reveal()}}.Encode(), nobody, 200, ""},
		} {
			before := len(w.events)
			rw := w.post(c.path, c.body, c.who)
			var got struct {
				Error string `json:"error"`
			}
			if err := json.Unmarshal(rw.Body.Bytes(), &got); err != nil {
				t.Errorf("%v: %s", err, rw.Body)
			}
			if rw.Code != c.status || got.Error != c.code || rw.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("%s %s: %d %v %s\nwant %d %s", c.path, c.body, rw.Code, rw.Header(), rw.Body, c.status, c.code)
			}
			if e := w.last(t); len(w.events) != before+1 || e.Action != "token.revoke" || e.Status != c.status || (e.Result == "ok") != (c.status == 200) {
				t.Errorf("%s %s: recorded %+v", c.path, c.body, w.events[before:])
			}
		}
		if _, _, err := b.Verify(t.Context(), stagedoor.NewSecret(mine)); err != nil {
			t.Errorf("a token that its own client did not revoke is gone: %v", err)
		}
		if _, _, err := b.Verify(t.Context(), stagedoor.NewSecret(gone)); stagedoor.KindOf(err) != stagedoor.KindUnauthenticated {
			t.Errorf("a revoked token still counts: %v", err)
		}
		wantNoSecret(t, w, mine)
		wantNoSecret(t, w, gone)
	})
}

// TestIntrospect holds the introspection to RFC 7662.
func TestIntrospect(t *testing.T) {
	backends(t, func(t *testing.T, b backend) {
		w := newWorld(t, b)
		token := w.mint(t)
		events := len(w.events)
		as := func(bearer string) func(*http.Request) {
			return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+bearer) }
		}
		grafana := as(w.operator.Reveal())

		rw := w.post(IntrospectPath, "token="+token, grafana)
		var got map[string]any
		if err := json.Unmarshal(rw.Body.Bytes(), &got); err != nil || rw.Code != 200 {
			t.Fatalf("%d %s", rw.Code, rw.Body)
		}
		for name, want := range map[string]any{
			"active": true, "scope": "to:acme", "client_id": w.id, "sub": w.id, "client_name": "reports",
			"token_type": "bearer", "iss": issuer, "aud": issuer + "/to/acme",
		} {
			if got[name] != want {
				t.Errorf("%s: %v, want %v", name, got[name], want)
			}
		}
		issued, _ := got["iat"].(float64)
		expires, _ := got["exp"].(float64)
		if id, _ := got["jti"].(string); id == "" || expires-issued != 3600 || time.Since(time.Unix(int64(issued), 0)) > time.Minute {
			t.Errorf("jti, iat, exp: %v", got)
		}

		revoked := w.mint(t)
		w.post(RevokePath, "token="+revoked, w.basicly)
		for name, dead := range map[string]string{"revoked": revoked, "made up": "sda_made-up", "an operator's": w.operator.Reveal()} {
			if rw := w.post(IntrospectPath, "token="+dead, grafana); rw.Code != 200 || strings.TrimSpace(rw.Body.String()) != `{"active":false}` {
				t.Errorf("%s: %d %s", name, rw.Code, rw.Body)
			}
		}
		for name, c := range map[string]struct {
			who    func(*http.Request)
			status int
			says   string
		}{
			"nobody":                 {func(*http.Request) {}, 401, `Bearer realm="stagedoor operators"`},
			"a caller by its secret": {w.basicly, 401, `Bearer realm="stagedoor operators"`},
			"a caller by its token":  {as(token), 401, `error="invalid_token"`},
		} {
			rw := w.post(IntrospectPath, "token="+token, c.who)
			if rw.Code != c.status || !strings.Contains(rw.Header().Get("WWW-Authenticate"), c.says) || strings.Contains(rw.Body.String(), "acme") {
				t.Errorf("%s: %d %v %s", name, rw.Code, rw.Header(), rw.Body)
			}
		}
		for body, says := range map[string]string{"": "token is missing", "token=a&token=b": "more than once"} {
			if rw := w.post(IntrospectPath, body, grafana); rw.Code != 400 || !strings.Contains(rw.Body.String(), says) {
				t.Errorf("%q: %d %s", body, rw.Code, rw.Body)
			}
		}
		if rw := w.post(IntrospectPath+"?token="+token, "", grafana); rw.Code != 400 || strings.Contains(rw.Body.String(), token) {
			t.Errorf("in the URL: %d %s", rw.Code, rw.Body)
		}
		if got := len(w.events); got != events+2 { // the second mint and its revocation
			t.Errorf("%d events, want %d", got, events+2)
		}
	})
}

// TestMetadata holds the document to RFC 8414.
func TestMetadata(t *testing.T) {
	w := newWorld(t, newFake(time.Now))
	get := func(method, path string) *httptest.ResponseRecorder {
		rw := httptest.NewRecorder()
		w.ServeHTTP(rw, httptest.NewRequest(method, path, nil))
		return rw
	}
	rw := get("GET", MetadataPath)
	var got map[string]any
	if err := json.Unmarshal(rw.Body.Bytes(), &got); err != nil || rw.Code != 200 || rw.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("%d %v %s", rw.Code, rw.Header(), rw.Body)
	}
	const want = `{
		"issuer": "https://gate.example.com",
		"token_endpoint": "https://gate.example.com/oauth/token",
		"token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt"],
		"token_endpoint_auth_signing_alg_values_supported": ["ES256", "ES384", "ES512", "EdDSA", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512"],
		"revocation_endpoint": "https://gate.example.com/oauth/revoke",
		"revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt"],
		"revocation_endpoint_auth_signing_alg_values_supported": ["ES256", "ES384", "ES512", "EdDSA", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512"],
		"introspection_endpoint": "https://gate.example.com/oauth/introspect",
		"introspection_endpoint_auth_methods_supported": ["Bearer"],
		"grant_types_supported": ["client_credentials", "account_credentials"],
		"response_types_supported": []
	}`
	var wanted map[string]any
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		t.Fatal(err)
	}
	for name := range wanted {
		a, _ := json.Marshal(got[name])
		b, _ := json.Marshal(wanted[name])
		if string(a) != string(b) {
			t.Errorf("%s: %s, want %s", name, a, b)
		}
	}
	if len(got) != len(wanted) {
		t.Errorf("got %d fields, want %d: %s", len(got), len(wanted), rw.Body)
	}
	if rw := get("HEAD", MetadataPath); rw.Code != 200 {
		t.Errorf("HEAD: %d", rw.Code)
	}
	if rw := get("OPTIONS", MetadataPath); rw.Code != 204 || rw.Header().Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("OPTIONS: %d %v", rw.Code, rw.Header())
	}
	if rw := get("POST", MetadataPath); rw.Code != 405 || rw.Header().Get("Allow") != "GET, HEAD, OPTIONS" {
		t.Errorf("POST: %d %v", rw.Code, rw.Header())
	}
}

// TestNarrowMetadata holds that metadata names nothing that is not shown where it
// is asked for.
func TestNarrowMetadata(t *testing.T) {
	w := newWorld(t, newFake(time.Now))
	w.Handler.(*server).TokenOnly = func(*http.Request) bool { return true }
	rw := httptest.NewRecorder()
	w.ServeHTTP(rw, httptest.NewRequest("GET", MetadataPath, nil))
	if text := rw.Body.String(); rw.Code != 200 || !strings.Contains(text, `"token_endpoint"`) || strings.Contains(text, "revo") || strings.Contains(text, "introspect") {
		t.Errorf("%d %s", rw.Code, text)
	}
}

// TestIssuerWithPath holds that a server below a path is found where RFC 8414
// section 3.1 puts it.
func TestIssuerWithPath(t *testing.T) {
	w := newWorld(t, newFake(time.Now))
	w.Handler.(*server).Issuer = func(*http.Request) string { return "https://example.com/zoom/" }
	for path, status := range map[string]int{MetadataPath: 200, MetadataPath + "/zoom": 200, MetadataPath + "/other": 404, MetadataPath + "/": 404} {
		rw := httptest.NewRecorder()
		w.ServeHTTP(rw, httptest.NewRequest("GET", path, nil))
		if rw.Code != status || status == 200 && !strings.Contains(rw.Body.String(), `"issuer":"https://example.com/zoom","token_endpoint":"https://example.com/zoom/oauth/token"`) {
			t.Errorf("%s: %d %s", path, rw.Code, rw.Body)
		}
	}
}
