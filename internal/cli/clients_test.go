package cli_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/stagedoor/stagedoor/internal/nodetest"
	"github.com/stagedoor/stagedoor/zoomsim"
)

// TestStandardClients has clients that never heard of Stagedoor read a report
// through the daemon: standard OAuth clients with standard grants, and Zoom's own
// SDK with Zoom's own grant and two base URLs changed. Each must get what Zoom
// answers, byte for byte, and Zoom must see nothing but its own grant.
func TestStandardClients(t *testing.T) {
	if testing.Short() {
		t.Skip("npm fetches the clients on the first run: left out in -short")
	}
	t.Parallel()
	w := newWorld(t, zoomsim.Options{Plan: "business", Limits: "off"})
	w.addCredential()
	address := w.at()
	key, public := w.signingKey()
	g := w.addCaller("reports", "--allow", "GET /report/**")
	signer := w.addCaller("signer", "--allow", "GET /report/**", "--jwks", public)
	d := w.serve(address)
	report := w.someReport(g.BaseURL + "/v2")
	want := w.asZoomAnswers(w.someReport(w.info.APIURL))
	if g.BaseURL != d.url+"/to/acme" || g.TokenURL != d.url+"/oauth/token" {
		t.Fatalf("caller add names %s and %s, and the daemon is at %s", g.BaseURL, g.TokenURL, d.url)
	}

	same := func(t *testing.T, got string) {
		t.Helper()
		if got != want {
			t.Errorf("got %d bytes, Zoom answers %d, and they are not the same\n%.300s", len(got), len(want), got)
		}
	}
	for name, style := range map[string]oauth2.AuthStyle{
		"x-oauth2 header": oauth2.AuthStyleInHeader, "x-oauth2 body": oauth2.AuthStyleInParams, "x-oauth2 as it likes": oauth2.AuthStyleAutoDetect,
	} {
		t.Run(name, func(t *testing.T) {
			config := clientcredentials.Config{ClientID: g.ClientID, ClientSecret: g.ClientSecret, TokenURL: g.TokenURL, AuthStyle: style}
			answer, err := config.Client(context.Background()).Get(report)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			body, err := io.ReadAll(answer.Body)
			if err != nil || answer.StatusCode != http.StatusOK {
				t.Fatalf("%d %v %s", answer.StatusCode, err, body)
			}
			same(t, string(body))
		})
	}

	env := append(slices.Clone(w.env), "BASE="+d.url, "API_URL="+g.BaseURL+"/v2", "REPORT="+report,
		"CLIENT_ID="+g.ClientID, "CLIENT_SECRET="+g.ClientSecret, "ACCOUNT_ID="+w.info.AccountID, "TOKEN_URL="+g.TokenURL)
	run := func(t *testing.T, dir string, more []string, command ...string) string {
		t.Helper()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, command[0], command[1:]...)
		cmd.Dir, cmd.Env = dir, append(slices.Clone(env), more...)
		var stderr strings.Builder
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v: %v\n%s%s", command, err, out, stderr.String())
		}
		return string(out)
	}
	for name, how := range map[string]string{
		"curl header": `-u "$CLIENT_ID:$CLIENT_SECRET"`,
		"curl body":   `--data-urlencode "client_id=$CLIENT_ID" --data-urlencode "client_secret=$CLIENT_SECRET"`, // as Salesforce sends it
	} {
		t.Run(name, func(t *testing.T) {
			needs(t, "curl", "sh")
			same(t, run(t, w.dir, nil, "sh", "-euc", `
				token=$(curl -sSf -d grant_type=client_credentials `+how+` "$TOKEN_URL" | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
				curl -sSf -H "Authorization: Bearer $token" "$REPORT"`))
		})
	}

	t.Run("npm", func(t *testing.T) {
		dir := nodetest.Project(t, "testdata/clients", 20)
		for _, client := range []struct {
			script string
			env    []string
		}{
			{"openid-client", []string{"AUTH=client_secret_basic"}},
			{"openid-client", []string{"AUTH=client_secret_post"}},
			{"openid-client", []string{"AUTH=private_key_jwt", "KEY=" + key, "CLIENT_ID=" + signer.ClientID, "CLIENT_SECRET="}},
			{"simple-oauth2", []string{"AUTH=header"}},
			{"simple-oauth2", []string{"AUTH=body"}},
			{"rivet", nil},
		} {
			t.Run(strings.TrimSpace(client.script+" "+strings.TrimPrefix(first(client.env), "AUTH=")), func(t *testing.T) {
				got := run(t, dir, client.env, "node", client.script+".mjs")
				if client.script == "rivet" { // it gives an object, not the text
					got = canonical(t, got)
					want := canonical(t, want)
					if got != want {
						t.Errorf("got %d bytes of JSON, Zoom answers %d, and they are not the same\n%.300s", len(got), len(want), got)
					}
					return
				}
				same(t, got)
			})
		}
	})

	// What Zoom saw of all that.
	for _, r := range w.sim.Requests() {
		if r.Path == "/oauth/token" && (r.GrantType != "account_credentials" || r.ClientAuth != "client_secret_basic") {
			t.Errorf("Zoom was asked for a token with %s by %s", r.GrantType, r.ClientAuth)
		}
		if r.Path != "/oauth/token" && r.Path != "/v2/users/me" && r.Path != "/v2/report/meeting_activities" {
			t.Errorf("Zoom was asked for %s", r.Path)
		}
	}
	stats := w.sim.Stats()
	t.Logf("Zoom saw token requests %v and calls %v", stats.TokenRequests, stats.ByOperation)
	if stats.TokenRequests["account_credentials client_secret_basic"] != stats.TokensMinted || len(stats.TokenRequests) != 1 || stats.Unauthorized > 0 {
		t.Errorf("Zoom's own grant is not all that Zoom saw: %+v", stats)
	}
	d.stop()
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// someReport is the address of one page of the report, below an API's URL: a day
// with some rows, but not more than a page holds.
func (w *world) someReport(api string) string {
	w.t.Helper()
	until, err := time.Parse(time.DateOnly, w.info.Until)
	if err != nil {
		w.t.Fatal(err)
	}
	for back := range 60 {
		day := until.AddDate(0, 0, -back)
		rows, err := w.sim.Dataset("meeting_activities", day, day)
		if err != nil {
			w.t.Fatal(err)
		}
		n := 0
		for range rows {
			n++
		}
		if name := day.Format(time.DateOnly); n > 5 && n < 180 {
			return fmt.Sprintf("%s/report/meeting_activities?activity_type=All%%20Activities&from=%s&page_size=300&to=%s", api, name, name)
		}
	}
	w.t.Fatal("no day has that many rows")
	return ""
}

// asZoomAnswers asks the simulator itself, with a token of its own.
func (w *world) asZoomAnswers(address string) string {
	w.t.Helper()
	r, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(w.succeeds("token", "acme").stdout))
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK || !strings.Contains(string(body), `"activity_time"`) {
		w.t.Fatalf("Zoom answers %d %v %.200s", answer.StatusCode, err, body)
	}
	return string(body)
}

// signingKey makes a key pair, and returns the files of the private key (a JSON
// Web Key) and of the public ones (a set).
func (w *world) signingKey() (private, public string) {
	w.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		w.t.Fatal(err)
	}
	write := func(name string, v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			w.t.Fatal(err)
		}
		return w.give(name, string(text))
	}
	jwk := jose.JSONWebKey{Key: key, KeyID: "the-key", Algorithm: "ES256", Use: "sig"}
	return write("key.json", jwk), write("keys.json", jose.JSONWebKeySet{Keys: []jose.JSONWebKey{jwk.Public()}})
}

// canonical is JSON without blanks and with sorted names.
func canonical(t *testing.T, text string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %.200s", err, text)
	}
	again, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(again)
}
