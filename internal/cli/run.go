package cli

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/app"
)

func runCommand(s *session) *cobra.Command {
	cmd := &cobra.Command{
		Use: "run", Short: "See, cancel and resume syncs", GroupID: groupData,
		Long: "Every sync with a saved credential is a run, which is kept: what was asked for, how far it is, how it\n" +
			"ended. It may be worked on by the command that asked for it, or by `stagedoor serve` (`sync --enqueue`,\n" +
			"`schedule add`), which also goes on with a run whose process was killed.",
		Example: "# What runs, and what ran\nstagedoor run list\n\n# Have the daemon do a sync, and watch it\nstagedoor sync acme meeting_activities --into sqlite:zoom.db --enqueue\nstagedoor run list --state running",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(runList(s), runShow(s), runCancel(s), runResume(s))
	return cmd
}

func runList(s *session) *cobra.Command {
	var q stagedoor.RunQuery
	var states []string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "List runs, the newest first", Args: cobra.NoArgs,
		Long: "States: queued, running, done, partial (something was left out), failed, interrupted (its process ended;\n" +
			"it goes on where it stopped), cancelled; and of schedules missed (no daemon ran at the time) and skipped\n" +
			"(the run before had not ended).",
		Example: "stagedoor run list\n\n# What did not end well\nstagedoor run list --state failed --state partial\n\n" +
			"# Of one schedule, for a program\nstagedoor run list --schedule nightly --limit 10 --json",
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&states, "state", nil, "only those in this state; may be repeated")
	flags.StringVar(&q.Credential, "credential", "", "only those of this credential")
	flags.StringVar(&q.Schedule, "schedule", "", "only those of this schedule")
	flags.IntVar(&q.Limit, "limit", 20, "how many at most; 0 for all")
	flags.BoolVar(&asJSON, "json", false, "print an array")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, _ []string) error {
		for _, text := range states {
			state := stagedoor.RunState(text)
			if !slices.Contains(stagedoor.RunStates(), state) {
				return &stagedoor.Error{
					Op: "read the flags", Subject: "--state " + stagedoor.Outside(text, 30), Kind: stagedoor.KindUsage,
					Cause: "runs have no such state", Fix: "Use one of: " + strings.Join(stateWords(), ", ") + ".",
				}
			}
			q.States = append(q.States, state)
		}
		list, err := a.Runs(ctx, q)
		if err != nil {
			return err
		}
		if asJSON {
			return s.printJSON(list)
		}
		if len(list) == 0 {
			s.say("there are no such runs")
			s.next("stagedoor sync NAME STREAM --into sqlite:zoom.db")
			return nil
		}
		rows := [][]string{{"RUN", "STATE", "CREDENTIAL", "STREAMS", "INTO", "ROWS", "TOOK", "BEGAN", "BY"}}
		for _, r := range list {
			rows = append(rows, []string{
				r.ID, stateTold(r), r.Credential, streamsTold(r), cmp.Or(r.Spec.Into, "-"), fmt.Sprint(r.Rows), took(r), ago(cmp.Or(r.StartedAt, r.CreatedAt)), r.By,
			})
		}
		if err := s.list(rows); err != nil {
			return err
		}
		s.hint("stagedoor run show " + list[0].ID)
		return nil
	})
	return cmd
}

func stateWords() []string {
	var words []string
	for _, state := range stagedoor.RunStates() {
		words = append(words, string(state))
	}
	return words
}

// stateTold is how a run stands, in a cell.
func stateTold(r stagedoor.Run) string {
	switch {
	case r.Times > 1:
		return fmt.Sprintf("%s %d times", r.State, r.Times)
	case r.State == stagedoor.RunRunning && !r.CancelAt.IsZero():
		return "running, to be cancelled"
	case r.State == stagedoor.RunInterrupted && !r.Held && r.NotBefore.After(time.Now()):
		return "interrupted, goes on at " + clock(r.NotBefore)
	}
	return string(r.State)
}

// clock is a time of today, or with its day.
func clock(at time.Time) string {
	if stagedoor.DayOf(at).Equal(stagedoor.DayOf(time.Now())) {
		return at.UTC().Format("15:04") + " UTC"
	}
	return at.UTC().Format("2006-01-02 15:04") + " UTC"
}

func streamsTold(r stagedoor.Run) string {
	if len(r.Spec.Streams) > 3 {
		return fmt.Sprintf("%s and %d more", r.Spec.Streams[0], len(r.Spec.Streams)-1)
	}
	return strings.Join(r.Spec.Streams, ", ")
}

