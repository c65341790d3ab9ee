package cli

import (
	"context"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/app"
	"github.com/stagedoor/stagedoor/internal/destination"
)

func destinationCommand(s *session) *cobra.Command {
	cmd := &cobra.Command{
		Use: "destination", Short: "Save where rows go, sealed and under a name", GroupID: groupData,
		Long: "A saved destination is what `--into NAME` means. Its URL may hold a password, so that it lies sealed as\n" +
			"credentials do, and is never shown again.",
		Example: "stagedoor destination add warehouse sqlite:warehouse.db\nstagedoor sync acme users --into warehouse",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(destinationAdd(s), destinationList(s), destinationCheck(s), destinationRemove(s))
	return cmd
}

// urlFlags are the ways in which a command takes a destination's URL.
type urlFlags struct {
	stdin bool
	file  string
}

func destinationAdd(s *session) *cobra.Command {
	var f urlFlags
	var d stagedoor.SavedDestination
	var asJSON bool
	cmd := &cobra.Command{
		Use: "add NAME [URL]", Short: "Try a destination, and save it", Args: takes(1, 2, "the NAME of the destination, and its URL if that holds no password"),
		Long: "It is opened, and a row is written and given up again; only what works is saved. A URL with a password comes\n" +
			"from a prompt, --url-stdin, --url-file or STAGEDOOR_DESTINATION_URL, never from the command line.",
		Example: "# A file\nstagedoor destination add warehouse sqlite:warehouse.db --description 'for the finance team'\n\n" +
			"# One with a password\nprintf 'sqlite:reports.db' > url.txt\nstagedoor destination add reports --url-file url.txt",
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.stdin, "url-stdin", false, "read the URL from stdin")
	flags.StringVar(&f.file, "url-file", "", "read the URL from a FILE")
	flags.StringVar(&d.Description, "description", "", "what it is for, who runs it")
	flags.BoolVar(&asJSON, "json", false, "print what was saved as JSON, without the URL")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, args []string) error {
		d.Name = args[0]
		url, err := f.read(s.terminal, args[1:])
		if err != nil {
			return err
		}
		saved, err := a.AddDestination(ctx, d, url)
		if err != nil {
			return err
		}
		if asJSON {
			return s.printJSON(saved)
		}
		s.say("saved destination %s: %s; a row was written to it and given up again", bold.Render(saved.Name), saved.Place)
		s.next("stagedoor sync NAME STREAM --into " + saved.Name)
		return nil
	})
	return cmd
}

// read returns the URL: as it stands on the command line, from stdin, a file, the
// environment, or by a prompt on a terminal. None of the errors repeats it.
func (f *urlFlags) read(t *terminal, args []string) (stagedoor.Secret, error) {
	fail := func(cause, fix string, err error) (stagedoor.Secret, error) {
		return stagedoor.Secret{}, &stagedoor.Error{Op: "read the destination's URL", Kind: stagedoor.KindUsage, Cause: cause, Fix: fix, Err: err}
	}
	const ways = "Pipe it in with --url-stdin, name a file with --url-file, or set STAGEDOOR_DESTINATION_URL."
	if f.stdin && f.file != "" || len(args) > 0 && (f.stdin || f.file != "") {
		return fail("it is given in more than one way", "Give it once.", nil)
	}
	var text string
	switch env := os.Getenv("STAGEDOOR_DESTINATION_URL"); {
	case len(args) > 0:
		if destination.HoldsPassword(args[0]) {
			return fail("it holds a password, which other users could see in the process list and in the shell's history",
				"Change the password, if it is a real one. "+ways, nil)
		}
		text = args[0]
	case f.stdin:
		b, err := io.ReadAll(io.LimitReader(t.in, 64<<10))
		if err != nil {
			return fail("stdin can not be read", ways, err)
		}
		text = string(b)
	case f.file != "":
		b, err := os.ReadFile(f.file)
		if err != nil {
			return fail("the file "+f.file+" can not be read", "Check its path and mode.", err)
		}
		text = string(b)
	case env != "":
		text = env
	case t.inTTY:
		secret, err := t.prompt("URL")
		if err != nil {
			return secret, err
		}
		text = secret.Reveal()
	default:
		return fail("it was not given", ways, nil)
	}
	if text = strings.TrimSpace(text); text == "" {
		return fail("it is empty", ways, nil)
	}
	return stagedoor.NewSecret(text), nil
}

func destinationList(s *session) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "List the saved destinations, without their passwords", Args: cobra.NoArgs,
		Example: "stagedoor destination list\nstagedoor destination list --json | jq -r '.[].destination'",
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print an array")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, _ []string) error {
		list, err := a.Destinations(ctx)
		if err != nil {
			return err
		}
		if asJSON {
			return s.printJSON(list)
		}
		if len(list) == 0 {
			s.say("no destination is saved yet")
			s.next("stagedoor destination add NAME sqlite:zoom.db")
			return nil
		}
		rows := [][]string{{"DESTINATION", "KIND", "PLACE", "CHECKED", "ADDED", "BY", "DESCRIPTION"}}
		for _, d := range list {
			checked := ago(d.CheckedAt)
			if d.Error != nil {
				checked += ": failed"
			}
			rows = append(rows, []string{d.Name, d.Kind, d.Place, checked, ago(d.CreatedAt), d.CreatedBy, d.Description})
		}
		if err := s.list(rows); err != nil {
			return err
		}
		s.hint("stagedoor destination check " + list[0].Name)
		return nil
	})
	return cmd
}

func destinationCheck(s *session) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "check DESTINATION", Short: "Try whether a saved destination can be written to", Args: takes(1, 1, "the name of the DESTINATION"),
		Long:    "It is opened, and a row is written and given up again: nothing of it is to be seen there.",
		Example: "stagedoor destination check warehouse",
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print what was found as JSON")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, args []string) error {
		d, err := a.CheckDestination(ctx, args[0])
		if asJSON && d.Kind != "" {
			if printing := s.printJSON(d); printing != nil {
				return printing
			}
		}
		if err != nil {
			return err
		}
		s.say("%s destination %s: %s can be written to", green.Render("ok"), bold.Render(d.Name), d.Place)
		return nil
	})
	return cmd
}

func destinationRemove(s *session) *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use: "remove DESTINATION", Short: "Forget a saved destination; what lies there stays", Args: takes(1, 1, "the name of the DESTINATION"),
		Long: "Its URL can not be read again, not even with the database's key. Where schedules use it, it is kept: remove\n" +
			"them first, or add --force.",
		Example: "stagedoor destination remove warehouse",
	}
	cmd.Flags().BoolVar(&force, "force", false, "also where schedules use it: their runs fail then")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, args []string) error {
		if err := a.RemoveDestination(ctx, args[0], force); err != nil {
			return err
		}
		s.say("removed destination %s", bold.Render(args[0]))
		s.next("stagedoor destination list")
		return nil
	})
	return cmd
}
