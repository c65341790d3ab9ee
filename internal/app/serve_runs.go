package app

import (
	"cmp"
	"context"
	"errors"
	"math"
	"strings"
	"sync"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/job"
	"github.com/stagedoor/stagedoor/internal/quota"
	"github.com/stagedoor/stagedoor/internal/server"
)

// newWorker is what does the daemon's runs.
func (d *Daemon) newWorker() *job.Worker {
	a := d.app
	rows := &job.Rows{Store: a.store, Self: a.self, Began: a.began}
	scheduler := &job.Scheduler{Store: a.store, NewID: newRun, Log: a.env.Log}
	return &job.Worker{
		Queue: rows, Self: a.self, Log: a.env.Log, Most: cmp.Or(a.settings.Serve.RunsAtOnce, defaultRunsAtOnce), Tick: scheduler.Tick,
		Can: d.canRun,
		Do:  func(ctx context.Context, run stagedoor.Run) { d.run(ctx, rows, run) },
	}
}

// canRun says why a run can not be taken up in the daemon.
func (d *Daemon) canRun(_ context.Context, run stagedoor.Run) string {
	name, ok := strings.CutPrefix(run.Spec.Into, "env:")
	if !ok || d.app.env.Getenv(name) != "" {
		return ""
	}
	return "it waits: its destination is " + run.Spec.Into + ", and the daemon does not have the variable " + name +
		". Start the daemon with it, or go on from here: `stagedoor run resume " + run.ID + " --here`"
}

// run does a run that was claimed.
func (d *Daemon) run(ctx context.Context, rows *job.Rows, run stagedoor.Run) {
	a := d.app
	k := &kept{}
	attempt := job.Attempt{Engine: rows, Run: run, Progress: k.far, Log: a.env.Log}
	a.env.Log.Info("a run begins", "run", run.ID, "credential", run.Credential, "by", run.By, "attempt", run.Attempts)
	receipt, err := attempt.Work(ctx, func(ctx context.Context, slices func(string, stagedoor.SliceReport)) (stagedoor.Receipt, error) {
		return d.sync(ctx, run, k, slices)
	})
	switch kind := stagedoor.KindOf(err); {
	case err != nil && kind == stagedoor.KindInterrupted: // by a person, or since the daemon stops
		a.env.Log.Info("a run was stopped", "run", run.ID, "credential", run.Credential, "state", receipt.State)
		return
	case err != nil:
		a.env.Log.Warn("a run ended with an error", "run", run.ID, "credential", run.Credential, "state", receipt.State, "error", err)
		return
	}
	a.env.Log.Info("a run is done", "run", run.ID, "credential", run.Credential)
}

// sync is the run itself.
func (d *Daemon) sync(ctx context.Context, run stagedoor.Run, k *kept, slices func(string, stagedoor.SliceReport)) (stagedoor.Receipt, error) {
	a := d.app
	receipt := stagedoor.Receipt{Run: run.ID, Credential: run.Credential, Started: now()}
	fail := func(err error) (stagedoor.Receipt, error) {
		receipt.Ended = now()
		return receipt, err
	}
	c, err := a.RunCredential(ctx, run)
	if err != nil {
		return fail(err)
	}
	todo, err := JobOf(run)
	if err != nil {
		return fail(err)
	}
	settled := d.live.opens("run " + run.ID)
	s, err := a.PrepareSync(ctx, c, SyncOptions{
		Job: todo, Into: run.Spec.Into, By: run.By, Claimed: &run, Report: slices,
		Progress: func(p progressOf) { k.progress.Store(&p) },
	})
	if err != nil {
		settled(nil)
		return fail(err)
	}
	defer settled(s.quota)()
	receipt, err = s.execute(ctx)
	return receipt, errors.Join(err, s.Close())
}

// opens says that a connection is being opened beside the gateway's, so that no
// quota is closed which it may have been given. The function that it returns is
// told which it was given (nil: none) and returns what gives it back.
func (l *live) opens(name string) func(*quota.Account) func() {
	l.mu.Lock()
	l.opening[name] = make(chan struct{}) // no credential is called so: nobody waits for it
	l.mu.Unlock()
	return func(q *quota.Account) func() {
		l.mu.Lock()
		delete(l.opening, name)
		if q != nil {
			l.quotas[q]++
		}
		l.mu.Unlock()
		return func() {
			if q == nil {
				return
			}
			l.mu.Lock()
			l.quotas[q]--
			l.mu.Unlock()
			l.endQuotas()
		}
	}
}

// keepRuns removes runs whose time is over, now and once a day, until ctx ends.
func (a *App) keepRuns(ctx context.Context) {
	for a.settings.RunsKept > 0 {
		_, err := a.store.PruneRuns(ctx, now().Add(-a.settings.RunsKept), math.MaxInt32)
		if err != nil && ctx.Err() == nil {
			a.env.Log.Error("old runs were not removed", "error", err)
		}
		if pause(ctx, 24*time.Hour) != nil {
			return
		}
	}
}

// debugRuns are the figures of runs and schedules.
func (d *Daemon) debugRuns(ctx context.Context, page *server.Debug) error {
	counts, err := d.app.store.CountRuns(ctx)
	if err != nil {
		return err
	}
	page.Runs = []server.DebugRuns{}
	for _, state := range stagedoor.RunStates() {
		page.Runs = append(page.Runs, server.DebugRuns{State: state, Runs: counts[state]})
	}
	schedules, err := d.app.store.Schedules(ctx)
	page.Schedules = []server.DebugSchedule{}
	for _, s := range schedules {
		shown := server.DebugSchedule{
			Name: s.Name, Credential: s.Credential, Cron: s.Cron, Zone: s.Zone, Paused: !s.PausedAt.IsZero(),
			LastState: s.LastState, LastDone: s.LastDone, Missed: s.Missed, Skipped: s.Skipped,
		}
		if next := NextRuns(s, 1); len(next) > 0 {
			shown.Next = next[0]
		}
		page.Schedules = append(page.Schedules, shown)
	}
	return err
}

// onlyOnce is f, whose result is kept.
func onlyOnce(f func() error) func() error { return sync.OnceValue(f) }
