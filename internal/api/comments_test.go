package api

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

//go:generate go test . -run TestCommentsAreUpToDate -update

// TestCommentsAreUpToDate holds that the document says of types and fields what their
// comments say: they are written once.
func TestCommentsAreUpToDate(t *testing.T) {
	said, holds := map[string]map[string]string{}, map[string][]string{}
	for _, dir := range []string{filepath.Join("..", ".."), "."} {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if !strings.HasSuffix(file, "_test.go") {
				readComments(t, file, said, holds)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(holds)) {
		takeIn(name, said, holds)
	}
	schemas := document(t)["components"].(node)["schemas"].(node)
	maps.DeleteFunc(said, func(name string, fields map[string]string) bool { return schemas[name] == nil || len(fields) == 0 })
	var b bytes.Buffer
	b.WriteString("// Code generated from the comments of the types by `go generate`. DO NOT EDIT.\n\npackage api\n\n")
	b.WriteString("// comments are what stands at types and at their fields, by the names that the\n// document has for them; that of a type stands at \"\".\nvar comments = map[string]map[string]string{\n")
	for _, name := range slices.Sorted(maps.Keys(said)) {
		fmt.Fprintf(&b, "%q: {\n", name)
		for _, field := range slices.Sorted(maps.Keys(said[name])) {
			fmt.Fprintf(&b, "%q: %q,\n", field, said[name][field])
		}
		b.WriteString("},\n")
	}
	b.WriteString("}\n")
	made, err := format.Source(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("comments.go", made, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile("comments.go")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(kept, made) {
		t.Error("comments.go is not what the comments say; `make generate` writes it anew")
	}
}

// takeIn adds to a structure what is said of the fields of those that it embeds.
func takeIn(name string, said map[string]map[string]string, holds map[string][]string) {
	for _, inner := range holds[name] {
		takeIn(inner, said, holds)
		for field, text := range said[inner] {
			if field != "" && said[name][field] == "" {
				said[name][field] = text
			}
		}
	}
}

// readComments adds what a file says of its structures, and which others these embed.
func readComments(t *testing.T, file string, said map[string]map[string]string, holds map[string][]string) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	for _, decl := range parsed.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range group.Specs {
			typ, ok := spec.(*ast.TypeSpec)
			if !ok || !typ.Name.IsExported() {
				continue
			}
			structure, ok := typ.Type.(*ast.StructType)
			if !ok {
				continue
			}
			fields := map[string]string{}
			doc := typ.Doc
			if doc == nil {
				doc = group.Doc
			}
			if text := sentence(typ.Name.Name, doc); text != "" {
				fields[""] = text
			}
			for _, field := range structure.Fields.List {
				if inner := embedded(field.Type); len(field.Names) == 0 && inner != typ.Name.Name {
					holds[typ.Name.Name] = append(holds[typ.Name.Name], inner)
				}
				if field.Tag == nil || len(field.Names) != 1 {
					continue
				}
				tag := reflect.StructTag(strings.Trim(field.Tag.Value, "`"))
				name, _, _ := strings.Cut(tag.Get("json"), ",")
				text := sentence(field.Names[0].Name, field.Doc)
				if text == "" {
					text = sentence(field.Names[0].Name, field.Comment)
				}
				if name != "" && name != "-" && text != "" && tag.Get("doc") == "" {
					fields[name] = text
				}
			}
			if said[typ.Name.Name] == nil {
				said[typ.Name.Name] = map[string]string{}
			}
			maps.Copy(said[typ.Name.Name], fields) // one of the root may be here by the same name, with more
		}
	}
}

func embedded(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return embedded(e.X)
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.Ident:
		return e.Name
	}
	return ""
}

var link = regexp.MustCompile(`\[([A-Za-z.]+)\]`)

// sentence is a comment as one line, without the name that it begins with.
func sentence(name string, comment *ast.CommentGroup) string {
	text := strings.Join(strings.Fields(comment.Text()), " ")
	text = link.ReplaceAllString(text, "$1")
	for _, verb := range []string{"is", "are", "was"} {
		if rest, ok := strings.CutPrefix(text, name+" "+verb+" "); ok {
			text = rest
		}
	}
	if rest, ok := strings.CutPrefix(text, name+" "); ok {
		text = rest
	}
	first, size := utf8.DecodeRuneInString(text)
	if first == utf8.RuneError {
		return ""
	}
	return strings.TrimSuffix(string(unicode.ToUpper(first))+text[size:], ".")
}
