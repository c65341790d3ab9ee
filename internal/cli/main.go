package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"charm.land/fang/v2"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/app"
)

// Main runs one command line and returns its exit status.
func Main(args []string) int {
	s := &session{terminal: newTerminal()}
	root := newRoot(s)
	root.SetArgs(args)
	root.SetOut(helpOut{os.Stdout})
	err := fang.Execute(context.Background(), root,
		fang.WithVersion(app.Version),
		fang.WithoutCompletions(), fang.WithoutManpage(),
		// Errors are printed below, in the words of stagedoor.Error.
		fang.WithErrorHandler(func(io.Writer, fang.Styles, error) {}),
	)
	if err == nil {
		err = s.failed
	}
	if err == nil {
		return 0
	}
	if told, ok := errors.AsType[told](err); ok {
		return told.status
	}
	if _, ours := errors.AsType[*stagedoor.Error](err); !ours {
		// Whatever a command itself returns is a stagedoor.Error; the rest is
		// cobra's word on arguments and flags.
		err = usage(root, args, err)
	}
	// A reader that has enough, as head has, is nothing to complain of.
	if !readerGone(err) {
		s.complain(err)
	}
	return stagedoor.ExitStatus(err)
}

func readerGone(err error) bool {
	return stagedoor.KindOf(err) == stagedoor.KindInterrupted && errors.Is(err, syscall.EPIPE)
}

// takes holds how many arguments a command takes; what says it for people.
func takes(least, most int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) >= least && len(args) <= most {
			return nil
		}
		return &stagedoor.Error{
			Op: "read the command line", Subject: cmd.CommandPath(), Kind: stagedoor.KindUsage,
			Cause: fmt.Sprintf("it takes %s; what is given: %s", what, count(len(args), "argument")),
			Fix:   "See `" + cmd.CommandPath() + " --help`.",
		}
	}
}

func usage(root *cobra.Command, args []string, err error) error {
	// The help to look into is that of the last word that is a command.
	command, _, finding := root.Find(args)
	if finding != nil || command == nil {
		command = root
	}
	cause, _, _ := strings.Cut(err.Error(), "\n")
	fix := "See `" + command.CommandPath() + " --help`."
	if word := command.Flags().Arg(0); strings.HasPrefix(cause, "unknown command") && word != "" {
		command.SuggestionsMinimumDistance = 2
		if near := command.SuggestionsFor(word); len(near) > 0 {
			fix = "Did you mean " + strings.Join(near, " or ") + "? " + fix
		}
	}
	if flag, unknown := strings.CutPrefix(cause, "unknown flag: --"); unknown {
		if near := nearFlags(command, flag); len(near) > 0 {
			fix = "Did you mean " + strings.Join(near, " or ") + "? " + fix
		}
	}
	return &stagedoor.Error{Op: "read the command line", Kind: stagedoor.KindUsage, Cause: cause, Fix: fix}
}

// nearFlags are the flags of a command that a misspelt one may mean, by cobra's
// measure for commands.
func nearFlags(command *cobra.Command, flag string) []string {
	as := &cobra.Command{SuggestionsMinimumDistance: 2}
	command.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			as.AddCommand(&cobra.Command{Use: f.Name, Run: func(*cobra.Command, []string) {}})
		}
	})
	near := as.SuggestionsFor(flag)
	for i := range near {
		near[i] = "--" + near[i]
	}
	return near
}

// session is what every command has: the terminal and the settings.
type session struct {
	*terminal
	settings app.Settings
	command  string // that runs, for the audit
	// failed is the error of the command that ran. It does not go through fang,
	// which would ask the terminal for its colours to print it.
	failed error
	// toldRefused: the command itself told of provider files that are not used.
	toldRefused bool
	// toldPaces are the limits of labels that a run has told: its streams share them.
	toldPaces []string
}

const (
	groupStart       = "start"
	groupCredentials = "credentials"
	groupData        = "data"
	groupDiagnose    = "diagnose"
)

