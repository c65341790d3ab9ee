package app

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/job"
	"github.com/stagedoor/stagedoor/internal/stream"
	"github.com/stagedoor/stagedoor/internal/sync"
)

// rows are the runs of the database, as this process has to do with them.
func (a *App) rows(ctx context.Context) (*job.Rows, error) {
	if _, err := a.Vault(ctx); err != nil {
		return nil, err
	}
	return &job.Rows{Store: a.store, Self: a.self, Began: a.began}, nil
}

// progressOf is how far a sync is.
type progressOf = sync.Progress

// kept is what a [Sync] has to do with the row of its run.
type kept struct {
	by       string
	spec     stagedoor.RunSpec
	claimed  *stagedoor.Run // the row, where there is one already
	progress atomic.Pointer[sync.Progress]
	slices   func(string, stagedoor.SliceReport) // takes the copies; nil: nobody
}

// specOf is what a run is to do, for any process.
func specOf(o SyncOptions) (stagedoor.RunSpec, error) {
	into, err := absoluteInto(o.Into)
	spec := stagedoor.RunSpec{
		Since: o.Job.Since, Until: o.Job.Until, Params: o.Job.Params, FullRefresh: o.Job.FullRefresh, Limit: o.Job.Limit, Into: into,
	}
	for _, st := range o.Job.Streams {
		spec.Streams = append(spec.Streams, st.Name)
	}
	return spec, err
}

// JobOf is a run's spec as the engine takes it.
func JobOf(r stagedoor.Run) (sync.Job, error) {
	streams, err := stream.Find(r.Spec.Streams...)
	return sync.Job{
		Run: r.ID, Streams: streams, Since: r.Spec.Since, Until: r.Spec.Until, Params: r.Spec.Params,
		FullRefresh: r.Spec.FullRefresh, Limit: r.Spec.Limit,
	}, err
}

// keep has a run's progress and slices pass by for its row.
func (k *kept) keep(o *SyncOptions) {
	progress, report := o.Progress, o.Report
	o.Progress = func(p sync.Progress) {
		k.progress.Store(&p)
		if progress != nil {
			progress(p)
		}
	}
	if report == nil {
		return // the receipt itself is to hold the slices
	}
	o.Report = func(stream string, slice stagedoor.SliceReport) {
		report(stream, slice)
		if k.slices != nil {
			k.slices(stream, slice)
		}
	}
}

// ProgressOf is how far a run was when its process last said so; false where that is
// not known.
func ProgressOf(r stagedoor.Run) (sync.Progress, bool) {
	var p sync.Progress
	return p, len(r.Progress) > 0 && json.Unmarshal(r.Progress, &p) == nil
}

// far is how far the run is, as JSON.
func (k *kept) far() json.RawMessage {
	p := k.progress.Load()
	if p == nil {
		return nil
	}
	text, err := json.Marshal(p)
	if err != nil {
		return nil // it is for show
	}
	return text
}

// Run reads and writes what was planned, and closes the destination. With a saved
// credential the run is a row that others see, may cancel, and take up if this
// process dies.
func (s *Sync) Run(ctx context.Context) (stagedoor.Receipt, error) {
	execute := func(ctx context.Context, slices func(string, stagedoor.SliceReport)) (stagedoor.Receipt, error) {
		s.kept.slices = slices
		receipt, err := s.execute(ctx)
		// Closing a file or a table may be what fails, so it counts.
		return receipt, errors.Join(err, s.Close())
	}
	if s.Connection.Credential.ID == "" {
		return execute(ctx, nil)
	}
	a := s.app
	rows, err := a.rows(ctx)
	if err != nil {
		return stagedoor.Receipt{}, err
	}
	run := stagedoor.Run{
		ID: s.Plan.Job.Run, CredentialID: s.Connection.Credential.ID, Credential: s.Connection.Credential.Slug,
		Spec: s.kept.spec, By: s.kept.by, Process: a.self,
	}
	if s.kept.claimed != nil {
		run = *s.kept.claimed
	} else {
		run.CreatedAt = now().Truncate(time.Microsecond)
		if err := rows.Enqueue(ctx, run); err != nil {
			return stagedoor.Receipt{}, err
		}
		run.Attempts = 1
	}
	attempt := job.Attempt{Engine: rows, Run: run, Progress: s.kept.far, Foreground: !a.self.Daemon, Log: a.env.Log}
	receipt, err := attempt.Work(ctx, execute)
	if !a.self.Daemon {
		a.pruneRuns(ctx)
	}
	return receipt, err
}

