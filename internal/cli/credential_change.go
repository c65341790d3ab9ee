package cli

import (
	"context"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/app"
)

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }

func credentialCheck(s *session) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "check [NAME]", Short: "Prove a credential now, past every cache", Args: takes(0, 1, "at most one NAME"),
		Long: "Mints a new token, calls the validation URL with it, and says what that proved.\n" +
			"Exit status 4 means that the token endpoint refused; 0 that the credential is good.",
		Example: "stagedoor credential check acme",
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the proof as JSON")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, args []string) error {
		c, err := a.Credential(ctx, nameOf(args))
		if err != nil {
			return err
		}
		proof, err := a.Check(ctx, c)
		if asJSON {
			if printing := s.printJSON(proof); printing != nil {
				return printing
			}
			return err
		}
		s.sayProof(proof)
		if err != nil {
			return err
		}
		s.say("credential %s is good", bold.Render(c.Slug))
		if len(proof.Missing) > 0 {
			s.next("stagedoor scopes --credential "+c.Slug, "stagedoor streams --credential "+c.Slug)
			return nil
		}
		s.next("stagedoor token"+argument(c), "stagedoor api "+c.Slug+" /users/me")
		return nil
	})
	return cmd
}

func credentialEdit(s *session) *cobra.Command {
	var fields credentialFields
	var slug string
	var noCheck, asJSON bool
	cmd := &cobra.Command{
		Use: "edit [NAME]", Short: "Change what is saved, except the secret", Args: takes(0, 1, "at most one NAME"),
		Long: "Only what flags name is changed. Where it concerns how Zoom is asked (ids, URLs, hosts), the\n" +
			"credential is proven with the new values before they are saved.",
		Example: "stagedoor credential edit acme --plan business --description 'reports for finance'",
	}
	fields.register(cmd)
	cmd.Flags().StringVar(&slug, "slug", "", "what commands and URLs call it; until it was first used")
	cmd.Flags().BoolVar(&noCheck, "no-check", false, "save without a check, as \"unverified\"")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the credential as JSON")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, args []string) error {
		v, wanted, err := saved(ctx, a, args)
		if err != nil {
			return err
		}
		change := func(c *stagedoor.Credential) error {
			if slug != "" {
				c.Slug = slug
			}
			return fields.apply(cmd, c)
		}
		if err := change(&wanted); err != nil {
			return err
		}
		if err := a.CheckForm(wanted); err != nil {
			return err
		}
		check := !noCheck && concernsZoom(cmd)
		if check {
			proof, err := a.Prove(ctx, wanted)
			if err != nil {
				return s.unproven(proof, err)
			}
			s.sayProof(proof)
		}
		now, err := v.Update(ctx, nameOf(args), app.Who(), change)
		if err != nil {
			return err
		}
		if check {
			if err := v.SetStatus(ctx, now.ID, stagedoor.StatusVerified, "", app.Who()); err != nil {
				return err
			}
		}
		if asJSON {
			return s.printJSON(now)
		}
		s.say("saved credential %s", bold.Render(now.Slug))
		if cmd.Flags().Changed("purpose") && len(now.Purposes) > 0 {
			s.next("stagedoor scopes --credential " + now.Slug)
			return nil
		}
		s.next("stagedoor credential show" + argument(now))
		return nil
	})
	return cmd
}

func concernsZoom(cmd *cobra.Command) bool {
	return slices.ContainsFunc([]string{"account-id", "client-id", "token-url", "api-url", "validation-url", "allow-host"},
		cmd.Flags().Changed)
}

func credentialSetSecret(s *session) *cobra.Command {
	var secret secretFlags
	var noCheck bool
	cmd := &cobra.Command{
		Use: "set-secret [NAME]", Short: "Put a new client secret in place, without a gap", Args: takes(0, 1, "at most one NAME"),
		Long: "The new secret is proven before it is saved. With --no-check the former one stays beside it and\n" +
			"is used until the new one has worked once.",
		Example: "stagedoor credential set-secret acme --client-secret-file new.txt",
	}
	secret.register(cmd)
	cmd.Flags().BoolVar(&noCheck, "no-check", false, "save it unproven, beside the former one")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, args []string) error {
		v, c, err := saved(ctx, a, args)
		if err != nil {
			return err
		}
		value, err := secret.read(s.terminal, "New client secret")
		if err != nil {
			return err
		}
		if !noCheck {
			c.ClientSecrets = []stagedoor.Secret{value}
			proof, err := a.Prove(ctx, c)
			if err != nil {
				return s.unproven(proof, err)
			}
			s.sayProof(proof)
		}
		now, err := v.SetSecret(ctx, c.Slug, value, app.Who())
		if err != nil {
			return err
		}
		if !noCheck {
			if err := v.SecretWorked(ctx, now.ID, value); err != nil {
				return err
			}
			if err := v.SetStatus(ctx, now.ID, stagedoor.StatusVerified, "", app.Who()); err != nil {
				return err
			}
		}
		s.say("saved the new client secret of %s", bold.Render(now.Slug))
		s.next("stagedoor credential check" + argument(now))
		return nil
	})
	return cmd
}

func credentialDisable(s *session) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use: "disable [NAME]", Short: "Switch a credential off, and forget its token", Args: takes(0, 1, "at most one NAME"),
		Example: "stagedoor credential disable acme --reason 'audit until Friday'",
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, for those who meet it")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, args []string) error {
		v, err := a.Vault(ctx)
		if err != nil {
			return err
		}
		if err := v.Disable(ctx, nameOf(args), reason, app.Who()); err != nil {
			return err
		}
		s.say("credential %s is off; Zoom itself still takes its app's tokens until they end", bold.Render(nameOf(args)))
		s.next("stagedoor credential enable " + nameOf(args))
		return nil
	})
	return cmd
}

func credentialEnable(s *session) *cobra.Command {
	cmd := &cobra.Command{
		Use: "enable [NAME]", Short: "Switch a credential on again", Args: takes(0, 1, "at most one NAME"),
		Example: "stagedoor credential enable acme",
	}
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, args []string) error {
		v, err := a.Vault(ctx)
		if err != nil {
			return err
		}
		if err := v.Enable(ctx, nameOf(args), app.Who()); err != nil {
			return err
		}
		s.say("credential %s is on", bold.Render(nameOf(args)))
		s.next("stagedoor credential check " + nameOf(args))
		return nil
	})
	return cmd
}

func credentialRemove(s *session) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "remove NAME", Short: "Remove a credential and destroy its key", Args: takes(1, 1, "the NAME of the credential"),
		Long:    "The sealed values can not be opened again, not even with the database's key. The app at Zoom stays.",
		Example: "stagedoor credential remove acme",
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask on a terminal")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, args []string) error {
		v, c, err := saved(ctx, a, args)
		if err != nil {
			return err
		}
		if s.inTTY && s.errTTY && !yes {
			answer, err := s.ask("Type the name " + c.Slug + " to remove it for good")
			if err != nil {
				return err
			}
			if answer != c.Slug {
				return &stagedoor.Error{
					Op: "remove a credential", Subject: "credential " + c.Slug, Kind: stagedoor.KindInterrupted,
					Cause: "the name was not repeated; nothing was removed",
				}
			}
		}
		if err := v.Remove(ctx, c.Slug); err != nil {
			return err
		}
		s.say("removed credential %s", bold.Render(c.Slug))
		s.next("stagedoor credential list", "deactivate the app on marketplace.zoom.us if nobody needs it any more")
		return nil
	})
	return cmd
}
