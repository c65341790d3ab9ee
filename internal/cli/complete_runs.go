package cli

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"github.com/stagedoor/stagedoor/internal/app"
	"github.com/stagedoor/stagedoor/internal/store"
)

// completeNamed offers what a home has under names, with what the list says of it.
func (s *session) completeNamed(names func(context.Context, app.Settings) ([]store.Name, error)) completer {
	return func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		var words []string
		if settings, err := s.settings.Resolve(os.Getenv); err == nil {
			list, _ := names(cmd.Context(), settings)
			for _, n := range list {
				about := n.Description
				if n.Status != "" {
					about += ", " + n.Status
				}
				words = append(words, n.Slug+"\t"+oneLine(about))
			}
		}
		return words, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	}
}

// completeInto offers the saved destinations, then what a URL may begin with.
func (s *session) completeInto(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	words, _ := s.completeNamed(app.DestinationNames)(cmd, args, word)
	kinds, _ := completeURL(cmd, args, word)
	words = append(append(words, kinds...), "env:\ta variable that holds the destination", "-\tstdout")
	return words, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveKeepOrder
}

// completeURL offers what the URL of a destination may begin with.
var completeURL = cobra.FixedCompletions([]string{
	"sqlite:\ta database file", "postgres://\ta schema of a database", "parquet:\ta folder of typed files", "csv:\ta folder of files", "jsonl:\ta folder of files",
}, cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveNoSpace)
