package cli

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/app"
	"github.com/stagedoor/stagedoor/internal/form"
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
		watching := s.watching(c.Slug, asJSON)
		defer watching.end()
		proof, err := a.Check(ctx, c, watching.watcher())
		if asJSON {
			if printing := s.printJSON(proof); printing != nil {
				return printing
			}
			return err
		}
		if err != nil {
			return err
		}
		s.say("credential %s is good", bold.Render(c.Slug))
		s.remind(c)
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
		change := func(c *stagedoor.Credential) error {
			if slug != "" {
				c.Slug = slug
			}
			return fields.apply(cmd, c)
		}
		watching := s.watching(cmp.Or(slug, nameOf(args)), false)
		defer watching.end()
		_, now, proof, err := a.EditCredential(ctx, nameOf(args), change, !noCheck, watching.watcher())
		switch {
		case err != nil && !proof.CheckedAt.IsZero() && !proof.Verified:
			return s.unproven(now, err)
		case err != nil:
			return err
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

func credentialSetSecret(s *session) *cobra.Command {
	var secret secretFlags
	var noCheck, asJSON bool
	cmd := &cobra.Command{
		Use: "set-secret [NAME]", Short: "Put a new client secret in place, without a gap", Args: takes(0, 1, "at most one NAME"),
		Long: "The new secret is proven before it takes the former one's place; one that Zoom refuses is not saved,\n" +
			"and the former one goes on being used. With --no-check it is saved beside the former one, which is\n" +
			"used until the new one has worked once.",
		Example: "# On a terminal the secret is asked for\nstagedoor credential set-secret acme\n\n" +
			"# In a script\nstagedoor credential set-secret acme --client-secret-file new.txt",
	}
	secret.register(cmd)
	cmd.Flags().BoolVar(&noCheck, "no-check", false, "save it unproven, beside the former one")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the credential and the proof as JSON")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, args []string) error {
		c, err := a.SavedCredential(ctx, nameOf(args))
		if err != nil {
			return err
		}
		value, err := s.newSecret(ctx, a, c, secret)
		if err != nil {
			return err
		}
		watching := s.watching(c.Slug, asJSON)
		defer watching.end()
		now, proof, err := a.SetSecret(ctx, c, value, !noCheck, watching.watcher())
		if err != nil {
			s.say("nothing was saved; the secret of %s stays in use, as before", c.SecretSetAt.Format(time.DateOnly))
			return err
		}
		if asJSON {
			return s.printJSON(struct {
				shownCredential
				Proof stagedoor.Proof `json:"proof,omitzero"`
			}{shown(now), proof})
		}
		if now.SecretUnproven {
			s.say("saved the new client secret of %s, unproven: the former one is used until the new one has worked", bold.Render(now.Slug))
		} else {
			s.say("saved the new client secret of %s; nothing uses the former one any more", bold.Render(now.Slug))
		}
		s.next("stagedoor credential check" + argument(now))
		return nil
	})
	return cmd
}

// newSecret reads the secret from where the flags say, or asks for it.
func (s *session) newSecret(ctx context.Context, a *app.App, c stagedoor.Credential, from secretFlags) (stagedoor.Secret, error) {
	if from.given() || !s.inTTY || !s.errTTY {
		return from.read(s.terminal, "New client secret")
	}
	p, err := a.Provider(c.Provider)
	if err != nil {
		return stagedoor.Secret{}, err
	}
	typed := typedValues{zoom: p.BuiltOn() == stagedoor.Zoom.Name, accountID: c.AccountID, clientID: c.ClientID}
	if typed.zoom {
		s.para("%s", howToRenew)
	}
	err = s.asker().Ask(ctx, form.Question{
		Title: "New client secret of " + c.Slug, About: fieldOf(p, "client_secret").Where,
		Text: &typed.secret, Hidden: true, Check: typed.ofSecret,
	})
	if err != nil {
		return stagedoor.Secret{}, left("set a client secret", "credential "+c.Slug)
	}
	return typed.clientSecret(), nil
}

func fieldOf(p stagedoor.Provider, name string) stagedoor.Field {
	for _, f := range p.Fields {
		if f.Name == name {
			return f
		}
	}
	return stagedoor.Field{}
}

