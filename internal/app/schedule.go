package app

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/job"
	"github.com/stagedoor/stagedoor/internal/server"
)

// Schedules returns the schedules in the order of their names.
func (a *App) Schedules(ctx context.Context) ([]stagedoor.Schedule, error) {
	list := []stagedoor.Schedule{}
	if !a.HasDatabase() {
		return list, nil
	}
	if _, err := a.Vault(ctx); err != nil {
		return nil, err
	}
	found, err := a.store.Schedules(ctx)
	return append(list, found...), err
}

// AddSchedule saves a schedule, after all was looked at that can be without a
// request. Its Name may be empty.
func (a *App) AddSchedule(ctx context.Context, c stagedoor.Credential, s stagedoor.Schedule, o SyncOptions) (stagedoor.Schedule, error) {
	times, err := job.ParseTimes(s.Cron, s.Zone)
	if err != nil {
		return s, err
	}
	switch s.CatchUp {
	case stagedoor.CatchUpOnce, stagedoor.CatchUpAll, stagedoor.CatchUpNone:
	default:
		return s, &stagedoor.Error{
			Op: "read the schedule", Subject: "--catch-up " + stagedoor.Outside(string(s.CatchUp), 30), Kind: stagedoor.KindUsage,
			Cause: "it is no policy for times that pass while no daemon runs",
			Fix:   "Use once (one run for all of them), all (one for each) or none (they are noted as missed).",
		}
	}
	if s.Jitter < 0 || s.Jitter > 24*time.Hour {
		return s, &stagedoor.Error{
			Op: "read the schedule", Subject: "--jitter " + s.Jitter.String(), Kind: stagedoor.KindUsage,
			Cause: "it is no length of time between 0 and a day", Fix: "Write one such as 5m: runs then begin up to five minutes later, always the same.",
		}
	}
	if s.Spec, err = a.lasting(ctx, c, o, "schedule", "--into"); err != nil {
		return s, err
	}
	if s.Name == "" {
		s.Name = scheduleName(c.Slug, s.Spec.Streams)
	}
	if s.Name != stagedoor.Slugify(s.Name) || len(s.Name) > 63 {
		return s, &stagedoor.Error{
			Op: "name a schedule", Subject: "\"" + stagedoor.Outside(s.Name, 63) + "\"", Kind: stagedoor.KindUsage,
			Cause: "a name is of lower-case letters a to z, digits and single hyphens, 63 at most", Fix: "Choose such a name with --name, for example nightly.",
		}
	}
	s.ID, s.CredentialID, s.Credential = strings.ToLower(rand.Text()), c.ID, c.Slug
	s.CreatedAt, s.CreatedBy, s.Next = now().Truncate(time.Microsecond), By(ctx), times.Next(now())
	err = a.store.AddSchedule(ctx, s)
	return s, a.didSchedule(ctx, "add", s, fmt.Sprintf("'%s' %s, %s", s.Cron, s.Zone, strings.Join(s.Spec.Streams, ", ")), err)
}

// scheduleName is what a schedule is called without a name of its own.
func scheduleName(slug string, streams []string) string {
	name := slug + "-" + streams[0]
	if len(streams) > 1 {
		name = fmt.Sprintf("%s-%d-streams", slug, len(streams))
	}
	name = stagedoor.Slugify(name)
	return strings.TrimSuffix(name[:min(len(name), 63)], "-")
}

// ScheduleRuns is [App.AddSchedule] of what the schedule's spec says, whose streams
// may be families.
func (a *App) ScheduleRuns(ctx context.Context, credential string, s stagedoor.Schedule) (stagedoor.Schedule, error) {
	c, err := a.Credential(ctx, credential)
	if err != nil {
		return s, err
	}
	o, err := optionsOf(s.Spec)
	if err != nil {
		return s, err
	}
	return a.AddSchedule(ctx, c, s, o)
}

// PauseSchedule has a schedule ask for nothing until it is resumed. What is running
// goes on.
func (a *App) PauseSchedule(ctx context.Context, name string) (stagedoor.Schedule, error) {
	return a.updateSchedule(ctx, "pause", name, func(s *stagedoor.Schedule) error {
		if s.PausedAt.IsZero() {
			s.PausedAt, s.PausedBy, s.Next = now().Truncate(time.Microsecond), By(ctx), time.Time{}
		}
		return nil
	})
}

// ResumeSchedule has a schedule ask again, from now on: what passed while it was
// paused was not wanted.
func (a *App) ResumeSchedule(ctx context.Context, name string) (stagedoor.Schedule, error) {
	return a.updateSchedule(ctx, "resume", name, func(s *stagedoor.Schedule) error {
		if s.PausedAt.IsZero() {
			return nil
		}
		times, err := job.ParseTimes(s.Cron, s.Zone)
		s.PausedAt, s.PausedBy, s.Next = time.Time{}, "", times.Next(now())
		return err
	})
}

func (a *App) updateSchedule(ctx context.Context, act, name string, edit func(*stagedoor.Schedule) error) (stagedoor.Schedule, error) {
	if _, err := a.Vault(ctx); err != nil {
		return stagedoor.Schedule{}, err
	}
	s, err := a.store.UpdateSchedule(ctx, name, edit)
	if err != nil {
		s.Name = name
	}
	return s, a.didSchedule(ctx, act, s, "", err)
}

// RemoveSchedule removes a schedule. Its runs stay, and what is running goes on.
func (a *App) RemoveSchedule(ctx context.Context, name string) error {
	if _, err := a.Vault(ctx); err != nil {
		return err
	}
	return a.didSchedule(ctx, "remove", stagedoor.Schedule{Name: name}, "", a.store.RemoveSchedule(ctx, name))
}

// SchedulesOf returns the names of those that go with a credential when it is
// removed, in their order.
func (a *App) SchedulesOf(ctx context.Context, credentialID string) ([]string, error) {
	list, err := a.Schedules(ctx)
	var names []string
	for _, s := range list {
		if s.CredentialID == credentialID {
			names = append(names, s.Name)
		}
	}
	return names, err
}

// NextRuns are the times at which a schedule's next runs begin, its delay included.
func NextRuns(s stagedoor.Schedule, n int) []time.Time {
	times, err := job.ParseTimes(s.Cron, s.Zone)
	if err != nil || !s.PausedAt.IsZero() {
		return nil
	}
	var list []time.Time
	for due := s.Next; !due.IsZero() && len(list) < n; due = times.Next(due) {
		list = append(list, due.Add(job.Delay(s)))
	}
	return list
}

// HasDaemon reports whether a daemon runs on this home.
func (a *App) HasDaemon() bool { return server.Running(a.settings.Home) }

// didSchedule is [App.Did] for an act on a schedule.
func (a *App) didSchedule(ctx context.Context, act string, s stagedoor.Schedule, detail string, err error) error {
	return a.Did(ctx, stagedoor.Event{Action: "schedule." + act, Subject: "schedule " + s.Name, Credential: s.Credential, Detail: detail}, err)
}
