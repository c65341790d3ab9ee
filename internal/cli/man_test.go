package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stagedoor/stagedoor/internal/cli"
)

// TestManPages holds that there is a page for each command, that the manual's
// own checker has nothing to say against any, and that it shows what stands in
// it: an example can be copied from it.
func TestManPages(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "man1")
	write := exec.Command("stagedoor", "man", dir)
	write.Env = append(os.Environ(), "STAGEDOOR_HOME="+t.TempDir(), "SOURCE_DATE_EPOCH=1795478400")
	if out, err := write.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, cmd := range cli.Commands() {
		path := filepath.Join(dir, strings.ReplaceAll(cmd.CommandPath(), " ", "-")+".1")
		text, err := os.ReadFile(path)
		if cmd.Hidden {
			if err == nil {
				t.Errorf("the hidden command `%s` has a page", cmd.CommandPath())
			}
			continue
		}
		if err != nil || !strings.Contains(string(text), ".SH \"EXAMPLES\"") || !strings.Contains(string(text), `"2026-11-24"`) {
			t.Errorf("%s: %v: no page, or one without examples or the date\n%s", path, err, text)
		}
	}
	needs(t, "mandoc")
	pages, err := filepath.Glob(filepath.Join(dir, "*.1"))
	if err != nil {
		t.Fatal(err)
	}
	// Its remarks on style are about the length of lines in the source.
	if out, err := exec.Command("mandoc", append([]string{"-T", "lint", "-W", "warning"}, pages...)...).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("mandoc: %v\n%s", err, out)
	}
	for page, lines := range map[string][]string{
		"stagedoor-api":   {"stagedoor api NAME [METHOD] PATH [flags]", `stagedoor api acme /users --paginate -q 'select(.type == 2) | .email'`, "-q, --jq value"},
		"stagedoor-token": {`eval "$(stagedoor token acme --format env)"`, "How long it must last at least (default 5m0s)"},
		"stagedoor":       {"stagedoor-credential(1)", "EXIT STATUS"},
	} {
		bytes, err := exec.Command("mandoc", "-T", "utf8", "-O", "width=200", filepath.Join(dir, page+".1")).Output()
		if err != nil {
			t.Fatal(err)
		}
		shown := regexp.MustCompile(`.\x08`).ReplaceAllString(string(bytes), "") // bold, as typewriters do it
		for _, line := range lines {
			if !strings.Contains(shown, line) {
				t.Errorf("%s(1) does not show %q\n%s", page, line, shown)
			}
		}
	}
}
