package openapi

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stagedoor/stagedoor/internal/stream"
	"github.com/stagedoor/stagedoor/zoomsim"
)

// TestAnswersFit asks the simulator for a page of each stream, and holds the
// answer against the document: each field is described, with its type.
func TestAnswersFit(t *testing.T) {
	sim, err := zoomsim.Start(zoomsim.Options{Users: 8, Meetings: 200, Limits: "off"})
	if err != nil {
		t.Fatal(err)
	}
	defer sim.Close()
	info := sim.Info()
	doc := parsed(t, written(t, everything()))
	token := ask(t, http.MethodPost, info.TokenURL, url.Values{"grant_type": {"account_credentials"}, "account_id": {info.AccountID}}, func(r *http.Request) {
		r.SetBasicAuth(info.ClientID, info.ClientSecret)
	})["access_token"].(string)
	bearer := func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
	user := ask(t, http.MethodGet, info.APIURL+"/users/me", nil, bearer)["id"].(string)
	for _, s := range stream.All() {
		query := url.Values{"page_size": {"300"}}
		for name, value := range s.Params {
			query.Set(name, value)
		}
		if s.Window != nil {
			query.Set(s.Window.From, info.Until[:8]+"01")
			query.Set(s.Window.To, info.Until)
		}
		answer := ask(t, http.MethodGet, info.APIURL+strings.Replace(s.Path, "{userId}", user, 1)+"?"+query.Encode(), nil, bearer)
		page := doc.Components.Schemas[camel(s.Name)+"Page"].Value
		if err := page.VisitJSON(answer); err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
		for field := range answer {
			if page.Properties[field] == nil {
				t.Errorf("%s: the answer's %s is not described", s.Name, field)
			}
		}
		rows, _ := answer[s.ListKeys[0]].([]any)
		if len(rows) == 0 {
			t.Errorf("%s: the simulator gives no row, so this proves nothing", s.Name)
		}
		row := page.Properties[s.ListKeys[0]].Value.Items.Value
		for _, r := range rows {
			for field := range r.(map[string]any) {
				if row.Properties[field] == nil {
					t.Errorf("%s: the row's %s is not described", s.Name, field)
				}
			}
		}
	}
}

func ask(t *testing.T, method, address string, form url.Values, authorize func(*http.Request)) map[string]any {
	t.Helper()
	r, err := http.NewRequest(method, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	authorize(r)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var body map[string]any
	if err := json.NewDecoder(answer.Body).Decode(&body); err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %s, %v, %v", method, address, answer.Status, body, err)
	}
	return body
}
