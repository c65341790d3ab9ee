package cli

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/app"
	"github.com/stagedoor/stagedoor/internal/caller"
)

func callerCommand(s *session) *cobra.Command {
	cmd := &cobra.Command{
		Use: "caller", Short: "Let programs in, and say what each may do", GroupID: groupCredentials,
		Long: "A caller is a program that `stagedoor serve` lets through to one credential, by standard OAuth with a\n" +
			"client id and secret of its own. It may do what its rules allow, and nothing else; the credential's\n" +
			"own secret never leaves this machine.",
		Example: "# One that may read reports and nothing else\nstagedoor caller add reports --credential acme --allow 'GET /report/**'\n\n" +
			"# What it may do, and how it stands\nstagedoor caller show reports",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(callerAdd(s), callerList(s), callerShow(s), callerSetRules(s), callerRotateSecret(s), callerRevoke(s), callerSnippet(s))
	return cmd
}

// ruleFlags are rules as flags give them.
type ruleFlags struct{ stagedoor.RuleTexts }

func (f *ruleFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVar(&f.Allow, "allow", nil, "what it may call: 'GET /report/**', 'GET,POST /users/*/meetings' or, for any method, '/users/**'; may be repeated")
	flags.StringArrayVar(&f.AllowScope, "allow-scope", nil, "A scope whose operations it may call: report:read:admin; may be repeated")
	flags.StringArrayVar(&f.Deny, "deny", nil, "what it may not call, whatever else allows it; may be repeated")
	flags.StringArrayVar(&f.DenyScope, "deny-scope", nil, "A scope whose operations it may not call; may be repeated")
}

const aboutRules = "Nothing is allowed but what a rule allows, and where a rule denies, no other allows. In a pattern * is one\n" +
	"segment of the path and ** at its end any number of them. Rules are about the path behind /v2 as Zoom's\n" +
	"documents write it; a deny does not mind letter case. A rule for /users/me or an e-mail address says nothing\n" +
	"of the same user's id."

func callerAdd(s *session) *cobra.Command {
	var rules ruleFlags
	var add stagedoor.NewCaller
	var share, expires, keys string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "add NAME", Short: "Let a program in to a credential", Args: takes(1, 1, "the NAME of the caller"),
		Long: "Prints what the program needs: client id, client secret, token URL and the base URL that takes the place of\n" +
			"https://api.zoom.us. The secret is shown this once; only its hash is kept.\n\n" + aboutRules,
		Example: "# One that reads reports\nstagedoor caller add reports --credential acme --allow 'GET /report/**'\n\n" +
			"# By scope, for 90 days, with a fifth of the rate at most while others wait\nstagedoor caller add nightly --credential acme --allow-scope report:read:admin --quota-share 20% --expires 90d --json\n\n" +
			"# Everything about users but changing them\nstagedoor caller add directory --credential acme --allow '/users/**' --deny 'POST,PUT,PATCH,DELETE /users/**'",
	}
	rules.register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&add.Credential, "credential", stagedoor.DefaultSlug, "the credential that it may use")
	flags.StringVar(&add.Description, "description", "", "what it is for, who runs it")
	flags.StringVar(&share, "quota-share", "", "the part of the account's rate that it may use while others wait: 20% (default: no limit of its own)")
	flags.StringVar(&expires, "expires", "never", "how long it has access: days (90d), hours (12h), its last day (2027-03-31), or never")
	flags.BoolVar(&add.AllowToken, "allow-token", false, "let it have Zoom's own token, which opens all that the credential may, past every rule")
	flags.StringVar(&keys, "jwks", "", "A FILE with the public keys, a JSON Web Key Set, with which it signs assertions (private_key_jwt)")
	flags.BoolVar(&add.NoSecret, "no-secret", false, "make no secret: it proves itself with its keys alone")
	flags.BoolVar(&asJSON, "json", false, "print client_id, client_secret, token_url and base_url as JSON")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, args []string) error {
		add.Name = args[0]
		add.RuleTexts = rules.RuleTexts
		var err error
		if add.Share, err = stagedoor.ParseShare(share); err != nil {
			return err
		}
		if add.ExpiresAt, err = stagedoor.ParseEnd(expires, time.Now()); err != nil {
			return err
		}
		if add.Keys, err = keysOf(keys); err != nil {
			return err
		}
		c, secret, doubts, err := a.AddCaller(ctx, add)
		if err != nil {
			return err
		}
		if err := s.printAccess(a, c, secret, asJSON); err != nil {
			return err
		}
		s.doubt(doubts)
		s.warnToken(c)
		if asJSON {
			return nil
		}
		if secret.IsZero() {
			s.say("added caller %s to credential %s, with keys and without a secret", bold.Render(c.Name), c.Credential)
		} else {
			s.say("added caller %s to credential %s; its secret is shown this once", bold.Render(c.Name), c.Credential)
		}
		s.next("stagedoor serve", "stagedoor caller show "+c.Name)
		return nil
	})
	return cmd
}

// access is what a program needs to come in.
type access struct {
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret,omitempty"`
	TokenURL     string `json:"token_url"`
	BaseURL      string `json:"base_url"`
	// FormerSecretUntil is until when the secret that this one takes the place of
	// works as well.
	FormerSecretUntil time.Time `json:"former_secret_until,omitzero"`
}

// accessOf is of a caller; the secret is there only when it was just made.
func accessOf(a *app.App, c stagedoor.Caller, secret stagedoor.Secret) access {
	base := a.BaseURL()
	return access{
		ClientID: c.ID, ClientSecret: secret.Reveal(), TokenURL: base + "/oauth/token", BaseURL: base + "/to/" + c.Credential,
		FormerSecretUntil: c.FormerUntil(time.Now()),
	}
}

func (s *session) printAccess(a *app.App, c stagedoor.Caller, secret stagedoor.Secret, asJSON bool) error {
	is := accessOf(a, c, secret)
	if asJSON {
		return s.printJSON(is)
	}
	rows := [][]string{{"client_id", is.ClientID}}
	if !secret.IsZero() {
		rows = append(rows, []string{"client_secret", is.ClientSecret})
	}
	return s.table(append(rows, []string{"token_url", is.TokenURL}, []string{"base_url", is.BaseURL}))
}

func (s *session) doubt(doubts []string) {
	for _, doubt := range doubts {
		s.say("%s %s", amber.Render("warning:"), doubt)
	}
}

func (s *session) warnToken(c stagedoor.Caller) {
	if c.AllowToken {
		s.say("%s with --allow-token %s can have Zoom's own token. Whoever has that token may do all that the credential %s may, for an hour, past every rule, quota and audit here, and revoking the caller does not take it back.",
			amber.Render("warning:"), c.Name, c.Credential)
	}
}

// keysOf reads a file of public keys.
func keysOf(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	document, err := os.ReadFile(path)
	if err != nil {
		e := &stagedoor.Error{
			Op: "read the public keys", Subject: path, Kind: stagedoor.KindUsage, Err: err,
			Cause: "the file can not be read", Fix: "Check its name and mode.",
		}
		if errors.Is(err, fs.ErrNotExist) {
			e.Cause = "there is no such file"
		}
		return "", e
	}
	return caller.ParseKeys(document)
}
