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
	"github.com/stagedoor/stagedoor/internal/vault"
)

func credentialCommand(s *session) *cobra.Command {
	cmd := &cobra.Command{
		Use: "credential", Short: "Save, prove and change credentials", GroupID: groupCredentials,
		Long: "A credential is what Zoom's App Marketplace shows for a Server-to-Server OAuth app:\n" +
			"an account id, a client id and a client secret. It is saved sealed, and proven before it is saved.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		credentialAdd(s), credentialList(s), credentialShow(s), credentialEdit(s), credentialCheck(s),
		credentialSetSecret(s), credentialDisable(s), credentialEnable(s), credentialRemove(s),
	)
	return cmd
}

// credentialFields are the fields of a credential that flags set.
type credentialFields struct {
	name, description, provider, accountID, clientID string
	tokenURL, apiURL, validationURL, plan            string
	purposes, labels, allowHosts                     []string
}

func (f *credentialFields) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.name, "name", "", "display name, free text")
	flags.StringVar(&f.description, "description", "", "what it is for, who owns it")
	flags.StringVar(&f.accountID, "account-id", "", "The Account ID of the app's App Credentials page")
	flags.StringVar(&f.clientID, "client-id", "", "The Client ID of the app's App Credentials page")
	flags.StringVar(&f.tokenURL, "token-url", "", "token endpoint, if not the provider's own")
	flags.StringVar(&f.apiURL, "api-url", "", "Address of the API, if not the provider's own; with or without /v2")
	flags.StringVar(&f.validationURL, "validation-url", "", "what a check calls with the token (default the API's /users/me)")
	flags.StringVar(&f.plan, "plan", "", "the account's Zoom plan: free, pro or business (default pro)")
	flags.StringArrayVar(&f.purposes, "purpose", nil, "what it will be used for, such as reports; may be repeated")
	flags.StringArrayVar(&f.labels, "label", nil, "A KEY=VALUE to find it by; may be repeated")
	flags.StringArrayVar(&f.allowHosts, "allow-host", nil, "A HOST or HOST:PORT that requests may go to besides Zoom's own, such as a simulator's; may be repeated")
}

// apply sets the fields whose flags were given.
func (f *credentialFields) apply(cmd *cobra.Command, c *stagedoor.Credential) error {
	for name, set := range map[string]struct{ from, to *string }{
		"name": {&f.name, &c.Name}, "description": {&f.description, &c.Description},
		"account-id": {&f.accountID, &c.AccountID}, "client-id": {&f.clientID, &c.ClientID},
		"token-url": {&f.tokenURL, &c.TokenURL}, "api-url": {&f.apiURL, &c.APIURL},
		"validation-url": {&f.validationURL, &c.ValidationURL},
	} {
		if cmd.Flags().Changed(name) {
			*set.to = strings.TrimSpace(*set.from)
		}
	}
	if cmd.Flags().Changed("plan") || c.Plan == "" {
		plan, err := stagedoor.ParsePlan(f.plan)
		if err != nil {
			return err
		}
		c.Plan = plan
	}
	if cmd.Flags().Changed("purpose") {
		c.Purposes = f.purposes
	}
	if cmd.Flags().Changed("allow-host") {
		c.AllowHosts = f.allowHosts
	}
	if cmd.Flags().Changed("label") {
		c.Labels = map[string]string{}
		for _, label := range f.labels {
			key, value, ok := strings.Cut(label, "=")
			if !ok || key == "" {
				return &stagedoor.Error{
					Op: "read the labels", Subject: "\"" + label + "\"", Kind: stagedoor.KindUsage,
					Cause: "a label is KEY=VALUE", Fix: "Write it like --label team=finance.",
				}
			}
			c.Labels[key] = value
		}
	}
	return nil
}

func credentialAdd(s *session) *cobra.Command {
	var fields credentialFields
	var secret secretFlags
	var noCheck, asJSON bool
	cmd := &cobra.Command{
		Use: "add [NAME]", Short: "Prove a credential and save it sealed",
		Long: "Mints a token and calls the validation URL with it; only then is the credential saved.\n" +
			"The first one without a NAME is called default, and commands that name none use it.",
		Example: "# On a terminal the secret is asked for\nstagedoor credential add acme --account-id ID --client-id ID\n\n" +
			"# In a script\nstagedoor credential add acme --account-id ID --client-id ID --client-secret-file secret.txt",
		Args: cobra.MaximumNArgs(1),
	}
	fields.register(cmd)
	secret.register(cmd)
	cmd.Flags().StringVar(&fields.provider, "provider", "zoom", "whose credential it is")
	cmd.Flags().BoolVar(&noCheck, "no-check", false, "save it unproven, as \"unverified\"")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the credential and the proof as JSON")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return s.run(func(ctx context.Context, a *app.App, args []string) error {
			c := stagedoor.Credential{Provider: fields.provider}
			if err := fields.apply(cmd, &c); err != nil {
				return err
			}
			nameIt(&c, args)
			p, err := a.Provider(c.Provider)
			if err != nil {
				return err
			}
			if err := s.complete(p, &c, secret.given() || s.inTTY); err != nil {
				return err
			}
			value, err := secret.read(s.terminal, "Client secret")
			if err != nil {
				return err
			}
			c.ClientSecrets = []stagedoor.Secret{value}
			saved, proof, err := a.Add(ctx, c, !noCheck)
			if err != nil {
				return s.unproven(proof, err)
			}
			if asJSON {
				return s.printJSON(struct {
					stagedoor.Credential
					Proof vault.Proof `json:"proof,omitzero"`
				}{saved, proof})
			}
			s.sayProof(proof)
			s.say("saved credential %s (%s)", bold.Render(saved.Slug), saved.Status)
			arg := argument(saved)
			if noCheck {
				s.next("stagedoor credential check" + arg)
			} else {
				s.next("stagedoor token"+arg, "stagedoor sync "+saved.Slug+" meeting_activities --into sqlite:zoom.db")
			}
			return nil
		})(cmd, args)
	}
	return cmd
}

