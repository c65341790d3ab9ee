package stagedoor_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/stagedoor/stagedoor"

// goFiles returns the module's Go files by folder, "." for the root.
func goFiles(t *testing.T) map[string][]string {
	t.Helper()
	files := map[string][]string{}
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && path != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata") {
			return filepath.SkipDir
		}
		if strings.HasSuffix(path, ".go") {
			files[filepath.Dir(path)] = append(files[filepath.Dir(path)], path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestImportRule holds who may import whom, and says why.
func TestImportRule(t *testing.T) {
	for folder, files := range goFiles(t) {
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue // a test may bring in whatever it judges by
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
			if err != nil {
				t.Fatal(err)
			}
			for _, spec := range parsed.Imports {
				imported := strings.Trim(spec.Path.Value, `"`)
				if why := forbidden(filepath.ToSlash(folder), imported); why != "" {
					t.Errorf("%s imports %s: %s", file, imported, why)
				}
			}
		}
	}
}

// forbidden says why a package in folder may not import another, or "".
func forbidden(folder, imported string) string {
	standard := !strings.Contains(strings.SplitN(imported, "/", 2)[0], ".")
	ours, isOurs := strings.CutPrefix(imported, module)
	ours = strings.TrimPrefix(ours, "/")
	switch {
	case standard:
		return ""
	case folder == ".":
		return "the root holds the nouns that everything imports, so it imports only the standard library"
	case folder == "zoomsim":
		return "the simulator is the second judge of what Zoom does, so it shares nothing with the client that it judges, and other people's tests should not pay for our dependencies"
	case folder == "token" && imported != module && !strings.HasPrefix(imported, "golang.org/x/oauth2"):
		return "programs import token for one thing; it brings in the root and x/oauth2 and nothing else"
	case folder == "client" && imported != module:
		return "programs import client to ask a daemon; it brings in the root and the standard library and nothing else"
	case !isOurs || ours == "":
		return ""
	case folder == "cmd/stagedoor":
		if ours == "internal/cli" {
			return ""
		}
		return "main only hands the arguments to cli"
	case ours == "internal/cli":
		return "cli is the outermost layer; only main sees it"
	case ours == "internal/app" && folder != "internal/cli":
		return "app wires the parts together, so no part may know it; only cli does"
	case folder == "internal/app" || folder == "internal/cli":
		return ""
	case strings.HasPrefix(ours, folder+"/"):
		return "" // its own children
	case strings.HasPrefix(folder, "internal/"):
		return "parts do not know each other: declare the small interface that is needed here, and let app join them"
	}
	return ""
}

// TestNothingIsCompiledAtTheStart holds that no pattern is compiled before main
// runs: every command would wait for it, also the many that never use it.
func TestNothingIsCompiledAtTheStart(t *testing.T) {
	for _, files := range goFiles(t) {
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			fileSet := token.NewFileSet()
			parsed, err := parser.ParseFile(fileSet, file, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, declared := range parsed.Decls {
				if _, ok := declared.(*ast.GenDecl); !ok {
					continue
				}
				ast.Inspect(declared, func(n ast.Node) bool {
					if _, ok := n.(*ast.FuncLit); ok {
						return false // it runs when it is called
					}
					if selected, ok := n.(*ast.SelectorExpr); ok && selected.Sel.Name == "MustCompile" {
						t.Errorf("%s compiles a pattern at the start of the program: wrap it in sync.OnceValue", fileSet.Position(n.Pos()))
					}
					return true
				})
			}
		}
	}
}

// TestPackageComments holds that each folder has one package comment, in which
// a newcomer reads what the package is for.
func TestPackageComments(t *testing.T) {
	for folder, files := range goFiles(t) {
		var with []string
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.PackageClauseOnly|parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			if parsed.Doc != nil && !ignored(parsed) {
				with = append(with, file)
			}
		}
		onlyTests := !slices.ContainsFunc(files, func(f string) bool { return !strings.HasSuffix(f, "_test.go") })
		if len(with) != 1 && !onlyTests {
			t.Errorf("%s has %d package comments %v, want 1: it is where a newcomer reads what the package is for and what it is not", folder, len(with), with)
		}
	}
}

