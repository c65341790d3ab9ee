package zoomsim_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stagedoor/stagedoor/zoomsim"
)

const badPageToken = `{"code":300,"message":"The next page token is invalid or expired."}`

func TestPageTokenLivesFifteenMinutes(t *testing.T) {
	now := newClock()
	sim := start(t, zoomsim.Options{Now: now.Now})
	next := activitiesPath + february + "&next_page_token=" + url.QueryEscape(*activityOf(t, sim, mint(t, sim), february).NextPageToken)

	var former activityPage
	decode(t, get(t, sim, mint(t, sim), next).Body, &former)
	now.advance(15*time.Minute - time.Millisecond)
	var again activityPage
	decode(t, get(t, sim, mint(t, sim), next).Body, &again) // with another access token, too
	if diff := cmp.Diff(strs(former.Logs), strs(again.Logs)); diff != "" || len(again.Logs) == 0 {
		t.Errorf("the same page token gives other rows:\n%s", diff)
	}
	now.advance(time.Millisecond)
	expect(t, get(t, sim, mint(t, sim), next), 400, badPageToken)
}

func TestPageTokenIsBoundToItsRequest(t *testing.T) {
	sim := start(t, zoomsim.Options{Limits: "off", Users: 100})
	token := mint(t, sim)
	pageToken := "&next_page_token=" + url.QueryEscape(*activityOf(t, sim, token, february).NextPageToken)
	for name, path := range map[string]string{
		"other day":       activitiesPath + strings.Replace(february, "02-28", "02-27", 1),
		"more parameters": activitiesPath + february + "&page_size=30",
		"a filter":        activitiesPath + february + "&search_key=a",
		"fewer":           activitiesPath + "from=2026-02-01&to=2026-02-28",
		"other operation": "/users?" + february,
	} {
		t.Run(name, func(t *testing.T) { expect(t, get(t, sim, token, path+pageToken), 400, badPageToken) })
	}
	if page := activityOf(t, sim, token, "activity_type=All%20Activities&to=2026-02-28&from=2026-02-01"+pageToken); len(page.Logs) == 0 {
		t.Error("the order of parameters matters")
	}
	changed := strings.Replace(pageToken, "next_page_token=", "next_page_token=A", 1)
	expect(t, get(t, sim, token, activitiesPath+february+changed), 400, badPageToken)

	usersToken := url.QueryEscape(*users(t, sim, token, "?page_number=1").NextPageToken)
	if page := users(t, sim, token, "?page_number=2&next_page_token="+usersToken); len(page.Users) == 0 {
		t.Error("page_number beside a page token matters")
	}
}

func TestPageTokensNeedEncoding(t *testing.T) {
	now := newClock()
	sim := start(t, zoomsim.Options{Limits: "off", Now: now.Now})
	token := mint(t, sim)
	seen := ""
	for range 20 {
		seen += *activityOf(t, sim, token, february).NextPageToken
		now.advance(time.Millisecond)
	}
	for _, character := range []string{"+", "/", "="} {
		if !strings.Contains(seen, character) {
			t.Errorf("no token of 20 holds %s", character)
		}
	}
}
