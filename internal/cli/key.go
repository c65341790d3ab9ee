package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/app"
)

func keyCommand(s *session) *cobra.Command {
	cmd := &cobra.Command{
		Use: "key", Short: "Look at the key that seals the database", GroupID: groupCredentials,
		Example: "stagedoor key status",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(keyStatus(s))
	return cmd
}

func keyStatus(s *session) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "status", Short: "Show which key seals the database, and that it opens it", Args: cobra.NoArgs,
		Example: "stagedoor key status\n\n# Where the file is that another backup should hold\nstagedoor key status --json | jq -r .path",
		Long:    "Without this key the database opens nothing: keep a copy of it in another place than the database.",
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print it as JSON")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, _ []string) error {
		if !a.HasDatabase() && asJSON {
			return &stagedoor.Error{
				Op: "look at the key", Subject: a.Home(), Kind: stagedoor.KindNotFound,
				Cause: "there is no database yet, and so no key", Fix: "Both are made with the first credential: `stagedoor credential add`.",
			}
		}
		if !a.HasDatabase() {
			s.say("there is no database in %s yet, and so no key; both are made with the first credential", a.Home())
			s.next("stagedoor credential add NAME")
			return nil
		}
		v, err := a.Vault(ctx)
		if err != nil {
			return err
		}
		status := v.Status()
		if asJSON {
			return s.printJSON(status)
		}
		rows := [][]string{{"source", status.Source}}
		if status.Path != "" {
			rows = append(rows, []string{"path", status.Path}, []string{"mode", status.Mode})
		}
		rows = append(rows,
			[]string{"key id", fmt.Sprint(status.KeyID)}, []string{"algorithm", status.Algorithm},
			[]string{"created", status.CreatedAt.Format(time.DateTime) + " UTC"}, []string{"opens", "the database: yes"})
		if err := s.table(rows); err != nil {
			return err
		}
		s.hint("keep a copy of the key in another place than the database's backup")
		return nil
	})
	return cmd
}
