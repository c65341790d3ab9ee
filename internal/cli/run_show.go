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
	written := fmt.Sprintf("%s, %s", count(r.Slices, "slice"), count(r.Rows, "row"))
	if r.Attempts > 1 && r.Receipt != nil {
		written += fmt.Sprintf(" in %d attempts; in the last of them:", r.Attempts)
	}
	add("written", written)
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
		add("not begun", strings.Join(r.Receipt.NotBegun, ", "))
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
