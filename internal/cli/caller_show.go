package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/app"
)

// shownCaller is a caller in a JSON document, with what is worked out from the
// clock and the settings.
type shownCaller struct {
	stagedoor.Caller
	State             string    `json:"state"` // active, credential_disabled, ended or revoked
	SecretSetAt       time.Time `json:"secret_set_at,omitzero"`
	FormerSecretUntil time.Time `json:"former_secret_until,omitzero"`
	Keys              []string  `json:"keys,omitempty"` // the kid of each public key
	TokenURL          string    `json:"token_url"`
	BaseURL           string    `json:"base_url"`
}

func shownCallerOf(a *app.App, c stagedoor.Caller) shownCaller {
	is := accessOf(a, c, stagedoor.Secret{})
	shown := shownCaller{
		Caller: c, FormerSecretUntil: is.FormerSecretUntil, Keys: keyNames(c), TokenURL: is.TokenURL, BaseURL: is.BaseURL,
	}
	shown.State = c.State(time.Now())
	if len(c.Secrets) > 0 {
		shown.SecretSetAt = c.Secrets[0].CreatedAt
	}
	if shown.Rules == nil {
		shown.Rules = []stagedoor.Rule{}
	}
	return shown
}

// accessTold says with the day how it stands with a caller.
func accessTold(c stagedoor.Caller, now time.Time) string {
	switch c.State(now) {
	case stagedoor.CallerRevoked:
		return "revoked " + c.RevokedAt.Format(time.DateOnly) + " by " + c.RevokedBy
	case stagedoor.CallerEnded:
		return "ended " + c.ExpiresAt.Format(time.DateOnly)
	case stagedoor.CallerCredentialDisabled:
		return "none: credential " + c.Credential + " is disabled"
	}
	if c.ExpiresAt.IsZero() {
		return "active"
	}
	left := c.ExpiresAt.Sub(now)
	if days := int(left / (24 * time.Hour)); days >= 2 {
		return fmt.Sprintf("active, ends in %d days", days)
	}
	return fmt.Sprintf("active, ends in %d h", max(int(left/time.Hour), 1))
}

// secretTold says how it stands with a caller's secrets and keys.
func secretTold(c stagedoor.Caller, now time.Time) string {
	var told []string
	if len(c.Secrets) > 0 {
		told = append(told, "set "+ago(c.Secrets[0].CreatedAt))
	}
	if former := c.FormerUntil(now); !former.IsZero() {
		told = append(told, "the former one works until "+former.Format("2006-01-02 15:04")+" UTC")
	}
	if n := len(keyNames(c)); n > 0 {
		told = append(told, count(n, "public key"))
	}
	if len(told) == 0 {
		return "none"
	}
	return strings.Join(told, ", ")
}

// keyNames are the kids of a caller's public keys, or their places.
func keyNames(c stagedoor.Caller) []string {
	var set struct {
		Keys []struct {
			KeyID string `json:"kid"`
		} `json:"keys"`
	}
	if c.Keys == "" || json.Unmarshal([]byte(c.Keys), &set) != nil {
		return nil
	}
	var names []string
	for i, key := range set.Keys {
		if key.KeyID == "" {
			key.KeyID = strconv.Itoa(i + 1)
		}
		names = append(names, key.KeyID)
	}
	return names
}

// ruleTold is a rule as the flag that gives it.
func ruleTold(r stagedoor.Rule) string {
	flag := "--allow"
	if r.Deny {
		flag = "--deny"
	}
	if r.Scope != "" {
		flag += "-scope"
	}
	return flag + " '" + r.String() + "'"
}

func callerList(s *session) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "List who is let in", Args: cobra.NoArgs,
		Example: "stagedoor caller list\n\n# Those that have no access any more\nstagedoor caller list --json | jq -r '.[] | select(.state != \"active\") | .name'",
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print an array")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, _ []string) error {
		var list []stagedoor.Caller
		if a.HasDatabase() {
			callers, err := a.Callers(ctx)
			if err != nil {
				return err
			}
			if list, err = callers.List(ctx); err != nil {
				return err
			}
		}
		if asJSON {
			all := make([]shownCaller, len(list))
			for i, c := range list {
				all[i] = shownCallerOf(a, c)
			}
			return s.printJSON(all)
		}
		if len(list) == 0 {
			s.say("there are no callers yet")
			s.next("stagedoor caller add NAME --credential acme --allow 'GET /report/**'")
			return nil
		}
		rows := [][]string{{"NAME", "CREDENTIAL", "STATE", "SECRET", "RULES"}}
		for _, c := range list {
			var rules []string
			for _, r := range c.Rules {
				told := r.String()
				if r.Deny {
					told = "not " + told
				}
				rules = append(rules, told)
			}
			if len(rules) > 3 {
				rules = append(rules[:2], fmt.Sprintf("and %d more", len(rules)-2))
			}
			if c.AllowToken {
				rules = append(rules, "Zoom's own token")
			}
			now := time.Now()
			state := accessTold(c, now)
			rows = append(rows, []string{c.Name, c.Credential, state, secretTold(c, now), strings.Join(rules, ", ")})
		}
		if err := s.list(rows); err != nil {
			return err
		}
		s.hint("stagedoor caller show NAME", "stagedoor caller revoke NAME")
		return nil
	})
	return cmd
}

func callerShow(s *session) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "show NAME", Short: "Show what a caller may do, and how it stands", Args: takes(1, 1, "the NAME of the caller"),
		Example: "stagedoor caller show reports",
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print it as JSON")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, args []string) error {
		callers, err := a.Callers(ctx)
		if err != nil {
			return err
		}
		c, err := callers.Find(ctx, args[0])
		if err != nil {
			return err
		}
		if asJSON {
			return s.printJSON(shownCallerOf(a, c))
		}
		now := time.Now()
		is := accessOf(a, c, stagedoor.Secret{})
		state := accessTold(c, now)
		rows := [][]string{
			{"name", c.Name},
			{"description", c.Description},
			{"credential", c.Credential},
			{"state", state},
			{"client_id", is.ClientID},
			{"client secret", secretTold(c, now)},
			{"public keys", strings.Join(keyNames(c), ", ")},
			{"token_url", is.TokenURL},
			{"base_url", is.BaseURL},
		}
		if c.Share > 0 {
			rows = append(rows, []string{"quota share", strconv.FormatFloat(c.Share*100, 'f', -1, 64) + "%"})
		}
		if c.AllowToken {
			rows = append(rows, []string{"allow token", "yes: it can have Zoom's own token, past every rule"})
		}
		for i, r := range c.Rules {
			head := ""
			if i == 0 {
				head = "rules"
			}
			rows = append(rows, []string{head, ruleTold(r)})
		}
		rows = append(rows,
			[]string{"created", c.CreatedAt.Format(time.DateTime) + " UTC by " + c.CreatedBy},
			[]string{"changed", c.ChangedAt.Format(time.DateTime) + " UTC by " + c.ChangedBy})
		if err := s.table(slices.DeleteFunc(rows, func(r []string) bool { return r[1] == "" })); err != nil {
			return err
		}
		s.hint("stagedoor caller set-rules "+c.Name+" --allow 'GET /report/**'", "stagedoor caller rotate-secret "+c.Name)
		return nil
	})
	return cmd
}
