package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stagedoor/stagedoor"
)

// TestCallerInThreeClicks: a caller is made on the page, and then used by a real HTTP
// client; its use is seen, its secret renewed, and its access ended.
func TestCallerInThreeClicks(t *testing.T) {
	w := newWorld(t)
	w.add(w.credential())
	p := w.signedIn(stagedoor.RoleAdmin)
	p.Click("link", "Callers")
	p.Shows("No callers yet", "standard OAuth")
	p.Click("link", "Add a caller")
	p.Type("Name", "salesforce")
	p.Tick("Users")
	p.Shows("These rules reach", "GET /users/*")
	p.Type("By operation", "report operationlogs")
	p.Shows("GET /report/operationlogs")
	p.Click("button", "Add GET /report/operationlogs")
	p.Until(`document.getElementById("field-rules").value === "GET /report/operationlogs"`)
	p.Type("Path", "/report/daily")
	p.Click("button", "Ask")
	p.Shows("No. None of the rules")
	p.Type("Path", "/users/x")
	p.Click("button", "Ask")
	p.Shows("Yes. The rule allows it", "allow GET /users/*", "It is GET /users/{userId}")
	p.Click("button", "Add the caller")
	p.Shows("The secret is shown this once")
	var id, secret string
	p.Eval(`document.getElementById("client-id").textContent`, &id)
	p.Eval(`document.getElementById("client-secret").textContent`, &secret)
	p.Click("button", "Python")
	p.Shows("oauth/token", "client_credentials")
	if strings.Contains(p.Path(), secret) || strings.Count(p.Text(), secret) != 1 {
		t.Error("the secret stands elsewhere than where it is shown")
	}

	token := func(secret string) string {
		got := w.browser().post("/oauth/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret}})
		_, token, _ := strings.Cut(got.body, `"access_token":"`)
		token, _, _ = strings.Cut(token, `"`)
		return token
	}
	call := func(token string) int {
		r, err := http.NewRequest(http.MethodGet, w.url+"/to/acme/v2/users?page_size=1", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return answer.StatusCode
	}
	p.Click("link", "To the caller's page")
	p.Shows("It has not called yet.")
	if status := call(token(secret)); status != http.StatusOK {
		t.Fatalf("its call was answered by %d", status)
	}
	p.Shows("1× GET /users", "now") // without loading the page again
	if strings.Contains(p.Text(), secret) {
		t.Error("the secret is seen again")
	}

	p.Click("link", "New secret")
	p.Click("button", "Make a new secret")
	p.Shows("The former secret works until")
	var next string
	p.Eval(`document.getElementById("client-secret").textContent`, &next)
	if next == secret || call(token(secret)) != http.StatusOK || call(token(next)) != http.StatusOK {
		t.Error("not both secrets work")
	}
	p.Click("link", "To the caller's page")
	p.Click("link", "Revoke")
	p.Type("Type the name to revoke it for good: salesforce", "salesforc")
	p.Click("button", "Revoke")
	p.Shows("the name was not repeated")
	p.Type("Type the name to revoke it for good: salesforce", "salesforce")
	p.Click("button", "Revoke")
	p.At("/callers")
	p.Shows("revoked")
	if token(next) != "" {
		t.Error("a revoked caller gets tokens")
	}
}
