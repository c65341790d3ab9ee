package cli

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/app"
)

func operatorCommand(s *session) *cobra.Command {
	cmd := &cobra.Command{
		Use: "operator", Short: "Say who may look after a running Stagedoor", GroupID: groupCredentials,
		Long: "An operator looks after `stagedoor serve`. A person is invited and signs in to its page; a program of\n" +
			"an operator, a Prometheus server for example, shows a token.",
		Example: "stagedoor operator invite anna --role admin\nstagedoor operator token prometheus --role viewer",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(operatorInvite(s), operatorList(s), operatorReset(s), operatorRemove(s), operatorSetRole(s), operatorToken(s))
	return cmd
}

func operatorToken(s *session) *cobra.Command {
	var role, expires string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "token NAME", Short: "Make a token for a program of an operator", Args: takes(1, 1, "the NAME of the token"),
		Long: "Prints the token on stdout, once: only its hash is kept. Programs send it as `Authorization: Bearer TOKEN`.\n\n" +
			"A viewer sees states and figures, an operator everything but secrets, and an admin may also change\n" +
			"credentials, callers and operators. Each may do what the one before it may.",
		Example: "# For Prometheus, in a file that only it can read\n(umask 077; stagedoor operator token prometheus > prometheus.token)\n\n" +
			"# For a script that asks whether a caller's token still counts\nstagedoor operator token checks --role viewer --expires 90d --json\n\n" +
			"# Which there are, and away with one\nstagedoor operator token list\nstagedoor operator token remove checks",
	}
	cmd.Flags().StringVar(&role, "role", string(stagedoor.RoleViewer), "What it may do: viewer, operator or admin")
	cmd.Flags().StringVar(&expires, "expires", "365d", "how long it lasts: days (90d), hours (12h), its last day (2027-03-31), or never")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print name, role, token and end as JSON")
	cmd.AddCommand(operatorTokenList(s), operatorTokenRemove(s))
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, args []string) error {
		if words := []string{"add", "help", "list", "remove"}; slices.Contains(words, args[0]) {
			return &stagedoor.Error{
				Op: "make an operator token", Subject: "operator token " + args[0], Kind: stagedoor.KindUsage,
				Cause: "a token can not be called by a word that commands have (" + strings.Join(words, ", ") + ")",
				Fix:   "Name it after the program that will use it: `stagedoor operator token grafana`.",
			}
		}
		end, err := stagedoor.ParseEnd(expires, time.Now())
		if err != nil {
			return err
		}
		t, secret, err := a.AddOperatorToken(ctx, stagedoor.OperatorToken{Name: args[0], Role: stagedoor.Role(role), ExpiresAt: end})
		if err != nil {
			return err
		}
		if asJSON {
			return s.printJSON(struct {
				Name      string         `json:"name"`
				Role      stagedoor.Role `json:"role"`
				Token     string         `json:"token"`
				ExpiresAt time.Time      `json:"expires_at,omitzero"`
			}{t.Name, t.Role, secret.Reveal(), t.ExpiresAt})
		}
		if _, err := s.out.WriteString(secret.Reveal() + "\n"); err != nil {
			return err
		}
		s.say("made operator token %s (%s, %s); it is shown this once", bold.Render(t.Name), t.Role, until(t.ExpiresAt))
		s.next("send it as `Authorization: Bearer TOKEN`", "stagedoor operator token list")
		return nil
	})
	return cmd
}

func operatorTokenList(s *session) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "List the tokens of operators", Args: cobra.NoArgs,
		Example: "stagedoor operator token list\n\n# Those that may change things\nstagedoor operator token list --json | jq -r '.[] | select(.role == \"admin\") | .name'",
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print an array")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, _ []string) error {
		list := []stagedoor.OperatorToken{}
		if a.HasDatabase() {
			found, err := a.OperatorTokens(ctx)
			if err != nil {
				return err
			}
			list = append(list, found...)
		}
		if asJSON {
			return s.printJSON(list)
		}
		if len(list) == 0 {
			s.say("there are no operator tokens yet")
			s.next("stagedoor operator token NAME --role viewer")
			return nil
		}
		rows := [][]string{{"NAME", "ROLE", "ENDS", "MADE", "BY"}}
		for _, t := range list {
			rows = append(rows, []string{t.Name, string(t.Role), until(t.ExpiresAt), ago(t.CreatedAt), t.CreatedBy})
		}
		if err := s.table(rows); err != nil {
			return err
		}
		s.hint("stagedoor operator token remove NAME")
		return nil
	})
	return cmd
}

func operatorTokenRemove(s *session) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "remove NAME", Short: "Make an operator's token useless", Args: takes(1, 1, "the NAME of the token"),
		Long:    "A `stagedoor serve` that is running refuses it within a second.",
		Example: "stagedoor operator token remove grafana",
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print what was removed as JSON")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, args []string) error {
		if err := a.RemoveOperatorToken(ctx, args[0]); err != nil {
			return err
		}
		if asJSON {
			return s.printJSON(struct {
				Name    string `json:"name"`
				Removed bool   `json:"removed"`
			}{args[0], true})
		}
		s.say("removed operator token %s", bold.Render(args[0]))
		return nil
	})
	return cmd
}
