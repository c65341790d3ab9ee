package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stagedoor/stagedoor/internal/app"
)

func callerSnippet(s *session) *cobra.Command {
	var form string
	cmd := &cobra.Command{
		Use: "snippet NAME", Short: "Write ready-made code that uses a caller",
		Args: takes(1, 1, "one NAME"),
		Long: "Writes code that gets a token for the caller, keeps it until it ends, and makes one call that\n" +
			"its rules allow. No secret is in it: programs read STAGEDOOR_CALLER_SECRET, and those for curl\n" +
			"and Python ask on a terminal. docs/callers.md shows what each is for.",
		Example: "# A program of Python's standard library\nstagedoor caller snippet reports --for python > reports.py\n\n" +
			"# A collection that Postman imports\nstagedoor caller snippet reports --for postman > reports.postman_collection.json",
	}
	cmd.Flags().StringVar(&form, "for", "curl", "What it is for: "+strings.Join(app.SnippetForms(), ", "))
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, args []string) error {
		return a.Snippet(ctx, s.out, args[0], form)
	})
	return cmd
}