// took is how long the last attempt lasted, or lasts by now.
func took(r stagedoor.Run) string {
	if r.StartedAt.IsZero() {
		return "-"
	}
	end := r.EndedAt
	if r.State == stagedoor.RunRunning {
		end = time.Now()
	}
	d := max(end.Sub(r.StartedAt), 0)
	if d < time.Minute {
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

func runCancel(s *session) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "cancel ID", Short: "End a run, whichever process works on it", Args: takes(1, 1, "the ID of the run, its beginning, or last"),
		Long: "The run ends within a second, where nothing is half done: what it wrote stays, with the checkpoints by which\n" +
			"the next sync goes on. The command that works on it ends with exit status 130.",
		Example: "# The newest\nstagedoor run cancel last",
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the run as JSON")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, args []string) error {
		r, err := a.CancelRun(ctx, args[0])
		if err != nil {
			return err
		}
		if asJSON {
			return s.printJSON(r)
		}
		if r.State == stagedoor.RunCancelled {
			s.say("cancelled run %s", bold.Render(r.ID))
		} else {
			s.say("run %s is told to end", bold.Render(r.ID))
		}
		s.next("stagedoor run show "+r.ID, "stagedoor run resume "+r.ID)
		return nil
	})
	return cmd
}

func runResume(s *session) *cobra.Command {
	var here, asJSON bool
	cmd := &cobra.Command{
		Use: "resume ID", Short: "Go on with a run that ended before it was done", Args: takes(1, 1, "the ID of the run, its beginning, or last"),
		Long: "It goes on after the last slice that was written. Where a daemon runs on this home, that does it; where none\n" +
			"does, or with --here, this command does it as `stagedoor sync` would.",
		Example: "# The newest, in this terminal, whether a daemon runs or not\nstagedoor run resume last --here",
	}
	cmd.Flags().BoolVar(&here, "here", false, "do it in this command, also where a daemon runs")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the run as JSON, or the receipt where it is done here")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, args []string) error {
		here = here || !a.HasDaemon()
		r, err := a.ResumeRun(ctx, args[0], here)
		if err != nil {
			return err
		}
		if here {
			return s.resumeHere(ctx, a, r, asJSON)
		}
		if asJSON {
			return s.printJSON(r)
		}
		s.say("run %s waits for the daemon", bold.Render(r.ID))
		s.next("stagedoor run show " + r.ID + " --follow")
		return nil
	})
	return cmd
}

// resumeHere does a run that this process has claimed.
func (s *session) resumeHere(ctx context.Context, a *app.App, r stagedoor.Run, asJSON bool) error {
	f := syncFlags{into: r.Spec.Into, fullRefresh: r.Spec.FullRefresh, limit: r.Spec.Limit, asJSON: asJSON, claimed: &r}
	for flag, day := range map[*string]time.Time{&f.since: r.Spec.Since, &f.until: r.Spec.Until} {
		if !day.IsZero() {
			*flag = day.Format(time.DateOnly)
		}
	}
	for name, value := range r.Spec.Params {
		f.params = append(f.params, name+"="+value)
	}
	c, err := a.RunCredential(ctx, r)
	if err == nil {
		err = s.sync(ctx, a, f, append([]string{c.Slug}, r.Spec.Streams...))
	}
	if err != nil {
		// Where the run was begun this is noted already, and nothing is done.
		_ = a.FailRun(ctx, r, err)
	}
	return err
}

// enqueue has the daemon do a sync.
func (s *session) enqueue(ctx context.Context, a *app.App, f syncFlags, c stagedoor.Credential, o app.SyncOptions) error {
	if f.dryRun || f.format != "" {
		return &stagedoor.Error{
			Op: "read the flags", Subject: "--enqueue", Kind: stagedoor.KindUsage,
			Cause: "--dry-run and --format are for a sync of this command's own", Fix: "Leave them out, or leave out --enqueue.",
		}
	}
	r, err := a.Enqueue(ctx, c, o)
	if err != nil {
		return err
	}
	if f.asJSON {
		err = s.printJSON(r)
	} else {
		_, err = fmt.Fprintln(s.out, r.ID)
	}
	if err != nil {
		return err
	}
	s.say("enqueued run %s", bold.Render(r.ID))
	s.warnNoDaemon(a, "it waits until one does")
	if name, ok := strings.CutPrefix(r.Spec.Into, "env:"); ok && os.Getenv(name) == "" {
		s.say("%s %s is not set here; the daemon must have it", amber.Render("warning:"), name)
	}
	s.next("stagedoor run show "+r.ID+" --follow", "stagedoor run cancel "+r.ID)
	return nil
}

// warnNoDaemon says that nobody does what was asked for, yet.
func (s *session) warnNoDaemon(a *app.App, what string) {
	if !a.HasDaemon() {
		s.say("%s no daemon runs on this home: %s. Start it with `stagedoor serve`", amber.Render("warning:"), what)
	}
}
