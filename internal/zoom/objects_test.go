package zoom

import (
	"net/url"
	"reflect"
	"testing"

	"github.com/stagedoor/stagedoor"
)

// TestObjectsOfCalls holds what each of Zoom's object limits counts.
func TestObjectsOfCalls(t *testing.T) {
	c := &Client{provider: stagedoor.Zoom}
	for _, test := range []struct {
		method, path, body string
		want               map[string][]string
	}{
		{"POST", "/users/ada%40example.com/meetings", `{}`, map[string][]string{"meetings and webinars of a host": {"ada@example.com"}}},
		{"POST", "/webinars/7/registrants", `{"email":"a@b.c"}`, map[string][]string{"registrations of a person": {"a@b.c"}}},
		{
			"PUT", "/meetings/7/registrants/status", `{"action":"approve","registrants":[{"id":"1","email":"a@b.c"},{"id":"2"},{"email":"d@e.f"}]}`,
			map[string][]string{"status changes of a registrant": {"a@b.c", "d@e.f"}},
		},
		{"PUT", "/webinars/7/registrants/status", `{"registrants":[{"email":"a@b.c"}]}`, map[string][]string{"status changes of a registrant": {"a@b.c"}}},
		{"PUT", "/webinars/7/registrants/status", `{"registrants":7}`, nil},
		{"POST", "/users", `{"action":"create","user_info":{}}`, map[string][]string{"new users of the account": {""}}},
		{"POST", "/users", `{"action":"ssoCreate"}`, nil},
		{"POST", "/users", `no JSON`, nil},
		{"POST", "/groups", `{"name":"x"}`, map[string][]string{"new groups of the account": {""}}},
		{"GET", "/groups", ``, nil},
	} {
		var err error
		c.api, err = newAddress("", stagedoor.Zoom.APIURL, stagedoor.Zoom.APIBase)
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse("https://api.zoom.us/v2" + test.path)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.objects(c.operation(test.method, u), u, func() []byte { return []byte(test.body) }); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s %s %s is made upon %v, want %v", test.method, test.path, test.body, got, test.want)
		}
	}
}
