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
		if err := s.table(rows); err != nil {
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

func runShow(s *session) *cobra.Command {
	var asJSON, withSlices, follow bool
	cmd := &cobra.Command{
		Use: "show ID", Short: "Show one run: how far it is, how it ended, how it goes on", Args: takes(1, 1, "the ID of the run, its beginning, or last"),
		Long: "With --follow it waits until the run has ended, and exits as the sync would have: 0 done, 3 in part, 130\n" +
			"interrupted or cancelled.",
		Example: "# The newest\nstagedoor run show last\n\n# Wait for it in a script\nstagedoor run show last --follow --json",
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print it as JSON, with its slices")
	cmd.Flags().BoolVar(&withSlices, "slices", false, "print each slice, too")
	cmd.Flags().BoolVar(&follow, "follow", false, "wait until it has ended")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, args []string) error {
		r, err := a.FindRun(ctx, args[0])
		if err != nil {
			return err
		}
		if follow {
			if r, err = s.followRun(ctx, a, r); err != nil {
				return err
			}
		}
		list := []stagedoor.RunSlice{}
		if withSlices || asJSON {
			kept, err := a.RunSlices(ctx, r.ID, 0)
			if err != nil {
				return err
			}
			list = append(list, kept...)
		}
		if asJSON {
			err = s.printJSON(struct {
				stagedoor.Run
				Slices []stagedoor.RunSlice `json:"slices"`
			}{r, list})
		} else {
			err = s.showRun(r, list)
		}
		if err == nil && follow {
			err = endOfRun(r)
		}
		return err
	})
	return cmd
}

// followRun waits until a run has ended.
func (s *session) followRun(ctx context.Context, a *app.App, r stagedoor.Run) (stagedoor.Run, error) {
	told := ""
	for {
		line := fmt.Sprintf("%s: %s, %s, %s written", r.ID, stateTold(r), count(r.Slices, "slice"), count(r.Rows, "row"))
		if r.Note != "" && r.State != stagedoor.RunRunning {
			line += "; " + r.Note
		}
		if line != told {
			s.say("%s", faint.Render(line))
			told = line
		}
		if r.Ended() {
			return r, nil
		}
		select {
		case <-ctx.Done():
			return r, &stagedoor.Error{
				Op: "follow a run", Subject: "run " + r.ID, Kind: stagedoor.KindInterrupted, Cause: "it goes on without you", Fix: "Look again with `stagedoor run show " + r.ID + "`.",
			}
		case <-time.After(200 * time.Millisecond):
		}
		var err error
		if r, err = a.FindRun(ctx, r.ID); err != nil {
			return r, err
		}
	}
}

// endOfRun is how a run ended, as its sync would have said it.
func endOfRun(r stagedoor.Run) error {
	switch {
	case r.State == stagedoor.RunDone:
		return nil
	case r.Error != nil:
		return &stagedoor.Error{Op: "sync", Subject: "credential " + r.Credential, Kind: r.Error.Kind, Cause: r.Error.Cause, Fix: r.Error.Fix, Code: r.Error.Code, Tracking: r.Error.Tracking}
	case r.State == stagedoor.RunMissed || r.State == stagedoor.RunSkipped:
		return &stagedoor.Error{Op: "sync", Subject: "run " + r.ID, Kind: stagedoor.KindConflict, Cause: r.Note, Fix: "`stagedoor run resume " + r.ID + "` does it now."}
	}
	return &stagedoor.Error{Op: "sync", Subject: "run " + r.ID, Kind: stagedoor.KindInterrupted, Cause: cmp.Or(r.Note, "it was "+string(r.State)), Fix: "`stagedoor run resume " + r.ID + "` goes on after the last slice that was written."}
}

