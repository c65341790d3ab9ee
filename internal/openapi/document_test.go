package openapi

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/stream"
	"github.com/stagedoor/stagedoor/internal/zoom"
)

var update = flag.Bool("update", false, "write testdata anew")

// everything is what a caller reaches who may call everything.
func everything() Options {
	o := Options{
		Title: "Zoom of Acme", Server: "https://gate.example.com/to/acme/v2", TokenURL: "https://gate.example.com/oauth/token",
		Scope: "to:acme", Streams: stream.All(),
	}
	for _, op := range zoom.Operations().All() {
		o.Operations = append(o.Operations, Operation{Operation: op})
	}
	return o
}

// some is what a caller reaches with a few rules, one of which is narrow and one
// of which has a hole.
func some(t testing.TB) Options {
	o := everything()
	o.Description = "What the caller reports may call."
	o.Operations = nil
	for _, reached := range []struct {
		method, path, narrowed string
		except                 []string
	}{
		{method: "GET", path: "/report/meeting_activities"},
		{method: "GET", path: "/users/{userId}", narrowed: "/users/me"},
		{method: "GET", path: "/users/{userId}/settings", except: []string{"/users/me/settings"}},
		{method: "POST", path: "/users/{userId}/meetings"},
		{method: "DELETE", path: "/meetings/{meetingId}"},
		{method: "GET", path: "/rooms"},
	} {
		op, ok := zoom.Operations().Find(reached.method, strings.NewReplacer("{", "", "}", "").Replace(reached.path))
		if !ok || op.Path != reached.path {
			t.Fatalf("the table has no %s %s", reached.method, reached.path)
		}
		o.Operations = append(o.Operations, Operation{Operation: op, Narrowed: reached.narrowed, Except: reached.except})
	}
	return o
}

func written(t testing.TB, o Options) []byte {
	t.Helper()
	text, err := Document(o)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// parsed reads a document with a validator of other people's.
func parsed(t testing.TB, text []byte) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(context.Background()); err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestDocument(t *testing.T) {
	for name, o := range map[string]Options{"some": some(t), "nothing": {Title: "A service", Server: "http://127.0.0.1:8700/to/other"}} {
		var got bytes.Buffer
		if err := json.Indent(&got, written(t, o), "", "  "); err != nil {
			t.Fatal(err)
		}
		got.WriteByte('\n')
		file := filepath.Join("testdata", name+".json")
		if *update {
			if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got.String()); diff != "" {
			t.Errorf("%s (-want +got; go test -update writes it anew):\n%s", file, diff)
		}
		parsed(t, got.Bytes())
	}
}

// TestWholeTable holds the limits of the importers (doc.go) for a caller who may
// call everything, in both forms.
func TestWholeTable(t *testing.T) {
	o := everything()
	text := written(t, o)
	if again := written(t, o); !bytes.Equal(text, again) {
		t.Error("a second writing gives other bytes")
	}
	doc := parsed(t, text)
	operations := 0
	names := map[string]string{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			operations++
			name, other := method+" "+path, names[strings.ToLower(op.OperationID)]
			names[strings.ToLower(op.OperationID)] = name
			switch {
			case other != "":
				t.Errorf("%s and %s are both called %s", name, other, op.OperationID)
			case !regexp.MustCompile(`^[a-z][A-Za-z0-9]{0,79}$`).MatchString(op.OperationID):
				t.Errorf("%s is called %s", name, op.OperationID)
			case op.Summary == "" || len(op.Summary) > 200:
				t.Errorf("%s is summed up as %q", name, op.Summary)
			case len([]rune(op.Description)) > 1333:
				t.Errorf("the description of %s has %d characters", name, len([]rune(op.Description)))
			case method == "GET" && op.RequestBody != nil:
				t.Errorf("%s has a body", name)
			}
		}
	}
	if operations != len(o.Operations) {
		t.Errorf("%d operations of %d", operations, len(o.Operations))
	}
	for _, word := range []string{`"oneOf"`, `"anyOf"`, `"allOf"`, `"not"`, "problem+json\":", `"headers"`} {
		if bytes.Contains(text, []byte(word)) {
			t.Errorf("it holds %s", word)
		}
	}
	// The limits are 10,000,000 characters and 3,000 operations.
	if len(text) > 3_000_000 {
		t.Errorf("it has %d characters", len(text))
	}
	t.Logf("%d operations in %d bytes", operations, len(text))

	o.Swagger = true
	var old openapi2.T
	if err := json.Unmarshal(written(t, o), &old); err != nil {
		t.Fatal(err)
	}
	if old.SecurityDefinitions["caller"].Type != "basic" {
		t.Errorf("as OpenAPI 2.0 it is secured by %v", old.SecurityDefinitions)
	}
	converted, err := openapi2conv.ToV3(&old)
	if err != nil {
		t.Fatal(err)
	}
	if err := converted.Validate(context.Background()); err != nil {
		t.Error(err)
	}
	if len(converted.Paths.Map()) != len(doc.Paths.Map()) || converted.Servers[0].URL != o.Server {
		t.Errorf("as OpenAPI 2.0 it has %d paths at %s", len(converted.Paths.Map()), converted.Servers[0].URL)
	}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			other := converted.Paths.Value(path).GetOperation(method)
			if other == nil || other.OperationID != op.OperationID || len(other.Parameters) != len(op.Parameters) || (other.RequestBody == nil) != (op.RequestBody == nil) {
				t.Errorf("%s %s is not the same as OpenAPI 2.0", method, path)
			}
		}
	}
}

