package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Runs shows runs and asks for them. What each does stands at package app's.
type Runs interface {
	Runs(ctx context.Context, q stagedoor.RunQuery) ([]stagedoor.Run, error)
	FindRun(ctx context.Context, id string) (stagedoor.Run, error)
	RunSlices(ctx context.Context, id string, limit int) ([]stagedoor.RunSlice, error)
	StartRun(ctx context.Context, credential string, spec stagedoor.RunSpec) (stagedoor.Run, error)
	CancelRun(ctx context.Context, id string) (stagedoor.Run, error)
	ResumeRun(ctx context.Context, id string, here bool) (stagedoor.Run, error)
}

func runRoutes() []Route {
	const tag, one = "runs", Prefix + "/runs/{run}"
	return []Route{
		{
			ID: "listRuns", Method: http.MethodGet, Path: Prefix + "/runs", Role: stagedoor.RoleViewer, Tag: tag, Summary: "List runs",
			About: "The newest first.", register: does((*site).listRuns),
		},
		{
			ID: "startRun", Method: http.MethodPost, Path: Prefix + "/runs", Role: stagedoor.RoleOperator, Tag: tag, Status: http.StatusCreated, Summary: "Ask for a run",
			About:   "The daemon does it; getRun tells how far it is. It goes into a saved destination, so that no answer and no log holds a password.",
			Example: map[string]any{"credential": "acme", "streams": []string{"meeting_activities"}, "since": "2026-11-01", "until": "2026-11-24", "into": "warehouse"},

			register: does((*site).startRun),
		},
		{
			ID: "getRun", Method: http.MethodGet, Path: one, Role: stagedoor.RoleViewer, Tag: tag, Summary: "Show a run", About: "By its id, the beginning of it, or last for the newest.",
			register: does((*site).getRun),
		},
		{
			ID: "listRunSlices", Method: http.MethodGet, Path: one + "/slices", Role: stagedoor.RoleOperator, Tag: tag, Summary: "List how a run's slices ended",
			register: does((*site).slices),
		},
		{
			ID: "cancelRun", Method: http.MethodPost, Path: one + "/cancel", Role: stagedoor.RoleOperator, Tag: tag, Summary: "Ask for a run's end",
			About: "What was written stays, and nothing is left half written.", register: does((*site).cancelRun),
		},
		{
			ID: "resumeRun", Method: http.MethodPost, Path: one + "/resume", Role: stagedoor.RoleOperator, Tag: tag, Summary: "Have a run go on that ended before it was done",
			register: does((*site).resumeRun),
		},
	}
}

// shownRun is a run as whoever asks may see it: a viewer no host, no parameter, and no
// text in which one of these may stand.
func shownRun(ctx context.Context, r stagedoor.Run) stagedoor.Run {
	if !viewer(ctx) {
		return r
	}
	r.By, r.CancelBy, r.Note, r.Process, r.Progress, r.Receipt = "", "", "", stagedoor.Process{}, nil, nil
	r.Spec, r.Error = shownSpec(r.Spec), shownNotice(r.Error)
	return r
}

func shownSpec(spec stagedoor.RunSpec) stagedoor.RunSpec {
	spec.Params = nil
	if spec.Into != stagedoor.Slugify(spec.Into) { // no name of a saved one
		spec.Into = ""
	}
	return spec
}

func shownNotice(n *stagedoor.Notice) *stagedoor.Notice {
	if n == nil {
		return nil
	}
	return &stagedoor.Notice{Kind: n.Kind, Cause: n.Kind.Row().Means}
}

type ByRun struct {
	Run string `path:"run" maxLength:"100" doc:"The run's id, the beginning of it, or last" example:"last"`
}

type runsRequest struct {
	Paged
	State      []string `query:"state,explode" maxItems:"20" enum:"queued,running,done,partial,failed,interrupted,cancelled,missed,skipped" doc:"Only runs in these states"`
	Credential string   `query:"credential" maxLength:"64" doc:"The slug of a credential" example:"acme"`
	Schedule   string   `query:"schedule" maxLength:"64" doc:"The name of a schedule" example:"nightly"`
}