// Runs lists runs, the newest first, as they are: one that its process left behind
// is interrupted.
func (a *App) Runs(ctx context.Context, q stagedoor.RunQuery) ([]stagedoor.Run, error) {
	list := []stagedoor.Run{}
	if !a.HasDatabase() {
		return list, nil
	}
	rows, err := a.rows(ctx)
	if err != nil {
		return nil, err
	}
	wanted, limit := q.States, q.Limit
	if slices.Contains(wanted, stagedoor.RunInterrupted) && !slices.Contains(wanted, stagedoor.RunRunning) {
		// What is noted as running may be interrupted, so that all of these are looked at.
		q.States, q.Limit = append(slices.Clone(wanted), stagedoor.RunRunning), 0
	}
	found, err := a.store.Runs(ctx, q)
	for _, run := range found {
		run = rows.Shown(run)
		if (len(wanted) == 0 || slices.Contains(wanted, run.State)) && (limit == 0 || len(list) < limit) {
			list = append(list, run)
		}
	}
	return list, err
}

// LastRun is what people call the newest run.
const LastRun = "last"

// FindRun returns a run by its id, or the beginning of it; [LastRun] is the newest.
func (a *App) FindRun(ctx context.Context, id string) (stagedoor.Run, error) {
	if !a.HasDatabase() {
		return stagedoor.Run{}, &stagedoor.Error{
			Op: "find a run", Subject: "run " + id, Kind: stagedoor.KindNotFound,
			Cause: "there is no database yet, and so no runs", Fix: "Begin one with `stagedoor sync NAME STREAM --into DEST`.",
		}
	}
	rows, err := a.rows(ctx)
	if err != nil {
		return stagedoor.Run{}, err
	}
	if id == LastRun {
		list, err := a.store.Runs(ctx, stagedoor.RunQuery{Limit: 1})
		if err != nil || len(list) == 0 {
			return stagedoor.Run{}, cmp.Or(err, a.noRuns())
		}
		return rows.Shown(list[0]), nil
	}
	run, err := a.store.Run(ctx, id)
	return rows.Shown(run), err
}

func (a *App) noRuns() error {
	return &stagedoor.Error{
		Op: "find a run", Subject: "run " + LastRun, Kind: stagedoor.KindNotFound,
		Cause: "there are no runs yet", Fix: "Begin one with `stagedoor sync NAME STREAM --into DEST`.",
	}
}

// RunSlices returns what is kept of a run's slices.
func (a *App) RunSlices(ctx context.Context, id string, limit int) ([]stagedoor.RunSlice, error) {
	return a.store.RunSlices(ctx, id, limit)
}

// Enqueue has the daemon do a run, after everything was looked at that can be
// looked at without a request: its plan, and whether the destination opens.
func (a *App) Enqueue(ctx context.Context, c stagedoor.Credential, o SyncOptions) (stagedoor.Run, error) {
	o.Job.Run = newRun()
	run := stagedoor.Run{ID: o.Job.Run, CredentialID: c.ID, Credential: c.Slug, By: actorOf(ctx).String(), CreatedAt: now().Truncate(time.Microsecond)}
	fail := func(err error) (stagedoor.Run, error) { return run, err }
	var err error
	if run.Spec, err = a.lasting(ctx, c, o, "run", "--enqueue"); err != nil {
		return fail(err)
	}
	rows, err := a.rows(ctx)
	if err != nil {
		return fail(err)
	}
	run.State = stagedoor.RunQueued
	err = rows.Enqueue(ctx, run)
	return run, a.didRun(ctx, "enqueue", run, strings.Join(run.Spec.Streams, ", "), err)
}

