package api

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

//go:generate go test . -run TestDocumentIsUpToDate -update

var update = flag.Bool("update", false, "write docs/openapi.json anew")

var committed = filepath.Join("..", "..", "docs", "openapi.json")

func TestDocumentIsUpToDate(t *testing.T) {
	made, err := Document()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(committed, made, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(committed)
	if err != nil {
		t.Fatal(err)
	}
	if string(kept) != string(made) {
		t.Errorf("docs/openapi.json is not what the code makes; `make generate` writes it anew:\n%.3000s", cmp.Diff(string(kept), string(made)))
	}
}

// a part of the document, as any program reads it.
type node = map[string]any

func document(t *testing.T) node {
	t.Helper()
	text, err := Document()
	if err != nil {
		t.Fatal(err)
	}
	var doc node
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// TestDocumentIsWhole holds what a reader and a generator of clients need.
func TestDocumentIsWhole(t *testing.T) {
	doc := document(t)
	if doc["openapi"] != "3.1.0" {
		t.Errorf("openapi is %v", doc["openapi"])
	}
	tags := map[string]bool{}
	for _, tag := range doc["tags"].([]any) {
		if tag := tag.(node); tag["description"] != "" {
			tags[tag["name"].(string)] = true
		}
	}
	ids, used := map[string]string{}, map[string]bool{}
	operations := 0
	for path, item := range doc["paths"].(node) {
		for method, op := range item.(node) {
			operations++
			where, op := strings.ToUpper(method)+" "+path, op.(node)
			fault := func(format string, args ...any) { t.Errorf("%s: "+format, append([]any{where}, args...)...) }
			id, _ := op["operationId"].(string)
			if id == "" || ids[id] != "" {
				fault("operationId %q is empty, or also that of %s", id, ids[id])
			}
			ids[id] = where
			summary, _ := op["summary"].(string)
			if summary == "" || strings.HasSuffix(summary, ".") {
				fault("summary %q", summary)
			}
			names, _ := op["tags"].([]any)
			if len(names) != 1 || !tags[names[0].(string)] {
				fault("tags %v", names)
			} else {
				used[names[0].(string)] = true
			}
			checkAnswers(t, fault, path, op)
			checkParameters(fault, path, op)
			if body, ok := op["requestBody"].(node); ok {
				media := body["content"].(node)["application/json"].(node)
				if media["example"] == nil {
					fault("the body has no example")
				}
			}
		}
	}
	if operations != len(Routes()) {
		t.Errorf("%d operations of %d routes", operations, len(Routes()))
	}
	for tag := range tags {
		if !used[tag] {
			t.Errorf("nothing has the tag %s", tag)
		}
	}
	checkReferences(t, doc)
	for name, schema := range doc["components"].(node)["schemas"].(node) {
		if schema.(node)["description"] == nil {
			t.Errorf("the schema %s has no description: its type needs a comment", name)
		}
		fields, _ := schema.(node)["properties"].(node)
		for field, about := range fields {
			if about := about.(node); about["description"] == nil && about["$ref"] == nil {
				t.Errorf("%s.%s has no description: it needs a comment, or a line in describe.go", name, field)
			}
		}
	}
}

func checkAnswers(t *testing.T, fault func(string, ...any), path string, op node) {
	t.Helper()
	answers := op["responses"].(node)
	good := slices.ContainsFunc([]string{"200", "201", "204"}, func(s string) bool { return answers[s] != nil })
	if !good {
		fault("no answer of success")
	}
	if security, ok := op["security"].([]any); !ok || len(security) == 0 && path != Prefix+"/openapi.json" {
		fault("security %v", op["security"])
	}
	if path == Prefix+"/openapi.json" {
		return
	}
	for _, status := range []string{"401", "403", "422", "500"} {
		if answers[status] == nil {
			fault("no answer %s", status)
		}
	}
	if strings.Contains(path, "{") && answers["404"] == nil {
		fault("no answer 404")
	}
}

func checkParameters(fault func(string, ...any), path string, op node) {
	there := map[string]bool{}
	parameters, _ := op["parameters"].([]any)
	for _, p := range parameters {
		p := p.(node)
		name := p["name"].(string)
		there[p["in"].(string)+" "+name] = true
		if p["description"] == nil || p["schema"] == nil {
			fault("the parameter %s has no description or no schema", name)
		}
	}
	for part := range strings.SplitSeq(path, "/") {
		if strings.HasPrefix(part, "{") && !there["path "+strings.Trim(part, "{}")] {
			fault("the parameter %s is not described", part)
		}
	}
}

// checkReferences holds that every reference leads somewhere, and that nothing is
// described that nobody refers to.
func checkReferences(t *testing.T, doc node) {
	t.Helper()
	referred := map[string]bool{}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case node:
			if ref, ok := v["$ref"].(string); ok {
				referred[ref] = true
			}
			for _, part := range v {
				walk(part)
			}
		case []any:
			for _, part := range v {
				walk(part)
			}
		}
	}
	walk(doc)
	there := map[string]bool{}
	for kind, parts := range doc["components"].(node) {
		if kind == "securitySchemes" {
			continue
		}
		for name := range parts.(node) {
			there[fmt.Sprintf("#/components/%s/%s", kind, name)] = true
		}
	}
	for ref := range referred {
		if !there[ref] {
			t.Errorf("%s leads nowhere", ref)
		}
	}
	for ref := range there {
		if !referred[ref] {
			t.Errorf("nothing refers to %s", ref)
		}
	}
}

// TestProblemExamples holds that each status has an example of its own status.
func TestProblemExamples(t *testing.T) {
	responses := document(t)["components"].(node)["responses"].(node)
	for name, r := range responses {
		status := strings.TrimPrefix(name, "Problem")
		example := r.(node)["content"].(node)["application/problem+json"].(node)["example"].(node)
		if fmt.Sprint(example["status"]) != status {
			t.Errorf("the example of %s is a %v", status, example["status"])
		}
	}
}
