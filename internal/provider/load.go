package provider

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/stagedoor/stagedoor"
)

//go:embed *.yaml
var files embed.FS

// BuiltIn returns the providers that come with Stagedoor, in the order of
// their names.
func BuiltIn() ([]stagedoor.Provider, error) {
	names, err := fs.Glob(files, "*.yaml")
	if err != nil {
		return nil, err
	}
	var providers []stagedoor.Provider
	for _, name := range names {
		text, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		p, err := Load(name, text)
		if err != nil {
			return nil, err
		}
		providers = append(providers, p)
	}
	return providers, nil
}

// Load reads one provider file; name is what errors call it. Every problem of
// the file is reported, not only the first one.
func Load(name string, text []byte) (stagedoor.Provider, error) {
	var p stagedoor.Provider
	decoder := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict())
	if err := decoder.Decode(&p); err != nil {
		return stagedoor.Provider{}, refuse(name, []problem{decodeProblem(err)})
	}
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return stagedoor.Provider{}, refuse(name, []problem{decodeProblem(err)})
	}
	if found := check(p); len(found) > 0 {
		for i := range found {
			found[i].line = lineOf(file, found[i].field)
		}
		return stagedoor.Provider{}, refuse(name, found)
	}
	if p.Response.Lifetime == 0 {
		p.Response.Lifetime = defaultLifetime
	}
	return p, nil
}

// problem is one thing that is wrong in a file.
type problem struct {
	line   int    // 0 if not known
	field  string // as a YAML path without the leading "$.": "errors[3].kind"
	reason string
	fix    string
}

func (p problem) String() string {
	field := p.field
	if field == "" {
		field = "(file)"
	}
	return fmt.Sprintf("line %d, %s: %s", p.line, field, p.reason)
}

func refuse(name string, problems []problem) error {
	var reasons, fixes []string
	for _, p := range problems {
		reasons = append(reasons, p.String())
		if p.fix != "" {
			fixes = append(fixes, p.fix)
		}
	}
	return &stagedoor.Error{
		Op: "read the provider file", Subject: name, Kind: stagedoor.KindProvider,
		Cause: strings.Join(reasons, "; "), Fix: strings.Join(fixes, " "),
	}
}

// decodeProblem keeps the reason and the place of a YAML error, not the source
// lines that the library prints: a file of a user may hold anything.
func decodeProblem(err error) problem {
	p := problem{fix: "Write it as the built-in files and the Provider type's documentation show."}
	if e, ok := errors.AsType[yaml.Error](err); ok {
		p.reason = strings.ReplaceAll(e.GetMessage(), "Go struct field", "field")
		if t := e.GetToken(); t != nil {
			p.line = t.Position.Line
			p.field = t.Value
			if colon := t.Prev; colon != nil && colon.Value == ":" && colon.Prev != nil {
				p.field = colon.Prev.Value // the token is a value: name its key
			}
		}
		if strings.Contains(p.reason, "unknown field") {
			p.reason = "there is no such key"
			p.fix = "Remove or correct the key " + p.field + "."
		}
		return p
	}
	p.reason = "it is not valid YAML"
	return p
}

// lineOf finds the line of a field, or of the nearest parent that is there.
func lineOf(file *ast.File, field string) int {
	for field != "" {
		if path, err := yaml.PathString("$." + field); err == nil {
			if node, err := path.FilterFile(file); err == nil && node != nil && node.GetToken() != nil {
				return node.GetToken().Position.Line
			}
		}
		cut := strings.LastIndexAny(field, ".[")
		if cut < 0 {
			break
		}
		field = field[:cut]
	}
	return 1
}
