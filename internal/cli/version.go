package cli

import (
	"context"
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/stagedoor/stagedoor/internal/app"
)

func versionCommand(s *session) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", GroupID: groupDiagnose, Args: cobra.NoArgs,
		Example: "stagedoor version",
		RunE: s.plain(func(context.Context, []string) error {
			_, err := fmt.Fprintf(s.out, "stagedoor %s %s/%s %s\n", app.Version, runtime.GOOS, runtime.GOARCH, runtime.Version())
			return err
		}),
	}
}
