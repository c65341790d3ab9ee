package app

import (
	"encoding/json"
	"log/slog"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/openapi"
	"github.com/stagedoor/stagedoor/internal/salesforce"
	"github.com/stagedoor/stagedoor/internal/stream"
	"github.com/stagedoor/stagedoor/internal/zoom"
)

// TestSalesforceFields holds the Apex classes to the OpenAPI document that the
// same caller gets: each reads the fields and the list that the document says
// Zoom sends, and asks only for parameters that the operation has.
func TestSalesforceFields(t *testing.T) {
	var operations []openapi.Operation
	for _, o := range zoom.Operations().All() {
		if o.Method == "GET" && strings.HasPrefix(o.Path, "/report/") {
			operations = append(operations, openapi.Operation{Operation: o})
		}
	}
	raw, err := openapi.Document(openapi.Options{Title: "Zoom", Server: "https://stagedoor.example.com/to/acme/v2", Operations: operations, Streams: stream.All()})
	if err != nil {
		t.Fatal(err)
	}
	p, err := salesforce.New(salesforce.Options{
		BaseURL: "https://stagedoor.example.com", Credential: "acme", Scope: "to:acme", Document: raw, Reports: stream.All(),
	})
	if err != nil {
		t.Fatal(err)
	}
	type schema struct {
		Properties map[string]struct {
			Items struct {
				Ref string `json:"$ref"`
			} `json:"items"`
		} `json:"properties"`
	}
	var d struct {
		Paths map[string]map[string]struct {
			Parameters []struct{ Name string } `json:"parameters"`
			Responses  map[string]struct {
				Content map[string]struct {
					Schema struct {
						Ref string `json:"$ref"`
					} `json:"schema"`
				} `json:"content"`
			} `json:"responses"`
		} `json:"paths"`
		Components struct {
			Schemas map[string]schema `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(raw, &d); err != nil {
		t.Fatal(err)
	}
	field := regexp.MustCompile(`StagedoorClient\.\w+\(sent, '(\w+)'\)`)
	for name, class := range map[string]struct{ reads, row string }{
		"meeting_activities":   {"StagedoorMeetingActivities", "StagedoorMeetingActivity"},
		"report_user_meetings": {"StagedoorUserMeetings", "StagedoorUserMeeting"},
	} {
		i := slices.IndexFunc(stream.All(), func(s stagedoor.Stream) bool { return s.Name == name })
		if i < 0 {
			t.Fatalf("there is no stream %s any more", name)
		}
		s := stream.All()[i]
		o := d.Paths[s.Path]["get"]
		page := d.Components.Schemas[path.Base(o.Responses["200"].Content["application/json"].Schema.Ref)]
		row := d.Components.Schemas[path.Base(page.Properties[s.ListKeys[0]].Items.Ref)]
		if len(row.Properties) == 0 {
			t.Fatalf("%s: the document does not describe its rows", name)
		}
		const folder = "force-app/main/default/classes/"
		reads, rows := string(p.Files[folder+class.reads+".cls"]), string(p.Files[folder+class.row+".cls"])
		read := map[string]bool{}
		for _, match := range field.FindAllStringSubmatch(rows, -1) {
			read[match[1]] = true
		}
		for property := range row.Properties {
			if !read[property] {
				t.Errorf("%s does not read %s, which the document says Zoom sends", class.row, property)
			}
		}
		// The class may read more: the form that integrators publish, which the
		// document leaves out, is among the stream's columns.
		columns := map[string]bool{}
		for _, c := range s.Columns {
			columns[c.Source()] = true
		}
		for property := range read {
			if !columns[property] {
				t.Errorf("%s reads %s, which the stream does not know", class.row, property)
			}
		}
		if !strings.Contains(reads, "'"+s.ListKeys[0]+"'") {
			t.Errorf("%s does not look for the rows under %s", class.reads, s.ListKeys[0])
		}
		for _, asked := range []string{"page_size", "next_page_token", s.Window.From, s.Window.To} {
			if !slices.ContainsFunc(o.Parameters, func(p struct{ Name string }) bool { return p.Name == asked }) {
				t.Errorf("%s asks with %s, which the operation does not have", class.reads, asked)
			}
		}
	}
}

// TestSalesforceOfCaller holds that a project has what the caller's rules allow,
// and nothing else.
func TestSalesforceOfCaller(t *testing.T) {
	ctx := t.Context()
	settings, err := Settings{Home: t.TempDir(), PublicURL: "https://stagedoor.example.com"}.Resolve(func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	a, err := Open(settings, Environment{Getenv: func(string) string { return "" }, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	v, err := a.Vault(ctx)
	if err != nil {
		t.Fatal(err)
	}
	c, err := v.Add(ctx, stagedoor.Credential{
		Slug: "acme", Name: "acme", Provider: stagedoor.Zoom.Name, AccountID: "abcdefghijklmnopqrstuv", ClientID: "abcdefghijklmnopqrst",
		ClientSecrets: []stagedoor.Secret{stagedoor.NewSecret("abcdefghijklmnopqrstuvwxyz012345")},
	})
	if err != nil {
		t.Fatal(err)
	}
	callers, err := a.Callers(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := callers.Add(ctx, stagedoor.Caller{
		Name: "crm", CredentialID: c.ID, Credential: c.Slug, Provider: c.Provider, CreatedBy: "test",
		Rules: []stagedoor.Rule{{Methods: []string{"GET"}, Path: "/report/meeting_activities"}},
	}, true); err != nil {
		t.Fatal(err)
	}
	p, err := a.Salesforce(ctx, SalesforceOptions{Caller: "crm"})
	if err != nil {
		t.Fatal(err)
	}
	if p.Operations != 1 || p.Credential != "acme" || !slices.Contains(p.Classes, "StagedoorMeetingActivities") || slices.Contains(p.Classes, "StagedoorUserMeetings") {
		t.Errorf("a caller of one report gets %d operations and the classes %v", p.Operations, p.Classes)
	}
	_, err = a.Salesforce(ctx, SalesforceOptions{Caller: "crm", Credential: "other"})
	if stagedoor.KindOf(err) != stagedoor.KindUsage || !strings.Contains(err.Error(), "let through to the credential acme, not to other") {
		t.Errorf("a caller of another credential: %v", err)
	}
}
