package openapi

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/stream"
	"github.com/stagedoor/stagedoor/zoomsim"
)

// TestAnswersFit asks the simulator for a page of each stream, and holds the
// answer against the document: each field is described, with its type.
func TestAnswersFit(t *testing.T) {
	scopes := strings.Fields("user:read:admin group:read:admin meeting:read:admin report:read:admin recording:read:admin dashboard:read:admin")
	sim, err := zoomsim.Start(zoomsim.Options{Users: 8, Meetings: 200, Limits: "off", Plan: "business", Scopes: scopes})
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
	rowsOf := func(s stagedoor.Stream, part string) (map[string]any, []any) {
		query := url.Values{"page_size": {"300"}}
		for name, value := range s.Params {
			query.Set(name, value)
		}
		if s.Window != nil && s.Window.From != "" {
			query.Set(s.Window.From, info.Until[:8]+"01")
			query.Set(s.Window.To, info.Until)
		}
		path := s.Path
		if s.Partition != nil {
			path = strings.Replace(path, "{"+s.Partition.Param+"}", zoomPath(part), 1)
		}
		answer := try(t, http.MethodGet, info.APIURL+path+"?"+query.Encode(), nil, bearer)
		rows, _ := answer[s.ListKeys[0]].([]any)
		return answer, rows
	}
	// firstRows asks for one part after the other until one has rows.
	var firstRows func(s stagedoor.Stream) (map[string]any, []any)
	firstRows = func(s stagedoor.Stream) (answer map[string]any, rows []any) {
		if s.Partition == nil {
			return rowsOf(s, "")
		}
		parent, _ := stream.Find(s.Partition.Stream)
		_, parts := firstRows(parent[0])
		for _, row := range parts {
			part := row.(map[string]any)[s.Partition.Column]
			if number, ok := part.(float64); ok {
				part = strconv.FormatInt(int64(number), 10)
			}
			if answer, rows = rowsOf(s, part.(string)); len(rows) > 0 {
				return answer, rows
			}
		}
		return answer, rows
	}
	for _, s := range stream.All() {
		if s.Derived {
			continue // Zoom sends no such rows
		}
		answer, rows := firstRows(s)
		page := doc.Components.Schemas[camel(s.Name)+"Page"].Value
		if err := page.VisitJSON(answer); err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
		for field := range answer {
			if page.Properties[field] == nil {
				t.Errorf("%s: the answer's %s is not described", s.Name, field)
			}
		}
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

// zoomPath writes a value into a path, as Zoom wants UUIDs with slashes: encoded
// twice.
func zoomPath(value string) string {
	if strings.HasPrefix(value, "/") || strings.Contains(value, "//") {
		value = url.PathEscape(value)
	}
	return url.PathEscape(value)
}

// ask makes a call that has to succeed.
func ask(t *testing.T, method, address string, form url.Values, authorize func(*http.Request)) map[string]any {
	t.Helper()
	body := try(t, method, address, form, authorize)
	if body["code"] != nil {
		t.Fatalf("%s %s: %v", method, address, body)
	}
	return body
}

func try(t *testing.T, method, address string, form url.Values, authorize func(*http.Request)) map[string]any {
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
	if err := json.NewDecoder(answer.Body).Decode(&body); err != nil || answer.StatusCode >= 500 {
		t.Fatalf("%s %s: %s, %v, %v", method, address, answer.Status, body, err)
	}
	return body
}
