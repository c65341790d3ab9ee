package cli

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/app"
)

func scheduleCommand(s *session) *cobra.Command {
	cmd := &cobra.Command{
		Use: "schedule", Short: "Have syncs run by the clock", GroupID: groupData,
		Long: "A schedule asks for a sync at the times that a cron expression names in a time zone. `stagedoor serve` does\n" +
			"it: without a daemon nothing runs.",
		Example: "# Each night at two, in Berlin, whatever its clocks do\nstagedoor schedule add acme meeting_activities --cron '0 2 * * *' --zone Europe/Berlin --into sqlite:zoom.db --name nightly\n\n" +
			"# When it runs next, and what was missed\nstagedoor schedule list",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(scheduleAdd(s), scheduleList(s), schedulePause(s), scheduleResume(s), scheduleRemove(s))
	return cmd
}

func scheduleAdd(s *session) *cobra.Command {
	var f syncFlags
	var c stagedoor.Schedule
	var catchUp, jitter string
	cmd := &cobra.Command{
		Use: "add NAME STREAM…", Short: "Have a sync run by the clock", Args: takes(2, 100, "NAME and one or more streams, such as `stagedoor schedule add acme users`"),
		Long: "The expression has five fields, minute hour day month weekday, as crontab has them. A time that does not\n" +
			"exist on the day when clocks are set forward is taken as if they had not been yet; one that comes twice when\n" +
			"they are set back counts once. No run of a schedule begins before its last one has ended: it is skipped then.\n\n" +
			"Times that pass while no daemon runs are missed. --catch-up says what is done about them when it runs again:\n" +
			"one sync for all of them (once), one for each (all), or nothing (none). A sync reads what is new since the\n" +
			"last one, so that once leaves no gap.",
		Example: "stagedoor schedule add acme meeting_activities --cron '0 2 * * *' --zone Europe/Berlin --into sqlite:zoom.db\n\n" +
			"# Every quarter of an hour, up to five minutes later, under a name of its own\nstagedoor schedule add acme users --cron '*/15 * * * *' --jitter 5m --name directory --into sqlite:zoom.db\n\n" +
			"# On weekdays, and what was missed stays missed\nstagedoor schedule add acme reports --cron '30 6 * * MON-FRI' --zone America/New_York --catch-up none --name weekdays --into sqlite:zoom.db",
	}
	flags := cmd.Flags()
	flags.StringVar(&c.Cron, "cron", "", "when: five fields, minute hour day month weekday, or @hourly, @daily, @weekly, @monthly")
	flags.StringVar(&c.Zone, "zone", "UTC", "in which time zone: a name such as Europe/Berlin")
	flags.StringVar(&c.Name, "name", "", "what it is called (default after the credential and its stream)")
	flags.StringVar(&catchUp, "catch-up", string(stagedoor.CatchUpOnce), "what becomes of times without a daemon: once, all or none")
	flags.StringVar(&jitter, "jitter", "0", "the most by which runs begin later, always by the same time: 5m")
	flags.StringVar(&f.into, "into", "", "destination: a saved one's name, a URL such as sqlite:PATH, or env:VAR of the daemon")
	flags.StringVar(&f.since, "since", "", "First day of the first reading (DATE); later ones go on where the last one stopped")
	flags.StringArrayVarP(&f.params, "param", "p", nil, "A KEY=VALUE sent with each call; may be repeated")
	flags.BoolVar(&f.fullRefresh, "full-refresh", false, "read everything again each time, as far as Zoom keeps it")
	flags.IntVar(&f.limit, "limit", 0, "stop after so many rows of each stream")
	flags.BoolVar(&f.asJSON, "json", false, "print the schedule as JSON")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, args []string) error {
		todo, err := f.job(args[1:])
		if err != nil {
			return err
		}
		credential, err := a.Credential(ctx, args[0])
		if err != nil {
			return err
		}
		if todo.Streams, err = s.fitting(credential, args[1:]); err != nil {
			return err
		}
		c.CatchUp = stagedoor.CatchUp(catchUp)
		if c.Jitter, err = stagedoor.ParseLength(jitter); err != nil && jitter != "0" {
			return &stagedoor.Error{
				Op: "read the schedule", Subject: "--jitter " + stagedoor.Outside(jitter, 30), Kind: stagedoor.KindUsage, Err: err,
				Cause: "it is no length of time", Fix: "Write one such as 5m or 1h.",
			}
		}
		added, err := a.AddSchedule(ctx, credential, c, app.SyncOptions{Job: todo, Into: f.into, Out: nopWriter{}})
		if err != nil {
			return err
		}
		if f.asJSON {
			return s.printJSON(shownScheduleOf(added))
		}
		s.say("added schedule %s", bold.Render(added.Name))
		for i, at := range app.NextRuns(added, 3) {
			s.say("%s %s", map[bool]string{true: "next: ", false: "then: "}[i == 0], whenTold(at, added.Zone))
		}
		s.warnNoDaemon(a, "nothing is run until one does")
		s.next("stagedoor schedule list", "stagedoor run list --schedule "+added.Name)
		return nil
	})
	return cmd
}

