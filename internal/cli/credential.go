package cli

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/app"
	"github.com/stagedoor/stagedoor/internal/form"
	"github.com/stagedoor/stagedoor/internal/scope"
)

func credentialCommand(s *session) *cobra.Command {
	cmd := &cobra.Command{
		Use: "credential", Short: "Save, prove and change credentials", GroupID: groupCredentials,
		Long: "A credential is what Zoom's App Marketplace shows for a Server-to-Server OAuth app:\n" +
			"an account id, a client id and a client secret. It is saved sealed, and proven before it is saved.",
		Example: "# Save one, look at it, prove it again\nstagedoor credential add acme --account-id ID --client-id ID\nstagedoor credential show acme\nstagedoor credential check acme",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
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
	flags.StringArrayVar(&f.purposes, "purpose", nil, "what it will be used for: users, meetings, webinars, phone, recordings, reports, dashboards or team-chat, with :write where it changes things; may be repeated")
	flags.StringArrayVar(&f.labels, "label", nil, "A KEY=VALUE to find it by; may be repeated")
	flags.StringArrayVar(&f.allowHosts, "allow-host", nil, "A HOST or HOST:PORT that requests may go to besides Zoom's own, such as a simulator's; may be repeated, and an empty one takes away those that were there")
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
		purposes, err := scope.ParsePurposes(f.purposes)
		if err != nil {
			return err
		}
		c.Purposes = scope.Names(purposes)
	}
	if cmd.Flags().Changed("allow-host") {
		// It adds; an empty one takes away all that were there.
		for _, host := range f.allowHosts {
			switch {
			case host == "":
				c.AllowHosts = nil
			case !slices.Contains(c.AllowHosts, host):
				c.AllowHosts = append(slices.Clone(c.AllowHosts), host)
			}
		}
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
		Example: "# On a terminal a form asks for everything that no flag gives\nstagedoor credential add acme\n\n" +
			"# In a script\nstagedoor credential add acme --account-id ID --client-id ID --client-secret-file secret.txt",
		Args: takes(0, 1, "at most one NAME"),
	}
	fields.register(cmd)
	secret.register(cmd)
	cmd.Flags().StringVar(&fields.provider, "provider", "zoom", "whose credential it is")
	cmd.Flags().BoolVar(&noCheck, "no-check", false, "save it unproven, as \"unverified\"")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the credential and the proof as JSON")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, args []string) error {
		c := stagedoor.Credential{Provider: fields.provider}
		if err := fields.apply(cmd, &c); err != nil {
			return err
		}
		nameIt(&c, args)
		p, err := a.Provider(c.Provider)
		if err != nil {
			return err
		}
		missing := missingFields(p, c, secret.given())
		if len(missing) > 0 && s.inTTY && s.errTTY && !secret.stdin {
			return s.addByForm(ctx, a, p, &c, cmd.Flags().Changed, secret, !noCheck, asJSON)
		}
		if len(missing) > 0 {
			return incomplete(p, c, missing)
		}
		value, err := secret.read(s.terminal, "Client secret")
		if err != nil {
			return err
		}
		c.ClientSecrets = []stagedoor.Secret{value}
		watching := s.watching(c.Slug, asJSON)
		defer watching.end()
		saved, proof, err := a.Add(ctx, c, !noCheck, watching.watcher())
		if err != nil {
			return s.unproven(c, err)
		}
		return s.added(saved, proof, asJSON)
	})
	return cmd
}

// addByForm asks for what is missing, checks and saves.
func (s *session) addByForm(ctx context.Context, a *app.App, p stagedoor.Provider, c *stagedoor.Credential, given func(string) bool, secret secretFlags, check, asJSON bool) error {
	f := &addForm{session: s, ask: s.asker(), app: a, provider: p, c: c, given: given}
	if secret.given() {
		var err error
		if f.secret, err = secret.read(s.terminal, "Client secret"); err != nil {
			return err
		}
	}
	saved, proof, err := f.run(ctx, check)
	if errors.Is(err, form.ErrLeft) {
		return left("save a credential", "credential "+c.Slug)
	}
	if err != nil {
		return err
	}
	return s.added(saved, proof, asJSON)
}