func (s *site) listRuns(ctx context.Context, in *runsRequest) (*list[stagedoor.Run], error) {
	keys, err := in.read(2)
	if err != nil {
		return nil, err
	}
	q := stagedoor.RunQuery{Credential: in.Credential, Schedule: in.Schedule, Limit: in.Limit + 1}
	for _, state := range in.State {
		q.States = append(q.States, stagedoor.RunState(state))
	}
	if in.After != "" {
		micros, err := strconv.ParseInt(keys[0], 10, 64)
		if err != nil {
			_, err = Paged{After: "!"}.read(1) // it says what is wrong
			return nil, err
		}
		q.Before, q.BeforeID = time.UnixMicro(micros).UTC(), keys[1]
	}
	runs, err := s.Runs.Runs(ctx, q)
	if err != nil {
		return nil, err
	}
	for i := range runs {
		runs[i] = shownRun(ctx, runs[i])
	}
	return pageMore(ctx, in.Paged, runs, func(r stagedoor.Run) string {
		return cursor(strconv.FormatInt(r.CreatedAt.UnixMicro(), 10), r.ID)
	}), nil
}

// NewRun is a run that is asked for.
type NewRun struct {
	Credential string `json:"credential" minLength:"1" maxLength:"64" doc:"The slug of a credential" example:"acme"`
	NewSpec
}

// NewSpec is what a run is to do.
type NewSpec struct {
	Streams     []string          `json:"streams" minItems:"1" maxItems:"200" nullable:"false" doc:"Names of streams and families, or all"`
	Since       string            `json:"since,omitempty" format:"date" doc:"The first day (UTC). Left out: where this stream and destination stopped" example:"2026-11-01"`
	Until       string            `json:"until,omitempty" format:"date" doc:"The last day (UTC), included. Left out: today" example:"2026-11-24"`
	Params      map[string]string `json:"params,omitempty" doc:"Further query parameters of the streams' operations"`
	FullRefresh bool              `json:"full_refresh,omitempty" doc:"Read again what the destination holds"`
	Limit       int               `json:"limit,omitempty" minimum:"0" doc:"Stop after so many rows of each stream; 0: all"`
	Into        string            `json:"into" minLength:"1" maxLength:"63" doc:"The name of a saved destination" example:"warehouse"`
}

func (n NewSpec) spec() (stagedoor.RunSpec, error) {
	spec := stagedoor.RunSpec{Streams: n.Streams, Params: n.Params, FullRefresh: n.FullRefresh, Limit: n.Limit, Into: n.Into}
	if n.Into != stagedoor.Slugify(n.Into) {
		return spec, &stagedoor.Error{
			Op: "ask for a run", Subject: "into", Kind: stagedoor.KindUsage, Cause: "it is no name of a saved destination",
			Fix: "Save it first (POST " + Prefix + "/destinations), and give its name.",
		}
	}
	var err error
	for _, day := range []struct {
		text string
		to   *time.Time
	}{{n.Since, &spec.Since}, {n.Until, &spec.Until}} {
		if day.text == "" {
			continue
		}
		if *day.to, err = time.Parse(time.DateOnly, day.text); err != nil {
			return spec, &stagedoor.Error{Op: "ask for a run", Subject: "since and until", Kind: stagedoor.KindUsage, Cause: "one of them is no day", Fix: "Write it like 2026-11-24."}
		}
	}
	return spec, nil
}

func (s *site) startRun(ctx context.Context, in *struct{ Body NewRun }) (*body[stagedoor.Run], error) {
	spec, err := in.Body.spec()
	if err != nil {
		return nil, err
	}
	return answer(s.Runs.StartRun(ctx, in.Body.Credential, spec))
}

func (s *site) getRun(ctx context.Context, in *ByRun) (*body[stagedoor.Run], error) {
	r, err := s.Runs.FindRun(ctx, in.Run)
	return answer(shownRun(ctx, r), err)
}

type slicesRequest struct {
	ByRun
	Paged
}

func (s *site) slices(ctx context.Context, in *slicesRequest) (*list[stagedoor.RunSlice], error) {
	r, err := s.Runs.FindRun(ctx, in.Run)
	if err != nil {
		return nil, err
	}
	all, err := s.Runs.RunSlices(ctx, r.ID, 0)
	if err != nil {
		return nil, err
	}
	return pageOf(ctx, in.Paged, all, func(s stagedoor.RunSlice) string { return s.Stream + "\x00" + s.Slice })
}

func (s *site) cancelRun(ctx context.Context, in *ByRun) (*body[stagedoor.Run], error) {
	return answer(s.Runs.CancelRun(ctx, in.Run))
}

func (s *site) resumeRun(ctx context.Context, in *ByRun) (*body[stagedoor.Run], error) {
	return answer(s.Runs.ResumeRun(ctx, in.Run, false))
}
