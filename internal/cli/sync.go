package cli

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/app"
	"github.com/stagedoor/stagedoor/internal/stream"

	syncing "github.com/stagedoor/stagedoor/internal/sync"
)

type syncFlags struct {
	since, until, into, format string
	params                     []string
	fullRefresh, dryRun        bool
	asJSON                     bool
	limit                      int
	enqueue                    bool           // the daemon is to do it
	claimed                    *stagedoor.Run // what this process has taken up; nil: a new run
}

func syncCommand(s *session) *cobra.Command {
	var f syncFlags
	cmd := &cobra.Command{
		Use: "sync NAME STREAM…", Short: "Read streams into a database or onto the screen", GroupID: groupData,
		Args: takes(2, 100, "NAME and one or more streams, such as `stagedoor sync acme users`"),
		Long: "Reads streams, families or all of them. " + streamWords() + "\n\n" +
			"Without --into the rows go to stdout. With it only what is new or may still change is read, and the\n" +
			"receipt says per slice what Zoom returned and what was written.\n\n" +
			"A DATE is a whole UTC day. Without --since: where this stream and destination stopped, and the first\n" +
			"time as far back as Zoom keeps.",
		Example: "stagedoor sync acme meeting_activities --into sqlite:zoom.db\n" +
			"stagedoor sync acme meeting_activities --since 2026-10-01 --until 2026-10-31 --format csv > october.csv\n" +
			"stagedoor sync acme users --limit 10",
	}
	flags := cmd.Flags()
	flags.StringVar(&f.since, "since", "", "First day (DATE, or an RFC 3339 midnight)")
	flags.StringVar(&f.until, "until", "", "Last day (DATE), or the RFC 3339 midnight before which to stop")
	flags.StringVar(&f.into, "into", "", "destination: a saved one's name, sqlite:PATH, postgres://…, parquet:PATH, jsonl:PATH, csv:PATH, env:VAR, or - for stdout")
	flags.StringVar(&f.format, "format", "", "How to print rows on stdout: table (default on a terminal), json, ndjson (default in a pipe) or csv")
	flags.StringArrayVarP(&f.params, "param", "p", nil, "A KEY=VALUE sent with each call, such as activity_type=-1; may be repeated")
	flags.BoolVar(&f.fullRefresh, "full-refresh", false, "read again what the destination holds, as far as Zoom keeps it")
	flags.BoolVar(&f.dryRun, "dry-run", false, "say what would be read, and read nothing")
	flags.IntVar(&f.limit, "limit", 0, "stop after so many rows of each stream")
	flags.BoolVar(&f.asJSON, "json", false, "print the receipt as JSON (with --into), or the rows as one JSON array")
	flags.BoolVar(&f.enqueue, "enqueue", false, "have the daemon do it (stagedoor serve), and print the run's id")
	var hint string
	for _, name := range []string{"from", "to"} {
		flags.StringVar(&hint, name, "", "")
		_ = flags.MarkHidden(name)
	}
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, args []string) error {
		for old, now := range map[string]string{"from": "since", "to": "until"} {
			if flags.Changed(old) {
				return &stagedoor.Error{
					Op: "read the flags", Subject: "--" + old, Kind: stagedoor.KindUsage,
					Cause: "sync calls it --" + now, Fix: "Use --" + now + " DATE.",
				}
			}
		}
		return s.sync(ctx, a, f, args)
	})
	return cmd
}

// streamWords names every stream under its family.
func streamWords() string {
	var words []string
	family := ""
	for _, st := range stream.All() {
		if st.Family != family {
			family = st.Family
			words = append(words, "\n  "+family+": "+st.Name)
			continue
		}
		words[len(words)-1] += ", " + st.Name
	}
	return "Streams by family:" + strings.Join(words, "")
}

// leanHeap has the collector run when the heap has grown by half, and not by all
// of it. A sync keeps little and throws much away, so that costs next to no time
// and saves a third of its memory (docs/performance.md). GOGC sets another rule.
func leanHeap() {
	if before := debug.SetGCPercent(50); before != 100 {
		debug.SetGCPercent(before)
	}
}

