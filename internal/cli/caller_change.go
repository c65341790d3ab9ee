package cli

import (
	"context"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/app"
)

func callerSetRules(s *session) *cobra.Command {
	var rules ruleFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use: "set-rules NAME", Short: "Put other rules in the place of a caller's", Args: takes(1, 1, "the NAME of the caller"),
		Long: "The rules that the flags give take the place of all that were there. A `stagedoor serve` that is running\n" +
			"goes by them within a second.\n\n" + aboutRules,
		Example: "stagedoor caller set-rules reports --allow 'GET /report/**' --allow 'GET /users/*' --deny 'GET /users/me'",
	}
	rules.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the caller as JSON")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, args []string) error {
		if !slices.ContainsFunc([]string{"allow", "allow-scope", "deny", "deny-scope"}, cmd.Flags().Changed) {
			return &stagedoor.Error{
				Op: "set the rules of a caller", Subject: "caller " + args[0], Kind: stagedoor.KindUsage,
				Cause: "no rule is given", Fix: "Give all that it is to have, as in `stagedoor caller set-rules " + args[0] +
					" --allow 'GET /report/**'`; `stagedoor caller revoke " + args[0] + "` ends its access.",
			}
		}
		before, after, doubts, err := a.SetCallerRules(ctx, args[0], rules.RuleTexts)
		if err != nil {
			return err
		}
		s.doubt(doubts)
		if asJSON {
			return s.printJSON(shownCallerOf(a, after))
		}
		if err := s.table(changeOf(before.Rules, after.Rules)); err != nil {
			return err
		}
		s.say("caller %s has these rules now (+ new, - gone)", bold.Render(after.Name))
		s.next("stagedoor caller show " + after.Name)
		return nil
	})
	return cmd
}

// changeOf lists the rules that went, those that stayed and those that came.
func changeOf(before, after []stagedoor.Rule) [][]string {
	told := func(rules []stagedoor.Rule) []string {
		var list []string
		for _, r := range rules {
			list = append(list, ruleTold(r))
		}
		return list
	}
	was, is := told(before), told(after)
	var rows [][]string
	for _, rule := range was {
		if !slices.Contains(is, rule) {
			rows = append(rows, []string{"-", rule})
		}
	}
	for _, rule := range is {
		mark := "+"
		if slices.Contains(was, rule) {
			mark = " "
		}
		rows = append(rows, []string{mark, rule})
	}
	return rows
}

func callerRotateSecret(s *session) *cobra.Command {
	var keep string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "rotate-secret NAME", Short: "Make a caller a new secret, without a gap", Args: takes(1, 1, "the NAME of the caller"),
		Long: "Prints the new secret, once. The former one goes on working for a while, so that the program can be\n" +
			"given the new one; any before it ends now. Access tokens that were handed out go on until they end.",
		Example: "stagedoor caller rotate-secret reports\n\n# It got out: the former one ends now\nstagedoor caller rotate-secret reports --keep 0",
	}
	cmd.Flags().StringVar(&keep, "keep", "24h", "how long the former secret goes on working: hours (24h), days (7d), or 0")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print client_id, client_secret, token_url and base_url as JSON")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, args []string) error {
		stays, err := keepOf(keep)
		if err != nil {
			return err
		}
		c, secret, err := a.RotateCallerSecret(ctx, args[0], stays)
		if err != nil {
			return err
		}
		if err := s.printAccess(a, c, secret, asJSON); err != nil || asJSON {
			return err
		}
		if former := c.FormerUntil(time.Now()); former.IsZero() {
			s.say("caller %s has a new secret, which is shown this once; no former one works any more", bold.Render(c.Name))
		} else {
			s.say("caller %s has a new secret, which is shown this once; the former one works until %s UTC", bold.Render(c.Name), former.Format("2006-01-02 15:04"))
		}
		s.next("stagedoor caller show " + c.Name)
		return nil
	})
	return cmd
}

// keepOf reads how long a former secret stays; "0" is not at all.
func keepOf(text string) (time.Duration, error) {
	now := time.Now().UTC().Truncate(time.Second)
	end, err := stagedoor.ParseEnd(text, now)
	switch {
	case text == "0":
		return 0, nil
	case err != nil || end.IsZero() || end.Sub(now) > 90*24*time.Hour:
		return 0, &stagedoor.Error{
			Op: "read how long the former secret works", Subject: "\"" + text + "\"", Kind: stagedoor.KindUsage,
			Cause: "it is no length of time up to 90 days", Fix: "Write hours (24h), days (7d), or 0 for not at all.",
		}
	}
	return end.Sub(now), nil
}

func callerRevoke(s *session) *cobra.Command {
	var yes, asJSON bool
	cmd := &cobra.Command{
		Use: "revoke NAME", Short: "End a caller's access for good", Args: takes(1, 1, "the NAME of the caller"),
		Long: "Its secrets, keys and access tokens count no more; a `stagedoor serve` that is running refuses its next\n" +
			"request within a second. It stays in the list, and its name is free for a new caller.",
		Example: "stagedoor caller revoke reports",
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask on a terminal")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the caller as JSON")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, args []string) error {
		callers, err := a.Callers(ctx)
		if err != nil {
			return err
		}
		c, err := callers.Find(ctx, args[0])
		if err != nil {
			return err
		}
		if s.inTTY && s.errTTY && !yes && c.RevokedAt.IsZero() {
			answer, err := s.ask("Type the name " + c.Name + " to end its access for good")
			if err != nil {
				return err
			}
			if answer != c.Name {
				return &stagedoor.Error{
					Op: "revoke a caller", Subject: "caller " + c.Name, Kind: stagedoor.KindInterrupted,
					Cause: "the name was not repeated; nothing was changed",
				}
			}
		}
		if c, err = a.RevokeCaller(ctx, c.Name); err != nil {
			return err
		}
		if asJSON {
			return s.printJSON(shownCallerOf(a, c))
		}
		s.say("revoked caller %s", bold.Render(c.Name))
		if c.AllowToken {
			s.say("%s a token of Zoom that it was given works until it ends, within an hour", amber.Render("warning:"))
		}
		s.next("stagedoor caller list")
		return nil
	})
	return cmd
}
