package provider

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/provider/providertest"
	"github.com/stagedoor/stagedoor/token"
)

// mint asks as the product does, without a cache.
func mint(ctx context.Context, p stagedoor.Provider, c stagedoor.Credential) (stagedoor.Token, error) {
	source, err := token.NewSource(ctx, token.Config{Provider: p, Credential: c, NoRenewAhead: true})
	if err != nil {
		return stagedoor.Token{}, err
	}
	defer source.Close()
	return source.Mint(ctx)
}

func judge(t *testing.T, p stagedoor.Provider) {
	t.Helper()
	report, err := providertest.Run(t.Context(), p, mint)
	if err != nil {
		t.Fatal(err)
	}
	for _, check := range report.Checks {
		if check.Result != "ok" {
			t.Errorf("%s: %s (%v)", check.Name, check.Says, check.Error)
		}
	}
	if len(report.Checks) < 8 || report.Request == "" || report.Answer == "" || report.Refusal == "" {
		t.Errorf("the report lacks something: %+v", report)
	}
}

func TestBuiltInFilesConform(t *testing.T) {
	for _, name := range BuiltInNames() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, _, err := builtIn(name)
			if err != nil {
				t.Fatal(err)
			}
			judge(t, p)
		})
	}
}

var yamlBlock = regexp.MustCompile("(?s)\n```yaml\n(.*?)\n```\n")

// TestThePagesFilesConform holds that whoever copies a file from the page has
// one that works.
func TestThePagesFilesConform(t *testing.T) {
	page, err := os.ReadFile("../../docs/providers.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := yamlBlock.FindAllStringSubmatch(string(page), -1)
	if len(blocks) < 3 {
		t.Fatalf("the page has %d files, want three at least: the shortest and two odd ones", len(blocks))
	}
	for _, block := range blocks {
		name, _, _ := strings.Cut(block[1], "\n")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := Load("docs/providers.md", []byte(block[1]))
			if err != nil {
				t.Fatal(err)
			}
			judge(t, p)
		})
	}
}

// TestThePageExplainsEveryKey holds that no key is left out on the page.
func TestThePageExplainsEveryKey(t *testing.T) {
	page, err := os.ReadFile("../../docs/providers.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys() {
		if !strings.Contains(string(page), "`"+key+"`") {
			t.Errorf("docs/providers.md says nothing of the key %s", key)
		}
	}
}

// TestFilesThatDoNotConform walks testdata/odd: files that Load takes and the
// kit does not. Their first line names the checks that fail.
func TestFilesThatDoNotConform(t *testing.T) {
	names, err := filepath.Glob("testdata/odd/*.yaml")
	if err != nil || len(names) == 0 {
		t.Fatal("no files in testdata/odd", err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			p, err := Load(name, text)
			if err != nil {
				t.Fatal(err)
			}
			report, err := providertest.Run(t.Context(), p, mint)
			if err != nil {
				t.Fatal(err)
			}
			var failed []string
			for _, check := range report.Checks {
				if check.Result != "ok" {
					failed = append(failed, check.Name)
					if check.Fix == "" {
						t.Errorf("%s has no fix", check.Name)
					}
				}
			}
			first, _, _ := strings.Cut(string(text), "\n")
			if want := strings.TrimPrefix(first, "# fails: "); strings.Join(failed, ", ") != want {
				t.Errorf("failed: %s, want: %s", strings.Join(failed, ", "), want)
			}
		})
	}
}

// TestTheKitJudgesTheProgram holds that the kit does find a defect of ours: a
// program that sends, or takes, something else than the file says.
func TestTheKitJudgesTheProgram(t *testing.T) {
	p, _, err := builtIn("client-credentials")
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		change func(*stagedoor.Provider)
		failed string
	}{
		"another grant":      {func(p *stagedoor.Provider) { p.Token.Grant = "password" }, "request"},
		"a further one":      {func(p *stagedoor.Provider) { p.Token.Params = map[string]string{"x": "y"} }, "request"},
		"query, not form":    {func(p *stagedoor.Provider) { p.Token.In = "query" }, "request"},
		"body, not header":   {func(p *stagedoor.Provider) { p.Token.Auth = "body" }, "token"},
		"another unit":       {func(p *stagedoor.Provider) { p.Response.ExpiresUnit = "minutes" }, "lifetime"},
		"another default":    {func(p *stagedoor.Provider) { p.Response.Lifetime = 1 }, "no lifetime"},
		"no rules":           {func(p *stagedoor.Provider) { p.Errors = nil }, "wrong secret"},
		"takes another type": {func(p *stagedoor.Provider) { p.Response.BearerTypes = []string{"Bearer", "kit-of-an-unknown-type"} }, "other type"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report, err := providertest.Run(t.Context(), p, func(ctx context.Context, given stagedoor.Provider, c stagedoor.Credential) (stagedoor.Token, error) {
				test.change(&given)
				return mint(ctx, given, c)
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, check := range report.Checks {
				if check.Name == test.failed && check.Result == "fail" {
					return
				}
			}
			t.Errorf("the kit finds nothing wrong with %q: %+v", test.failed, report.Checks)
		})
	}
}

// keys returns every key that a file may have, with the path to it.
func keys() []string {
	var all []string
	var walk func(prefix string, t reflect.Type)
	walk = func(prefix string, t reflect.Type) {
		for i := range t.NumField() {
			key := prefix + t.Field(i).Tag.Get("yaml")
			all = append(all, key)
			inner := t.Field(i).Type
			if inner.Kind() == reflect.Slice {
				inner = inner.Elem()
			}
			if inner.Kind() == reflect.Struct {
				walk(key+".", inner)
			}
		}
	}
	walk("", reflect.TypeFor[stagedoor.Provider]())
	return all
}
