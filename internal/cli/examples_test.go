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
			for _, ready := range standing[cmd.CommandPath()] {
				w.succeeds(strings.Fields(ready)...)
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

// standing is what must be there for the examples of a command.
var standing = map[string][]string{
	"stagedoor operator reset":     {"operator invite anna --role admin --link-file first.link"},
	"stagedoor operator remove":    {"operator invite ben --link-file ben.link"},
	"stagedoor operator set-role":  {"operator invite ben --link-file ben.link"},
	"stagedoor run show":           {"sync acme users --into sqlite:zoom.db"},
	"stagedoor run cancel":         {"sync acme users --into sqlite:zoom.db --enqueue"},
	"stagedoor run resume":         {"sync acme users --into sqlite:zoom.db --enqueue", "run cancel last"},
	"stagedoor schedule pause":     {"schedule add acme users --cron @daily --into sqlite:zoom.db --name nightly"},
	"stagedoor schedule resume":    {"schedule add acme users --cron @daily --into sqlite:zoom.db --name nightly", "schedule pause nightly"},
	"stagedoor schedule remove":    {"schedule add acme users --cron @daily --into sqlite:zoom.db --name nightly"},
	"stagedoor destination check":  {"destination add warehouse sqlite:warehouse.db"},
	"stagedoor destination remove": {"destination add warehouse sqlite:warehouse.db"},
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
