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
	"github.com/stagedoor/stagedoor/internal/quota"
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
	flags.StringVar(&f.into, "into", "", "destination: a saved one's name, sqlite:PATH, env:VAR, or - for stdout")
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
			for _, st := range job.Streams {
				if err := app.CheckParam(st, name); err != nil {
					return job, err
				}
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

// forecast says what a first reading comes to, and what can not be read.
func (s *session) forecast(ctx context.Context, run *app.Sync, part syncing.StreamPlan) {
	for _, lost := range part.Lost {
		s.say("%s %s: %s (%d days) is older than the %d months that Zoom keeps of this report, and can not be read any more",
			amber.Render("lost"), part.Stream.Name, lost, lost.Count(), part.Stream.Window.LookBack)
	}
	if len(part.Slices) == 0 || part.Stream.Partition != nil && part.Parts == nil {
		return
	}
	// What can not be kept free is used as far as it goes, so an error here is
	// nothing to stop for: the calls meet it again.
	comes, err := run.Reserve(ctx, part)
	if err == nil && comes.Days > 1 {
		s.say("%s %s: %s. It stops when the day is used up; the same command goes on where it stopped", amber.Render("long"), part.Stream.Name, comes)
	}
	if part.Stream.Window == nil || !part.First {
		return
	}
	parts := ""
	if part.Parts != nil {
		parts = fmt.Sprintf(" for %d %s", part.Parts.Count, part.Parts.Of)
	}
	rate := ""
	if pace := run.Permitted(part.Stream.Name); pace != "" {
		rate = "; the account may make " + pace
	}
	s.say("%s", faint.Render(fmt.Sprintf("%s: %s..%s%s in %s, at least %s, one more per %d rows%s",
		part.Stream.Name, part.Slices[0].Days.Since.Format(time.DateOnly), part.Slices[len(part.Slices)-1].Days.Until.Format(time.DateOnly), parts,
		count(len(part.Slices), "slice"), count(part.Requests(), string(app.Label(part.Stream))+" call"), part.Stream.PageSize, rate)))
}

func (s *session) showPlan(ctx context.Context, run *app.Sync, asJSON bool) error {
	type parts struct {
		Of    string `json:"of"`
		Count int    `json:"count"`
		Calls int    `json:"requests"` // that finding them took, just now
	}
	type streamPlan struct {
		Stream   string          `json:"stream"`
		Label    string          `json:"label"`
		Requests int             `json:"requests_at_least"`
		Slices   []string        `json:"slices"`
		Lost     []string        `json:"lost"`
		Known    int             `json:"days_known"`
		Parts    *parts          `json:"partitions,omitempty"`
		Forecast *quota.Forecast `json:"forecast,omitempty"`
	}
	list := []streamPlan{}
	rows := [][]string{{"STREAM", "SLICE", "CALLS", "LABEL"}}
	for _, part := range run.Plan.Streams {
		p := streamPlan{Stream: part.Stream.Name, Label: string(app.Label(part.Stream)), Requests: part.Requests(), Slices: []string{}, Lost: []string{}, Known: part.Known}
		if part.Parts != nil {
			p.Parts = &parts{part.Parts.Of, part.Parts.Count, part.Parts.Requests}
			s.say("%s: there are %d %s to read it for, which took %s to find out", p.Stream, part.Parts.Count, part.Parts.Of, count(part.Parts.Requests, "call"))
		}
		// Slices of the same days, one for each part, are one line.
		for i := 0; i < len(part.Slices); {
			same := i + 1
			for same < len(part.Slices) && part.Parts != nil && part.Slices[same].Days == part.Slices[i].Days {
				same++
			}
			shown := part.Slices[i]
			shown.Partition = ""
			id := shown.ID()
			p.Slices = append(p.Slices, id)
			if part.Parts != nil {
				id += fmt.Sprintf(" for %d %s", same-i, part.Parts.Of)
			}
			rows = append(rows, []string{p.Stream, id, fmt.Sprintf("%d or more", (same-i)*max(1, len(part.Stream.Passes))), p.Label})
			i = same
		}
		for _, lost := range part.Lost {
			p.Lost = append(p.Lost, lost.String())
			rows = append(rows, []string{p.Stream, lost.String(), "lost: older than Zoom keeps", ""})
		}
		if part.Known > 0 {
			rows = append(rows, []string{p.Stream, fmt.Sprintf("%d days", part.Known), "none: the destination has them", ""})
		}
		if comes, err := run.Forecast(ctx, part); err == nil && comes.Calls > 0 {
			p.Forecast = &comes
			s.say("%s: at least %s", p.Stream, comes)
		}
		list = append(list, p)
	}
	if asJSON {
		return s.printJSON(list)
	}
	return s.table(rows)
}

// sayReceipt sums a run up for a person.
func (s *session) sayReceipt(r stagedoor.Receipt) {
	for _, report := range r.Streams {
		mark := green.Render("done")
		if report.Error != nil {
			mark = red.Render("fail")
		} else if len(report.Skipped) > 0 {
			mark = amber.Render("part")
		}
		line := fmt.Sprintf("%s  %s: %s, %s from Zoom, %d written, %s", mark, report.Stream,
			count(report.SlicesWritten, "slice"), count(report.Returned, "row"), report.Written, count(report.Requests, "call"))
		if report.Retries > 0 {
			line += fmt.Sprintf(" (%d of them again)", report.Retries)
		}
		if report.Form != "" {
			line += ", form " + report.Form
		}
		s.say("%s", line+" → "+r.Destination)
		if report.Error != nil && (len(r.Streams) > 1 || r.State == "partial") {
			s.say("      %s", report.Error.Cause)
			if report.Error.Fix != "" {
				s.say("      %s", faint.Render(fixFor(r.Credential, report.Error.Fix)))
			}
		}
		if same := report.Returned - report.Written; same > 0 && report.Error == nil && len(report.Skipped) == 0 {
			s.say("      %s came again under a key that was there: Zoom gave the same row twice", count(same, "row"))
		}
		if report.SlicesWritten == 0 && report.Error == nil && len(report.Skipped) == 0 {
			s.say("      nothing to read: the destination holds all the days asked for")
		}
		for i, skip := range report.Skipped {
			if i == 10 {
				s.say("      and %d more, which the receipt (--json) lists", len(report.Skipped)-i)
				break
			}
			s.say("      skipped %s: %s", skip.What, skip.Reason)
		}
		if report.Cleaned > 0 {
			s.say("      %d values held NUL or broken characters; replaced in columns, kept in _raw", report.Cleaned)
		}
		if len(report.Drift) > 0 {
			var fields []string
			for field := range report.Drift {
				fields = append(fields, field)
			}
			slices.Sort(fields)
			s.say("      fields that this version does not know, kept in _raw: %s", oneLine(strings.Join(fields, ", ")))
		}
		for _, notice := range report.Notices {
			s.say("      %s", amber.Render(notice.Cause))
			if notice.Fix != "" {
				s.say("      %s", fixFor(r.Credential, notice.Fix))
			}
		}
	}
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