func (s *session) sync(ctx context.Context, a *app.App, f syncFlags, args []string) error {
	leanHeap()
	job, err := f.job(args[1:])
	if err != nil {
		return err
	}
	c, err := a.Credential(ctx, args[0])
	if err != nil {
		return err
	}
	if job.Streams, err = s.fitting(c, args[1:]); err != nil {
		return err
	}
	if f.enqueue {
		return s.enqueue(ctx, a, f, c, app.SyncOptions{Job: job, Into: f.into, Out: nopWriter{}})
	}
	bar := newProgress(s.terminal)
	var run *app.Sync
	options := app.SyncOptions{
		Job: job, Into: f.into, DryRun: f.dryRun, Out: besides{s.shown(), bar}, Format: f.rowFormat(s.outTTY), Width: s.outWidth,
		Progress: bar.update, Waiting: bar.waiting, Claimed: f.claimed,
	}
	if f.claimed != nil {
		options.Job.Run = f.claimed.ID
	}
	if f.dryRun {
		// Looking at a plan must print no rows, not even an empty list.
		options.Out = nopWriter{}
	}
	// There may be many slices, and only the receipt lists them.
	options.Report = func(string, stagedoor.SliceReport) {}
	var kept *sliceFile
	if f.asJSON && f.keeps() {
		if kept, err = newSliceFile(); err != nil {
			return err
		}
		defer kept.close()
		options.Report = kept.add
	}
	options.Divided = func(part syncing.StreamPlan) {
		bar.end()
		s.forecast(ctx, run, part)
	}
	run, err = a.PrepareSync(ctx, c, options)
	if err != nil {
		return err
	}
	closeRun := closeOnce(run.Close)
	defer closeRun()
	if f.dryRun {
		return s.showPlan(ctx, run, f.asJSON)
	}
	for _, part := range run.Plan.Streams { // those in parts when these are known
		s.forecast(ctx, run, part)
	}
	receipt, err := run.Run(ctx)
	bar.end()
	// Closing a file or a table may be what fails, so it counts.
	err = errors.Join(err, closeRun())
	if kept != nil {
		if printing := kept.print(s.out, receipt); printing != nil {
			return printing
		}
	}
	s.sayReceipt(receipt)
	if f.keeps() {
		s.sayNotBegun(receipt)
	}
	if f.keeps() && ctx.Err() != nil && stagedoor.KindOf(err) == stagedoor.KindInterrupted {
		err = f.stopped(c, err)
	}
	if err == nil {
		s.remind(c)
	}
	if err == nil && f.keeps() {
		var next []string
		if !f.fullRefresh && f.limit == 0 && slices.ContainsFunc(job.Streams, func(st stagedoor.Stream) bool { return st.Window != nil }) {
			next = append(next, "the same command again reads only what is new")
		}
		if path, ok := strings.CutPrefix(f.into, "sqlite:"); ok {
			next = append(next, fmt.Sprintf("sqlite3 '%s' 'select * from %s limit 5'", path, job.Streams[0].Name))
		}
		s.next(next...)
	} else if err == nil {
		s.next("stagedoor sync " + strings.Join(args, " ") + " --into sqlite:zoom.db")
	}
	return err
}

// stopped is the word on a run that a signal ended. It is one, whether the signal
// met a request, the token's row or a write.
func (f *syncFlags) stopped(c stagedoor.Credential, err error) error {
	fix := "Run the command again: it goes on after the last slice that was written."
	if f.fullRefresh {
		fix = "Run the command again; a full refresh begins anew."
	}
	return &stagedoor.Error{
		Op: "sync", Subject: "credential " + c.Slug, Kind: stagedoor.KindInterrupted, Err: err,
		Cause: "it was stopped before all was read; what was done is kept", Fix: fix,
	}
}

// fitting are the streams that the words name, without those of a family that the
// account's plan does not have, which are told.
func (s *session) fitting(c stagedoor.Credential, names []string) ([]stagedoor.Stream, error) {
	found, left, err := app.StreamsFor(c.Plan, names...)
	for _, one := range left {
		s.say("left out: %s, which the plan %s does not have; name it to ask for it all the same", one.Name, c.Plan)
	}
	return found, err
}

