package doctor

import (
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stagedoor/stagedoor"
)

//go:generate go test . -run TestCataloguePage -update

var update = flag.Bool("update", false, "rewrite docs/errors.md")

// TestRuleExamples holds that each rule explains its own example, so that no
// rule hides behind an earlier one.
func TestRuleExamples(t *testing.T) {
	for _, rule := range stagedoor.Zoom.Errors {
		explained, id, ok := Explain(stagedoor.Zoom, rule.Example)
		if !ok {
			t.Errorf("%s: its example is not explained: %s", rule.ID, rule.Example)
			continue
		}
		if id != rule.ID {
			t.Errorf("%s: its example is explained by %s: %s", rule.ID, id, rule.Example)
		}
		if explained.Kind != rule.Kind || explained.Cause == "" {
			t.Errorf("%s: explained as %+v", rule.ID, explained)
		}
	}
}

// TestExplain holds what people really paste: answers with text around them,
// logs with escaped quotes, and texts of other programs.
func TestExplain(t *testing.T) {
	tests := []struct {
		text string
		kind stagedoor.Kind
		says string
	}{
		{`Failed to retrieve Zoom access token. Status: 400 Body: {"reason":"Invalid client_id or client_secret","error":"invalid_client"}`, stagedoor.KindInvalidClient, ""},
		{`Failed to retrieve Zoom access token. Status: 400 Body: {"reason":"unsupported grant type","error":"unsupported_grant_type"}`, stagedoor.KindGrantUnsupported, ""},
		{`System.CalloutException: Unauthorized endpoint, please check Setup->Security->Remote site settings`, stagedoor.KindHostRefused, ""},
		{`Scope not granted`, stagedoor.KindScopeMissing, ""},
		{`Token expired`, stagedoor.KindTokenRejected, ""},
		{`invalid_token`, stagedoor.KindTokenRejected, ""},
		{`401 Unauthorized`, stagedoor.KindTokenRejected, ""},
		{`400 Bad Request`, stagedoor.KindBadRequest, ""},
		{`HTTP/1.1 429 Too Many Requests`, stagedoor.KindRateLimited, ""},
		{`level=error msg="zoom: {\"code\":4711,\"message\":\"Invalid access token, does not contain scopes:[user:read:list_users:admin].\"}"`, stagedoor.KindScopeMissing, "The app was not granted a scope for this; any one of these suffices: user:read:list_users:admin."},
		{`{"code":4700,"message":"Invalid access token, does not contain scopes: [report:read:admin]."}`, stagedoor.KindScopeMissing, "The app was not granted a scope for this; any one of these suffices: report:read:admin."},
		{"curl: (22) The requested URL returned error: 401\n", stagedoor.KindTokenRejected, ""},
		{"curl: (22) 401 -H 'Authorization: Bearer x'", stagedoor.KindTokenRejected, ""},
		{"upload failed: HTTP 400", stagedoor.KindBadRequest, ""},
		{"x509: certificate signed by unknown authority", stagedoor.KindNetwork, ""},
	}
	for _, tt := range tests {
		explained, _, ok := Explain(stagedoor.Zoom, tt.text)
		if !ok {
			t.Errorf("not explained: %s", tt.text)
			continue
		}
		if explained.Kind != tt.kind {
			t.Errorf("kind = %s, want %s: %s", explained.Kind, tt.kind, tt.text)
		}
		if tt.says != "" && explained.Cause != tt.says {
			t.Errorf("cause = %q, want %q", explained.Cause, tt.says)
		}
	}
	for _, text := range []string{"the weather is fine", "processed 429 rows in 500 ms", "Invoice 4700 was paid on 401 Main Street"} {
		if _, id, ok := Explain(stagedoor.Zoom, text); ok {
			t.Errorf("%q is explained by %s", text, id)
		}
	}
}

// TestExplainAnotherService holds that the answers of a service with a file of
// its own are read as the file says.
func TestExplainAnotherService(t *testing.T) {
	p := stagedoor.Provider{
		Name: "desk", Response: stagedoor.TokenResponse{Error: []string{"fault.name"}, Code: []string{"fault.no"}, Message: []string{"fault.text"}},
		Errors: []stagedoor.ErrorRule{
			{ID: "named", At: stagedoor.AtToken, Error: []string{"auth_failed"}, Kind: stagedoor.KindInvalidClient, Cause: "It is wrong."},
			{ID: "numbered", At: stagedoor.AtToken, Code: []string{"17"}, Status: []int{403}, Kind: stagedoor.KindAppInactive, Cause: "It is off."},
			{ID: "said", At: stagedoor.AtAPI, Message: "no (?P<what>\\w+)", Kind: stagedoor.KindNotFound, Cause: "There is no {what}."},
		},
	}
	for text, want := range map[string]string{
		`{"fault":{"name":"auth_failed"}}`:                   "named",
		`log: status 403, body {"Fault":{"no":17}} and more`: "numbered",
		`400 {"fault":{"text":"no ticket"}}`:                 "said",
		`400 {"fault":{"no":18}}`:                            "",
		`{"fault":"auth_failed"}`:                            "",
		`{"fault":`:                                          "",
	} {
		if _, id, _ := Explain(p, text); id != want {
			t.Errorf("%s is explained by %q, want %q", text, id, want)
		}
	}
}

// TestCataloguePage holds docs/errors.md equal to the table.
func TestCataloguePage(t *testing.T) {
	const page = "../../docs/errors.md"
	got := Catalogue(stagedoor.Zoom)
	if *update {
		if err := os.WriteFile(page, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("docs/errors.md is not what the table says; run go generate ./internal/doctor (-page +table):\n%s", diff)
	}
}

func FuzzExplain(f *testing.F) {
	for _, rule := range stagedoor.Zoom.Errors {
		f.Add(rule.Example)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if explained, _, ok := Explain(stagedoor.Zoom, text); ok && explained.Cause == "" {
			t.Errorf("explained without a cause: %q", text)
		}
	})
}
