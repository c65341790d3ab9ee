package zoomsim_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stagedoor/stagedoor/zoomsim"
)

type userPage struct {
	PageCount     int               `json:"page_count"`
	PageNumber    int               `json:"page_number"`
	PageSize      int               `json:"page_size"`
	TotalRecords  int               `json:"total_records"`
	NextPageToken *string           `json:"next_page_token"`
	Users         []json.RawMessage `json:"users"`
}

func users(t *testing.T, sim *zoomsim.Simulator, token, query string) userPage {
	t.Helper()
	got := get(t, sim, token, "/users"+query)
	if got.Status != 200 {
		t.Fatalf("GET /users%s: %d %s", query, got.Status, got.Body)
	}
	var page userPage
	decode(t, got.Body, &page)
	if page.NextPageToken == nil || page.Users == nil {
		t.Fatalf("no token or list in %s", got.Body)
	}
	return page
}

func strs(rows []json.RawMessage) []string {
	var out []string
	for _, row := range rows {
		out = append(out, string(row))
	}
	return out
}

func TestUsersByPageNumber(t *testing.T) {
	sim := start(t, zoomsim.Options{Users: 100, Limits: "off"})
	token := mint(t, sim)
	var all []string
	for _, status := range []string{"active", "inactive", "pending"} {
		for number := 1; ; number++ {
			page := users(t, sim, token, fmt.Sprintf("?status=%s&page_size=7&page_number=%d", status, number))
			if page.PageSize != 7 || page.PageNumber != number || page.PageCount != (page.TotalRecords+6)/7 {
				t.Errorf("page %d says %+v", number, page)
			}
			if number < page.PageCount && len(page.Users) != 7 {
				t.Errorf("numbered page %d of %d holds %d rows", number, page.PageCount, len(page.Users))
			}
			all = append(all, strs(page.Users)...)
			if number >= page.PageCount {
				break
			}
		}
	}
	if diff := cmp.Diff(dataset(t, sim, "users", today, today), all); diff != "" {
		t.Errorf("pages differ from the dataset (-want +got):\n%s", diff)
	}
	if len(all) != 100 {
		t.Errorf("%d users", len(all))
	}
	if beyond := users(t, sim, token, "?page_number=99"); len(beyond.Users) != 0 || *beyond.NextPageToken != "" {
		t.Errorf("beyond the last page: %+v", beyond)
	}
}

func TestUsersByPageToken(t *testing.T) {
	sim := start(t, zoomsim.Options{Users: 200, Limits: "off"})
	token := mint(t, sim)
	var all []string
	short := 0
	for _, status := range []string{"active", "inactive", "pending"} {
		query := "?page_size=10&status=" + status
		for page, next := 0, ""; page == 0 || next != ""; page++ {
			got := users(t, sim, token, query+"&next_page_token="+url.QueryEscape(next))
			next = *got.NextPageToken
			if n := len(got.Users); next != "" && n < 10 {
				short++
				if page == 0 || n < 6 {
					t.Errorf("page %d holds %d rows", page, n)
				}
			}
			all = append(all, strs(got.Users)...)
		}
	}
	if diff := cmp.Diff(dataset(t, sim, "users", today, today), all); diff != "" {
		t.Errorf("pages differ from the dataset (-want +got):\n%s", diff)
	}
	if short == 0 {
		t.Error("no page was short")
	}
}

func TestUsersDefaults(t *testing.T) {
	sim := start(t, zoomsim.Options{Users: 100})
	token := mint(t, sim)
	byDefault, active := users(t, sim, token, ""), users(t, sim, token, "?status=active&page_size=30&page_number=1")
	if diff := cmp.Diff(strs(active.Users), strs(byDefault.Users)); diff != "" || byDefault.PageSize != 30 {
		t.Errorf("the default is not the first 30 active users:\n%s", diff)
	}
	if most := users(t, sim, token, "?page_size=2000"); len(most.Users) != most.TotalRecords {
		t.Errorf("%d of %d users", len(most.Users), most.TotalRecords)
	}
}

func TestUserFields(t *testing.T) {
	sim := start(t, zoomsim.Options{})
	missing := map[string]int{}
	awkward := ""
	for _, row := range dataset(t, sim, "users", today, today) {
		var user map[string]any
		decode(t, row, &user)
		if _, hasID := user["id"]; hasID == (user["status"] == "pending") {
			t.Errorf("status %v and id %v", user["status"], user["id"])
		}
		if user["status"] != "pending" {
			for _, field := range []string{"dept", "last_login_time", "employee_unique_id", "group_ids"} {
				if user[field] == nil {
					missing[field]++
				}
			}
		}
		awkward += row
	}
	for _, field := range []string{"dept", "last_login_time", "employee_unique_id", "group_ids"} {
		if missing[field] == 0 {
			t.Errorf("nobody lacks %s", field)
		}
	}
	for _, want := range []string{`"=SUM`, `\t`, `\"Bobby\"`, `<b>`, "🎭", "+zoom"} {
		if !strings.Contains(awkward, want) {
			t.Errorf("no user has %s", want)
		}
	}
}