// showRun prints a run for a person.
func (s *session) showRun(r stagedoor.Run, list []stagedoor.RunSlice) error {
	rows := [][]string{{"run", r.ID}, {"state", stateTold(r)}}
	add := func(name, value string) {
		if value != "" {
			rows = append(rows, []string{name, value})
		}
	}
	at := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.UTC().Format(time.DateTime) + " UTC"
	}
	add("note", r.Note)
	add("command", "stagedoor "+app.CommandOf(r))
	add("asked by", r.By+", "+at(r.CreatedAt))
	add("due", at(r.Due))
	if r.Attempts > 0 {
		add("began", at(r.StartedAt)+map[bool]string{true: fmt.Sprintf(", attempt %d", r.Attempts)}[r.Attempts > 1])
		add("took", took(r))
		add("process", fmt.Sprintf("%d on %s", r.Process.PID, r.Process.Host)+map[bool]string{true: ", the daemon"}[r.Process.Daemon])
	}
	if r.State == stagedoor.RunRunning {
		add("sign of life", ago(r.Heartbeat))
		if p, ok := app.ProgressOf(r); ok {
			line := fmt.Sprintf("%d of %s, %s, %s", p.Done, count(p.Slices, "slice"), count(p.Rows, "row"), count(p.Requests, "call"))
			if p.SecondsLeft >= 0 {
				line += ", about " + shortly(time.Duration(p.SecondsLeft)*time.Second) + " left"
			}
			add("progress", line)
			for _, st := range p.Streams {
				if st.Pace != "" {
					add("  "+st.Stream, fmt.Sprintf("%d of %s, %s, %s", st.Done, count(st.Slices, "slice"), count(st.Rows, "row"), st.Pace))
				}
			}
		}
	}
	if r.State == stagedoor.RunInterrupted && !r.Held {
		add("goes on", at(r.NotBefore))
	}
	if !r.CancelAt.IsZero() {
		add("cancelled", at(r.CancelAt)+" by "+r.CancelBy)
	}
	add("written", fmt.Sprintf("%s, %s", count(r.Slices, "slice"), count(r.Rows, "row")))
	if r.Error != nil {
		add("error", r.Error.Cause)
		add("fix", fixFor(r.Credential, r.Error.Fix))
	}
	if r.Receipt != nil {
		for _, st := range r.Receipt.Streams {
			line := fmt.Sprintf("%s, %s from Zoom, %d written, %s", count(st.SlicesWritten, "slice"), count(st.Returned, "row"), st.Written, count(st.Requests, "call"))
			if len(st.Skipped) > 0 {
				line += fmt.Sprintf(", %d left out", len(st.Skipped))
			}
			add("  "+st.Stream, line)
			for i, skip := range st.Skipped {
				if i == 5 {
					add("", fmt.Sprintf("and %d more left out (--json lists them)", len(st.Skipped)-i))
					break
				}
				add("", "left out "+skip.What+": "+skip.Reason)
			}
			if st.Error != nil {
				add("", st.Error.Cause)
			}
		}
	}
	if err := s.table(rows); err != nil {
		return err
	}
	if len(list) > 0 {
		fmt.Fprintln(s.out)
		table := [][]string{{"STREAM", "SLICE", "STATE", "RETURNED", "WRITTEN", "GONE", "CALLS", "AT (UTC)"}}
		for _, slice := range list {
			table = append(table, []string{
				slice.Stream, slice.Slice, slice.State, fmt.Sprint(slice.Returned), fmt.Sprint(slice.Written), fmt.Sprint(slice.Gone), fmt.Sprint(slice.Requests), slice.At.Format(time.DateTime),
			})
		}
		if err := s.table(table); err != nil {
			return err
		}
	}
	switch {
	case r.State == stagedoor.RunQueued || r.State == stagedoor.RunRunning:
		s.hint("stagedoor run show "+r.ID+" --follow", "stagedoor run cancel "+r.ID)
	case r.State != stagedoor.RunDone && r.Spec.Into != "":
		s.hint("stagedoor run resume " + r.ID)
	}
	return nil
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
