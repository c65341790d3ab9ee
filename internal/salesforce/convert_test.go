package salesforce_test

import (
	"encoding/json"
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stagedoor/stagedoor/internal/nodetest"
	"github.com/stagedoor/stagedoor/internal/salesforce"
)

// TestConverts gives the project to Salesforce's own tool, which converts it to
// metadata format as `sf project deploy start` does before it sends anything,
// and reads its Apex with a parser of that language.
func TestConverts(t *testing.T) {
	if testing.Short() {
		t.Skip("Salesforce's tool takes long to fetch: go test without -short")
	}
	t.Parallel()
	p := made(t, options(t))
	found, metadata := convert(t, p)

	want := []string{
		"ApexClass StagedoorClient", "ApexClass StagedoorClientTest",
		"ApexClass StagedoorMeetingActivities", "ApexClass StagedoorMeetingActivitiesTest", "ApexClass StagedoorMeetingActivity",
		"ApexClass StagedoorUserMeeting", "ApexClass StagedoorUserMeetings", "ApexClass StagedoorUserMeetingsTest",
		"ExternalCredential Stagedoor", "ExternalServiceRegistration Stagedoor", "NamedCredential Stagedoor", "PermissionSet Stagedoor",
	}
	if diff := cmp.Diff(want, listed(t, filepath.Join(metadata, "package.xml"))); diff != "" {
		t.Errorf("package.xml: %s", diff)
	}
	// The document must come out of the conversion as it went in.
	raw, err := os.ReadFile(filepath.Join(metadata, "externalServiceRegistrations", "Stagedoor.externalServiceRegistration"))
	if err != nil {
		t.Fatal(err)
	}
	var r struct {
		Schema string `xml:"schema"`
	}
	if err := xml.Unmarshal(raw, &r); err != nil || r.Schema != string(smallDocument(t)) {
		t.Errorf("the conversion changed the document: %v %s", err, cmp.Diff(string(smallDocument(t)), r.Schema))
	}
	// Every class of the project is one that Salesforce's tool found, and parses.
	for _, class := range p.Classes {
		c, there := found[class+".cls"]
		if !there || len(c.Methods) == 0 {
			t.Errorf("%s was not read", class)
		}
		for _, e := range c.Errors {
			t.Errorf("%s.cls:%s", class, e)
		}
	}
	for _, class := range []string{"StagedoorMeetingActivities", "StagedoorUserMeetings"} {
		for _, annotation := range []string{"@InvocableMethod(callout=true", "@AuraEnabled"} {
			if n := found[class+".cls"].annotated(annotation); n != 1 {
				t.Errorf("%s has %d methods with %s, want 1", class, n, annotation)
			}
		}
	}
	// Salesforce deploys to production what its tests run through to 75 %. Nobody
	// can run Apex outside an org, but what the tests reach can be followed.
	for _, class := range []string{"StagedoorClient", "StagedoorMeetingActivities", "StagedoorUserMeetings", "StagedoorMeetingActivity", "StagedoorUserMeeting"} {
		reached, all := reach(found, class)
		t.Logf("%s: tests reach %d of %d statements", class, reached, all)
		if reached*100 < all*75 {
			t.Errorf("%s: tests reach %d of %d statements, Salesforce wants 75 %%", class, reached, all)
		}
	}
}

// TestReachSeesWhatIsNotTested holds that the measure above can fail.
func TestReachSeesWhatIsNotTested(t *testing.T) {
	found := map[string]apexClass{
		"A.cls":     {Methods: []apexMethod{{Name: "called", Statements: 2}, {Name: "never", Statements: 3}}},
		"ATest.cls": {Methods: []apexMethod{{Name: "works", Statements: 1, Calls: []string{"called"}, Annotations: []string{"@IsTest"}}}},
	}
	if reached, all := reach(found, "A"); reached != 2 || all != 5 {
		t.Errorf("reached %d of %d, want 2 of 5", reached, all)
	}
}

type apexClass struct {
	Errors  []string     `json:"errors"`
	Methods []apexMethod `json:"methods"`
}

type apexMethod struct {
	Name        string   `json:"name"`
	Statements  int      `json:"statements"`
	Calls       []string `json:"calls"`
	Annotations []string `json:"annotations"`
}

func (c apexClass) annotated(with string) int {
	n := 0
	for _, m := range c.Methods {
		if slices.ContainsFunc(m.Annotations, func(a string) bool { return strings.HasPrefix(a, with) }) {
			n++
		}
	}
	return n
}

// reach follows calls by name from the test methods and counts the statements
// of the class that lie in methods which are called. It is the most that tests
// can reach: neither branches nor the types of what is called are followed.
func reach(found map[string]apexClass, class string) (reached, all int) {
	bodies := map[string][]apexMethod{}
	called := map[string]bool{}
	var todo []string
	for name, c := range found {
		for _, m := range c.Methods {
			bodies[m.Name] = append(bodies[m.Name], m)
			if strings.HasSuffix(name, "Test.cls") && slices.Contains(m.Annotations, "@IsTest") {
				todo = append(todo, m.Name)
			}
		}
	}
	for len(todo) > 0 {
		name := todo[0]
		todo = todo[1:]
		if called[name] {
			continue
		}
		called[name] = true
		for _, m := range bodies[name] {
			todo = append(todo, m.Calls...)
		}
	}
	for _, m := range found[class+".cls"].Methods {
		all += m.Statements
		if called[m.Name] {
			reached += m.Statements
		}
	}
	return reached, all
}

// convert writes the project and runs testdata/convert/convert.mjs on it.
func convert(t *testing.T, p *salesforce.Project) (classes map[string]apexClass, metadata string) {
	t.Helper()
	dir := nodetest.Project(t, filepath.Join("testdata", "convert"), 20)
	source, metadata := filepath.Join(dir, "project"), filepath.Join(dir, "metadata")
	if _, err := p.Write(source, false); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("node", "convert.mjs", source, metadata)
	cmd.Dir = dir
	// Salesforce's library keeps a log and settings in the home folder, and may
	// not here.
	cmd.Env = append(os.Environ(), "HOME="+dir, "SF_DISABLE_TELEMETRY=true", "SF_DISABLE_LOG_FILE=true")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("the conversion failed: %v\n%s", err, stderr.String())
	}
	var result struct {
		Apex map[string]apexClass `json:"apex"`
	}
	if err := json.Unmarshal(out, &result); err != nil {
		t.Fatalf("%v in: %s", err, out)
	}
	return result.Apex, metadata
}

// listed are the components of a package.xml as "TYPE NAME".
func listed(t *testing.T, path string) []string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		Types []struct {
			Name    string   `xml:"name"`
			Members []string `xml:"members"`
		} `xml:"types"`
		Version string `xml:"version"`
	}
	if err := xml.Unmarshal(raw, &manifest); err != nil {
		t.Fatal(err)
	}
	if manifest.Version != "66.0" {
		t.Errorf("package.xml is of version %q", manifest.Version)
	}
	var all []string
	for _, kind := range manifest.Types {
		for _, member := range kind.Members {
			all = append(all, kind.Name+" "+member)
		}
	}
	slices.Sort(all)
	return all
}