func credentialDisable(s *session) *cobra.Command {
	var reason string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "disable [NAME]", Short: "Switch a credential off, and forget its token", Args: takes(0, 1, "at most one NAME"),
		Example: "stagedoor credential disable acme --reason 'audit until Friday'",
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, for those who meet it")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the credential as JSON")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, args []string) error {
		c, err := a.DisableCredential(ctx, nameOf(args), reason)
		if err != nil {
			return err
		}
		if asJSON {
			return s.printSaved(c, stagedoor.Proof{})
		}
		s.say("credential %s is off; Zoom itself still takes its app's tokens until they end", bold.Render(c.Slug))
		s.next("stagedoor credential enable " + c.Slug)
		return nil
	})
	return cmd
}

func credentialEnable(s *session) *cobra.Command {
	var noCheck, asJSON bool
	cmd := &cobra.Command{
		Use: "enable [NAME]", Short: "Switch a credential on again, and check it", Args: takes(0, 1, "at most one NAME"),
		Long: "It is on in any case; the check then says whether it still works. With --no-check it counts as\n" +
			"unverified until somebody checks it.",
		Example: "stagedoor credential enable acme",
	}
	cmd.Flags().BoolVar(&noCheck, "no-check", false, "do not ask Zoom whether it works")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the credential and the proof as JSON")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, args []string) error {
		c, err := a.EnableCredential(ctx, nameOf(args))
		if err != nil {
			return err
		}
		var proof stagedoor.Proof
		var checking error
		if !asJSON {
			s.say("credential %s is on", bold.Render(c.Slug))
		}
		watching := s.watching(c.Slug, asJSON)
		defer watching.end()
		if !noCheck {
			proof, checking = a.Check(ctx, c, watching.watcher())
			if checking != nil && stagedoor.KindOf(checking).Row().Retry && ctx.Err() == nil {
				s.say("whether it works could not be told: %s", stagedoor.NoticeOf(checking).Cause)
				checking = nil // it is on, which is what was asked
			}
		}
		if asJSON {
			if now, err := a.SavedCredential(ctx, c.ID); err == nil {
				c = now
			}
			return errors.Join(s.printSaved(c, proof), checking)
		}
		if checking == nil {
			s.next("stagedoor credential check" + argument(c))
		}
		return checking
	})
	return cmd
}

// printSaved prints a credential as it is now.
func (s *session) printSaved(now stagedoor.Credential, proof stagedoor.Proof) error {
	return s.printJSON(struct {
		shownCredential
		Proof stagedoor.Proof `json:"proof,omitzero"`
	}{shown(now), proof})
}

func credentialRemove(s *session) *cobra.Command {
	var yes, asJSON bool
	cmd := &cobra.Command{
		Use: "remove NAME", Short: "Remove a credential and destroy its key", Args: takes(1, 1, "the NAME of the credential"),
		Long: "The sealed values can not be opened again, not even with the database's key. The app at Zoom stays.\n" +
			"The callers that were let through to it go with it, and its schedules.",
		Example: "stagedoor credential remove acme",
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask on a terminal")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print what was removed as JSON")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, args []string) error {
		c, err := a.SavedCredential(ctx, nameOf(args))
		if err != nil {
			return err
		}
		with, err := a.CredentialDependents(ctx, c.Slug)
		if err != nil {
			return err
		}
		callers, schedules := with.Callers, with.Schedules
		if len(with.Runs) > 0 && !asJSON {
			s.say("with the credential runs end that go on now, or wait: %s", bold.Render(strings.Join(with.Runs, ", ")))
		}
		if len(schedules) > 0 && !asJSON {
			s.say("with the credential its schedules go: %s", bold.Render(strings.Join(schedules, ", ")))
		}
		if len(callers) > 0 && !asJSON {
			s.say("with the credential its callers lose their access: %s", bold.Render(strings.Join(callers, ", ")))
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
		if _, err := a.RemoveCredential(ctx, c.Slug); err != nil {
			return err
		}
		if asJSON {
			return s.printJSON(struct {
				Slug      string   `json:"slug"`
				ID        string   `json:"id"`
				Removed   bool     `json:"removed"`
				Callers   []string `json:"callers,omitempty"`   // that went with it
				Schedules []string `json:"schedules,omitempty"` // the same
			}{c.Slug, c.ID, true, callers, schedules})
		}
		s.say("removed credential %s", bold.Render(c.Slug))
		s.next("stagedoor credential list", "deactivate the app on marketplace.zoom.us if nobody needs it any more")
		return nil
	})
	return cmd
}
