package zoomsim_test

import (
	"context"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/stagedoor/stagedoor/zoomsim"
)

func basic(id, secret string) string {
	return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
}

func TestTokenAnswer(t *testing.T) {
	sim := start(t, zoomsim.Options{Scopes: []string{"user:read:admin", "report:read:admin"}, TokenTTL: 90 * time.Second})
	info := sim.Info()
	got := send(t, "POST", info.TokenURL, grant(info), formType, basic(info.ClientID, info.ClientSecret))
	if got.Status != 200 {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	var fields map[string]any
	decode(t, got.Body, &fields)
	token, _ := fields["access_token"].(string)
	if len(token) <= 600 || strings.Count(token, ".") != 2 {
		t.Errorf("the token does not look like Zoom's: %q", token)
	}
	for name, want := range map[string]any{
		"token_type": "bearer",
		"expires_in": 90.0,
		"scope":      "user:read:admin report:read:admin",
		"api_url":    strings.TrimSuffix(info.APIURL, "/v2"),
	} {
		if fields[name] != want {
			t.Errorf("%s is %v, want %v", name, fields[name], want)
		}
	}
	if len(fields) != 5 {
		t.Errorf("other fields than Zoom's: %s", got.Body)
	}
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "Pragma": "no-cache", "Content-Type": "application/json;charset=UTF-8",
	} {
		if got.Header.Get(name) != want {
			t.Errorf("%s is %q", name, got.Header.Get(name))
		}
	}
	if id := got.Header.Get("x-zm-trackingid"); !strings.HasPrefix(id, "v=2.0;clid=us02;rid=WEB_") {
		t.Errorf("x-zm-trackingid is %q", id)
	}
}

// The ways in which real clients ask.
func TestTokenRequests(t *testing.T) {
	// This secret differs between the two base64 alphabets and when form-encoded.
	sim := start(t, zoomsim.Options{ClientID: "abcdefghijklmnopqrstuv", ClientSecret: "x~~~???%+"})
	info := sim.Info()
	id, secret, query := info.ClientID, info.ClientSecret, "?"+grant(info)
	pair := []byte(id + ":" + secret)
	standard := basic(id, secret)
	if raw := base64.StdEncoding.EncodeToString(pair); !strings.ContainsAny(raw, "+/") || !strings.HasSuffix(raw, "=") {
		t.Fatalf("a weak example: %s", raw)
	}
	tests := map[string]struct {
		query, body string
		header      []string
	}{
		"form body":                 {body: grant(info), header: []string{formType, standard}},
		"query, empty body":         {query: query, header: []string{standard}},
		"query, JSON body":          {query: query, body: "{}", header: []string{standard, "Content-Type: application/json"}},
		"query, JSON type, no body": {query: query, header: []string{standard, "Content-Type: application/json"}},
		"base64 without padding":    {query: query, header: []string{"Authorization: Basic " + base64.RawStdEncoding.EncodeToString(pair)}},
		"URL-safe base64":           {query: query, header: []string{"Authorization: Basic " + base64.URLEncoding.EncodeToString(pair)}},
		"URL-safe, no padding":      {query: query, header: []string{"authorization: basic " + base64.RawURLEncoding.EncodeToString(pair)}},
		"form-encoded credentials":  {query: query, header: []string{basic(url.QueryEscape(id), url.QueryEscape(secret))}},
		"credentials in the body": {
			body:   grant(info) + "&client_id=" + id + "&client_secret=" + url.QueryEscape(secret),
			header: []string{formType},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := send(t, "POST", info.TokenURL+test.query, test.body, test.header...)
			if got.Status != 200 || !strings.Contains(got.Body, `"access_token"`) {
				t.Errorf("%d %s", got.Status, got.Body)
			}
		})
	}
	if minted := sim.Stats().TokensMinted; minted != len(tests) {
		t.Errorf("%d tokens minted, want %d", minted, len(tests))
	}
}

func TestTokenThroughOAuth2Package(t *testing.T) {
	sim := start(t, zoomsim.Options{})
	info := sim.Info()
	config := clientcredentials.Config{
		ClientID:       info.ClientID,
		ClientSecret:   info.ClientSecret,
		TokenURL:       info.TokenURL,
		AuthStyle:      oauth2.AuthStyleInHeader,
		EndpointParams: url.Values{"grant_type": {"account_credentials"}, "account_id": {info.AccountID}},
	}
	client := config.Client(context.Background())
	answer, err := client.Get(info.APIURL + "/users/me")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != 200 {
		t.Errorf("status %d", answer.StatusCode)
	}
}