// added says that a credential was saved.
func (s *session) added(saved stagedoor.Credential, proof stagedoor.Proof, asJSON bool) error {
	if asJSON {
		return s.printJSON(struct {
			stagedoor.Credential
			Proof stagedoor.Proof `json:"proof,omitzero"`
		}{saved, proof})
	}
	s.say("saved credential %s (%s)", bold.Render(saved.Slug), saved.Status)
	arg := argument(saved)
	if saved.Status == stagedoor.StatusUnverified {
		s.next("stagedoor credential check" + arg)
	} else if len(proof.Missing) > 0 {
		s.next("stagedoor scopes --credential "+saved.Slug, "stagedoor streams --credential "+saved.Slug)
	} else {
		s.next("stagedoor token"+arg, "stagedoor sync "+saved.Slug+" meeting_activities --into sqlite:zoom.db")
	}
	return nil
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

// missingFields are the flags of the required fields that nobody gave.
func missingFields(p stagedoor.Provider, c stagedoor.Credential, secretGiven bool) []string {
	var missing []string
	for _, field := range p.Fields {
		if field.Optional {
			continue
		}
		there := map[string]bool{"account_id": c.AccountID != "", "client_id": c.ClientID != "", "client_secret": secretGiven}
		switch {
		case there[field.Name]:
		case field.Name == "client_secret":
			missing = append(missing, "--client-secret-stdin")
		default:
			missing = append(missing, "--"+strings.ReplaceAll(field.Name, "_", "-"))
		}
	}
	return missing
}

// incomplete names all that is missing together, where nobody can be asked.
func incomplete(p stagedoor.Provider, c stagedoor.Credential, missing []string) error {
	fix := "Give it"
	if len(missing) > 1 {
		fix = "Give them"
	}
	fix += "; you find all values at: " + p.Fields[0].Where + "."
	if p.BuiltOn() == stagedoor.Zoom.Name {
		fix += " Which scopes the app needs, `stagedoor scopes --purpose reports` lists, for reports. On a terminal `stagedoor credential add` leads through it all."
	}
	return &stagedoor.Error{
		Op: "save a credential", Subject: "credential " + c.Slug, Kind: stagedoor.KindUsage,
		Cause: "missing: " + strings.Join(missing, ", "), Fix: fix,
	}
}

// unproven adds to an error of a check what it means for saving. Its fix speaks
// of a saved credential, and nothing was saved: what leads on is the same command.
func (s *session) unproven(c stagedoor.Credential, err error) error {
	if kind := stagedoor.KindOf(err); kind == stagedoor.KindUsage || kind == stagedoor.KindExists {
		return err // it did not come to a check
	}
	s.say("nothing was saved; --no-check saves it as it is")
	e, ok := errors.AsType[*stagedoor.Error](err)
	if !ok {
		return err
	}
	again := *e
	switch {
	case e.Kind == stagedoor.KindHostRefused:
		hosts := "--allow-host HOST or HOST:PORT"
		if refused := refusedHosts(c, err); len(refused) > 0 {
			hosts = "--allow-host " + strings.Join(refused, " --allow-host ")
		}
		again.Fix = "If the address is right, run the same command again with " + hosts + "."
	case stagedoor.ExitStatus(err) == stagedoor.ExitStatus(&stagedoor.Error{Kind: stagedoor.KindInvalidClient}):
		again.Fix = stagedoor.WithoutCommands(e.Fix) + " Then run the same command again."
	}
	return &again
}

// refusedHosts are the hosts of the credential's own addresses of which an
// error speaks.
func refusedHosts(c stagedoor.Credential, err error) []string {
	var hosts []string
	for _, address := range []string{c.TokenURL, c.APIURL} {
		if u, parsing := url.Parse(address); parsing == nil && u.Host != "" && !slices.Contains(hosts, u.Host) && strings.Contains(err.Error(), u.Host) {
			hosts = append(hosts, u.Host)
		}
	}
	return hosts
}

func nameOf(args []string) string {
	if len(args) > 0 {
		return args[0]
	}
	return stagedoor.DefaultSlug
}
