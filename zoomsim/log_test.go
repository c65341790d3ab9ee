package zoomsim_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/stagedoor/stagedoor/zoomsim"
)

// TestRequestLog sends what the log must tell apart: grants, ways of proving who
// one is, and paths that are the same only once they are decoded.
func TestRequestLog(t *testing.T) {
	sim := start(t, zoomsim.Options{})
	info := sim.Info()
	token := mint(t, sim)
	own := "&client_id=" + info.ClientID + "&client_secret=" + info.ClientSecret
	send(t, "POST", info.TokenURL, "grant_type=client_credentials"+own, formType)
	send(t, "POST", info.TokenURL, "grant_type=client_credentials&client_assertion=x", formType)
	send(t, "GET", info.TokenURL, "")
	send(t, "POST", info.TokenURL, "grant_type=%zz", formType)
	get(t, sim, token, "/users/%6De?from=2026-01-01")
	get(t, sim, "wrong", "/report%2Fx//y/../z")
	send(t, "DELETE", strings.TrimSuffix(info.APIURL, "/v2")+"/elsewhere", "", "X-Forwarded-For: 192.0.2.1")
	manage(t, sim, "GET", "/stats", "")

	var got []zoomsim.Request
	answer := manage(t, sim, "GET", "/requests", "")
	for line := range strings.Lines(answer.Body) {
		var request zoomsim.Request
		if err := json.Unmarshal([]byte(line), &request); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		got = append(got, request)
	}
	if diff := cmp.Diff(sim.Requests(), got); diff != "" {
		t.Errorf("over HTTP it is another: %s", diff)
	}
	asks := zoomsim.Request{Method: "POST", Path: "/oauth/token", Decoded: "/oauth/token"}
	by := func(grant, auth string) zoomsim.Request {
		r := asks
		r.GrantType, r.ClientAuth = grant, auth
		return r
	}
	want := []zoomsim.Request{
		by("account_credentials", "client_secret_basic"),
		by("client_credentials", "client_secret_post"),
		by("client_credentials", "private_key_jwt"),
		{Method: "GET", Path: "/oauth/token", Decoded: "/oauth/token", ClientAuth: "none"},
		by("", "none"),
		{Method: "GET", Path: "/v2/users/%6De", Decoded: "/v2/users/me", Query: "from=2026-01-01"},
		{Method: "GET", Path: "/v2/report%2Fx//y/../z", Decoded: "/v2/report/x//y/../z"},
		{Method: "DELETE", Path: "/elsewhere", Decoded: "/elsewhere"},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(zoomsim.Request{}, "Headers")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"Accept-Encoding", "Connection", "User-Agent", "X-Forwarded-For"}, got[len(got)-1].Headers); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(answer.Body, info.ClientSecret) || strings.Contains(answer.Body, token) {
		t.Error("the log holds a secret")
	}
	if diff := cmp.Diff(map[string]int{
		"account_credentials client_secret_basic": 1, "client_credentials client_secret_post": 1,
		"client_credentials private_key_jwt": 1, " none": 2,
	}, sim.Stats().TokenRequests); diff != "" {
		t.Error(diff)
	}
}

// TestRequestLogKeepsTheLatest fills the log beyond what it keeps.
func TestRequestLogKeepsTheLatest(t *testing.T) {
	sim, err := zoomsim.New(zoomsim.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer sim.Close()
	const sent = 10_007
	for i := range sent {
		handle(sim, "GET", fmt.Sprint("/nowhere/", i))
	}
	got := sim.Requests()
	if len(got) != 10_000 || got[0].Path != "/nowhere/7" || got[len(got)-1].Path != fmt.Sprint("/nowhere/", sent-1) {
		t.Errorf("%d requests, from %s to %s", len(got), got[0].Path, got[len(got)-1].Path)
	}
}

func handle(sim *zoomsim.Simulator, method, path string) {
	sim.Handler().ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(method, path, nil))
}
