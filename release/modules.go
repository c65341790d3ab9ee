package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// linked returns the modules whose code is in the program on any platform,
// sorted. The Go toolchain itself is not among them.
func linked() ([]mod, error) {
	found := map[string]mod{}
	for _, platform := range platforms {
		system, arch, _ := strings.Cut(platform, "/")
		cmd := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{.Path}}\t{{.Version}}\t{{.Dir}}\t{{.Main}}{{end}}", "./cmd/stagedoor")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+arch)
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("list the modules for %s: %w", platform, err)
		}
		for line := range strings.Lines(string(out)) {
			cells := strings.Split(strings.TrimSpace(line), "\t")
			if len(cells) == 4 && cells[3] != "true" {
				found[cells[0]] = mod{path: cells[0], version: cells[1], dir: cells[2]}
			}
		}
	}
	var list []mod
	for _, m := range found {
		list = append(list, m)
	}
	slices.SortFunc(list, func(a, b mod) int { return strings.Compare(a.path, b.path) })
	return list, nil
}

type mod struct{ path, version, dir string }

// licences returns a module's licence and notice files by name. A module
// without one is an error: then we may not pass it on.
func (m mod) licences() ([]entry, error) {
	listed, err := os.ReadDir(m.dir)
	if err != nil {
		return nil, err
	}
	var texts []entry
	granted := false
	for _, file := range listed {
		name := strings.ToUpper(file.Name())
		licence := strings.HasPrefix(name, "LICENSE") || strings.HasPrefix(name, "LICENCE") || strings.HasPrefix(name, "COPYING")
		notice := strings.HasPrefix(name, "NOTICE") || strings.HasPrefix(name, "PATENTS")
		if file.IsDir() || strings.HasSuffix(name, ".GO") || !licence && !notice {
			continue
		}
		body, err := os.ReadFile(filepath.Join(m.dir, file.Name()))
		if err != nil {
			return nil, err
		}
		granted = granted || licence
		texts = append(texts, entry{name: file.Name(), mode: 0o644, body: body})
	}
	if !granted {
		return nil, fmt.Errorf("%s %s has no licence file, so it cannot be passed on", m.path, m.version)
	}
	return texts, nil
}

// thirdParty joins the licences of all modules, and Go's own, into one text.
func thirdParty(modules []mod) ([]byte, error) {
	root, err := run("go", "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	var text strings.Builder
	text.WriteString("Stagedoor contains code of the modules below, under their own licences.\n")
	for _, m := range append([]mod{{path: "Go standard library", version: runtime.Version(), dir: strings.TrimSpace(root)}}, modules...) {
		texts, err := m.licences()
		if err != nil {
			return nil, err
		}
		for _, e := range texts {
			line := strings.Repeat("=", 78)
			fmt.Fprintf(&text, "\n%s\n%s %s: %s\n%s\n\n%s\n", line, m.path, m.version, e.name, line, e.body)
		}
	}
	return []byte(text.String()), nil
}

// documents are the files that every archive holds beside the program.
func documents(work string, from origin, modules []mod) ([]entry, error) {
	var list []entry
	units, err := filepath.Glob("packaging/*")
	if err != nil {
		return nil, err
	}
	for _, name := range append([]string{"README.md", "LICENSE"}, units...) {
		body, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		list = append(list, entry{name: filepath.ToSlash(name), mode: 0o644, body: body})
	}
	text, err := thirdParty(modules)
	if err != nil {
		return nil, err
	}
	list = append(list, entry{name: "THIRD-PARTY-LICENSES.txt", mode: 0o644, body: text})

	// Man pages and completion scripts come from the program itself.
	program := filepath.Join(work, "host")
	if err := build(from, runtime.GOOS, runtime.GOARCH, program); err != nil {
		return nil, err
	}
	pages := filepath.Join(work, "man")
	if _, err := run(program, "man", pages); err != nil {
		return nil, err
	}
	files, err := os.ReadDir(pages)
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		body, err := os.ReadFile(filepath.Join(pages, file.Name()))
		if err != nil {
			return nil, err
		}
		list = append(list, entry{name: "man/man1/" + file.Name(), mode: 0o644, body: body})
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		script, err := run(program, "completion", shell)
		if err != nil {
			return nil, err
		}
		list = append(list, entry{name: "completions/stagedoor." + shell, mode: 0o644, body: []byte(script)})
	}
	return list, nil
}

// spdx is the bill of materials, SPDX 2.3 as JSON
// (https://spdx.github.io/spdx-spec/v2.3/). Module sums are those of go.sum,
// which are hashes of the module's tree, not of one file: they are given as a
// comment.
func spdx(from origin, modules []mod) ([]byte, error) {
	type object = map[string]any
	sums, err := os.ReadFile("go.sum")
	if err != nil {
		return nil, err
	}
	hash := map[string]string{}
	for line := range strings.Lines(string(sums)) {
		if f := strings.Fields(line); len(f) == 3 {
			hash[f[0]+"@"+f[1]] = f[2]
		}
	}
	pack := func(id, name, version, purl, comment string) object {
		o := object{
			"SPDXID": id, "name": name, "versionInfo": version, "downloadLocation": "NOASSERTION", "filesAnalyzed": false,
			"externalRefs": []object{{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}},
		}
		if comment != "" {
			o["comment"] = comment
		}
		return o
	}
	const own = "github.com/stagedoor/stagedoor"
	packages := []object{pack("SPDXRef-stagedoor", own, from.version, "pkg:golang/"+own+"@v"+from.version, "")}
	relations := []object{{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-stagedoor"}}
	for _, m := range modules {
		id := "SPDXRef-" + hex.EncodeToString([]byte(m.path))
		packages = append(packages, pack(id, m.path, m.version, "pkg:golang/"+m.path+"@"+m.version, "go.sum "+hash[m.path+"@"+m.version]))
		relations = append(relations, object{"spdxElementId": "SPDXRef-stagedoor", "relationshipType": "DEPENDS_ON", "relatedSpdxElement": id})
	}
	return json.MarshalIndent(object{
		"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": "stagedoor " + from.version,
		"documentNamespace": "https://" + own + "/spdx/" + from.version + "/" + from.commit,
		"creationInfo":      object{"created": from.at.Format(time.RFC3339), "creators": []string{"Tool: stagedoor-release"}},
		"packages":          packages, "relationships": relations,
	}, "", "  ")
}
