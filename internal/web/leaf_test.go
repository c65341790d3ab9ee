package web

import (
	"net/http/httptest"
	"testing"
)

// TestLeaves holds that each thing of a list stands on one leaf, whatever is asked for.
func TestLeaves(t *testing.T) {
	list := make([]int, 100)
	for i := range list {
		list[i] = i + 1
	}
	for _, c := range []struct {
		path          string
		from, to, at  int
		before, after string
	}{
		{"/credentials", 1, 48, 1, "/credentials", "/credentials?page=2"},
		{"/credentials?q=a+b&page=2", 49, 96, 2, "/credentials?q=a+b", "/credentials?page=3&q=a+b"},
		{"/credentials?page=3", 97, 100, 3, "/credentials?page=2", "/credentials?page=4"},
		{"/credentials?page=99999999999999999999", 97, 100, 3, "/credentials?page=2", "/credentials?page=4"},
		{"/credentials?page=-1", 1, 48, 1, "/credentials", "/credentials?page=2"},
		{"/credentials?page=%3Cscript%3E", 1, 48, 1, "/credentials", "/credentials?page=2"},
	} {
		shown, l := leafOf(httptest.NewRequest("GET", c.path, nil), list, 48)
		if shown[0] != c.from || shown[len(shown)-1] != c.to || l.from != c.from || l.to != c.to || l.at != c.at || l.of != 3 {
			t.Errorf("%s shows %d to %d: %+v", c.path, shown[0], shown[len(shown)-1], l)
		}
		if before, after := l.page(l.at-1), l.page(l.at+1); before != c.before || after != c.after {
			t.Errorf("%s leads to %s and %s", c.path, before, after)
		}
	}
	shown, l := leafOf(httptest.NewRequest("GET", "/credentials?page=2", nil), []int(nil), 48)
	if len(shown) != 0 || l.of != 1 || l.own() != "/credentials" {
		t.Errorf("of nothing: %+v", l)
	}
}
