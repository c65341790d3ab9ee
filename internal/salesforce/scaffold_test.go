package salesforce_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/salesforce"
)

var update = flag.Bool("update", false, "write testdata/golden anew")

// smallDocument is a document as the gateway makes it, of two reports.
func smallDocument(t *testing.T) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "openapi.json"))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// streams are two in the form of the catalogue's; this package can not import
// it. TestSalesforceClasses in internal/app holds the classes to the real ones.
func streams() []stagedoor.Stream {
	window := &stagedoor.Window{From: "from", To: "to", LookBack: 6}
	return []stagedoor.Stream{{
		Name: "meeting_activities", Title: "Meeting activities", Description: "The account's log, one row an event.",
		Method: "GET", Path: "/report/meeting_activities", Window: window,
		ListKeys: []string{"meeting_activity_logs", "activity_logs"},
		Params:   map[string]string{"activity_type": "All Activities"},
		Columns: []stagedoor.Column{
			{Name: "meeting_number", Type: stagedoor.Digits, About: "the meeting's id"},
			{Name: "activity_time", Type: stagedoor.ActivityTime},
			{Name: "operator", Type: stagedoor.Text, About: "who did it"},
			{Name: "participants_count", Type: stagedoor.Integer},
			{Name: "time", Type: stagedoor.Timestamp, About: "a name that Apex keeps for itself"},
		},
		Content: []string{"meeting_number", "activity_time", "operator"},
		Example: `{"meeting_number":"982 610 0285","activity_time":"2026-10-21 07:09:03:216","operator":"Ada O'Lovelace"}`,
	}, {
		Name: "report_user_meetings", Title: "Meeting report", Description: "One row a meeting.",
		Method: "GET", Path: "/report/users/{userId}/meetings", Window: window,
		ListKeys:  []string{"meetings"},
		Passes:    []map[string]string{{"type": "past"}, {"type": "pastOne"}},
		Partition: &stagedoor.Partition{Stream: "users", Column: "id", Param: "userId", Into: "user_id"},
		Columns: []stagedoor.Column{
			{Name: "uuid", Type: stagedoor.Text},
			{Name: "id", Type: stagedoor.Digits},
			{Name: "topic", Type: stagedoor.Text},
			{Name: "start_time", Type: stagedoor.Timestamp},
			{Name: "schedule_time", Type: stagedoor.MinuteTime},
			{Name: "user_id", Type: stagedoor.Text},
			{Name: "has_chat", Type: stagedoor.Boolean},
			{Name: "custom_keys", Type: stagedoor.JSON},
		},
		ID:      [][]string{{"uuid"}},
		Example: `{"uuid":"aDYlohsHRtCd4ii1uC2+hA==","id":93398114182,"topic":"Weekly rehearsal"}`,
	}, {
		Name: "users", Title: "Users", Method: "GET", Path: "/users",
	}}
}

func options(t *testing.T) salesforce.Options {
	t.Helper()
	return salesforce.Options{
		BaseURL: "https://stagedoor.example.com", Credential: "acme", Scope: "to:acme",
		Document: smallDocument(t), Reports: streams(),
	}
}