// keeps reports whether rows go to a destination and not to stdout.
func (f *syncFlags) keeps() bool { return f.into != "" && f.into != "-" }

func (f *syncFlags) rowFormat(tty bool) string {
	switch {
	case f.format != "":
		return f.format
	case f.asJSON:
		return "json"
	case tty:
		return "table"
	}
	return "ndjson"
}

func (f *syncFlags) job(names []string) (syncing.Job, error) {
	job := syncing.Job{FullRefresh: f.fullRefresh, Limit: f.limit}
	var err error
	if job.Streams, err = stream.Find(names...); err != nil {
		return job, err
	}
	if job.Since, err = firstDay(f.since); err != nil {
		return job, err
	}
	if job.Until, err = lastDay(f.until); err != nil {
		return job, err
	}
	if f.keeps() && f.format != "" || f.asJSON && f.format != "" && f.format != "json" {
		return job, &stagedoor.Error{
			Op: "read the flags", Subject: "--format " + f.format, Kind: stagedoor.KindUsage,
			Cause: "it says how rows are printed, and --into or --json say otherwise", Fix: "Leave one of them out.",
		}
	}
	if f.limit < 0 {
		return job, &stagedoor.Error{Op: "read the flags", Subject: "--limit", Kind: stagedoor.KindUsage, Cause: "it is negative", Fix: "Give a number of rows, or leave it out for all."}
	}
	bounded := slices.ContainsFunc(job.Streams, func(st stagedoor.Stream) bool { return st.Window != nil })
	if (f.since != "" || f.until != "") && !bounded {
		return job, &stagedoor.Error{
			Op: "read the flags", Subject: "--since and --until", Kind: stagedoor.KindUsage,
			Cause: "what is asked for has no days: it is read whole", Fix: "Leave them out.",
		}
	}
	query, err := queryOf(f.params)
	if err != nil {
		return job, err
	}
	if len(query) > 0 {
		job.Params = map[string]string{}
		for name, values := range query {
			if len(values) > 1 {
				return job, &stagedoor.Error{
					Op: "read the flags", Subject: "-p " + name, Kind: stagedoor.KindUsage,
					Cause: "it is given twice", Fix: "Run one sync for each value, or leave it out and choose among the rows.",
				}
			}
			if err := app.CheckParam(job.Streams, name); err != nil {
				return job, err
			}
			job.Params[name] = values[0]
		}
	}
	return job, nil
}

func parseTime(flag, text string) (t time.Time, isDay bool, err error) {
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t, true, nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil && t.Equal(stagedoor.DayOf(t)) {
		return t.UTC(), false, nil
	} else if err == nil {
		return t, false, &stagedoor.Error{
			Op: "read the flags", Subject: flag + " " + text, Kind: stagedoor.KindUsage,
			Cause: "reports are read by whole UTC days, and it lies within one",
			Fix:   "Give a day, such as " + t.UTC().Format(time.DateOnly) + ", or midnight UTC, and choose among the rows by their time.",
		}
	}
	return t, false, &stagedoor.Error{
		Op: "read the flags", Subject: flag + " " + text, Kind: stagedoor.KindUsage,
		Cause: "it is neither a day nor an RFC 3339 time", Fix: "Write it like 2026-10-31 or 2026-10-31T00:00:00Z.",
	}
}

func firstDay(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, _, err := parseTime("--since", text)
	if err == nil && t.Year() < 2000 {
		err = &stagedoor.Error{
			Op: "read the flags", Subject: "--since " + text, Kind: stagedoor.KindUsage,
			Cause: "Zoom is not that old", Fix: "Give a day since 2011, or leave --since out for as far back as Zoom keeps.",
		}
	}
	return stagedoor.DayOf(t), err
}

// lastDay reads --until: a day is included whole, and a time is exclusive, so
// that midnight stands for the day before.
func lastDay(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, isDay, err := parseTime("--until", text)
	if err != nil || isDay {
		return t, err
	}
	return t.AddDate(0, 0, -1), nil
}

func closeOnce(close func() error) func() error {
	closed := false
	return func() error {
		if closed {
			return nil
		}
		closed = true
		return close()
	}
}

type nopWriter struct{}

func (nopWriter) Write(b []byte) (int, error) { return len(b), nil }
