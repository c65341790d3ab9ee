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
)

// oneTimeLink is where the link of an invitation goes: who has it becomes the
// operator, so that it is shown to a person at a terminal, or written into a new file
// that only its owner reads, and nowhere else.
type oneTimeLink struct {
	path string
	file *os.File
}

func (l *oneTimeLink) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&l.path, "link-file", "", "write the one-time link into this new file, for its owner alone (mode 0600)")
}

// open makes the file before there is a link, so that none is made that could not be
// handed over.
func (l *oneTimeLink) open(t *terminal, op, name string) error {
	fail := func(cause, fix string, err error) error {
		return &stagedoor.Error{Op: op, Subject: "operator " + name, Kind: stagedoor.KindUsage, Cause: cause, Fix: fix, Err: err}
	}
	if l.path == "" {
		if t.outTTY {
			return nil
		}
		return fail("the link is a secret, and stdout is no terminal: it would end in a file or a log that others read; nothing was done",
			"Run it on a terminal, or name a file with --link-file FILE.", nil)
	}
	var err error
	l.file, err = os.OpenFile(l.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
		return fail("the file "+l.path+" is there already, and is not overwritten; nothing was done", "Name another with --link-file FILE, or remove it.", err)
	case err != nil:
		return fail("the file "+l.path+" can not be made; nothing was done", "Name another with --link-file FILE, in a folder that you may write to.", err)
	}
	return nil
}

// hand hands the link over.
func (l *oneTimeLink) hand(s *session, base string, secret stagedoor.Secret) error {
	link := base + "/invitation#" + secret.Reveal()
	if l.file == nil {
		_, err := s.out.WriteString(link + "\n")
		return err
	}
	_, err := l.file.WriteString(link + "\n")
	return errors.Join(err, l.file.Close())
}

// drop takes back the file of a link that was not made.
func (l *oneTimeLink) drop() {
	if l.file != nil {
		l.file.Close()
		os.Remove(l.path)
	}
}

// say tells where the link is and what comes next.
func (l *oneTimeLink) say(s *session, a *app.App, name string) {
	if l.file != nil {
		s.say("the link is in %s; hand it to %s by a way that others do not read", bold.Render(l.path), name)
	} else {
		s.say("hand the link to %s by a way that others do not read; it is shown this once", name)
	}
	s.say("it works once, for 24 hours: %s sets a password with it", name)
	if !a.HasDaemon() {
		s.next("stagedoor serve")
	}
}

func operatorInvite(s *session) *cobra.Command {
	var role string
	var link oneTimeLink
	var asJSON bool
	cmd := &cobra.Command{
		Use: "invite NAME", Short: "Let a person sign in to the page", Args: takes(1, 1, "the NAME of the person"),
		Long: "Makes a one-time link with which the person sets a password for the page of `stagedoor serve`. It is\n" +
			"printed where stdout is a terminal, or written into a file: who has it becomes that operator.\n\n" +
			"A viewer sees states and figures, an operator everything but secrets, and an admin may also change\n" +
			"credentials, callers and operators.",
		Example: "# The first, on a terminal\nstagedoor operator invite anna --role admin\n\n" +
			"# In a script: the link goes into a file that only you can read\nstagedoor operator invite ben --role viewer --link-file ben.link",
	}
	cmd.Flags().StringVar(&role, "role", string(stagedoor.RoleViewer), "what the person may do: viewer, operator or admin")
	link.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print name, role and until when the link works as JSON; never the link")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, args []string) error {
		return s.invite(a, &link, "invite an operator", args[0], asJSON, func() (stagedoor.Operator, stagedoor.Secret, error) {
			return a.InviteOperator(ctx, args[0], stagedoor.Role(role))
		})
	})
	return cmd
}

