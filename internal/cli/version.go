package cli

import (
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
		RunE: s.atOnce(func([]string) error {
			built := app.ThisBuild()
			if asJSON {
				return s.printJSON(struct {
					app.Build
					Platform string `json:"platform"`
					Go       string `json:"go"`
				}{built, runtime.GOOS + "/" + runtime.GOARCH, runtime.Version()})
			}
			_, err := fmt.Fprintf(s.out, "stagedoor %s %s/%s %s\n", built, runtime.GOOS, runtime.GOARCH, runtime.Version())
			return err
		}),
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print it as JSON")
	return cmd
}
