package cli_test

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor/zoomsim"
)

// TestSalesforceAtTheGateway makes the calls that Salesforce makes with a
// scaffolded project, from what stands in its files, against the daemon: the token
// with the secret in the body, the OpenAPI document by its link, and a report with
// the path and the query of the Apex class. What only Salesforce can do is left
// out: nobody but an org runs the project itself.
func TestSalesforceAtTheGateway(t *testing.T) {
	t.Parallel()
	const public = "https://stagedoor.example.com"
	w := newWorld(t, zoomsim.Options{Plan: "business", Limits: "off"})
	w.addCredential()
	w.env = append(w.env, "STAGEDOOR_PUBLIC_URL="+public)
	g := w.addCaller("salesforce", "--allow", "GET /report/**")
	w.succeeds("salesforce", "scaffold", "sfdx", "--caller", "salesforce")
	d := w.serve("127.0.0.1:0")

	file := func(path string) []byte {
		t.Helper()
		text, err := os.ReadFile(filepath.Join(w.path("sfdx"), "force-app", "main", "default", path))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	// here is an address of the project, where the daemon of this test is.
	here := func(address string) string {
		t.Helper()
		rest, ok := strings.CutPrefix(address, public)
		if !ok {
			t.Fatalf("the project names %s", address)
		}
		return d.url + rest
	}
	get := func(address, token string) (int, []byte) {
		t.Helper()
		request, err := http.NewRequest(http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+token)
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, body
	}

	var credential, named struct {
		External []parameter `xml:"externalCredentialParameters"`
		Named    []parameter `xml:"namedCredentialParameters"`
	}
	var registration struct {
		Schema    string `xml:"schema"`
		SchemaURL string `xml:"schemaUrl"`
	}
	for path, into := range map[string]any{
		"externalCredentials/Stagedoor.externalCredential-meta.xml": &credential, "namedCredentials/Stagedoor.namedCredential-meta.xml": &named,
		"externalServiceRegistrations/Stagedoor.externalServiceRegistration-meta.xml": &registration,
	} {
		if err := xml.Unmarshal(file(path), into); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
	answer, err := http.PostForm(here(valueOf(t, credential.External, "AuthProviderUrl")), url.Values{
		"grant_type": {"client_credentials"}, "client_id": {g.ClientID}, "client_secret": {g.ClientSecret}, "scope": {valueOf(t, credential.External, "AuthParameter")},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var token struct {
		AccessToken string `json:"access_token"`
		Scope       string `json:"scope"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&token); err != nil || answer.StatusCode != http.StatusOK || token.Scope != "to:acme" {
		t.Fatalf("the token endpoint answers %d, scope %q: %v", answer.StatusCode, token.Scope, err)
	}

	// Setup can fetch the document again by the link, and it is the one that is deployed.
	origin := valueOf(t, named.Named, "Url")
	if status, body := get(here(origin+registration.SchemaURL), token.AccessToken); status != http.StatusOK || strings.TrimSpace(string(body)) != registration.Schema {
		t.Errorf("the link gives %d and another document than the project has:\n%.300s", status, body)
	}
	if status, _ := get(here(origin+registration.SchemaURL), "wrong"); status != http.StatusUnauthorized {
		t.Errorf("without a token of the caller the link gives %d, want 401", status)
	}

	// What the Apex class asks for, as its source has it.
	prefix := regexp.MustCompile(`'callout:Stagedoor(/[^']+)' \+ path`).FindSubmatch(file("classes/StagedoorClient.cls"))
	class := string(file("classes/StagedoorMeetingActivities.cls"))
	path := regexp.MustCompile(`StagedoorClient\.read\('([^']+)'`).FindStringSubmatch(class)
	pass := regexp.MustCompile(`'activity_type' => '([^']+)'`).FindStringSubmatch(class)
	key := regexp.MustCompile(`LIST_KEYS = new List<String>\{ '(\w+)'`).FindStringSubmatch(class)
	if prefix == nil || path == nil || pass == nil || key == nil {
		t.Fatal("the classes are not in the form that this test reads")
	}
	yesterday := time.Now().UTC().AddDate(0, 0, -1)
	query := "?page_size=300&from=" + yesterday.AddDate(0, 0, -20).Format(time.DateOnly) + "&to=" + yesterday.Format(time.DateOnly) + "&activity_type=" + url.PathEscape(pass[1])
	status, body := get(here(origin+string(prefix[1])+path[1]+query), token.AccessToken)
	var page map[string]json.RawMessage
	var rows []json.RawMessage
	if err := json.Unmarshal(body, &page); err != nil || status != http.StatusOK {
		t.Fatalf("the report answers %d: %v\n%.300s", status, err, body)
	}
	if err := json.Unmarshal(page[key[1]], &rows); err != nil || len(rows) == 0 {
		t.Errorf("the class looks for rows under %s, and the answer has %d (%v)", key[1], len(rows), err)
	}
	d.stop()
}

// parameter is one of a credential of Salesforce.
type parameter struct {
	Type  string `xml:"parameterType"`
	Value string `xml:"parameterValue"`
}

func valueOf(t *testing.T, parameters []parameter, kind string) string {
	t.Helper()
	for _, p := range parameters {
		if p.Type == kind {
			return p.Value
		}
	}
	t.Fatalf("the project has no parameter %s", kind)
	return ""
}
