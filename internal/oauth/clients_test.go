package oauth

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/token"
)

// TestStandardClient has the Go project's own client get tokens, in each of its
// ways, and be refused.
func TestStandardClient(t *testing.T) {
	backends(t, func(t *testing.T, b backend) {
		w := newWorld(t, b)
		server := httptest.NewServer(w)
		defer server.Close()
		for name, style := range map[string]oauth2.AuthStyle{
			"in the header": oauth2.AuthStyleInHeader, "in the parameters": oauth2.AuthStyleInParams, "found out": oauth2.AuthStyleAutoDetect,
		} {
			config := clientcredentials.Config{
				ClientID: w.id, ClientSecret: w.secret.Reveal(), TokenURL: server.URL + TokenPath, AuthStyle: style,
				Scopes: []string{"report:read"}, EndpointParams: url.Values{"audience": {"anything"}},
			}
			got, err := config.Token(t.Context())
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if _, _, err := b.Verify(t.Context(), stagedoor.NewSecret(got.AccessToken)); err != nil || got.Type() != "Bearer" ||
				got.Extra("scope") != "to:acme" || got.Extra("api_url") != issuer+"/to/acme" || time.Until(got.Expiry) < 59*time.Minute {
				t.Errorf("%s: %v, type %s, expiry %s", name, err, got.Type(), got.Expiry)
			}
			config.ClientSecret = "wrong"
			_, err = config.Token(t.Context())
			if refused, ok := err.(*oauth2.RetrieveError); !ok || refused.ErrorCode != "invalid_client" || !strings.Contains(refused.ErrorDescription, "rotate-secret") {
				t.Errorf("%s, with a wrong secret: %v", name, err)
			}
		}
	})
}

// TestOwnClient has our own client of Zoom's grant get a token, as it would from
// Zoom: only the addresses are others.
func TestOwnClient(t *testing.T) {
	w := newWorld(t, newFake(time.Now))
	gate := httptest.NewServer(w)
	defer gate.Close()
	w.Handler.(*server).Issuer = func(*http.Request) string { return gate.URL } // an address that the client may go to
	source, err := token.NewSource(t.Context(), token.Config{
		Provider: stagedoor.Zoom, HTTP: http.DefaultTransport, NoRenewAhead: true,
		Credential: stagedoor.Credential{
			Slug: "gate", Provider: "zoom", AccountID: "an-account", ClientID: w.id, ClientSecrets: []stagedoor.Secret{w.secret},
			TokenURL: gate.URL + TokenPath, AllowHosts: []string{strings.TrimPrefix(gate.URL, "http://")},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	got, err := source.Get(context.Background(), time.Minute)
	if err != nil || got.APIURL != gate.URL+"/to/acme" {
		t.Errorf("%v, api_url %q", err, got.APIURL)
	}
}

// TestZoomClients sends what Zoom's own and other people's clients send.
func TestZoomClients(t *testing.T) {
	w := newWorld(t, newFake(time.Now))
	for name, edit := range map[string]func(*http.Request){
		"query, no body, no type": func(r *http.Request) { r.Header.Del("Content-Type") },
		"query, no body, JSON":    func(r *http.Request) { r.Header.Set("Content-Type", "application/json") },
		"query, no body, form":    func(*http.Request) {},
		"query, text":             func(r *http.Request) { r.Header.Set("Content-Type", "text/plain; charset=utf-8") },
		"multipart, by its name":  func(r *http.Request) { r.Header.Set("Content-Type", "multipart/form-data; boundary=x") },
	} {
		for _, body := range []string{"", "{}", "null"} {
			if body != "" && strings.Contains(name, "form") && strings.Contains(name, "query") {
				continue // that would be an odd parameter
			}
			rw := w.post(TokenPath+"?grant_type=account_credentials&account_id=abc", body, w.basicly, edit)
			var got granted
			if rw.Code != 200 || json.Unmarshal(rw.Body.Bytes(), &got) != nil || got.TokenType != "bearer" {
				t.Errorf("%s, body %q: %d %s", name, body, rw.Code, rw.Body)
			}
		}
	}
}