// nameIt derives slug and display name from each other.
func nameIt(c *stagedoor.Credential, args []string) {
	if len(args) > 0 {
		c.Slug = args[0]
		if slug := stagedoor.Slugify(args[0]); slug != args[0] && slug != "" && c.Name == "" {
			c.Slug, c.Name = slug, args[0] // "Acme Prod" is a display name
		}
	}
	if c.Slug == "" {
		c.Slug = stagedoor.DefaultSlug
		if c.Name != "" {
			c.Slug = stagedoor.Slugify(c.Name)
		}
	}
	if c.Name == "" {
		c.Name = c.Slug
	}
}

// argument is how a command names the credential: not at all if it is the
// default one.
func argument(c stagedoor.Credential) string {
	if c.Slug == stagedoor.DefaultSlug {
		return ""
	}
	return " " + c.Slug
}

// complete asks for the required fields that no flag gave; where nobody can be
// asked, it names all that are missing together.
func (s *session) complete(p stagedoor.Provider, c *stagedoor.Credential, secretGiven bool) error {
	var missing []string
	for _, field := range p.Fields {
		if field.Optional {
			continue
		}
		var value *string
		switch field.Name {
		case "account_id":
			value = &c.AccountID
		case "client_id":
			value = &c.ClientID
		}
		flag := "--" + strings.ReplaceAll(field.Name, "_", "-")
		switch {
		case value == nil && !secretGiven:
			missing = append(missing, "--client-secret-stdin")
		case value == nil || *value != "":
		case s.inTTY && s.errTTY:
			answer, err := s.ask(field.Title)
			if err != nil {
				return err
			}
			*value = answer
		}
		if value != nil && *value == "" {
			missing = append(missing, flag)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	fix := "Give it"
	if len(missing) > 1 {
		fix = "Give them"
	}
	return &stagedoor.Error{
		Op: "save a credential", Subject: "credential " + c.Slug, Kind: stagedoor.KindUsage,
		Cause: "missing: " + strings.Join(missing, ", "),
		Fix:   fix + "; you find all values at: " + p.Fields[0].Where + ".",
	}
}

// unproven adds to an error of a check what it means for saving.
func (s *session) unproven(proof vault.Proof, err error) error {
	s.sayProof(proof)
	if len(proof.Steps) > 0 {
		s.say("nothing was saved; --no-check saves it as it is")
	}
	return err
}

func (s *session) sayProof(proof vault.Proof) {
	for _, step := range proof.Steps {
		mark := map[string]string{"ok": green.Render("ok  "), "warn": amber.Render("warn"), "fail": red.Render("fail")}[step.Result]
		s.say("%s  %-8s %s", mark, step.Name, step.Says)
		if step.Result == "warn" && step.Notice != nil && step.Notice.Fix != "" {
			s.say("                %s", faint.Render(step.Notice.Fix))
		}
	}
}

func credentialList(s *session) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{Use: "list", Short: "List credentials", Args: cobra.NoArgs}
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
			return s.printJSON(append([]stagedoor.Credential{}, list...))
		}
		if len(list) == 0 {
			s.say("there are no credentials yet")
			s.next("stagedoor credential add NAME", "stagedoor demo --once")
			return nil
		}
		rows := [][]string{{"NAME", "STATUS", "PROVIDER", "PLAN", "CHECKED", "DESCRIPTION"}}
		for _, c := range list {
			rows = append(rows, []string{c.Slug, string(c.Status), c.Provider, string(c.Plan), ago(c.CheckedAt), c.Description})
		}
		if err := s.table(rows); err != nil {
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
	cmd := &cobra.Command{Use: "show [NAME]", Short: "Show one credential, without its secret", Args: cobra.MaximumNArgs(1)}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print it as JSON")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, args []string) error {
		v, err := a.Vault(ctx)
		if err != nil {
			return err
		}
		c, err := v.Credential(ctx, nameOf(args))
		if err != nil {
			return err
		}
		if asJSON {
			return s.printJSON(c)
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
			{"client secret", fmt.Sprintf("%s, set %s", stagedoor.Redacted, c.SecretSetAt.Format(time.DateOnly))},
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
		s.hint("stagedoor credential check"+argument(c), "stagedoor token"+argument(c))
		return nil
	})
	return cmd
}

func nameOf(args []string) string {
	if len(args) > 0 {
		return args[0]
	}
	return stagedoor.DefaultSlug
}