// invite makes a link and hands it over.
func (s *session) invite(a *app.App, link *oneTimeLink, op, name string, asJSON bool, make func() (stagedoor.Operator, stagedoor.Secret, error)) error {
	if asJSON && link.path == "" {
		return &stagedoor.Error{
			Op: op, Subject: "operator " + name, Kind: stagedoor.KindUsage,
			Cause: "JSON is for programs, and the link is for a person alone; nothing was done", Fix: "Add --link-file FILE.",
		}
	}
	if err := link.open(s.terminal, op, name); err != nil {
		return err
	}
	o, secret, err := make()
	if err != nil {
		link.drop()
		return err
	}
	if err := link.hand(s, a.PageURL(), secret); err != nil {
		return &stagedoor.Error{
			Op: op, Subject: "operator " + name, Kind: stagedoor.KindInternal, Err: err, Cause: "the link was made, and could not be written down",
			Fix: "Make another with `stagedoor operator reset " + name + "`.",
		}
	}
	if asJSON {
		return s.printJSON(struct {
			Name     string         `json:"name"`
			Role     stagedoor.Role `json:"role"`
			LinkFile string         `json:"link_file"`
			Until    time.Time      `json:"link_expires_at"`
		}{o.Name, o.Role, link.path, time.Now().Add(24 * time.Hour).UTC().Truncate(time.Minute)})
	}
	s.say("operator %s (%s)", bold.Render(o.Name), o.Role)
	link.say(s, a, o.Name)
	return nil
}

func operatorReset(s *session) *cobra.Command {
	var link oneTimeLink
	var asJSON bool
	cmd := &cobra.Command{
		Use: "reset NAME", Short: "Make a new one-time link, and end password and sessions", Args: takes(1, 1, "the NAME of the operator"),
		Long: "For who forgot the password, or must not come in any more: password and sessions end now, and the new\n" +
			"link lets its bearer set another. A link that was made before works no more.",
		Example: "stagedoor operator reset anna --link-file anna.link",
	}
	link.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print name, role and until when the link works as JSON; never the link")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, args []string) error {
		return s.invite(a, &link, "reset an operator", args[0], asJSON, func() (stagedoor.Operator, stagedoor.Secret, error) {
			return a.ResetOperator(ctx, args[0])
		})
	})
	return cmd
}

func operatorList(s *session) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "List the people who may sign in to the page", Args: cobra.NoArgs,
		Example: "stagedoor operator list",
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print an array")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, _ []string) error {
		list := []stagedoor.Operator{}
		if a.HasDatabase() {
			found, err := a.OperatorList(ctx)
			if err != nil {
				return err
			}
			list = append(list, found...)
		}
		if asJSON {
			return s.printJSON(list)
		}
		if len(list) == 0 {
			s.say("nobody may sign in to the page yet")
			s.next("stagedoor operator invite NAME --role admin")
			return nil
		}
		rows := [][]string{{"NAME", "ROLE", "PASSWORD", "LAST SIGN-IN", "INVITED BY"}}
		for _, o := range list {
			password, seen := "not set yet", "never"
			if !o.PasswordAt.IsZero() {
				password = "set " + ago(o.PasswordAt)
			}
			if !o.LastSignInAt.IsZero() {
				seen = ago(o.LastSignInAt)
			}
			rows = append(rows, []string{o.Name, string(o.Role), password, seen, o.CreatedBy})
		}
		if err := s.table(rows); err != nil {
			return err
		}
		s.hint("stagedoor operator invite NAME --role viewer")
		return nil
	})
	return cmd
}

func operatorRemove(s *session) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "remove NAME", Short: "End a person's access to the page", Args: takes(1, 1, "the NAME of the operator"),
		Long:    "Password and sessions end at once. The last admin stays.",
		Example: "stagedoor operator remove ben",
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print who was removed as JSON")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, args []string) error {
		if err := a.RemoveOperator(ctx, args[0]); err != nil {
			return err
		}
		if asJSON {
			return s.printJSON(struct {
				Name    string `json:"name"`
				Removed bool   `json:"removed"`
			}{args[0], true})
		}
		s.say("removed operator %s; sessions have ended", bold.Render(args[0]))
		return nil
	})
	return cmd
}

func operatorSetRole(s *session) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "set-role NAME ROLE", Short: "Change what a person may do in the page", Args: takes(2, 2, "the NAME of the operator and a ROLE: viewer, operator or admin"),
		Long:    "It counts from the next click on; nobody has to sign in again. The last admin stays one.",
		Example: "stagedoor operator set-role ben operator",
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the operator as JSON")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, args []string) error {
		o, err := a.SetOperatorRole(ctx, args[0], stagedoor.Role(args[1]))
		if err != nil {
			return err
		}
		if asJSON {
			return s.printJSON(o)
		}
		s.say("operator %s is %s now", bold.Render(o.Name), o.Role)
		return nil
	})
	return cmd
}