// StartRun is [App.Enqueue] of what a spec says, whose streams may be families.
func (a *App) StartRun(ctx context.Context, credential string, spec stagedoor.RunSpec) (stagedoor.Run, error) {
	c, err := a.Credential(ctx, credential)
	if err != nil {
		return stagedoor.Run{}, err
	}
	o, err := optionsOf(spec)
	if err != nil {
		return stagedoor.Run{}, err
	}
	return a.Enqueue(ctx, c, o)
}

// optionsOf reads a spec that somebody wrote.
func optionsOf(spec stagedoor.RunSpec) (SyncOptions, error) {
	todo, err := JobOf(stagedoor.Run{Spec: spec})
	if err != nil {
		return SyncOptions{}, err
	}
	bounded := slices.ContainsFunc(todo.Streams, func(st stagedoor.Stream) bool { return st.Window != nil })
	if (!todo.Since.IsZero() || !todo.Until.IsZero()) && !bounded {
		return SyncOptions{}, &stagedoor.Error{
			Op: "plan the run", Subject: "since and until", Kind: stagedoor.KindUsage,
			Cause: "what is asked for has no days: it is read whole", Fix: "Leave them out.",
		}
	}
	for name := range spec.Params {
		if err := CheckParam(todo.Streams, name); err != nil {
			return SyncOptions{}, err
		}
	}
	return SyncOptions{Job: todo, Into: spec.Into, Out: io.Discard}, nil
}

// lasting is the spec of what a daemon is to do, if it can.
func (a *App) lasting(ctx context.Context, c stagedoor.Credential, o SyncOptions, what, flag string) (stagedoor.RunSpec, error) {
	refuse := func(cause, fix string) (stagedoor.RunSpec, error) {
		return stagedoor.RunSpec{}, &stagedoor.Error{Op: "plan the " + what, Subject: flag, Kind: stagedoor.KindUsage, Cause: cause, Fix: fix}
	}
	if c.ID == "" {
		return refuse("the credential env is read from the ZOOM_ variables and stored nowhere, so that the daemon does not have it",
			"Save it with `stagedoor credential add`, and name that one.")
	}
	spec, err := specOf(o)
	if err != nil {
		return spec, err
	}
	if spec.Into == "" {
		return refuse("the daemon has no screen for the rows", "Say where they go: --into sqlite:zoom.db, or a saved destination's name.")
	}
	if name, ok := strings.CutPrefix(spec.Into, "env:"); ok && a.env.Getenv(name) == "" {
		return spec, nil // the daemon may have it; where it has not, the run says so
	}
	s, err := a.PrepareSync(ctx, c, o)
	if err != nil {
		return spec, err
	}
	return spec, s.Close()
}

// CancelRun asks for a run's end.
func (a *App) CancelRun(ctx context.Context, id string) (stagedoor.Run, error) {
	run, err := a.FindRun(ctx, id)
	if err != nil {
		return run, err
	}
	rows, err := a.rows(ctx)
	if err != nil {
		return run, err
	}
	cancelled, err := rows.Cancel(ctx, run.ID, actorOf(ctx).String())
	return cancelled, a.didRun(ctx, "cancel", run, "it was "+string(run.State), err)
}