// TestExamplesFit holds the examples of the streams against their rows.
func TestExamplesFit(t *testing.T) {
	doc := parsed(t, written(t, everything()))
	for _, s := range stream.All() {
		if s.Derived {
			continue // Zoom sends no such rows
		}
		var example any
		if err := json.Unmarshal([]byte(s.Example), &example); err != nil {
			t.Fatalf("the example of %s: %v", s.Name, err)
		}
		row := doc.Components.Schemas[camel(s.Name)+"Row"]
		if row == nil {
			t.Errorf("%s has no schema", s.Name)
			continue
		}
		if err := row.Value.VisitJSON(example); err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
		for field := range example.(map[string]any) {
			if row.Value.Properties[field] == nil {
				t.Errorf("%s: the field %s is not described", s.Name, field)
			}
		}
	}
}

// TestSamePathWithOtherNames holds that two templates which differ in a name
// alone, as Zoom has them, are one path.
func TestSamePathWithOtherNames(t *testing.T) {
	o := Options{Title: "x", Server: "https://a/v2", Operations: []Operation{
		{Operation: stagedoor.Operation{Method: "GET", Path: "/groups/{groupId}"}},
		{Operation: stagedoor.Operation{Method: "DELETE", Path: "/groups/{id}"}},
		{Operation: stagedoor.Operation{Method: "GET", Path: "/groups/{groupId}"}, Narrowed: "/groups/7"},
	}}
	doc := parsed(t, written(t, o))
	if got := doc.Paths.InMatchingOrder(); len(got) != 2 || doc.Paths.Value("/groups/{groupId}").Delete.Parameters[0].Value.Name != "groupId" {
		t.Errorf("paths %v", got)
	}
}

func FuzzOperationID(f *testing.F) {
	f.Add("GET", "/users/jo@example.com", "/users/jo-example-com")
	f.Add("GET", "/a/{bC}", "/a/b_c")
	f.Add("GET", "/"+strings.Repeat("long/", 40), "/"+strings.Repeat("long/", 41))
	f.Fuzz(func(t *testing.T, method, a, b string) {
		if !regexp.MustCompile(`^[A-Z]+$`).MatchString(method) || len(method) > 10 {
			t.Skip()
		}
		for _, path := range []string{a, b} {
			if id := operationID(method, path); !regexp.MustCompile(`^[a-z][A-Za-z0-9]{0,79}$`).MatchString(id) {
				t.Errorf("%s %q is called %q", method, path, id)
			}
		}
	})
}

func BenchmarkWholeTable(b *testing.B) {
	o := everything()
	for b.Loop() {
		written(b, o)
	}
}
