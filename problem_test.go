package stagedoor

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestProblemSaysWhoActs(t *testing.T) {
	for _, test := range []struct {
		err     error
		status  int
		want    int
		who     string
		message string
	}{
		{&Error{Kind: KindForbidden, Subject: "caller reports", Cause: "none of its rules allows it", Fix: "Ask."}, 0, 403, "caller", "Caller reports: none of its rules allows it. Ask."},
		{&Error{Kind: KindInvalidClient, Subject: "client id 12345", Cause: "the secret is wrong.", Fix: "Copy it anew."}, 0, 502, "operator", "The secret is wrong. Copy it anew."},
		{&Error{Kind: KindRateLimited, Cause: "no turn came"}, 0, 429, "nobody", "No turn came."},
		{&Error{Kind: KindUsage, Cause: "«x» is no method"}, 405, 405, "caller", "«x» is no method."},
		{&Error{Kind: KindDisabled}, 0, 403, "operator", "The credential was switched off with `credential disable`."},
		{errors.New("open /secret/place: denied"), 0, 500, "operator", "A defect of Stagedoor, or an error it has no words for yet. See the log of Stagedoor."},
	} {
		w := httptest.NewRecorder()
		ProblemOf(test.err, test.status).Write(w)
		var p Problem
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
			t.Fatal(err)
		}
		if w.Code != test.want || p.Status != test.want || p.Code != test.want || p.Who != test.who || p.Message != test.message ||
			p.Title == "" {
			t.Errorf("%v: %s", test.err, w.Body)
		}
		if row := p.Kind.Row(); p.Status == row.HTTP && (p.Title != row.Means || !strings.HasSuffix(p.Type, "errors.md#"+string(p.Kind))) {
			t.Errorf("%v: the type is not its kind's: %s", test.err, w.Body)
		}
		if w.Header().Get("Content-Type") != "application/problem+json" || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%v: %v", test.err, w.Header())
		}
		for _, hidden := range []string{"/secret/place", "12345"} {
			if strings.Contains(w.Body.String(), hidden) {
				t.Errorf("the answer shows %s: %s", hidden, w.Body)
			}
		}
	}
}

func TestBearerOf(t *testing.T) {
	for _, test := range []struct {
		headers []string
		want    string
		kind    Kind
	}{
		{nil, "", ""},
		{[]string{"Bearer abc"}, "abc", ""},
		{[]string{"bearer  abc "}, "abc", ""},
		{[]string{"Bearer"}, "", ""},
		{[]string{"Basic YTpi"}, "", ""},
		{[]string{"Bearer abc", "Bearer abc"}, "", KindUsage},
	} {
		r := &http.Request{Header: http.Header{"Authorization": test.headers}}
		token, err := BearerOf(r)
		if token.Reveal() != test.want || (err != nil) != (test.kind != "") || err != nil && KindOf(err) != test.kind {
			t.Errorf("%q: %q, %v", test.headers, token.Reveal(), err)
		}
	}
}
