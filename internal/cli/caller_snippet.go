package cli

import (
	"context"
	"net/netip"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stagedoor/stagedoor/internal/app"
)

// onLoopback reports whether an address is one of this machine alone.
func onLoopback(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && ip.IsLoopback()
}

func callerSnippet(s *session) *cobra.Command {
	var form string
	cmd := &cobra.Command{
		Use: "snippet NAME", Short: "Write ready-made code that uses a caller",
		Args: takes(1, 1, "one NAME"),
		Long: "Writes code that gets a token for the caller, keeps it until it ends, and makes one call that\n" +
			"its rules allow. No secret is in it: programs read STAGEDOOR_CALLER_SECRET, and those for curl\n" +
			"and Python ask on a terminal. docs/callers.md shows what each is for.",
		Example: "# A program of Python's standard library\nstagedoor caller snippet reports --for python > reports.py\n\n" +
			"# A collection that Postman imports\nstagedoor caller snippet reports --for postman > reports.postman_collection.json",
	}
	cmd.Flags().StringVar(&form, "for", "curl", "What it is for: "+strings.Join(app.SnippetForms(), ", "))
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, args []string) error {
		if err := a.Snippet(ctx, s.out, args[0], form); err != nil {
			return err
		}
		if base := a.BaseURL(); app.SnippetRunsElsewhere(form) && onLoopback(base) {
			s.say("%s %s leads nowhere from where this runs: put the address at which the gateway is reached from there into\n"+
				"         public_url (stagedoor.yaml, STAGEDOOR_PUBLIC_URL), and write it again.", amber.Render("warning:"), base)
		}
		return nil
	})
	return cmd
}
