package token_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/token"
	"github.com/stagedoor/stagedoor/zoomsim"
)

// One request through everything, over real sockets, to a simulator that
// revokes the token on the way.
func TestARequestSurvivesARevokedToken(t *testing.T) {
	sim, err := zoomsim.Start(zoomsim.Options{Seed: 1, Users: 3, Meetings: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer sim.Close()
	if err := sim.AddFaults(zoomsim.Fault{Kind: "token_revoked", After: 1, Count: 1}); err != nil {
		t.Fatal(err)
	}
	info := sim.Info()
	api, err := url.Parse(info.APIURL)
	if err != nil {
		t.Fatal(err)
	}
	source, err := token.NewSource(context.Background(), token.Config{
		Provider: stagedoor.Zoom,
		Credential: stagedoor.Credential{
			Slug: "acme", AccountID: info.AccountID, ClientID: info.ClientID,
			ClientSecrets: []stagedoor.Secret{stagedoor.NewSecret(info.ClientSecret)},
			TokenURL:      info.TokenURL, APIURL: info.APIURL, AllowHosts: []string{api.Host},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	base := &http.Transport{}
	defer base.CloseIdleConnections()
	client := &http.Client{Transport: &token.Transport{Source: source, Base: base}, Timeout: 10 * time.Second}
	for range 3 {
		resp, err := client.Get(info.APIURL + "/users?page_size=1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			t.Error(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("status %d, want 200", resp.StatusCode)
		}
	}
	if stats := sim.Stats(); stats.TokensMinted != 2 || stats.Unauthorized != 1 {
		t.Errorf("%d tokens minted, %d requests unauthorized; want 2 and 1", stats.TokensMinted, stats.Unauthorized)
	}
}