func newRoot(s *session) *cobra.Command {
	root := &cobra.Command{
		Use:   "stagedoor",
		Short: "The way in to the Zoom API for programs",
		Long: "Stagedoor keeps a Zoom Server-to-Server OAuth credential safe, keeps its token alive,\n" +
			"hands it to any program, and reads Zoom's data into files and databases.",
		Example: "# See it all on a simulated account\nstagedoor demo --once\n\n" +
			"# Save your own credential: on a terminal a form leads through it\nstagedoor credential add acme\n\n" +
			"# Read the meeting activity report into SQLite\nstagedoor sync acme meeting_activities --into sqlite:zoom.db",
		SilenceErrors: true, SilenceUsage: true,
		Args: cobra.NoArgs,
		RunE: s.atOnce(func([]string) error { return s.firstScreen() }),
	}
	flags := root.PersistentFlags()
	flags.StringVar(&s.settings.Home, "home", "", "folder of the database and the key (STAGEDOOR_HOME)")
	flags.StringVar(&s.settings.Database, "database", "", "Where the database is: sqlite:PATH (STAGEDOOR_DATABASE)")
	flags.StringVar(&s.settings.Key, "key", "", "Where the key is: file:PATH, env:NAME or passphrase (STAGEDOOR_KEY)")
	flags.StringVar(&s.settings.CAFile, "ca-file", "", "Further certificates to trust, a PEM file (STAGEDOOR_CA_FILE)")
	flags.StringVar(&s.settings.LogLevel, "log-level", "", "What is logged to stderr: debug, info, warn or error (STAGEDOOR_LOG_LEVEL)")
	flags.StringVar(&s.settings.LogFormat, "log-format", "", "How it is logged: text or json (STAGEDOOR_LOG_FORMAT)")
	root.AddGroup(
		&cobra.Group{ID: groupStart, Title: "Start"},
		&cobra.Group{ID: groupCredentials, Title: "Credentials"},
		&cobra.Group{ID: groupData, Title: "Data"},
		&cobra.Group{ID: groupDiagnose, Title: "Diagnose"},
	)
	root.SetHelpCommandGroupID(groupDiagnose)
	root.AddCommand(
		demoCommand(s), simCommand(s), serveCommand(s),
		credentialCommand(s), accountIDCommand(s), tokenCommand(s), keyCommand(s),
		providerCommand(s), operatorCommand(s), callerCommand(s),
		apiCommand(s), syncCommand(s), streamsCommand(s), scopesCommand(s),
		runCommand(s), scheduleCommand(s), destinationCommand(s),
		salesforceCommand(s),
		doctorCommand(s), quotaCommand(s), auditCommand(s), explainCommand(s), versionCommand(s),
		completionCommand(s), manCommand(s),
	)
	s.completeTree(root)
	return root
}

// run makes a command's function into what cobra wants: it opens the app and
// sees to it that every error is a [stagedoor.Error].
func (s *session) run(f func(ctx context.Context, a *app.App, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		return s.plain(func(ctx context.Context, args []string) error {
			s.command = cmd.CommandPath()
			a, err := s.open()
			if err != nil {
				return err
			}
			err = f(ctx, a, args)
			s.noteRefused(a)
			return errors.Join(err, a.Close())
		})(cmd, args)
	}
}

// plain is run for commands that need no app.
func (s *session) plain(f func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		s.ctx = ctx
		s.failed = ours(ctx, cmd, f(ctx, args))
		return nil
	}
}

// atOnce is plain for commands that have ended before anyone could interrupt
// them. Listening to signals costs such a command a quarter of its time.
func (s *session) atOnce(f func(args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		s.failed = ours(cmd.Context(), cmd, f(args))
		return nil
	}
}

func ours(ctx context.Context, cmd *cobra.Command, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(ctx.Err(), context.Canceled) && stagedoor.KindOf(err) != stagedoor.KindInterrupted {
		return &stagedoor.Error{Op: cmd.CommandPath(), Kind: stagedoor.KindInterrupted, Cause: "it was interrupted; what was done is kept", Err: err}
	}
	if e := unwritten(cmd, err); e != nil {
		return e
	}
	if _, ok := errors.AsType[told](err); ok {
		return err
	}
	if _, ok := errors.AsType[*stagedoor.Error](err); !ok {
		return &stagedoor.Error{Op: cmd.CommandPath(), Kind: stagedoor.KindInternal, Cause: err.Error(), Err: err}
	}
	return err
}

// unwritten explains that stdout took no more; nil where that is not what
// happened.
func unwritten(cmd *cobra.Command, err error) *stagedoor.Error {
	path, ok := errors.AsType[*fs.PathError](err)
	if !ok || path.Op != "write" || path.Path != os.Stdout.Name() {
		return nil
	}
	e := &stagedoor.Error{Op: cmd.CommandPath(), Subject: "stdout", Kind: stagedoor.KindDestination, Err: err}
	switch {
	case errors.Is(err, syscall.EPIPE):
		e.Kind, e.Cause = stagedoor.KindInterrupted, "whoever read the output has gone"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		e.Cause, e.Fix = "the output could not be written: the device is full", "Free some space where the output goes, or send it elsewhere, and run the command again."
	default:
		e.Cause, e.Fix = "the output could not be written: "+path.Err.Error(), "Look at where the output goes, and run the command again."
	}
	return e
}

// open resolves the settings and builds the app.
func (s *session) open() (*app.App, error) {
	settings, err := s.settings.Resolve(os.Getenv)
	if err != nil {
		return nil, err
	}
	log, err := newLog(settings, os.Stderr)
	if err != nil {
		return nil, err
	}
	return app.Open(settings, app.Environment{Command: s.command, Getenv: os.Getenv, Passphrase: s.passphrase, Log: log, Waiting: s.waiting()})
}

func newLog(settings app.Settings, w io.Writer) (*slog.Logger, error) {
	wrong := func(name, value, fix string) error {
		return &stagedoor.Error{
			Op: "read the settings", Subject: name, Kind: stagedoor.KindUsage,
			Cause: "\"" + value + "\" is not known", Fix: fix,
		}
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(settings.LogLevel)); err != nil {
		return nil, wrong("log level", settings.LogLevel, "Use debug, info, warn or error.")
	}
	options := &slog.HandlerOptions{Level: level}
	switch settings.LogFormat {
	case "text":
		return slog.New(slog.NewTextHandler(w, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, options)), nil
	}
	return nil, wrong("log format", settings.LogFormat, "Use text or json.")
}
