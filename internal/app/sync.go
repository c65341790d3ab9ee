package app

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/destination"
	"github.com/stagedoor/stagedoor/internal/quota"
	"github.com/stagedoor/stagedoor/internal/stream"
	"github.com/stagedoor/stagedoor/internal/sync"
	"github.com/stagedoor/stagedoor/internal/zoom"
)

// syncPatience is how long a run goes on trying one request while Zoom is away.
const syncPatience = 5 * time.Minute

// Sync is a run that was prepared: its plan can be shown before it starts.
type Sync struct {
	Plan        sync.Plan
	Destination stagedoor.Destination
	Connection  *Connection
	engine      *sync.Engine
	app         *App
	quota       *quota.Account
	kept        *kept
	closing     func() error
}

// SyncOptions say what to sync, and into what.
type SyncOptions struct {
	Job      sync.Job
	Into     string    // a saved destination's name, a destination URL, env:VAR, or "" for Out
	DryRun   bool      // only Plan is wanted
	Out      io.Writer // rows, where Into names no other place
	Format   string    // of rows on Out
	Width    int       // of the terminal that Out is; 0 if it is none
	Progress func(sync.Progress)
	// Divided is told of the parts of a stream that is read in parts, and Report
	// of each slice, which the receipt then only counts. Both may be nil.
	Divided func(sync.StreamPlan)
	Report  func(stream string, slice stagedoor.SliceReport)
	Waiting func(zoom.Event)
	By      string         // who asked; empty: the person at the keyboard
	Claimed *stagedoor.Run // the run's row, which this process has claimed; nil: there is none yet
}

