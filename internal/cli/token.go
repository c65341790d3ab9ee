package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/app"
)

// usualTTL is how long a token lasts at least unless --min-ttl says otherwise.
const usualTTL = 5 * time.Minute

func tokenCommand(s *session) *cobra.Command {
	var minTTL time.Duration
	var format string
	cmd := &cobra.Command{
		Use: "token [NAME]", Short: "Hand out an access token that lasts", GroupID: groupCredentials,
		Args: takes(0, 1, "at most one NAME"),
		Long: "Prints a token that lasts at least --min-ttl. All processes of this home share one token, so\n" +
			"asking often costs Zoom nothing.",
		Example: "# For a program that takes the token as it is\nTOKEN=$(stagedoor token acme)\n\n" +
			"# For curl, without the token in the process list\nstagedoor token acme --format header | curl -H @- https://api.zoom.us/v2/users/me\n\n" +
			"# For a shell script\neval \"$(stagedoor token acme --format env)\"",
	}
	cmd.Flags().DurationVar(&minTTL, "min-ttl", usualTTL, "how long it must last at least")
	cmd.Flags().StringVar(&format, "format", "raw", "How to print it: raw, header, env or json")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, args []string) error {
		write, err := tokenWriter(format)
		if err != nil {
			return err
		}
		if minTTL < 0 {
			return &stagedoor.Error{Op: "read the flags", Subject: "--min-ttl", Kind: stagedoor.KindUsage, Cause: "it is negative", Fix: "Write a duration such as 5m."}
		}
		c, err := a.Credential(ctx, nameOf(args))
		if err != nil {
			return err
		}
		conn, err := a.Connect(ctx, c, app.Use{})
		if err != nil {
			return err
		}
		defer conn.Close()
		t, err := a.Token(ctx, conn, explicit(cmd, "min-ttl", minTTL))
		if err != nil {
			return err
		}
		// A service may grant tokens shorter than the usual five minutes:
		// half of what it grants is asked of them.
		if usual := min(usualTTL, t.Expiry.Sub(t.Minted)/2); !cmd.Flags().Changed("min-ttl") && time.Until(t.Expiry) < usual {
			if t, err = a.Token(ctx, conn, usual); err != nil {
				return err
			}
		}
		a.Note(ctx, stagedoor.Event{Action: "token.hand-out", Credential: c.Slug}, nil)
		if err := write(s.out, t, conn.APIURL(t)); err != nil {
			return err
		}
		s.hint("curl -H @<(stagedoor token" + argument(c) + " --format header) " + conn.APIURL(t) + "/users/me")
		return nil
	})
	return cmd
}

func explicit(cmd *cobra.Command, flag string, value time.Duration) time.Duration {
	if cmd.Flags().Changed(flag) {
		return value
	}
	return 0
}

// tokenWriter returns what prints a token in a format. This is where tokens
// leave the program on purpose.
func tokenWriter(format string) (func(io.Writer, stagedoor.Token, string) error, error) {
	switch format {
	case "raw":
		return func(w io.Writer, t stagedoor.Token, _ string) error {
			_, err := fmt.Fprintln(w, t.Value.Reveal())
			return err
		}, nil
	case "header":
		return func(w io.Writer, t stagedoor.Token, _ string) error {
			_, err := fmt.Fprintln(w, "Authorization: Bearer "+t.Value.Reveal())
			return err
		}, nil
	case "env":
		return func(w io.Writer, t stagedoor.Token, api string) error {
			_, err := fmt.Fprintf(w, "export ZOOM_ACCESS_TOKEN=%s\nexport ZOOM_API_URL=%s\nexport ZOOM_TOKEN_EXPIRES_AT=%s\n",
				quote(t.Value.Reveal()), quote(api), quote(t.Expiry.UTC().Format(time.RFC3339)))
			return err
		}, nil
	case "json":
		return func(_ io.Writer, t stagedoor.Token, api string) error {
			return (&terminal{out: os.Stdout}).printJSON(struct {
				AccessToken string    `json:"access_token"`
				TokenType   string    `json:"token_type"`
				ExpiresIn   int64     `json:"expires_in"` // seconds
				ExpiresAt   time.Time `json:"expires_at"`
				Scope       string    `json:"scope"`
				APIURL      string    `json:"api_url"`
			}{
				t.Value.Reveal(), t.Type, int64(time.Until(t.Expiry).Seconds()), t.Expiry.UTC().Truncate(time.Second),
				strings.Join(t.Scopes, " "), api,
			})
		}, nil
	}
	return nil, &stagedoor.Error{
		Op: "print the token", Subject: "--format " + format, Kind: stagedoor.KindUsage,
		Cause: "there is no such format", Fix: "Use raw, header, env or json.",
	}
}

// quote makes a text safe for a POSIX shell's eval.
func quote(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