func made(t *testing.T, o salesforce.Options) *salesforce.Project {
	t.Helper()
	p, err := salesforce.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestGolden shows the project as it is written, file by file.
func TestGolden(t *testing.T) {
	p := made(t, options(t))
	golden := filepath.Join("testdata", "golden")
	if *update {
		if err := os.RemoveAll(golden); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Write(golden, false); err != nil {
			t.Fatal(err)
		}
	}
	seen := 0
	err := fs.WalkDir(os.DirFS(golden), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		want, err := os.ReadFile(filepath.Join(golden, path))
		if diff := cmp.Diff(string(want), string(p.Files[path])); diff != "" {
			t.Errorf("%s (-golden +written; `go test ./internal/salesforce -run TestGolden -update` takes it over):\n%s", path, diff)
		}
		seen++
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen != len(p.Files) {
		t.Errorf("%d files are written, %d are golden", len(p.Files), seen)
	}
}

// TestXML holds that every component is well-formed, in the namespace of the
// Metadata API, with its elements in the order in which Salesforce's own tools
// retrieve them, so that a first retrieve shows no difference.
func TestXML(t *testing.T) {
	o := options(t)
	o.Credential = `a & b <"c">`
	p := made(t, o)
	for path, content := range p.Files {
		if !strings.HasSuffix(path, ".xml") {
			continue
		}
		var order []string
		depth := 0
		d := xml.NewDecoder(bytes.NewReader(content))
		for {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			switch e := token.(type) {
			case xml.StartElement:
				if e.Name.Space != "http://soap.sforce.com/2006/04/metadata" {
					t.Errorf("%s: <%s> is in the namespace %q", path, e.Name.Local, e.Name.Space)
				}
				if depth == 0 && e.Name.Local != typeOf(path) {
					t.Errorf("%s is a %s", path, e.Name.Local)
				}
				if depth == 1 {
					order = append(order, e.Name.Local)
				}
				depth++
			case xml.EndElement:
				depth--
			}
		}
		if !slices.IsSorted(order) || len(order) == 0 {
			t.Errorf("%s: its elements are not in order: %v", path, order)
		}
	}
}

// typeOf is the metadata type of a file, by its folder (Metadata API, the page of
// each type, File Suffix and Directory Location).
func typeOf(path string) string {
	return map[string]string{
		"classes": "ApexClass", "externalCredentials": "ExternalCredential", "externalServiceRegistrations": "ExternalServiceRegistration",
		"namedCredentials": "NamedCredential", "permissionsets": "PermissionSet",
	}[filepath.Base(filepath.Dir(filepath.FromSlash(path)))]
}

// TestRegistrationHoldsTheDocument reads the document back out of the
// registration: it must be the one that was given, to the byte.
func TestRegistrationHoldsTheDocument(t *testing.T) {
	p := made(t, options(t))
	var r struct {
		Schema          string `xml:"schema"`
		SchemaURL       string `xml:"schemaUrl"`
		NamedCredential string `xml:"namedCredential"`
		Operations      []struct {
			Name string `xml:"name"`
		} `xml:"operations"`
	}
	if err := xml.Unmarshal(p.Files["force-app/main/default/externalServiceRegistrations/Stagedoor.externalServiceRegistration-meta.xml"], &r); err != nil {
		t.Fatal(err)
	}
	if r.Schema != string(smallDocument(t)) {
		t.Errorf("the registration holds another document: %s", cmp.Diff(string(smallDocument(t)), r.Schema))
	}
	if r.SchemaURL != "/to/acme/openapi.json" {
		t.Errorf("it says that the document came from %q", r.SchemaURL)
	}
	if r.NamedCredential != "Stagedoor" || len(r.Operations) != 2 || r.Operations[0].Name != "reportMeetingactivitylogs" || r.Operations[1].Name != "reportx5fmeetings" {
		t.Errorf("the registration names %q and %v", r.NamedCredential, r.Operations)
	}
}

// TestBehindAPath holds that the gateway may stand behind a path of a proxy. The
// Named Credential has the origin alone, since External Services and the classes
// put the document's path behind it.
func TestBehindAPath(t *testing.T) {
	o := options(t)
	o.BaseURL = "https://apps.example.com/stagedoor/"
	o.Document = bytes.ReplaceAll(o.Document, []byte("https://stagedoor.example.com/"), []byte("https://apps.example.com/stagedoor/"))
	p := made(t, o)
	for path, want := range map[string]string{
		"namedCredentials/Stagedoor.namedCredential-meta.xml":                         "<parameterValue>https://apps.example.com</parameterValue>",
		"externalCredentials/Stagedoor.externalCredential-meta.xml":                   "<parameterValue>https://apps.example.com/stagedoor/oauth/token</parameterValue>",
		"externalServiceRegistrations/Stagedoor.externalServiceRegistration-meta.xml": "<schemaUrl>/stagedoor/to/acme/openapi.json</schemaUrl>",
		"classes/StagedoorClient.cls":                                                 "'callout:Stagedoor/stagedoor/to/acme/v2' + path",
	} {
		if !bytes.Contains(p.Files["force-app/main/default/"+path], []byte(want)) {
			t.Errorf("%s lacks %s", path, want)
		}
	}
}

// TestRefused holds that what Salesforce would refuse, or could not reach, is
// refused here, with its reason.
func TestRefused(t *testing.T) {
	document := func(change func(map[string]any)) []byte {
		var d map[string]any
		if err := json.Unmarshal(smallDocument(t), &d); err != nil {
			t.Fatal(err)
		}
		change(d)
		raw, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	operation := func(id string) map[string]any { return map[string]any{"get": map[string]any{"operationId": id}} }
	for name, test := range map[string]struct {
		change func(*salesforce.Options)
		want   string
	}{
		"a blank":         {func(o *salesforce.Options) { o.Name = "Zoom Reports" }, "only letters"},
		"a digit first":   {func(o *salesforce.Options) { o.Name = "1Zoom" }, "starts with a letter"},
		"two underscores": {func(o *salesforce.Options) { o.Name = "Zoom__c" }, "no two underscores"},
		"an underscore":   {func(o *salesforce.Options) { o.Name = "Zoom_" }, "no two underscores"},
		"an umlaut":       {func(o *salesforce.Options) { o.Name = "Büro" }, "only letters"},
		"a long name":     {func(o *salesforce.Options) { o.Name = strings.Repeat("a", 41) }, "41 characters"},
		"an old version":  {func(o *salesforce.Options) { o.APIVersion = "57.0" }, "from 58.0 on"},
		"half a version":  {func(o *salesforce.Options) { o.APIVersion = "66" }, "from 58.0 on"},
		"no address":      {func(o *salesforce.Options) { o.BaseURL = "" }, "not known"},
		"plain http":      {func(o *salesforce.Options) { o.BaseURL = "http://stagedoor.example.com" }, "https addresses only"},
		"this machine":    {func(o *salesforce.Options) { o.BaseURL = "https://127.0.0.1:8700" }, "own machines"},
		"a name inside":   {func(o *salesforce.Options) { o.BaseURL = "https://stagedoor" }, "own machines"},
		"a password":      {func(o *salesforce.Options) { o.BaseURL = "https://a:b@stagedoor.example.com" }, "of the form"},
		"OpenAPI 3.1":     {func(o *salesforce.Options) { o.Document = document(func(d map[string]any) { d["openapi"] = "3.1.0" }) }, "not an OpenAPI 3.0 document"},
		"no server":       {func(o *salesforce.Options) { o.Document = document(func(d map[string]any) { delete(d, "servers") }) }, "names no server"},
		"nothing to call": {func(o *salesforce.Options) {
			o.Document = document(func(d map[string]any) { d["paths"] = map[string]any{} })
		}, "nothing that the caller may call"},
		"no operation id": {func(o *salesforce.Options) {
			o.Document = document(func(d map[string]any) { d["paths"] = map[string]any{"/a": operation("")} })
		}, "GET /a has no operationId"},
		"the same name": {func(o *salesforce.Options) {
			o.Document = document(func(d map[string]any) { d["paths"] = map[string]any{"/a": operation("list"), "/b": operation("List")} })
		}, "GET /a and GET /b would have the same name"},
		"a large document": {func(o *salesforce.Options) {
			o.Document = document(func(d map[string]any) { d["x"] = strings.Repeat("a", 10_000_000) })
		}, "External Services take 10000000"},
		"many operations": {func(o *salesforce.Options) {
			o.Document = document(func(d map[string]any) {
				paths := map[string]any{}
				for i := range 3001 {
					id := "o" + strings.Repeat("a", i/60) + "z" + strings.Repeat("b", i%60)
					paths["/"+id] = operation(id)
				}
				d["paths"] = paths
			})
		}, "an org takes 3000"},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			test.change(&o)
			p, err := salesforce.New(o)
			if p != nil || stagedoor.KindOf(err) != stagedoor.KindUsage || !strings.Contains(err.Error(), test.want) {
				t.Errorf("want a refusal with %q, got %v", test.want, err)
			}
		})
	}
}

// TestOnlyWhatMayBeCalled holds that a report gets a class only where the
// caller may call it, and that no class is left without its client.
func TestOnlyWhatMayBeCalled(t *testing.T) {
	o := options(t)
	var d map[string]any
	if err := json.Unmarshal(o.Document, &d); err != nil {
		t.Fatal(err)
	}
	delete(d["paths"].(map[string]any), "/report/users/{userId}/meetings")
	o.Document, _ = json.Marshal(d)
	o.Name = "Zoom_A"
	p := made(t, o)
	want := []string{"Zoom_AClient", "Zoom_AClientTest", "Zoom_AMeetingActivities", "Zoom_AMeetingActivitiesTest", "Zoom_AMeetingActivity"}
	if diff := cmp.Diff(want, p.Classes); diff != "" {
		t.Errorf("classes: %s", diff)
	}
	d["paths"] = map[string]any{"/users": map[string]any{"get": map[string]any{"operationId": "users"}}}
	o.Document, _ = json.Marshal(d)
	if p := made(t, o); len(p.Classes) != 0 {
		t.Errorf("a caller that reads no report gets the classes %v", p.Classes)
	}
}

// TestWrite holds that nothing is written over, and nothing half written.
func TestWrite(t *testing.T) {
	p := made(t, options(t))
	dir := filepath.Join(t.TempDir(), "new", "project")
	written, err := p.Write(dir, false)
	if err != nil || len(written) != len(p.Files) {
		t.Fatalf("written %d of %d: %v", len(written), len(p.Files), err)
	}
	if written, err := p.Write(dir, false); err != nil || len(written) != 0 {
		t.Errorf("the same again writes %v: %v", written, err)
	}
	mine := filepath.Join(dir, "README.md")
	if err := os.WriteFile(mine, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "sfdx-project.json")); err != nil {
		t.Fatal(err)
	}
	_, err = p.Write(dir, false)
	if stagedoor.KindOf(err) != stagedoor.KindExists || !strings.Contains(err.Error(), "README.md") {
		t.Errorf("a file that is another's: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "sfdx-project.json")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("something was written although a file was in the way")
	}
	written, err = p.Write(dir, true)
	if diff := cmp.Diff([]string{"README.md", "sfdx-project.json"}, written); diff != "" || err != nil {
		t.Errorf("with force: %v %s", err, diff)
	}
	var names []string
	_ = fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, path)
		}
		return err
	})
	if diff := cmp.Diff(slices.Sorted(maps.Keys(p.Files)), slices.Sorted(slices.Values(names))); diff != "" {
		t.Errorf("files in the folder: %s", diff)
	}
	if _, err := p.Write(mine, false); stagedoor.KindOf(err) != stagedoor.KindUsage || !strings.Contains(err.Error(), "can not be written there") {
		t.Errorf("a file in the folder's place: %v", err)
	}
}
