package cli_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/stagedoor/stagedoor/internal/cli"
)

// TestHelpExamples runs every example of every --help. A new command needs
// nothing here but an example; what its example speaks of besides acme is put
// into exampleWorld or substitutions.
func TestHelpExamples(t *testing.T) {
	t.Parallel()
	w := exampleWorld(t)
	for _, cmd := range cli.Commands() {
		t.Run(strings.ReplaceAll(cmd.CommandPath(), " ", "_"), func(t *testing.T) {
			t.Parallel()
			if strings.TrimSpace(cmd.Example) == "" {
				t.Fatalf("`%s --help` has no example: people copy examples before they read flags", cmd.CommandPath())
			}
			list := commands(cmd.Example)
			if !strings.Contains(cmd.Example, cmd.CommandPath()) {
				t.Errorf("the example of `%s` does not call it", cmd.CommandPath())
			}
			w := w.fresh(t)
			if strings.HasPrefix(cmd.CommandPath(), "stagedoor caller ") && !strings.Contains(cmd.Example, "caller add reports") {
				w.succeeds("caller", "add", "reports", "--credential", "acme", "--allow", "GET /report/**")
			}
			for _, command := range list {
				_, err := w.shell(command)
				if skipped, ok := errors.AsType[errSkipped](err); ok {
					t.Logf("not run: %s: %s", command, skipped.why)
				} else if err != nil {
					t.Errorf("an example of `%s --help` does not work:\n    %s\n%v", cmd.CommandPath(), command, err)
				}
			}
		})
	}
}

// TestUsagesAreCompleted holds that completion knows what the arguments of every
// command mean, by the names that its usage gives them.
func TestUsagesAreCompleted(t *testing.T) {
	free := map[string]string{
		"TEXT|-": "any text",
	}
	for _, cmd := range cli.Commands() {
		for _, name := range regexp.MustCompile(`[A-Z][A-Z|-]+`).FindAllString(cli.UsageOf(cmd), -1) {
			if !cli.IsCompleted(cmd, name) && free[name] == "" {
				t.Errorf("`%s`: completion does not know what %s means: say it in completeTree (complete.go), or here that it is free", cmd.CommandPath(), name)
			}
		}
	}
}
