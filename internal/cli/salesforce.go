package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/stagedoor/stagedoor/internal/app"
)

func salesforceCommand(s *session) *cobra.Command {
	cmd := &cobra.Command{
		Use: "salesforce", Short: "Read Zoom from Salesforce, without Apex or with it", GroupID: groupCredentials,
		Long: "Salesforce reads Zoom through the gateway with its own Named Credentials and External Services.\n" +
			"docs/salesforce.md tells how by clicks; `salesforce scaffold` writes the same as a project to deploy.",
		Example: "# Everything that Salesforce needs, as a project to deploy\n" +
			"stagedoor salesforce scaffold zoom-in-salesforce --credential acme --url https://stagedoor.example.com",
		Args: cobra.NoArgs,
	}
	cmd.AddCommand(salesforceScaffold(s))
	return cmd
}

func salesforceScaffold(s *session) *cobra.Command {
	var o app.SalesforceOptions
	var force, asJSON bool
	cmd := &cobra.Command{
		Use: "scaffold DIR", Short: "Write a Salesforce source project (sfdx) that reads Zoom through the gateway",
		Args: takes(1, 1, "the DIR to write into"),
		Long: "Writes into DIR, for `sf project deploy start`: an External Credential (OAuth 2.0, client credentials),\n" +
			"a Named Credential, a permission set, an External Service of what the caller may call, and typed Apex\n" +
			"classes with tests for the meeting reports that are among it (Schedulable, for Flow, for Lightning).\n\n" +
			"No file holds a secret: the caller's is typed into Salesforce afterwards, as DIR/README.md says.\n" +
			"meeting_activities is an event log; one row per meeting is report_user_meetings.",
		Example: "stagedoor salesforce scaffold zoom-in-salesforce --credential acme --url https://stagedoor.example.com\n\n" +
			"# Two credentials in one org: another name for each\n" +
			"stagedoor salesforce scaffold emea --credential acme --name Zoom_EMEA --url https://stagedoor.example.com",
	}
	flags := cmd.Flags()
	flags.StringVar(&o.Caller, "caller", "", "the caller that Salesforce will be; the project has what it may call")
	flags.StringVar(&o.Credential, "credential", "", "the credential to read, where no caller was added yet: the reports")
	flags.StringVar(&o.BaseURL, "url", "", "where Salesforce reaches the gateway, https://HOST (default: public_url)")
	flags.StringVar(&o.Name, "name", "Stagedoor", "API name of the components, and how the classes' names begin")
	flags.StringVar(&o.APIVersion, "api-version", "66.0", "of Salesforce's Metadata API")
	flags.BoolVar(&force, "force", false, "write over other files that are in the way")
	flags.BoolVar(&asJSON, "json", false, "print what was written as an object")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, args []string) error {
		p, err := a.Salesforce(ctx, o)
		if err != nil {
			return err
		}
		written, err := p.Write(args[0], force)
		if err != nil {
			return err
		}
		if asJSON {
			classes := p.Classes
			if classes == nil {
				classes = []string{}
			}
			return s.printJSON(struct {
				Dir        string   `json:"dir"`
				Credential string   `json:"credential"`
				Caller     string   `json:"caller,omitempty"`
				Files      int      `json:"files"`
				Written    int      `json:"written"`
				Operations int      `json:"operations"`
				Classes    []string `json:"classes"`
			}{args[0], p.Credential, p.Caller, len(p.Files), len(written), p.Operations, classes})
		}
		if len(written) == 0 {
			s.say("%s holds this project already; nothing was written", args[0])
			return nil
		}
		s.say("%s in %s: %s for Flow, %d Apex classes", count(len(written), "file"), args[0], count(p.Operations, "operation"), len(p.Classes))
		s.say("")
		s.say("It holds no secret. What comes next, with more in %s/README.md:", args[0])
		s.say("")
		if p.Caller == "" {
			s.say("  stagedoor caller add salesforce --credential %s --allow '%s'", p.Credential, app.SalesforceRule())
		}
		s.say("  cd %s && sf org login web --alias zoom", args[0])
		s.say("  sf project deploy start --target-org zoom --test-level RunLocalTests")
		s.say("  sf org assign permset --target-org zoom --name %s", o.Name)
		s.say("")
		s.say("then type the caller's id and secret into Setup → Named Credentials → External Credentials")
		return nil
	})
	return cmd
}