func TestUsersFilters(t *testing.T) {
	sim := start(t, zoomsim.Options{Users: 100})
	token := mint(t, sim)
	owner := users(t, sim, token, "?role_id=0")
	if len(owner.Users) != 1 || owner.TotalRecords != 1 || !strings.Contains(string(owner.Users[0]), `"role_id":"0"`) {
		t.Errorf("owners: %+v", owner)
	}
	if holders := users(t, sim, token, "?license=zoom_workforce_management"); len(holders.Users) != 0 {
		t.Errorf("somebody holds an add-on: %s", holders.Users)
	}
	if plain := strs(users(t, sim, token, "").Users)[0]; strings.Contains(plain, "host_key") {
		t.Errorf("host_key came unasked: %s", plain)
	}
	if asked := strs(users(t, sim, token, "?include_fields=host_key").Users)[0]; !strings.Contains(asked, `"host_key":"`) {
		t.Errorf("host_key is missing: %s", asked)
	}
	if asked := strs(users(t, sim, token, "?include_fields=custom_attributes&page_size=90").Users); !strings.Contains(strings.Join(asked, ""), `"custom_attributes":[{`) {
		t.Error("custom_attributes are missing")
	}
}

func TestUsersBadParameters(t *testing.T) {
	sim := start(t, zoomsim.Options{Limits: "off"})
	token := mint(t, sim)
	for query, field := range map[string]string{
		"status=everyone": "status", "page_size=9999": "page_size", "page_size=2001": "page_size", "page_size=0": "page_size",
		"page_size=x": "page_size", "page_number=0": "page_number", "include_fields=all": "include_fields", "license=gold": "license",
	} {
		t.Run(query, func(t *testing.T) {
			expect(t, get(t, sim, token, "/users?"+query), 400,
				`{"code":300,"message":"Validation Failed.","errors":[{"field":"`+field+`","message":"Invalid field."}]}`)
		})
	}
	expect(t, get(t, sim, token, "/users?next_page_token=x"), 400, `{"code":300,"message":"The next page token is invalid or expired."}`)
}

func TestUserProfile(t *testing.T) {
	sim := start(t, zoomsim.Options{Limits: "off"})
	token := mint(t, sim)
	profile := func(userID string) map[string]any {
		t.Helper()
		got := get(t, sim, token, "/users/"+url.PathEscape(userID))
		if got.Status != 200 {
			t.Fatalf("%s: %d %s", userID, got.Status, got.Body)
		}
		var fields map[string]any
		decode(t, got.Body, &fields)
		return fields
	}

	me := profile("me")
	if me["account_id"] != sim.Info().AccountID || me["role_id"] != "0" || me["role_name"] != "Owner" {
		t.Errorf("me is %v", me)
	}
	if number, _ := me["account_number"].(float64); number < 1 {
		t.Errorf("account_number is %v", me["account_number"])
	}
	lapsed := 0
	for _, row := range dataset(t, sim, "users", today, today) {
		var user map[string]any
		decode(t, row, &user)
		email := user["email"].(string)
		if user["status"] == "pending" {
			got := get(t, sim, token, "/users/"+url.PathEscape(email))
			if got.Status != 200 {
				lapsed++
				expect(t, got, 400, `{"code":1120,"message":"The invitation has expired."}`)
			}
			continue
		}
		byID, byMail := profile(user["id"].(string)), profile(strings.ToUpper(email))
		if diff := cmp.Diff(byID, byMail); diff != "" || byID["email"] != email {
			t.Errorf("%s by id and by e-mail differ:\n%s", email, diff)
		}
		if number, numbered := user["employee_unique_id"].(string); numbered {
			byNumber := get(t, sim, token, "/users/"+number+"?search_by_unique_id=True")
			if diff := cmp.Diff(get(t, sim, token, "/users/"+user["id"].(string)).Body, byNumber.Body); diff != "" {
				t.Errorf("%s by id and by employee_unique_id differ:\n%s", email, diff)
			}
			expect(t, get(t, sim, token, "/users/"+number), 404, `{"code":1001,"message":"User does not exist: `+number+`."}`)
		}
	}
	if lapsed != 1 {
		t.Errorf("%d lapsed invitations", lapsed)
	}
	expect(t, get(t, sim, token, "/users/no%2Fbody"), 404, `{"code":1001,"message":"User does not exist: no/body."}`)
}