func TestTokenErrors(t *testing.T) {
	const (
		invalidClient  = `{"reason":"Invalid client_id or client_secret","error":"invalid_client"}`
		invalidRequest = `{"reason":"Bad Request","error":"invalid_request"}`
		unsupported    = `{"reason":"unsupported grant type","error":"unsupported_grant_type"}`
	)
	sim := start(t, zoomsim.Options{})
	info := sim.Info()
	auth := basic(info.ClientID, info.ClientSecret)
	tests := map[string]struct {
		body, auth, want string
	}{
		"wrong secret":         {grant(info), basic(info.ClientID, "wrong"), invalidClient},
		"wrong id":             {grant(info), basic("wrong", info.ClientSecret), invalidClient},
		"stray blank":          {grant(info), basic(info.ClientID, info.ClientSecret+" "), invalidClient},
		"no client":            {grant(info), "X-None: 1", invalidClient},
		"garbled Basic":        {grant(info), "Authorization: Basic %%%", invalidClient},
		"bearer":               {grant(info), "Authorization: Bearer x", invalidClient},
		"no grant_type":        {"account_id=" + info.AccountID, auth, unsupported},
		"client_credentials":   {"grant_type=client_credentials&account_id=" + info.AccountID, auth, unsupported},
		"wrong account_id":     {"grant_type=account_credentials&account_id=wrong", auth, invalidRequest},
		"no account_id":        {"grant_type=account_credentials", auth, invalidRequest},
		"garbled body":         {"grant_type=%zz", auth, invalidRequest},
		"body over the bounds": {grant(info) + "&x=" + strings.Repeat("x", 1<<20), auth, invalidRequest},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			expect(t, send(t, "POST", info.TokenURL, test.body, formType, test.auth), 400, test.want)
		})
	}
	t.Run("method", func(t *testing.T) {
		got := send(t, "GET", info.TokenURL+"?"+grant(info), "", auth)
		expect(t, got, 405, `{"reason":"Method Not Allowed","error":"invalid_request"}`)
		if got.Header.Get("Allow") != "POST" {
			t.Errorf("Allow is %q", got.Header.Get("Allow"))
		}
	})
	if minted := sim.Stats().TokensMinted; minted != 0 {
		t.Errorf("%d tokens minted", minted)
	}
	t.Run("another type of app", func(t *testing.T) {
		general := start(t, zoomsim.Options{AppType: "general"})
		expect(t, send(t, "POST", general.Info().TokenURL, grant(info), formType, auth), 400, unsupported)
	})
}

const (
	invalidToken = `{"code":124,"message":"Invalid access token."}`
	expiredToken = `{"code":124,"message":"Access token is expired."}`
)

func TestTokenExpires(t *testing.T) {
	now := newClock()
	sim := start(t, zoomsim.Options{Now: now.Now})
	token := mint(t, sim)
	now.advance(time.Hour - time.Nanosecond)
	if got := get(t, sim, token, "/users/me"); got.Status != 200 {
		t.Errorf("expired early: %s", got.Body)
	}
	now.advance(time.Nanosecond)
	expect(t, get(t, sim, token, "/users/me"), 401, expiredToken)
}

func TestSeveralTokensOrOne(t *testing.T) {
	for _, oneToken := range []bool{false, true} {
		sim := start(t, zoomsim.Options{OneToken: oneToken})
		first, second := mint(t, sim), mint(t, sim)
		if first == second {
			t.Fatal("the same token twice")
		}
		if got := get(t, sim, second, "/users/me"); got.Status != 200 {
			t.Errorf("OneToken %v: the newest token: %s", oneToken, got.Body)
		}
		if got := get(t, sim, first, "/users/me"); (got.Status == 200) == oneToken {
			t.Errorf("OneToken %v: the former token: %d", oneToken, got.Status)
		}
	}
}

func TestRevoke(t *testing.T) {
	sim := start(t, zoomsim.Options{})
	info := sim.Info()
	revokeURL := strings.Replace(info.TokenURL, "/token", "/revoke", 1)
	auth := basic(info.ClientID, info.ClientSecret)
	token, other := mint(t, sim), mint(t, sim)

	expect(t, send(t, "POST", revokeURL, "token="+token, formType, basic(info.ClientID, "wrong")), 400,
		`{"reason":"Invalid client_id or client_secret","error":"invalid_client"}`)
	expect(t, send(t, "POST", revokeURL+"?token="+token, "", auth), 401,
		`{"code":124,"message":"Invalid access token, this access token is not supported as query parameter string."}`)
	expect(t, send(t, "POST", revokeURL, "", formType, auth), 400, `{"reason":"Bad Request","error":"invalid_request"}`)
	if got := send(t, "GET", revokeURL, "", auth); got.Status != 405 {
		t.Errorf("GET: %d", got.Status)
	}
	if got := get(t, sim, token, "/users/me"); got.Status != 200 {
		t.Fatalf("revoked too early: %s", got.Body)
	}

	expect(t, send(t, "POST", revokeURL, "token="+token, formType, auth), 200, `{"status":"success"}`)
	expect(t, get(t, sim, token, "/users/me"), 401, invalidToken)
	if got := get(t, sim, other, "/users/me"); got.Status != 200 {
		t.Errorf("the other token died too: %s", got.Body)
	}
}

func TestCredentialChanges(t *testing.T) {
	sim := start(t, zoomsim.Options{})
	info := sim.Info()
	ask := func(secret string) response {
		return send(t, "POST", info.TokenURL, grant(info), formType, basic(info.ClientID, secret))
	}
	live := mint(t, sim)

	fresh := "a-new-secret"
	sim.SetCredential(zoomsim.CredentialChange{ClientSecret: &fresh})
	expect(t, ask(info.ClientSecret), 400, `{"reason":"Invalid client_id or client_secret","error":"invalid_client"}`)
	if got := ask(fresh); got.Status != 200 {
		t.Errorf("the new secret: %s", got.Body)
	}
	if sim.Info().ClientSecret != fresh {
		t.Error("Info does not show the present secret")
	}
	if got := get(t, sim, live, "/users/me"); got.Status != 200 {
		t.Errorf("a live token after a changed secret: %s", got.Body)
	}

	sim.SetCredential(zoomsim.CredentialChange{Scopes: &[]string{"user:read:list_users:admin"}})
	if got := get(t, sim, live, "/users/me"); got.Status != 200 {
		t.Errorf("a scope change reached a live token: %s", got.Body)
	}
	if got := get(t, sim, mint(t, sim), "/users/me"); !strings.Contains(got.Body, `"code":4711`) {
		t.Errorf("a scope change did not reach a new token: %s", got.Body)
	}

	active := false
	sim.SetCredential(zoomsim.CredentialChange{Active: &active})
	expect(t, ask(fresh), 400, `{"reason":"The app has been disabled","error":"invalid_request"}`)
	expect(t, get(t, sim, live, "/users/me"), 401, invalidToken)
}
