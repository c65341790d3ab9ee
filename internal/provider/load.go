package provider

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/stagedoor/stagedoor"
)

//go:embed *.yaml
var files embed.FS

// BuiltIn returns the providers that come with Stagedoor, in the order of
// their names. It reads them all; [Folder.Find] reads one.
func BuiltIn() ([]stagedoor.Provider, error) {
	var providers []stagedoor.Provider
	for _, name := range BuiltInNames() {
		p, _, err := builtIn(name)
		if err != nil {
			return nil, err
		}
		providers = append(providers, p)
	}
	return providers, nil
}

// BuiltInNames returns the names of the providers that come with Stagedoor.
func BuiltInNames() []string {
	entries, err := files.ReadDir(".")
	if err != nil {
		return nil
	}
	var names []string
	for _, entry := range entries {
		names = append(names, strings.TrimSuffix(entry.Name(), extension))
	}
	slices.Sort(names) // zoom before zoom-gov; of files it is the other way round
	return names
}

// builtIn returns a provider that comes with Stagedoor, and false if none goes
// by the name. Zoom is compiled in (a test holds it equal to its file), since
// reading its error table takes longer than everything else that a short
// command does.
func builtIn(name string) (stagedoor.Provider, bool, error) {
	if name == stagedoor.Zoom.Name {
		return stagedoor.Zoom, true, nil
	}
	text, err := files.ReadFile(name + extension)
	if err != nil {
		return stagedoor.Provider{}, false, nil
	}
	p, err := Load(name+extension, text)
	return p, true, err
}

// largest is how large a provider file may be, in bytes; the largest built-in
// one has a tenth of it.
const largest = 256 << 10

// Load reads one provider file; name is what errors call it. Every problem of
// the file is reported, not only the first one: the error is a
// [stagedoor.Error] that wraps [Problems].
func Load(name string, text []byte) (stagedoor.Provider, error) {
	p, problems := load(text)
	if len(problems) > 0 {
		return stagedoor.Provider{}, refuse(name, problems)
	}
	return p, nil
}

func load(text []byte) (stagedoor.Provider, Problems) {
	var p stagedoor.Provider
	if len(text) > largest {
		return p, Problems{{Reason: "it is larger than 256 KiB", Fix: "Keep what describes the provider, and take out the rest."}}
	}
	if err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(&p); err != nil {
		return p, Problems{decodeProblem(err)}
	}
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return p, Problems{decodeProblem(err)}
	}
	if len(file.Docs) > 1 {
		line := 1
		if start := file.Docs[1].Start; start != nil {
			line = start.Position.Line
		}
		return p, Problems{{Line: line, Reason: "a second document begins here", Fix: "Write one provider a file, and take out the line ---."}}
	}
	given := map[string]any{}
	if p.Extends != "" {
		if err := yaml.Unmarshal(text, &given); err != nil {
			return p, Problems{decodeProblem(err)}
		}
		if found := extend(&p, given); found != nil {
			found.Line = lineOf(file, found.Field)
			return p, Problems{*found}
		}
	}
	if found := check(p); len(found) > 0 {
		for i := range found {
			top, _, _ := strings.Cut(found[i].Field, ".")
			top, _, _ = strings.Cut(top, "[")
			if _, ok := given[top]; p.Extends != "" && !ok && !slices.Contains(own, top) {
				found[i].Reason += " (it is taken over from " + p.Extends + ")"
				found[i].Line = lineOf(file, "extends")
				continue
			}
			found[i].Line = lineOf(file, found[i].Field)
		}
		return p, found
	}
	if p.Response.Lifetime == 0 {
		p.Response.Lifetime = defaultLifetime
	}
	return p, nil
}

// own are the keys that no provider takes over from another.
var own = []string{"name", "title", "extends"}

// extend takes over from the provider that p builds on whatever was not given.
func extend(p *stagedoor.Provider, given map[string]any) *Problem {
	base, ok, err := builtIn(p.Extends)
	if err != nil || !ok || base.Extends != "" {
		var names []string
		for _, name := range BuiltInNames() {
			if b, _, err := builtIn(name); name != p.Name && err == nil && b.Extends == "" {
				names = append(names, name)
			}
		}
		reason := fmt.Sprintf("%q is not a provider that comes with Stagedoor", p.Extends)
		if ok {
			reason = p.Extends + " itself builds on " + base.Extends
		}
		return &Problem{Field: "extends", Reason: reason, Fix: "Build on one of: " + strings.Join(names, ", ") + "."}
	}
	mine, theirs := reflect.ValueOf(p).Elem(), reflect.ValueOf(base)
	for i := range mine.NumField() {
		key := mine.Type().Field(i).Tag.Get("yaml")
		if _, ok := given[key]; !ok && !slices.Contains(own, key) {
			mine.Field(i).Set(theirs.Field(i))
		}
	}
	if _, ok := given["errors"]; ok {
		rules := slices.Clone(p.Errors)
		for _, rule := range base.Errors {
			if !slices.ContainsFunc(p.Errors, func(r stagedoor.ErrorRule) bool { return r.ID == rule.ID }) {
				rules = append(rules, rule)
			}
		}
		p.Errors = rules
	}
	return nil
}

// JSON writes a provider as JSON with the keys of its file; keys that are empty
// are left out.
func JSON(p stagedoor.Provider) ([]byte, error) {
	text, err := yaml.MarshalWithOptions(p, yaml.OmitEmpty())
	if err != nil {
		return nil, err
	}
	return yaml.YAMLToJSON(text)
}

// decodeProblem keeps the reason and the place of a YAML error, not the source
// lines that the library prints: a file of a user may hold anything.
func decodeProblem(err error) Problem {
	p := Problem{Fix: "Write it as docs/providers.md shows; `stagedoor provider show zoom --format yaml` prints a whole file."}
	if errors.Is(err, io.EOF) {
		p.Reason = "it is empty"
		return p
	}
	if e, ok := errors.AsType[yaml.Error](err); ok {
		p.Reason = strings.ReplaceAll(e.GetMessage(), "Go struct field", "field")
		if t := e.GetToken(); t != nil {
			p.Line = t.Position.Line
			p.Field = t.Value
			if colon := t.Prev; colon != nil && colon.Value == ":" && colon.Prev != nil {
				p.Field = colon.Prev.Value // the token is a value: name its key
			}
			p.Field = stagedoor.Outside(p.Field, 60)
		}
		if strings.Contains(p.Reason, "unknown field") {
			p.Reason = "there is no such key"
			p.Fix = "Remove or correct the key " + p.Field + "."
		}
		if strings.Contains(p.Reason, "time.Duration") || strings.Contains(p.Reason, "time: ") {
			p.Reason, p.Fix = "it is no duration", "Write a duration such as 1h or 45m."
		}
		p.Reason = stagedoor.Outside(p.Reason, 200)
		return p
	}
	p.Reason = "it is not valid YAML"
	return p
}

// line finds the line of a field in a file that was parsed before.
func line(text []byte, field string) int {
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return 0
	}
	return lineOf(file, field)
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