// PrepareSync opens the destination and plans. Nothing is read from Zoom yet,
// except by a dry run of a stream that is read in parts: what it would take is
// known only by their number. The caller closes the Sync.
func (a *App) PrepareSync(ctx context.Context, c stagedoor.Credential, o SyncOptions) (*Sync, error) {
	into, private, err := a.resolveInto(ctx, o.Into)
	if err != nil {
		return nil, err
	}
	if o.Job.Run == "" {
		o.Job.Run = newRun()
	}
	k := &kept{by: first(o.By, actorOf(ctx).String()), claimed: o.Claimed}
	if k.spec, err = specOf(o); err != nil {
		return nil, err
	}
	k.keep(&o)
	conn, err := a.Connect(ctx, c, Use{
		RenewAhead: true, Patience: syncPatience, Waiting: o.Waiting, Class: stagedoor.Backfill, Run: o.Job.Run,
	})
	if err != nil {
		return nil, err
	}
	client, err := conn.API()
	if err != nil {
		conn.Close()
		return nil, err
	}
	if o.DryRun && destination.Absent(into) {
		into = "-" // looking at a plan makes no file; a new one holds nothing either
	}
	dest, err := destination.Open(ctx, into, destination.Options{
		Out: o.Out, Format: o.Format, Width: o.Width, Streams: len(o.Job.Streams),
		Own: strings.TrimPrefix(a.settings.Database, "sqlite:"), Private: private,
	})
	if err != nil {
		conn.Close()
		return nil, err
	}
	o.Job.Credential = c.Slug
	s := &Sync{Destination: dest, Connection: conn, app: a, quota: conn.quota, kept: k, closing: onlyOnce(func() error {
		conn.Close()
		return dest.Close()
	}), engine: &sync.Engine{
		Reader: client, Destination: dest, Progress: o.Progress, Divided: o.Divided, Report: o.Report,
		Decoder: func(s stagedoor.Stream, slice stagedoor.Slice, part stagedoor.Part) sync.Decoder {
			return stream.NewDecoder(s, slice, part)
		},
		Derive: func(s stagedoor.Stream, slice stagedoor.Slice, part stagedoor.Part) sync.Deriver {
			return stream.NewDeriver(s, slice, part)
		},
		Parent: streamNamed, Path: zoom.Path, Label: laneOf,
	}}
	s.engine.Pace = func(st stagedoor.Stream) string { return s.quota.Pace(operation(st)).String() }
	if into != "" && into != "-" && o.Job.Limit == 0 {
		// Elsewhere the order of rows tells.
		s.engine.Width = newWidths(ctx, conn).of
	}
	s.Plan, err = s.engine.Plan(ctx, o.Job)
	if err == nil && o.DryRun {
		err = s.engine.Divide(ctx, &s.Plan)
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func streamNamed(name string) (stagedoor.Stream, bool) {
	for _, s := range stream.All() {
		if s.Name == name {
			return s, true
		}
	}
	return stagedoor.Stream{}, false
}

// Reserve keeps the calls that the plan needs at least free in the account's day,
// as far as they are there, and says what they come to.
func (s *Sync) Reserve(ctx context.Context, part sync.StreamPlan) (quota.Forecast, error) {
	return s.quota.Plan(ctx, operation(part.Stream), s.Plan.Job.Run, part.Requests())
}

// Permitted is what the account may call of the stream's label: "10 Heavy calls a
// second"; empty where nothing limits it.
func (s *Sync) Permitted(stream string) string {
	st, _ := streamNamed(stream)
	op := operation(st)
	limit := s.Connection.Provider.Limit(op.Family(), op.Label, s.quota.TakenAs())
	switch {
	case limit.PerSecond > 0:
		return fmt.Sprintf("%d %s calls a second on %s", limit.PerSecond, op.Label, limit.Plan)
	case limit.PerMinute > 0:
		return fmt.Sprintf("%d %s calls a minute on %s", limit.PerMinute, op.Label, limit.Plan)
	}
	return ""
}

// laneOf names what a stream's calls are counted in.
func laneOf(st stagedoor.Stream) string {
	op := operation(st)
	return string(op.Label) + string(op.Family())
}

// operation is what reads a stream; what the table does not know counts as Heavy.
func operation(s stagedoor.Stream) stagedoor.Operation {
	if op, ok := zoom.Operations().Find(s.Method, s.Path); ok {
		return op
	}
	return stagedoor.Operation{Method: s.Method, Path: s.Path, Label: stagedoor.Heavy}
}

// execute reads and writes what was planned.
func (s *Sync) execute(ctx context.Context) (stagedoor.Receipt, error) {
	began, saved := now(), s.Connection.Credential.ID != ""
	if saved {
		s.app.Note(ctx, s.event("sync.start", began, fmt.Sprintf("slices to read: %d", s.slices())), nil)
	}
	receipt, err := s.engine.Run(ctx, s.Plan)
	if saved {
		rows := 0
		for _, report := range receipt.Streams {
			rows += report.Written
			if n := report.Error; n != nil {
				s.app.troubled(s.Connection.Credential, "run "+s.Plan.Job.Run, &stagedoor.Error{
					Op: "sync " + report.Stream, Kind: n.Kind, Cause: n.Cause, Fix: n.Fix, Tracking: n.Tracking,
				})
			}
		}
		e := s.event("sync.end", now(), fmt.Sprintf("%s, %d rows written", receipt.State, rows))
		e.Duration = e.At.Sub(began)
		s.app.Note(ctx, e, err)
	}
	if receipt.State == "done" || receipt.State == "partial" {
		if marking := s.app.MarkUsed(ctx, s.Connection.Credential); marking != nil && err == nil {
			err = marking
		}
	}
	return receipt, err
}

// event is a line of the audit about the run.
func (s *Sync) event(action string, at time.Time, detail string) stagedoor.Event {
	var streams []string
	for _, part := range s.Plan.Streams {
		streams = append(streams, part.Stream.Name)
	}
	return stagedoor.Event{
		At: at, Actor: s.kept.by, Action: action, Subject: "run " + s.Plan.Job.Run, Credential: s.Connection.Credential.Slug,
		Detail: strings.Join(streams, ", ") + ": " + detail,
	}
}

func (s *Sync) slices() int {
	n := 0
	for _, part := range s.Plan.Streams {
		n += len(part.Slices)
	}
	return n
}

// Close ends the use of the destination and of the token. It may be called again,
// and then says the same.
func (s *Sync) Close() error { return s.closing() }

// Label returns the rate limit class that a stream's calls count in.
func Label(s stagedoor.Stream) stagedoor.Label { return operation(s).Label }

// CheckParam refuses a parameter that an operation of the streams does not have:
// Zoom ignores it, and a misspelt one would read everything under another name.
// Where only some of them have it, the others are named.
func CheckParam(streams []stagedoor.Stream, name string) error {
	var lack, have []string
	var first stagedoor.Operation
	for _, s := range streams {
		op, ok := zoom.Operations().Find(s.Method, s.Path)
		switch {
		case !ok || slices.Contains(op.Query, name):
			have = append(have, s.Name)
			continue
		case len(lack) == 0:
			first = op
		}
		lack = append(lack, s.Name)
	}
	if len(lack) == 0 {
		return nil
	}
	e := &stagedoor.Error{Op: "read the flags", Subject: "-p " + name, Kind: stagedoor.KindUsage}
	switch {
	case len(have) > 0:
		e.Cause = "only some of the streams have such a parameter; these have not: " + strings.Join(lack, ", ")
		e.Fix = "Run one sync with it for " + strings.Join(have, ", ") + ", and another without it for the rest."
	case len(lack) > 1:
		e.Cause, e.Fix = "none of the streams has such a parameter", "Leave it out. "+first.Name()+" has: "+strings.Join(first.Query, ", ")+"."
	default:
		e.Cause, e.Fix = first.Name()+" has no such parameter", "It has: "+strings.Join(first.Query, ", ")+"."
	}
	return e
}

// newRun names a run so that names sort by time.
func newRun() string {
	return now().Format("20060102T150405Z") + "-" + strings.ToLower(rand.Text()[:6])
}