// ResumeRun lets a run that ended before it was done wait for the daemon; with
// here it is this process's instead, which is to do it ([SyncOptions.Claimed]).
func (a *App) ResumeRun(ctx context.Context, id string, here bool) (stagedoor.Run, error) {
	run, err := a.FindRun(ctx, id)
	if err != nil {
		return run, err
	}
	if run.Spec.Into == "" {
		return run, &stagedoor.Error{
			Op: "resume a run", Subject: "run " + run.ID, Kind: stagedoor.KindConflict,
			Cause: "its rows went to a screen or a pipe, which keeps no note of what it has", Fix: "Run it again: `stagedoor " + CommandOf(run) + "`.",
		}
	}
	rows, err := a.rows(ctx)
	if err != nil {
		return run, err
	}
	resumed, err := rows.Resume(ctx, run.ID, here)
	where := "by the daemon"
	if here {
		where = "here"
	}
	return resumed, a.didRun(ctx, "resume", run, "it was "+string(run.State)+"; to be done "+where, err)
}

// FailRun notes that a run which this process claimed could not even be begun.
func (a *App) FailRun(ctx context.Context, run stagedoor.Run, err error) error {
	rows, opening := a.rows(ctx)
	if opening != nil {
		return errors.Join(err, opening)
	}
	attempt := job.Attempt{Engine: rows, Run: run, Foreground: true, Log: a.env.Log}
	_, err = attempt.Work(ctx, func(context.Context, func(string, stagedoor.SliceReport)) (stagedoor.Receipt, error) {
		return stagedoor.Receipt{Run: run.ID, Credential: run.Credential, Started: now(), Ended: now()}, err
	})
	return err
}

// RunCredential is the credential of a run, which may have another name by now.
func (a *App) RunCredential(ctx context.Context, run stagedoor.Run) (stagedoor.Credential, error) {
	v, err := a.Vault(ctx)
	if err != nil {
		return stagedoor.Credential{}, err
	}
	c, err := v.Credential(ctx, run.CredentialID)
	if stagedoor.KindOf(err) == stagedoor.KindNotFound {
		return c, &stagedoor.Error{
			Op: "find the credential", Subject: "credential " + run.Credential, Kind: stagedoor.KindNotFound,
			Cause: "the credential of this run was removed", Fix: "Begin a run anew with another: `stagedoor sync NAME …`.",
		}
	}
	if err == nil && c.Status == stagedoor.StatusDisabled {
		return a.Credential(ctx, c.Slug) // which says so
	}
	return c, err
}

// CommandOf is a run as the command that asks for the same.
func CommandOf(run stagedoor.Run) string {
	words := append([]string{"sync", run.Credential}, run.Spec.Streams...)
	for _, day := range []struct {
		flag string
		at   time.Time
	}{{"--since", run.Spec.Since}, {"--until", run.Spec.Until}} {
		if !day.at.IsZero() {
			words = append(words, day.flag, day.at.Format(time.DateOnly))
		}
	}
	for name, value := range run.Spec.Params {
		words = append(words, "-p", quoted(name+"="+value))
	}
	if run.Spec.FullRefresh {
		words = append(words, "--full-refresh")
	}
	if run.Spec.Limit > 0 {
		words = append(words, fmt.Sprintf("--limit %d", run.Spec.Limit))
	}
	if run.Spec.Into != "" {
		words = append(words, "--into", quoted(run.Spec.Into))
	}
	return strings.Join(words, " ")
}

// quoted is a word for a shell.
func quoted(word string) string {
	if strings.ContainsFunc(word, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:=,@%+", r))
	}) {
		return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	return word
}

// pruneFewRuns is how many old runs a command removes at its end.
const pruneFewRuns = 100

// pruneRuns removes runs whose time is over.
func (a *App) pruneRuns(ctx context.Context) {
	if a.settings.RunsKept == 0 {
		return
	}
	if _, err := a.store.PruneRuns(context.WithoutCancel(ctx), now().Add(-a.settings.RunsKept), pruneFewRuns); err != nil {
		a.env.Log.Warn("old runs were not removed", "error", err)
	}
}

// didRun is [App.Did] for an act on a run.
func (a *App) didRun(ctx context.Context, act string, run stagedoor.Run, detail string, err error) error {
	return a.Did(ctx, stagedoor.Event{Action: "run." + act, Subject: "run " + run.ID, Credential: run.Credential, Detail: detail}, err)
}
