package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/app"
)

func credentialList(s *session) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "List credentials", Args: cobra.NoArgs,
		Example: "stagedoor credential list\n\n# Those that do not work\nstagedoor credential list --json | jq -r '.[] | select(.status == \"failing\") | .slug'",
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print an array")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, _ []string) error {
		list := []stagedoor.Credential{}
		if a.HasDatabase() {
			v, err := a.Vault(ctx)
			if err != nil {
				return err
			}
			if list, err = v.List(ctx); err != nil {
				return err
			}
		}
		if asJSON {
			all := make([]shownCredential, len(list))
			for i, c := range list {
				all[i] = shown(c)
			}
			return s.printJSON(all)
		}
		if len(list) == 0 {
			s.say("there are no credentials yet")
			s.next("stagedoor credential add NAME", "stagedoor demo --once")
			return nil
		}
		rows := [][]string{{"NAME", "STATUS", "PROVIDER", "PLAN", "CHECKED", "DESCRIPTION"}}
		// What there is to say of secrets is said where there is something.
		noted := slices.ContainsFunc(list, func(c stagedoor.Credential) bool { return secretAsks(c) })
		if noted {
			rows[0] = append(rows[0], "SECRET")
		}
		for _, c := range list {
			row := []string{c.Slug, string(c.Status), c.Provider, string(c.Plan), ago(c.CheckedAt), c.Description}
			if noted && secretAsks(c) {
				row = append(row, secretNote(c))
			}
			rows = append(rows, row)
		}
		if err := s.list(rows); err != nil {
			return err
		}
		s.hint("stagedoor credential show NAME", "stagedoor credential check NAME")
		return nil
	})
	return cmd
}

func ago(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	d := time.Since(t)
	switch {
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h ago", int(d.Hours()))
	}
	return t.Format(time.DateOnly)
}

func credentialShow(s *session) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "show [NAME]", Short: "Show one credential, without its secret", Args: takes(0, 1, "at most one NAME"),
		Example: "stagedoor credential show acme",
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print it as JSON")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, args []string) error {
		c, err := a.SavedCredential(ctx, nameOf(args))
		if err != nil {
			return err
		}
		if asJSON {
			return s.printJSON(shown(c))
		}
		p, err := a.Provider(c.Provider)
		if err != nil {
			return err
		}
		orDefault := func(value, byDefault string) string {
			if value == "" {
				return byDefault + " (default)"
			}
			return value
		}
		rows := [][]string{
			{"name", c.Slug},
			{"display name", c.Name},
			{"description", c.Description},
			{"provider", c.Provider},
			{"account id", c.AccountID},
			{"client id", c.ClientID},
			{"client secret", fmt.Sprintf("%s, set %s, %s", stagedoor.Redacted, c.SecretSetAt.Format(time.DateOnly), secretNote(c))},
			{"token url", orDefault(c.TokenURL, p.TokenURL)},
			{"api url", orDefault(c.APIURL, p.APIURL+p.APIBase)},
			{"validation url", orDefault(c.ValidationURL, p.Validation)},
			{"plan", string(c.Plan)},
			{"purposes", strings.Join(c.Purposes, ", ")},
			{"allowed hosts", strings.Join(c.AllowHosts, ", ")},
		}
		for _, key := range sortedKeys(c.Labels) {
			rows = append(rows, []string{"label " + key, c.Labels[key]})
		}
		rows = append(rows,
			[]string{"status", strings.TrimSpace(string(c.Status) + "  " + c.StatusReason)},
			[]string{"checked", ago(c.CheckedAt)},
			[]string{"created", c.CreatedAt.Format(time.DateTime) + " UTC by " + c.CreatedBy},
			[]string{"changed", c.ChangedAt.Format(time.DateTime) + " UTC by " + c.ChangedBy})
		if err := s.table(slices.DeleteFunc(rows, func(r []string) bool { return r[1] == "" })); err != nil {
			return err
		}
		switch {
		case c.SecretUnproven:
			s.hint("stagedoor credential check"+argument(c)+" tries the new secret", "stagedoor credential set-secret"+argument(c))
			return nil
		case c.SecretDue(time.Now()) && s.errTTY:
			s.para("%s", amber.Render("The client secret is old. "+howToRenew))
			s.hint("stagedoor credential set-secret" + argument(c))
			return nil
		}
		s.hint("stagedoor credential check"+argument(c), "stagedoor token"+argument(c))
		return nil
	})
	return cmd
}