// shownSchedule is a schedule in a JSON document, with what is worked out.
type shownSchedule struct {
	stagedoor.Schedule
	NextRun time.Time `json:"next_run_at,omitzero"` // with its delay
	Jitter  string    `json:"jitter"`
}

func shownScheduleOf(c stagedoor.Schedule) shownSchedule {
	shown := shownSchedule{Schedule: c, Jitter: c.Jitter.String()}
	if next := app.NextRuns(c, 1); len(next) > 0 {
		shown.NextRun = next[0]
	}
	return shown
}

// whenTold is a time in its zone and in UTC.
func whenTold(at time.Time, zone string) string {
	text := at.UTC().Format("2006-01-02 15:04:05") + " UTC"
	if location, err := time.LoadLocation(zone); err == nil && zone != "UTC" {
		text = at.In(location).Format("Mon 2006-01-02 15:04:05 MST") + " (" + at.UTC().Format("15:04") + " UTC)"
	}
	return text
}

func scheduleList(s *session) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "List the schedules: when they run next, and how they ran last", Args: cobra.NoArgs,
		Example: "stagedoor schedule list\n\n# Those whose last run was not done in full\nstagedoor schedule list --json | jq -r '.[] | select(.last_state != \"done\") | .schedule'",
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print an array")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, _ []string) error {
		list, err := a.Schedules(ctx)
		if err != nil {
			return err
		}
		if asJSON {
			shown := []shownSchedule{}
			for _, c := range list {
				shown = append(shown, shownScheduleOf(c))
			}
			return s.printJSON(shown)
		}
		if len(list) == 0 {
			s.say("there are no schedules yet")
			s.next("stagedoor schedule add NAME STREAM --cron '0 2 * * *' --into DEST")
			return nil
		}
		rows := [][]string{{"SCHEDULE", "CREDENTIAL", "STREAMS", "INTO", "CRON", "NEXT", "LAST", "MISSED", "SKIPPED"}}
		for _, c := range list {
			last := "-"
			if c.LastRun != "" {
				last = cmp.Or(string(c.LastState), "removed") + ", due " + clock(c.LastDue)
			}
			rows = append(rows, []string{
				c.Name, c.Credential, strings.Join(c.Spec.Streams, ", "), c.Spec.Into, c.Cron, nextTold(c, time.Now()), last, fmt.Sprint(c.Missed), fmt.Sprint(c.Skipped),
			})
		}
		if err := s.list(rows); err != nil {
			return err
		}
		s.warnNoDaemon(a, "none of these is run")
		s.hint("stagedoor run list --schedule "+list[0].Name, "stagedoor schedule pause "+list[0].Name)
		return nil
	})
	return cmd
}

// nextTold is when a schedule runs next, in a cell.
func nextTold(c stagedoor.Schedule, now time.Time) string {
	if !c.PausedAt.IsZero() {
		return "paused by " + c.PausedBy
	}
	next := app.NextRuns(c, 1)
	if len(next) == 0 {
		return "never"
	}
	told := whenTold(next[0], c.Zone)
	if now.Sub(next[0]) > time.Minute {
		told = "overdue since " + told
	}
	return told
}

func schedulePause(s *session) *cobra.Command {
	cmd := &cobra.Command{
		Use: "pause SCHEDULE", Short: "Have a schedule ask for nothing until it is resumed", Args: takes(1, 1, "the name of the SCHEDULE"),
		Long:    "What runs already goes on; `stagedoor run cancel` ends it. Times that pass meanwhile do not count as missed.",
		Example: "stagedoor schedule pause nightly",
	}
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, args []string) error {
		c, err := a.PauseSchedule(ctx, args[0])
		if err != nil {
			return err
		}
		s.say("paused schedule %s", bold.Render(c.Name))
		s.next("stagedoor schedule resume " + c.Name)
		return nil
	})
	return cmd
}

func scheduleResume(s *session) *cobra.Command {
	cmd := &cobra.Command{
		Use: "resume SCHEDULE", Short: "Have a schedule ask again, from now on", Args: takes(1, 1, "the name of the SCHEDULE"),
		Example: "stagedoor schedule resume nightly",
	}
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, args []string) error {
		c, err := a.ResumeSchedule(ctx, args[0])
		if err != nil {
			return err
		}
		s.say("resumed schedule %s; next: %s", bold.Render(c.Name), nextTold(c, time.Now()))
		s.warnNoDaemon(a, "nothing is run until one does")
		return nil
	})
	return cmd
}

func scheduleRemove(s *session) *cobra.Command {
	cmd := &cobra.Command{
		Use: "remove SCHEDULE", Short: "Remove a schedule; its runs stay in the list", Args: takes(1, 1, "the name of the SCHEDULE"),
		Example: "stagedoor schedule remove nightly",
	}
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, args []string) error {
		if err := a.RemoveSchedule(ctx, args[0]); err != nil {
			return err
		}
		s.say("removed schedule %s", bold.Render(args[0]))
		return nil
	})
	return cmd
}
