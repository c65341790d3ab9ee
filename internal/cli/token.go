package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/app"
)

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
	cmd.Flags().DurationVar(&minTTL, "min-ttl", app.UsualTTL, "how long it must last at least")
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
		asked := minTTL
		if !cmd.Flags().Changed("min-ttl") {
			asked = -1 // what is usual
		}
		t, err := conn.LastingToken(ctx, asked)
		if err != nil {
			return err
		}
		if err := a.MarkUsed(ctx, c); err != nil {
			return err
		}
		a.Note(ctx, stagedoor.Event{Action: "token.hand-out", Credential: c.Slug}, nil)
		if err := write(s.out, t, conn); err != nil {
			return err
		}
		s.hint("curl -H @<(stagedoor token" + argument(c) + " --format header) " + conn.APIURL(t) + "/users/me")
		return nil
	})
	return cmd
}

// tokenWriter returns what prints a token in a format. This is where tokens
// leave the program on purpose.
func tokenWriter(format string) (func(io.Writer, stagedoor.Token, *app.Connection) error, error) {
	switch format {
	case "raw":
		return func(w io.Writer, t stagedoor.Token, _ *app.Connection) error {
			_, err := fmt.Fprintln(w, t.Value.Reveal())
			return err
		}, nil
	case "header":
		return func(w io.Writer, t stagedoor.Token, _ *app.Connection) error {
			_, err := fmt.Fprintln(w, "Authorization: Bearer "+t.Value.Reveal())
			return err
		}, nil
	case "env":
		return func(w io.Writer, t stagedoor.Token, conn *app.Connection) error {
			_, err := fmt.Fprintf(w, "export ZOOM_ACCESS_TOKEN=%s\nexport ZOOM_API_URL=%s\nexport ZOOM_TOKEN_EXPIRES_AT=%s\n",
				quote(t.Value.Reveal()), quote(conn.APIURL(t)), quote(t.Expiry.UTC().Format(time.RFC3339)))
			return err
		}, nil
	case "json":
		return func(w io.Writer, t stagedoor.Token, conn *app.Connection) error {
			document, err := conn.TokenDocument(t)
			if err != nil {
				return err
			}
			_, err = w.Write(document)
			return err
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
