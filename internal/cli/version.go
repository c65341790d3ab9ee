package cli

import (
	"context"
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/stagedoor/stagedoor/internal/app"
)

func versionCommand(s *session) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "version", Short: "Print the version", GroupID: groupDiagnose, Args: cobra.NoArgs,
		Example: "stagedoor version",
		RunE: s.plain(func(context.Context, []string) error {
			if asJSON {
				return s.printJSON(struct {
					Version string `json:"version"`
					OS      string `json:"os"`
					Arch    string `json:"arch"`
					Go      string `json:"go"`
				}{app.Version, runtime.GOOS, runtime.GOARCH, runtime.Version()})
			}
			_, err := fmt.Fprintf(s.out, "stagedoor %s %s/%s %s\n", app.Version, runtime.GOOS, runtime.GOARCH, runtime.Version())
			return err
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print it as JSON")
	return cmd
}