// ignored reports whether a file is a program of its own that only go generate
// runs.
func ignored(file *ast.File) bool {
	return slices.ContainsFunc(file.Comments, func(c *ast.CommentGroup) bool {
		return slices.ContainsFunc(c.List, func(line *ast.Comment) bool { return line.Text == "//go:build ignore" })
	})
}

// TestFormat holds that gofumpt would change nothing.
func TestFormat(t *testing.T) {
	var files []string
	for _, list := range goFiles(t) {
		for _, file := range list {
			if !strings.HasSuffix(file, "_templ.go") { // templ writes those in a way of its own
				files = append(files, file)
			}
		}
	}
	// Not stderr, where go says what it downloads.
	out, err := exec.Command("go", append([]string{"tool", "gofumpt", "-l"}, files...)...).Output()
	if err != nil || len(out) > 0 {
		t.Errorf("not formatted (run `go tool gofumpt -w .`), so that no change is about blanks: %v\n%s", err, out)
	}
}

// TestVetAndStaticcheck holds that both have nothing to say; what they find is
// nearly always a mistake.
func TestVetAndStaticcheck(t *testing.T) {
	if testing.Short() {
		t.Skip("takes longer than -short permits")
	}
	for _, command := range [][]string{{"go", "vet", "./..."}, {"go", "tool", "staticcheck", "./..."}} {
		out, err := exec.Command(command[0], command[1:]...).CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", strings.Join(command, " "), err, out)
		}
	}
}

// TestBenchmarksBuild holds the benchmarks, which are a module of their own, to
// the same as the rest.
func TestBenchmarksBuild(t *testing.T) {
	if testing.Short() {
		t.Skip("takes longer than -short permits")
	}
	vet := exec.Command("go", "vet", "./...")
	vet.Dir = "bench"
	if out, err := vet.CombinedOutput(); err != nil {
		t.Errorf("go vet in bench: %v\n%s", err, out)
	}
}

// TestBuildsEverywhere holds that the program builds, without cgo, for the other
// systems that it is offered for.
func TestBuildsEverywhere(t *testing.T) {
	if testing.Short() {
		t.Skip("takes longer than -short permits")
	}
	for _, platform := range []string{"linux/arm64", "darwin/amd64", "darwin/arm64", "windows/amd64", "windows/arm64"} {
		system, arch, _ := strings.Cut(platform, "/")
		build := exec.Command("go", "build", "-o", os.DevNull, "./cmd/stagedoor")
		build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+arch)
		if out, err := build.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", platform, err, out)
		}
	}
}

// TestTokenDependencies holds what a program compiles that imports token.
func TestTokenDependencies(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "./token").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range strings.Fields(string(out)) {
		if path != module && path != module+"/token" && !strings.HasPrefix(path, "golang.org/x/oauth2") {
			t.Errorf("importing token compiles %s: it should bring in the standard library, x/oauth2 and the root, and nothing else", path)
		}
	}
}

// TestRepositorySpeaksOfTheProduct holds that no file names a place on the
// machine where it was written.
func TestRepositorySpeaksOfTheProduct(t *testing.T) {
	out, err := exec.Command("git", "ls-files", "-z").Output()
	if err != nil {
		t.Skip("not a git checkout")
	}
	for _, name := range strings.Split(strings.TrimRight(string(out), "\x00"), "\x00") {
		text, err := os.ReadFile(name)
		if err != nil || bytes.IndexByte(text, 0) >= 0 {
			continue
		}
		for _, word := range []string{"/work" + "/", "/root" + "/", "proxy." + "golang.org"} {
			if bytes.Contains(text, []byte(word)) {
				t.Errorf("%s contains %q: files speak of the product, not of the machine they were written on", name, word)
			}
		}
	}
}
