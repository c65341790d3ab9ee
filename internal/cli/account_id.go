package cli

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/app"
)

func accountIDCommand(s *session) *cobra.Command {
	var user, apiURL, provider string
	var allow []string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "account-id", Short: "Read the account id with an access token that you have", GroupID: groupCredentials,
		Args: cobra.NoArgs,
		Long: "For those who can not see the app's page: any OAuth access token of the account, on stdin or in\n" +
			"ZOOM_ACCESS_TOKEN, tells the account id through GET /users/{userId}.",
		Example: "printf %s \"$TOKEN\" | stagedoor account-id --user me",
	}
	cmd.Flags().StringVar(&user, "user", "me", "The id or e-mail address of a user of the account")
	cmd.Flags().StringVar(&apiURL, "api-url", "", "Address of the API, if not Zoom's own; with or without /v2")
	cmd.Flags().StringVar(&provider, "provider", stagedoor.Zoom.Name, "Whose token it is: zoom, or zoom-gov for Zoom for Government")
	cmd.Flags().StringArrayVar(&allow, "allow-host", nil, "A HOST or HOST:PORT that the request may go to besides Zoom's own")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print it as JSON")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, _ []string) error {
		token := os.Getenv("ZOOM_ACCESS_TOKEN")
		if token == "" && s.inTTY {
			secret, err := s.prompt("Access token")
			if err != nil {
				return err
			}
			token = secret.Reveal()
		} else if token == "" {
			b, err := io.ReadAll(io.LimitReader(s.in, 64<<10))
			if err != nil {
				return err
			}
			token = string(b)
		}
		id, err := a.ReadAccountID(ctx, provider, user, stagedoor.NewSecret(token), apiURL, allow)
		if err != nil {
			return err
		}
		if asJSON {
			return s.printJSON(struct {
				AccountID string `json:"account_id"`
			}{id})
		}
		fmt.Fprintln(s.out, id)
		s.hint("stagedoor credential add NAME --account-id " + id)
		return nil
	})
	return cmd
}
